"""gator and OPA, and what bylaw makes of the same templates, constraints and objects.

go install github.com/open-policy-agent/gatekeeper/v3/cmd/gator@v3.23.1
go install github.com/open-policy-agent/opa@v1.22.0
make test-real
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.admission.gatekeeper.trees import UnsupportedError
from bylaw.engine.rego import RegoError
from bylaw.errors import ConfigError
from tests.admission.gatekeeper import corpus
from tests.admission.gatekeeper.test_differences import DIFFERENCES
from tests.command import run
from tests.real import components
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

FIXTURES = ROOT / "fixtures" / "gatekeeper"
SHIPPED = ROOT / "policies" / "kubernetes"
SUITES = sorted((*FIXTURES.glob("*/suite.yaml"), *SHIPPED.glob("*/suite.yaml")))
TIME = re.compile(r"\d+\.\d{3}s")
UNMATCHED = re.compile(r"\[(?:unable to match constraints|namespaceSelector asks for the labels).*\]")
ASSERTIONS = re.compile(r"assertions:(?: \[.*\]$|\n(?: {10}.*\n?)+)", re.MULTILINE)
UNLIKE = {
    'x := replace(input.s, "", "-")': "OPA takes a text apart in bytes there",
    "x := 0.1 + 0.2": "regorus calculates in binary fractions",
}
"""What is left to differ, and why."""


@pytest.fixture(scope="session")
def gator() -> str:
    return components.program("gator")


@pytest.fixture(scope="session")
def opa() -> str:
    return components.program("opa")


def timeless(text: str) -> list[str]:
    """The lines without times, and without what each says in its own words; gator ends with an empty one."""
    return [UNMATCHED.sub("[cannot be matched]", TIME.sub("0.000s", line)) for line in text.splitlines() if line]


def copied(suite: Path, folder: Path) -> Path:
    """A suite in a folder of its own, with what stands beside it."""
    shutil.copytree(suite.parents[1], folder / "suites")
    return folder / "suites" / suite.parent.name / "suite.yaml"


@pytest.mark.parametrize("suite", SUITES, ids=lambda each: f"{each.parents[1].name}-{each.parent.name}")
def test_a_suite_reads_the_same_in_both(suite: Path, gator: str, tmp_path: Path) -> None:
    copied(suite, tmp_path)
    path = f"suites/{suite.parent.name}/suite.yaml"

    theirs = subprocess.run([gator, "verify", "-v", path], cwd=tmp_path, capture_output=True, text=True, check=False)
    ours = run("admission", "test", "-v", path, cwd=tmp_path)

    assert timeless(ours.out) == timeless(theirs.stdout)
    assert timeless(ours.out)[-1] == "PASS"


@pytest.mark.parametrize("suite", SUITES, ids=lambda each: f"{each.parents[1].name}-{each.parent.name}")
def test_every_message_is_the_same_in_both(suite: Path, gator: str, tmp_path: Path) -> None:
    file = copied(suite, tmp_path)
    path = f"suites/{suite.parent.name}/suite.yaml"
    text, count = ASSERTIONS.subn("assertions: [{violations: 1000}]\n", file.read_text())
    file.write_text(text)
    assert count == file.read_text().count("object:")

    theirs = subprocess.run([gator, "verify", path], cwd=tmp_path, capture_output=True, text=True, check=False)
    ours = run("admission", "test", path, cwd=tmp_path)

    assert timeless(ours.out) == timeless(theirs.stdout)
    assert timeless(ours.out)[-1] == ("FAIL" if count else "PASS")


def modules() -> Iterator[tuple[bool, str]]:
    """Each module of the corpus, and whether it is of Rego before OPA 1.0."""
    for text in (*corpus.NOT, *corpus.BUILTINS, *corpus.LANGUAGE):
        before = corpus.v0(text)
        if before is not None:
            yield True, before
        if "any(" not in text and "all(" not in text:
            yield False, text
    for text, _ in DIFFERENCES.values():
        yield True, text


def asked(opa: str, texts: dict[str, str], folder: Path, *, v0: bool) -> dict[str, Any]:
    """What OPA says of `x` of each module; those that it refuses are not among the answers."""
    (folder / "input.json").write_text(json.dumps(corpus.INPUT))
    for name, text in texts.items():
        (folder / f"{name}.rego").write_text(f"package {name}\n{text}\n")
    while True:
        version = "--v0-compatible" if v0 else "--v1-compatible"
        done = subprocess.run(
            [opa, "eval", version, "-f", "raw", "-d", ".", "-i", "input.json", "data"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            said = json.loads(done.stdout)
            left = [each.stem for each in folder.glob("m*.rego")]
            return {name: said.get(name, {}).get("x", corpus.UNDEFINED) for name in left}
        refused = set(re.findall(r"\b(m\d+)\.rego:", done.stdout + done.stderr))
        assert refused, done.stderr
        for name in refused:
            (folder / f"{name}.rego").unlink(missing_ok=True)


@pytest.mark.parametrize("v0", [True, False], ids=["v0", "v1"])
def test_small_modules_have_the_same_answers_in_opa(v0: bool, opa: str, tmp_path: Path) -> None:
    texts = {f"m{number}": text for number, (old, text) in enumerate(modules()) if old is v0}

    theirs = asked(opa, texts, tmp_path, v0=v0)

    refused: list[str] = []
    different: list[tuple[str, object, object]] = []
    for name, expected in theirs.items():
        text = texts[name]
        if text in UNLIKE or text.replace(" =", " :=") in UNLIKE:
            continue
        try:
            found = corpus.answer(text, v0=v0)
        except (UnsupportedError, RegoError):
            refused.append(text)
        except ConfigError as error:
            different.append((text, expected, str(error)))
        else:
            expected = json.loads(re.sub(r"\bint64\b", "int", json.dumps(expected)))  # as the OPA in gator says
            if found != expected:
                different.append((text, expected, found))
    assert different == []
    assert len(refused) <= len(theirs) // 50, refused
    assert len(theirs) > 250
