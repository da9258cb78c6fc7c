"""An impact in every format, whatever the catalog and the policies hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.config import Level
from bylaw.errors import UsageError
from bylaw.impacts import Difference, Impact, compare
from bylaw.model import Decision, Enforcement, Outcome, Severity
from bylaw.reports.impact import FORMATS, known, render
from bylaw.reports.terminal import columns
from tests.reports.making import ESCAPES, make_finding, make_report

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((resources.files("bylaw.reports.impact") / "impact.schema.json").read_text(encoding="utf-8"))
TOP = ["version", "tool", "decided", "before", "after", "catalog", "summary", "flips", "owners", "rules", "findings"]
TOP += ["notes"]
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))  # lone surrogates included
DENY, WARN = Level(Enforcement.DENY), Level(Enforcement.WARN)
STAGED = (WARN, Level(Enforcement.DENY, date(2026, 12, 1), ("group:default/payments", "team-b")))
GITHUB = 65_536


def nothing() -> Impact:
    return compare(make_report(decision=Decision.ALLOWED), make_report(decision=Decision.ALLOWED))


def all_kinds() -> Impact:
    """A flip of each kind, a rule that differs in everything, and one in nothing that anybody sees."""
    allowed: list[Any] = []
    denied = [{"outcome": Outcome.FAIL}]
    undecided = [{"outcome": Outcome.ERROR, "message": "rule ops/x came to no answer: x.py:1: ValueError"}]
    kinds = [
        (before, after)
        for before in (allowed, denied, undecided)
        for after in (allowed, denied, undecided)
        if before is not after
    ]

    def made(side: int) -> Any:
        findings = [
            make_finding("ops/x", **{"message": "x", "entity": f"component:default/e{number}", **fields})
            for number, kind in enumerate(kinds)
            for fields in kind[side]
        ]
        owners = {f"component:default/e{number}": (f"group:default/team-{number % 3}",) for number in range(5)}
        return make_report(*findings, owners=owners)

    differences = [
        Difference("ops/x", "text", f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"),
        Difference("ops/x", "severity", Severity.WARNING, Severity.ERROR),
        Difference("ops/x", "enforcement", (WARN,), STAGED),
        Difference("ops/x", "parameter", ["a", "b", 1], ["b", 1, {"c": None}], "allowed"),
        Difference("ops/x", "parameter", ["a", "b"], ["b", "a"], "order"),
        Difference("ops/x", "parameter", 0.5, None, "ratio"),
        Difference("ops/y", "text", None, f"sha256:{'b' * 64}"),
        Difference("ops/y", "enforcement", None, (DENY,)),
        Difference("ops/z", "text", f"sha256:{'b' * 64}", None),
        Difference("ops/z", "enforcement", STAGED, None),
    ]
    return compare(made(0), made(1), names=("main", "mine"), differences=differences, notes=["a note"])


def crowd() -> Impact:
    """More flips, owners and rules than are listed."""
    findings = [
        make_finding(f"ops/rule-{number % 60:02}", f"{number}", entity=f"component:default/e{number:03}")
        for number in range(180)
    ]
    owners = {f"component:default/e{number:03}": (f"group:default/team-{number // 3:02}",) for number in range(150)}
    return compare(make_report(), make_report(*findings, owners=owners))


def hostile(text: str = ESCAPES) -> Impact:
    """Whatever strangers write, wherever it comes up, and as much of it as there can be."""
    names = [f"component:default/{number}{text}" for number in range(180)]
    errors = [Outcome.FAIL] * 60 + [Outcome.ERROR] * 60
    after = [
        make_finding(f"ops/rule-{number:03}", text or "x", entity=name, outcome=outcome)
        for number, (name, outcome) in enumerate(zip(names, errors, strict=False))
    ]
    before = [make_finding(f"ops/rule-{number:03}", text or "x", entity=names[number]) for number in range(120, 180)]
    owners = {
        name: (f"group:default/{number}{text}", f"user:default/{text}", text) for number, name in enumerate(names)
    }
    differences = [
        Difference(f"ops/rule-{number:03}", "parameter", [text, text * 9], {text: [text]}, text)
        for number in range(180)
    ]
    return compare(
        make_report(*before, owners=owners),
        make_report(*after, owners=owners, completeness=text),
        names=(text, f"{text}{text}"),
        differences=differences,
        notes=[text] * 60,
    )


CASES: dict[str, Callable[[], Impact]] = {each.__name__: each for each in (nothing, all_kinds, crowd, hostile)}


@pytest.fixture(params=CASES)
def impact(request: pytest.FixtureRequest) -> Impact:
    return CASES[request.param]()


def read(impact: Impact) -> Any:
    return json.loads(render(impact, "json").encode("utf-8"))


# -- all formats


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_visible_text_that_ends_with_one_newline(form: str, impact: Impact) -> None:
    shown = render(impact, form)
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")
    assert form == "json" or all(each.isprintable() or each == "\n" for each in shown)


def test_a_format_that_does_not_exist_is_wrong_usage() -> None:
    with pytest.raises(
        UsageError, match=r'^format "markdwn" does not exist here \(did you mean markdown\?\); known are'
    ):
        known("markdwn")


# -- text


def test_all_that_can_happen_as_text() -> None:
    assert (
        render(all_kinds(), "text")
        == """\
