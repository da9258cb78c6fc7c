"""bylaw.yaml: what it can say, and what is said of one that says something else."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bylaw import config
from bylaw.config import (
    CatalogSettings,
    EnforcementSettings,
    KindSetting,
    Level,
    PolicySettings,
    RelationSetting,
    Settings,
)
from bylaw.errors import ConfigError
from bylaw.model import Enforcement
from tests.shared import ROOT

FILE = Path("bylaw.yaml")
RULE = "ownership/owner-unknown"

# The contract's example (DESIGN 5.4), as far as this version knows it.
EXAMPLE = b"""
version: 1
catalog:
  paths: ["**/catalog-info.yaml"]
  kinds: []
  complete: auto
policies: {paths: [policies], bundled: true, engine: embedded}
enforcement:
  default: by_severity
  rules:
    ownership/owner-unknown: deny
    docs/techdocs-missing:
      - {level: observe}
      - {level: warn, from: 2026-12-01}
      - {level: deny, from: 2027-02-01, owners: [group:default/payments]}
parameters: {lifecycle/lifecycle-unknown: {allowed: [experimental, production, deprecated]}}
"""

GOOD: list[dict[str, Any]] = [
    {},
    {"version": 1},
    {"catalog": {"complete": True, "ai_model": False, "limits": {"depth": 5, "seconds": 1}}},
    {"policies": {"paths": [], "deadline": 0.5, "memory": 1}},
    {"enforcement": {"default": "off", "rules": {RULE: "warn", "a/b": []}}},
    {"enforcement": {"rules": {RULE: [{"level": "deny", "from": "2026-12-01"}, {"level": "off", "from": None}]}}},
    {"catalog": {"kinds": [{"kind": "W", "api_versions": ["a/v1"], "schema": {"x": 1}, "spec_type": None}]}},
    {"parameters": {RULE: {"anything": [1, {"a": None}]}}},
]

# what it says -> what is said of it
BAD: list[tuple[Any, str]] = [
    ({"polices": {}}, "polices is not a setting (did you mean policies?)"),
    ({"catalog": {"path": ["x"]}}, "catalog.path is not a setting (did you mean paths?)"),
    ({"catalog": {"limits": {"xyz": 1}}}, "catalog.limits.xyz is not a setting"),
    (
        {"enforcement": {"rules": {RULE: [{"level": "deny", "form": "2026-12-01"}]}}},
        f"enforcement.rules.{RULE}.0.form is not a setting (did you mean from?)",
    ),
    (
        {"enforcement": {"rules": {RULE: [{"level": "deny", "from_": "2026-12-01"}]}}},
        f"enforcement.rules.{RULE}.0.from_ is not a setting (did you mean from?)",
    ),
    ({"enforcement": {"rules": {RULE: [{"from": "2026-12-01"}]}}}, f"enforcement.rules.{RULE}.0.level is missing"),
    ({"catalog": {"kinds": [{"kind": "W"}]}}, "catalog.kinds.0.api_versions is missing"),
    ({"catalog": 5}, "catalog: expected a mapping, found 5"),
    ({"catalog": None}, "catalog: expected a mapping, found null"),
    ({"catalog": {"paths": "x"}}, 'catalog.paths: expected a list, found "x"'),
    ({"catalog": {"paths": [1]}}, "catalog.paths.0: expected a text, found 1"),
    ({"catalog": {"complete": "maybe"}}, 'catalog.complete: expected auto, true or false, found "maybe"'),
    ({"catalog": {"ai_model": "yes"}}, 'catalog.ai_model: expected true or false, found "yes"'),
    ({"catalog": {"limits": {"depth": 0}}}, "catalog.limits.depth: expected more than 0, found 0"),
    ({"catalog": {"limits": {"files": 1.5}}}, "catalog.limits.files: expected a whole number, found 1.5"),
    ({"catalog": {"limits": {"seconds": "1"}}}, 'catalog.limits.seconds: expected a number, found "1"'),
    ({"policies": {"deadline": -1}}, "policies.deadline: expected more than 0, found -1"),
    ({"policies": {"engine": "opa"}}, 'policies.engine: expected embedded, found "opa"'),
    ({"version": 2}, "version: expected 1, found 2"),
    (
        {"enforcement": {"default": "denny"}},
        'enforcement.default: expected by_severity, off, observe, warn or deny, found "denny"',
    ),
    (
        {"enforcement": {"rules": {RULE: "denny"}}},
        f'enforcement.rules.{RULE}: expected off, observe, warn or deny, found "denny"',
    ),
    (
        {"enforcement": {"rules": {RULE: [{"level": "denny"}]}}},
        f'enforcement.rules.{RULE}.0.level: expected off, observe, warn or deny, found "denny"',
    ),
    (
        {"enforcement": {"rules": {RULE: {"level": "deny"}}}},
        f'enforcement.rules.{RULE}: expected off, observe, warn or deny, found {{"level":"deny"}}',
    ),
    (
        {"enforcement": {"rules": {RULE: [{"level": "deny", "from": 20261201}]}}},
        f"enforcement.rules.{RULE}.0.from: expected a date such as 2026-12-31, found 20261201",
    ),
    (
        {"enforcement": {"rules": {RULE: [{"level": "deny", "from": "2026-13-01"}]}}},
        f'enforcement.rules.{RULE}.0.from: expected a date such as 2026-12-31, found "2026-13-01"',
    ),
    ({"parameters": {RULE: 5}}, f"parameters.{RULE}: expected a mapping, found 5"),
    ({"parameters": [1]}, "parameters: expected a mapping, found [1]"),
]


def said(value: Any) -> bytes:
    return json.dumps(value).encode()


def refusal(text: bytes) -> str:
    with pytest.raises(ConfigError) as refused:
        config.parse(text, FILE)
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_the_example_of_the_contract_is_understood() -> None:
    assert config.parse(EXAMPLE, Path("checkout/bylaw.yaml")) == Settings(
        version=1,
        catalog=CatalogSettings(),
        policies=PolicySettings(paths=("checkout/policies",)),
        enforcement=EnforcementSettings(
            "by_severity",
            {
                RULE: Enforcement.DENY,
                "docs/techdocs-missing": (
                    Level(Enforcement.OBSERVE),
                    Level(Enforcement.WARN, date(2026, 12, 1)),
                    Level(Enforcement.DENY, date(2027, 2, 1), ("group:default/payments",)),
                ),
            },
        ),
        parameters={"lifecycle/lifecycle-unknown": {"allowed": ["experimental", "production", "deprecated"]}},
    )


def test_a_kind_of_its_own_is_understood() -> None:
    text = b"""
