"""Reports made by hand, one for each thing that a format has to cope with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bylaw.model import (
    Blast,
    Decision,
    Document,
    Enforcement,
    Finding,
    LawChange,
    Location,
    Outcome,
    Report,
    Severity,
    Status,
    WaiverStatus,
)
from tests.reports.making import (
    DANGLING,
    DESCRIPTION,
    ESCAPES,
    LIFECYCLE,
    ORDERS,
    OWNER_UNKNOWN,
    TECHDOCS,
    YAML,
    make_finding,
    make_proposal,
    make_report,
    make_waiver,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def all_well() -> Report:
    return make_report(decision=Decision.ALLOWED)


def partial() -> Report:
    """One service's repository: references lead outside and cannot be judged."""
    unknown = [
        make_finding(
            rule,
            f"{target} is not among the files read",
            Location(ORDERS, line, 10, line, 20),
            outcome=Outcome.UNKNOWN,
        )
        for rule, target, line in [
            (OWNER_UNKNOWN, "group:default/team-orders", 12),
            (DANGLING, "api:default/payments-api", 16),
            (DANGLING, "system:default/shop", 18),
        ]
    ]
    return make_report(
        *unknown,
        decision=Decision.ALLOWED,
        entities=1,
        files=1,
        complete=False,
        completeness="it holds no Groups: one part of an organisation's catalog",
        notes=(
            "3 references lead outside the files read and cannot be judged; "
            "read the whole catalog, or set catalog.complete, to settle that",
        ),
    )


def denied() -> Report:
    """The ordinary case: a few findings in two files, each severity."""
    pay = "services/payments/catalog-info.yaml"
    return make_report(
        make_finding(
            OWNER_UNKNOWN,
            "owner team-paymnts of component:default/orders is not in the catalog",
            Location(ORDERS, 12, 10, 12, 22),
            observed="team-paymnts",
            expected="a Group or User of the catalog",
            suggestion="group:default/team-payments",
            fix=({"op": "replace", "path": "/spec/owner", "value": "team-payments"},),
        ),
        make_finding(
            LIFECYCLE,
            'lifecycle "live" of component:default/orders is not one of experimental, production, deprecated',
            Location(ORDERS, 11, 14, 11, 18),
            pointer="/spec/lifecycle",
            observed="live",
            expected="experimental, production or deprecated",
        ),
        make_finding(
            OWNER_UNKNOWN,
            "owner nobody of component:default/payments is not in the catalog",
            Location(pay, 9, 10, 9, 16),
            entity="component:default/payments",
            observed="nobody",
            expected="a Group or User of the catalog",
        ),
        make_finding(
            TECHDOCS,
            "component:default/payments is in production and has no documentation",
            Location(pay, 3, 1, 6, 12),
            pointer="/metadata/annotations/backstage.io~1techdocs-ref",
            entity="component:default/payments",
        ),
        make_finding(
            DESCRIPTION,
            "component:default/payments has no description",
            Location(pay, 4, 9, 4, 17),
            pointer="/metadata/name",
            entity="component:default/payments",
            severity=Severity.INFO,
        ),
        owners={
            "component:default/orders": ("group:default/team-orders",),
            "component:default/payments": ("group:default/team-payments",),
        },
        lines={
            (ORDERS, 11): "  lifecycle: live",
            (ORDERS, 12): "  owner: team-paymnts",
            (pay, 3): "metadata:",
            (pay, 4): "  name: payments",
            (pay, 9): "  owner: nobody # for now",
        },
    )


