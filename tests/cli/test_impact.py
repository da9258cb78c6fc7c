"""The real command over a small catalog in a repository whose law is about to change."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import TEAM_A, entity, git, run, same, scrubbed, stable, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Ran

NAME = "catalog-info.yaml"
DAY = "2026-12-01"

TIER = """\
# METADATA
# title: Tier is not one we know
# description: The tier decides who is woken.
# custom:
#   severity: warning
#   applies_to: {kind: [Component]}
#   remediation: Set the label tier.
#   parameters:
#     tiers: {description: The tiers there are., type: array, items: {type: string}, default: ["1", "2"]}
package bylaw.ops.tier_unknown

import rego.v1
import future.keywords.not

findings contains {"pointer": "/metadata/labels/tier", "message": sprintf("tier %v is unknown", [tier])} if {
	tier := input.metadata.labels.tier
	not tier in data.bylaw.parameters["ops/tier-unknown"].tiers
}
"""

NAMED = """\
from bylaw.model import Finding, Severity
from bylaw.rules import Rule


def evaluate(document, context):
    if not isinstance(document.data, dict) or "kind" not in document.data:
        yield Finding("", "the document has no kind")


RULE = Rule(
    id="docs/kind-missing", title="t", description="d", remediation="r", severity=Severity.{severity},
    subject="document", evaluate=evaluate,
)
"""

RETIRED = """\
# METADATA
# title: An owner is a team
# description: d
# custom:
#   severity: error
#   applies_to: {kind: [Component]}
#   remediation: r
package bylaw.ownership.owner_retired

import rego.v1

findings contains {"pointer": "/spec/owner", "message": "team-z is no more"} if input.spec.owner == "team-z"
"""

ADDED = RETIRED.replace("owner_retired", "title_missing").replace("severity: error", "severity: info")
ADDED = ADDED.replace('"message": "team-z is no more"} if input.spec.owner == "team-z"', '"message": "no title"}')

BEFORE = """\
version: 1
policies: {paths: [law], bundled: false}
"""

AFTER = """\
version: 1
policies: {paths: [law], bundled: false}
enforcement:
  rules:
    ops/tier-unknown: [{level: observe}, {level: deny, from: 2026-12-01}]
parameters:
  ops/tier-unknown: {tiers: ["1", "3"]}
"""


def component(name: str, tier: str, owner: str) -> str:
    said = json.loads(entity(name, owner=owner, type="service", lifecycle="production"))
    said["metadata"]["labels"] = {"tier": tier}
    return json.dumps(said, indent=2)


FILES = {
    "bylaw.yaml": BEFORE,
    "law/tier_unknown.rego": TIER,
    "law/kind_missing.py": NAMED.format(severity="WARNING"),
    "law/owner_retired.rego": RETIRED,
    f"org/{NAME}": TEAM_A,
    f"cart/{NAME}": component("cart", "1", "team-a"),
    f"orders/{NAME}": component("orders", "2", "team-a"),
    f"search/{NAME}": component("search", "4", "team-b"),
    f"stock/{NAME}": component("stock", "1", "team-z"),
    f"broken/{NAME}": "spec: {}\n",
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A repository on main, and in its work tree a law that is not committed yet."""
    folder = write(tmp_path / "here", FILES)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "the law as it is")
    write(folder, {"bylaw.yaml": AFTER, "law/title_missing.rego": ADDED})
    write(folder, {"law/kind_missing.py": NAMED.format(severity="ERROR")})
    (folder / "law" / "owner_retired.rego").unlink()
    return folder


def impact(*arguments: str, cwd: Path, **more: Any) -> Ran:
    return run("impact", *arguments, cwd=cwd, **more)


