"""``bylaw check --compat entity-validator``. That its verdict is the validator's own is for tests/real to say."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import Ran, entity, run, write

if TYPE_CHECKING:
    from pathlib import Path

LIKE_IT = ("check", "--compat", "entity-validator")
NAMELESS = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {}\n"


def validate(folder: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    return run(*LIKE_IT, *arguments, cwd=folder, stdin=stdin)


def told(folder: Path, *arguments: str, stdin: bytes = b"") -> list[str]:
    """The findings, a line each, after it was made sure that the exit code agrees."""
    done = validate(folder, "--format", "json", *arguments, stdin=stdin)
    assert done.code == (1 if done.findings else 0), done.err
    return done.findings


def component(**metadata: Any) -> str:
    """A component with more in its metadata, on line 1."""
    spec = {"type": "service", "lifecycle": "experimental", "owner": "nobody-that-is-known"}
    return json.dumps(
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": "a", **metadata},
            "spec": spec,
        }
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {
            "a.yaml": entity("a"),
            "b.yaml": NAMELESS,
            "teams/c.yaml": NAMELESS,
            "teams/deep/d.yaml": NAMELESS,
            "teams/.hidden/e.yaml": NAMELESS,
            "teams/notes.txt": "",
            ".ci/f.yaml": NAMELESS,
            "node_modules/g.yaml": NAMELESS,
            "x,y.yaml": entity("x"),
        },
    )


# -- names of files


def read(folder: Path, *arguments: str, stdin: bytes = b"") -> list[str]:
    """Which of the files that have no name were judged."""
    return sorted({each.partition(":")[0] for each in told(folder, *arguments, stdin=stdin)})


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (("a.yaml",), []),
        (("a.yaml", "b.yaml"), ["b.yaml"]),
        (("a.yaml,b.yaml",), ["b.yaml"]),
        (("a.yaml, teams/*.yaml",), ["teams/c.yaml"]),
        (("*.yaml",), ["b.yaml"]),
        (("./*.yaml",), ["b.yaml"]),
        (("teams/**/*.yaml",), ["teams/c.yaml", "teams/deep/d.yaml"]),
        (("**/*.yaml",), ["b.yaml", "node_modules/g.yaml", "teams/c.yaml", "teams/deep/d.yaml"]),
        (("{a,b}.yaml",), ["b.yaml"]),
        (("{teams/{c,deep/d},a}.yaml",), ["teams/c.yaml", "teams/deep/d.yaml"]),
        (("teams/?.yaml", "[ab].yaml"), ["b.yaml", "teams/c.yaml"]),
        ((".ci/*.yaml",), [".ci/f.yaml"]),
        (("x,y.yaml",), []),
    ],
)
def test_files_are_named_one_by_one_by_patterns_and_in_lists(
    here: Path, arguments: tuple[str, ...], files: list[str]
) -> None:
    assert read(here, *arguments) == files


def test_names_of_files_come_over_standard_input_a_line_each(here: Path) -> None:
    assert read(here, "-i", stdin=b"a.yaml\n\nb.yaml\n") == ["b.yaml"]
    assert read(here, "-i", "a.yaml", stdin=b"teams/*.yaml") == ["teams/c.yaml"]
    assert read(here, "-i", stdin=b"x,y.yaml\nb.yaml") == ["b.yaml"]


def test_a_name_of_any_bytes_is_a_name(here: Path) -> None:
    names = [b"-", b"--rule", b"[b].yaml", b"{a,b}.yaml", b'it\'s "q".yaml', b"\x1b[2J.yaml", "é.yaml".encode()]
    for name in names:
        (here / os.fsdecode(name)).write_text(NAMELESS)
    judged = read(here, "-i", stdin=b"\n".join(names))
    assert judged == sorted([os.fsdecode(each) for each in names])


def test_a_name_that_is_no_text_is_refused_and_not_passed_over(here: Path) -> None:
    (here / os.fsdecode(b"\xff.yaml")).write_text(entity("a"))
    assert told(here, "-i", stdin=b"\xff.yaml\n") == [
        "\\xff.yaml:1:1 catalog/yaml-invalid the file has a name that is not UTF-8: rename it"
    ]


def test_a_name_without_a_file_is_passed_over_and_told(here: Path) -> None:
    done = validate(here, "a.yaml", "gone.yaml", "gone/*.yaml")
    assert done.code == 0
    assert (
        "passed over, as the entity validator does, since no file matches: gone.yaml, gone/*.yaml"
        in done.out + done.err
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no files to validate: name them"),
        (("-i",), "no files to validate: name them"),
        (("gone.yaml,gone/*.yaml",), "no files to validate: gone.yaml, gone/*.yaml matches none"),
        (("teams",), "teams: is a folder, and the entity validator takes files: teams/**/*.yaml"),
        (("{a,b}" * 20,), f"{('{a,b}' * 20)[:60]}: stands for more than 1,000 patterns"),
        (("../outside.yaml",), "../outside.yaml: lies outside the checkout <cwd>; run bylaw for each of them"),
    ],
)
def test_no_file_to_judge_is_wrong_usage(here: Path, arguments: tuple[str, ...], said: str) -> None:
    (here.parent / "outside.yaml").write_text(entity("a"))
    done = validate(here, "a.yaml" if "../outside.yaml" in arguments else "-q", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"bylaw: {said}")


def test_its_arguments_alone_are_wrong_usage(here: Path) -> None:
    for arguments in (["-i"], ["-q"], ["-l", "schema.json"]):
        done = run("check", *arguments, cwd=here)
        assert done.code == 2
        assert "-i, -q and -l are arguments of the entity validator: add --compat entity-validator" in done.err


# -- the verdict


def test_each_fault_is_told_at_its_place_and_not_only_the_first(tmp_path: Path) -> None:
    head = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
    text = f"{head}metadata:\n  name: a b\n  tags: [x]\nspec:\n  type: service\n"
    write(tmp_path, {"a.yaml": f"{text}---\n{text}  lifecycle: x\n  owner:\n"})
    assert told(tmp_path, "a.yaml") == [
        "a.yaml:4:9 catalog/entity-invalid /metadata/name of component:default/a b must be letters and digits, "
        'separated by any of - _ . (at most 63 characters), found "a b"',
        "a.yaml:6:1 catalog/entity-invalid /spec/lifecycle of component:default/a b is required",
        "a.yaml:6:1 catalog/entity-invalid /spec/owner of component:default/a b is required",
        "a.yaml:12:9 catalog/entity-invalid /metadata/name of component:default/a b must be letters and digits, "
        'separated by any of - _ . (at most 63 characters), found "a b"',
        "a.yaml:17:3 catalog/entity-invalid /spec/owner of component:default/a b must be string, found null",
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "a" * 120},
        {"name": "a..b"},
        {"labels": {"a": "two words"}},
        {"tags": ["Two Words"]},
        {"annotations": {"backstage.io/techdocs-ref": "dir:."}},
        {"annotations": {"backstage.io/techdocs-ref": "url:https://x.io/directory"}},
    ],
)
def test_what_the_validator_lets_pass_is_let_pass(tmp_path: Path, metadata: dict[str, Any]) -> None:
    write(tmp_path, {"a.yaml": component(**metadata)})
    assert told(tmp_path, "a.yaml") == []


def test_nothing_is_asked_of_owners_references_and_kinds_unless_a_rule_is_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yaml": component(),
            "b.yaml": component(),
            "c.yaml": entity("c", "Componnet"),
            "org.yaml": entity("team-a", "Group", type="team", children=[]),
            "t.yaml": entity("t", "Template").replace("backstage.io/v1alpha1", "backstage.io/v1beta2"),
        },
    )
    assert told(tmp_path, "*.yaml") == []
    assert told(tmp_path, "*.yaml", "--rule", "ownership/owner-unknown") == [
        "a.yaml:1:155 ownership/owner-unknown owner nobody-that-is-known of component:default/a is not in the catalog"
    ]
    assert told(tmp_path, "*.yaml", "--rule", "catalog/kind-unknown")[0].startswith("c.yaml:3:11 catalog/kind-unknown")


def test_a_rule_that_is_named_adds_its_own_to_the_validators(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component(name="a" * 64), "b.yaml": NAMELESS})
    strict = told(tmp_path, "a.yaml", "b.yaml", "--rule", "catalog/entity-invalid")
    assert [each.split(" ")[:3] for each in strict] == [
        ["a.yaml:1:83", "catalog/entity-invalid", "/metadata/name"],
        ["b.yaml:1:1", "catalog/entity-invalid", "/spec"],
        ["b.yaml:3:1", "catalog/entity-invalid", "/metadata/name"],
    ]


def test_what_bylaw_yaml_enforces_is_not_asked(tmp_path: Path) -> None:
    rules = "\n".join(f"    {each}: off" for each in ("catalog/entity-invalid", "catalog/yaml-invalid"))
    write(tmp_path, {"a.yaml": NAMELESS, "b.yaml": "a: [", "bylaw.yaml": f"enforcement:\n  rules:\n{rules}\n"})
    assert read(tmp_path, "a.yaml", "b.yaml") == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: [", "- a\n", "a: 1\na: 2\n", "\xff", "{% if x %}\na: b\n"])
def test_a_file_without_an_entity_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.yaml": text.encode("latin-1")})
    assert [each.split(" ")[1] for each in told(tmp_path, "a.yaml")] == ["catalog/yaml-invalid"]


def test_a_skeleton_is_no_entity(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component(name="${{ values.name }}")})
    assert [each.split(" ")[2] for each in told(tmp_path, "a.yaml")] == ["/metadata/name"]


def test_files_that_a_location_names_are_not_judged(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": entity("all", "Location", targets=["./b.yaml"]), "b.yaml": NAMELESS})
    assert told(tmp_path, "a.yaml") == []
    assert read(tmp_path, "*.yaml") == ["b.yaml"]


def test_a_key_without_a_value_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component(more=[{"x": None}]).replace("Component", "Thing")})
    assert told(tmp_path, "a.yaml") == [
        "a.yaml:1:99 catalog/entity-invalid /metadata/more/0/x of thing:default/a must not be empty, found null"
    ]


@pytest.mark.parametrize("placeholder", [{"$text": "./gone.yaml"}, {"$openapi": "./gone"}, {"$asyncapi": "x", "b": 1}])
def test_a_placeholder_counts_as_a_text(tmp_path: Path, placeholder: dict[str, Any]) -> None:
    spec = {"type": "openapi", "lifecycle": "experimental", "owner": "a", "definition": placeholder}
    write(tmp_path, {"a.yaml": entity("a", "API", **spec)})
    assert told(tmp_path, "a.yaml") == []


@pytest.mark.parametrize("kind", ["Repository", "Product"])
def test_roadies_kinds_are_known(tmp_path: Path, kind: str) -> None:
    text = entity("a", kind, owner="a", hasPart=[""]).replace("backstage.io/v1alpha1", "roadie.io/v1")
    write(tmp_path, {"a.yaml": text})
    assert [each.partition(" of ")[0] for each in told(tmp_path, "a.yaml")] == [
        "a.yaml:10:7 catalog/entity-invalid /spec/hasPart/0"
    ]


# -- techdocs


def test_docs_beside_the_file_need_mkdocs(tmp_path: Path) -> None:
    named = ("dir:./", "dir:../docs/site", "dir:/../docs/site", "dir:../docs", "dir:../..")
    write(
        tmp_path,
        {
            "s/mkdocs.yml/keep": "",
            "docs/site/mkdocs.yaml": "",
            "docs/docs/index.md": "",
            **{
                f"s/{number}.yaml": component(annotations={"backstage.io/techdocs-ref": said})
                for number, said in enumerate(named)
            },
        },
    )
    place = "1:133 docs/techdocs-source-missing backstage.io/techdocs-ref names"
    assert told(tmp_path, "s/*.yaml") == [
        f"s/3.yaml:{place} ../docs, where there is neither mkdocs.yaml nor mkdocs.yml",
        f"s/4.yaml:{place} ./../../mkdocs.yaml, which leaves the checkout",
    ]


# -- -l


def schema(folder: Path, value: Any) -> list[str]:
    """The arguments that name a schema."""
    write(folder, {"schema.json": value if isinstance(value, str) else json.dumps(value)})
    return ["-l", "schema.json"]


def test_a_schema_stands_in_for_the_one_of_annotations(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component(annotations={"backstage.io/view-url": "no url"})})
    assert told(tmp_path, "a.yaml") == [
        "a.yaml:1:129 catalog/entity-invalid /metadata/annotations/backstage.io~1view-url of component:default/a "
        'must satisfy format: the value is not a "uri", found "no url"'
    ]
    wanted = {"properties": {"metadata": {"required": ["title"], "properties": {"name": {"pattern": "^shop-"}}}}}
    assert told(tmp_path, "a.yaml", *schema(tmp_path, wanted)) == [
        "a.yaml:1:62 catalog/entity-invalid /metadata/title of component:default/a is required",
        'a.yaml:1:83 catalog/entity-invalid /metadata/name of component:default/a must match ^shop-, found "a"',
    ]


def test_a_schema_may_refer_to_backstages_own(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component()})
    assert told(tmp_path, "a.yaml", *schema(tmp_path, {"$ref": "Entity"})) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "schema.json:1:2: is not JSON"),
        ("[]", "schema.json: expected a JSON Schema, an object, found list"),
        ({"type": "strin"}, "schema.json is not a JSON Schema: "),
        ({"format": "isbn"}, "schema.json is not a JSON Schema: /format: Unknown format: 'isbn'"),
        ({"$ref": "https://x.io/schema"}, "schema.json is not a JSON Schema: "),
        ({"$ref": "file:///etc/passwd"}, "schema.json is not a JSON Schema: "),
        (
            {"$schema": "https://json-schema.org/draft/2020-12/schema"},
            "schema.json: $schema is 'https://json-schema.org/draft/2020-12/schema', expected",
        ),
    ],
)
def test_a_schema_that_is_none_is_wrong_configuration(tmp_path: Path, value: Any, said: str) -> None:
    write(tmp_path, {"a.yaml": component()})
    done = validate(tmp_path, "a.yaml", *schema(tmp_path, value))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"bylaw: {said}")


def test_a_schema_that_is_not_there_is_wrong_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": component()})
    done = validate(tmp_path, "a.yaml", "-l", "gone.json")
    assert (done.code, done.err) == (
        2,
        "bylaw: gone.json: cannot be read (No such file or directory); -l names a file with a JSON Schema\n",
    )


# -- what is printed


def test_quiet_prints_nothing_unless_something_is_wrong(here: Path) -> None:
    quiet = validate(here, "-q", "a.yaml")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert validate(here, "-q", "b.yaml").out == validate(here, "b.yaml").out
    assert validate(here, "-q", "a.yaml", "--format", "json").report["decision"] == "allowed"


def test_no_secret_of_an_entity_is_repeated(tmp_path: Path) -> None:
    token = f"ghp_{sha256(b'').hexdigest()[:36]}"
    write(tmp_path, {"a.yaml": component(tags=[[token]], links=[{"url": token}])})
    for form in ("json", "text"):
        done = validate(tmp_path, "a.yaml", "--format", form)
        assert done.code == 1
        assert token not in done.out + done.err


def test_two_documents_of_one_name_are_both_judged(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": f"{component(tags=[1])}\n---\n{component(tags=[1])}\n"})
    done = validate(tmp_path, "a.yaml", "--format", "json")
    assert [each.split(" ")[0] for each in done.findings] == ["a.yaml:1:97", "a.yaml:3:97"]
    assert len({each["fingerprint"] for each in done.report["findings"]}) == 2


def test_a_finding_has_the_fingerprint_that_check_gives_it(tmp_path: Path) -> None:
    text = f"{component(name='a b')}\n---\n{component(name='a b')}\n---\nkind: [1]\n---\nkind: [1]\n"
    write(tmp_path, {"a.yaml": text, "b.yaml": text})
    rule = "catalog/entity-invalid"
    ours = validate(tmp_path, "a.yaml", "b.yaml", "--format", "json").report["findings"]
    checked = run("check", "a.yaml", "b.yaml", "--rule", rule, "--format", "json", cwd=tmp_path).report["findings"]
    assert {each["fingerprint"] for each in ours} == {each["fingerprint"] for each in checked}
    assert len({each["fingerprint"] for each in ours}) == len(ours)