def crowd() -> Report:
    """Many findings of few rules, of more owners than a table has rows."""
    names = ["cart", "checkout", "fraud", "loyalty", "notifications", "pricing", "returns", "search", "stock"]
    names += ["tracking", "wishlist", "zones"]
    many = [
        make_finding(
            DESCRIPTION,
            f"component:default/{name} has no description",
            Location("org/all.yaml", 3 + 20 * number, 9, 3 + 20 * number, 9 + len(name)),
            entity=f"component:default/{name}",
        )
        for number, name in enumerate(names)
    ]
    wrong = [
        make_finding(
            OWNER_UNKNOWN,
            f"owner team-{name}s of component:default/{name} is not in the catalog, and this is said at some length",
            Location("org/all.yaml", 8 + 20 * number, 10, 8 + 20 * number, 16 + len(name)),
            entity=f"component:default/{name}",
            suggestion=f"group:default/team-{name}",
        )
        for number, name in enumerate(names[:4])
    ]
    docs = [
        make_finding(
            TECHDOCS,
            f"component:default/{name} has no documentation",
            Location(f"services/{name}/catalog-info.yaml", 4, 3, 4, 7),
            entity=f"component:default/{name}",
        )
        for name in names[:3]
    ]
    return make_report(
        *many,
        *wrong,
        *docs,
        owners={f"component:default/{name}": (f"group:default/team-{name}",) for name in names[:-1]},
        lines={(f"services/{name}/catalog-info.yaml", 4): f"  name: {name}" for name in names},
    )


def spans() -> Report:
    """Every kind of span and of line."""
    path = "spans.yaml"
    long = f"  tags: [{', '.join(f'tag-{number}' for number in range(60))}]"
    lines: dict[int, tuple[str, Location]] = {
        1: ("\tname:\torders", Location(path, 1, 8, 1, 14)),
        2: ("  title: 注文サービス", Location(path, 2, 10, 2, 16)),
        3: ("  title: 🚀 orders", Location(path, 3, 12, 3, 18)),
        4: ("  title: cafe\u0301 olé", Location(path, 4, 10, 4, 15)),
        5: ("  description: |  ", Location(path, 5, 16, 9, 3)),
        6: ("  owner:", Location(path, 6, 9, 6, 9)),
        7: (long, Location(path, 7, 9, 7, 14)),
        8: (long, Location(path, 8, long.index("tag-40") + 1, 8, long.index("tag-40") + 7)),
        9: (long, Location(path, 9, len(long) - 6, 9, len(long) + 1)),
        10: (long, Location(path, 10, 9, 10, len(long) + 1)),
        11: ("  cut off before the sp", Location(path, 11, 60, 11, 66)),
        12: ("", Location(path, 12, 1, 12, 1)),
        100: ("  owner: team-paymnts", Location(path, 100, 10, 100, 22)),
    }
    return make_report(
        *(
            make_finding(f"spans/line-{line}", "here", place, entity="component:default/orders")
            for line, (_, place) in lines.items()
        ),
        make_finding("spans/no-source", "the line is not at hand", Location(path, 13, 1, 13, 4)),
        lines={(path, line): text for line, (text, _) in lines.items()},
    )


def hostile() -> Report:
    """Whatever a file of a stranger may hold, wherever it may come up."""
    path = f"ser{ESCAPES}vices.yaml"
    owner = f"group:default/{ESCAPES}"
    entity = f"component:default/{ESCAPES}"
    place = Location(path, 2, 10, 2, 12 + len(ESCAPES))
    return make_report(
        make_finding(
            OWNER_UNKNOWN,
            f"owner {ESCAPES} of {entity} is not in the catalog\nallowed: no findings",
            place,
            entity=entity,
            observed={f"key {ESCAPES}": [ESCAPES, float("nan"), float("-inf"), 10**5000, 1.5, True, None]},
            suggestion=owner,
            fix=({"op": "replace", "path": "/spec/owner", "value": ESCAPES},),
        ),
        make_finding(DANGLING, "one more", place, entity=entity, expected=f"no {ESCAPES}", waiver=f"W-{ESCAPES}"),
        *(make_finding(TECHDOCS, f"{n} {ESCAPES}", place, entity=None, suggestion=ESCAPES) for n in range(5)),
        make_finding(DESCRIPTION, "on a server", entity_url=f"https://portal.example.com/{ESCAPES}"),
        owners={entity: (owner, f"user:default/{'x' * 5000}")},
        lines={(path, 2): f"  owner: '{ESCAPES}' # {ESCAPES}"},
        completeness=f"it holds {ESCAPES}",
        notes=(f"a note on {ESCAPES}", "second\nline"),
    )


