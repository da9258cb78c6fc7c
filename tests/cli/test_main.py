"""The edge of the command: exit codes, and what happens when something goes wrong around it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import bylaw
from bylaw import cli, pipeline
from tests.command import BYLAW, TEAM_A, entity, run, scrubbed, write

NAME = "catalog-info.yaml"
BAD_OWNER = {"type": "service", "lifecycle": "experimental", "owner": "team-b"}
RULE = """\
from bylaw.model import Severity
from bylaw.rules.rule import Rule

def evaluate(subject, context):
    {body}

RULE = Rule(
    id="test/rule", title="t", description="d", remediation="r", severity=Severity.ERROR, evaluate=evaluate
)
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good", {f"org/{NAME}": TEAM_A, f"a/{NAME}": entity("a")})


@pytest.fixture
def bad(good: Path) -> Path:
    return write(good, {f"b/{NAME}": entity("b", **BAD_OWNER)})


def shell(script: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A script in which "$@" is bylaw."""
    return subprocess.run(
        ["bash", "-c", script, "bash", *BYLAW],
        cwd=cwd,
        env=scrubbed(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# -- exit codes


def test_0_is_allowed(good: Path) -> None:
    done = run("check", cwd=good)
    assert (done.code, done.err) == (0, "")


def test_1_is_denied(bad: Path) -> None:
    done = run("check", cwd=bad)
    assert (done.code, done.err) == (1, "")


def test_2_is_wrong_usage_or_configuration(good: Path) -> None:
    write(good, {"bylaw.yaml": "catalogue: {}\n"})
    for arguments in (["check", "nowhere"], ["check"], ["check", "--nothing"], []):
        done = run(*arguments, cwd=good)
        assert (done.code, done.out) == (2, "")


def test_3_is_undecided(good: Path) -> None:
    write(good, {"policies/crash.py": RULE.format(body="return [1 / 0]")})
    done = run("check", "--policies", "policies", cwd=good)
    assert (done.code, done.err) == (3, "")
    assert "rule test/rule came to no answer" in done.out


def test_130_is_interrupted_and_no_worker_is_left(good: Path) -> None:
    marker = good / "started"
    body = f"open({str(marker)!r}, 'w').close()\n    while True: pass"
    write(good, {"policies/loop.py": RULE.format(body=body), "bylaw.yaml": "policies: {deadline: 60}\n"})
    process = subprocess.Popen(
        [*BYLAW, "check", "--policies", "policies", "--jobs", "2"],
        cwd=good,
        env=scrubbed(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # it may have been ignored
    )
    try:
        while not marker.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)  # to it alone: its workers are its own business
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (130, "", "bylaw: interrupted\n")
        assert _members(process.pid) == []
    finally:
        process.kill()
        process.wait()


def _members(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


# -- bylaw's own faults are no verdict


class _PanicError(BaseException):
    """As a panic of a Rust library arrives in Python."""


@pytest.mark.parametrize("fault", [RuntimeError("x"), MemoryError(), RecursionError(), _PanicError("x"), SystemExit(0)])
def test_a_crash_is_undecided_and_asks_for_a_report(
    fault: BaseException, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*arguments: object, **more: object) -> None:
        raise fault

    monkeypatch.setattr(pipeline, "read", crash)
    monkeypatch.chdir(good)
    assert cli.main(["check"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Traceback")
    assert err.endswith("bylaw: bylaw itself failed; nothing was decided. Please report the lines above\n")


def test_a_command_that_cannot_be_imported_is_a_crash_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_COMMANDS", ("nothing",))
    assert cli.main(["--help"]) == 3
    assert "No module named 'bylaw.cli.nothing'" in capsys.readouterr().err


def test_a_policy_that_leaves_python_allows_nothing(good: Path) -> None:
    write(good, {"policies/leave.py": "import sys\nsys.exit(0)\n"})
    done = run("check", "--policies", "policies", cwd=good)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("bylaw: policies/leave.py: does not load: SystemExit: 0")


# -- streams


@pytest.fixture
def talkative(tmp_path: Path) -> Path:
    """A checkout with more to say than a pipe holds."""
    return write(tmp_path / "many", {"all.yaml": TEAM_A + "".join(f"---\nkind: K{number}\n" for number in range(300))})


def test_a_reader_that_has_seen_enough_sees_no_traceback(talkative: Path) -> None:
    done = shell('"$@" check --format json all.yaml | head -c 1; echo " ${PIPESTATUS[0]}"', cwd=talkative)
    assert (done.stdout, done.stderr) == ("{ 3\n", "")


def test_what_goes_to_a_file_is_written_before_the_reader_of_the_rest_can_leave(talkative: Path) -> None:
    shell('"$@" check all.yaml --output json=report.json | head -c 1', cwd=talkative)
    assert (talkative / "report.json").read_text().endswith("}\n")


def test_a_full_disk_is_undecided_and_told(bad: Path) -> None:
    done = shell('"$@" check >/dev/full', cwd=bad)
    assert (done.returncode, done.stderr) == (
        3,
        "bylaw: standard output cannot be written (No space left on device)\n",
    )


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_verdict(bad: Path, good: Path, closing: str) -> None:
    done = shell(f'"$@" check {closing}', cwd=bad)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_closed_standard_input_is_an_empty_one(good: Path) -> None:
    done = shell('"$@" check - --format json <&-', cwd=good)
    assert done.returncode == 1
    assert '"message": "the file holds no entity"' in done.stdout


def test_messages_let_nothing_act_on_the_terminal(good: Path) -> None:
    done = run("check", "a\x1b]0;\u202eb", cwd=good)
    assert (done.code, done.err) == (2, "bylaw: a\\x1b]0;\\u202eb: no such file or folder\n")


# -- words it does not know

COMMANDS = (
    "check, gate, fix, impact, explain, rules, new, test, graph, snapshot, admission, bundle, "
    "waivers, decisions, replay, note, serve, token, schema, completion"
)
FORMATS = "text, json, sarif, junit, codequality, github, tap, markdown"
LISTS = "text, json, markdown"
NO_RULE = "no rule 'owner-unknwn' (did you mean owner-unknown?); `bylaw rules` lists them"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["chek"], f'argument COMMAND: "chek" is not one of {COMMANDS} (did you mean check?)'),
        ([], f"name a command: {COMMANDS}"),
        (["--verson"], "there is no option --verson here (did you mean --version?)"),
        (["check", "--fromat", "json"], "there is no option --fromat here (did you mean --format?)"),
        (["check", "--fromat=json"], "there is no option --fromat here (did you mean --format?)"),
        (["check", "--form", "json"], "there is no option --form here (did you mean --format?)"),
        (["graph", "own", "x"], 'argument QUESTION: "own" is not one of owners, dependents, why, export'),
        (["graph", "owners", "x", "y"], "there is no argument y here"),
        (["graph", "owners", "x", "--rot", "."], "there is no option --rot here (did you mean --root?)"),
        (["rules", "--format", "jsn"], f'argument --format: "jsn" is not one of {LISTS} (did you mean json?)'),
        (["completion", "fsh"], 'argument shell: "fsh" is not one of bash, zsh, fish (did you mean fish?)'),
        (["check", "--jobs", "0"], "argument --jobs: '0' is not a number from 1 to 1024"),
        (["check", "--jobs", "-1"], "argument --jobs: '-1' is not a number from 1 to 1024"),
        (["check", "--now", "tomorrow"], "argument --now: 'tomorrow' is not a date such as 2026-12-31"),
        (["check", "--format", "jsno"], f'format "jsno" does not exist (did you mean json?); known are {FORMATS}'),
        (["check", "--output", "jsno=x"], f'format "jsno" does not exist (did you mean json?); known are {FORMATS}'),
        (["check", "--rule", "owner-unknwn"], NO_RULE),
        (["explain", "owner-unknwn"], NO_RULE),
        (["graph", "owners", "b:x"], "b:default/x is not in the catalog"),
    ],
)
def test_an_unknown_word_is_wrong_usage_and_the_nearest_known_one_is_named(
    arguments: list[str], expected: str, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(good)
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.sub(r"^bylaw.*?: (error: )?", "", err.splitlines()[-1]) == expected


# -- quick answers

HEAVY = {"pydantic", "networkx", "rich", "yaml", "fastapi", "regorus", "rustworkx", "orjson", "jsonschema_rs", "numpy"}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"], ["graph", "why", "--help"]])
def test_version_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from bylaw.cli import main; code = main(sys.argv[1:]); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout != ""
    strangers = set(done.stderr.split()) - sys.stdlib_module_names
    assert HEAVY.isdisjoint(strangers)


def test_version_names_the_version(good: Path) -> None:
    assert run("--version", cwd=good).out == f"bylaw {bylaw.__version__}\n"
    assert run("--version", cwd=good).code == 0


def _commands(parser: Any, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every command with its parser, down to the last word."""
    inner = [
        each
        for action in parser._actions  # argparse has no other way to ask
        if isinstance(action.choices, dict)
        for name, below in action.choices.items()
        for each in _commands(below, (*words, name))
    ]
    return [(words, parser), *inner]


@pytest.mark.parametrize(
    ("words", "parser"), [pytest.param(*each, id=" ".join(each[0]) or "bylaw") for each in _commands(cli.parser())]
)
def test_every_command_says_what_it_does_and_lets_no_option_be_shortened(words: tuple[str, ...], parser: Any) -> None:
    assert parser.format_usage().startswith(f"usage: {' '.join(['bylaw', *words])} ")
    assert parser.description
    assert parser.allow_abbrev is False


def test_the_module_is_the_command(good: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bylaw", "--version"], cwd=good, env={**os.environ}, capture_output=True, check=True
    )
    assert done.stdout == f"bylaw {bylaw.__version__}\n".encode()
