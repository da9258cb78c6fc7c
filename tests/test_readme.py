"""The README tells the truth.

``BYLAW_UPDATE_GOLDEN=1 python -m pytest tests/test_readme.py`` writes what the commands of its ``console`` blocks
print. A line of ``...`` in a block stands for any lines: such a block is compared and never written.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bylaw import cli, config
from bylaw.config import LimitSettings, PolicySettings
from bylaw.model import Decision
from bylaw.policy_tests import pages
from bylaw.rules import load
from tests.api.served import serving
from tests.command import run, same, scrubbed
from tests.shared import ROOT

README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    """What stands in the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """The cells of a table, by how its head begins."""
    _, _, behind = README.read_text().partition(f"\n{heading}")
    table = behind.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in table]


def as_run(block: str) -> str:
    """The commands of a block with what they print."""
    shown = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            program, *arguments = shlex.split(line[2:])
            assert program == "bylaw"
            done = run(*arguments, cwd=ROOT)
            assert done.code in {0, 1}, done.err
            shown += f"{line}\n{done.out}{done.err}"
    return shown


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.partition("\n")[0])
def test_a_command_prints_what_the_readme_shows(block: str) -> None:
    shown = as_run(block)
    if os.environ.get("BYLAW_UPDATE_GOLDEN") and "...\n" not in block:
        README.write_text(README.read_text().replace(f"```console\n{block}```", f"```console\n{shown}```"))
        return
    pieces = re.split(r"^\.\.\.\n", block, flags=re.MULTILINE)
    assert re.fullmatch("(?:.*\n)*?".join(map(re.escape, pieces)), shown), shown


def test_the_table_of_rules_is_that_of_the_rules() -> None:
    begin, end = "<!-- rules: written by `make docs` -->\n", "<!-- /rules -->"
    text = README.read_text()
    before, _, rest = text.partition(begin)
    shown, _, behind = rest.partition(end)
    table = pages.table(load(config.Settings()).rules, "docs/rules/")
    if os.environ.get("BYLAW_UPDATE_GOLDEN"):
        README.write_text(f"{before}{begin}{table}{end}{behind}")
        return
    assert shown == table


def test_every_console_block_begins_with_a_command() -> None:
    assert blocks("console") != []
    assert [block for block in blocks("console") if not block.startswith("$ bylaw ")] == []


def test_the_server_answers_what_the_readme_asks(tmp_path: Path) -> None:
    block = next(each for each in blocks("sh") if "bylaw serve" in each)
    (served,) = re.findall(r"^bylaw serve (\S+)", block, re.MULTILINE)
    paths = re.findall(r"^curl -s '?http://127\.0\.0\.1:8080([^' \n]+)", block, re.MULTILINE)
    with serving(tmp_path, str(ROOT / served)) as server:
        owners, findings = (server.get(path).json for path in paths)
        assert [each["ref"] for each in owners["owners"] if each["direct"]] == ["group:default/team-checkout"]
        assert "ownership/owner-unknown" in {each["rule"] for each in findings["findings"]}
        assert server.stop() == 0


def test_the_way_to_a_webhook_is_that_of_its_page_and_has_ten_lines() -> None:
    page = (ROOT / "docs" / "kubernetes-install.md").read_text()
    block = next(each for each in blocks("sh") if "helm install" in each)
    assert f"```sh\n{block}```" in page
    assert len(block.splitlines()) <= 10


def test_the_python_block_runs() -> None:
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=scrubbed(), capture_output=True, text=True, check=True
    )
    decision, dependents = done.stdout.splitlines()
    assert re.fullmatch(r"denied \d+", decision)
    assert "component:default/mobile-app" in dependents


def test_the_settings_block_is_valid_and_names_rules_that_are_there() -> None:
    (text,) = blocks("yaml")
    settings = config.parse(text.encode(), Path("bylaw.yaml"))
    assert settings.policies.paths == ("policies",)
    known = {rule.id for rule in load(config.Settings()).rules}
    assert {*settings.enforcement.rules, *settings.parameters} <= known


def test_the_table_of_limits_is_that_of_the_settings() -> None:
    assert {name: default for name, default, _ in rows("| setting under `catalog.limits`")} == {
        each.name: str(getattr(LimitSettings(), each.name)) for each in fields(LimitSettings)
    }
    text = README.read_text()
    assert f"(`policies.deadline`, {PolicySettings().deadline:g} seconds for one rule on one entity)" in text
    assert f"(`policies.memory`, {PolicySettings().memory} MiB)" in text


def test_the_table_of_exit_codes_names_every_one_of_them() -> None:
    table = {int(code): meaning for code, meaning in rows("| code | |")}
    assert sorted(table) == [0, 1, 2, 3, 130]
    for decision in Decision:
        assert table[decision.exit_code].startswith(decision)


def commands(parser: Any, words: tuple[str, ...] = ("bylaw",)) -> list[tuple[tuple[str, ...], Any]]:
    """Every command with its parser, down to the last word."""
    inner = [
        each
        for action in parser._actions  # argparse has no other way to ask
        if isinstance(action.choices, dict)
        for name, below in action.choices.items()
        for each in commands(below, (*words, name))
    ]
    return [(words, parser), *inner]


def test_every_command_is_mentioned() -> None:
    text = README.read_text()
    last = [" ".join(words) for words, parser in commands(cli.parser()) if not _choices(parser)]
    assert [each for each in last if each not in text] == []


def test_every_option_has_a_help_and_is_the_golden_one() -> None:
    # Not what --help prints: that differs between versions of Python.
    lines = []
    for words, parser in commands(cli.parser()):
        lines += ["", " ".join(words), f"  {' '.join(parser.description.split())}"]
        for action in parser._actions:
            if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
                continue
            name = ", ".join(action.option_strings) or action.metavar or action.dest
            value = f" {action.metavar or '|'.join(action.choices or ())}" if action.option_strings else ""
            assert action.help or _choices(parser), f"{' '.join(words)} {name} has no help"
            lines.append(f"    {f'{name}{value}':24}  {action.help or ''}".rstrip())
    same("options.txt", "\n".join(lines).lstrip() + "\n")


def _choices(parser: Any) -> bool:
    return any(isinstance(action.choices, dict) for action in parser._actions)


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text()))
def test_a_link_leads_to_a_file_of_the_repository(target: str) -> None:
    assert (ROOT / target).exists()