def undecided() -> Report:
    """A rule crashed, another one lacks a fact."""
    return make_report(
        make_finding(
            "cost/cost-centre-missing",
            "rule cost/cost-centre-missing came to no answer: policies/cost.rego:12: to_number: invalid",
            Location(ORDERS, 1, 1, 20, 1),
            pointer="",
            outcome=Outcome.ERROR,
        ),
        make_finding(TECHDOCS, "component:default/orders has no documentation", Location(ORDERS, 3, 1, 3, 9)),
        make_finding(
            "lifecycle/review-overdue",
            "component:default/orders does not say when it was reviewed",
            Location(ORDERS, 3, 1, 3, 9),
            outcome=Outcome.UNKNOWN,
        ),
        decision=Decision.UNDECIDED,
        lines={(ORDERS, 1): "apiVersion: backstage.io/v1alpha1", (ORDERS, 3): "metadata:"},
    )


def waived() -> Report:
    """A change laid over a base, with a waiver."""
    owner = "owner ghosts of component:default/orders is not in the catalog"
    return make_report(
        make_finding(OWNER_UNKNOWN, owner, Location(ORDERS, 12, 10, 12, 16), waiver="W-2026-07"),
        make_finding(
            TECHDOCS,
            "component:default/orders has no documentation",
            Location(ORDERS, 3, 1, 3, 9),
            status=Status.EXISTING,
        ),
        make_finding(LIFECYCLE, "lifecycle was live", Location(ORDERS, 11, 14, 11, 18), status=Status.FIXED),
        decision=Decision.ALLOWED,
        gate="merge",
        lines={(ORDERS, 3): "metadata:", (ORDERS, 12): "  owner: ghosts"},
    )


def without_files() -> Report:
    """Entities of a server, and what has no place at all."""
    return make_report(
        make_finding(
            OWNER_UNKNOWN,
            "owner ghosts of component:default/orders is not in the catalog",
            entity_url="https://portal.example.com/catalog/default/component/orders",
            expected="a Group or User of the catalog",
        ),
        make_finding(LIFECYCLE, "lifecycle is live", entity="component:default/cart"),
        make_finding(DESCRIPTION, "the catalog says nothing about itself", entity=None),
        make_finding(YAML, "not UTF-8", entity=None, pointer="", document=Document("blob.yaml", 0, None)),
        *(
            make_finding(TECHDOCS, f"component:default/{name} has no documentation", entity=f"component:default/{name}")
            for name in ("a", "b", "c", "d")
        ),
        owners={},
        files=0,
    )


