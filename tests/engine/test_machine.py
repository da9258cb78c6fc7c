"""Modules of both versions of Rego in one engine, asked rule by rule."""

from __future__ import annotations

import pytest

from bylaw.engine.rego import Machine, RegoError
from bylaw.errors import ConfigError


def machine(*texts: str, data: bytes = b"{}", v0: bool = True) -> Machine:
    made = Machine(data)
    for number, text in enumerate(texts):
        made.add(f"{number}.rego", text, v0=v0)
    return made


def test_modules_of_both_versions_stand_side_by_side() -> None:
    made = machine("package a\nx[y] { y := 1 }")
    made.add("new.rego", "package b\nx contains y if { some y in data.a.x }", v0=False)

    assert (made.ask("data.a.x"), made.ask("data.b.x")) == ([1], [1])


def test_an_error_in_one_rule_is_none_in_another() -> None:
    made = machine('package a\nx = to_number("x")\ny = 2')

    with pytest.raises(RegoError, match=r"^0\.rego:2:\d+: could not parse string as number$"):
        made.ask("data.a.x")
    assert made.ask("data.a.y") == 2


def test_what_is_asked_after_an_error_has_its_whole_answer() -> None:
    set_of_two = "s[x] { x := to_number(input.t) }\ns[1] { true }\nall = [x | s[x]]\nother[x] { x := 1 }"
    made = machine(f"package a\n{set_of_two}\nothers = [x | other[x]]")
    made.set_input(b'{"t": "x"}')

    with pytest.raises(RegoError):
        made.ask("data.a.all")
    assert made.ask("data.a.others") == [1]
    made.set_input(b'{"t": "2"}')
    assert made.ask("data.a.all") == [1, 2]


def test_an_undefined_rule_is_an_error() -> None:
    with pytest.raises(RegoError, match=r"^data\.a\.x is undefined$"):
        machine("package a\nx { false }").ask("data.a.x")


def test_a_panic_of_a_built_in_function_is_an_error_and_the_engine_goes_on() -> None:
    made = machine('package a\nx = strings.count("ab", "")\ny = 2')

    with pytest.raises(RegoError, match="regorus panicked"):
        made.ask("data.a.x")
    assert made.ask("data.a.y") == 2


def test_a_function_of_python_stands_in_place_of_a_built_in_one() -> None:
    made = machine("package a\nx = lower(input.t)")
    made.function("lower", 1, lambda text: f"<{text}>")
    made.set_input(b'{"t": "A"}')

    assert made.ask("data.a.x") == "<A>"


def test_other_data_takes_the_place_of_what_there_was() -> None:
    made = machine("package a\nx = object.keys(data.b)", data=b'{"b": {"one": 1}}')
    before = made.ask("data.a.x")
    made.set_data(b'{"b": {"two": 2}}')

    assert (before, made.ask("data.a.x")) == (["one"], ["two"])


def test_what_a_module_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    assert machine('package a\nx { print("hello") }').ask("data.a.x") is True
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("package a\nx {", r"^0\.rego:2:3: "),
        ("package a\nx { y == 1 }", r"^0\.rego:2:5: use of undefined variable `y` is unsafe$"),
    ],
)
def test_what_does_not_compile_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        machine(text).check()


def test_input_that_is_no_json_is_an_error() -> None:
    with pytest.raises(RegoError):
        machine("package a\nx = 1").set_input(b"{")
