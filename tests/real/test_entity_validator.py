"""``bylaw check --compat entity-validator`` and the entity validator, on the same files: the same verdict of each.

The validator is npm's ``@roadiehq/backstage-entity-validator`` where the folder that BYLAW_NODE_MODULES names has it,
and in any case ``entity_validator.cjs``: the same checks, by the validator's published sources, put together from the
libraries that it is made of. ``docs/entity-validator.md`` lists what differs by intent, and the last test holds it.

npm ci --prefix scripts/node
BYLAW_NODE_MODULES=$PWD/scripts/node/node_modules make test-real
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bylaw.documents import load
from tests.command import run, write
from tests.shared import ROOT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

pytestmark = pytest.mark.real

MODULES = "BYLAW_NODE_MODULES"
REBUILT = Path(__file__).with_name("entity_validator.cjs")
PUBLISHED = "@roadiehq/backstage-entity-validator"


class Validator(Protocol):
    """Which of these files, by their names in a folder, the validator refuses."""

    def __call__(self, folder: Path, names: Sequence[str], schema: str | None = None) -> set[str]: ...


def node(*arguments: str, folder: Path, said: Any = None) -> subprocess.CompletedProcess[str]:
    """Run node there, with a JSON value for its standard input; skips where it cannot be."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        input=json.dumps(said),
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def modules(package: str) -> Path:
    """The folder of an npm package; skips where it is not."""
    folder = os.environ.get(MODULES, "")
    if not folder or not (Path(folder) / package).is_dir():
        pytest.skip(f"{MODULES} names no folder with npm's {package}")
    return Path(folder) / package


def rebuilt(folder: Path, names: Sequence[str], schema: str | None = None) -> set[str]:
    modules("@backstage/catalog-model")
    done = node(str(REBUILT), folder=folder, said={"files": list(names), "schema": schema})
    assert done.returncode == 0, done.stderr
    return {name for name, fault in zip(names, json.loads(done.stdout), strict=True) if fault is not None}


def published(folder: Path, names: Sequence[str], schema: str | None = None) -> set[str]:
    command = str(modules(PUBLISHED) / "bin" / "bev")
    more = ["-l", schema] if schema else []
    return {name for name in names if node(command, "-q", *more, name, folder=folder).returncode}


@pytest.fixture(params=[rebuilt, published], ids=["rebuilt", "published"])
def validator(request: pytest.FixtureRequest) -> Validator:
    made: Validator = request.param
    return made


def bylaw(folder: Path, names: Iterable[str], schema: str | None = None) -> set[str]:
    """Which of these files bylaw refuses."""
    more = ["-l", schema] if schema else []
    stdin = "\n".join(names).encode()
    done = run("check", "--compat", "entity-validator", "--format", "json", "-i", *more, cwd=folder, stdin=stdin)
    refused = {each["location"]["path"] for each in done.report["findings"]}
    assert done.code == (1 if refused else 0), done.err
    return refused


def texts(folder: Path, each: Iterable[str | bytes]) -> list[str]:
    """Write every text to a file of its own."""
    named = {f"{number:05}.yaml": text for number, text in enumerate(each)}
    write(folder, named)
    return list(named)


def agree(folder: Path, names: Sequence[str], validator: Validator, schema: str | None = None) -> None:
    """Both refuse the same of these files, and not all of them."""
    refused = bylaw(folder, names, schema)
    theirs = validator(folder, names, schema)
    differ = {name: (folder / name).read_bytes()[:2_000] for name in refused ^ theirs}
    assert differ == {}
    assert 0 < len(refused) < len(names)


def entity(name: str = "a", kind: str = "Component", version: str = "backstage.io/v1alpha1", **more: Any) -> str:
    """An entity with more in its metadata, or another ``spec``."""
    spec = more.pop("spec", {"type": "service", "lifecycle": "experimental", "owner": "a", "definition": "x"})
    return json.dumps(
        {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more}, **({"spec": spec} if spec else {})}
    )


# -- the same files