def everything(*arguments: str, cwd: Path, **more: Any) -> tuple[Ran, dict[str, str]]:
    """One run, and what it says in every format."""
    files = {form: cwd.parent / f"said.{form}" for form in ("json", "markdown")}
    outputs = [option for form, file in files.items() for option in ("--output", f"{form}={file}")]
    ran = impact(*arguments, *outputs, cwd=cwd, **more)
    return ran, {"text": ran.out, **{form: file.read_text() for form, file in files.items()}}


def flips(ran: Ran) -> list[str]:
    """What flips, a line each."""
    return [
        f"{each['entity'] or each['path']} {each['before']} -> {each['after']} "
        + ", ".join(why["rule"] for why in each["because"])
        for each in ran.report["flips"]
    ]


def settings(here: Path, **files: str) -> None:
    """Put settings files beside the one that is there."""
    write(here, {f"{name}.yaml": text for name, text in files.items()})


# -- what it says


def test_the_comparison_is_the_golden_one(here: Path) -> None:
    ran, shown = everything("--base", "main", "--now", DAY, cwd=here)
    for form, said in shown.items():
        same(f"impact/changed.{form}", stable(said))
    assert (ran.code, ran.err) == (0, "")


def test_workers_and_hash_seed_change_not_a_byte(here: Path) -> None:
    (_, first), (_, second) = (
        everything("--base", "main", "--jobs", jobs, cwd=here, environment={"PYTHONHASHSEED": jobs}) for jobs in "13"
    )
    assert first == second


def test_the_day_decides_which_stage_holds(here: Path) -> None:
    before = impact("--base", "main", "--now", "2026-11-30", "--format", "json", cwd=here)
    assert flips(before) == [
        f"broken/{NAME} allowed -> denied docs/kind-missing",
        "component:default/stock denied -> allowed ownership/owner-retired",
    ]
    on = impact("--base", "main", "--now", DAY, "--format", "json", cwd=here)
    assert flips(on) == [
        f"broken/{NAME} allowed -> denied docs/kind-missing",
        "component:default/orders allowed -> denied ops/tier-unknown",
        "component:default/search allowed -> denied ops/tier-unknown",
        "component:default/stock denied -> allowed ownership/owner-retired",
    ]


def test_exchanged_sides_flip_the_other_way(here: Path) -> None:
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "the law as it will be")
    git(here, "checkout", "-q", "main~1")
    back = impact("--base", "main", "--now", DAY, "--format", "json", cwd=here)
    assert flips(back) == [
        f"broken/{NAME} denied -> allowed docs/kind-missing",
        "component:default/orders denied -> allowed ops/tier-unknown",
        "component:default/search denied -> allowed ops/tier-unknown",
        "component:default/stock allowed -> denied ownership/owner-retired",
    ]


def test_without_any_difference_nothing_changes(here: Path) -> None:
    git(here, "checkout", "-q", ".")
    git(here, "clean", "-qfd")
    ran = impact("--base", "HEAD", cwd=here)
    assert (ran.code, ran.out.split("\n\n")) == (
        0,
        [
            "impact: 5 entities in 6 files, judged twice\n"
            "  before  HEAD              3 rules  denied\n"
            "  after   the working tree  3 rules  denied\n"
            "the catalog counts as complete: it holds 1 Group",
            "nothing would change\n",
        ],
    )


# -- the sides


def test_two_settings_files_are_compared(here: Path) -> None:
    settings(here, strict=AFTER.replace("observe", "deny"))
    ran = impact(
        "--before", "bylaw.yaml", "--after", "strict.yaml", "--now", "2026-01-01", "--format", "json", cwd=here
    )
    assert [ran.report[side]["name"] for side in ("before", "after")] == ["bylaw.yaml", "strict.yaml"]
    assert flips(ran) == [
        "component:default/orders allowed -> denied ops/tier-unknown",
        "component:default/search allowed -> denied ops/tier-unknown",
    ]
    assert ran.report["rules"][0]["differences"] == [
        {
            "what": "enforcement",
            "name": None,
            "before": [
                {"level": "observe", "from": None, "owners": []},
                {"level": "deny", "from": DAY, "owners": []},
            ],
            "after": [
                {"level": "deny", "from": None, "owners": []},
                {"level": "deny", "from": DAY, "owners": []},
            ],
        }
    ]


