"""`policies.engine: {opa: …}`: the same reports, and a server that fails is never read as "pass"."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw import engine, pipeline, reports
from bylaw.config import OpaEngine, OpaSetting, PolicySettings, Settings
from bylaw.engine import opa_rules
from bylaw.engine.opa import UNDEFINED, Place, Server
from bylaw.engine.rego import RegoError
from bylaw.errors import ConfigError, UndecidedError
from bylaw.model import Decision
from bylaw.policy_tests.run import run as run_policy_tests
from bylaw.rules import Module
from tests.engine.world import TODAY, catalog, entity, python_rule, rego_rule
from tests.merge.repository import Repository
from tests.merge.test_story import BASE, FAULTY
from tests.real.opa import Running, free_port, opa
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.catalog import Catalog
    from bylaw.model import Report

pytestmark = pytest.mark.real

VERSION = "1.22.0"
FAILING = 'findings contains {"pointer": "/spec", "message": sprintf("%s is wrong", [input.metadata.name])}'


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with opa() as running:
        yield running


def settings_of(folder: Path, chosen: OpaEngine, deadline: float = 60.0) -> Settings:
    return Settings(policies=PolicySettings((str(folder),), bundled=False, engine=chosen, deadline=deadline))


def check(made: Catalog, settings: Settings, **more: Any) -> Report:
    return bylaw.check(made, settings=settings, now=TODAY, **more)


def as_json(report: Report) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(reports.render(report, "json"))
    return said


def told(report: Report) -> list[tuple[str, str | None, str, str]]:
    return [
        (each.rule, each.entity and each.entity.rpartition("/")[2], each.outcome.value, each.message)
        for each in report.findings
    ]


# The same reports


@pytest.mark.parametrize("name", ["acme", "all_right", "all_wrong"])
def test_a_report_differs_in_the_name_of_the_engine_and_nothing_else(name: str, server: Running) -> None:
    folder = ROOT / "fixtures" / "catalogs" / name
    made = pipeline.read(folder, root=folder)
    by_bylaw = reports.render(check(made, Settings()), "json")
    by_opa = reports.render(check(made, server.settings()), "json")
    assert by_opa.replace(f"opa {VERSION}", engine.NAME) == by_bylaw
    assert f'"engine": "opa {VERSION}"' in by_opa


def test_nothing_is_left_on_the_server(server: Running) -> None:
    check(catalog(entity("a")), server.settings())
    assert server.holds() == ([], [])


def test_a_catalog_that_lies_there_and_one_that_travels_are_judged_the_same(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ROOT / "fixtures" / "catalogs" / "all_wrong"
    made = pipeline.read(folder, root=folder)
    travelled = check(made, server.settings())
    monkeypatch.setattr(opa_rules, "_TRAVELLING", 0)
    assert as_json(check(made, server.settings())) == as_json(travelled)
    assert server.holds() == ([], [])


def test_workers_that_are_spawned_ask_the_same_server(server: Running, tmp_path: Path) -> None:
    rego_rule(tmp_path, "y/wrong", FAILING)
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()  # a process with threads is not forked
    try:
        report = check(catalog(entity("a"), entity("b")), settings_of(tmp_path, server.engine()))
    finally:
        done.set()
        other.join()
    assert told(report) == [("y/wrong", "a", "fail", "a is wrong"), ("y/wrong", "b", "fail", "b is wrong")]
    assert server.holds() == ([], [])


def test_two_runs_with_other_rules_of_the_same_names_do_not_see_each_other(server: Running, tmp_path: Path) -> None:
    """And neither sees what somebody else has put at the paths that it speaks of."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, word in ((one, "wrong"), (other, "odd")):
        folder.mkdir()
        rego_rule(folder, "y/same", FAILING.replace("wrong", word))
    stranger = Server(server.engine().opa)
    stranger.put_module("stranger", 'package bylaw.y.same\nfindings contains {"pointer": "", "message": "mine"}')
    stranger.put_data("catalog", {"entities": {}})
    try:
        policies = pipeline.load_policies(settings_of(one, server.engine()))
        with_one = opa_rules.Served(policies, settings_of(one, server.engine()).policies, server.engine(), lasting=True)
        report = check(catalog(entity("a")), settings_of(other, server.engine()))
        with_one.close()
    finally:
        stranger.delete_module("stranger")
        stranger.delete_data("catalog")
        stranger.close()
    assert told(report) == [("y/same", "a", "fail", "a is odd")]


