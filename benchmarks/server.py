"""`bylaw serve` beside `opa run --server`: the same five rules in Rego, the same catalog, the same questions.

    python benchmarks/server.py [--entities N] [--rounds N] [--seconds N] [--opa PATH] [--gator PATH --suites FOLDER]

One entity is asked about (`POST /v1/check`; OPA: `POST /v1/data/bench/all`), and one Deployment that five constraints
judge (`POST /v1/admission`; OPA evaluates the Rego of their templates). Requests go one after the other, 300 a second
on a timetable, and as many as `wrk` can with 8 connections; a refresh of the catalog runs under the second kind.
With `--suites` the Gatekeeper suites of a folder are run by `bylaw admission test` and by `gator verify`, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catalogs
import measure
from bylaw import engine, pipeline
from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings, PolicySettings, Settings
from bylaw.engine import data
from bylaw.model import Document
from bylaw.rules import load

if TYPE_CHECKING:
    from collections.abc import Iterator

BYLAW = Path(sys.executable).with_name("bylaw")
POLICIES = Path(__file__).resolve().parents[1] / "policies"
RULES = (
    "ownership/owner_unknown",
    "catalog/reference_dangling",
    "lifecycle/depends_on_deprecated",
    "lifecycle/lifecycle_unknown",
    "docs/description_missing",
)
RATE = 300
CONNECTIONS = 8
JSON = {"Content-Type": "application/json"}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--entities", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--opa", default=shutil.which("opa"))
    arguments.add_argument("--gator", default=shutil.which("gator"))
    arguments.add_argument("--suites", type=Path)
    args = arguments.parse_args()
    print(f"{measure.processors()} processors, {args.entities:,} entities, {len(RULES)} rules in Rego\n")
    if args.suites:
        suites(args.suites, args.gator, args.rounds)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepare(folder, args.entities)
        with served(folder) as ours, peer(folder, args.opa) as theirs:
            servers = {"bylaw": ours, **({"opa": theirs} if theirs else {})}
            for kind in ("entity", "deployment"):
                compare(folder, kind, servers, args.rounds, args.seconds)
            refresh(folder, ours, args.entities)


# -- what is asked


def prepare(folder: Path, total: int) -> None:
    """The catalog, the five rules, the constraints, and all of it as OPA takes it."""
    (folder / "catalog").mkdir()
    catalogs.write(folder / "catalog", total, 500)
    for each in RULES:
        shutil.copytree(POLICIES / each, folder / "rules" / each, ignore=shutil.ignore_patterns("*_test.rego"))
    templates(folder / "constraints")
    (folder / "bylaw.yaml").write_text(
        "catalog: {paths: ['**/*.yaml'], complete: true}\n"
        "policies: {paths: [rules], bundled: false}\n"
        "admission: {paths: [constraints], bundled: false}\n"
        f"store: sqlite:///{folder}/bylaw.db\n"
        "server: {workers: 2, refresh: 3600, decisions: {inputs: false}}\n"
    )
    settings = Settings(
        catalog=CatalogSettings(complete=True), policies=PolicySettings((str(folder / "rules"),), bundled=False)
    )
    policies = load(settings)
    documents = [Document("all.yaml", number, catalogs.entity(number, total)) for number in range(total)]
    catalog = build(documents, Kinds.of(settings.catalog), True)
    (folder / "opa").mkdir()
    whole = data.whole(catalog, pipeline.graph(catalog), policies, date(2026, 11, 21))
    (folder / "opa" / "data.json").write_bytes(whole)
    for number, module in enumerate(each for each in policies.modules if not each.is_test):
        (folder / "opa" / f"m{number}.rego").write_text(module.text)
    packages = [str(rule.package) for rule in policies.rules]
    found = "\n".join(f'all["{each}"] := data.{each}.findings' for each in packages)
    (folder / "opa" / "bench.rego").write_text(f"package bench\n\nimport rego.v1\n\n{found}\n")
    constraints = "\n".join(
        f'found["c{number}"] := x if x := data.t{number}.violation with input.parameters as {{"n": {number}}}'
        for number in range(len(RULES))
    )
    (folder / "opa" / "constraints.rego").write_text(f"package constraints\n\nimport rego.v1\n\n{constraints}\n")
    for number in range(len(RULES)):
        (folder / "opa" / f"t{number}.rego").write_text(template(number, "import rego.v1\n"))
    entity = catalogs.entity(total - 1, total)
    review = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "name": "e",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
        "object": deployment(f"component:default/e{total - 1}"),
        "oldObject": None,
        "dryRun": False,
        "options": None,
    }
    asked: dict[str, tuple[str, Any]] = {
        "bylaw-entity": ("/v1/check", {"entities": [entity]}),
        "opa-entity": ("/v1/data/bench/all", {"input": entity}),
        "bylaw-deployment": (
            "/v1/admission",
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": review},
        ),
        "opa-deployment": ("/v1/data/constraints/found", {"input": {"review": review}}),
    }
    for name, (path, body) in asked.items():
        (folder / name).write_text(json.dumps(body))
        (folder / f"{name}.path").write_text(path)
        escaped = json.dumps(body).replace("\\", "\\\\").replace("'", "\\'")
        (folder / f"{name}.lua").write_text(
            f"wrk.method = 'POST'\nwrk.body = '{escaped}'\nwrk.headers['Content-Type'] = 'application/json'\n"
        )


def template(number: int, imports: str = "") -> str:
    """The Rego of a template: a workload's entity has to be there, and owned by a group that is there."""
    return f"""package t{number}
{imports}
violation contains {{"msg": msg}} if {{
	ref := input.review.object.metadata.labels["example.com/entity-{number}"]
	not data.catalog.entities[ref]
	msg := sprintf("%v is not in the catalog (%v)", [ref, input.parameters.n])
}}

violation contains {{"msg": msg}} if {{
	ref := input.review.object.metadata.annotations["example.com/entity"]
	some owner in data.catalog.relations[ref].ownedBy
	not data.catalog.entities[owner]
	msg := sprintf("%v is owned by %v, which is not in the catalog", [ref, owner])
}}
"""


