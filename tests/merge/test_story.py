"""A team's week with the gate, over a real git repository."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.merge.repository import Repository, told

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders, description: Takes orders, labels: {cost-centre: cc-1}}
spec: {type: library, lifecycle: experimental, owner: payments}
"""
GROUPS = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments, description: They handle money}
spec: {type: team, children: [], members: [jane, joe]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform, description: They look after the rest}
spec: {type: team, children: [], members: [jane, joe]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: jane}
spec: {memberOf: [payments, platform]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: joe}
spec: {memberOf: [payments, platform]}
"""
RENAMED = GROUPS.replace("name: payments", "name: pay").replace("[payments, ", "[pay, ")
FAULTY = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: legacy}
spec: {type: library, lifecycle: experimental, owner: nobody-knows}
"""
LAW = """\
version: 1
waivers: {paths: [waivers.yaml], approvers: [group:platform]}
"""
WAIVERS = """\
- id: W-1
  rule: ownership/owner-unknown
  entities: [component:default/orders]
  reason: the team is being renamed, its services follow next week
  requested_by: joe
  approved_by: jane
  approved_at: 2026-11-20
  expires: 2026-12-20
- id: W-2
  rule: catalog/renamed-in-use
  entities: [group:default/payments]
  reason: the team is being renamed, its services follow next week
  requested_by: joe
  approved_by: jane
  approved_at: 2026-11-20
  expires: 2026-12-20
"""
BASE = {
    "bylaw.yaml": LAW,
    "waivers.yaml": "[]\n",
    "orders/catalog-info.yaml": ORDERS,
    "legacy/catalog-info.yaml": FAULTY,
    "org/catalog-info.yaml": GROUPS,
}
BOTH_ENDS = [
    ("new", "ownership/owner-unknown", "component:default/orders"),
    ("new", "catalog/renamed-in-use", "group:default/payments"),
]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.at(tmp_path / "shop", BASE)


@pytest.fixture(params=["git", "snapshot"])
def over(request: pytest.FixtureRequest, repository: Repository, tmp_path: Path) -> tuple[str, ...]:
    """The same story, whichever the base is: that of the branch, or a snapshot of it."""
    if request.param == "git":
        return ()
    from tests.command import run

    path = tmp_path / "base.snapshot"
    assert run("snapshot", ".", "--output", str(path), cwd=repository.folder).code == 0
    return ("--snapshot", str(path))


def test_a_group_is_renamed_under_its_component_and_the_gate_names_both_ends(
    repository: Repository, over: tuple[str, ...]
) -> None:
    repository.change({"org/catalog-info.yaml": RENAMED})
    report = repository.judged(*over)

    assert report["decision"] == "denied"
    assert told(report) == BOTH_ENDS
    assert [(each["location"]["path"], each["location"]["line"]) for each in report["findings"][:2]] == [
        ("orders/catalog-info.yaml", 4),
        ("org/catalog-info.yaml", 3),
    ]
    assert report["proposal"]["added"] == ["group:default/pay"]
    assert report["proposal"]["removed"] == ["group:default/payments"]
    assert report["proposal"]["edited"] == ["user:default/jane", "user:default/joe"]
    assert report["proposal"]["blast_radius"]["direct"] == ["component:default/orders"]
    assert repository.gate(*over).code == 1


def test_the_component_follows_in_the_same_change_and_passes(repository: Repository, over: tuple[str, ...]) -> None:
    followed = ORDERS.replace("owner: payments", "owner: pay")
    repository.change({"org/catalog-info.yaml": RENAMED, "orders/catalog-info.yaml": followed})
    report = repository.judged(*over, "--approver", "jane")

    assert told(report) == []
    assert report["decision"] == "allowed"


def test_a_waiver_in_the_same_change_does_not_count_and_is_shown(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"org/catalog-info.yaml": RENAMED, "waivers.yaml": WAIVERS})
    report = repository.judged(*over)

    assert report["decision"] == "denied"
    assert told(report) == BOTH_ENDS
    assert [each["waiver"] for each in report["findings"]] == [None] * len(report["findings"])
    assert report["proposal"]["law"]["files"] == ["waivers.yaml"]
    assert report["proposal"]["law"]["lines"][:1] == [
        "waiver W-1 is added: ownership/owner-unknown of component:default/orders, until 2026-12-20, approved by jane"
    ]


