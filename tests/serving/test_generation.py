"""A generation: what a server answers from, and what it does not believe."""

from __future__ import annotations

import resource
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bylaw
from bylaw import config, pipeline
from bylaw.serving import generation, origins
from bylaw.serving.generation import Generation, Same
from bylaw.serving.recipe import Recipe, RefreshError
from bylaw.sources import web
from bylaw.sources.snapshot import open_snapshot
from tests.serving.pools import recipe, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.catalog import Catalog

pytestmark = pytest.mark.usefixtures("forked")

READ = pipeline.read
ACME = ROOT / "fixtures" / "catalogs" / "acme"


def made(of: Recipe, environment: dict[str, str] | None = None) -> tuple[Generation, str]:
    """A generation and its fingerprint."""
    found = generation.load(of, environment or {})
    assert not isinstance(found, Same)
    return found


def refused(of: Recipe, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(RefreshError) as error:
        generation.load(of, environment or {})
    return str(error.value)


def based(folder: Path, base: str) -> Recipe:
    """What reads the catalog from where ``catalog.base`` says."""
    write(folder, "local", more=f"catalog: {{base: {base}}}\n")
    return replace(recipe(folder), paths=(), root=str(folder))


@contextmanager
def answering(body: bytes, kind: str = "application/json") -> Iterator[str]:
    """A server that answers everything with the same; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *said: Any) -> None:
            """Nothing: the output of a test belongs to pytest."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_is_what_the_command_line_would_judge(tmp_path: Path) -> None:
    settings = config.read(root=ACME)
    report = bylaw.check(pipeline.read(ACME, settings=settings), settings=settings)
    found, _ = made(Recipe(folder=str(tmp_path), paths=(str(ACME),), root=str(ACME)))

    assert (found.digests.catalog, found.digests.policies, found.digests.waivers) == (
        report.catalog_digest,
        report.policies_digest,
        report.waivers_digest,
    )
    assert (found.engine, found.catalog.complete, found.settings) == (report.engine, report.complete, settings)
    assert found.digests.constraints == (found.constraints.digest if found.constraints else None)
    assert found.graph.as_data() == pipeline.graph(found.catalog).as_data()


def test_its_snapshot_is_a_base_for_gates(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop", more="catalog: {repository: https://gitlab.example.com/shop/orders}\n")
    found, _ = made(replace(recipe(folder), number=7))

    assert found.snapshot == tmp_path / "catalog-files" / "generation-7.snapshot"
    with open_snapshot(found.snapshot) as snapshot:
        assert set(snapshot.entities(["group:default/shop"])) == {"group:default/shop"}
        assert (snapshot.repository, snapshot.source) == (
            "https://gitlab.example.com/shop/orders",
            "files of a checkout",
        )
        assert snapshot.made == found.made.replace(microsecond=0)


def test_rules_that_are_named_besides_hold_as_well(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    rule = tmp_path / "rules" / "nothing.rego"
    rule.parent.mkdir()
    rule.write_text(
        "# METADATA\n# title: Nothing\n# description: Finds nothing.\n"
        "# custom: {severity: info, applies_to: {kind: Group}, reads: entity, remediation: None.}\n"
        "package bylaw.demo.nothing\n\nimport future.keywords.not\nimport rego.v1\n\n"
        'findings contains {"pointer": "", "message": "x"} if false\n'
    )

    found, _ = made(recipe(folder, policies=(str(rule.parent),)))

    assert [each.id for each in found.policies.rules] == ["demo/nothing"]


# -- where the catalog comes from


def test_a_branch_is_read_as_it_was_committed(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "committed", more="catalog: {base: {git: main}}\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    (folder / "catalog-info.yaml").write_text("not: committed")

    found, _ = made(replace(recipe(folder), paths=(), root=str(folder)))

    assert list(found.catalog.entities) == ["group:default/committed"]
    assert (found.source, found.catalog.complete) == ("branch main", True)
    with open_snapshot(found.snapshot) as snapshot:
        assert snapshot.commit == commit.stdout.strip()
    assert refused(based(tmp_path / "elsewhere", "{git: mian}")).startswith("catalog.base.git mian: ")


def test_a_snapshot_that_the_settings_name_is_read_and_is_as_old_as_it_says(tmp_path: Path) -> None:
    other, _ = made(recipe(write(tmp_path / "other", "shop", "payments")))
    of = based(tmp_path / "catalog", "{snapshot: base.db}")
    (tmp_path / "catalog" / "base.db").write_bytes(other.snapshot.read_bytes())

    found, _ = made(of)

    assert found.digests == other.digests
    assert found.snapshot.read_bytes() == other.snapshot.read_bytes()
    assert found.made == other.made.replace(microsecond=0)
    assert found.source == f"snapshot {tmp_path}/catalog/base.db"
    assert origins.is_remote(of, found.settings)


def test_paths_count_more_than_the_base(tmp_path: Path) -> None:
    of = based(tmp_path / "catalog", "{snapshot: nowhere.db}")

    found, _ = made(replace(of, paths=(str(tmp_path / "catalog"),)))

    assert list(found.catalog.entities) == ["group:default/local"]
    assert not origins.is_remote(replace(of, paths=(".",)), found.settings)


def test_what_another_replica_has_read_counts_more_than_the_sources(tmp_path: Path) -> None:
    other, _ = made(recipe(write(tmp_path / "other", "theirs")))

    found, _ = made(recipe(write(tmp_path / "catalog", "ours"), snapshot=str(other.snapshot)))

    assert list(found.catalog.entities) == ["group:default/theirs"]


# -- what was pushed


def test_what_was_pushed_stands_in_place_of_what_the_sources_say(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "edited", "gone", "kept")
    pushed = [
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Group",
            "metadata": {
                "name": name,
                "uid": "0b17",
                "annotations": {"backstage.io/managed-by-location": "url:https://git.example.com/x/blob/main/a.yaml"},
            },
            "spec": {"type": "squad", "children": []},
            "relations": [],
        }
        for name in ("edited", "new")
    ]

    found, _ = made(recipe(folder, pushed=tuple(pushed), deleted=("group:default/gone", "group:default/unknown")))

    entities = found.catalog.entities
    assert {key: entities[key].spec["type"] for key in sorted(entities)} == {
        "group:default/edited": "squad",
        "group:default/kept": "team",
        "group:default/new": "squad",
    }
    assert entities["group:default/new"].data == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {"name": "new", "namespace": "default"},
        "spec": {"type": "squad", "children": []},
    }
    assert entities["group:default/new"].document.url == "https://git.example.com/x/blob/main/a.yaml"
    with open_snapshot(found.snapshot) as snapshot:
        assert snapshot.borne(["group:default/new", "group:default/gone"]) == {"group:default/new"}


def test_what_is_pushed_and_is_no_entity_takes_nothing_away(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    found, _ = made(recipe(folder, pushed=({"kind": "Group"}, {"metadata": []})))

    assert list(found.catalog.entities) == ["group:default/shop"]
    assert [each.data for each in found.catalog.documents if each.path is None] == [{"kind": "Group"}, {"metadata": []}]


# -- whether it is another one


def test_the_same_again_is_not_made_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    first, fingerprint = made(recipe(folder))

    again = generation.load(replace(recipe(folder), number=2, known=fingerprint), {})

    assert isinstance(again, Same)
    assert again.made > first.made
    assert not (tmp_path / "catalog-files" / "generation-2.snapshot").exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("catalog-info.yaml", "{kind: Group, metadata: {name: other}}"),
        ("catalog-info.yaml", "{kind: Group, metadata: {name: shop}, spec: {type: twice}}"),
        ("catalog-info.yaml", "no: entity"),
        ("catalog-info.yaml", "no: yaml: at all"),
        ("bylaw.yaml", "enforcement: {default: warn}"),
        ("bylaw.yaml", "catalog: {complete: false}"),
        ("waivers.yaml", "- {id: w1}"),
    ],
)
def test_whatever_an_answer_may_depend_on_makes_it_another_one(tmp_path: Path, file: str, text: str) -> None:
    folder = write(tmp_path / "catalog", "shop", more="waivers: {paths: [waivers.yaml]}\n")
    (folder / "waivers.yaml").write_text("")
    _, fingerprint = made(recipe(folder))
    with (folder / file).open("a") as more:
        more.write(f"{text}\n")

    _, other = made(recipe(folder, known=fingerprint))

    assert other != fingerprint


@given(
    st.builds(
        Recipe,
        folder=st.text(),
        paths=st.lists(st.text(), max_size=2).map(tuple),
        root=st.none() | st.text(),
        pushed=st.lists(st.dictionaries(st.text(), st.none() | st.integers(-9, 9)), max_size=2).map(tuple),
        least=st.integers(0, 9),
    )
)
def test_a_recipe_arrives_as_it_was_sent(of: Recipe) -> None:
    assert Recipe.of_json(of.to_json()) == of


# -- sources that lie


def test_a_catalog_without_an_entity_is_not_believed(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog")
    told = "a catalog of no entity is not believed: say where the catalog is, in PATHS or in catalog.base of bylaw.yaml"

    assert refused(recipe(folder)) == f"the files at {folder}: {told}"


def test_a_catalog_that_has_lost_too_much_is_not_believed(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    assert refused(recipe(folder, least=4)) == (
        f"the files at {folder}: has 1 entity, expected at least 4 (server.most_lost); if that many are gone indeed, "
        "raise it or start the server again"
    )
    assert len(made(recipe(folder, least=1))[0].catalog.entities) == 1


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"<html>Sign in</html>", "text/html", "answered text/html, expected JSON: a page to log in?"),
        (b'{"items": [{"kind": "Group"', "application/json", "answered application/json, expected JSON"),
        (orjson.dumps({"items": [], "pageInfo": {}}), "application/json", "shows not one entity"),
        (orjson.dumps({"items": [{"kind": "Group"}], "pageInfo": {}}), "application/json", "without a kind and a name"),
        (b"[]", "application/json", "answered no page of entities"),
    ],
)
def test_a_backstage_that_lies_is_named(tmp_path: Path, body: bytes, kind: str, said: str) -> None:
    with answering(body, kind) as url:
        told = refused(based(tmp_path / "catalog", f"{{backstage: {{url: '{url}'}}}}"))

    assert told.startswith(f"Backstage {url}: ")
    assert said in told


@pytest.mark.parametrize(
    ("base", "body", "said"),
    [
        ("snapshot", b"<html>Sign in</html>", "is no snapshot but a web page"),
        ("bylaw", b'{"status": 500}', "is no snapshot but JSON"),
        ("snapshot", b"", "is no snapshot but empty"),
        ("bylaw", None, "is damaged"),
    ],
)
def test_a_server_that_gives_no_snapshot_is_named(tmp_path: Path, base: str, body: bytes | None, said: str) -> None:
    if body is None:  # one that was cut off
        body = made(recipe(write(tmp_path / "other", "shop")))[0].snapshot.read_bytes()[:-200]
    with answering(body, "application/octet-stream") as url:
        told = refused(based(tmp_path / "catalog", f"{{{base}: '{url}'}}"))

    assert told.startswith(f"snapshot {url}: " if base == "snapshot" else f"the server {url}: ")
    assert said in told


def test_a_source_that_is_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with answering(b"") as url:
        pass

    told = refused(based(tmp_path / "catalog", f"{{backstage: {{url: '{url}'}}}}"))

    assert told.startswith(f"Backstage {url}: ")


def test_a_token_that_is_not_there_is_named(tmp_path: Path) -> None:
    with answering(b"{}") as url:
        of = based(tmp_path / "catalog", f"{{backstage: {{url: '{url}', token_env: BACKSTAGE_TOKEN}}}}")
        told = refused(of)

    assert "BACKSTAGE_TOKEN is not set" in told


@pytest.mark.parametrize(
    ("settings", "said", "code"),
    [
        ("version: 1\npolices: {}\n", "bylaw.yaml: polices is not a setting (did you mean policies?)", 2),
        ("version: 1\npolicies: {paths: [none]}\n", "policies.paths: ", 2),
        ("version: 1\npolicies: {paths: [broken.rego]}\n", "broken.rego:1: no # METADATA block", 2),
        ("version: 1\npolicies: {paths: [broken.py]}\n", "broken.py: does not load: ZeroDivisionError", 2),
        ("version: 1\nwaivers: {paths: [none.yaml]}\n", "none.yaml does not exist", 2),
        ("version: 1\ncatalog: {repository: nowhere}\n", "catalog.repository: nowhere names no repository", 2),
    ],
)
def test_law_that_cannot_be_used_is_named(tmp_path: Path, settings: str, said: str, code: int) -> None:
    folder = write(tmp_path / "catalog", "shop")
    (folder / "bylaw.yaml").write_text(f"{settings}admission: {{bundled: false}}\n")
    (folder / "broken.rego").write_text("package bylaw.demo.broken\nfindings contains {{\n")
    (folder / "broken.py").write_text("1 / 0\n")

    with pytest.raises(RefreshError) as error:
        generation.load(recipe(folder), {})

    assert said in str(error.value)
    assert error.value.exit_code == code


# -- what can be told without reading a catalog


@pytest.fixture
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written is taken to be done with at once."""
    monkeypatch.setattr(origins, "_JUST_NOW", -(10**9))


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("added", ["catalog-info.yaml", "docs/mkdocs.yml", "folder/"])
def test_files_that_nobody_has_touched_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: str
) -> None:
    folder = write(tmp_path / "catalog", "shop")
    _, fingerprint = made(recipe(folder))
    reads: list[Any] = []

    def read(*said: Any, **more: Any) -> Catalog:
        reads.append(said)
        return READ(*said, **more)

    monkeypatch.setattr(pipeline, "read", read)

    assert isinstance(generation.load(recipe(folder, known=fingerprint), {}), Same)
    assert reads == []
    path = folder / added
    path.parent.mkdir(exist_ok=True)
    if added.endswith("/"):
        path.mkdir()
    else:
        with path.open("a") as file:
            file.write("# nothing that matters\n")
    again = generation.load(recipe(folder, known=fingerprint), {})
    assert isinstance(again, Same)
    assert len(reads) == 1
    assert isinstance(generation.load(recipe(folder, known=again.fingerprint), {}), Same)
    assert len(reads) == 1


def test_a_file_that_was_written_just_now_may_still_change_unseen_so_it_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    assert made(recipe(folder))[1].startswith("/")
    assert origins._stamp(tmp_path / "none") == ""


@pytest.mark.parametrize("base", [None, "{snapshot: base.db}"])
def test_a_full_disk_is_a_failed_refresh(tmp_path: Path, base: str | None) -> None:
    folder = tmp_path / "catalog"
    other, _ = made(recipe(write(tmp_path / "other", "shop")))
    of = based(folder, base) if base else recipe(write(folder, "shop"))
    (folder / "base.db").write_bytes(other.snapshot.read_bytes())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        told = refused(of)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert told.startswith(f"{tmp_path}/catalog-files/generation-1.snapshot: cannot be written (")
