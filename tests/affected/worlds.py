"""Catalogs and changes of them, drawn at random: small, crowded, and with much in them that nobody should write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from bylaw.affected import Whole
from bylaw.catalog import Kinds, address, build, differ
from bylaw.config import CatalogSettings, KindSetting, RelationSetting
from bylaw.graphs import Graph
from bylaw.model import Document, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.catalog import Catalog

CATALOG = CatalogSettings(
    kinds=(
        KindSetting(
            "Machine",
            ("example.com/v1",),
            relations=(
                RelationSetting("spec.owner", "ownedBy", "ownerOf", "Group"),
                RelationSetting("spec.host", "runsOn", "runs", "Machine"),
                RelationSetting("spec.uses", "dependsOn", "usedBy"),  # dependsOn has two ways back
                RelationSetting("spec.peers", "peer-of", "peer-of", "Machine"),
                RelationSetting("spec.keeps", "ownerOf", "ownedBy", "Component"),  # what others say of their own owner
            ),
        ),
        KindSetting(
            "Machine",
            ("example.com/v1",),
            relations=(RelationSetting("spec.backup", "backs", "runs", "Machine"),),  # and runs has two
            spec_type="spare",
        ),
    )
)
KINDS = Kinds.of(CATALOG)

Files = dict[str, list[Any]]
"""What stands in each file; what is no mapping is a document that could not be read."""

GROUPS = [*(f"group-{letter}" for letter in "abc"), "team-payments"]
USERS = ["jane", "joe"]
NAMES = [f"c{number}" for number in range(4)]
APIS = ["api-a", "api-b", "api-c"]
SYSTEMS = ["shop", "checkout"]
MACHINES = ["m0", "m1", "m2"]
ODD_NAMES = [" c0", "y/z", "a:b", "C1", "ops/c1", "${{ values.name }}"]
ODD_VALUES: list[Any] = [
    0,
    True,
    1,
    1.5,
    "",
    " ",
    {},
    {"c0": "c1"},
    [],
    [1, "c0", None, ["c1"]],
    "a:b:c/d",
    "::",
    "x" * 300,
]


def _in(names: list[str], kind: str = "") -> list[str]:
    """Ways to refer to some: as they are, in a namespace, with a kind, in capitals."""
    prefix = f"{kind}:" if kind else ""
    return [
        *(f"{prefix}{each}" for each in names * 2),
        *(f"{prefix}ops/{each}" for each in names[:1]),
        f"{prefix}Default/{names[0].upper()}",
    ]


GROUP_REFS, SYSTEM_REFS, MACHINE_REFS = _in(GROUPS), _in(SYSTEMS), _in(MACHINES)
COMPONENT_REFS, API_REFS, USER_REFS = _in(NAMES), _in(APIS), _in(USERS)
ANY = [
    *_in(NAMES, "component"),
    *_in(APIS, "api"),
    *_in(MACHINES, "machine"),
    "resource:db",
    "component:gone",
    "component:y/z",
    "component:ops/c1",
    "group:group-a",
]


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def some(values: list[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=most)


def mostly(strategy: st.SearchStrategy[Any], odd: list[Any] = ODD_VALUES) -> st.SearchStrategy[Any]:
    """What is meant, and now and then what a stranger may write in its place."""
    return st.integers(0, 24).flatmap(lambda number: st.sampled_from(odd) if number == 24 else strategy)


ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "backstage.io/kubernetes-id": mostly(st.sampled_from(["a", "b", " a", ""])),
        "backstage.io/kubernetes-namespace": st.sampled_from(["a", "b"]),
        "bylaw.dev/successor": mostly(
            st.sampled_from(["c0", "component:c1", "gone", "api:api-a", "ops/c0", " c0", "y/z", "C1", "default/y/z"])
        ),
        "bylaw.dev/cost-centre": st.just("4711"),
    },
)
LABELS = st.sampled_from([None, None, {"cost-centre": "4711"}, {"cost-centre": 4711}, ["cost-centre"]])
LIFECYCLES = st.sampled_from(["production", "experimental", "deprecated", "odd"])
OWNER = st.sampled_from([*GROUP_REFS, "user:jane", "group:gone", "component:c0", "team-paymnts", "group:Team-Payments"])


def _entity(kind: str, names: list[str], **spec: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    version = "example.com/v1" if kind == "Machine" else "backstage.io/v1alpha1"

    def made(
        name: str, namespace: Any, annotations: Any, labels: Any, said: dict[str, Any], odd: int
    ) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": name}
        if namespace is not None:
            metadata["namespace"] = namespace
        if annotations:
            metadata["annotations"] = annotations
        if labels:
            metadata["labels"] = labels
        fields: Any = {field: value for field, value in said.items() if value is not None}
        entity = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": fields}
        if odd == 39:
            entity["kind"] = kind.lower()
        elif odd == 38:
            entity["spec"] = [fields]
        elif odd == 37:
            del entity["spec"]
        elif odd == 36:  # what stands in the way of whoever looks for a field
            metadata["annotations.bylaw.dev/successor"] = "c0"
            entity["spec.lifecycle"] = "production"
        return entity

    return st.builds(
        made,
        mostly(st.sampled_from([*names, names[-1].title()]), ODD_NAMES),
        mostly(st.sampled_from([*[None] * 6, "default", "ops"]), ["a/b", "Ops", 1]),
        mostly(ANNOTATIONS),
        LABELS,
        st.fixed_dictionaries({field: mostly(strategy) for field, strategy in spec.items()}),
        st.integers(0, 39),
    )


DOCUMENTS = st.one_of(
    _entity(
        "Component",
        NAMES,
        type=st.just("service"),
        lifecycle=LIFECYCLES,
        owner=maybe(OWNER),
        system=maybe(st.sampled_from([*SYSTEM_REFS, "chekout"])),
        subcomponentOf=maybe(st.sampled_from(COMPONENT_REFS)),
        dependsOn=maybe(some(ANY)),
        dependencyOf=maybe(some(ANY, 1)),
        consumesApis=maybe(some(API_REFS)),
        providesApis=maybe(some(API_REFS)),
    ),
    _entity(
        "API",
        APIS,
        type=st.sampled_from(["other", "mcp-server", "openapi"]),
        lifecycle=LIFECYCLES,
        owner=OWNER,
        system=maybe(st.sampled_from(SYSTEM_REFS)),
        definition=st.just("x"),
    ),
    _entity(
        "Resource",
        ["db"],
        type=st.just("database"),
        lifecycle=maybe(LIFECYCLES),
        owner=maybe(OWNER),
        dependsOn=maybe(some(ANY)),
    ),
    _entity("System", SYSTEMS, owner=maybe(OWNER), domain=maybe(st.sampled_from(["sales"]))),
    _entity("Domain", ["sales"], owner=maybe(OWNER), subdomainOf=maybe(st.just("sales"))),
    _entity(
        "Group",
        GROUPS,
        type=st.sampled_from(["team", "department"]),
        parent=maybe(st.sampled_from(GROUP_REFS)),
        children=some([*GROUP_REFS, "user:jane"], 2),
        members=maybe(some(USER_REFS)),
    ),
    _entity("User", USERS, memberOf=some(GROUP_REFS, 2)),
    _entity(
        "Machine",
        MACHINES,
        type=st.sampled_from(["rack", "spare"]),
        lifecycle=maybe(LIFECYCLES),
        owner=maybe(OWNER),
        host=maybe(st.sampled_from(MACHINE_REFS)),
        backup=maybe(st.sampled_from(MACHINE_REFS)),
        uses=maybe(some(ANY, 2)),
        peers=maybe(some(MACHINE_REFS, 2)),
        keeps=maybe(some(COMPONENT_REFS, 1)),
    ),
)
REFLESS = st.sampled_from([None, {"kind": "Component"}, {"kind": "Component", "metadata": {"name": ""}}, ["c0"]])
FILE = st.lists(
    st.integers(0, 19).flatmap(lambda number: REFLESS if number == 19 else DOCUMENTS), min_size=1, max_size=3
)
PATHS = [f"{each}.yaml" for each in "abcdefghij"]
STATES = st.dictionaries(st.sampled_from(PATHS), FILE, min_size=3, max_size=10)


def documents(files: Files) -> list[Document]:
    """The documents of some files, as a reader gives them."""
    return [_document(path, index, data) for path, found in files.items() for index, data in enumerate(found)]


def _document(path: str, index: int, data: Any) -> Document:
    problems = () if isinstance(data, dict) else (Problem("catalog/yaml-invalid", "is no mapping"),)
    return Document(path, index, data, problems)


def read(files: Files, complete: Literal["auto", True, False] = True) -> Catalog:
    return build(documents(files), KINDS, complete)


def whole(files: Files, complete: Literal["auto", True, False] = True) -> Whole:
    return drawn(read(files, complete))


def drawn(catalog: Catalog) -> Whole:
    return Whole(catalog, Graph.build(catalog.entities, catalog.edges()))


def refs(found: Iterable[Document]) -> set[str]:
    return {str(ref) for each in found if (ref := address(each.data))}


@dataclass(frozen=True)
class Change:
    """What becomes of some files: ``before`` and ``after`` are all files of both states, and ``renamed`` leads from the
    earlier path of one to the later."""

    before: Files
    after: Files
    renamed: dict[str, str]

    @property
    def gone(self) -> list[Document]:
        """The documents of the files that differ, as they were."""
        return documents({path: said for path, said in self.before.items() if path not in self.elsewhere})

    @property
    def come(self) -> list[Document]:
        """The documents of the files that differ, as they are."""
        return documents({path: said for path, said in self.after.items() if path not in self.elsewhere})

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The files that stay as they are."""
        return tuple(path for path, said in self.after.items() if not differ(self.before.get(path), said))


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Files edited, added, deleted and moved; now and then all are deleted, or there were none."""
    before = draw(STATES)
    after = dict(before)
    for path, said in draw(st.dictionaries(st.sampled_from([*PATHS[:3], "l.yaml"]), maybe(FILE))).items():
        if said is None:
            after.pop(path, None)
        else:
            after[path] = said
    for path in draw(
        st.lists(st.sampled_from(sorted(before)), max_size=2, unique=True)
    ):  # one document edited a little
        if path in after:
            after[path] = _edited(draw, after[path])
    renamed = {}
    for path in draw(st.lists(st.sampled_from(sorted(before)), max_size=2, unique=True)):
        moved = f"{draw(st.sampled_from('0z'))}-{path}"
        if path in after:
            after[moved] = after.pop(path)
            renamed[path] = moved
    match draw(st.integers(0, 29)):
        case 28:
            before = {}
        case 29:
            after = {}
    return Change(before, after, renamed)


def _edited(draw: st.DrawFn, found: list[Any]) -> list[Any]:
    """The documents of a file, of which one says a little less, or something a little different."""
    index = draw(st.integers(0, len(found) - 1))
    data = found[index]
    if not isinstance(data, dict) or not isinstance(metadata := data.get("metadata"), dict):
        return [*found[:index], *found[index + 1 :]] or [None]
    texts, spec = draw(st.sampled_from(["annotations", "labels"])), data.get("spec")
    said = metadata.get(texts)
    match draw(st.integers(0, 5)):
        case 0:
            kind = data["kind"]
            edited = {**data, "kind": kind.title() if kind.islower() else kind.lower()}
        case 1 if isinstance(said, dict) and said:
            gone = draw(st.sampled_from(sorted(said)))
            fewer = {name: value for name, value in said.items() if name != gone}
            edited = {**data, "metadata": {**metadata, texts: fewer}}
        case 2:
            edited = {**data, "metadata": {**metadata, draw(st.sampled_from(["title", "name"])): "renamed"}}
        case _ if isinstance(spec, dict) and spec:
            edited = {**data, "spec": _other(spec, draw(st.sampled_from(sorted(spec))))}
        case _:
            edited = {**data, "spec": {}}
    return [*found[:index], edited, *found[index + 1 :]]


def _other(spec: dict[str, Any], field: str) -> dict[str, Any]:
    """A spec with a field less, or one item of its list; or with false and true for 0 and 1, or these for those."""
    value = spec[field]
    if isinstance(value, list) and value:
        return {**spec, field: value[:-1]}
    if isinstance(value, bool):
        return {**spec, field: int(value)}
    if value in (0, 1):
        return {**spec, field: bool(value)}
    return {each: other for each, other in spec.items() if each != field}