impact: 512 entities in 184 files, judged twice
  before  main  7 rules  denied
  after   mine  7 rules  denied
the catalog counts as complete: it holds 31 Groups

1 entity of 1 owner that main allows would be denied; 1 entity of 1 owner that it allows would be
undecided; 1 entity that it leaves undecided would be denied; 1 entity of 1 owner that it denies
would be undecided; 1 entity of 1 owner that it leaves undecided would be allowed; 1 entity of 1
owner that it denies would be allowed

would be denied
  group:default/team-0: 1 entity
    component:default/e0  ops/x
  (nobody): 1 entity
    component:default/e5  ops/x (undecided before)

would be undecided
  group:default/team-0: 1 entity
    component:default/e3  ops/x (denied before)
  group:default/team-1: 1 entity
    component:default/e1  ops/x (allowed before)

would be allowed
  group:default/team-1: 1 entity
    component:default/e4  ops/x (undecided before)
  group:default/team-2: 1 entity
    component:default/e2  ops/x

rule   denied  undecided  allowed  owners  new  gone  changed  what differs
ops/x       2          2        2       3    2     2        2  rewritten; severity warning → error;
                                                               warn → warn then deny from 2026-12-01
                                                               for group:default/payments, team-b;
                                                               allowed: -a +{"c": null}; order:
                                                               ["a", "b"] → ["b", "a"]; ratio: 0.5 →
                                                               null
ops/y       -          -        -       -    -     -        -  added; deny
ops/z       -          -        -       -    -     -        -  removed; was warn then deny from
                                                               2026-12-01 for
                                                               group:default/payments, team-b

without an answer
  main on component:default/e4: rule ops/x came to no answer: x.py:1: ValueError (2 times)
  mine on component:default/e1: rule ops/x came to no answer: x.py:1: ValueError (2 times)

note: a note
note: there is no change here for rules about changes to judge: not shown is what ops/y, ops/z does

