"""What the gate takes for the change: what git, two folders or one folder say of it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.command import run, scrubbed
from tests.merge.repository import DAY, Repository, told
from tests.merge.test_story import BASE, BOTH_ENDS, FAULTY, GROUPS, ORDERS, RENAMED

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

ORG = "org/catalog-info.yaml"
API = """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: payments-api
  description: Takes money from people
  annotations: {backstage.io/techdocs-ref: "dir:."}
spec:
  type: openapi
  lifecycle: experimental
  owner: platform
  definition: {$text: ./openapi.yaml}
"""
OPENAPI = """\
openapi: 3.0.3
info: {title: Payments, version: 1.0.0}
paths: {}
"""
DOCUMENTED = {
    "api/catalog-info.yaml": API,
    "api/openapi.yaml": OPENAPI,
    "api/mkdocs.yml": "site_name: Payments\n",
    "api/docs/index.md": "# Payments\n",
}
LOCATION = """\
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: more}
spec: {targets: [./one.yaml, ./two.yaml]}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.at(tmp_path / "shop", BASE)


def component(name: str, owner: str = "payments") -> str:
    return ORDERS.replace("name: orders", f"name: {name}").replace("payments", owner)


def paths(report: Any) -> list[tuple[str | None, str | None]]:
    return [(each["before"], each["after"]) for each in report["proposal"]["files"]]


def all_told(report: Any) -> list[tuple[str, str, str]]:
    return told(report, "new", "existing", "fixed")


# -- what git says


def test_what_is_committed_staged_unstaged_and_untracked_is_the_change_and_what_is_ignored_is_not(
    repository: Repository,
) -> None:
    repository.commit({".gitignore": "ignored\n"}, "ignore")
    repository.change({"committed/catalog-info.yaml": component("committed", "nobody")})
    repository.write({"staged/catalog-info.yaml": component("staged", "nobody")})
    repository.git("add", "staged")
    repository.write({"untracked/catalog-info.yaml": component("untracked", "nobody")})
    repository.write({"ignored/catalog-info.yaml": component("ignored", "nobody")})
    repository.write({"orders/catalog-info.yaml": ORDERS.replace("payments", "nobody")})
    report = repository.judged()

    assert paths(report) == [
        (None, "committed/catalog-info.yaml"),
        ("orders/catalog-info.yaml", "orders/catalog-info.yaml"),
        (None, "staged/catalog-info.yaml"),
        (None, "untracked/catalog-info.yaml"),
    ]
    assert [each for each in told(report) if each[1] == "ownership/owner-unknown"] == [
        ("new", "ownership/owner-unknown", f"component:default/{name}")
        for name in ("committed", "orders", "staged", "untracked")
    ]


def test_a_file_that_is_deleted_takes_its_entities_away(repository: Repository) -> None:
    repository.change({ORG: None})
    report = repository.judged()

    assert paths(report) == [(ORG, None)]
    assert report["proposal"]["removed"] == [
        *("group:default/payments", "group:default/platform", "user:default/jane", "user:default/joe")
    ]
    assert ("new", "catalog/removed-in-use", "group:default/payments") in told(report)
    assert report["proposal"]["blast_radius"]["direct"] == ["component:default/orders"]


def test_a_document_that_is_deleted_takes_its_entity_away_and_leaves_the_others(repository: Repository) -> None:
    _, rest = GROUPS.split("---\n", 1)
    repository.change({ORG: rest})
    report = repository.judged()

    assert report["proposal"]["removed"] == ["group:default/payments"]
    assert report["proposal"]["edited"] == []
    assert [each for each in told(report) if each[1].startswith("catalog/re")] == [
        ("new", "catalog/removed-in-use", "group:default/payments"),
        ("new", "catalog/reference-dangling", "user:default/jane"),
        ("new", "catalog/reference-dangling", "user:default/joe"),
    ]
    removed = next(each for each in report["findings"] if each["rule"] == "catalog/removed-in-use")
    assert (removed["location"]["path"], removed["location"]["line"]) == (ORG, 3)  # where it was


