"""Findings and waivers -> which findings are waived, and what each waiver is worth that day (DESIGN 5.5).

Every door calls ``judge``, and nothing else says what a waiver is worth.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from fnmatch import translate
from typing import TYPE_CHECKING

from bylaw.model import EntityRef, Outcome, RefError, Standing, Waiver, WaiverStatus, did_you_mean, nearest
from bylaw.sources.globs import is_glob
from bylaw.sources.waiver_files import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from bylaw.config import WaiverSettings
    from bylaw.model import Finding

WAIVABLE = frozenset({Outcome.FAIL, Outcome.UNKNOWN})
"""The outcomes that can be waived. An error is none: nobody knows what would be waived with it."""
_LONGEST_GLOB = 500  # characters; a ref has some 150
_NAMES_NOTHING = re.compile(r"[*:/]*")


@dataclass(frozen=True, slots=True)
class Waived:
    """The findings, those that are waived saying by what; and all waivers, in the order of their ids."""

    findings: tuple[Finding, ...]
    standings: tuple[Standing, ...]


def judge(
    waivers: Iterable[Waiver | Broken],
    findings: Iterable[Finding],
    settings: WaiverSettings,
    today: date,
    *,
    rules: Collection[str],
    judged: Collection[str],
    entities: Collection[str],
    groups_of: Callable[[str], Collection[str]],
) -> Waived:
    """Apply the waivers that hold on a day.

    ``rules`` are the ids of all rules there are. ``judged`` are those by which every entity of the catalog was judged:
    only of these can be told that a waiver is unused or over-broad. A gate on a change, which judges some entities,
    gives none. ``entities`` are the refs that exist. ``groups_of`` gives, through the group tree, the groups that a
    user or a group belongs to; nothing for a ref that it does not know. Both are those of the catalog that nobody
    changed: of the base, where a change is judged.

    A finding keeps its order, outcome and enforcement. Of several waivers that cover it the first by id counts.
    """
    terms = _Terms(settings, today, rules, judged, entities, groups_of)
    named: dict[str, list[Waiver | Broken]] = {}
    for each in sorted(waivers, key=_order):
        named.setdefault(_waiver(each).id, []).append(each)
    refusals = [(_waiver(each), terms.refusal(each, same)) for same in named.values() for each in same]
    scopes = {waiver.id: _Scope.of(waiver) for waiver, refusal in refusals if refusal is None}
    marked, faulty = _marked(findings, scopes.values())
    covers = Counter(each.waiver for each in marked)
    standings = []
    for waiver, refusal in refusals:
        if refusal:
            standings.append(Standing(waiver, *refusal, covers=0))
        else:
            status, why = terms.use(scopes[waiver.id], faulty[waiver.id])
            left = terms.days_left(waiver)
            standing = Standing(waiver, status, why, covers[waiver.id], left)
            standings.append(replace(standing, is_soon=standing.holds and left <= settings.soon_days))
    return Waived(marked, tuple(standings))


def _marked(
    findings: Iterable[Finding], scopes: Iterable[_Scope]
) -> tuple[tuple[Finding, ...], Mapping[str, set[str | None]]]:
    """The findings, saying what they are waived by; and by id of a waiver, the entities of all that it covers."""
    by_rule: defaultdict[str, list[_Scope]] = defaultdict(list)
    for scope in scopes:
        by_rule[scope.waiver.rule].append(scope)
    faulty: defaultdict[str, set[str | None]] = defaultdict(set)
    marked = []
    for finding in findings:
        covering = [scope.waiver.id for scope in by_rule.get(finding.rule, ()) if scope.covers(finding)]
        for each in covering:
            faulty[each].add(finding.entity)
        waiver = covering[0] if covering and finding.outcome in WAIVABLE else None
        marked.append(finding if finding.waiver == waiver else replace(finding, waiver=waiver))
    return tuple(marked), faulty


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a waiver is held against."""

    settings: WaiverSettings
    today: date
    rules: Collection[str]
    judged: Collection[str]
    entities: Collection[str]
    groups_of: Callable[[str], Collection[str]]

    def refusal(self, entry: Waiver | Broken, same: Sequence[Waiver | Broken]) -> tuple[WaiverStatus, str] | None:
        """Why an entry waives nothing; ``same`` are all that have its id. None: it holds."""
        waiver = _waiver(entry)
        if isinstance(entry, Broken):
            return WaiverStatus.INVALID, "; ".join(entry.faults)
        if len(same) > 1:
            places = " and ".join(filter(None, map(_place, same)))
            where = f": {places}" if places else ""
            return WaiverStatus.INVALID, f"the id {waiver.id} stands {len(same)} times{where}; give each its own"
        if waiver.expires and self.today > waiver.expires:
            return WaiverStatus.EXPIRED, f"{waiver.expires} was its last day"
        faults = "; ".join((*self._term(waiver), *self._subject(waiver), *self._approval(waiver)))
        return (WaiverStatus.INVALID, faults) if faults else None

    def _term(self, waiver: Waiver) -> Iterator[str]:
        if waiver.expires is None:
            yield "expires is missing: a waiver has an end"
            return
        if waiver.approved_at and waiver.approved_at > self.today:
            yield f"approved_at is {waiver.approved_at}, which is yet to come"
        days = (waiver.expires - (waiver.approved_at or self.today)).days
        if days > self.settings.max_days:
            since = f"its approval on {waiver.approved_at}" if waiver.approved_at else "today"
            most = f"{self.settings.max_days:,} (waivers.max_days)"
            yield f"expires is {waiver.expires}, {days:,} days after {since}; the most is {most}"

    def _subject(self, waiver: Waiver) -> Iterator[str]:
        if waiver.rule not in self.rules:
            yield f"there is no rule {waiver.rule}{did_you_mean(waiver.rule, self.rules)}"
        if not waiver.entities and not waiver.fingerprints:
            yield "entities names none: name at least one reference or glob"
        for each in waiver.entities:
            if len(each) > _LONGEST_GLOB:
                yield f"entities: {each[:40]}… has {len(each):,} characters, the limit is {_LONGEST_GLOB}"
            elif not is_glob(each):
                try:
                    EntityRef.parse(each)
                except RefError as error:
                    yield f"entities: {error}"

    def _approval(self, waiver: Waiver) -> Iterator[str]:
        try:
            requester = str(EntityRef.parse(waiver.requested_by, "User"))
            approver = str(EntityRef.parse(waiver.approved_by, "User"))
        except RefError as error:
            yield f"requested_by and approved_by name users or groups: {error}"
            return
        if requester == approver:
            yield f"{approver} has requested it and approved it: it takes two"
        approvers = sorted({str(EntityRef.parse(each, "Group")) for each in self.settings.approvers})
        if not approvers:
            yield "nobody may approve waivers: waivers.approvers in bylaw.yaml names nobody"
            return
        groups = self.groups_of(approver)
        if not {approver, *groups}.isdisjoint(approvers):
            return
        named = " or ".join(approvers)
        missing = next((each for each in (approver, *groups) if each not in self.entities), None)
        if missing:
            hint = self._hint(missing) if missing == approver else ""
            yield (
                f"whether approver {approver} is a member of {named} cannot be known: "
                f"{missing} is not in the catalog{hint}"
            )
        else:
            yield f"approver {approver} is not a member of {named}"

    def _hint(self, missing: str) -> str:
        """Who may be meant, by name: what comes before it is alike in all refs."""
        kind, _, name = missing.rpartition("/")
        near = nearest(name, (each.rpartition("/")[2] for each in self.entities if each.startswith(f"{kind}/")))
        return f" (did you mean {kind}/{near}?)" if near else ""

    def use(self, scope: _Scope, faulty: Collection[str | None]) -> tuple[WaiverStatus, str]:
        """What a waiver that holds is good for, given the entities of the findings that it covers."""
        waiver = scope.waiver
        if waiver.rule in self.judged:
            if not faulty:
                return WaiverStatus.UNUSED, self._unused(scope)
            if too_much := self._too_much(scope, faulty):
                return WaiverStatus.OVER_BROAD, too_much
        left = self.days_left(waiver)
        if left > self.settings.soon_days:
            return WaiverStatus.ACTIVE, f"holds until {waiver.expires}"
        when = "today" if not left else f"in {left} {'day' if left == 1 else 'days'}"
        return WaiverStatus.ACTIVE, f"expires {when}: {waiver.expires} is its last day"

    def _unused(self, scope: _Scope) -> str:
        waiver = scope.waiver
        if not waiver.entities or scope.among(self.entities):
            return f"nothing of {waiver.rule} is found on what it names: take it out"
        hint = ": take it out"
        if any(map(is_glob, waiver.entities)):
            hint = "; a glob is held against the whole reference, such as component:default/orders"
        return f"the catalog has no {_first(waiver.entities)}{hint}"

    def _too_much(self, scope: _Scope, faulty: Collection[str | None]) -> str:
        """What a waiver names beyond that which fails; nothing if it names only that."""
        if scope.fingerprints:
            return ""
        fine = sorted(each for each in scope.among(self.entities) if each not in faulty)
        if fine:
            entities = "1 entity that does" if len(fine) == 1 else f"{len(fine):,} entities that do"
            return f"it names {entities} not fail as well: {_first(fine)}"
        all_there_is = next(filter(_NAMES_NOTHING.fullmatch, scope.waiver.entities), None)
        return f"{all_there_is} names whatever comes to be" if all_there_is is not None else ""

    def days_left(self, waiver: Waiver) -> int:
        """Days until the last one on which a waiver that holds does so."""
        return (waiver.expires - self.today).days if waiver.expires else 0


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which findings of its rule a waiver is about."""

    waiver: Waiver
    refs: frozenset[str]
    globs: re.Pattern[str] | None
    fingerprints: frozenset[str]

    @classmethod
    def of(cls, waiver: Waiver) -> _Scope:
        globs = [each.lower() for each in waiver.entities if is_glob(each)]
        refs = (str(EntityRef.parse(each)) for each in waiver.entities if not is_glob(each))
        pattern = re.compile("|".join(map(translate, globs))) if globs else None
        # An entity may be called what looks like a glob: it names that entity as well.
        return cls(waiver, frozenset((*refs, *globs)), pattern, frozenset(waiver.fingerprints))

    def covers(self, finding: Finding) -> bool:
        """Whether a finding of the rule is one of those. What has no entity is known by its fingerprint alone."""
        if self.fingerprints and finding.fingerprint not in self.fingerprints:
            return False
        return not self.waiver.entities or (finding.entity is not None and self.matches(finding.entity))

    def matches(self, key: str) -> bool:
        """Whether it names an entity."""
        return key in self.refs or (self.globs is not None and self.globs.match(key) is not None)

    def among(self, entities: Collection[str]) -> list[str]:
        """Those of some entities that it names."""
        if self.globs is None:
            return [each for each in self.refs if each in entities]
        return [each for each in entities if self.matches(each)]


def _waiver(entry: Waiver | Broken) -> Waiver:
    return entry.waiver if isinstance(entry, Broken) else entry


def _order(entry: Waiver | Broken) -> tuple[str, str, int, int, str]:
    waiver = _waiver(entry)
    place = waiver.location
    return (waiver.id, *((place.path, place.line, place.column) if place else ("", 0, 0)), repr(entry))


def _place(entry: Waiver | Broken) -> str:
    place = _waiver(entry).location
    return f"{place.path}:{place.line}:{place.column}" if place else ""


def _first(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
