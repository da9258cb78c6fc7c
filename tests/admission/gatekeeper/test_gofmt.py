"""Go's formats: each expected text is what Go writes."""

from __future__ import annotations

import pytest

from bylaw.admission.gatekeeper.gofmt import FormatError, Value, sprintf


@pytest.mark.parametrize(
    ("form", "values", "expected"),
    [
        ("%v", [1], "1"),
        ("%v %v", [1.5, "a"], "1.5 a"),
        ("%v", [1e21], "1e+21"),
        ("%v", [1234567.5], "1.2345675e+06"),
        ("%v", [100000.5], "100000.5"),
        ("%v", [0.00001], "1e-05"),
        ("%v", [-0.25], "-0.25"),
        ("%d%%", [5], "5%"),
        ("%+d|% d|%+v", [3, 3, 3], "+3| 3|3"),
        ("%05d|%-5d|%5d", [-42, 42, 42], "-0042|42   |   42"),
        ("%.3d", [7], "007"),
        ("%8.3f|%e|%g", [3.14159, 1.5, 100000000.0], "   3.142|1.500000e+00|1e+08"),
        ("%x %X %o %b %#x", [255, 255, 8, 5, 255], "ff FF 10 101 0xff"),
        ("%x", ["hi"], "6869"),
        ("%q", ['a"b\n\u00e9\x01'], '"a\\"b\\n\u00e9\\x01"'),
        ("%c %U", [233, 233], "\u00e9 U+00E9"),
        ("%.2s|%5s|%-5s", ["abc", "ab", "ab"], "ab|   ab|ab   "),
        ("%d", ["a"], "%!d(string=a)"),
        ("%s", [1], "%!s(int=1)"),
        ("%d", [1.5], "%!d(float64=1.5)"),
        ("%t", ["true"], "%!t(string=true)"),
        ("%v", [], "%!v(MISSING)"),
        ("a", [1, "b"], "a%!(EXTRA int=1, string=b)"),
        ("100%", [], "100%!(NOVERB)"),
        ("%T %T %T", [1, 1.5, "a"], "int float64 string"),
    ],
)
def test_sprintf(form: str, values: list[Value], expected: str) -> None:
    assert sprintf(form, values) == expected


@pytest.mark.parametrize("form", ["%[1]d", "%*d", "%99999999d"])
def test_a_form_that_is_not_written_here_is_refused(form: str) -> None:
    with pytest.raises(FormatError):
        sprintf(form, [1, 2])
