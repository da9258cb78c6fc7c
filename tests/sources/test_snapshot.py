"""A catalog in a file: what comes out is what went in, or nothing does."""

from __future__ import annotations

import random
import string
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.catalog import Catalog, Kinds, build
from bylaw.config import CatalogSettings, KindSetting, RelationSetting
from bylaw.model import Document, EntityRef, Location, Outcome, Problem
from bylaw.sources.snapshot import Snapshot, kinds_digest, open_snapshot
from tests.shared import examples
from tests.sources.snapshots import KINDS, NOW, SHOP, catalog, entity, kept, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# -- what goes in comes out

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ODD = st.sampled_from(
    ["", "\0", "a\0b", "\n", "null", "\x1b[31m", "\u202e", "é", "İ", "😀", "a" * 300, "%s", "'", '"', "?"]
)
NAMES = st.sampled_from(["a", "b", "C", "c", "x/y", "x:y", "a\0b", "İ", "a'b"]) | TEXTS
REFS = st.sampled_from(["a", "component:b", "group:x/C", "resource:ns/c", "", ":x", "a:b:c", "component:a\0b"]) | TEXTS
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ODD
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | ODD, inner, max_size=3),
    max_leaves=6,
)
ENTITIES = st.builds(
    entity,
    NAMES | JSON,
    st.sampled_from(["Component", "component", "Resource", "Group", "User", "K:ind", "API"]) | JSON,
    st.none() | JSON | st.dictionaries(st.sampled_from(["one", "two", "", "a\0b"]), TEXTS | JSON, max_size=3),
    owner=REFS | JSON,
    dependsOn=st.lists(REFS, max_size=4) | JSON,
    dependencyOf=st.lists(REFS, max_size=3),
    memberOf=st.lists(REFS, max_size=2),
    members=st.lists(REFS, max_size=2),
    note=JSON,
)
PROBLEMS = st.builds(
    Problem,
    st.sampled_from(["catalog/yaml-invalid", "catalog/placeholder-unresolved"]),
    TEXTS,
    TEXTS,
    st.none() | st.builds(Location, TEXTS, *[st.integers(1, 99)] * 4),
    JSON,
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.sampled_from(Outcome),
)
PLACES = st.tuples(
    st.none() | st.sampled_from(["a.yaml", "b/a.yaml", "b/é \n'.yaml"]) | TEXTS,
    st.integers(0, 3),
    st.none()
    | st.sampled_from([f"{SHOP}/-/blob/main/a.yaml", "file:/srv/a.yaml"])
    | TEXTS.filter(lambda each: "@" not in each),
)
DOCUMENTS = st.lists(
    st.builds(
        lambda place, data, problems: Document(place[0], place[1], data, tuple(problems), place[2]),
        PLACES,
        ENTITIES | JSON,
        st.lists(PROBLEMS, max_size=2),
    ),
    max_size=20,
)
FEW = settings(max_examples=examples(20))  # each writes a file to the disk
CATALOGS = st.builds(build, DOCUMENTS, st.just(KINDS), st.sampled_from(["auto", True, False]))


def opened(made: Catalog, look: Callable[[Snapshot], None]) -> None:
    """Look into a snapshot of a catalog, in a folder of its own."""
    with TemporaryDirectory() as folder, kept(Path(folder), made) as found:
        look(found)


def authored(made: Catalog) -> set[tuple[str, str, str, str]]:
    """The edges that a catalog would have if each of its entities were alone, and which entity that is."""
    alone = ((key, replace(made, entities={key: each})) for key, each in made.entities.items())
    return {(*edge, key) for key, one in alone for edge in one.edges()}


@FEW
@given(made=CATALOGS)
def test_the_whole_catalog_comes_back_as_it_was_read(made: Catalog) -> None:
    def look(found: Snapshot) -> None:
        back = found.catalog(KINDS)
        assert back.documents == made.documents
        assert list(back.entities.items()) == list(made.entities.items())
        assert back.duplicates == made.duplicates
        assert (back.complete, back.completeness) == (made.complete, made.completeness)
        assert back.digest() == made.digest()
        assert (found.complete, found.completeness, found.redacted) == (made.complete, made.completeness, 0)
        assert found.count == len(made.entities)
        assert found.bearing == {each.kind for each in made.entities.values()}

    opened(made, look)


