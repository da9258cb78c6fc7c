"""What is refused of a Rego module before anything is judged by it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from bylaw import rules, workers
from bylaw.catalog import Kinds, build, compare
from bylaw.config import CatalogSettings, Settings
from bylaw.engine import check, data, lint
from bylaw.errors import ConfigError
from bylaw.graphs import Graph
from bylaw.rules import Module

HEAD = "package bylaw.docs.x\n\nimport rego.v1\nimport future.keywords.not\n"
LIB = Module(
    "lib.rego", "bylaw.lib.entity", "package bylaw.lib.entity\nimport rego.v1\nref := input.x\nis(a) if a == 1\n"
)


def faults(body: str, *more: Module) -> list[str]:
    """The faults of a rule whose body begins on line 5."""
    return lint.faults([Module("x.rego", "bylaw.docs.x", HEAD + body), *more])


@pytest.mark.parametrize(
    "body",
    [
        "findings contains 1 if not input.x",
        "findings contains 1 if { count(input.x) > 0; trim_space(input.y) == `a` }",
        "import data.bylaw.lib.entity\nfindings contains entity.ref if entity.is(2)",
        "import data.bylaw.lib.entity as e\nfindings contains e.ref if e.is(2)",
        "findings contains data.bylaw.lib.entity.ref if data.bylaw.lib.entity.is(2)",
        "import input.spec as s\nfindings contains s.owner",
        "findings contains x if some x in data.catalog.relations[input.ref].ownedBy",
        'findings contains data.bylaw.parameters["docs/x"].days if data.bylaw.now_ns > data.bylaw.today',
        "findings contains 1 if { data.catalog; data.bylaw; data[input.x] }",
        "findings contains f(1)\nf(x) := x + y if { y := 1 }",
        # What a rule calls by its own name is not itself.
        "findings contains a\na if { a := input.x; a > 1 }",
        "findings contains a\na if { some a; input.x[a] > 1 }",
        "findings contains a\na if every a in input.x { a > 1 }",
        "findings contains f(1)\nf(g) := g + 1\ng := f(1)",
        "findings contains 1 if { print(input.x); every y in input.z { y > 1 } }",
        "default a := 1\na := 2 if input.x\nfindings contains a",
        "findings contains 1 if a with input as {}\na if input.x",
    ],
)
def test_what_is_right_is_let_through(body: str) -> None:
    assert faults(body, LIB) == []


def test_the_policies_of_bylaw_and_their_tests_are_right() -> None:
    policies = rules.load(Settings())

    check((*policies.modules, *policies.tests))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("findings contains 1 if nothing(1)", ["x.rego:5:31: there is no function nothing"]),
        ('findings contains 1 if trim_spaces("a")', ["x.rego:5:35: there is no function trim_spaces"]),
        ("findings contains x", ["x.rego:5:19: nothing defines x"]),
        ("findings contains 1 if { input.x == owner }", ["x.rego:5:37: use of undefined variable `owner` is unsafe"]),
        ("findings contains 1 if findings", ["x.rego:5:24: rule bylaw.docs.x.findings needs itself"]),
        ("findings contains f(1)\nf(x) := f(x - 1)", ["x.rego:6:9: rule bylaw.docs.x.f needs itself"]),
        ("findings contains a\na if b\nb if { data.bylaw.docs.x.a }", ["x.rego:6:6: rule bylaw.docs.x.a needs itself"]),
        ('findings contains a\na if b.c.d\nb := {"c": a}', ["x.rego:6:9: rule bylaw.docs.x.a needs itself"]),
        ("other contains 1", ["x.rego:1:1: package bylaw.docs.x has no rule `findings`"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_be_found_out_too_late_is_refused_with_its_place(body: str, found: list[str]) -> None:
    told = faults(body)

    assert [fault[: len(start)] for fault, start in zip(told, found, strict=True)] == found


def test_a_fault_of_a_library_is_told_once_however_many_need_it() -> None:
    library = Module("lib.rego", "bylaw.lib.y", "package bylaw.lib.y\nimport rego.v1\nf(x) := x + lost\n")
    other = Module(
        "y.rego", "bylaw.docs.y", f"package bylaw.docs.y\n{HEAD[21:]}findings contains data.bylaw.lib.y.f(1)\n"
    )

    assert faults("findings contains data.bylaw.lib.y.f(1)", library, other) == ["lib.rego:3:13: nothing defines lost"]


def test_a_cycle_through_several_modules_is_shown_whole() -> None:
    other = Module("y.rego", "bylaw.lib.y", "package bylaw.lib.y\nimport rego.v1\nb if data.bylaw.docs.x.a\n")

    assert faults("findings contains 1 if a\na if data.bylaw.lib.y.b", other) == [
        "x.rego:6:22: rule bylaw.docs.x.a needs itself (bylaw.docs.x.a -> bylaw.lib.y.b -> bylaw.docs.x.a): "
        "no recursion in Rego"
    ]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        (
            'http.send({"url": "x"})',
            "http.send is not allowed: a rule has no network; put what it needs into the catalog or a parameter",
        ),
        ('net.lookup_ip_addr("x")', "net.lookup_ip_addr is not allowed: a rule has no network"),
        ("opa.runtime()", "opa.runtime is not allowed: it shows the environment; use a parameter"),
        ('rand.intn("a", 5)', "rand.intn is not allowed: the same input must give the same verdict"),
        ('uuid.rfc4122("a")', "uuid.rfc4122 is not allowed: the same input must give the same verdict"),
        (
            "time.now_ns()",
            "time.now_ns is not allowed: use data.bylaw.now_ns, so that a judgement can be repeated with --now",
        ),
    ],
)
def test_what_a_verdict_must_not_depend_on_is_refused(expression: str, fault: str) -> None:
    (told,) = faults(f"findings contains {expression}")

    assert told.partition(": ")[2] == fault
    assert told.startswith("x.rego:5:")


def test_not_without_its_keyword_means_something_else_in_opa() -> None:
    text = "package bylaw.docs.x\nimport rego.v1\nfindings contains 1 if not input.x\na := [x | not input.y; x := 1]\n"

    assert lint.faults([Module("x.rego", "bylaw.docs.x", text)]) == [
        f"x.rego:{place}: `not` means something else in OPA when its operand is undefined; "
        "add `import future.keywords.not`"
        for place in ("3:24", "4:11")
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            "import data.bylaw.lib.entity\nfindings contains entity.reff",
            "x.rego:6:25: nothing defines data.bylaw.lib.entity.reff (did you mean bylaw.lib.entity.ref?)",
        ),
        (
            "import data.bylaw.lib.entity\nfindings contains 1 if entity.iss(1)",
            "x.rego:6:30: nothing defines data.bylaw.lib.entity.iss (did you mean bylaw.lib.entity.is?)",
        ),
        (
            "import data.bylaw.lib.entitty\nfindings contains entitty.ref",
            "x.rego:6:19: nothing defines data.bylaw.lib.entitty (did you mean bylaw.lib.entity?)",
        ),
        (
            "findings contains data.catlog.entities[input.x].spec",
            "x.rego:5:23: nothing defines data.catlog (did you mean catalog?)",
        ),
        (
            "findings contains x if some x in data.catalog.entites",
            "x.rego:5:46: nothing defines data.catalog.entites (did you mean catalog.entities?)",
        ),
        (
            "findings contains data.bylaw.parameter.days",
            "x.rego:5:29: nothing defines data.bylaw.parameter (did you mean bylaw.parameters?)",
        ),
    ],
)
def test_data_that_is_never_there_would_make_a_rule_that_judges_nothing(body: str, fault: str) -> None:
    assert faults(body, LIB) == [fault]


def test_what_is_said_to_be_there_is_what_is_there() -> None:
    catalog = build((), Kinds.of(CatalogSettings()))
    policies = rules.load(Settings())

    change_set = compare(catalog, catalog)
    whole = json.loads(data.whole(catalog, Graph.build((), ()), policies, date(2026, 1, 1), change_set))

    assert sorted(data.PATHS) == sorted(f"{top}.{name}" for top, inner in whole.items() for name in inner)


# check(): all of that in a worker


def refusal(*texts: str) -> str:
    with pytest.raises(ConfigError) as refused:
        check(tuple(Module(f"{number}.rego", f"bylaw.docs.x{number}", text) for number, text in enumerate(texts)))
    return str(refused.value)


def test_every_module_that_does_not_parse_is_told() -> None:
    good = "package bylaw.docs.x1\nfindings := set()\n"

    assert refusal("package a\nx := ", good, "package b\n\ny = = 1").splitlines() == [
        "0.rego:2:6: expecting expression; the policy does not compile",
        "2.rego:3:5: expecting expression; the policy does not compile",
    ]


def test_every_fault_is_told_a_line_each() -> None:
    told = refusal(
        "package bylaw.docs.x0\nimport rego.v1\nfindings contains f(1) if g(2)\n",
        "package bylaw.docs.x1\nimport rego.v1\nfindings contains time.now_ns()\n",
    )

    assert [line.split(": ")[:2] for line in told.splitlines()] == [
        ["0.rego:3:20", "there is no function f"],
        ["0.rego:3:28", "there is no function g"],
        ["1.rego:3:30", "time.now_ns is not allowed"],
    ]


def test_a_module_that_regorus_never_finishes_reading_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "_BOUNDS", workers.Bounds(deadline=0.5, memory=512))
    nested = "[" * 100 + "]" * 100  # twice as long for every bracket

    assert refusal("package bylaw.docs.x0\nfindings := set()\n", f"package bylaw.docs.x1\nfindings := {nested}\n") == (
        "1.rego: regorus cannot read it: no answer within 0.5 s"
    )


def test_what_has_been_checked_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = (Module("once.rego", "bylaw.docs.once", "package bylaw.docs.once\nfindings := set()\n"),)
    check(modules)
    monkeypatch.setattr(workers, "run", _never)

    check(modules)


def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("checked again")
