"""Reports of any findings with any texts, as hypothesis makes them up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from bylaw.model import (
    Blast,
    Decision,
    Document,
    Enforcement,
    FileChange,
    Finding,
    LawChange,
    Location,
    Outcome,
    Proposal,
    Report,
    Severity,
    Status,
    WaiverStatus,
)
from tests.reports.making import DANGLING, DESCRIPTION, OWNER_UNKNOWN, TECHDOCS, make_report, make_waiver

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "§"
"""Begins every text of a stranger below, so that it can be told where one has got to."""

_NASTY = [
    "](http://evil.example) [click](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "<img src=x onerror=alert(1)><!-- ",
    "</summary></details><script>",
    "```\n/approve\n/merge\n```",
    "`` ` @everyone #1 !2 ~label &3 %v1",
    "a | b \\| c",
    "\n::error::x\n::stop-commands::y ##[add-mask]z %0A%25::",
    "]]>&amp;<![CDATA[ &#0;",
    "# TODO all is well",
    "ok 1 - x\nBail out! {",
    "[[ATTACHMENT|/etc/passwd]]",
    "\x1b[2J\x9b1m\u202eevil\u2066\u200b\ufeff\ufffe\x00\ud800\udfff",
    "x" * 3000,
    "{0} {{1}} $x",
    "\\",
    "file://x?y#z",
]
_CHARACTERS = st.characters(codec=None, exclude_categories=())
ANY_TEXT = st.one_of(
    st.text(_CHARACTERS, max_size=20),
    st.sampled_from(_NASTY),
    st.builds(str.__add__, st.sampled_from(_NASTY), st.text(_CHARACTERS, max_size=5)),
)
TEXTS = ANY_TEXT.map(lambda text: f"{MARK}{text}")
RULES = (OWNER_UNKNOWN, DANGLING, DESCRIPTION, TECHDOCS)


@st.composite
def locations(draw: st.DrawFn) -> Location:
    """A place in one of a few files."""
    line, column = draw(st.integers(1, 9)), draw(st.integers(1, 30))
    return Location(draw(TEXTS), line, column, line + draw(st.integers(0, 1)), column + draw(st.integers(0, 9)))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """A finding of anything anywhere: in a file, on a server, of an entity or of none."""
    value = draw(TEXTS)
    return Finding(
        pointer=draw(st.just("") | st.just("/spec/owner") | TEXTS.map(lambda text: f"/{text}")),
        message=draw(TEXTS),
        observed=value,
        expected=draw(st.none() | TEXTS),
        suggestion=draw(st.none() | TEXTS),
        fix=draw(st.just(()) | st.just(({"op": "replace", "path": "/spec/owner", "value": value},))),
        outcome=draw(st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR])),
        key=draw(st.sampled_from(["", "a", "b"])),
        rule=draw(st.sampled_from(RULES)),
        severity=draw(st.sampled_from(Severity)),
        enforcement=draw(st.sampled_from([Enforcement.DENY, Enforcement.WARN, Enforcement.OBSERVE])),
        status=draw(st.sampled_from(Status)),
        entity=draw(st.none() | st.just("component:default/orders") | TEXTS),
        entity_url=draw(st.none() | TEXTS),
        document=draw(st.none() | st.builds(Document, TEXTS, st.just(0), st.none())),
        location=draw(st.none() | locations()),
        waiver=draw(st.none() | st.none() | st.just("W-1") | TEXTS),
    )


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    """A change of anything."""
    names = st.lists(TEXTS, max_size=12).map(tuple)
    flips = st.lists(st.tuples(TEXTS, st.just("denied"), st.just("allowed"), names), max_size=12).map(tuple)
    law = st.none() | st.builds(LawChange, names.filter(bool), names, flips, st.none() | TEXTS)
    files = st.builds(FileChange, st.none() | TEXTS, TEXTS)
    return Proposal(
        base=draw(TEXTS),
        surroundings=draw(TEXTS),
        alone=draw(st.none() | TEXTS),
        files=tuple(draw(st.lists(files, max_size=3))),
        added=draw(names),
        edited=draw(names),
        removed=draw(names),
        judged=draw(st.integers(0, 100)),
        blast=draw(st.builds(Blast, names, names, names, names, st.booleans())),
        law=draw(law),
        only_new=draw(st.booleans()),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of a catalog or of a change."""

    def waiver(id: str, status: WaiverStatus, why: str, reason: str) -> Any:
        return make_waiver(id, status, why, reason=reason, expires=date(2026, 12, 1), days_left=5)

    waivers = st.builds(waiver, st.just("W-1") | TEXTS, st.sampled_from(WaiverStatus), TEXTS, TEXTS)
    found = draw(st.lists(findings(), max_size=6, unique_by=lambda each: each.order))
    path = next((each.location for each in found if each.location), None)
    return make_report(
        *found,
        decision=draw(st.sampled_from(Decision)),
        gate=draw(st.just("merge") | TEXTS),
        lines={(path.path, path.line): draw(TEXTS)} if path else {},
        notes=draw(st.lists(TEXTS, max_size=12).map(tuple)),
        completeness=draw(TEXTS),
        waivers=tuple(draw(st.lists(waivers, max_size=3))),
        proposal=draw(st.none() | proposals()),
    )


def turned(report: Report) -> Report:
    """The same report, what it looks up in another order."""
    return replace(
        report,
        rules=dict(reversed(list(report.rules.items()))),
        owners=dict(reversed(list(report.owners.items()))),
        lines=dict(reversed(list(report.lines.items()))),
    )


def crowded(number: int, change: Callable[[int], dict[str, Any]], **more: Any) -> Report:
    """A report of very many findings; ``change`` says what each has of its own."""
    template = {"pointer": "/spec/owner", "message": "owner is unknown", "rule": OWNER_UNKNOWN}
    made = [
        Finding(**{**template, "entity": f"component:default/s{each:06}", **change(each)}) for each in range(number)
    ]
    return make_report(*made, **more)