catalog:
  kinds:
    - kind: Widget
      api_versions: [acme.example/v1]
      schema: {$ref: Entity}
      spec_type: round
      relations:
        - {path: spec.maker, relation: madeBy, reverse: makerOf, default_kind: Group, allowed_kinds: [Group]}
"""

    assert config.parse(text, FILE).catalog.kinds == (
        KindSetting(
            "Widget",
            ("acme.example/v1",),
            {"$ref": "Entity"},
            (RelationSetting("spec.maker", "madeBy", "makerOf", "Group", ("Group",)),),
            "round",
        ),
    )


@pytest.mark.parametrize("text", [b"", b"# nothing yet\n", b"---\n", b"{}", b"---\n---\nversion: 1\n"])
def test_what_says_nothing_leaves_the_defaults(text: bytes) -> None:
    assert config.parse(text, FILE) == Settings()


@pytest.mark.parametrize(("value", "fault"), BAD, ids=[fault for _, fault in BAD])
def test_a_fault_says_where_what_was_expected_and_what_was_found(value: Any, fault: str) -> None:
    assert refusal(said(value)) == f"bylaw.yaml: {fault}"


def test_every_fault_is_told_a_line_each() -> None:
    text = said({"version": 2, "catlog": {}, "policies": {"deadline": 0, "bundled": 1}})

    assert refusal(text).splitlines() == [
        "bylaw.yaml: catlog is not a setting (did you mean catalog?)",
        "bylaw.yaml: policies.bundled: expected true or false, found 1",
        "bylaw.yaml: policies.deadline: expected more than 0, found 0",
        "bylaw.yaml: version: expected 1, found 2",
    ]


def test_an_owner_that_is_no_reference_is_a_fault_and_no_stage_that_never_holds() -> None:
    text = said({"enforcement": {"rules": {RULE: [{"level": "deny", "owners": ["team-a", "group:"]}]}}})

    assert refusal(text) == (
        f"bylaw.yaml: enforcement.rules.{RULE}.0: expected owners such as group:default/payments; entity reference "
        '"group:" is not of the form [<kind>:][<namespace>/]<name>, '
        'found {"level":"deny","owners":["team-a","group:"]}'
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"[1]", "bylaw.yaml: expected settings such as `version: 1`, found [1]"),
        (b"version", 'bylaw.yaml: expected settings such as `version: 1`, found "version"'),
        (b"version: 1\n---\nversion: 1\n", "bylaw.yaml: has 2 YAML documents, expected one"),
        (b"version: 1\nversion: 1\n", 'bylaw.yaml:2:1: duplicate key "version"'),
        (b"catalog:\n  paths: [a\n", 'bylaw.yaml:3:1: expected "," or "]" (in what starts on line 2)'),
        (b"version: \xff", "bylaw.yaml:1:10: "),
    ],
)
def test_what_is_no_mapping_or_no_yaml_is_refused_with_its_place(text: bytes, fault: str) -> None:
    assert refusal(text).startswith(fault)


def test_a_long_value_is_not_repeated_whole() -> None:
    assert len(refusal(said({"version": "x" * 10_000}))) < 150


# Where it is read from


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert config.read(root=tmp_path) == Settings()


def test_the_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "bylaw.yaml").write_text("policies: {paths: [mine, /elsewhere]}")

    assert config.read(root=tmp_path).policies.paths == (str(tmp_path / "mine"), "/elsewhere")


def test_a_file_that_is_named_is_read_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("policies: {paths: [mine]}")

    assert config.read(tmp_path / "other.yaml", tmp_path / "ignored").policies.paths == (str(tmp_path / "mine"),)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        config.read(tmp_path / "none.yaml")

    assert str(refused.value) == (
        f"{tmp_path}/none.yaml: cannot be read (No such file or directory); name another file with --config"
    )


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["folder", "broken link"])
def test_a_bylaw_yaml_that_is_no_file_is_not_passed_over(make: Any, tmp_path: Path) -> None:
    make(tmp_path / "bylaw.yaml")

    with pytest.raises(ConfigError, match=r"bylaw\.yaml: cannot be read"):
        config.read(root=tmp_path)


# bylaw.schema.json

SCHEMA = config.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def test_the_schema_at_the_root_is_the_one_that_bylaw_schema_prints() -> None:
    assert (ROOT / "bylaw.schema.json").read_text() == json.dumps(SCHEMA, indent=2) + "\n"


def test_every_setting_is_described_in_the_schema() -> None:
    definitions = {"Settings": SCHEMA, **SCHEMA["$defs"]}
    classes = [
        each
        for each in vars(config).values()
        if isinstance(each, type) and is_dataclass(each) and each.__module__.startswith(config.__name__)
    ]
    undescribed = []
    for cls in classes:
        properties = definitions[cls.__name__]["properties"]
        assert set(properties) == {each.name.rstrip("_") for each in fields(cls)}
        for name, about in properties.items():
            referred = definitions.get(about.get("$ref", "").rpartition("/")[2], {})
            if not about.get("description") and not referred.get("description"):
                undescribed.append(f"{cls.__name__}.{name}")

    assert undescribed == []
    assert set(definitions) == {cls.__name__ for cls in classes} | {"Enforcement"}


@pytest.mark.parametrize("value", GOOD, ids=str)
def test_the_schema_and_bylaw_accept_the_same(value: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(value)) == []
    config.parse(said(value), FILE)


@pytest.mark.parametrize(("value", "fault"), BAD, ids=[fault for _, fault in BAD])
def test_the_schema_and_bylaw_refuse_the_same(value: Any, fault: str) -> None:
    assert list(VALIDATOR.iter_errors(value)) != []
    assert refusal(said(value))


def test_the_defaults_satisfy_the_schema() -> None:
    assert list(VALIDATOR.iter_errors({})) == []
    assert SCHEMA["properties"]["policies"]["default"] == {
        "bundled": True,
        "deadline": 5.0,
        "engine": "embedded",
        "memory": 1024,
        "paths": [],
    }