def test_a_waiver_that_was_merged_first_counts_and_is_shown(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"waivers.yaml": WAIVERS})
    repository.merge()
    repository.change({"org/catalog-info.yaml": RENAMED})
    report = repository.judged(*over)

    assert report["decision"] == "allowed"
    assert [(rule, entity) for _, rule, entity in told(report)] == [each[1:] for each in BOTH_ENDS]
    assert [each["waiver"] for each in report["findings"] if each["enforcement"] == "deny"] == ["W-1", "W-2"]
    assert "waived by W-1" in repository.gate(*over).out


def test_a_waiver_does_not_outlive_its_term(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"waivers.yaml": WAIVERS})
    repository.merge()
    repository.change({"org/catalog-info.yaml": RENAMED})

    assert repository.gate(*over, "--now", "2026-12-21").code == 1


def test_the_approver_of_a_waiver_is_who_was_one_before_the_change(
    repository: Repository, over: tuple[str, ...]
) -> None:
    outsider = RENAMED.replace("members: [jane, joe]", "members: [jane, joe, eve]") + textwrap.dedent(
        """\
        ---
        apiVersion: backstage.io/v1alpha1
        kind: User
        metadata: {name: eve}
        spec: {memberOf: [platform]}
        """
    )
    repository.change({"waivers.yaml": WAIVERS.replace("approved_by: jane", "approved_by: eve")})
    repository.merge()
    repository.change({"org/catalog-info.yaml": outsider})
    report = repository.judged(*over)

    assert report["decision"] == "denied"
    assert {each["status"] for each in report["waivers"]["list"]} == {"invalid"}


def test_faults_that_were_there_before_do_not_deny(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"legacy/catalog-info.yaml": FAULTY.replace("{name: legacy}", "{name: legacy, tags: [old]}")})
    report = repository.judged(*over)

    assert report["decision"] == "allowed"
    assert told(report) == [("existing", "ownership/owner-unknown", "component:default/legacy")]
    assert repository.gate(*over, "--all").code == 1


def test_what_is_put_right_is_told(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"legacy/catalog-info.yaml": FAULTY.replace("nobody-knows", "payments")})
    report = repository.judged(*over, "--approver", "jane")

    assert told(report, "new") == []
    assert ("fixed", "ownership/owner-unknown", "component:default/legacy") in told(report, "fixed")


def test_a_change_that_switches_the_gate_off_is_judged_by_the_gate_as_it_was(
    repository: Repository, over: tuple[str, ...]
) -> None:
    off = "version: 1\nenforcement: {default: off}\npolicies: {bundled: false}\n"
    repository.change({"org/catalog-info.yaml": RENAMED, "bylaw.yaml": off})
    report = repository.judged(*over)

    assert report["decision"] == "denied"
    assert told(report) == BOTH_ENDS
    law = report["proposal"]["law"]
    assert law["files"] == ["bylaw.yaml"]
    assert {"subject": "component:default/legacy", "before": "denied", "after": "allowed"} in [
        {name: each[name] for name in ("subject", "before", "after")} for each in law["flips"]
    ]


def test_a_law_that_cannot_be_used_is_not_merged(repository: Repository, over: tuple[str, ...]) -> None:
    repository.change({"bylaw.yaml": "version: 1\nenforcment: {}\n"})
    ran = repository.gate(*over)

    assert ran.code == 3
    assert "did you mean enforcement" in " ".join(ran.out.split())


def test_the_law_of_the_change_holds_on_the_own_machine_when_asked_for(repository: Repository) -> None:
    repository.change({"org/catalog-info.yaml": RENAMED, "bylaw.yaml": "version: 1\nenforcement: {default: warn}\n"})

    assert repository.gate("--as-proposed").code == 0
    refused = repository.gate("--as-proposed", environment={"CI": "true"})
    assert refused.code == 2
    assert "never in CI" in refused.err


def test_a_repository_that_is_the_whole_catalog_says_so_by_its_base(tmp_path: Path) -> None:
    law = "version: 1\ncatalog: {base: {git: main}}\n"
    shop = Repository.at(tmp_path / "shop", {"bylaw.yaml": law, "orders/catalog-info.yaml": ORDERS})
    shop.change({"orders/catalog-info.yaml": ORDERS.replace("payments", "pay")})
    report = shop.judged()

    assert report["catalog"]["complete"] is True
    assert [(each["status"], each["outcome"]) for each in report["findings"] if each["enforcement"] == "deny"] == [
        ("existing", "fail")
    ]