def test_the_command_judges_by_opa(server: Running, tmp_path: Path) -> None:
    chosen = f"policies: {{engine: {{opa: {{url: {server.url}, timeout: 20}}}}}}\n"
    (tmp_path / "bylaw.yaml").write_text(f"version: 1\n{chosen}")
    (tmp_path / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: orders}\n"
        "spec: {type: service, lifecycle: production, owner: team}\n"
    )
    done = command("check", ".", "--format", "json", folder=tmp_path)
    assert json.loads(done.stdout)["tool"]["engine"] == f"opa {VERSION}"
    assert done.returncode in {0, 1}


def test_the_tests_of_policies_are_judged_by_opa(server: Running) -> None:
    chosen = server.settings()
    rule = ROOT / "policies" / "ownership" / "owner_unknown"
    results = run_policy_tests(chosen, [rule])
    assert {trial.outcome.value for subject in results.subjects for trial in subject.fixtures} == {"pass"}


# Rules that go wrong


def test_a_rule_that_goes_wrong_is_an_error_and_the_others_judge_on(server: Running, tmp_path: Path) -> None:
    saying = 'findings contains {"pointer": "%s", "message": %s}'
    wrong = {
        "divides": (saying % ("", 'sprintf("%v", [1 / 0])'), r"divides.rego:13:\d+: div: divide by zero"),
        "conflicts": (
            saying % ("", "m") + '\nm := "a"\nm := "b"',
            r"conflicts.rego:15:1: rule data.bylaw.y.conflicts.m ",
        ),
        "undefined": ("findings := {1} if input.no", "data.bylaw.y.undefined.findings is undefined"),
        "no-set": ('findings := {"a": 1}', "data.bylaw.y.no_set.findings is dict, expected a set"),
        "text": ('findings contains "wrong"', r"text.rego:13: findings holds 'wrong', expected objects"),
    }
    for name, (body, _) in wrong.items():
        rego_rule(tmp_path, f"y/{name}", body)
    rego_rule(tmp_path, "y/honest", FAILING)
    python_rule(tmp_path, "y/python", 'yield Finding("/spec", f"{subject.key} is wrong")')

    report = check(catalog(entity("a"), entity("b")), settings_of(tmp_path, server.engine()))

    for name, (_, fault) in wrong.items():
        found = [each for each in told(report) if each[0] == f"y/{name}"]
        assert [(of, outcome) for _, of, outcome, _ in found] == [("a", "error"), ("b", "error")]
        assert [message for *_, message in found if not re.search(fault, message)] == []
        assert not any("bylaw_" in message for *_, message in found)
    assert [each for each in told(report) if each[2] == "fail"] == [
        ("y/honest", "a", "fail", "a is wrong"),
        ("y/python", "a", "fail", "component:default/a is wrong"),
        ("y/honest", "b", "fail", "b is wrong"),
        ("y/python", "b", "fail", "component:default/b is wrong"),
    ]
    assert report.decision is Decision.DENIED


def test_a_rule_that_loops_is_an_error_and_is_given_up(server: Running, tmp_path: Path) -> None:
    endless = """findings contains {"pointer": "", "message": "m"} if {
    startswith(input.metadata.name, "b")
    some i, j in numbers.range(1, 100000)
    some k in numbers.range(1, 100000)
    i * j * k == -1
}"""
    rego_rule(tmp_path, "z/endless", endless)
    rego_rule(tmp_path, "z/honest", FAILING)
    made = catalog(*map(entity, ["a", "b1", "b2", "b3", "b4", "c"]))

    report = check(made, settings_of(tmp_path, server.engine(timeout=1.0)), jobs=1)

    late = f"rule z/endless came to no answer: {server.url}: no answer within 1 s"
    given_up = "rule z/endless came to no answer: it was given up after OPA gave no answer within 1 s 3 times"
    assert [(name, outcome, said) for rule, name, outcome, said in told(report) if rule == "z/endless"] == [
        ("b1", "error", late),
        ("b2", "error", late),
        ("b3", "error", late),
        ("b4", "error", given_up),
        ("c", "error", given_up),
    ]
    assert [name for rule, name, *_ in told(report) if rule == "z/honest"] == ["a", "b1", "b2", "b3", "b4", "c"]
    assert server.holds() == ([], [])