def templates(folder: Path) -> None:
    """Five templates with a constraint each."""
    folder.mkdir()
    for number in range(len(RULES)):
        rego = template(number, "import rego.v1\n")
        made = {
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {"name": f"bench{number}"},
            "spec": {
                "crd": {
                    "spec": {
                        "names": {"kind": f"Bench{number}"},
                        "validation": {"openAPIV3Schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                    }
                },
                "targets": [
                    {
                        "target": "admission.k8s.gatekeeper.sh",
                        "code": [{"engine": "Rego", "source": {"version": "v1", "rego": rego}}],
                    }
                ],
            },
        }
        constraint = {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": f"Bench{number}",
            "metadata": {"name": f"bench-{number}"},
            "spec": {
                "match": {"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]},
                "parameters": {"n": number},
            },
        }
        (folder / f"{number}.yaml").write_text(f"{json.dumps(made)}\n---\n{json.dumps(constraint)}\n")


def deployment(ref: str) -> dict[str, Any]:
    """A Deployment of an entity, of the size that they usually have."""
    labels = {f"example.com/entity-{number}": ref for number in range(len(RULES))}
    container = {
        "name": "app",
        "image": "registry.example.com/shop/orders:1.2.3",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": f"SETTING_{number}", "value": str(number)} for number in range(12)],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
    }
    pod = {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "e", "namespace": "shop", "labels": labels, "annotations": {"example.com/entity": ref}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "orders"}}, "template": pod},
    }


# -- the servers