undecided: what has no answer may flip as well (exit code 3)
"""
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], "nothing would change"),
        ([], ["a"], "no decision would flip; of the findings 1 appears"),
        (["a", "b"], [], "no decision would flip; of the findings 2 vanish"),
        (["a", "b"], ["B", "c"], "no decision would flip; of the findings 1 appears, 1 vanishes, 1 counts otherwise"),
    ],
)
def test_where_nothing_flips_the_headline_says_what_changes(before: list[str], after: list[str], expected: str) -> None:
    def findings(keys: list[str]) -> list[Any]:
        level = {True: Enforcement.OBSERVE, False: Enforcement.WARN}
        return [make_finding("ops/x", "x", key=key.lower(), enforcement=level[key.isupper()]) for key in keys]

    impact = compare(make_report(*findings(before)), make_report(*findings(after)))
    assert render(impact, "text").split("\n\n")[1].strip() == expected


def test_a_rule_that_differs_and_changes_no_finding_is_told() -> None:
    impact = compare(make_report(), make_report(), differences=[Difference("docs/techdocs-missing", "text", "a", "b")])
    assert render(impact, "text").split("\n\n")[1:] == [
        "no finding would change",
        "rule                   what differs\ndocs/techdocs-missing  rewritten\n",
    ]


def test_where_much_flips_every_owner_is_listed_with_a_few() -> None:
    shown = render(crowd(), "text")
    assert "180 entities of 50 owners that before allows would be denied" in shown
    assert "  group:default/team-49: 3 entities\n    component:default/e147  ops/rule-27\n" in shown
    assert (
        "  (nobody): 30 entities\n"
        "    component:default/e150  ops/rule-30\n"
        "    component:default/e151  ops/rule-31\n"
        "    component:default/e152  ops/rule-32\n"
        "    and 27 more\n"
    ) in shown


@pytest.mark.parametrize("width", [60, 70, 100])
def test_lines_fit_the_screen_but_for_the_columns_of_numbers(width: int) -> None:
    shown = render(all_kinds(), "text", width=width)
    too_long = [line for line in shown.splitlines() if columns(line) > width]
    assert [line for line in too_long if not line.startswith(("rule ", "ops/"))] == []


def test_an_entity_takes_one_line_with_as_many_rules_as_fit() -> None:
    findings = [make_finding(f"ops/rule-{number}", "x") for number in range(4)]
    impact = compare(make_report(), make_report(*findings))

    def line(width: int) -> str:
        return next(
            line for line in render(impact, "text", width=width).splitlines() if line.startswith("    component")
        )

    assert line(80) == "    component:default/orders  ops/rule-0, ops/rule-1, ops/rule-2, ops/rule-3"
    assert line(76) == "    component:default/orders  ops/rule-0, ops/rule-1, ops/rule-2, ops/rule-3"
    assert line(75) == "    component:default/orders  ops/rule-0, ops/rule-1, ops/rule-2 and 1 more"
    assert line(60) == "    component:default/orders  ops/rule-0 and 3 more"
    assert line(40) == "    component:default/orders  ops/rule-0 and 3 more"


def test_colours_change_nothing_but_colours() -> None:
    for make in CASES.values():
        coloured = render(make(), "text", color=True)
        assert "\x1b[1m" in coloured
        assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render(make(), "text")


# -- markdown


def test_tables_end_after_fifty_rows_and_say_so() -> None:
    shown = render(crowd(), "markdown")
    assert shown.count("| `component:default/e") == 50
    assert "\n\nand 130 more\n\n</details>\n" in shown
    assert "\n\nand 1 more owners\n" in shown
    assert "\n\nand 10 more rules\n" in shown


@pytest.mark.parametrize("text", [ESCAPES, "|" * 253, "`" * 253, "注" * 253, "e" + "\u0301" * 252, "x" * 253, ""])
def test_no_stranger_can_make_the_note_longer_than_a_server_takes(text: str) -> None:
    assert len(render(hostile(text), "markdown")) < GITHUB


@given(text=ANY_TEXT)
def test_all_text_of_strangers_stands_in_code_spans_of_one_cell(text: str) -> None:
    shown = render(hostile(f"@all {text} <b> #1"), "markdown")
    for line in shown.split("\n"):
        outside = re.sub(r"`[^`]+`", "", line)
        assert "`" not in outside
        assert not re.search(r"@|#1|<(?!/?(details|summary)>)", outside)
    rows = [line for line in shown.split("\n") if line.startswith("| `component")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4, 5}


# -- JSON


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_impact_satisfies_the_schema(impact: Impact) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(read(impact))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("flips", 0, "after"), "maybe"),
        (("flips", 0, "because"), []),
        (("summary", "owners"), -1),
        (("rules", 0, "differences", 0, "after"), 1),
        (("rules", 0, "differences", 2, "after"), "deny"),
        (("rules", 0, "differences", 2, "name"), "allowed"),
        (("rules", 0, "differences", 3, "name"), None),
        (("findings", 0, "fingerprint"), "abc"),
        (("before", "policies", "digest"), "abc"),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(place: tuple[str | int, ...], value: Any) -> None:
    said = read(all_kinds())
    inner = said
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(said)


@pytest.mark.parametrize("key", TOP)
def test_the_schema_asks_for_every_key(key: str) -> None:
    said = read(all_kinds())
    assert list(said) == TOP
    del said[key]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(said)


def test_json_has_all_of_it() -> None:
    said = read(crowd())
    assert len(said["flips"]) == said["summary"]["allowed_to_denied"] == 180
    assert (len(said["owners"]), said["summary"]["owners"]) == (51, 50)
    assert len(said["findings"]) == said["summary"]["appear"] == 180
    assert said["owners"][0] == {
        "owner": None,
        "denied": 30,
        "undecided": 0,
        "allowed": 0,
        "rules": [f"ops/rule-{number:02}" for number in range(30, 60)],
    }


def test_json_says_what_has_no_answer() -> None:
    said = read(all_kinds())
    assert said["decided"] is False
    assert said["before"]["unanswered"] == [
        {
            "rule": "ops/x",
            "entity": f"component:default/e{number}",
            "message": "rule ops/x came to no answer: x.py:1: ValueError",
        }
        for number in (4, 5)
    ]


def test_a_document_without_a_file_has_no_path() -> None:
    impact = compare(make_report(), make_report(make_finding("ops/x", "x", entity=None)))
    assert [(each["entity"], each["path"]) for each in read(impact)["flips"]] == [(None, None)]
    assert "    the catalog as a whole  ops/x\n" in render(impact, "text")


def test_a_later_document_of_a_file_is_told_by_its_number() -> None:
    impact = compare(make_report(), make_report(make_finding("ops/x", "x", entity=None)))
    flip = replace(impact.flips[0], path="all.yaml", index=2)
    owner = replace(impact.owners[0], flips=(flip,))
    assert "    all.yaml#3  ops/x\n" in render(replace(impact, flips=(flip,), owners=(owner,)), "text")