def test_the_later_side_is_the_settings_of_here_and_a_folder_stands_for_its_settings(here: Path) -> None:
    write(here, {"old/bylaw.yaml": BEFORE.replace("law", "../law")})
    ran = impact("--before", "old", "--now", DAY, "--format", "json", cwd=here)
    assert [ran.report[side]["name"] for side in ("before", "after")] == ["old/bylaw.yaml", "bylaw.yaml"]
    assert flips(ran) == [
        "component:default/orders allowed -> denied ops/tier-unknown",
        "component:default/search allowed -> denied ops/tier-unknown",
    ]


def test_a_base_may_be_compared_with_any_settings(here: Path) -> None:
    settings(here, none="policies: {bundled: false}\n")
    ran = impact("--base", "main", "--after", "none.yaml", "--format", "json", cwd=here)
    assert flips(ran) == ["component:default/stock denied -> allowed ownership/owner-retired"]


def test_policies_of_the_command_line_count_for_the_later_side_alone(here: Path) -> None:
    git(here, "checkout", "-q", ".")
    write(here, {"more/x.rego": ADDED.replace("title_missing", "x").replace("info", "error")})
    (here / "law" / "title_missing.rego").unlink()
    ran = impact("--base", "main", "--policies", "more", "--format", "json", "cart", cwd=here)
    assert flips(ran) == ["component:default/cart allowed -> denied ownership/x"]


def test_a_base_without_settings_had_the_defaults_and_that_is_said(here: Path) -> None:
    git(here, "rm", "-q", "-f", "bylaw.yaml")
    git(here, "commit", "-q", "-m", "no law")
    settings(here, bylaw="version: 1\nenforcement: {rules: {yaml-invalid: warn}}\n".replace("yaml-i", "catalog/yaml-i"))
    write(here, {f"org/{NAME}": "{"})
    ran = impact("--base", "main", "--format", "json", "org", cwd=here)
    assert ran.report["notes"][0] == "main: there was no bylaw.yaml, so the defaults held"
    assert flips(ran) == [f"org/{NAME} denied -> allowed catalog/yaml-invalid"]


def test_a_work_tree_without_settings_has_the_defaults_and_that_is_said(here: Path) -> None:
    (here / "bylaw.yaml").unlink()
    ran = impact("--base", "main", "--format", "json", "org", cwd=here)
    assert ran.report["notes"][0] == "the working tree: there is no bylaw.yaml, so the defaults hold"


def test_settings_elsewhere_in_the_repository_are_those_of_the_base_too(here: Path) -> None:
    git(here, "checkout", "-q", ".")
    write(here, {"platform/bylaw.yaml": BEFORE.replace("law]", "../law]")})
    git(here, "rm", "-q", "bylaw.yaml")
    git(here, "add", "-A", "platform")
    git(here, "commit", "-q", "-m", "moved")
    write(here, {"platform/bylaw.yaml": AFTER.replace("law]", "../law]")})
    (here / "law" / "title_missing.rego").unlink()
    expected = [
        "component:default/orders allowed -> denied ops/tier-unknown",
        "component:default/search allowed -> denied ops/tier-unknown",
    ]
    arguments = ("--base", "main", "--now", DAY, "--format", "json")
    assert flips(impact("--config", "platform/bylaw.yaml", *arguments, cwd=here)) == expected
    assert flips(impact("..", *arguments, cwd=here / "platform")) == expected


def test_the_current_folder_changes_nothing_but_the_paths(here: Path) -> None:
    arguments = ("--base", "main", "--now", DAY, "--format", "json")
    assert impact("..", *arguments, cwd=here / "org").out == impact(*arguments, cwd=here).out
    assert flips(impact("here", *arguments, cwd=here.parent)) == flips(impact(*arguments, cwd=here))