@pytest.mark.parametrize("name", sorted(each.name for each in (ROOT / "fixtures" / "catalogs").iterdir()))
def test_the_demo_catalogs(name: str, validator: Validator, tmp_path: Path) -> None:
    """One file of each, at least, is right or wrong; so it is made sure beside them."""
    folder = shutil.copytree(ROOT / "fixtures" / "catalogs" / name, tmp_path / name)
    write(folder, {"right.yaml": entity(), "wrong.yaml": "a: ["})
    agree(folder, sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*.y*ml")), validator)


def test_the_fixtures_of_all_rules(validator: Validator) -> None:
    folder = ROOT / "fixtures" / "rules"
    names = sorted(each.relative_to(ROOT).as_posix() for each in folder.rglob("catalog.yaml"))
    agree(ROOT, names, validator)


def test_entities_that_a_backstage_has_judged(validator: Validator, tmp_path: Path) -> None:
    recorded = SHARED / "oracles" / "backstage-validate.json"
    if not recorded.is_file():
        pytest.skip(f"{recorded} is not there")
    agree(
        tmp_path, texts(tmp_path, (json.dumps(each["entity"]) for each in json.loads(recorded.read_text()))), validator
    )


@pytest.mark.parametrize("seed", range(2))
def test_entities_with_something_wrong_in_them(seed: int, validator: Validator, tmp_path: Path) -> None:
    if validator is published:
        pytest.skip("it takes a second for each of hundreds of files")
    source = random.Random(seed)
    agree(tmp_path, texts(tmp_path, (mutant(source) for _ in range(400))), validator)


SPEC: dict[str, Any] = {"type": "x", "lifecycle": "x", "owner": "a"}
OF_ANY_TYPE: list[Any] = [1, True, [], {}, None, ""]
NOTHING: list[Any] = [None, [None], [{}, {"b": None}], [[]], {"a": {"$text": 0, "b": None}}, {"$text": {}}]

HAND_MADE: dict[str, list[str]] = {
    "names": [
        *(entity("a" * length) for length in (1, 63, 64, 120, 121)),
        *(entity(each) for each in ("a..b", "-a", "a_", "A-b.c", "", "a b", "é")),
        *(entity(each, namespace="x") for each in ("a", "a b")),
        *(entity(namespace=each) for each in ("A", "a-b", "a" * 64, *OF_ANY_TYPE)),
    ],
    "labels, tags, links": [
        *(entity(labels={key: "b c"}) for key in ("a", "a b", "x/y", "X/y", "")),
        *(entity(labels={"a": value}) for value in OF_ANY_TYPE),
        *(entity(tags=[each]) for each in ("Two Words", "x" * 63, "x" * 64, "é", *OF_ANY_TYPE)),
        *(entity(tags=each) for each in OF_ANY_TYPE),
        *(
            entity(links=[{"url": each}])
            for each in ("https://x.io", "x", "mailto:a@x.io", "http://[::1", "https://x y", *OF_ANY_TYPE)
        ),
        *(entity(links=[{"url": "https://x.io", "title": each}]) for each in (" ", "x", *OF_ANY_TYPE)),
        entity(links=[{}]),
    ],
    "kinds": [
        *(entity(kind=each) for each in ("Componnet", "component", "API", "Group", "User", "a b", "", "A1")),
        *(entity(version=each) for each in ("backstage.io/v1beta1", "backstage.io/v1", "v1", "", "a/b/c", "x.io/v-1")),
        *(entity(kind=each, spec=None) for each in ("Component", "Location", "Thing", "Repository", "Product")),
        *(entity(kind="Template", version=f"scaffolder.backstage.io/{each}") for each in ("v1beta3", "v1beta2")),
        *(
            entity(kind=kind, version=version, spec=spec)
            for kind in ("Repository", "Product")
            for version in ("roadie.io/v1", "backstage.io/v1alpha1")
            for spec in ({}, {"owner": ""}, {"hasPart": ["a"]}, {"hasPart": "a"}, {"hasPart": [""]}, {"system": 1})
        ),
        entity(kind="Group", spec={"type": "team", "children": []}),
        entity(kind="User", spec={"memberOf": []}),
        entity(kind="API", spec={"type": "mcp-server", "lifecycle": "x", "owner": "a", "remotes": []}),
        entity(kind="AiResource", spec={"type": "skill"}),
    ],
    "annotations": [
        entity(annotations={name: value})
        for name in (
            "backstage.io/managed-by-location",
            "backstage.io/source-location",
            "backstage.io/view-url",
            "backstage.io/ldap-uuid",
            "graph.microsoft.com/group-id",
            "datadog/dashboard-url",
            "jira/project-key",
            "x",
        )
        for value in (
            "url:https://x.io/",
            "url:https://x.io",
            "see github:x/y",
            "azure/api:",
            "dir:./\n",
            "https://x.io/a?b#c",
            "https://x.io/a b",
            "x.io",
            "urn:a",
            "c57e8ba2-6cc4-1039-9ebc-d5f241a7ca21",
            "URN:UUID:C57E8BA2-6CC4-1039-9EBC-D5F241A7CA21",
            "c57e8ba2-6cc4-1039-9ebc-d5f241a7ca2",
            *OF_ANY_TYPE,
        )
    ],
    "placeholders": [
        entity(kind="API", spec={**SPEC, "definition": each})
        for each in (
            *({name: "./gone"} for name in ("$text", "$openapi", "$asyncapi", "$yaml", "$other")),
            *({"$text": value} for value in OF_ANY_TYPE),
            {"$openapi": "./gone", "a": 1},
            *OF_ANY_TYPE,
        )
    ],
    "nothing": [
        entity(spec={**SPEC, "definition": {"$text": "https://x.io"}, "more": None}),
        *(entity(kind="Thing", spec={"a": each}) for each in NOTHING),
        *(entity(kind="Thing", more=each) for each in NOTHING),
        json.dumps({"apiVersion": "v1", "kind": "Thing"}),
        json.dumps({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "status": {}}),
        json.dumps({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "relations": []}),
    ],
    "files": [
        "",
        "\n",
        "# nothing\n",
        "- a\n",
        "a",
        "---\n---\n",
        f"---\n{entity()}\n",
        f"---\n{entity()}\n---\n{entity('b')}\n...\n",
        f"{entity()}\n---\n{entity('a b')}\n",
        f"---\n---\n{entity()}\n",
        entity() + "\n" + entity(),
        "apiVersion: v1\nkind: Thing\nmetadata: {name: 1}\n",
        "apiVersion: v1\nkind: Thing\nmetadata: {name: yes}\n",
        "apiVersion: v1\nkind: Thing\nmetadata: {name: 2024-01-01}\n",
        "apiVersion: v1\nkind: Thing\nmetadata: {name: 0o14}\n",
        "apiVersion: v1\nkind: Thing\nmetadata: &a {name: x}\nspec: {<<: *a}\n",
        "apiVersion: v1\nkind: Thing\nmetadata: {name: x, name: y}\n",
        "{% if a %}\n" + entity(),
        entity("${{ values.name }}"),
        "\ufeff" + entity(),
        entity().replace("\n", "\r\n"),
    ],
}
"""Files, by what they are about."""


@pytest.mark.parametrize("about", HAND_MADE)
def test_files_made_for_the_purpose(about: str, validator: Validator, tmp_path: Path) -> None:
    known = KNOWN["a document with nothing in it"]
    agree(tmp_path, texts(tmp_path, (each for each in HAND_MADE[about] if each not in known)), validator)


def test_docs_beside_the_file(validator: Validator, tmp_path: Path) -> None:
    write(tmp_path, {"s/mkdocs.yml": "", "docs/site/mkdocs.yaml": "", "docs/docs/index.md": "", "README.md": ""})
    said = (
        "./",
        ".",
        "..",
        "../docs/site",
        "/../docs/site",
        "../docs",
        "../docs/site:x",
        "gone",
        "",
        " ",
        "s",
        "../s/.",
    )
    names = {f"s/{number:02}.yaml": _with_docs(f"dir:{each}") for number, each in enumerate(said)}
    others = ("url:https://x.io", "dir", "x", "xdir:../docs", "xdir:../docs/site", "gitlab:x")
    names |= {f"s/x{number}.yaml": _with_docs(each) for number, each in enumerate(others)}
    agree(write(tmp_path, names), list(names), validator)


def _with_docs(said: str) -> str:
    return entity(annotations={"backstage.io/techdocs-ref": said})


# -- the same schema


SCHEMAS: Mapping[str, Any] = {
    "a name": {"properties": {"metadata": {"properties": {"name": {"pattern": "^shop-[a-z]+$"}}}}},
    "formats": {
        "properties": {
            "metadata": {
                "properties": {
                    "id": {"format": "uuid"},
                    "since": {"format": "date"},
                    "at": {"format": "date-time"},
                    "mail": {"format": "email"},
                    "every": {"format": "duration"},
                    "page": {"format": "uri"},
                }
            }
        }
    },
    "the namespace is not filled in": {"properties": {"metadata": {"required": ["namespace"]}}},
    "what placeholders stand for": {"properties": {"spec": {"properties": {"definition": {"type": "string"}}}}},
    "for some": {
        "if": {"properties": {"kind": {"const": "Component"}}},
        "then": {"properties": {"metadata": {"required": ["tags"], "properties": {"tags": {"minItems": 2}}}}},
        "else": {"not": {"required": ["spec"]}},
    },
}
"""Schemas for -l, by what they ask."""

JUDGED = [
    entity("shop-a", namespace="x", tags=["a", "b"]),
    entity("shop-1"),
    entity(tags=["a"]),
    *(
        entity(**{name: value})
        for name, values in {
            "id": ("c57e8ba2-6cc4-1039-9ebc-d5f241a7ca21", "c57e8ba2"),
            "since": ("2026-12-31", "2026-02-31", "2026"),
            "at": ("2026-12-31T10:00:00Z", "2026-12-31 10:00"),
            "mail": ("a@x.io", "a"),
            "every": ("P1D", "P1W", "PT1H", "1D", "P", "P1DT"),
            "page": ("https://x.io", "x"),
        }.items()
        for value in values
    ),
    entity(kind="Thing", spec=None),
    entity(kind="Thing", spec={"definition": {"$text": "./gone"}}),
    entity(kind="Thing", spec={"definition": {"$json": "./gone"}}),
    entity(annotations={"backstage.io/view-url": "no url"}),
]


@pytest.mark.parametrize("about", SCHEMAS)
def test_a_schema_of_ones_own(about: str, validator: Validator, tmp_path: Path) -> None:
    write(tmp_path, {"schema.json": json.dumps({"$id": about.replace(" ", "-"), **SCHEMAS[about]})})
    agree(tmp_path, texts(tmp_path, [*JUDGED, "a: ["]), validator, "schema.json")


def test_a_schema_without_an_id_is_one_for_bylaw_alone(validator: Validator, tmp_path: Path) -> None:
    write(tmp_path, {"schema.json": '{"properties": {"kind": {"const": "Component"}}}'})
    names = texts(tmp_path, [entity(), entity(kind="Thing")])
    assert bylaw(tmp_path, names, "schema.json") == {names[1]}
    assert validator(tmp_path, names, "schema.json") == set(names)


# -- the same arguments


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["a.yaml"], ""),
        (["*.yaml"], ""),
        (["**/*.yaml", "-q"], ""),
        (["-q", "{a,b}.yaml", "s/**"], ""),
        (["s/{t/,}*.yaml"], ""),
        (["./s/?.yaml", "[ab].yaml"], ""),
        (["-i"], "a.yaml\n\ns/c.yaml\ngone.yaml\n"),
        (["-i", "b.yaml"], "s/*.yaml"),
        ([".ci/*.yaml", "s/.hidden/*"], ""),
        (["gone.yaml", "a.yaml", "gone/*"], ""),
    ],
)
def test_the_same_arguments_mean_the_same_files(argv: list[str], lines: str, tmp_path: Path) -> None:
    modules("glob")
    names = ("a.yaml", "b.yaml", "c.yml", "s/c.yaml", "s/t/d.yaml", "s/.hidden/e.yaml", ".ci/f.yaml", ".g.yaml")
    write(tmp_path, dict.fromkeys(names, "nothing"))
    done = node(str(REBUILT), folder=tmp_path, said={"argv": argv, "lines": lines})
    theirs = {name for name in json.loads(done.stdout) if (tmp_path / name).is_file()}
    ours = run("check", "--compat", "entity-validator", "--format", "json", *argv, cwd=tmp_path, stdin=lines.encode())
    assert {each["location"]["path"] for each in ours.report["findings"]} == {os.path.normpath(each) for each in theirs}


