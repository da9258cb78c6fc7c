"""Prometheus itself reads what the server shows, its rules fire when they should, and each panel shows something.

make test-real
"""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.api.metrics import READ, Metrics
from tests.api.served import serving, written
from tests.command import entity
from tests.real import components
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "8c1bcd6a",
        "kind": {"group": "backstage.io", "version": "v1alpha1", "kind": "Component"},
        "resource": {"group": "backstage.io", "version": "v1alpha1", "resource": "components"},
        "name": "orders",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "jane"},
        "object": {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {
                "entity": json.loads(entity("payments", type="service", lifecycle="experimental", owner="nobody"))
            },
        },
    },
}
"""An entity whose owner nobody knows."""
ABSENT = ("bylaw_tls_certificate", "bylaw_event_dropped", "status=~", 'decision="undecided"')
"""What a server that is well, without TLS, callers and sinks, does not show."""
ENOUGH = 60.0  # seconds for Prometheus to see what happens every tenth of one


def promtool(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = components.program("promtool")
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False, timeout=120)


def test_each_alert_fires_when_it_should_and_not_otherwise() -> None:
    done = promtool("test", "rules", str(PROMETHEUS / "alerts_test.yaml"))
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_an_alert_that_never_fires_would_be_noticed(tmp_path: Path) -> None:
    rules = (PROMETHEUS / "alerts.yaml").read_text()
    shutil.copy(PROMETHEUS / "alerts_test.yaml", tmp_path)
    (tmp_path / "alerts.yaml").write_text(rules.replace("max by (job) (bylaw_ready) == 0", "bylaw_ready == 7"))
    assert promtool("test", "rules", str(tmp_path / "alerts_test.yaml")).returncode == 1


def test_promtool_finds_nothing_wrong_with_what_the_server_shows() -> None:
    done = promtool("check", "metrics", stdin=busy().render(None)[0])
    assert (done.stdout + done.stderr, done.returncode) == (b"", 0)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that scrapes two servers on which something happens all the time.

    `served` is `bylaw serve`; `bylaw` shows what that only shows when something goes wrong.
    """
    program, folder = components.program("prometheus"), tmp_path_factory.mktemp("prometheus")
    with scraped() as target, served(tmp_path_factory.mktemp("served")) as real:
        settings = {
            "global": {"scrape_interval": "1s"},
            "rule_files": [str(PROMETHEUS / "alerts.yaml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [each]}]}
                for job, each in (("bylaw", target), ("served", real))
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(settings))
        address = f"127.0.0.1:{free_port()}"
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address={address}",
                ],
                stderr=log,
            )
        try:
            until(lambda: server.poll() is None and query(address, 'count_over_time(up{job="bylaw"}[1m]) > 5'))
            yield address
        finally:
            server.terminate()
            server.wait(30)


def test_prometheus_reads_all_that_the_server_shows(prometheus: str) -> None:
    assert [each["value"][1] for each in query(prometheus, 'up{job="bylaw"}')] == ["1"]
    names = {each["metric"]["__name__"] for each in query(prometheus, '{__name__=~"bylaw_.+"}')}
    assert set(READ) <= names
    assert {"bylaw_http_requests_total", "bylaw_http_request_duration_seconds_bucket", "bylaw_findings_total"} <= names


def panels() -> list[tuple[str, str]]:
    """Each expression of the dashboard, with the title of its panel."""
    board = json.loads(DASHBOARD.read_text())
    return [(panel["title"], each["expr"]) for panel in board["panels"] for each in panel.get("targets", [])]


def filled(expression: str, job: str) -> str:
    """An expression as Grafana sends it, without what it falls back to."""
    itself = expression.removesuffix(" or vector(0)").removesuffix(" or on () vector(0)")
    for variable, value in (("$job", job), ("$instance", ".*"), ("$__rate_interval", "10s"), ("$__range", "30s")):
        itself = itself.replace(variable, value)
    assert "$" not in itself
    return itself


@pytest.mark.parametrize(("title", "expression"), panels())
def test_a_panel_shows_something(prometheus: str, title: str, expression: str) -> None:
    assert until(lambda: query(prometheus, filled(expression, "bylaw"))), title


@pytest.mark.parametrize(
    ("title", "expression"), [each for each in panels() if not any(name in each[1] for name in ABSENT)]
)
def test_a_panel_shows_what_a_served_catalog_does(prometheus: str, title: str, expression: str) -> None:
    assert until(lambda: query(prometheus, filled(expression, "served"))), title


def test_promtool_finds_nothing_wrong_with_what_bylaw_serve_shows(tmp_path: Path) -> None:
    with served(tmp_path) as address, urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        done = promtool("check", "metrics", stdin=answer.read())
    assert (done.stdout + done.stderr, done.returncode) == (b"", 0)


def test_the_variables_of_the_dashboard_find_the_server(prometheus: str) -> None:
    found = query(prometheus, 'bylaw_build_info{job=~".*"}')
    assert sorted(each["metric"]["job"] for each in found) == ["bylaw", "served"]


def query(address: str, expression: str) -> list[dict[str, Any]]:
    """What an expression comes to; nothing as long as Prometheus does not answer."""
    asked = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        pytest.fail(f"{expression}: {error.read().decode()}")
    except OSError:
        return []
    assert said["status"] == "success"
    result: list[dict[str, Any]] = said["data"]["result"]
    return result


def until(wanted: Any) -> Any:
    """What is wanted, as soon as it is there."""
    end = time.monotonic() + ENOUGH
    while not (found := wanted()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a `bylaw serve` that is asked ten times a second."""
    with serving(written(folder)) as server:
        stopped = threading.Event()

        def ask() -> None:
            while not stopped.wait(0.1):
                server.post("/v1/admission", REVIEW)
                server.post("/v1/check", b"{")
                server.get("/v1/entities/component:default/orders", authorization="Bearer none")

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*server.address)
        finally:
            stopped.set()
            thread.join()
            assert server.stop() == 0


def busy(metrics: Metrics | None = None) -> Metrics:
    """Metrics on which something of everything has happened."""
    metrics = metrics or Metrics()
    for status in (200, 401, 404, 503):
        metrics.request("/v1/admission", "POST", status, 0.004, "0af7651916cd43dd8448eb211c80319c")
    for decision in ("allowed", "denied", "undecided"):
        metrics.decided("admission", decision, ("ownership/owner-unknown",))
    metrics.refreshed("files", True, 0.2)
    metrics.worker_lost("deadline")
    metrics.snapshot(lambda: {"catalog": "sha256:1", "policies": "sha256:2", "engine": "regorus 0.13"})
    for name, (labels, _) in READ.items():
        metrics.gauge(name, lambda: 1, **dict.fromkeys(labels, "one"))
    return metrics


@contextmanager
def scraped() -> Iterator[str]:
    """The address of a server whose metrics move ten times a second."""
    metrics, stopped = Metrics(), threading.Event()

    class Scraped(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, content_type = metrics.render(self.headers["accept"])
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    def move() -> None:
        while not stopped.wait(0.1):
            busy(metrics)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scraped)
    threads = [threading.Thread(target=each, daemon=True) for each in (server.serve_forever, move)]
    for thread in threads:
        thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