def test_a_catalog_that_the_sides_read_otherwise_is_read_by_the_later_and_that_is_said(here: Path) -> None:
    settings(here, bylaw=AFTER + "catalog: {paths: [cart/*.yaml], complete: true}\n")
    ran = impact("--base", "main", "--format", "json", cwd=here)
    assert ran.report["catalog"]["entities"] == 1
    assert ran.report["notes"] == [
        "the catalog is read once, by the settings of the working tree: "
        "those of main differ in catalog.paths, catalog.complete"
    ]


# -- what cannot be compared


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"bylaw.yaml": "polices: {}\n"}, "bylaw.yaml: polices is not a setting (did you mean policies?)"),
        (
            {"bylaw.yaml": "enforcement: {rules: {a/b: deny}}\n"},
            "enforcement.rules: no rule 'a/b'; `bylaw rules` lists them",
        ),
        ({"bylaw.yaml": "policies: {paths: [wal]}\n"}, "policies.paths: wal does not exist"),
        (
            {"law/tier_unknown.rego": TIER.replace("[tier])}", "[tier}")},
            "law/tier_unknown.rego:15:102: expecting `]` while parsing array; the policy does not compile",
        ),
        ({"law/kind_missing.py": "1 / 0\n"}, "law/kind_missing.py: does not load: ZeroDivisionError: division by zero"),
    ],
)
def test_a_side_that_cannot_be_used_is_named_and_nothing_is_judged(
    files: dict[str, str], told: str, here: Path, tmp_path: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    write(here, files)
    there = {"TMPDIR": str(tmp_path / "tmp")}
    ran = impact("--base", "main", cwd=here, environment=there)
    assert (ran.code, ran.out) == (2, "")
    later = ran.err
    git(here, "commit", "-q", "-a", "-m", "worse")
    write(here, {"bylaw.yaml": BEFORE, "law/tier_unknown.rego": TIER})
    write(here, {"law/kind_missing.py": NAMED.format(severity="ERROR")})
    ran = impact("--base", "main", cwd=here, environment=there)
    assert (ran.code, ran.out, ran.err) == (2, "", f"bylaw: main: {told}\n")
    assert later in (f"bylaw: the working tree: {told}\n", f"bylaw: {told}\n")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--base=--upload-pack=x"], '--base "--upload-pack=x": expected a branch, a tag or a commit'),
        (["--base", ""], '--base "": expected a branch, a tag or a commit'),
        (
            ["--base", "mian"],
            "--base mian: this repository has no such branch, tag or commit (did you mean main?); "
            "to fetch it: git fetch origin mian, and then --base FETCH_HEAD",
        ),
        (["--before", "nowhere"], "--before nowhere: no such file or folder"),
        (["--before", "org"], "--before org: holds no bylaw.yaml"),
        (["--base", "main", "--after", "nowhere"], "--after nowhere: no such file or folder"),
        (
            ["--before", "bylaw.yaml", "--after", "bylaw.yaml", "--config", "bylaw.yaml"],
            "--config is neither side where --before and --after name both: leave it out",
        ),
        (
            ["--base", "main", "--format", "jsn"],
            'format "jsn" does not exist here (did you mean json?); known are text, json, markdown',
        ),
        (
            ["--base", "main", "--format", "json", "--format", "markdown"],
            "formats json and markdown would both go to standard output; send one to a file: --output markdown=FILE",
        ),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], told: str, here: Path) -> None:
    ran = impact(*arguments, cwd=here)
    assert (ran.code, ran.out, ran.err) == (2, "", f"bylaw: {told}\n")


def test_one_earlier_side_must_be_named_and_not_two(here: Path) -> None:
    assert impact(cwd=here).err.endswith("error: one of the arguments --base --before is required\n")
    ran = impact("--base", "main", "--before", "bylaw.yaml", cwd=here)
    assert (ran.code, ran.out) == (2, "")
    assert "--before: not allowed with argument --base" in ran.err


