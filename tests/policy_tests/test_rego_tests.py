from __future__ import annotations

import threading

import pytest

from bylaw.config import PolicySettings
from bylaw.errors import ConfigError
from bylaw.model import Outcome
from bylaw.policy_tests.coverage import Lines
from bylaw.policy_tests.rego_tests import find, run
from bylaw.policy_tests.results import Coverage, Trial
from bylaw.rules import Module

RULE = Module(
    "r.rego",
    "bylaw.docs.r",
    "package bylaw.docs.r\nimport rego.v1\n\n"
    "large if {\n\tinput.n > 10\n}\n\nsmall if {\n\tinput.n < 5\n\tinput.n > 0\n}\n",
)
LOOP = "count([1 | some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a == b + 9000]) == 0"


def module(*tests: str, package: str = "bylaw.docs.r_test") -> Module:
    text = "\n".join([f"package {package}", "import rego.v1", "import data.bylaw.docs.r", *tests])
    return Module("r_test.rego", package, text + "\n")


def tried(*tests: str, deadline: float = 5.0) -> tuple[list[Trial], Lines]:
    written = module(*tests)
    lines = Lines()
    found = find([written], [RULE, written])
    return run(found, [RULE, written], PolicySettings(deadline=deadline), lines), lines


def test_a_true_test_passes_and_a_false_or_undefined_one_fails_at_its_line() -> None:
    trials, _ = tried(
        "test_true if r.large with input.n as 11",
        "test_undefined if r.large with input.n as 10",
        "test_false := false",
        "helper := 1",
        "test_number := 1",
    )
    assert trials == [
        Trial("test_true", "r_test.rego:4", Outcome.PASS),
        Trial("test_undefined", "r_test.rego:5", Outcome.FAIL, ("it is not true",)),
        Trial("test_false", "r_test.rego:6", Outcome.FAIL, ("it is not true",)),
        Trial("test_number", "r_test.rego:8", Outcome.FAIL, ("it is not true",)),
    ]


def test_a_test_that_cannot_be_evaluated_is_an_error_with_its_place_and_the_others_go_on() -> None:
    trials, _ = tried('test_broken if to_number("x") == 1', "test_true := true")
    assert [(each.name, each.outcome) for each in trials] == [
        ("test_broken", Outcome.ERROR),
        ("test_true", Outcome.PASS),
    ]
    assert trials[0].details[0].startswith("r_test.rego:4:")


def test_a_test_that_loops_is_stopped_and_the_others_go_on() -> None:
    trials, lines = tried(
        "test_before if r.large with input.n as 11",
        f"test_loops if {{ {LOOP} }}",
        "test_after if r.small with input.n as 1",
        deadline=0.3,
    )
    assert trials == [
        Trial("test_before", "r_test.rego:4", Outcome.PASS),
        Trial("test_loops", "r_test.rego:5", Outcome.ERROR, ("no answer within 0.3 s",)),
        Trial("test_after", "r_test.rego:6", Outcome.PASS),
    ]
    assert lines.of("r.rego") == Coverage("r.rego", 3, ())


def test_the_answers_are_the_same_where_workers_are_spawned() -> None:
    tests = ("test_true if r.large with input.n as 11", "test_false := false")
    forked = tried(*tests)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()  # a process with threads is not forked
    try:
        spawned = tried(*tests)
    finally:
        done.set()
        thread.join()
    assert spawned == forked


def test_tests_see_no_data_but_what_they_set() -> None:
    trials, _ = tried(
        "test_nothing if not data.catalog",
        'test_set if data.catalog.entities.x == 1 with data.catalog.entities as {"x": 1}',
        "test_gone if not data.catalog.entities",
    )
    assert [each.outcome for each in trials] == [Outcome.PASS] * 3


def test_lines_are_summed_over_all_tests() -> None:
    _, lines = tried("test_large if r.large with input.n as 11")
    assert lines.of("r.rego") == Coverage("r.rego", 3, (10,))
    _, lines = tried("test_large if r.large with input.n as 11", "test_small if r.small with input.n as 1")
    assert lines.of("r.rego") == Coverage("r.rego", 3, ())


def test_tests_may_stand_in_the_package_they_test() -> None:
    written = module("test_x := true", package="bylaw.docs.r")
    assert [each.subject for each in find([written], [RULE, written])] == ["bylaw.docs.r"]
    assert [each.subject for each in find([module("test_x := true")], [RULE, module("test_x := true")])] == [
        "bylaw.docs.r"
    ]


def test_a_test_of_several_bodies_is_one() -> None:
    trials, _ = tried("test_either if r.large with input.n as 1", "test_either if r.small with input.n as 1")
    assert trials == [Trial("test_either", "r_test.rego:4", Outcome.PASS)]


@pytest.mark.parametrize(
    "rule",
    [
        'test_each[name] if { some name in ["a", "b"] }',
        "test_of(x) := x",
        'test_set contains "a"',
        "test_a.b := true",
    ],
)
def test_a_test_with_a_key_or_arguments_is_refused(rule: str) -> None:
    written = module("helper := 1", rule)
    name = rule.replace("[", " ").replace("(", " ").replace(".", " ").split()[0]
    with pytest.raises(ConfigError) as error:
        find([written], [RULE, written])
    assert str(error.value) == (f"r_test.rego:5: {name} has a key or arguments; a test is `{name} if {{ ... }}`")


def test_a_file_without_tests_is_refused() -> None:
    written = module("text_x := true")
    with pytest.raises(ConfigError) as error:
        find([written], [RULE, written])
    assert str(error.value) == ("r_test.rego: no rule in it is named test_…, though its name ends in _test.rego")