@FEW
@given(made=CATALOGS, unknown=REFS, data=st.data())
def test_the_part_that_is_asked_for_is_as_in_the_whole(made: Catalog, unknown: str, data: st.DataObject) -> None:
    edges = authored(made)
    known = sorted({*made.entities, *(source for source, *_ in edges)})
    refs = [*data.draw(st.lists(st.sampled_from(known) if known else st.just("x"))), unknown]

    def look(found: Snapshot) -> None:
        assert found.entities(refs) == {key: made.entities[key] for key in refs if key in made.entities}
        assert found.duplicates(refs) == {key: made.duplicates[key] for key in refs if key in made.duplicates}
        assert set(found.edges(refs)) == {edge for edge in edges if edge[0] in refs}
        for relations in ({"dependsOn"}, {"dependencyOf", "ownedBy", "unknown"}, set[str]()):
            assert set(found.edges(refs, relations)) == {
                edge for edge in edges if edge[0] in refs and edge[1] in relations
            }

    opened(made, look)


@FEW
@given(made=CATALOGS)
def test_the_edges_are_those_of_the_catalog_each_with_its_authors(made: Catalog) -> None:
    def look(found: Snapshot) -> None:
        edges = list(found.edges({source for source, _, _ in made.edges()}))
        assert sorted(edges) == sorted(authored(made))
        assert {edge[:3] for edge in edges} == set(made.edges())
        assert all(author in (source, target) for source, _, target, author in edges)

    opened(made, look)


@FEW
@given(made=CATALOGS)
def test_annotations_and_refs_are_those_of_the_entities(made: Catalog) -> None:
    annotations: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, each in sorted(made.entities.items()):
        said = each.data["metadata"].get("annotations")
        for name, value in said.items() if isinstance(said, dict) else ():
            if isinstance(value, str):
                annotations[name].append((key, value))
    refs = {each.ref for each in made.entities.values()}

    def look(found: Snapshot) -> None:
        for name in {*annotations, "unknown", "one\0", ""}:
            assert list(found.annotated(name)) == annotations.get(name, [])
        assert sorted(found.refs(), key=str) == sorted(refs, key=str)
        for kinds in (["component"], ["COMPONENT", "Group"], ["nothing"], []):
            wanted = {kind.lower() for kind in kinds}
            assert set(found.refs(kinds)) == {ref for ref in refs if ref.kind.lower() in wanted}

    opened(made, look)


@FEW
@given(made=CATALOGS, files=st.lists(st.sampled_from(["a.yaml", "b/a.yaml", "b/é \n'.yaml", "b", "c.yaml", "\ud800"])))
def test_the_documents_of_a_file_are_found_by_its_path(made: Catalog, files: list[str]) -> None:
    def look(found: Snapshot) -> None:
        assert found.located(iter(files), None) == [each for each in made.documents if each.path in files]
        assert found.files(None) == sorted({each.path for each in made.documents if each.path})

    opened(made, look)


@pytest.mark.parametrize("text", ["\ud800", "component:default/\udfff", ""])
def test_a_ref_that_no_file_can_hold_is_not_there(text: str, tmp_path: Path) -> None:
    with kept(tmp_path, catalog(entity("a", owner="b"))) as found:
        assert found.entities([text, "component:default/a"]).keys() == {"component:default/a"}
        assert (found.duplicates([text]), list(found.edges([text])), list(found.annotated(text))) == ({}, [], [])


def test_an_edge_that_both_ends_say_has_two_authors(tmp_path: Path) -> None:
    made = catalog(entity("a", dependsOn=["component:b"]), entity("b", dependencyOf=["component:a"]))
    with kept(tmp_path, made) as found:
        assert sorted(found.edges(["component:default/a"])) == [
            ("component:default/a", "dependsOn", "component:default/b", "component:default/a"),
            ("component:default/a", "dependsOn", "component:default/b", "component:default/b"),
        ]


def test_an_entity_may_refer_to_itself_and_say_it_twice(tmp_path: Path) -> None:
    with kept(tmp_path, catalog(entity("a", dependsOn=["component:a", "component:A"]))) as found:
        me = "component:default/a"
        assert sorted(found.edges([me, me])) == [(me, "dependencyOf", me, me), (me, "dependsOn", me, me)]


def test_one_node_may_have_very_many_edges(tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(50_000)]
    with kept(tmp_path, catalog(entity("hub", dependsOn=[f"component:{name}" for name in names]))) as found:
        targets = [target for _, _, target, _ in found.edges(["component:default/hub"])]
        assert sorted(targets) == sorted(f"component:default/{name}" for name in names)
        assert list(found.edges(["component:default/e7"])) == [
            ("component:default/e7", "dependencyOf", "component:default/hub", "component:default/hub")
        ]