# -- what differs, by intent


def _thing(line: str) -> str:
    return f"apiVersion: v1\nkind: Thing\nmetadata:\n  name: a\nspec:\n  {line}\n"


KNOWN = {
    "Backstage cannot read what stands no deeper than its key": [
        _thing("a: [\n  b\n  ]"),
        _thing('a: "b\n  c"'),
        _thing('a: "b"#c'),
        _thing("a: [\n  \tb\n  \t]"),
        "\t" + entity(),
    ],
    "Backstage refuses it, or makes another thing of it": [
        _thing('a: "\\ud83d"'),
        _thing("a: 1 # \x1b"),
        _thing("? [a, b]\n  : c"),
        _thing("{: a}"),
        _thing("a: &b.c x\n  d: *b.c"),
    ],
    "JSON has no such number": [_thing("a: .nan"), _thing("a: -.inf"), _thing("a: 1e400")],
    "Backstage leaves the tag out": [_thing("a: !foo b"), _thing("a: !!int abc"), _thing("a: !!x {b: c}")],
    "Backstage takes the last of them": [_thing("{1: a, '1': b}"), _thing("&x a: b\n  *x : c")],
    "a document with nothing in it": [f"---\n---\n{entity()}\n", f"{entity()}\n---\n"],
    "the validator takes the address for a folder": [_with_docs("url:https://x.io/directory")],
    "nothing is read outside the checkout": [_with_docs("dir:..")],
}
"""Files of which the verdicts differ, by the reason why."""

