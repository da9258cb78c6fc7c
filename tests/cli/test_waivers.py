"""``bylaw waivers``, and waivers in ``bylaw check``: who may leave which fault for how long.

``BYLAW_UPDATE_GOLDEN=1 python -m pytest tests/cli/test_waivers.py`` writes what the commands of docs/waivers.md print.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import cli
from tests.command import entity, run, scrubbed, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "waivers.md"
NOW = ("--now", "2026-11-21")
GHOSTS = {"type": "service", "lifecycle": "experimental", "owner": "ghosts"}
SETTINGS = """\
waivers: {paths: [law/waivers.yaml], approvers: [group:default/platform], max_days: 60, soon_days: 7}
enforcement: {default: off, rules: {ownership/owner-unknown: deny}}
"""


def waiver(id: str = "W-1", entity: str = "component:default/orders", **more: Any) -> str:
    """An entry that holds."""
    said = {
        "id": id,
        "rule": "ownership/owner-unknown",
        "entities": [entity],
        "reason": "being founded",
        "requested_by": "joe",
        "approved_by": "jane",
        "approved_at": "2026-11-01",
        "expires": "2026-12-24",
        **more,
    }
    return f"- {json.dumps(said)}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two components of a team that is not there, one of a team that is; jane belongs to those who approve."""
    files = [
        entity("orders", **GHOSTS),
        entity("cart", **GHOSTS),
        entity("shop", type="service", lifecycle="experimental", owner="platform"),
        entity("platform", "Group", type="team", children=[]),
        entity("jane", "User", memberOf=["platform"]),
        entity("joe", "User", memberOf=[]),
    ]
    write(
        tmp_path,
        {"bylaw.yaml": SETTINGS, "law/waivers.yaml": waiver(), "catalog-info.yaml": "---\n".join(files)},
    )
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """``said("list", "--strict")``: the exit code, and what was printed on stdout and stderr."""

    def told(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["waivers", *arguments, *NOW])
        out, err = capsys.readouterr()
        return code, out, err

    return told