def gate() -> Report:
    """A change with everything that can be told of one, denied."""
    cart = "services/cart/catalog-info.yaml"
    everybody = tuple(f"component:default/s{number:02}" for number in range(12))
    return make_report(
        make_finding(
            OWNER_UNKNOWN,
            "owner team-paymnts of component:default/orders is not in the catalog",
            Location(ORDERS, 12, 10, 12, 22),
            observed="team-paymnts",
            expected="a Group or User of the catalog",
            suggestion="group:default/team-payments",
            fix=({"op": "replace", "path": "/spec/owner", "value": "team-payments"},),
        ),
        make_finding(
            "lifecycle/review-overdue",
            "component:default/orders does not say when it was reviewed",
            Location(ORDERS, 3, 1, 3, 9),
            pointer="/metadata",
            outcome=Outcome.UNKNOWN,
        ),
        make_finding(
            "cost/cost-centre-missing",
            "rule cost/cost-centre-missing came to no answer: policies/cost.rego:12: to_number: invalid",
            Location(ORDERS, 1, 1, 20, 1),
            pointer="",
            outcome=Outcome.ERROR,
        ),
        make_finding(
            TECHDOCS,
            "component:default/orders has no documentation",
            Location(ORDERS, 3, 1, 3, 9),
            pointer="/metadata/annotations",
        ),
        make_finding(
            DANGLING,
            "api:default/payments-api is not in the catalog",
            Location(cart, 20, 7, 20, 31),
            pointer="/spec/consumesApis/0",
            entity="component:default/cart",
            waiver="W-2026-07",
        ),
        *(
            make_finding(
                LIFECYCLE,
                f"lifecycle of component:default/{name} is live",
                Location(f"services/{name}/catalog-info.yaml", 11, 14, 11, 18),
                pointer="/spec/lifecycle",
                entity=f"component:default/{name}",
                status=Status.EXISTING,
            )
            for name in ("cart", "stock")
        ),
        make_finding(
            DANGLING,
            "system:default/shop may be elsewhere",
            Location(cart, 30, 7, 30, 31),
            pointer="/spec/system",
            entity="component:default/cart",
            outcome=Outcome.UNKNOWN,
            enforcement=Enforcement.WARN,
        ),
        make_finding(
            DESCRIPTION,
            "component:default/x has no description",
            pointer="/metadata",
            entity="component:default/x",
            status=Status.FIXED,
            document=Document("x", 0, None),
        ),
        gate="merge",
        entities=100_000,
        lines={
            (ORDERS, 1): "apiVersion: backstage.io/v1alpha1",
            (ORDERS, 3): "metadata:",
            (ORDERS, 12): "  owner: team-paymnts # for now",
        },
        notes=("1 placeholder names a URL, and what it stands for was not judged: bylaw fetches nothing",),
        waivers=(
            make_waiver(
                "W-2026-07",
                WaiverStatus.ACTIVE,
                "expires soon, in 10 days",
                rule=DANGLING,
                covers=1,
                days_left=10,
                is_soon=True,
            ),
            make_waiver("W-2026-08", WaiverStatus.EXPIRED, "2026-11-01 was its last day", expires=date(2026, 11, 1)),
            make_waiver("W-2026-09", WaiverStatus.INVALID, "expires is missing: a waiver has an end", expires=None),
            make_waiver("W-2026-10", WaiverStatus.ACTIVE, "holds for 90 more days", days_left=90),
            make_waiver("W-2026-11", WaiverStatus.EXPIRED, "of a rule that is at peace", rule=YAML),
        ),
        proposal=make_proposal(
            blast=Blast(
                direct=everybody,
                transitive=("component:default/web",),
                owners=("group:default/team-payments", "group:default/team-stock"),
                further_owners=("group:default/team-web",),
            ),
            law=LawChange(
                files=("bylaw.yaml", "waivers.yaml"),
                lines=("ownership/owner-unknown: deny -> off", "waiver W-9 is added"),
                flips=(("component:default/orders", "denied", "allowed", (OWNER_UNKNOWN,)),),
            ),
        ),
    )


def gate_all() -> Report:
    """The same where older findings count as well, and the base could not be had."""
    report = gate()
    alone = "portal.example.com does not answer (gates.merge.on_base_missing: judge_alone)"
    assert report.proposal
    proposal = replace(report.proposal, only_new=False, alone=alone, law=None, blast=Blast())
    return replace(report, proposal=proposal, waivers=(), notes=())


CASES: dict[str, Callable[[], Report]] = {
    each.__name__: each
    for each in (
        all_well,
        partial,
        denied,
        crowd,
        spans,
        hostile,
        undecided,
        waived,
        without_files,
        gate,
        gate_all,
    )
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """The name of each report above in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def reports() -> dict[str, Report]:
    """All reports above, by name."""
    return {name: make() for name, make in CASES.items()}


@pytest.fixture(scope="session")
def finding() -> Callable[..., Finding]:
    """``finding(rule, message, location, **fields)``."""
    return make_finding


@pytest.fixture(scope="session")
def report() -> Callable[..., Report]:
    """``report(*findings, **fields)``."""
    return make_report