def test_a_huge_document_comes_back_and_its_neighbours_with_it(tmp_path: Path) -> None:
    definition = "".join(random.Random(1).choices(string.printable, k=3_000_000))
    made = catalog(entity("a", owner="x"), entity("b", "API", definition=definition), entity("c", owner="x"))
    with kept(tmp_path, made) as found:
        keys = ["component:default/a", "api:default/b", "component:default/c"]
        assert found.entities(keys) == {key: made.entities[key] for key in keys}


def test_documents_of_every_block_are_found(tmp_path: Path) -> None:
    made = catalog(*(entity(f"e{number}", note="x" * (number % 7) * 9_000) for number in range(200)))
    with kept(tmp_path, made) as found:
        assert found.entities(reversed(list(made.entities))) == made.entities
        for key in made.entities:
            assert found.entities([key]) == {key: made.entities[key]}


def test_an_empty_catalog_is_one(tmp_path: Path) -> None:
    with kept(tmp_path, catalog()) as found:
        assert found.catalog(KINDS).documents == ()
        assert (found.count, found.bearing, found.files(None), list(found.refs())) == (0, frozenset(), [], [])


def test_what_is_known_of_the_snapshot_itself(tmp_path: Path) -> None:
    made = catalog(entity("a"), entity("g", "Group"), entity("h", "Group"))
    summer = datetime(2026, 6, 1, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    said = {"repository": "git@GitLab.example.com:shop/orders.git", "commit": "1a2b", "made": summer}
    with kept(
        tmp_path, made, **said, source="Backstage https://me:pass@example.com/x", etags={"one": 'W/"1"'}
    ) as found:
        assert (found.repository, found.commit, found.made) == (SHOP, "1a2b", datetime(2026, 6, 1, 7, 0, tzinfo=UTC))
        assert (found.source, found.etags()) == ("Backstage https://example.com/x", {"one": 'W/"1"'})
        assert found.counts == {"Component": 1, "Group": 2}
        assert (found.complete, found.completeness) == (True, "it holds 2 Groups")


# -- digests


@FEW
@given(one=CATALOGS, other=CATALOGS)
def test_the_digest_says_whether_two_snapshots_hold_the_same(one: Catalog, other: Catalog) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        digest = write(folder / "one.db", one)
        assert (
            write(folder / "again.db", one, made=NOW + timedelta(days=9), repository=SHOP, commit="1", source="y")
            == digest
        )
        same = (one.documents, one.complete, one.completeness) == (other.documents, other.complete, other.completeness)
        typed = repr(one.documents) == repr(other.documents)  # 1 == 1.0 == True
        assert (write(folder / "other.db", other) == digest) is (same and typed)
        with open_snapshot(folder / "one.db") as found:
            assert found.digest == digest


def test_the_order_of_keys_is_not_part_of_a_catalog(tmp_path: Path) -> None:
    data = entity("a", owner="x")
    backwards = dict(reversed(data.items()))
    assert write(tmp_path / "1.db", catalog(data)) == write(tmp_path / "2.db", catalog(backwards))


def test_the_same_catalog_at_the_same_time_makes_the_same_bytes(tmp_path: Path) -> None:
    made = catalog(*(entity(f"e{number}", owner=f"o{number % 7}") for number in range(300)))
    files = [tmp_path / "1.db", tmp_path / "2.db"]
    for file in files:
        write(file, made)
    assert files[0].read_bytes() == files[1].read_bytes()


SERVICE = KindSetting(
    "Service",
    ("example.com/v1",),
    {"type": "object"},
    (RelationSetting("spec.team", "ownedBy", "ownerOf", "Group", ("Group",)),),
)


def test_kinds_differ_by_what_they_refer_to_and_not_by_their_schemas() -> None:
    def digest(**more: Any) -> str:
        return kinds_digest(Kinds.of(CatalogSettings(kinds=(replace(SERVICE, **more),))))

    assert digest() == digest(schema={"type": "object", "required": ["spec"]})
    field = SERVICE.relations[0]
    others = [
        digest(relations=()),
        digest(relations=(replace(field, path="spec.owner"),)),
        digest(relations=(replace(field, relation="partOf"),)),
        digest(relations=(replace(field, reverse="hasPart"),)),
        digest(relations=(replace(field, default_kind="User"),)),
        digest(kind="Job"),
        digest(spec_type="batch"),
        digest(api_versions=("example.com/v2",)),
        kinds_digest(KINDS),
        kinds_digest(Kinds.of(CatalogSettings(ai_model=False))),
    ]
    assert len({digest(), *others}) == 1 + len(others)


def test_a_snapshot_remembers_by_which_kinds_its_edges_were_found(tmp_path: Path) -> None:
    with kept(tmp_path, catalog(entity("a"))) as found:
        assert found.kinds_digest == kinds_digest(KINDS)
        assert found.kinds_digest != kinds_digest(Kinds.of(CatalogSettings(kinds=(SERVICE,))))


# -- whose files they are


def at(url: str | None, name: str, path: str | None = None) -> Document:
    return Document(path, 0, entity(name), url=url)


def names(documents: Iterable[Document]) -> list[str]:
    return [each.data["metadata"]["name"] for each in documents]


@pytest.mark.parametrize(
    ("made_of", "asked", "expected"),
    [
        ("git@gitlab.example.com:shop/orders.git", SHOP, ["a"]),
        (SHOP, "https://token:x@gitlab.example.com/shop/orders.git", ["a"]),
        (None, None, ["a"]),
        (SHOP, None, []),
        (None, SHOP, []),
        (SHOP, f"{SHOP}-2", []),
        (SHOP, "https://gitlab.example.com/shop", []),
    ],
)
def test_files_of_a_checkout_are_those_of_its_repository(
    made_of: str | None, asked: str | None, expected: list[str], tmp_path: Path
) -> None:
    with kept(tmp_path, catalog(at(None, "a", "a.yaml"), at(None, "b", "b.yaml")), repository=made_of) as found:
        assert names(found.located(["a.yaml", "c.yaml"], asked)) == expected
        assert found.files(asked) == (["a.yaml", "b.yaml"] if expected else [])


BACKSTAGE = catalog(
    at(f"{SHOP}/-/blob/main/a.yaml", "main"),
    at(f"{SHOP}/-/tree/main/b/a%20b.yaml", "spaced"),
    at(f"{SHOP}/-/blob/HEAD/c.yaml", "head"),
    at(f"{SHOP}/-/blob/feature/x/a.yaml", "feature"),
    at(f"{SHOP}-2/-/blob/main/a.yaml", "other"),
    at("https://gitlab.example.com/shop/orders/eu/-/blob/main/a.yaml", "subgroup"),
    at("https://dev.azure.com/org/shop/_git/orders?path=/a.yaml&version=GBfeature%2Fx", "azure"),
    at("file:/srv/shop/x/../a.yaml", "local"),
    at("https://backstage.example.com/catalog/default/component/x", "page"),
    at(None, "nowhere"),
)


@pytest.mark.parametrize(
    ("files", "repository", "more", "expected"),
    [
        (["a.yaml", "c.yaml"], SHOP, {"branch": "main"}, ["head", "main"]),
        (["b/a b.yaml"], SHOP.upper().replace("HTTPS", "https"), {"branch": "main"}, ["spaced"]),
        (["a.yaml"], SHOP, {"branch": "feature/x"}, ["feature"]),
        (["a.yaml", "x/a.yaml"], SHOP, {}, ["feature", "main"]),  # of a branch that nobody names: one word
        (["a.yaml"], f"{SHOP}-2", {"branch": "main"}, ["other"]),
        (["a.yaml"], f"{SHOP}/eu", {}, ["subgroup"]),
        (["a.yaml"], "git@ssh.dev.azure.com:v3/org/shop/orders", {"branch": "feature/x"}, ["azure"]),
        (["a.yaml"], "git@ssh.dev.azure.com:v3/org/shop/orders", {}, ["azure"]),
        (["a.yaml"], "git@ssh.dev.azure.com:v3/org/shop/orders", {"branch": "main"}, []),
        (["a.yaml"], None, {"root": Path("/srv/shop")}, ["local"]),
        (["a.yaml"], SHOP, {"root": Path("/srv/shop"), "branch": "main"}, ["local", "main"]),
        (["a.yaml"], None, {}, []),
        (["main/a.yaml"], SHOP, {"branch": "main"}, []),
    ],
)
def test_files_of_a_backstage_are_known_by_their_addresses(
    files: list[str], repository: str | None, more: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    with kept(tmp_path, BACKSTAGE, source="Backstage") as found:
        assert sorted(names(found.located(files, repository, **more))) == expected
        assert set(files) & set(found.files(repository, **more)) == set(files[: len(expected)])


def test_the_files_of_one_repository_in_a_backstage(tmp_path: Path) -> None:
    with kept(tmp_path, BACKSTAGE, source="Backstage") as found:
        assert found.files(SHOP, branch="main") == ["a.yaml", "b/a b.yaml", "c.yaml"]
        assert found.files(SHOP, branch="feature/x") == ["a.yaml", "c.yaml"]
        assert found.files(f"{SHOP}/e") == []


# -- secrets

TOKEN = "glpat-" + "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=20))
AWS = "".join(random.Random(8).choices(string.ascii_letters + string.digits + "/+", k=40))


def everything(found: Snapshot) -> str:
    """All that can be read in a snapshot, as text."""
    tables = [name for (name,) in found._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [row for table in tables for row in found._connection.execute(f"SELECT * FROM {table}")]
    back = found.catalog(KINDS)
    annotated = [list(found.annotated(key)) for key in ("token", "other")]
    return repr((rows, back.documents, annotated, list(found.refs()), found.etags()))


def test_no_secret_is_in_the_file_and_all_else_is(tmp_path: Path) -> None:
    problem = Problem("catalog/yaml-invalid", f"found {TOKEN}", observed=TOKEN)
    made = catalog(
        entity("clean", owner="x"),
        entity(
            "a", annotations={"token": TOKEN, "other": "kept"}, owner=f"group:{TOKEN}", tokens=[TOKEN, {TOKEN: "x"}]
        ),
        entity("b", aws_secret_access_key=AWS, aws=[{"aws_secret_key": AWS}]),
        Document("c.yaml", 0, None, (problem,)),
        Document(None, 0, entity("d", note="kept"), url=f"https://oauth2:{TOKEN}@gitlab.example.com/x"),
        Document(None, 1, entity("e"), url="https://s3cret-user@gitlab.example.com/x/y/-/blob/main/a.yaml"),
    )
    with kept(tmp_path, made, source=f"https://me:{TOKEN}@example.com", etags={TOKEN: "1"}) as found:
        said = everything(found) + found.path.read_bytes().decode("latin-1") + found.source
        for secret in (TOKEN, TOKEN.lower(), AWS, "s3cret-user"):
            assert secret not in said
        entities = found.entities(f"component:default/{name}" for name in ("clean", "a", "b", "d", "e"))
        assert entities["component:default/clean"] == made.entities["component:default/clean"]
        a, b = (entities[f"component:default/{name}"].data for name in "ab")
        assert a["metadata"]["annotations"] == {"token": "[secret]", "other": "kept"}
        assert a["spec"] == {"owner": "group:[secret]", "tokens": ["[secret]", {"[secret]": "x"}]}
        assert b["spec"] == {"aws_secret_access_key": "[secret]", "aws": [{"aws_secret_key": "[secret]"}]}
        assert [target for _, _, target, _ in found.edges(["component:default/a"])] == ["group:default/[secret]"]
        d, e = (entities[f"component:default/{name}"].document for name in "de")
        assert (d.data, d.url) == (entity("d", note="kept"), "https://gitlab.example.com/x")
        assert e.url == "https://gitlab.example.com/x/y/-/blob/main/a.yaml"
        assert found.redacted == 10


def test_entities_whose_names_are_secrets_stand_twice(tmp_path: Path) -> None:
    made = catalog(entity(TOKEN, owner="x"), entity(f"{TOKEN}2", owner="y"), entity("c"))
    with kept(tmp_path, made) as found:
        assert set(found.refs()) == {
            EntityRef("Component", "default", "[secret]"),
            EntityRef("Component", "default", "c"),
        }
        assert found.duplicates(["component:default/[secret]"]).keys() == {"component:default/[secret]"}
        assert (found.count, found.redacted) == (2, 2)
        assert (found.complete, found.completeness) == (made.complete, made.completeness)


def test_what_only_looks_like_a_secret_stays(tmp_path: Path) -> None:
    made = catalog(entity("a", note="eyjafjallajökull", url="https://x.example.com", mail="me@example.com"))
    with kept(tmp_path, made) as found:
        assert (found.catalog(KINDS).documents, found.redacted) == (made.documents, 0)


def test_a_ref_with_a_nul_is_asked_for_like_any_other(tmp_path: Path) -> None:
    made = catalog(Document("a.yaml", 0, entity("a\0b", owner="team-a")), Document("b.yaml", 0, entity("a")))
    write(tmp_path / "base.db", made)

    with open_snapshot(tmp_path / "base.db") as snapshot:
        assert snapshot.borne(["component:default/a\0b"]) == {"component:default/a\0b"}
        assert set(snapshot.entities(["component:default/a\0b", "component:default/a"])) == {
            "component:default/a\0b",
            "component:default/a",
        }
        assert list(snapshot.edges(["component:default/a\0b"])) == [
            ("component:default/a\0b", "ownedBy", "group:default/team-a", "component:default/a\0b")
        ]