def test_a_file_that_is_moved_brings_nothing_new(repository: Repository) -> None:
    repository.git("checkout", "-qb", "change")
    repository.git("mv", "legacy", "elsewhere")
    repository.write({"elsewhere/catalog-info.yaml": f"# It has moved.\n{FAULTY}"})
    report = repository.judged()

    assert paths(report) == [("legacy/catalog-info.yaml", "elsewhere/catalog-info.yaml")]
    assert (report["proposal"]["added"], report["proposal"]["removed"]) == ([], [])
    assert told(report, "new", "fixed") == []
    assert report["decision"] == "allowed"


def test_a_location_brings_files_in_and_drops_them(repository: Repository) -> None:
    repository.commit(
        {
            "more/catalog-info.yaml": LOCATION.replace(", ./two.yaml", ""),
            "more/one.yaml": component("one"),
            "more/two.yaml": component("two", "nobody"),
        },
        "a Location",
    )
    repository.change({"more/catalog-info.yaml": LOCATION})
    brought = repository.judged()
    assert brought["proposal"]["added"] == ["component:default/two"]
    assert told(brought) == [("new", "ownership/owner-unknown", "component:default/two")]
    assert [each["location"]["path"] for each in brought["findings"]] == ["more/two.yaml"]

    repository.merge()
    repository.change({"more/catalog-info.yaml": None})
    dropped = repository.judged()
    assert dropped["proposal"]["removed"] == [
        *("component:default/one", "component:default/two", "location:default/more")
    ]
    assert ("fixed", "ownership/owner-unknown", "component:default/two") in all_told(dropped)


def test_a_text_that_an_entity_brings_in_is_a_part_of_it(repository: Repository) -> None:
    repository.commit(DOCUMENTED, "an API")
    repository.change({"api/openapi.yaml": OPENAPI.replace("paths: {}", "paths: 3")})
    report = repository.judged()

    assert paths(report) == [("api/openapi.yaml", "api/openapi.yaml")]
    assert report["proposal"]["edited"] == ["api:default/payments-api"]
    assert ("new", "api/definition-invalid", "api:default/payments-api") in told(report)


@pytest.mark.parametrize("gone", [["api/docs"], ["api/docs", "api/mkdocs.yml"]])
def test_documentation_that_goes_is_missed_though_its_entity_stays(repository: Repository, gone: list[str]) -> None:
    repository.commit(DOCUMENTED, "an API")
    repository.git("checkout", "-qb", "change")
    repository.git("rm", "-rq", *gone)
    report = repository.judged()

    assert report["proposal"]["edited"] == []
    assert told(report) == [("new", "docs/techdocs-source-missing", "api:default/payments-api")]


def test_settings_that_come_with_the_change_are_not_yet_the_law(tmp_path: Path) -> None:
    repository = Repository.at(tmp_path / "shop", {path: text for path, text in BASE.items() if path != "bylaw.yaml"})
    repository.change({ORG: RENAMED, "bylaw.yaml": "version: 1\nenforcement: {default: off}\n"})
    report = repository.judged()

    assert told(report) == BOTH_ENDS
    assert report["proposal"]["law"]["files"] == ["bylaw.yaml"]


def test_it_does_not_matter_from_where_in_the_work_tree_the_gate_is_run(repository: Repository) -> None:
    repository.change({ORG: RENAMED})
    at_the_root = repository.judged()
    inside = run("gate", "--base", "main", *DAY, "--format", "json", cwd=repository.folder / "orders")
    outside = run(
        *("gate", "--root", str(repository.folder / "org"), "--base", "main", *DAY, "--format", "json"),
        cwd=repository.folder.parent,
    )

    assert inside.report == outside.report == at_the_root
    assert told(at_the_root) == BOTH_ENDS


def test_a_change_that_is_not_on_a_branch_is_one(repository: Repository) -> None:
    repository.change({ORG: RENAMED})
    repository.git("checkout", "-q", "--detach")

    assert told(repository.judged()) == BOTH_ENDS