# -- check


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = cli.main(["check", "--format", "json", *NOW, *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_a_waived_finding_is_shown_and_does_not_deny(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, {"law/waivers.yaml": waiver() + waiver("W-2", "component:default/cart")})
    code, report = checked(capsys)

    assert (code, report["decision"]) == (0, "allowed")
    assert {each["entity"]: (each["waiver"], each["enforcement"]) for each in report["findings"]} == {
        "component:default/orders": ("W-1", "deny"),
        "component:default/cart": ("W-2", "deny"),
    }


def test_what_no_waiver_covers_denies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = checked(capsys)

    assert code == 1
    assert [(each["entity"], each["waiver"]) for each in report["findings"]] == [
        ("component:default/orders", "W-1"),
        ("component:default/cart", None),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        waiver(expires="2026-11-20"),
        waiver(approved_by="joe"),
        waiver(approved_by="nobody"),
        waiver(rule="owner-unknown"),
        waiver(reason=""),
        waiver(expires="2027-01-01"),
        waiver() + waiver(),
        f"{waiver()}- {{",
        "not: a list",
        "\x00",
    ],
)
def test_a_waiver_that_does_not_hold_lets_nothing_pass(
    entry: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, {"law/waivers.yaml": entry})
    code, report = checked(capsys)

    assert code == 1
    assert [each["waiver"] for each in report["findings"]] == [None, None]
    assert {each["status"] for each in report["waivers"]["list"]} <= {"invalid", "expired"}


def test_the_digest_of_the_waivers_changes_with_them(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, one = checked(capsys)
    write(here, {"law/waivers.yaml": "# moved\n" + waiver()})
    _, same = checked(capsys)
    write(here, {"law/waivers.yaml": waiver(reason="another one")})
    _, other = checked(capsys)

    assert one["waivers"]["digest"] == same["waivers"]["digest"] != other["waivers"]["digest"]


def test_where_one_rule_alone_is_judged_waivers_of_others_are_not_unused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, report = checked(capsys, "--rule", "lifecycle/lifecycle-unknown")

    assert [(each["id"], each["status"]) for each in report["waivers"]["list"]] == [("W-1", "active")]


def test_a_waiver_file_that_is_not_there_is_wrong_configuration(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "law" / "waivers.yaml").unlink()

    assert cli.main(["check"]) == 2
    assert capsys.readouterr().err == (
        "bylaw: waivers.paths: law/waivers.yaml does not exist; write the file (a list, `[]` for none) or take it out\n"
    )


def test_a_group_below_the_approvers_approves_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = entity("team", "Group", type="team", children=[], parent="platform", members=["joe"])
    with (here / "catalog-info.yaml").open("a") as file:
        file.write(f"---\n{tree}")
    write(here, {"law/waivers.yaml": waiver(approved_by="joe", requested_by="jane")})
    _, report = checked(capsys)

    assert [each["status"] for each in report["waivers"]["list"]] == ["active"]


# -- list and check


ALL = (
    waiver("a-invalid", approved_by="joe")
    + waiver("b-expired", expires="2026-11-20")
    + waiver("c-soon", expires="2026-11-28")
    + waiver("d-broad", "component:default/*")
    + waiver("e-unused", "component:default/shop")
    + waiver("f-active", "component:default/cart")
    + "- id: g-broken\n"
)
LIST = """\
id         status      days left  waives  rule                     entities                  approved by
a-invalid  invalid     -          0       ownership/owner-unknown  component:default/orders  joe
b-expired  expired     -          0       ownership/owner-unknown  component:default/orders  jane
c-soon     active      7          1       ownership/owner-unknown  component:default/orders  jane
d-broad    over-broad  33         1       ownership/owner-unknown  component:default/*       jane
e-unused   unused      33         0       ownership/owner-unknown  component:default/shop    jane
f-active   active      33         0       ownership/owner-unknown  component:default/cart    jane
g-broken   invalid     -          0       -                        0 fingerprints            -
"""
INVALID = """\
invalid: a-invalid: user:default/joe has requested it and approved it: it takes two; approver user:default/joe is not a
    member of group:default/platform
 --> law/waivers.yaml:1:3
invalid: g-broken: rule is missing; entities is missing; reason is missing; requested_by is missing; approved_by is
    missing; expires is missing
 --> law/waivers.yaml:7:3
"""
WARNINGS = """\
expired: b-expired: 2026-11-20 was its last day
 --> law/waivers.yaml:2:3
expires soon: c-soon: expires in 7 days: 2026-11-28 is its last day
 --> law/waivers.yaml:3:3
over-broad: d-broad: it names 1 entity that does not fail as well: component:default/shop
 --> law/waivers.yaml:4:3
unused: e-unused: nothing of ownership/owner-unknown is found on what it names: take it out
 --> law/waivers.yaml:5:3
"""
SUMMARY = "7 waivers: 2 active, 1 expired, 2 invalid, 1 unused, 1 over-broad\n"


def test_list_shows_every_waiver_and_what_is_wrong(here: Path, said: Any) -> None:
    write(here, {"law/waivers.yaml": ALL})

    assert said("list") == (0, "\n".join((LIST, INVALID, WARNINGS, SUMMARY)), "")


def test_check_shows_what_is_wrong_alone_and_fails_for_what_is_invalid(here: Path, said: Any) -> None:
    write(here, {"law/waivers.yaml": ALL})

    assert said("check") == (1, "\n".join((INVALID, WARNINGS, SUMMARY)), "")


@pytest.mark.parametrize(
    ("entry", "code", "strict"),
    [
        (waiver(), 0, 0),
        (waiver(approved_by="joe"), 1, 1),
        (waiver(expires="2026-11-20"), 0, 1),
        (waiver(expires="2026-11-28"), 0, 1),
        (waiver(expires="2026-11-29"), 0, 0),
        (waiver(entity="component:default/shop"), 0, 1),
        (waiver(entity="component:*"), 0, 1),
        ("[]", 0, 0),
    ],
)
def test_warnings_fail_with_strict_alone(entry: str, code: int, strict: int, here: Path, said: Any) -> None:
    write(here, {"law/waivers.yaml": entry})

    assert (said("check")[0], said("check", "--strict")[0], said("list")[0]) == (code, strict, 0)


def test_programs_get_all_of_it_as_json(here: Path, said: Any) -> None:
    write(here, {"law/waivers.yaml": waiver(expires="2026-11-28", ticket="SHOP-12")})
    code, out, _ = said("list", "--format", "json")
    told = json.loads(out)

    assert (code, told["version"], told["day"]) == (0, 1, "2026-11-21")
    assert told["summary"] == {"active": 1, "expired": 0, "invalid": 0, "unused": 0, "over_broad": 0, "soon": 1}
    (only,) = told["waivers"]
    assert only.pop("location")["path"] == "law/waivers.yaml"
    assert only == {
        "id": "W-1",
        "rule": "ownership/owner-unknown",
        "entities": ["component:default/orders"],
        "fingerprints": [],
        "reason": "being founded",
        "ticket": "SHOP-12",
        "requested_by": "joe",
        "approved_by": "jane",
        "approved_at": "2026-11-01",
        "expires": "2026-11-28",
        "status": "active",
        "why": "expires in 7 days: 2026-11-28 is its last day",
        "covers": 1,
        "days_left": 7,
        "soon": True,
    }


def test_without_waivers_that_is_said(here: Path, said: Any) -> None:
    (here / "bylaw.yaml").unlink()

    assert said("list") == (0, "no waivers: waivers.paths of bylaw.yaml names no file with any\n", "")


def test_nothing_in_a_waiver_acts_on_a_terminal(here: Path, said: Any) -> None:
    escape = "\x1b]0;x\x07\u202e\n"
    write(here, {"law/waivers.yaml": waiver(f"W{escape}", f"component:{escape}*", approved_by=f"jo{escape}")})
    code, out, _ = said("list")

    assert code == 0
    assert not [each for each in out if not each.isprintable() and each != "\n"]
    assert "W\\x1b]0;x\\x07\\u202e\\n" in out


# -- request

ENTRY = """\
- id: cart-owner-unknown
  rule: ownership/owner-unknown
  entities:
    - component:default/cart
  reason: # why the fault may stay for a while
  requested_by: # who asks for it
  approved_by: # another one, who may approve: group:default/platform
  approved_at: # the day of the approval
  expires: 2027-01-20
  fingerprints:
    # owner ghosts of component:default/cart is not in the catalog
    - {fingerprint}
"""


def fingerprint(capsys: pytest.CaptureFixture[str], entity: str) -> str:
    found = {each["entity"]: each["fingerprint"] for each in checked(capsys)[1]["findings"]}
    return str(found[entity])


def test_request_writes_what_needs_only_to_be_filled_in(
    here: Path, said: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = ENTRY.format(fingerprint=fingerprint(capsys, "component:default/cart"))

    assert said("request", "--rule", "owner-unknown", "--entity", "Cart") == (
        0,
        expected,
        "cart-owner-unknown is for 1 finding of ownership/owner-unknown, until 2027-01-20\n"
        "put it into law/waivers.yaml\n"
        "it does not hold before these are filled in: reason, requested_by, approved_by\n",
    )
    assert (here / "law" / "waivers.yaml").read_text() == waiver()


def test_request_by_fingerprint_is_for_that_finding(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = fingerprint(capsys, "component:default/cart")

    assert said("request", "--fingerprint", found)[1] == ENTRY.format(fingerprint=found)


def test_what_was_requested_and_approved_holds(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("--requested-by", "joe", "--approved-by", "jane", "--days", "30", "--ticket", "SHOP: 12 #x")
    code, out, err = said(
        *("request", "--rule", "owner-unknown", "--entity", "cart", "--reason", "- id: [", *names, "--write")
    )

    assert code == 0
    assert err == (
        "cart-owner-unknown is for 1 finding of ownership/owner-unknown, until 2026-12-21\nadded to law/waivers.yaml\n"
    )
    assert (here / "law" / "waivers.yaml").read_text() == waiver() + out
    code, report = checked(capsys)
    assert (code, [each["waiver"] for each in report["findings"]]) == (0, ["W-1", "cart-owner-unknown"])
    assert report["waivers"]["list"][1]["reason"] == "- id: ["


def test_each_request_has_an_id_of_its_own(here: Path, said: Any) -> None:
    write(here, {"law/waivers.yaml": "[]\n"})
    arguments = ("request", "--rule", "owner-unknown", "--entity", "cart", "--write")
    ids = [said(*arguments)[1].splitlines()[0] for _ in range(3)]

    assert ids == ["- id: cart-owner-unknown", "- id: cart-owner-unknown-2", "- id: cart-owner-unknown-3"]


def test_a_request_for_what_is_waived_already_says_so(here: Path, said: Any) -> None:
    assert (
        "some of it is waived already, by W-1\n" in said("request", "--rule", "owner-unknown", "--entity", "orders")[2]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--rule", "owner-unknown", "--entity", "carts"),
            "nothing to waive: ownership/owner-unknown finds nothing on component:default/carts "
            "(did you mean component:default/cart?)",
        ),
        (
            ("--rule", "owner-unknown", "--entity", "shop"),
            "nothing to waive: ownership/owner-unknown finds nothing on component:default/shop; "
            "it does on component:default/cart",
        ),
        (
            ("--rule", "owner-missing", "--entity", "cart"),
            "nothing to waive: ownership/owner-missing finds nothing on component:default/cart; "
            "there, findings are of ownership/owner-unknown",
        ),
        (
            ("--rule", "owner-unknwn", "--entity", "cart"),
            "no rule 'owner-unknwn' (did you mean owner-unknown?); `bylaw rules` lists them",
        ),
        (
            ("--fingerprint", "abc"),
            "nothing to waive: no finding has the fingerprint abc; `bylaw check --format json` shows the fingerprints",
        ),
        (
            ("--rule", "owner-unknown", "--entity", "cart", "--days", "61"),
            "--days 61 is more than a waiver may hold: 60 (waivers.max_days)",
        ),
        (
            ("--rule", "owner-unknown"),
            "--rule and --entity go together: a waiver is for one rule on what it names",
        ),
        ((), "say what is to be waived: --rule and --entity, or --fingerprint alone"),
        (
            ("--rule", "owner-unknown", "--fingerprint", "abc"),
            "say what is to be waived: --rule and --entity, or --fingerprint alone",
        ),
        (
            ("--rule", "owner-unknown", "--entity", "cart:"),
            '--entity: entity reference "cart:" is not of the form [<kind>:][<namespace>/]<name>',
        ),
    ],
)
def test_a_request_for_nothing_says_what_is_nearest(
    arguments: tuple[str, ...], message: str, here: Path, said: Any
) -> None:
    assert said("request", *arguments) == (2, "", f"bylaw: {message}\n")


def test_a_request_is_written_into_a_file_that_the_configuration_names(here: Path, said: Any) -> None:
    write(here, {"bylaw.yaml": "version: 1\n"})

    assert said("request", "--rule", "owner-unknown", "--entity", "cart", "--write") == (
        2,
        "",
        "bylaw: --write: waivers.paths of bylaw.yaml names no file to put it in\n",
    )


def test_a_file_that_cannot_be_read_is_waived_by_its_fingerprint(
    here: Path, said: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        here,
        {
            "bylaw.yaml": SETTINGS.replace("ownership/owner-unknown", "catalog/yaml-invalid"),
            "law/waivers.yaml": "[]",
            "x/catalog-info.yaml": "a: b: c",
        },
    )
    (finding,) = checked(capsys)[1]["findings"]
    names = ("--reason", "no time", "--requested-by", "joe", "--approved-by", "jane", "--write")
    code, out, _ = said("request", "--fingerprint", finding["fingerprint"], *names)

    assert (code, out.splitlines()[:3]) == (
        0,
        ["- id: catalog-info.yaml-yaml-invalid", "  rule: catalog/yaml-invalid", "  entities: []"],
    )
    code, report = checked(capsys)
    assert (code, [each["waiver"] for each in report["findings"]]) == (0, ["catalog-info.yaml-yaml-invalid"])
    assert said("check", "--strict")[0] == 0


# -- the page on waivers


def as_run(page: str, folder: Path) -> str:
    """The page with what its commands print, its files being there when they run."""

    def block(match: re.Match[str]) -> str:
        language, text = match.groups()
        if language == "yaml":
            write(folder, {text.partition("\n")[0].removeprefix("# "): text.partition("\n")[2]})
            return match[0]
        shown = ""
        for line in text.splitlines():
            if line.startswith("$ bylaw "):
                done = run(*shlex.split(line.removeprefix("$ bylaw ")), cwd=folder)
                assert done.code in {0, 1}, done.err
                shown += f"{line}\n{done.out}{done.err}"
            elif line.startswith("$ "):
                subprocess.run(["bash", "-c", line[2:]], cwd=folder, env=scrubbed(), check=True)
                shown += f"{line}\n"
        return f"```console\n{shown}```"

    return re.sub(r"^```(yaml|console)\n(.*?)^```$", block, page, flags=re.MULTILINE | re.DOTALL)


def test_the_page_on_waivers_says_what_happens(tmp_path: Path) -> None:
    shown = as_run(PAGE.read_text(), tmp_path)
    if os.environ.get("BYLAW_UPDATE_GOLDEN"):
        PAGE.write_text(shown)

    assert shown == PAGE.read_text()
    assert "orders-owner-unknown  active  59         1       ownership/owner-unknown" in shown
