"""The catalog that a change is laid over: a snapshot of this repository or the whole company, here or on a server."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings
from bylaw.documents import load
from bylaw.model import Document
from bylaw.sources import snapshot
from tests.command import run
from tests.merge.repository import Repository, told
from tests.merge.test_story import BASE, BOTH_ENDS, GROUPS, LAW, ORDERS, RENAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHOP = "https://gitlab.example.com/acme/shop"
TILLS = "https://gitlab.example.com/acme/tills"
ORG = "org/catalog-info.yaml"
FILE = "catalog-info.yaml"
OVER = ("--snapshot", "../base.db")
TILL = ORDERS.replace("name: orders", "name: till").replace(
    "owner: payments", "owner: payments, dependsOn: [component:orders]"
)
DAY = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)


def on(repository: str, path: str, branch: str = "main") -> str:
    """The address by which a Backstage says that it has an entity from a file."""
    return f"{repository}/-/blob/{branch}/{path}"


def company(path: Path, files: Mapping[str, str], settings: CatalogSettings | None = None) -> None:
    """A snapshot of what a Backstage has read from some addresses."""
    kinds = Kinds.of(settings or CatalogSettings())
    documents = [
        Document(None, each.index, each.value, url=url) for url, text in files.items() for each in load(text.encode())
    ]
    made = build(documents, kinds)
    snapshot.write(path, made, repository=None, commit=None, made=DAY, source="https://backstage.example.com")


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "shop", BASE)
    made.git("remote", "add", "origin", "git@gitlab.example.com:acme/shop.git")
    return made


@pytest.fixture
def base(shop: Repository) -> Path:
    """The snapshot of two repositories, the shop and the tills: these depend on it."""
    path = shop.folder.parent / "base.db"
    ours = {on(SHOP, path): text for path, text in BASE.items() if path.endswith(FILE)}
    company(path, {**ours, on(TILLS, FILE): TILL})
    return path


# -- a company of several repositories


def test_what_is_renamed_here_is_missed_elsewhere(shop: Repository, base: Path) -> None:
    shop.change({ORG: RENAMED})
    report = shop.judged(*OVER)

    assert report["decision"] == "denied"
    assert sorted(told(report)) == sorted([*BOTH_ENDS, ("new", "ownership/owner-unknown", "component:default/till")])
    elsewhere = next(each for each in report["findings"] if each["entity"] == "component:default/till")
    assert (elsewhere["location"], elsewhere["entity_url"]) == (None, on(TILLS, FILE))
    assert report["proposal"]["blast_radius"]["direct"] == ["component:default/orders", "component:default/till"]
    assert report["proposal"]["surroundings"].endswith("base.db of 2026-11-20 14:03 UTC, 7 entities")
    assert report["catalog"]["entities"] == 7


def test_what_is_deleted_here_is_deleted_there(shop: Repository, base: Path) -> None:
    shop.change({"orders/catalog-info.yaml": None})
    report = shop.judged(*OVER)

    assert report["proposal"]["removed"] == ["component:default/orders"]
    assert told(report) == [
        ("new", "catalog/reference-dangling", "component:default/till"),
        ("new", "catalog/removed-in-use", "component:default/orders"),
    ]


def test_what_is_edited_here_is_edited_there_and_not_defined_twice(shop: Repository, base: Path) -> None:
    shop.change({"orders/catalog-info.yaml": ORDERS.replace("experimental", "production")})
    report = shop.judged(*OVER)

    assert report["proposal"]["edited"] == ["component:default/orders"]
    assert (report["proposal"]["added"], report["proposal"]["removed"]) == ([], [])
    assert [each for each in told(report, "new") if each[1].startswith("catalog/")] == []


def test_what_moves_to_another_file_is_the_same(shop: Repository, base: Path) -> None:
    shop.change({"orders/catalog-info.yaml": None, "services/orders/catalog-info.yaml": ORDERS})
    report = shop.judged(*OVER)

    assert (report["proposal"]["added"], report["proposal"]["removed"]) == ([], [])
    assert (report["decision"], told(report, "new")) == ("allowed", [])


def test_what_moves_here_from_another_repository_is_defined_twice_until_it_has_left_that(
    shop: Repository, base: Path
) -> None:
    shop.change({"till/catalog-info.yaml": TILL})
    report = shop.judged(*OVER)
    assert told(report) == [("new", "catalog/entity-duplicate", "component:default/till")]

    ours = {on(SHOP, path): text for path, text in BASE.items() if path.endswith(FILE)}
    company(base, ours)
    report = shop.judged(*OVER)
    assert told(report) == []
    assert report["proposal"]["added"] == ["component:default/till"]


@pytest.mark.parametrize("address", [f"{SHOP}.git", "ssh://git@gitlab.example.com:2222/Acme/Shop", f"{SHOP}/"])
def test_the_repository_may_be_named_in_any_form(shop: Repository, base: Path, address: str) -> None:
    shop.git("remote", "remove", "origin")
    shop.change({"orders/catalog-info.yaml": None})

    assert shop.judged(*OVER, "--repository", address)["proposal"]["removed"] == ["component:default/orders"]


def test_files_of_another_branch_are_not_those_of_the_target(shop: Repository, base: Path) -> None:
    company(base, {on(SHOP, ORG): GROUPS, on(SHOP, FILE, "stable"): TILL.replace("component:orders", "")})
    shop.change({"README.md": "x"})
    report = shop.judged(*OVER)

    assert report["proposal"]["removed"] == []


# -- whose the entities are


def test_a_snapshot_of_another_repository_holds_the_entities_of_others(shop: Repository, base: Path) -> None:
    tills = Repository.at(base.parent / "tills", {FILE: TILL, ORG: GROUPS})
    assert run("snapshot", ".", "--repository", TILLS, "--output", str(base), cwd=tills.folder).code == 0
    shop.change({ORG: None, "orders/catalog-info.yaml": None, "legacy/catalog-info.yaml": None})
    shop.merge()
    shop.change({FILE: ORDERS})
    report = shop.judged(*OVER)

    assert report["proposal"]["added"] == ["component:default/orders"]
    assert report["proposal"]["blast_radius"]["direct"] == ["component:default/till"]
    assert told(report, "new") == []


@pytest.mark.parametrize(
    ("said", "address"),
    [((), ", whose address nobody says"), (("--repository", f"{TILLS}-2"), f" ({TILLS}-2)")],
)
def test_a_base_that_does_not_know_whose_its_entities_are_leaves_it_undecided(
    shop: Repository, base: Path, said: tuple[str, ...], address: str
) -> None:
    shop.git("remote", "remove", "origin")
    shop.change({"orders/catalog-info.yaml": ORDERS.replace("payments", "nobody")})
    ran = shop.gate(*OVER, *said)

    assert (ran.code, ran.out) == (3, "")
    place = on(SHOP, "orders/catalog-info.yaml")
    assert f"has component:default/orders from {place}, and nothing from this repository{address}: " in ran.err
    assert "name its address with --repository or in catalog.repository" in ran.err


# -- one that cannot be had


@pytest.mark.parametrize(
    ("content", "told_of"),
    [
        (None, "cannot be opened (no such file or directory)"),
        (b"", "is no snapshot but empty"),
        (b"<!doctype html><title>Sign in</title>", "is no snapshot but a web page"),
        (b'{"message": "404"}', "is no snapshot but JSON"),
        (b"\x1f\x8b\x08", "is no snapshot but a gzip archive: unpack it"),
        ("truncated", "is damaged: it has "),
        ("turned", "is damaged: it has the digest sha256:"),
        ("older", "is a snapshot of format 0, and this bylaw reads format 1; make it anew"),
        ("folder", "is no regular file"),
    ],
)
def test_a_base_that_is_none_leaves_it_undecided(shop: Repository, base: Path, content: Any, told_of: str) -> None:
    whole = base.read_bytes()
    base.unlink()
    match content:
        case bytes():
            base.write_bytes(content)
        case "truncated":
            base.write_bytes(whole[:-1000])
        case "turned":
            base.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        case "older":
            base.write_bytes(whole[:63] + b"\0" + whole[64:])
        case "folder":
            base.mkdir()
    shop.change({ORG: RENAMED})
    ran = shop.gate(*OVER)

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("bylaw: the base catalog cannot be had, so nothing was judged: ../base.db: ")
    assert told_of in ran.err
    assert "gates.merge.on_base_missing: judge_alone would judge this repository by itself" in ran.err


def test_a_database_that_is_no_snapshot_is_none(shop: Repository, base: Path) -> None:
    base.unlink()
    with sqlite3.connect(base) as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    ran = shop.gate(*OVER)

    assert ran.code == 3
    assert "is no snapshot but a database of another program" in ran.err


def test_a_base_of_other_kinds_leaves_it_undecided(shop: Repository, base: Path) -> None:
    shop.commit(
        {"bylaw.yaml": f"{LAW}catalog: {{kinds: [{{kind: Till, api_versions: [acme.example.com/v1]}}]}}\n"}, "kinds"
    )
    ran = shop.gate(*OVER)

    assert ran.code == 3
    assert (
        "was made with other kinds than catalog.kinds and catalog.ai_model of bylaw.yaml say; make it anew" in ran.err
    )


def test_without_a_base_the_repository_is_judged_alone_where_the_settings_say_so_and_the_report_says_so(
    shop: Repository,
) -> None:
    alone = f"{LAW}gates: {{merge: {{on_base_missing: judge_alone}}}}\n"
    shop.commit({"bylaw.yaml": alone}, "alone")
    shop.change({ORG: RENAMED})
    ran = shop.gate("--snapshot", "../nowhere.db", "--output", "json=../report.json")
    report = shop.judged("--snapshot", "../nowhere.db")

    assert ran.code == 1
    assert told(report) == BOTH_ENDS
    assert report["proposal"]["alone"].startswith("../nowhere.db: cannot be opened (no such file or directory)")
    assert report["proposal"]["surroundings"] == "snapshot ../nowhere.db"
    assert "alone, without snapshot ../nowhere.db: ../nowhere.db: cannot be opened" in " ".join(ran.out.split())


# -- one on a server


@dataclass
class Served:
    """A server with one snapshot, and what it was asked: (If-None-Match, Authorization)."""

    content: bytes
    etag: str = '"1"'
    token: str | None = None
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    port: int = 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        known, said = request.headers.get("If-None-Match"), request.headers.get("Authorization")
        self.asked.append((known, said))
        status, body = 200, self.content
        if self.token is not None and said != f"Bearer {self.token}":
            status, body = 401, b'{"message": "401 Unauthorized"}'
        elif request.path != "/base.db":
            status, body = 404, b"<html>Not here</html>"
        elif known == self.etag:
            status, body = 304, b""
        self.statuses.append(status)
        request.send_response(status)
        request.send_header("ETag", self.etag)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def url(self, path: str = "base.db") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def served(base: Path) -> Iterator[Served]:
    made = Served(base.read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *said: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_snapshot_on_a_server_is_fetched_once_as_long_as_it_stays_the_same(
    shop: Repository, served: Served, tmp_path: Path
) -> None:
    shop.change({ORG: RENAMED})
    kept = {"BYLAW_CACHE": str(tmp_path / "cache")}
    first = shop.judged("--snapshot", served.url(), environment=kept)
    second = shop.judged("--snapshot", served.url(), environment=kept)
    served.etag = '"2"'
    third = shop.judged("--snapshot", served.url(), environment=kept)

    assert [known for known, _ in served.asked] == [None, '"1"', '"1"']
    assert served.statuses == [200, 304, 200]
    assert first == second == third
    assert ("new", "ownership/owner-unknown", "component:default/till") in told(first)
    assert first["proposal"]["surroundings"].startswith(f"snapshot {served.url()} of 2026-11-20")
    assert {each.suffix for each in (tmp_path / "cache").iterdir()} == {".snapshot", ".etag"}


def test_the_token_comes_from_the_environment_and_goes_to_the_server_alone(shop: Repository, served: Served) -> None:
    served.token = "s3cret-token"
    said = ("--snapshot", served.url(), "--token-env", "BASE_TOKEN")
    right = shop.gate(*said, environment={"BASE_TOKEN": "s3cret-token"})
    wrong = shop.gate(*said, environment={"BASE_TOKEN": "0ther-token"})
    unset = shop.gate(*said)

    assert served.asked == [(None, "Bearer s3cret-token"), (None, "Bearer 0ther-token")]
    assert right.code == 0
    assert (wrong.code, unset.code) == (3, 3)
    assert 'answered 401 ("401 Unauthorized")' in wrong.err
    assert "the token for the base is not there: BASE_TOKEN is not set" in unset.err
    assert "token" not in wrong.err.replace("BASE_TOKEN", "")


def test_a_server_that_has_no_snapshot_leaves_it_undecided(shop: Repository, served: Served) -> None:
    ran = shop.gate("--snapshot", served.url("gone.db"))

    assert ran.code == 3
    assert f"{served.url('gone.db')}: answered 404" in ran.err


def test_a_server_that_answers_something_else_leaves_it_undecided(shop: Repository, served: Served) -> None:
    served.content = b"<html>Sign in</html>"
    ran = shop.gate("--snapshot", served.url())

    assert ran.code == 3
    assert "is no snapshot but a web page" in ran.err


# -- how much of it there is


@pytest.mark.parametrize(
    ("complete", "decision", "outcome"),
    [("auto", "denied", "fail"), ("true", "denied", "fail"), ("false", "denied", "unknown")],
)
def test_the_settings_say_whether_the_base_is_all_there_is(
    shop: Repository, base: Path, complete: str, decision: str, outcome: str
) -> None:
    shop.commit({"bylaw.yaml": f"{LAW}catalog: {{complete: {complete}}}\n"}, "complete")
    shop.change({"orders/catalog-info.yaml": ORDERS.replace("payments", "elsewhere")})
    report = shop.judged(*OVER, "--approver", "jane")

    found = [each["outcome"] for each in report["findings"] if each["rule"] == "ownership/owner-unknown"]
    assert (report["decision"], found) == (decision, [outcome])
    assert report["catalog"]["complete"] is (complete != "false")
