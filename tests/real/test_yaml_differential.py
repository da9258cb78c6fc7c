"""bylaw and the parser that Backstage runs, npm ``yaml`` 2.9, on the same texts.

npm install --prefix /tmp/reference yaml@2.9.1
BYLAW_NODE_MODULES=/tmp/reference/node_modules make test-real
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bylaw.documents import load
from tests.shared import SHARED

pytestmark = pytest.mark.real

MODULES = "BYLAW_NODE_MODULES"
SCRIPT = Path(__file__).with_name("yaml_reference.cjs")

SAME: dict[str, list[str]] = json.loads(Path(__file__).with_name("yaml_same.json").read_text("utf-8"))
SAME["anchors used often"] = [
    *(
        f"a: &a {value}\nb: [{', '.join(['*a'] * count)}]"
        for value in ("x", "~", "[]", "{}", "[x, x]")
        for count in (99, 100)
    ),
    *(
        f"a: &a x\nb: &b [{', '.join(['*a'] * inner)}]\nc: [{', '.join(['*b'] * outer)}]"
        for inner, outer in ((9, 9), (9, 10), (3, 24), (3, 25))
    ),
]
SAME["long things"] = [
    *("x" * 2000 + ": 1", '"' + "x" * 1100 + '": 1', "? " + "x" * 2000 + "\n: 1"),
    *("a: " + "9" * 5000, "a: 0x" + "f" * 5000, "a: " + "9" * 300 + "." + "9" * 300),
]

STRICTER: dict[str, list[str]] = json.loads(Path(__file__).with_name("yaml_stricter.json").read_text("utf-8"))
"""Texts that Backstage reads and bylaw does not, by what they have in common."""


def reference(texts: list[str]) -> list[list[dict[str, Any]]]:
    """What Backstage makes of each text: ``{"value": …}`` or ``{"error": …}`` for each of its documents."""
    node = shutil.which("node")
    modules = os.environ.get(MODULES, "")
    if node is None:
        pytest.skip("node is not installed")
    if not (Path(modules) / "yaml").is_dir() or not modules:
        pytest.skip(f"{MODULES} names no folder with npm's yaml: npm install yaml@2.9.1, and set it")
    done = subprocess.run(
        [node, str(SCRIPT)],
        input=json.dumps(texts),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answers


def as_read(value: Any) -> Any:
    """A value of the reference with JavaScript's numbers, and 1 kept apart from True."""
    if isinstance(value, list):
        return [as_read(item) for item in value]
    if isinstance(value, dict):
        return {key: as_read(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        value = float(value)
    return (type(value).__name__, value)


def differences(text: str, answers: list[dict[str, Any]]) -> list[str]:
    """How bylaw's reading differs, up to the first document that both refuse.

    Behind a broken document npm ``yaml`` may take the next one for a part of it; bylaw reads it.
    """
    loaded = {document.index: document for document in load(text.encode())}
    found = []
    for index, answer in enumerate(answers):
        document = loaded.get(index)
        value = document.value if document else None
        if "error" in answer:
            if document and document.fault:
                break
            found.append(f"accepted: {value!r}, although {answer['error']}")
        elif document and document.fault:
            found.append(f"refused: {document.fault.message}")
        elif as_read(value) != as_read(answer["value"]):
            found.append(f"read as {value!r}, not as {answer['value']!r}")
    return found


@pytest.mark.parametrize("group", SAME)
def test_tricky_texts_are_read_as_backstage_reads_them(group: str) -> None:
    texts = SAME[group]
    found = {text: differences(text, answers) for text, answers in zip(texts, reference(texts), strict=True)}
    assert {text: each for text, each in found.items() if each} == {}


@pytest.mark.parametrize("reason", STRICTER)
def test_a_text_is_refused_that_backstage_reads_when_it(reason: str) -> None:
    for text, answers in zip(STRICTER[reason], reference(STRICTER[reason]), strict=True):
        assert all("value" in answer for answer in answers), text
        found = differences(text, answers)
        assert found, text
        assert all(each.startswith("refused: ") for each in found), text


def catalogs() -> list[str]:
    paths = sorted(path for path in SHARED.joinpath("catalogs").rglob("*.y*ml"))
    if not paths:
        pytest.skip(f"{SHARED}/catalogs is not there: catalogs of others are no part of the repository")
    return [path.read_text("utf-8") for path in paths]


def test_real_catalogs_are_read_as_backstage_reads_them() -> None:
    texts = catalogs()
    found = {text[:200]: differences(text, answers) for text, answers in zip(texts, reference(texts), strict=True)}
    assert {text: each for text, each in found.items() if each} == {}


PIECES = [
    *(
        ":",
        "-",
        "#",
        '"',
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        " ",
        "\n",
        "\t",
        "?",
        "\\",
        "0",
    ),
    *(
        "\n  ",
        ": ",
        "- ",
        "---\n",
        "# c\n",
        " #c",
        '"x"',
        "'y'",
        "{a: b}",
        "[a, b]",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "!!str ",
        "!t ",
    ),
    *("\r\n", "null", "1", "~", "{{ x }}", "${{ x }}", "\\n", "''"),
]


def damaged(text: str, rng: random.Random) -> str:
    """The text after one to three of the accidents that happen to files."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        lines = text.split("\n")
        number = rng.randrange(len(lines))
        match rng.randrange(7):
            case 0 | 1:
                text = text[:at] + rng.choice(PIECES) + text[at:]
                continue
            case 2:
                text = text[:at] + text[at + rng.choice([1, 2, 5]) :]
                continue
            case 3:
                lines.insert(number, rng.choice(lines))
            case 4:
                lines[number] = " " * rng.choice([1, 2, 4]) + lines[number]
            case 5:
                lines[number] = lines[number][rng.choice([1, 2]) :]
            case 6:
                lines[number] = lines[number].replace(": ", rng.choice([': "', ": '", ": [", ":\n", ": "]), 1)
        text = "\n".join(lines)
    return text


EXOTIC = (
    "a mapping or list as a key",
    "the name of an anchor",
    "a value cannot start",
    'expected "key: value"',
    "expected a",
)


def test_damaged_catalogs_are_never_read_otherwise_and_seldom_refused_alone() -> None:
    rng = random.Random(1)
    small = [text for text in catalogs() if len(text) < 6000]
    texts = [damaged(rng.choice(small), rng) for _ in range(3000)]
    found = {
        text: each
        for text, answers in zip(texts, reference(texts), strict=True)
        if (each := differences(text, answers))
    }
    unexpected = {
        text: each
        for text, each in found.items()
        if not all(one.startswith(tuple(f"refused: {start}" for start in EXOTIC)) for one in each)
    }
    assert unexpected == {}
    assert len(found) < len(texts) / 100
