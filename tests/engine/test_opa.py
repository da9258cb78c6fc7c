"""What can be told of rules on an OPA server without one: how they are put, how they are asked, what is refused.

The servers themselves are in tests/real/test_opa_engine.py and tests/real/test_agree.py.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw import engine
from bylaw.config import OpaEngine, OpaSetting, PolicySettings, Settings
from bylaw.engine import data
from bylaw.engine.opa import UNDEFINED, LateError, Server, moved
from bylaw.engine.opa_rules import Over
from bylaw.engine.parts import Asked
from bylaw.engine.rego import Rego, RegoError
from bylaw.errors import ConfigError, UndecidedError
from bylaw.rules import Module, load
from tests.engine.world import KINDS, TODAY, catalog, entity, graph

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = "run.law"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("data.catalog.entities[x]", "data.run.law.catalog.entities[x]"),
        ('data["catalog"]', 'data.run.law["catalog"]'),
        ("import data.bylaw.lib.entity as e", "import data.run.law.bylaw.lib.entity as e"),
        ("f(1) with data.catalog as {}", "f(1) with data.run.law.catalog as {}"),
        ("walk(data, [path, value])", "walk(data.run.law, [path, value])"),
        ("[data.a,data.b]", "[data.run.law.a,data.run.law.b]"),
        ("input.data.x == input.spec.data", "input.data.x == input.spec.data"),
        ('"data.x \\" data.y"', '"data.x \\" data.y"'),
        ("`data.x\ndata.y`", "`data.x\ndata.y`"),
        ('"\\\\" ; data.x', '"\\\\" ; data.run.law.x'),
        ("# data.x\ndata.y", "# data.x\ndata.run.law.y"),
        ('"#"; data.x # "\ndata.z', '"#"; data.run.law.x # "\ndata.run.law.z'),
        ("database.x + metadata + data_x", "database.x + metadata + data_x"),
        ('{"data": data.x}', '{"data": data.run.law.x}'),
    ],
)
def test_a_module_that_is_moved_means_its_place_by_data(text: str, wanted: str) -> None:
    assert moved(f"package a.b\n{text}", ROOT) == f"package run.law.a.b\n{wanted}"


def test_only_the_package_line_names_the_package() -> None:
    text = "# METADATA\n# package x.y\npackage a.b # data\n\nx := `\npackage c`"
    assert moved(text, ROOT) == "# METADATA\n# package x.y\npackage run.law.a.b # data\n\nx := `\npackage c`"


def test_every_rule_finds_the_same_when_it_is_moved() -> None:
    """By the engine that is here: the rules, the libraries and the data, all below another name."""
    policies = load(Settings())
    made = catalog(
        entity("orders", type="service", lifecycle="prod", owner="nobody", dependsOn=["component:gone"]),
        entity("team", "Group", type="team", children=["gone"]),
        entity("shop", "System", owner="user:ghost", domain="none"),
    )
    said = data.whole(made, graph(made), policies, TODAY)
    here = Rego(policies.modules, said)
    there = Rego(
        [Module(each.path, f"{ROOT}.{each.package}", moved(each.text, ROOT)) for each in policies.modules],
        orjson.dumps({"run": {"law": orjson.loads(said)}}),
    )
    found = 0
    for rule in policies.rules:
        for each in made.entities.values():
            if rule.package and rule.subject == "entity":
                here.set_input(data.document(each))
                there.set_input(data.document(each))
                wanted = here.findings(rule.package)
                found += len(wanted)
                assert there.findings(f"{ROOT}.{rule.package}") == wanted
    assert found > 10


# What is asked, and of whom


class Answering:
    """Stands where a place on a server would: some questions cannot be answered, on some there is no answer in time."""

    url = "http://opa.example.com"

    def __init__(self, wrong: set[tuple[int, str]] | None = None, late: Sequence[str] = (), *, is_dead: bool = False):
        self.wrong, self.late, self.is_dead = wrong or set(), late, is_dead
        self.asked: list[int] = []

    def query(self, path: str, given: Any, *, seconds: float) -> Any:
        self.asked.append(len(given["questions"]))
        answers: dict[str, Any] = {}
        for number, (category, name, index) in enumerate(given["questions"]):
            who = given["entities"][index]["n"]
            if f"{category}.{name}" in self.late:
                raise LateError("no answer within 1 s")
            if (who, name) in self.wrong:
                raise RegoError(f"{name} fails on {who}")
            if name != "silent":
                answers[str(number)] = [{"of": who, "by": name}]
        if self.is_dead:
            raise LateError("no answer within 1 s")
        return answers


def over(place: Answering, travelling: bytes | None = None) -> Over:
    return Over(place, 1.0, travelling)  # type: ignore[arg-type]  # it answers as a place does


def asked(names: Sequence[str], count: int) -> list[Asked]:
    return [
        Asked(number * len(names) + position, orjson.dumps({"n": number}), f"bylaw.x.{name}")
        for number in range(count)
        for position, name in enumerate(names)
    ]


def answer(rules: Over, number: int, name: str) -> Any:
    rules.set_input(orjson.dumps({"n": number}))
    try:
        return rules.findings(f"bylaw.x.{name}")
    except RegoError as error:
        return str(error)


def test_a_thousand_questions_are_a_few_requests() -> None:
    place = Answering()
    rules = over(place)
    rules.ahead(asked(["a", "b"], 600))
    assert place.asked == [512, 512, 176]
    assert answer(rules, 599, "b") == [{"of": 599, "by": "b"}]
    assert len(place.asked) == 3


@given(st.sets(st.tuples(st.integers(0, 39), st.sampled_from("abc"))))
def test_questions_that_cannot_be_answered_spoil_no_others(wrong: set[tuple[int, str]]) -> None:
    rules = over(Answering(wrong))
    rules.ahead(asked("abc", 40))
    for number in range(40):
        for name in "abc":
            spoiled = (number, name) in wrong
            assert answer(rules, number, name) == (
                f"{name} fails on {number}" if spoiled else [{"of": number, "by": name}]
            )


def test_what_is_not_answered_is_undefined_and_no_empty_set() -> None:
    rules = over(Answering())
    rules.ahead(asked(["silent"], 1))
    assert answer(rules, 0, "silent") == "data.bylaw.x.silent.findings is undefined"


def test_what_was_not_asked_ahead_is_asked_when_it_is_wanted() -> None:
    place = Answering()
    rules = over(place)
    assert answer(rules, 7, "a") == [{"of": 7, "by": "a"}]
    assert place.asked == [1]


def test_a_rule_that_is_late_three_times_is_asked_no_more_and_the_others_are() -> None:
    place = Answering(late=["x.slow"])
    rules = over(place)
    rules.ahead(asked(["a", "slow"], 8))
    given_up = "it was given up after OPA gave no answer within 1 s 3 times"
    assert [answer(rules, number, "slow") for number in range(8)] == ["no answer within 1 s"] * 3 + [given_up] * 5
    assert [answer(rules, number, "a") for number in range(8)] == [[{"of": n, "by": "a"}] for n in range(8)]
    before = len(place.asked)
    rules.ahead(asked(["slow"], 8))
    assert len(place.asked) == before


def test_a_server_that_is_late_with_everything_decides_nothing() -> None:
    rules = over(Answering(is_dead=True))
    with pytest.raises(UndecidedError, match="not even to a question about no rule"):
        rules.ahead(asked("ab", 4))


@pytest.mark.parametrize("said", [UNDEFINED, None, [], "x", 1])
def test_an_answer_without_what_was_put_there_decides_nothing(said: Any) -> None:
    place = Answering()
    place.query = lambda path, given, *, seconds: said  # type: ignore[method-assign]
    with pytest.raises(UndecidedError, match=r"^http://opa\.example\.com: the policies that were put there are gone"):
        over(place).ahead(asked("a", 1))


def test_each_request_is_marked_by_its_first_question() -> None:
    marks: list[int] = []
    over(Answering({(1, "b")})).ahead(asked("ab", 2), marks.append)
    assert marks == [0, 0, 2, 2, 3]


def test_what_answers_can_be_sent_to_another_process() -> None:
    server = Server(OpaSetting("http://127.0.0.1:1", None, 2.0))
    assert pickle.loads(pickle.dumps(server)).url == "http://127.0.0.1:1"


# What is refused before anything is asked


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("opa:8181", "policies.engine.opa.url is opa:8181, expected an address such as http://127.0.0.1:8181"),
        ("ftp://opa", "policies.engine.opa.url is ftp://opa, expected"),
        ("http://", "policies.engine.opa.url is http://, expected"),
        ("http://opa:99999", "policies.engine.opa.url is http://opa:99999, expected"),
        ("http://opa/?x=1", "policies.engine.opa.url is http://opa/, expected"),
        ("http://o pa", "policies.engine.opa.url is http://o pa, expected"),
        ("http://me:secret@opa", "policies.engine.opa.url holds a user or a password"),
    ],
)
def test_an_address_that_is_none_is_refused_without_what_may_be_secret(url: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Server(OpaSetting(url))
    assert str(caught.value).startswith(fault)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", [None, "", " ", "a\nb", "ü"])
def test_a_token_that_is_not_there_is_not_left_out(token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPA_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("OPA_TOKEN", token)
    with pytest.raises(ConfigError, match=r"^the token for http://opa is empty .* set OPA_TOKEN$"):
        Server(OpaSetting("http://opa", "OPA_TOKEN"))


def test_reports_name_what_evaluates() -> None:
    assert engine.name(Settings()) == engine.NAME


def test_rules_in_python_alone_ask_no_server() -> None:
    nothing = PolicySettings(bundled=False, engine=OpaEngine(OpaSetting("http://127.0.0.1:1")))
    settings = Settings(policies=nothing)
    assert isinstance(engine.ready(load(settings), KINDS, settings), engine.Ready)


def test_nothing_of_the_client_is_loaded_where_no_server_is_named() -> None:
    heavy = "{'opa_client', 'requests', 'aiohttp', 'bylaw.engine.opa'}"
    code = f"import sys, bylaw.pipeline, bylaw.cli.check; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "[]\n"
