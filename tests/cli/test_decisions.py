"""``bylaw decisions`` and ``bylaw replay``."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bylaw import cli
from bylaw.decisions.lines import shown
from bylaw.model import Decided, Decision
from bylaw.serving import answers, generation
from bylaw.serving.frames import Question
from bylaw.serving.recipe import Recipe
from bylaw.store import Gap, open_store
from tests.command import TEAM_A, entity, write
from tests.shared import ROOT
from tests.store.making import LIFECYCLE, OWNED, decided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GAP = Gap("2026-11-21T09:05:00.000000Z", "2026-11-21T09:04:00.000000Z", 12, "too many waited to be written")
LOG: Sequence[Decided | Gap] = (
    decided(1, time="2026-11-20T08:00:00.000000+00:00"),
    decided(2, decision=Decision.DENIED, rules=(LIFECYCLE, OWNED), subject="component:default/pay\x1b[31m"),
    GAP,
    decided(3, gate="admission", subject="apps/v1 Deployment shop/orders", input=None),
)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert cli.main(arguments) == code
    out, err = capsys.readouterr()
    assert (err != "") == (code > 1)
    return err if code > 1 else out


def decisions(capsys: pytest.CaptureFixture[str], deed: str, *arguments: str, code: int = 0) -> str:
    """What a deed says of the log in this folder; to read bylaw.yaml for it would take most of the time."""
    return said(capsys, "decisions", deed, "--store", "sqlite:///log.db", *arguments, code=code)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with bylaw.yaml and a log of four rows."""
    write(tmp_path, {"bylaw.yaml": "version: 1\nstore: sqlite:///log.db\n"})
    store = open_store("sqlite:///log.db", tmp_path)
    store.append(LOG)
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tamper(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as connection, connection:
        connection.execute(sql)


# -- decisions


def test_list_shows_the_latest_decisions_the_last_at_the_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "decisions", "list").splitlines() == [
        "ROW  TIME                  GATE       DECISION  SUBJECT                                           RULES",
        "1    2026-11-20T08:00:00Z  check      allowed   component:default/orders",
        "2    2026-11-21T09:00:02Z  check      denied    component:default/pay\\x1b[31m                     "
        "lifecycle/lifecycle-unknown, ownership/owner-unknown",
        "3    2026-11-21T09:05:00Z                       12 decisions lost: too many waited to be written",
        "4    2026-11-21T09:00:03Z  admission  allowed   apps/v1 Deployment shop/orders",
    ]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ([], [1, 2, 3, 4]),
        (["--limit", "2"], [3, 4]),
        (["--decision", "denied"], [2]),
        (["--gate", "admission"], [4]),
        (["--rule", OWNED], [2]),
        (["--subject", "component:default/orders"], [1]),
        (["--since", "2026-11-21"], [2, 3, 4]),
        (["--since", "2026-11-20T09:00:00+01:00", "--until", "2026-11-21"], [1]),
        (["--since", "2026-11-20T09:00:00.000001+01:00"], [2, 3, 4]),
        (["--since", "2026-11-21T09:00:02", "--until", "2026-11-21T09:00:03Z"], [2]),
        (["--rule", "no/such-rule"], []),
    ],
)
def test_list_shows_those_that_are_asked_for(
    options: list[str], rows: list[int], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = json.loads(decisions(capsys, "list", *options, "--format", "json"))
    assert [each["seq"] for each in listed] == rows


def test_list_says_that_there_is_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decisions(capsys, "list", "--gate", "merge") == "no decision is like that\n"


@pytest.mark.parametrize("name", ["d-2", "2"])
def test_show_tells_all_of_a_decision(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store("sqlite:///log.db", here)
    (row,) = store.rows(after=1, limit=1)
    store.close()
    assert json.loads(decisions(capsys, "show", name, "--format", "json")) == shown(row)
    assert decisions(capsys, "show", name).splitlines() == [
        "seq:                 2",
        "id:                  d-2",
        "time:                2026-11-21T09:00:02.000000Z",
        "gate:                check",
        "subject:             component:default/pay\\x1b[31m",
        "decision:            denied",
        "rules:               lifecycle/lifecycle-unknown, ownership/owner-unknown",
        "caller:              ci",
        f"before:              {row.before}",
        "catalog digest:      sha256:cat",
        "constraints digest:  sha256:con",
        "duration:            0.0021",
        "engine:              regorus 0.13.0",
        f"hash:                {row.hash}",
        "input digest:        sha256:asked",
        "kind:                decision",
        "policies digest:     sha256:pol",
        "waivers digest:      sha256:wai",
        "input:",
        "  {",
        '    "entities": [',
        "      {",
        '        "kind": "Component"',
        "      }",
        "    ]",
        "  }",
    ]


def test_show_says_what_was_not_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decisions(capsys, "show", "4").endswith("\nwhat was asked was not kept\n")
    assert "not kept" not in decisions(capsys, "show", "3")


@pytest.mark.parametrize("name", ["d-9", "9", "0", "-", "٣", "9" * 30])
def test_show_says_that_there_is_no_such_decision(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = f"there is no decision {name} in sqlite:///log.db; `bylaw decisions list` shows what is there"
    assert told in decisions(capsys, "show", "--", name, code=2)


def test_verify_says_that_the_log_is_whole(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seq, head = decisions(capsys, "head").split()
    assert seq == "4"
    assert decisions(capsys, "verify") == f"4 rows, each as it was written\nhead: {head}\n"
    told = f"4 rows, each as it was written, and the noted row is among them\nhead: {head}\n"
    assert decisions(capsys, "verify", "--head", head) == told
    assert json.loads(decisions(capsys, "verify", "--format", "json")) == {
        "rows": 4,
        "head": head,
        "faults": [],
    }
    assert json.loads(decisions(capsys, "head", "--format", "json")) == {"rows": 4, "head": head}


def test_verify_says_which_row_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(here, "delete from bylaw_decisions where seq = 2")
    assert decisions(capsys, "verify", code=1) == "row 2 is missing\n"
    found = json.loads(decisions(capsys, "verify", "--format", "json", code=1))
    assert found["faults"] == [{"seq": 2, "message": "row 2 is missing"}]


def test_verify_finds_a_whole_other_log_by_the_head_that_was_noted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = decisions(capsys, "head").split()[1]
    (here / "log.db").unlink()
    store = open_store("sqlite:///log.db", here)
    store.append([LOG[0]])
    store.close()
    decisions(capsys, "verify")
    told = f"no row has the hash {noted} that was noted: rows were rewritten or cut off\n"
    assert decisions(capsys, "verify", "--head", noted, code=1) == told


@pytest.mark.parametrize("head", ["4", "sha256:", "sha256:" + "z" * 64, "a" * 64])
def test_verify_takes_no_head_that_is_none(head: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected a hash as `bylaw decisions head` prints it" in decisions(capsys, "verify", "--head", head, code=2)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["list", "--store", "sqlite:///none.db"], 2, "none.db: there is no store; `bylaw serve` makes one"),
        (
            ["list", "--store", "mysql://u:hunter2@x/y"],
            2,
            "store: expected sqlite:///file or postgresql://host/database",
        ),
        (["verify", "--store", "sqlite:///bylaw.yaml"], 3, "sqlite:///bylaw.yaml: cannot be used"),
        (["list", "--config", "other.yaml"], 2, "other.yaml: cannot be read"),
        (["list", "--since", "yesterday"], 2, "'yesterday' is no date such as 2026-11-21, and no time such as"),
        (["list", "--limit", "0"], 2, "'0' is not a number from 1 to 100000"),
        (["list", "--decision", "deny"], 2, '"deny" is not one of allowed, denied, undecided'),
        (["lsit"], 2, "did you mean list?"),
    ],
)
def test_what_cannot_be_is_said(
    options: list[str], code: int, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = said(capsys, "decisions", *options, code=code)
    assert told in err
    assert "hunter2" not in err


def test_the_program_in_the_documentation_recomputes_the_chain(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "decisions.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    program = program.replace("var/bylaw.db", str(here / "log.db"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == decisions(capsys, "head")


# -- replay


RULE = """\
# METADATA
# title: {title}
# description: {title}.
# custom:
#   severity: error
#   applies_to: {{kind: [Component]}}
#   reads: graph
#   remediation: Do otherwise.
package bylaw.{package}

import rego.v1
import future.keywords.not

findings contains {{"pointer": "/spec", "message": "{title}"}} if {{
\t{condition}
}}
"""
OWNER = RULE.format(
    title="Owner is not there",
    package="shop.owner_gone",
    condition='not data.catalog.entities[sprintf("group:default/%s", [input.spec.owner])]',
)
TIER = RULE.format(
    title="No lifecycle of ours", package="shop.lifecycle_odd", condition='input.spec.lifecycle != "experimental"'
)


def settings(policies: str = "law", owners: str = "deny") -> str:
    rules = f"{{shop/owner-gone: {owners}}}"
    return (
        f"version: 1\nstore: sqlite:///log.db\npolicies: {{bundled: false, paths: [{policies}]}}\n"
        f"admission: {{bundled: false}}\nenforcement: {{rules: {rules}}}\n"
    )


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalog, and a log of what was decided about three entities."""
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        {
            "bylaw.yaml": settings(),
            "catalog-info.yaml": TEAM_A,
            "law/shop/owner_gone/owner_gone.rego": OWNER,
            "law/shop/lifecycle_odd/lifecycle_odd.rego": TIER,
        },
    )
    (tmp_path / "work").mkdir()
    loaded = generation.load(Recipe(folder=str(tmp_path / "work"), paths=(".",)))
    assert isinstance(loaded, tuple)
    law, known = loaded[0], answers.ready(loaded[0])
    store = open_store("sqlite:///log.db", tmp_path)
    asked = [
        entity("orders"),
        entity("pay", type="service", lifecycle="experimental", owner="ghosts"),
        entity("pay", type="service", lifecycle="experimental", owner="ghosts"),
        entity("lost", type="service", lifecycle="x", owner="ghosts"),
    ]
    for number, each in enumerate(asked):
        body = json.dumps({"entities": [json.loads(each)]}).encode()
        told = known["check"](law, Question("check", body, {"now": "2026-11-21"})).decided
        assert told is not None
        more = {**told, "rules": tuple(told["rules"]), "decision": Decision(told["decision"])}
        store.append([decided(number, **{**more, "digests": law.digests})])
    store.append([GAP, decided(8, input=None), decided(9, gate="opa")])
    store.save_snapshot(law.digests.catalog, law.made, law.snapshot)
    store.close()
    return tmp_path


NOTES = [
    "note: 1 are without what was asked, and cannot be made again",
    "note: 12 were lost and are not in the log",
    "note: 1 are of the gate opa, which does not decide here",
]


def test_the_same_law_gives_the_same_answers(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "replay", ".").splitlines()
    assert shown[7:] == ["4 decisions by this law over this catalog: 4 come out the same", "", *NOTES]
    assert [each.split()[0] for each in shown[:6]] == [
        "catalog",
        "policies",
        "waivers",
        "constraints",
        "settings",
        "engine",
    ]


def test_a_row_whose_decision_was_changed_differs(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(judged, """update bylaw_decisions set said = replace(said, '"denied"', '"allowed"') where seq = 2""")
    shown = said(capsys, "replay", ".", code=1).splitlines()
    assert shown[7:12] == [
        "4 decisions by this law over this catalog: 3 come out the same",
        "",
        "1 differ: the engine or the log was changed",
        "  ROW  SUBJECT                BEFORE   NOW     RULES BEFORE     RULES NOW        ENGINE",
        shown[11],
    ]
    assert shown[11].split()[:4] == ["2", "component:default/pay", "allowed", "denied"]


def test_other_policies_show_what_would_flip(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = settings("next").replace("{shop/owner-gone: deny}", "{}")
    write(judged, {"next/shop/lifecycle_odd/lifecycle_odd.rego": TIER, "next.yaml": own})
    found = json.loads(said(capsys, "replay", ".", "--config", "next.yaml", "--format", "json"))
    assert (found["same"], found["differing"], found["kept"]) == (0, [], 2)
    assert found["flips"] == [
        {
            "subject": "component:default/pay",
            "rules": ["shop/owner-gone"],
            "before": "denied",
            "after": "allowed",
            "times": 2,
        }
    ]


def test_other_settings_are_another_law_and_show_what_flips(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(judged, {"next.yaml": settings(owners="warn")})
    found = json.loads(said(capsys, "replay", ".", "--config", "next.yaml", "--format", "json"))
    assert found["differing"] == []
    assert [(each["times"], each["before"], each["after"], each["subject"]) for each in found["flips"]] == [
        (2, "denied", "allowed", "component:default/pay")
    ]


def test_each_decision_is_made_again_as_of_its_day_or_of_the_day_that_is_said(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(judged, {"next.yaml": settings(owners="[{level: observe}, {level: deny, from: 2026-12-01}]")})
    on_its_day = json.loads(said(capsys, "replay", ".", "--config", "next.yaml", "--format", "json"))
    assert [each["times"] for each in on_its_day["flips"]] == [2]
    later = said(capsys, "replay", ".", "--config", "next.yaml", "--format", "json", "--now", "2026-12-01")
    assert json.loads(later)["flips"] == []


def test_another_catalog_shows_what_would_flip_and_the_stored_one_does_not(
    judged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(judged, {"ghosts.yaml": entity("ghosts", "Group", type="team", children=[])})
    shown = said(capsys, "replay", "catalog-info.yaml", "ghosts.yaml").splitlines()
    assert shown[7:12] == [
        "0 decisions by this law over this catalog: 0 come out the same",
        "4 decisions by another law or catalog (catalog): 2 flip",
        "",
        "  TIMES  BEFORE  NOW      SUBJECT                RULES",
        "  2      denied  allowed  component:default/pay  shop/owner-gone",
    ]
    stored = said(capsys, "replay", "--stored").splitlines()
    assert stored[7] == "4 decisions by this law over this catalog: 4 come out the same"


def test_replay_takes_those_that_are_asked_for(judged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "replay", ".", "--decision", "denied", "--format", "json"))
    assert (found["rows"], found["same"], found["differing"], found["flips"]) == (3, 3, [], [])


def test_replay_says_where_the_catalog_is_missing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--stored: sqlite:///log.db has no catalog" in said(capsys, "replay", "--stored", code=2)