def test_what_others_have_merged_in_the_meantime_is_not_of_the_change(repository: Repository) -> None:
    repository.change({"mine/catalog-info.yaml": component("mine")})
    repository.git("checkout", "-q", "main")
    repository.commit({"theirs/catalog-info.yaml": component("theirs", "nobody")}, "theirs")
    repository.git("checkout", "-q", "change")
    before = repository.judged()
    repository.git("merge", "-q", "--no-edit", "main")
    after = repository.judged()

    for report in (before, after):
        assert report["proposal"]["added"] == ["component:default/mine"]
        assert paths(report) == [(None, "mine/catalog-info.yaml")]
        assert (report["decision"], told(report)) == ("allowed", [])


def test_a_merge_that_brings_a_fault_of_its_own_is_judged_with_it(repository: Repository) -> None:
    repository.change({"mine/catalog-info.yaml": component("mine")})
    repository.git("checkout", "-q", "main")
    repository.commit({ORG: RENAMED, "orders/catalog-info.yaml": component("orders", "pay")}, "renamed")
    repository.git("checkout", "-q", "change")
    repository.git("merge", "-q", "--no-edit", "main")

    assert told(repository.judged()) == [("new", "ownership/owner-unknown", "component:default/mine")]


# -- clones


def cloned(repository: Repository, folder: Path, *arguments: str) -> Repository:
    """A clone as CI has it: of one branch, without one of its own."""
    subprocess.run(
        ["git", "clone", "-q", *arguments, "--branch", "change", f"file://{repository.folder}", str(folder)],
        env=scrubbed(),
        check=True,
        capture_output=True,
    )
    made = Repository(folder)
    made.git("checkout", "-q", "--detach")
    return made


