"""The METADATA block of a Rego module: what it says, and every way in which it can be wrong."""

from __future__ import annotations

import pytest

from bylaw.errors import ConfigError
from bylaw.model import Severity
from bylaw.rules import Module
from bylaw.rules.metadata import module, rule

PATH = "policies/docs/runbook_missing/runbook_missing.rego"
GOOD = """\
# Copyright somebody.

# METADATA
# title: No runbook
# description: >
#   Nobody knows
#   what to do.
# authors: [me]
# custom:
#   severity: warning
#   reads: relations
#   applies_to: {kind: [Component, API], spec.lifecycle: production, spec.public: true}
#   remediation: Write one.
#   parameters:
#     types: {type: array, items: {type: string}, default: [runbook]}
package bylaw.docs.runbook_missing

import rego.v1
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        rule(module(PATH, text))
    return str(refused.value)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_rule_is_what_its_metadata_says() -> None:
    made = rule(module(PATH, GOOD))

    assert (made.id, made.title, made.description, made.remediation, made.severity, made.reads) == (
        "docs/runbook-missing",
        "No runbook",
        "Nobody knows what to do.",
        "Write one.",
        Severity.WARNING,
        "relations",
    )
    assert made.applies_to == {
        "kind": ("Component", "API"),
        "spec.lifecycle": ("production",),
        "spec.public": ("True",),
    }
    assert made.parameters == {"types": {"type": "array", "items": {"type": "string"}, "default": ["runbook"]}}
    assert (made.package, made.source, made.language) == ("bylaw.docs.runbook_missing", PATH, "rego")


def test_a_rule_has_reasons_for_mutants_that_survive() -> None:
    assert rule(module(PATH, GOOD)).survivors == {}
    reasons = (
        "#   survivors:\n#     - mutant: >\n#         dropped condition:\n#         a -> true\n#       reason: x  y\n"
    )
    made = rule(module(PATH, changed("#   parameters:\n", f"{reasons}#   parameters:\n")))
    assert made.survivors == {"dropped condition: a -> true": "x y"}


def test_what_need_not_be_said_has_a_default() -> None:
    text = GOOD
    for line in GOOD.splitlines(keepends=True):
        if any(word in line for word in ("reads:", "applies_to:", "parameters:", "types:", "authors:")):
            text = text.replace(line, "")
    made = rule(module(PATH, text))

    assert (made.reads, made.applies_to, made.parameters) == ("entity", {}, {})


@pytest.mark.parametrize("start", ["# METADATA", "#METADATA", "#  METADATA  "])
def test_the_block_begins_as_it_does_for_opa(start: str) -> None:
    assert rule(module(PATH, changed("# METADATA", start))).title == "No runbook"


def test_the_first_block_before_the_package_counts() -> None:
    later = "\n# METADATA\n# title: Another\nrule := 1\n"

    assert rule(module(PATH, GOOD + later)).title == "No runbook"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (changed("title: No runbook", "title: 5"), "4: METADATA: title is 5, expected a text"),
        (changed("title: No runbook", 'title: "  "'), "4: METADATA: title is '  ', expected a text"),
        (changed("# title: No runbook\n", ""), "4: METADATA: title is missing, expected a text"),
        (changed("title:", "titel:"), "4: METADATA: titel is not known (did you mean title?)"),
        (
            changed("severity: warning", "severity: fatal"),
            "10: METADATA: custom.severity is 'fatal', expected error | warning | info",
        ),
        (
            changed("severity: warning", "severity: [error]"),
            "10: METADATA: custom.severity is ['error'], expected error | warning | info",
        ),
        (
            changed("#   severity: warning\n", ""),
            "9: METADATA: custom.severity is missing, expected error | warning | info",
        ),
        (
            changed("severity: warning", "severty: warning"),
            "10: METADATA: custom.severty is not known (did you mean severity?)",
        ),
        (
            changed("reads: relations", "reads: all"),
            "11: METADATA: custom.reads is 'all', expected entity | relations | graph",
        ),
        (
            changed("remediation: Write one.", "remediation: {a: b}"),
            "13: METADATA: custom.remediation is {'a': 'b'}, expected a text",
        ),
        (
            changed("{kind: [Component, API], spec.lifecycle: production, spec.public: true}", "Component"),
            "12: METADATA: custom.applies_to must map fields to values",
        ),
        (
            changed("[Component, API]", "[Component, [API]]"),
            "12: METADATA: custom.applies_to.kind is ['Component', ['API']], expected a value or a list of values",
        ),
        (
            changed("[Component, API]", "null"),
            "12: METADATA: custom.applies_to.kind is missing, expected a value or a list of values",
        ),
        (
            changed("{type: array, items: {type: string}, default: [runbook]}", "[runbook]"),
            "15: METADATA: custom.parameters.types must be a JSON Schema with a default",
        ),
        (
            changed(", default: [runbook]", ""),
            "15: METADATA: custom.parameters.types must be a JSON Schema with a default",
        ),
        (
            changed("default: [runbook]", "default: [5]"),
            "15: METADATA: the default of custom.parameters.types: /0 must be string",
        ),
        (
            changed("type: array", "type: arrray"),
            "15: METADATA: custom.parameters.types is not a JSON Schema: /type: "
            "the value is not valid under any of the schemas listed in the 'anyOf' keyword",
        ),
        (
            GOOD.partition("#   parameters")[0] + "#   parameters: [types]\npackage bylaw.docs.runbook_missing\n",
            "14: METADATA: custom.parameters must map names to JSON Schemas",
        ),
        (
            changed("#   parameters:\n", "#   survivors: {a: b}\n#   parameters:\n"),
            "14: METADATA: custom.survivors must list mutants, each with a reason",
        ),
        (
            changed("#   parameters:\n", "#   survivors:\n#     - {mutant: a}\n#   parameters:\n"),
            "15: METADATA: custom.survivors.0 is {'mutant': 'a'}, expected {mutant: a text, reason: a text}",
        ),
        (
            changed("#   parameters:\n", "#   survivors: [{mutant: a, reason: ' '}]\n#   parameters:\n"),
            "14: METADATA: custom.survivors.0 is {'mutant': 'a', 'reason': ' '}, "
            "expected {mutant: a text, reason: a text}",
        ),
        (
            GOOD.partition("# custom")[0] + "# custom: [severity]\npackage bylaw.docs.runbook_missing\n",
            "9: METADATA: custom must be a mapping",
        ),
        (changed("# METADATA", "# DATA"), "1: no # METADATA block before the package line (see `bylaw new rule`)"),
        (
            "package bylaw.docs.x\n# METADATA\n# title: x\n",
            "1: no # METADATA block before the package line (see `bylaw new rule`)",
        ),
        ("# METADATA\npackage bylaw.docs.x\n", "1: METADATA must be one YAML mapping"),
        ("# METADATA\n# - title\npackage bylaw.docs.x\n", "1: METADATA must be one YAML mapping"),
        (
            "# METADATA\n# title: [x\npackage bylaw.docs.x\n",
            '3:1: METADATA: expected "," or "]" (in what starts on line 2)',
        ),
        ("# METADATA\n# title: x\n# title: y\npackage bylaw.docs.x\n", '3:3: METADATA: duplicate key "title"'),
        ("\n\n# Hello\n", "1: no package line; expected e.g. `package bylaw.ownership.owner_unknown`"),
    ],
    ids=lambda value: value if value[:1].isdigit() else "",
)
def test_what_is_wrong_is_told_with_its_line(text: str, fault: str) -> None:
    assert refusal(text) == f"{PATH}:{fault}"


@pytest.mark.parametrize(
    "package",
    ["docs", "bylaw.docs", "bylaw.docs.a.b", "other.docs.x", "bylaw.Docs.x", "bylaw.docs.x__y", "bylaw.docs._x"],
)
def test_a_package_that_is_no_rules_id_is_refused(package: str) -> None:
    assert refusal(changed("bylaw.docs.runbook_missing", package)) == (
        f"{PATH}:16: package {package}, expected bylaw.<category>.<rule_name> in lower case: it is the rule's id"
    )


@pytest.mark.parametrize(
    ("path", "package", "is_test", "is_library"),
    [
        ("a/x.rego", "bylaw.docs.x", False, False),
        ("a/x_test.rego", "bylaw.docs.x_test", True, False),
        ("lib/x.rego", "bylaw.lib.x", False, True),
        ("lib/x_test.rego", "bylaw.lib.x_test", True, True),
    ],
)
def test_a_module_is_a_rule_a_test_or_a_library(path: str, package: str, is_test: bool, is_library: bool) -> None:
    made = module(path, f"# a\npackage {package} # why\n")

    assert made == Module(path, package, f"# a\npackage {package} # why\n")
    assert (made.is_test, made.is_library) == (is_test, is_library)
