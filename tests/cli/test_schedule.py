"""``bylaw rules --schedule``: what becomes stricter or laxer when, and for whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bylaw import cli, config
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path

STAGED = """\
enforcement:
  rules:
    docs/techdocs-missing:
      - {level: observe}
      - {level: warn, from: 2026-12-01}
      - {level: deny, from: 2027-02-01, owners: [group:default/payments]}
    ownership/owner-unknown:
      - {level: warn, from: 2026-12-01}
"""
TABLE = """\
from        rule                     enforcement                for
today       docs/techdocs-missing    observe                    everyone
today       ownership/owner-unknown  deny                       everyone
2026-12-01  docs/techdocs-missing    observe -> warn  stricter  everyone
2026-12-01  ownership/owner-unknown  deny -> warn     laxer     everyone
2027-02-01  docs/techdocs-missing    warn -> deny     stricter  group:default/payments
"""
EMPTY = """\
nothing is scheduled after 2026-11-21: every rule stays at its level. To let one become stricter by stages,
write them into bylaw.yaml:

  enforcement:
    rules:
      api/definition-breaking:
        - {level: observe}
        - {level: warn, from: 2026-12-01}
        - {level: deny, from: 2027-02-01, owners: [group:default/payments]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, {"bylaw.yaml": STAGED})


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["rules", "--schedule", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_schedule_is_a_table_in_the_order_of_the_days(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--now", "2026-11-21") == TABLE


def test_stages_of_the_past_are_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--now", "2026-12-01") == (
        "from        rule                   enforcement             for\n"
        "today       docs/techdocs-missing  warn                    everyone\n"
        "2027-02-01  docs/techdocs-missing  warn -> deny  stricter  group:default/payments\n"
    )


def test_programs_get_the_same_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "--now", "2026-12-01", "--format", "json"))

    assert (told["version"], told["day"]) == (1, "2026-12-01")
    assert told["schedule"] == [
        {
            "from": "2026-12-01",
            "rule": "docs/techdocs-missing",
            "before": None,
            "after": "warn",
            "stricter": None,
            "owners": [],
            "except": [],
        },
        {
            "from": "2027-02-01",
            "rule": "docs/techdocs-missing",
            "before": "warn",
            "after": "deny",
            "stricter": True,
            "owners": ["group:default/payments"],
            "except": [],
        },
    ]


def test_for_whom_nothing_changes_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stages = "[{level: warn}, {level: deny, owners: [payments]}, {level: deny, from: 2026-12-01}]"
    write(here, {"bylaw.yaml": f"enforcement: {{rules: {{docs/techdocs-missing: {stages}}}}}\n"})

    assert said(capsys, "--now", "2026-11-21") == (
        "from        rule                   enforcement             for\n"
        "today       docs/techdocs-missing  warn                    everyone but group:default/payments\n"
        "today       docs/techdocs-missing  deny                    group:default/payments\n"
        "2026-12-01  docs/techdocs-missing  warn -> deny  stricter  everyone but group:default/payments\n"
    )


def test_an_empty_schedule_says_so_and_shows_how_to_write_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bylaw.yaml").unlink()
    shown = said(capsys, "--now", "2026-11-21")

    assert shown == EMPTY
    write(here, {"bylaw.yaml": shown.split("\n\n")[1].replace("\n  ", "\n").removeprefix("  ")})
    assert list(config.read(here / "bylaw.yaml").enforcement.rules) == ["api/definition-breaking"]
    assert said(capsys, "--now", "9999-12-31").startswith("nothing is scheduled after 9999-12-31")


def test_an_empty_schedule_is_an_empty_list_for_programs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys, "--now", "2030-01-01", "--format", "json"))["schedule"] == []


@pytest.mark.parametrize("option", [["--format", "markdown"], ["--pages", "docs"]])
def test_the_schedule_is_text_or_json(option: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules", "--schedule", *option]) == 2
    assert capsys.readouterr() == ("", "bylaw: --schedule is shown as text or json\n")


def test_a_day_without_a_schedule_is_a_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules", "--now", "2026-11-21"]) == 2
    assert capsys.readouterr() == ("", "bylaw: --now is the day of a schedule: it goes with --schedule\n")
