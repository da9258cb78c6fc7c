"""A real OPA loads our bundles: from a file and by asking for them, signed and not; its verdicts are ours."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bylaw import bundles, engine, pipeline
from bylaw.bundles import Bundle, Signer, uploads
from bylaw.config import Settings
from bylaw.model import Decision
from bylaw.rules import Policies, load
from tests.engine.world import catalog, entity
from tests.real import components
from tests.real.opa import Running, answers, free_port, opa, until
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.catalog import Catalog

pytestmark = pytest.mark.real

ACME = ROOT / "fixtures" / "catalogs" / "acme"
POLICIES = load(Settings())


def built(name: str, made: Catalog, signer: Signer | None = None) -> Bundle:
    return bundles.build(name, made, pipeline.graph(made), POLICIES, signer)


def written(folder: Path, bundle: Bundle) -> str:
    path = folder / "bundle.tar.gz"
    path.write_bytes(bundle.content)
    return str(path)


def pair(kind: str) -> tuple[str, str]:
    """The two halves of a new key, in PEM: private and public."""
    key: Any = ec.generate_private_key(ec.SECP256R1()) if kind == "ES256" else rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def by_opa(running: Running, made: Catalog, rules: Policies, refs: list[str]) -> dict[tuple[str, str], list[str]]:
    """The messages of every rule on some entities, by the paths and the filters that the bundle names."""
    known = running.get("/v1/data/bylaw/rules")["result"]
    found: dict[tuple[str, str], list[str]] = {}
    for ref in refs:
        for rule in rules.rules:
            if rule.id in known and rule.applies(made.entities[ref]):
                path = known[rule.id]["package"].replace(".", "/")
                said = running.ask(f"{path}/findings", made.entities[ref].data)
                if said["result"]:
                    found[ref, rule.id] = sorted(each["message"] for each in said["result"])
    return found


def by_bylaw(made: Catalog, rules: Policies, refs: list[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in engine.evaluate(made, pipeline.graph(made), rules, Settings(), today()):
        if each.entity in refs:
            found.setdefault((each.entity, each.rule), []).append(each.message)
    return {key: sorted(messages) for key, messages in found.items()}


def today() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def of_bundle(left_out: tuple[str, ...]) -> Policies:
    return replace(POLICIES, rules=tuple(rule for rule in POLICIES.rules if rule.id not in left_out))


def test_opa_judges_by_a_bundle_as_bylaw_does(tmp_path: Path) -> None:
    """The clock included: some of these findings go by the day."""
    made = pipeline.read(ACME, root=ACME)
    bundle = built("all", made)
    rules = of_bundle(bundle.left_out)
    refs = list(made.entities)
    with opa("-b", written(tmp_path, bundle)) as running:
        found = by_opa(running, made, rules, refs)
    assert found == by_bylaw(made, rules, refs)
    assert found != {}


def test_opa_judges_the_entities_of_a_domain_by_its_bundle_as_bylaw_does_by_all(tmp_path: Path) -> None:
    made = pipeline.read(ACME, root=ACME)
    drawn = pipeline.graph(made)
    name, domain = next((name, ref) for name, ref in bundles.names(made).items() if ref)
    inside = [ref for ref in made.entities if ref == domain or domain in above(drawn, ref)]
    bundle = built(name, made)
    rules = of_bundle(bundle.left_out)
    with opa("-b", written(tmp_path, bundle)) as running:
        assert by_opa(running, made, rules, inside) == by_bylaw(made, rules, inside)
        known = running.get("/v1/data/catalog/entities")["result"]
    assert set(inside) <= set(known) < set(made.entities)
    assert {rule.reads for rule in rules.rules} == {"entity", "relations"}


def above(drawn: Any, ref: str) -> set[str]:
    """What an entity is part of, directly or not."""
    found: set[str] = set()
    waiting = [ref]
    while waiting:
        more = [each for each in drawn.relations(waiting.pop()).get("partOf", ()) if each not in found]
        found.update(more)
        waiting.extend(more)
    return found


def test_policies_and_catalog_can_be_fetched_apart(tmp_path: Path) -> None:
    made = catalog(entity("a", type="service", lifecycle="production", owner="nobody"))
    files = []
    for name in ("policies", "catalog"):
        (tmp_path / name).mkdir()
        files += ["-b", written(tmp_path / name, built(name, made))]
    with opa(*files) as running:
        (found,) = running.ask("bylaw/ownership/owner_unknown/findings", made.entities["component:default/a"].data)[
            "result"
        ]
        assert found["observed"] == "nobody"


ODD = {
    "line ends": "\u2028 \u2029 \u0085",
    "controls": "\x00\x01\b\f\n\r\t\x1f\x7f",
    "html": "<a href='x'>&</a>",
    "far": "\U0001f600 ü ﬀ",
    "numbers": [1, -0.0, 1.0, 1e16, 1e-7, 123456789012345678],
    "empty": [{}, [], "", None, True],
    "\u2028key": {"ü": 1, "u": 2, "\U0001f600": 3, "ﬀ": 4},
}


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
def test_opa_verifies_a_signed_bundle_and_refuses_one_that_was_changed(kind: str, tmp_path: Path) -> None:
    program = components.program("opa")
    private, public = pair(kind)
    (tmp_path / "key.pub").write_text(public)
    (tmp_path / "other.pub").write_text(pair(kind)[1])
    made = catalog(entity("a", odd=ODD), entity("b"))
    signed = built("all", made, Signer(private))

    def verified(bundle: bytes, key: str = "key.pub") -> tuple[int, str]:
        (tmp_path / "b.tar.gz").write_bytes(bundle)
        command = [program, "build", "--bundle", "b.tar.gz", "--verification-key", key, "--signing-alg", kind]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    assert verified(signed.content) == (0, "")
    code, said = verified(signed.content, "other.pub")
    assert code == 1
    assert "failed to verify JWT signature" in said
    code, said = verified(built("all", made).content)
    assert (code, "missing .signatures.json" in said) == (1, True)
    changed = gzip.compress(gzip.decompress(signed.content).replace(b'"component:default/b"', b'"component:default/c"'))
    code, said = verified(changed)
    assert (code, "digest mismatch" in said) == (1, True)


class Handler(BaseHTTPRequestHandler):
    """Our routes, as OPA uses them: the bundle with its ETag, and the decision log."""

    protocol_version = "HTTP/1.1"
    server: Fleet

    def do_GET(self) -> None:
        bundle = self.server.bundle
        known = self.headers.get("If-None-Match") == bundle.etag
        self.server.seen.append((304 if known else 200, bundle.revision, self.headers.get("Authorization")))
        self.send_response(304 if known else 200)
        self.send_header("ETag", bundle.etag)
        self.send_header("Content-Type", "application/gzip")
        self.send_header("Content-Length", "0" if known else str(len(bundle.content)))
        self.end_headers()
        self.wfile.write(b"" if known else bundle.content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.extend(uploads.read(body, self.headers.get("Content-Encoding", "")))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Fleet(ThreadingHTTPServer):
    """What serves a fleet of OPA servers."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bundle = bundle
        self.seen: list[tuple[int, str, str | None]] = []
        self.told: list[Any] = []