ACCEPTED_BY_BYLAW = {
    "Backstage leaves the tag out",
    "Backstage takes the last of them",
    "a document with nothing in it",
    "the validator takes the address for a folder",
}


@pytest.mark.parametrize("reason", KNOWN)
def test_what_differs_by_intent_still_does(reason: str, validator: Validator, tmp_path: Path) -> None:
    write(tmp_path, {"mkdocs.yml": ""})
    folder = tmp_path / "checkout"
    names = texts(folder, KNOWN[reason])
    accepted = reason in ACCEPTED_BY_BYLAW
    assert bylaw(folder, names) == (set() if accepted else set(names))
    assert validator(folder, names) == (set(names) if accepted else set())


# -- entities with something wrong in them


_VALUES: list[Any] = [
    *(
        "",
        "x",
        "A b",
        "a..b",
        "a" * 64,
        "a" * 121,
        "http://x.io",
        "dir:.",
        "dir:docs",
        "x/y",
        "é",
        "\u2028",
        "-",
        "a\n",
    ),
    *(
        "backstage.io/v1alpha1",
        "backstage.io/v1beta1",
        "roadie.io/v1",
        "Component",
        "Product",
        "Repository",
        "Template",
    ),
    *(None, 0, 1.5, True, [], {}, ["x"], [None], {"a": 1}, {"$text": "./x"}, {"$openapi": "./x", "b": 1}),
]
_KEYS = [
    *(
        "",
        "x",
        "A/b",
        "a b",
        "x" * 64,
        "relations",
        "status",
        "namespace",
        "title",
        "system",
        "owner",
        "type",
        "hasPart",
    ),
    *("backstage.io/view-url", "backstage.io/techdocs-ref", "backstage.io/source-location", "backstage.io/ldap-uuid"),
    *("__proto__", "constructor"),
]
_ENTITIES: list[Any] = [
    each.value
    for file in sorted((ROOT / "fixtures").rglob("catalog*.yaml"))
    for each in load(file.read_bytes())
    if isinstance(each.value, dict) and "kind" in each.value
]


def mutant(source: random.Random) -> str:
    """An entity of the fixtures in which one value is gone, another one, or one more."""
    made = copy.deepcopy(source.choice(_ENTITIES))
    node = made
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places or (isinstance(node, dict) and source.random() < 0.25):
            if isinstance(node, dict):
                node[source.choice(_KEYS)] = copy.deepcopy(source.choice(_VALUES))
            break
        place = source.choice(places)
        if isinstance(node[place], dict | list) and source.random() < 0.75:
            node = node[place]
        elif source.random() < 0.2:
            del node[place]
            break
        else:
            node[place] = copy.deepcopy(source.choice(_VALUES))
            break
    return json.dumps(made)