def test_a_policy_that_opa_refuses_is_a_wrong_configuration(server: Running, tmp_path: Path) -> None:
    path = rego_rule(tmp_path, "z/odd", 'findings contains {"pointer": "", "message": "m"} if f(1)\n\nf(x) := x > y')
    bad = Module(str(path), "bylaw.z.odd", path.read_text())
    with pytest.raises(ConfigError, match=rf"{re.escape(str(path))}:15:\d+: var y is unsafe"):
        Place(Server(server.engine().opa), [bad])
    assert server.holds() == ([], [])


# Asking it for something else


def test_a_query_tells_what_is_undefined_from_what_is_null(server: Running) -> None:
    text = (
        "package a.b\nimport rego.v1\nanswer := input.x\nboth := [data.known, data.a.b.answer]\nbad := 1 / input.zero"
    )
    place = Place(Server(server.engine().opa), [Module("a.rego", "a.b", text)], b'{"known": "here"}')
    try:
        assert place.query("a.b.answer", {"x": None}) is None
        assert place.query("a.b.answer", {}) is UNDEFINED
        assert place.query("a.b.both", {"x": 2}) == ["here", 2]
        with pytest.raises(RegoError, match=r"^a\.rego:5:\d+: div: divide by zero$"):
            place.query("a.b.bad", {"zero": 0})
    finally:
        place.remove()
    assert server.holds() == ([], [])


# Servers that are none, or do not answer