def test_outside_of_a_repository_there_is_no_base(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain", {NAME: TEAM_A})
    ran = impact("--base", "main", cwd=folder)
    assert (ran.code, ran.err) == (
        2,
        "bylaw: --base main: <cwd> is in no git work tree; name a settings file with --before instead\n",
    )


def test_a_rule_without_an_answer_leaves_the_comparison_undecided(here: Path) -> None:
    crash = NAMED.replace('yield Finding("", "the document has no kind")', "raise KeyError(document.path)")
    write(here, {"law/kind_missing.py": crash.format(severity="WARNING")})
    git(here, "commit", "-q", "-a", "-m", "crash")
    write(here, {"law/kind_missing.py": NAMED.format(severity="ERROR")})
    git(here, "checkout", "-q", "main", "--", "law/tier_unknown.rego")
    fault = TIER.replace("tier := input.metadata.labels.tier", "tier := to_number(input.metadata.name)")
    write(here, {"law/tier_unknown.rego": fault})
    git(here, "commit", "-q", "law/tier_unknown.rego", "-m", "fault")
    write(here, {"law/tier_unknown.rego": TIER})
    ran, shown = everything("--base", "main", "--now", DAY, cwd=here)
    assert (ran.code, ran.err) == (3, "")
    same("impact/undecided.text", shown["text"])
    same("impact/undecided.markdown", shown["markdown"])
    said = json.loads(shown["json"])
    assert said["decided"] is False
    assert {each["entity"] for each in said["before"]["unanswered"]} == {
        None,
        "component:default/cart",
        "component:default/orders",
        "component:default/search",
        "component:default/stock",
        "group:default/team-a",
    }


# -- what it leaves alone


def test_the_work_tree_and_the_index_are_as_they_were_and_nothing_stays_behind(here: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()

    def state() -> tuple[Any, ...]:
        status = subprocess.run(
            ["git", "status", "--porcelain"], cwd=here, env=scrubbed(), capture_output=True, check=True
        )
        index = (here / ".git" / "index").read_bytes()
        files = sorted(each for each in here.rglob("*") if "__pycache__" not in each.parts)
        return status.stdout, index, files

    before = state()
    more = {"TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert impact("--base", "main", cwd=here, environment=more).code == 0
    assert state() == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_formats_go_to_files(here: Path) -> None:
    ran = impact("--base", "main", "--output", "markdown=note.md", "--output", "json=impact.json", cwd=here)
    assert ran.out.startswith("impact: 5 entities in 6 files")
    assert (here / "note.md").read_text().startswith("### Impact: `main` → `the working tree`\n")
    assert json.loads((here / "impact.json").read_text())["before"]["name"] == "main"


def test_names_of_strangers_act_on_nothing(here: Path) -> None:
    name = "x\x1b[31m|`@all` <b>&\u202e\n# not a heading"
    write(
        here,
        {f"evil/{NAME}": json.dumps({**json.loads(component("x", "9", "team-a"))}).replace('"x"', json.dumps(name))},
    )
    _, shown = everything("--base", "main", "--now", DAY, cwd=here)
    for said in shown.values():
        assert all(each.isprintable() or each == "\n" for each in said)
        assert "\n# not" not in said
    assert (
        "| `component:default/x\\x1b[31m\\|\\x60@all\\x60 <b>&\\u202e\\n# not…` | `group:default/team-a` "
        in shown["markdown"]
    )


def test_a_branch_may_have_any_name(here: Path) -> None:
    git(here, "branch", "x|`@all`$(touch-pwned)", "main")
    ran = impact("--base", "x|`@all`$(touch-pwned)", "--now", DAY, "--format", "markdown", cwd=here)
    assert ran.code == 0
    assert ran.out.startswith("### Impact: `x\\|\\x60@all\\x60$(touch-pwned)` → `the working tree`\n")
