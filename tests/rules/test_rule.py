"""What a rule is: what must be said of it, which entities it is for, with which parameters it runs."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.errors import ConfigError
from bylaw.model import Document, Entity, EntityRef, RuleInfo, Severity
from bylaw.rules import Rule


def rule(**said: Any) -> Rule:
    return Rule(
        **{
            "id": "docs/runbook-missing",
            "title": "No runbook",
            "description": "Nobody knows what to do.",
            "remediation": "Write one.",
            "severity": Severity.WARNING,
            "package": "bylaw.docs.runbook_missing",
            "source": "policies/docs/runbook_missing/runbook_missing.rego",
            **said,
        }
    )


def refusal(**said: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        rule(**said)
    return str(refused.value)


def entity(**data: Any) -> Entity:
    data = {"kind": "Component", "metadata": {"name": "x"}, **data}
    ref = EntityRef(data["kind"], "default", "x")
    return Entity(str(ref), ref, data, Document("a.yaml", 0, data))


@pytest.mark.parametrize("rule_id", ["a/b", "docs/runbook-missing", "api2/v1-gone"])
def test_an_id_names_a_category_and_a_problem(rule_id: str) -> None:
    assert rule(id=rule_id).category == rule_id.split("/")[0]


@pytest.mark.parametrize(
    "rule_id", ["", "docs", "docs/", "/x", "a/b/c", "Docs/x", "docs/X", "docs/a_b", "docs/a--b", "docs/a\n"]
)
def test_another_id_is_refused(rule_id: str) -> None:
    source = "policies/docs/runbook_missing/runbook_missing.rego"

    assert refusal(id=rule_id) == f"{source}: rule id {rule_id!r}, expected category/problem-in-kebab-case"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"title": " "}, "has no title"),
        ({"description": ""}, "has no description"),
        ({"remediation": "\n"}, "has no remediation"),
        ({"severity": "fatal"}, "has severity 'fatal', expected error | warning | info"),
        ({"reads": "all"}, "has reads 'all', expected entity | relations | graph"),
        ({"subject": "file"}, "has subject 'file', expected entity | document | problem | change | catalog"),
        ({"package": None}, "needs either an evaluate function or a Rego package"),
        ({"evaluate": zip}, "needs either an evaluate function or a Rego package"),
        ({"applies_to": {"kind": "API"}}, """has applies_to kind: 'API', expected texts such as ("API",)"""),
        ({"applies_to": {"kind": (1,)}}, """has applies_to kind: (1,), expected texts such as ("API",)"""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_written_wrong_is_refused_and_does_not_silently_judge_nothing(said: dict[str, Any], fault: str) -> None:
    source = "policies/docs/runbook_missing/runbook_missing.rego"

    assert refusal(**said) == f"{source}: rule docs/runbook-missing {fault}"


def test_its_metadata_is_there_without_running_it() -> None:
    assert rule().info == RuleInfo(
        "docs/runbook-missing",
        "No runbook",
        "Nobody knows what to do.",
        Severity.WARNING,
        "Write one.",
        "entity",
        "rego",
        "policies/docs/runbook_missing/runbook_missing.rego",
    )
    assert rule(package=None, evaluate=lambda entity, context: []).language == "python"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/home/x/lib/python3/site-packages/bylaw/rules/docs/x.py", "bylaw/rules/docs/x.py"),
        ("policies/docs/x.rego", "policies/docs/x.rego"),
        ("", "."),
    ],
)
def test_its_source_is_shown_without_the_folders_of_this_machine(source: str, shown: str) -> None:
    assert rule(source=source).shown_source == shown


# Which entities


@pytest.mark.parametrize(
    ("applies_to", "data", "applies"),
    [
        ({}, {}, True),
        ({"kind": ("Component",)}, {}, True),
        ({"kind": ("component",)}, {}, True),  # case does not count
        ({"kind": ("API", "Component")}, {}, True),  # any of the values
        ({"kind": ("API",)}, {}, False),
        ({"kind": ("Component",), "spec.type": ("library",)}, {"spec": {"type": "service"}}, False),  # all of the keys
        ({"kind": ("Component",), "spec.type": ("service",)}, {"spec": {"type": "Service"}}, True),
        ({"spec.type": ("service",)}, {}, False),
        ({"spec.type": ("service",)}, {"spec": []}, False),
        ({"spec.type": ("service",)}, {"spec": {"type": None}}, False),
        ({"spec.lifecycle": ("*",)}, {"spec": {"lifecycle": "anything"}}, True),
        ({"spec.lifecycle": ("*",)}, {"spec": {"lifecycle": ""}}, True),  # it is there
        ({"spec.lifecycle": ("*",)}, {"spec": {"lifecycle": None}}, False),
        ({"spec.lifecycle": ("*",)}, {"spec": {}}, False),
        ({"metadata.tags": ("java",)}, {"metadata": {"tags": ["go", "Java"]}}, True),
        ({"metadata.tags": ("java",)}, {"metadata": {"tags": []}}, False),
        ({"metadata.annotations.a.b/c": ("x",)}, {"metadata": {"annotations": {"a.b/c": "x"}}}, True),
        ({"metadata.annotations.a.b/c": ("*",)}, {"metadata": {"annotations": {"a": {"b/c": "x"}}}}, True),
        ({"metadata.labels.a.b": ("x",)}, {"metadata": {"labels": {"a.b": "x", "a": {"b": "y"}}}}, True),
        ({"spec.public": ("true",)}, {"spec": {"public": True}}, True),
        ({"spec.public": ("True",)}, {"spec": {"public": True}}, True),
        ({"spec.public": ("1",)}, {"spec": {"public": True}}, False),
        ({"spec.tier": ("1",)}, {"spec": {"tier": 1}}, True),
    ],
    ids=str,
)
def test_a_rule_is_for_the_entities_that_its_filter_lets_through(
    applies_to: dict[str, tuple[str, ...]], data: dict[str, Any], applies: bool
) -> None:
    assert rule(applies_to=applies_to).applies(entity(**data)) is applies


@pytest.mark.parametrize(
    ("applies_to", "kind", "for_it"),
    [
        ({}, "Component", True),
        ({"kind": ("API", "Component")}, "Component", True),
        ({"kind": ("component",)}, "Component", True),
        ({"kind": ("*",)}, "Component", True),
        ({"kind": ("API",)}, "Component", False),
        ({"spec.type": ("x",)}, "Component", True),  # its kind alone does not rule it out
    ],
    ids=str,
)
def test_a_kind_that_the_filter_names_is_all_that_it_takes_to_be_for_it(
    applies_to: dict[str, tuple[str, ...]], kind: str, for_it: bool
) -> None:
    assert rule(applies_to=applies_to).is_for(kind) is for_it


# Parameters

PARAMETERS = {
    "allowed": {"type": "array", "items": {"type": "string"}, "default": ["production"]},
    "days": {"type": "integer", "minimum": 1, "default": 180},
}


def test_without_values_the_defaults_hold() -> None:
    assert rule(parameters=PARAMETERS).values({}) == {"allowed": ["production"], "days": 180}


def test_a_value_takes_the_place_of_the_whole_default() -> None:
    assert rule(parameters=PARAMETERS).values({"allowed": []}) == {"allowed": [], "days": 180}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"alowed": []}, ".alowed is not a parameter of the rule (did you mean allowed?); it has allowed, days"),
        ({"days": 0}, ".days must satisfy minimum: the value is less than the minimum of 1, found 0"),
        ({"days": "1"}, ".days must be integer, found '1'"),
        ({"allowed": ["a", 1]}, ".allowed.1 must be string, found 1"),
        ({"allowed": None}, ".allowed must be array, found None"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_at_its_place(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rule(parameters=PARAMETERS).values(given)

    assert str(refused.value) == f"parameters.docs/runbook-missing{fault}"


def test_a_rule_without_parameters_takes_none() -> None:
    with pytest.raises(ConfigError, match=r"days is not a parameter of the rule; it has none$"):
        rule().values({"days": 1})