class Handler(BaseHTTPRequestHandler):
    """Answers every request with what its server was given: status, content type, body."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, kind, body = self.server.said  # type: ignore[attr-defined]
        self.server.heard.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", "http://elsewhere.example.com/")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def stranger(status: int, kind: str, body: bytes) -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.said, made.heard = (status, kind, body), []  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (
            (200, "text/html", b"<html>log in</html>"),
            "answered 200 with text/html, expected application/json: there is",
        ),
        ((401, "application/json", b"{}"), "answered 401: it does not let anybody without a token do this"),
        ((403, "text/plain", b"no"), "answered 403: it does not let anybody"),
        ((302, "text/html", b""), "redirects to http://elsewhere.example.com/: name that"),
        ((200, "application/json", b"{"), "answered something that is no JSON, though it says so"),
        ((200, "application/json", b"[]"), "answered something else than OPA does"),
        ((503, "application/json", b'{"code": "busy"}'), "answered 503"),
        ((200, "application/json", b"{}"), "answered something else than OPA does"),
    ],
)
def test_a_server_that_is_no_opa_decides_nothing(answer: tuple[int, str, bytes], fault: str, tmp_path: Path) -> None:
    rego_rule(tmp_path, "y/honest", FAILING)
    with stranger(*answer) as made:
        url = f"http://127.0.0.1:{made.server_port}"
        with pytest.raises(UndecidedError, match=rf"^{re.escape(url)}: {re.escape(fault)}"):
            check(catalog(entity("a")), settings_of(tmp_path, OpaEngine(OpaSetting(url))))


def test_a_server_that_is_down_decides_nothing_and_is_asked_once(tmp_path: Path) -> None:
    rego_rule(tmp_path, "y/honest", FAILING)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UndecidedError, match=rf"^{url}: cannot be asked \(.*[Cc]onnection refused.*\); is the OPA"):
        check(catalog(entity("a")), settings_of(tmp_path, OpaEngine(OpaSetting(url))))


def test_a_server_that_says_nothing_decides_nothing(tmp_path: Path) -> None:
    rego_rule(tmp_path, "y/honest", FAILING)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UndecidedError, match=rf"^{url}: no answer within 0\.2 s$"):
            check(catalog(entity("a")), settings_of(tmp_path, OpaEngine(OpaSetting(url, timeout=0.2))))


def test_a_server_that_is_started_anew_in_between_decides_nothing(tmp_path: Path) -> None:
    """What was put there is gone: an answer without a result must not be read as a set without findings."""
    rego_rule(tmp_path, "y/honest", FAILING)
    with opa() as running:
        chosen = settings_of(tmp_path, running.engine())
        policies = pipeline.load_policies(chosen)
        served = opa_rules.Served(policies, chosen.policies, running.engine(), lasting=True)
        last = max(running.holds()[0], key=lambda name: int(name.rpartition("/")[2]))
        Server(running.engine().opa).delete_module(last)
        made = catalog(entity("a"))
        with pytest.raises(UndecidedError, match=r"the policies that were put there are gone; was the OPA server"):
            engine.evaluate(made, pipeline.graph(made), policies, chosen, TODAY, ready=served)
        running.process.kill()
        running.process.wait()
        with pytest.raises(UndecidedError, match=r"cannot be asked"):
            engine.evaluate(made, pipeline.graph(made), policies, chosen, TODAY, ready=served)
        served.close()


def test_a_worker_that_loses_the_server_ends_the_run_undecided(tmp_path: Path) -> None:
    rego_rule(tmp_path, "y/honest", FAILING)
    with opa() as running:
        python_rule(tmp_path, "a/kills", f"os.kill({running.process.pid}, 9)\nreturn ()")
        made = catalog(*(entity(f"e{number:03}") for number in range(100)))
        with pytest.raises(UndecidedError, match=rf"^{running.url}: cannot be asked"):
            check(made, settings_of(tmp_path, running.engine()), jobs=1)


# Who may


AUTHZ = """package system.authz
import rego.v1
default allow := false
allow if {
	input.identity == "right"
	input.path != ["v1", "config"]
}
"""


def test_a_server_that_wants_a_token_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rego_rule(tmp_path, "y/honest", FAILING)
    policy = tmp_path / "authz"
    policy.mkdir()
    (policy / "authz.rego").write_text(AUTHZ)
    rules = tmp_path / "rules"
    rules.mkdir()
    rego_rule(rules, "y/honest", FAILING)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("HOME", str(home))
    with opa("--authentication=token", "--authorization=basic", str(policy), wait=None) as running:
        chosen = settings_of(rules, running.engine(token_env="OPA_TOKEN"))
        monkeypatch.setenv("OPA_TOKEN", "right")
        report = check(catalog(entity("a")), chosen)
        assert told(report) == [("y/honest", "a", "fail", "a is wrong")]
        assert report.engine == "opa"  # its version is not for everybody
        monkeypatch.setenv("OPA_TOKEN", "wrong")
        with pytest.raises(UndecidedError, match=r"answered 401: it does not let the token in OPA_TOKEN do this"):
            check(catalog(entity("a")), chosen)
        monkeypatch.delenv("OPA_TOKEN")
        with pytest.raises(ConfigError, match=rf"the token for {running.url} is empty .* set OPA_TOKEN"):
            check(catalog(entity("a")), chosen)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    rules = tmp_path / "rules"
    rules.mkdir()
    rego_rule(rules, "y/honest", FAILING)
    arguments = ["--tls-cert-file", str(certificate), "--tls-private-key-file", str(key)]
    with opa(*arguments, scheme="https", wait=None) as running:
        chosen = settings_of(rules, running.engine())
        with pytest.raises(UndecidedError, match=r"its certificate is not trusted here"):
            check(catalog(entity("a")), chosen)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert told(check(catalog(entity("a")), chosen)) == [("y/honest", "a", "fail", "a is wrong")]


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bylaw", *arguments], cwd=folder, capture_output=True, timeout=120, check=False
    )


# The gate


def test_the_gate_says_the_same_by_opa(server: Running, tmp_path: Path) -> None:
    """Two states, the rules about changes, and what others in the catalog make of it."""
    files = {**BASE, "bylaw.yaml": "version: 1\n"}
    repository = Repository.at(tmp_path / "shop", files)
    gone = dict.fromkeys(each for each in BASE if each.startswith("legacy"))
    change = {**gone, "more/catalog-info.yaml": FAULTY.replace("name: ", "name: more-", 1)}
    repository.change(change)
    by_bylaw = repository.judged()
    chosen = "{engine: {opa: {url: " + server.url + ", timeout: 20}}, deadline: 60}"
    repository.git("checkout", "-q", "main")
    repository.commit({"bylaw.yaml": f"version: 1\npolicies: {chosen}\n"}, "engine")
    repository.change(change)
    by_opa = repository.judged()
    assert by_opa["tool"]["engine"] == f"opa {VERSION}"
    assert by_opa["decision"] == by_bylaw["decision"] == "denied"
    assert by_opa["findings"] == by_bylaw["findings"]
    assert server.holds() == ([], [])