def test_a_clone_that_is_too_shallow_is_undecided_and_says_what_to_fetch(
    repository: Repository, tmp_path: Path
) -> None:
    repository.change({ORG: RENAMED})
    clone = cloned(repository, tmp_path / "clone", "--depth=1")
    ran = run("gate", cwd=clone.folder, environment={"CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})

    assert ran.code == 3
    assert "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main" in ran.err
    assert "GIT_DEPTH: 0" in ran.err
    assert "fetch-depth: 0" in ran.err
    clone.git("fetch", "-q", "--unshallow", "origin", "+refs/heads/main:refs/remotes/origin/main")
    assert clone.gate(environment={"CI": "true"}).code == 1


@pytest.mark.parametrize(
    "said",
    [{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, {"GITHUB_BASE_REF": "main"}, {}],
    ids=["gitlab", "github", "none"],
)
def test_ci_says_where_the_change_goes_and_otherwise_origin_does(
    repository: Repository, tmp_path: Path, said: dict[str, str]
) -> None:
    repository.change({ORG: RENAMED})
    repository.git("checkout", "-q", "main")
    clone = cloned(repository, tmp_path / "clone")
    ran = run("gate", *DAY, "--format", "json", cwd=clone.folder, environment={"CI": "true", **said})

    assert told(ran.report) == BOTH_ENDS
    assert ran.report["proposal"]["base"].startswith("origin/main (merge base ")


def test_histories_without_a_common_commit_are_no_change(repository: Repository) -> None:
    repository.git("checkout", "-q", "--orphan", "change")
    repository.commit({}, "another beginning")
    ran = repository.gate()

    assert ran.code == 2
    assert "main and HEAD have no commit in common: their histories are unrelated; name another --base" in ran.err


def test_a_branch_that_is_not_there_is_a_mistake_with_a_hint(repository: Repository) -> None:
    ran = repository.gate("--base", "mian")

    assert ran.code == 2
    assert "--base mian: this repository has no such branch, tag or commit (did you mean main?)" in ran.err


def test_a_folder_without_git_is_no_change(tmp_path: Path) -> None:
    ran = run("gate", cwd=tmp_path)

    assert ran.code == 2
    assert "a change is one against a branch" in ran.err


# -- folders


def test_two_folders_are_judged_as_git_judges_them(repository: Repository, tmp_path: Path) -> None:
    shutil.copytree(repository.folder, tmp_path / "before", ignore=shutil.ignore_patterns(".git"))
    moved = {"legacy/catalog-info.yaml": None, "older/catalog-info.yaml": FAULTY}
    added = {"added/catalog-info.yaml": component("added", "nobody")}
    repository.change({ORG: RENAMED, **moved, **added})
    shutil.copytree(repository.folder, tmp_path / "after", ignore=shutil.ignore_patterns(".git"))
    git, folders = repository.judged(), repository.judged("--before", "../before", "--after", "../after")

    assert git["proposal"].pop("base") != folders["proposal"].pop("base")
    assert folders == git
    assert {each[0] for each in told(git, "new", "existing")} == {"new"}
    assert ("legacy/catalog-info.yaml", "older/catalog-info.yaml") in paths(git)


def test_a_folder_is_laid_over_a_snapshot(repository: Repository, tmp_path: Path) -> None:
    assert run("snapshot", ".", "--output", "../base.db", cwd=repository.folder).code == 0
    Repository(tmp_path / "changed").write({"a.yaml": "", "orders/catalog-info.yaml": component("orders", "nobody")})
    said = ("--changed", str(tmp_path / "changed"), "--snapshot", "../base.db")
    report = run("gate", *said, "--approver", "jane", *DAY, "--format", "json", cwd=repository.folder).report

    assert report["proposal"]["edited"] == ["component:default/orders"]
    assert report["proposal"]["removed"] == []
    assert told(report) == [("new", "ownership/owner-unknown", "component:default/orders")]


@pytest.mark.parametrize(
    ("said", "told_of"),
    [
        (("--changed", "org"), "--changed is laid over a base: name one with --snapshot, --backstage or catalog.base"),
        (("--before", "org"), "--before and --after belong together: name a folder for each"),
        (("--before", "org", "--after", "nowhere"), "--after nowhere: no such folder"),
        (("--before", "org", "--after", "org", "--base", "main"), "--base names a branch and --before a folder"),
        (("--changed", "org", "--base", "main"), "--changed is all there is of a change"),
    ],
)
def test_options_that_say_no_one_change_are_a_mistake(
    repository: Repository, said: tuple[str, ...], told_of: str
) -> None:
    ran = run("gate", *said, cwd=repository.folder)

    assert (ran.code, ran.out) == (2, "")
    assert told_of in ran.err


# -- nothing


def test_a_change_of_nothing_is_allowed_and_says_so(repository: Repository) -> None:
    ran = repository.gate()

    assert ran.code == 0
    assert ran.out.startswith("merge: 0 files changed, no entity touched, over main (merge base ")
    assert "judged 0 of 6 entities" in ran.out
    assert ran.out.endswith("allowed: nothing found, all is well\n")


def test_a_change_without_a_catalog_file_is_allowed_and_says_so(repository: Repository) -> None:
    repository.change({"README.md": "# The shop\n", "src/main.py": "print()\n"})
    ran = repository.gate()

    assert ran.code == 0
    assert ran.out.startswith("merge: 2 files changed, no entity touched, over main (merge base ")


def test_a_repository_without_a_catalog_is_allowed_what_brings_none(tmp_path: Path) -> None:
    repository = Repository.at(tmp_path / "tools", {"README.md": "Nothing yet."})
    repository.change({"README.md": "Still nothing."})
    report = repository.judged()

    assert told(report, "new") == []
    assert report["decision"] == "allowed"
    assert any("no entity was read" in each for each in report["notes"])


def test_the_first_catalog_file_of_a_repository_is_judged(tmp_path: Path) -> None:
    repository = Repository.at(tmp_path / "tools", {"README.md": "Nothing yet."})
    repository.change({ORG: GROUPS, "catalog-info.yaml": component("tool", "nobody")})
    report = repository.judged()

    assert report["decision"] == "denied"
    assert told(report, "new") == [("new", "ownership/owner-unknown", "component:default/tool")]


def test_the_last_catalog_file_may_not_go_unnoticed(tmp_path: Path) -> None:
    repository = Repository.at(tmp_path / "tools", {"catalog-info.yaml": component("tool")})
    repository.change({"catalog-info.yaml": None})
    report = repository.judged()

    assert report["proposal"]["removed"] == ["component:default/tool"]
    assert [each[:2] for each in told(report, "new")] == [("new", "catalog/descriptor-missing")]