class Server:
    """A process that answers on a port of this machine."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The answer to one request, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET" if body is None else "POST", path, body, JSON)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def mebibytes(self) -> float:
        """What it and its children hold; shared pages count once."""
        return measure.held(self.process.pid)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """`bylaw serve` of the catalog."""
    port = free()
    command = [BYLAW, "serve", folder / "catalog", "--config", folder / "bylaw.yaml", "--port", str(port)]
    with started(command, port, "/readyz", folder) as server:
        yield server


@contextmanager
def peer(folder: Path, opa: str | None) -> Iterator[Server | None]:
    """`opa run --server` of the same."""
    if opa is None:
        print("opa is not on PATH: nothing is compared with it\n")
        yield None
        return
    port = free()
    command = [opa, "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", folder / "opa"]
    with started(command, port, "/health", folder) as server:
        yield server


@contextmanager
def started(command: list[Any], port: int, path: str, folder: Path) -> Iterator[Server]:
    """A server that answers 200 at a path by now."""
    began = time.monotonic()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder)
    server = Server(process, port)
    try:
        while True:
            with suppress(OSError):
                if server.ask(path)[0] == 200:
                    break
            if process.poll() is not None or time.monotonic() - began > 300:
                sys.exit(f"{command[0]} does not answer:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        name = Path(command[0]).name
        print(f"{name}: ready after {time.monotonic() - began:.1f} s, {server.mebibytes:,.0f} MiB")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


# -- the questions


def compare(folder: Path, kind: str, servers: dict[str, Server], rounds: int, seconds: int) -> None:
    """One kind of question to both servers: in sequence, at a rate, and as fast as they can."""
    print(f"\n{kind}")
    for name, server in servers.items():
        status, answer = server.ask(*question(folder, name, kind))
        print(f"  {name:6} answers {status}: {answer[:110]!r}")
    sequential: dict[str, list[float]] = {name: [] for name in servers}
    throughput: dict[str, list[float]] = {name: [] for name in servers}
    paced: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            path, body = question(folder, name, kind)
            sequential[name].append(statistics.median(in_sequence(server.port, path, body)))
            paced[name].extend(asyncio.run(at_a_rate(server.port, path, body, seconds)))
            throughput[name].append(wrk(server.port, path, folder / f"{name}-{kind}.lua", seconds))
    print(f"  {'':6} {'p50 ms':>8} {'p50 at 300/s':>13} {'p99':>7} {'most':>7} {'wrk req/s':>10} {'MiB':>6}")
    for name, server in servers.items():
        times = sorted(paced[name])
        p50, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
        middle, most = 1000 * statistics.median(sequential[name]), 1000 * times[-1]
        rate = statistics.median(throughput[name])
        print(f"  {name:6} {middle:8.2f} {p50:13.2f} {p99:7.2f} {most:7.1f} {rate:10,.0f} {server.mebibytes:6,.0f}")


def question(folder: Path, name: str, kind: str) -> tuple[str, bytes]:
    """The path and the body."""
    return (folder / f"{name}-{kind}.path").read_text(), (folder / f"{name}-{kind}").read_bytes()


def in_sequence(port: int, path: str, body: bytes, count: int = 1000) -> list[float]:
    """Seconds of requests one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("POST", path, body, JSON)
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    connection.close()
    return times


async def at_a_rate(port: int, path: str, body: bytes, seconds: float, rate: int = RATE) -> list[float]:
    """Seconds from when each request was due to its answer: one that waits for another is not forgiven for it."""
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    times: list[float] = []
    due: asyncio.Queue[float] = asyncio.Queue()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := await due.get()) > 0:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await rest(reader, head.lower())
            times.append(time.perf_counter() - at)
        writer.close()
        await writer.wait_closed()

    asking = [asyncio.create_task(ask()) for _ in range(CONNECTIONS)]
    begin = time.perf_counter() + 0.05
    for number in range(int(seconds * rate)):
        at = begin + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait(at)
    for _ in asking:
        due.put_nowait(0.0)
    await asyncio.gather(*asking)
    return times


async def rest(reader: asyncio.StreamReader, head: bytes) -> None:
    """Read the body of an answer."""
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
        return
    await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))


def wrk(port: int, path: str, script: Path, seconds: int) -> float:
    """Requests a second."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        sys.exit(told)
    return float(next(line.split()[1] for line in told.splitlines() if line.startswith("Requests/sec")))


def refresh(folder: Path, server: Server, total: int) -> None:
    """The whole catalog is read anew while requests come at their rate."""
    path, body = question(folder, "bylaw", "deployment")
    catalogs.write(folder / "catalog", total, 500, described=True)
    began = digest(server)
    os.kill(server.process.pid, signal.SIGHUP)
    times: list[float] = []
    start = time.monotonic()
    while digest(server) == began:
        times.extend(asyncio.run(at_a_rate(server.port, path, body, 5)))
        if time.monotonic() - start > 300:
            sys.exit("the catalog was not read anew")
    times.sort()
    p99, over = 1000 * times[int(len(times) * 0.99)], sum(each > 0.05 for each in times)
    print(
        f"\nrefresh of {total:,} entities: {time.monotonic() - start:.0f} s, {len(times):,} requests meanwhile, "
        f"p99 {p99:.1f} ms, slowest {1000 * times[-1]:.1f} ms, {over} over 50 ms, {server.mebibytes:,.0f} MiB after it"
    )


def digest(server: Server) -> str:
    """Of the catalog that it answers from."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["bylaw-catalog-digest"]


# -- suites


def suites(folder: Path, gator: str | None, rounds: int) -> None:
    """Gatekeeper's suites, by both."""
    commands: dict[str, Any] = {"bylaw admission test": ([BYLAW, "admission", "test", f"{folder}/..."], folder)}
    if gator:
        commands["gator verify"] = ([gator, "verify", f"{folder}/..."], folder)
    runs = measure.interleaved(commands, rounds)
    print(measure.table(list(runs.items()), "gator verify" if gator else None), "\n")


if __name__ == "__main__":
    print(engine.NAME)
    main()