@contextmanager
def fleet(bundle: Bundle) -> Iterator[Fleet]:
    with Fleet(bundle) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


REPORTING = "--set=decision_logs.reporting"
SOON = (f"{REPORTING}.min_delay_seconds=0", f"{REPORTING}.max_delay_seconds=1")


def polling(port: int, folder: Path) -> str:
    """The configuration that docs/opa.md has, with the address of a test and no time to wait."""
    (said,) = re.findall(r"```yaml\n(# opa\.yaml\n.*?)```", (ROOT / "docs" / "opa.md").read_text(), re.DOTALL)
    said = said.replace("https://bylaw.example.com", f"http://127.0.0.1:{port}")
    said = said.replace("min_delay_seconds: 30, max_delay_seconds: 60", "min_delay_seconds: 0, max_delay_seconds: 1")
    path = folder / "opa.yaml"
    path.write_text(said)
    return str(path)


def test_opa_takes_a_new_revision_and_keeps_the_old_one_where_the_key_is_another(tmp_path: Path) -> None:
    private, public = pair("ES256")
    stranger = Signer(pair("ES256")[0])
    signer = Signer(private)
    one = catalog(entity("a", type="service", lifecycle="production", owner="nobody"), complete=True)
    two = catalog(
        entity("a", type="service", lifecycle="production", owner="nobody"),
        entity("nobody", "Group", type="team", children=[]),
        complete=True,
    )
    rule = "bylaw/ownership/owner_unknown/findings"
    given = one.entities["component:default/a"].data
    with ExitStack() as stack:
        serving = stack.enter_context(fleet(built("all", one, signer)))
        configured = polling(serving.server_port, tmp_path)
        variables = {"BYLAW_TOKEN": "t0ken", "BYLAW_KEY": public.replace("\n", "\\n")}
        running = stack.enter_context(opa("-c", configured, *SOON, wait="/health?bundles", environment=variables))
        first = serving.bundle.revision
        assert [each["observed"] for each in running.ask(rule, given)["result"]] == ["nobody"]
        until(lambda: [each for each in serving.seen if each[0] == 304])
        assert {token for _, _, token in serving.seen} == {"Bearer t0ken"}

        serving.bundle = built("all", two, signer)
        second = serving.bundle.revision
        until(lambda: not running.ask(rule, given)["result"])
        assert running.get("/v1/data/system/bundles/bylaw/manifest/revision")["result"] == second != first

        serving.bundle = built("all", one, stranger)
        seen = len(serving.seen)
        until(lambda: len(serving.seen) > seen + 1)
        assert running.ask(rule, given)["result"] == []
        assert running.get("/v1/data/system/bundles/bylaw/manifest/revision")["result"] == second

        until(lambda: {each.decision for each in serving.told} >= {Decision.ALLOWED, Decision.DENIED})
    told = serving.told
    denied = next(each for each in told if each.decision is Decision.DENIED)
    assert (denied.gate, denied.caller, denied.subject) == ("opa", "checkout", "component:default/a")
    assert denied.rules == ("ownership/owner-unknown",)
    assert denied.input == given
    assert denied.engine == "opa 1.22.0"
    assert (denied.digests.catalog, denied.digests.policies) == (one.digest(), POLICIES.digest)
    assert {each.digests.catalog for each in told if each.decision is Decision.ALLOWED} == {two.digest()}


def test_a_fleet_that_bylaw_serves_loads_its_bundle_and_reports_to_it(tmp_path: Path) -> None:
    """Nothing stands in for anything: `bylaw serve`, and an OPA as docs/opa.md sets it up."""
    private, public = pair("ES256")
    folder = tmp_path / "catalog"
    shutil.copytree(ACME, folder)
    (folder / "bylaw.yaml").write_text("version: 1\nserver: {bundle_key_env: BUNDLE_KEY}\n")
    port = free_port()
    command = [sys.executable, "-P", "-m", "bylaw", "serve", ".", "--port", str(port)]
    variables = {"PATH": os.environ["PATH"], "BUNDLE_KEY": private}
    rule, made = "bylaw/ownership/owner_missing/findings", pipeline.read(ACME, root=ACME)
    ref = next(each for each in made.entities if each.startswith("component:"))
    with (
        open(tmp_path / "log", "wb") as log,
        subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log) as serving,
    ):
        try:
            served = Running(f"http://127.0.0.1:{port}", tmp_path / "log", serving)
            until(lambda: answers(served, "/readyz"), lambda: (tmp_path / "log").read_text())
            known = {"BYLAW_TOKEN": "", "BYLAW_KEY": public.replace("\n", "\\n")}
            with opa("-c", polling(port, tmp_path), *SOON, wait="/health?bundles", environment=known) as running:
                assert set(running.get("/v1/data/catalog/entities")["result"]) == set(made.entities)
                running.ask(rule, made.entities[ref].data)
                (kept,) = until(lambda: served.get("/v1/decisions?gate=opa&subject=" + ref)["decisions"])
            assert (kept["gate"], kept["caller"], kept["digests"]["catalog"]) == ("opa", "checkout", made.digest())
        finally:
            serving.terminate()


def test_opa_serves_a_signed_bundle_and_does_not_start_with_one_of_another_key(tmp_path: Path) -> None:
    """As docs/opa.md has it: `opa run --bundle … --verification-key …`."""
    private, public = pair("ES256")
    (tmp_path / "bundle.pub").write_text(public)
    (tmp_path / "other.pub").write_text(pair("ES256")[1])
    made = catalog(entity("a"))
    arguments = ["--bundle", written(tmp_path, built("all", made, Signer(private))), "--signing-alg", "ES256"]
    with opa(*arguments, "--verification-key", str(tmp_path / "bundle.pub")) as running:
        assert list(running.get("/v1/data/catalog/entities")["result"]) == ["component:default/a"]
    command = [components.program("opa"), "run", "--server", "-a", f"127.0.0.1:{free_port()}", *arguments]
    other = [*command, "--verification-key", str(tmp_path / "other.pub")]
    done = subprocess.run(other, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 1
    assert "failed to verify JWT signature" in done.stdout + done.stderr
