"""Two reports of one catalog -> what the second decides otherwise, for whom, and because of which rules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from bylaw.gates import decide
from bylaw.model import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.impacts.differences import Difference
    from bylaw.model import Finding, Report

_Subject = tuple[str, str, int]
_RANK = (Decision.ALLOWED, Decision.UNDECIDED, Decision.DENIED)


@dataclass(frozen=True, slots=True)
class Change:
    """A finding that one report has and the other has not (None), or that does not count the same in both."""

    before: Finding | None
    after: Finding | None

    @property
    def finding(self) -> Finding:
        """The finding as it will be; of one that goes, as it was.

        Raises:
            ValueError: neither is there.
        """
        finding = self.after or self.before
        if finding is None:
            raise ValueError("a change of nothing")
        return finding

    @property
    def order(self) -> tuple[tuple[object, ...], str]:
        """Where it stands among others, whichever side is called the earlier."""
        return min(each.order for each in (self.before, self.after) if each), self.finding.fingerprint


@dataclass(frozen=True, slots=True)
class Flip:
    """An entity, or a document that is none, that the two reports decide differently.

    ``entity`` is None for a document without a ref; ``path`` and ``index`` say which it is, and ``path`` is empty
    where no file exists. ``owners`` are the direct ones. ``because`` are the changes that alone would bring the
    decision about, at least one.
    """

    entity: str | None
    path: str
    index: int
    owners: tuple[str, ...]
    before: Decision
    after: Decision
    because: tuple[Change, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that bring it about."""
        return tuple(sorted({each.finding.rule for each in self.because}))


@dataclass(frozen=True, slots=True)
class OwnerImpact:
    """What flips of one owner; None owns what nobody owns."""

    owner: str | None
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class RuleImpact:
    """What differs about one rule, and what comes of it.

    ``appear``, ``vanish`` and ``change`` count its findings that only the later, only the earlier, or both reports
    have, in which case something else counts: another enforcement, outcome or waiver. ``flips`` are those that it
    brings about, alone or with others.
    """

    rule: str
    differences: tuple[Difference, ...]
    appear: int
    vanish: int
    change: int
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One side: what it is called, what it decides of the whole catalog, and by what."""

    name: str
    decision: Decision
    policies_digest: str
    rules: int
    unanswered: tuple[Finding, ...]
    """Where a rule came to no answer."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the later of two judgements of one catalog decides otherwise. All of it is totally ordered."""

    before: Judged
    after: Judged
    engine: str
    entities: int
    files: int
    catalog_digest: str
    complete: bool
    completeness: str
    flips: tuple[Flip, ...]
    changes: tuple[Change, ...]
    owners: tuple[OwnerImpact, ...]
    """Of all that flips: those who lose most first."""
    rules: tuple[RuleImpact, ...]
    """Of which anything differs or changes: those that deny most first."""
    notes: tuple[str, ...] = ()
    """What the reader should know of the comparison itself."""

    @property
    def is_decided(self) -> bool:
        """Whether every rule came to an answer on both sides, so that nothing is missing here."""
        return not (self.before.unanswered or self.after.unanswered)

    @property
    def exit_code(self) -> int:
        """0, however much flips: this informs and does not judge. 3 where an answer is missing."""
        return Decision.ALLOWED.exit_code if self.is_decided else Decision.UNDECIDED.exit_code

    def of(self, before: Decision, after: Decision) -> tuple[Flip, ...]:
        """What flips from one decision to another."""
        return tuple(each for each in self.flips if (each.before, each.after) == (before, after))


def compare(
    before: Report,
    after: Report,
    *,
    names: tuple[str, str] = ("before", "after"),
    differences: Sequence[Difference] = (),
    notes: Sequence[str] = (),
) -> Impact:
    """What ``after`` decides otherwise than ``before``.

    Findings are the same if they have one fingerprint. ``names`` is what the sides are called. A report does not
    hold the text of rules, nor parameters or stages: who has them tells the ``differences``.
    """
    subjects: dict[_Subject, tuple[list[Finding], list[Finding]]] = defaultdict(lambda: ([], []))
    for side, report in enumerate((before, after)):
        for finding in report.findings:
            subjects[_subject(finding)][side].append(finding)
    changes: list[Change] = []
    flips: list[Flip] = []
    for subject in sorted(subjects, key=lambda each: (_first(*subjects[each]).order, each)):
        changed = list(_changed(*subjects[subject]))
        decisions = [decide(findings) for findings in subjects[subject]]
        changes.extend(changed)
        if decisions[0] is not decisions[1]:
            owners = after.owners.get(subject[0]) or before.owners.get(subject[0]) or ()
            flips.append(_flip(_first(*subjects[subject]), owners, decisions[0], decisions[1], changed))
    judged = tuple(
        Judged(
            name,
            report.decision,
            report.policies_digest,
            len(report.rules),
            tuple(each for each in report.findings if each.outcome is Outcome.ERROR),
        )
        for name, report in zip(names, (before, after), strict=True)
    )
    return Impact(
        before=judged[0],
        after=judged[1],
        engine=after.engine,
        entities=after.entities,
        files=after.files,
        catalog_digest=after.catalog_digest,
        complete=after.complete,
        completeness=after.completeness,
        flips=tuple(flips),
        changes=tuple(changes),
        owners=_by_owner(flips),
        rules=_by_rule(flips, changes, differences),
        notes=(*notes, *_notes(before, after, names, differences)),
    )


def _subject(finding: Finding) -> _Subject:
    """What the finding is about: an entity by its ref, anything else by its place."""
    return (finding.entity, "", 0) if finding.entity is not None else ("", *_place(finding))


def _place(finding: Finding) -> tuple[str, int]:
    """The path and index of the document; of what is in no document, as much as is known."""
    if document := finding.document:
        return document.path or document.url or "", document.index
    return finding.location.path if finding.location else finding.entity_url or "", 0


def _first(before: Sequence[Finding], after: Sequence[Finding]) -> Finding:
    return min((*before[:1], *after[:1]), key=lambda each: each.order)


def _changed(before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[Change]:
    """How the findings of one subject change, in the order of the findings."""
    alike: dict[str, tuple[list[Finding], list[Finding]]] = defaultdict(lambda: ([], []))
    for side, findings in enumerate((before, after)):
        for finding in findings:
            alike[finding.fingerprint][side].append(finding)
    changes: list[Change] = []
    for old, new in alike.values():
        gone = list(old)
        come = []
        for finding in new:
            same = next((each for each in gone if _counts(each) == _counts(finding)), None)
            if same is None:
                come.append(finding)
            else:
                gone.remove(same)
        changes.extend(Change(*pair) for pair in zip_longest(gone, come))
    yield from sorted(changes, key=lambda each: each.order)


def _counts(finding: Finding) -> tuple[object, ...]:
    """All of a finding that a decision may go by."""
    return finding.outcome, finding.enforcement, finding.waiver is not None


def _flip(
    finding: Finding, owners: tuple[str, ...], before: Decision, after: Decision, changes: Sequence[Change]
) -> Flip:
    worse = _RANK.index(after) > _RANK.index(before)
    because = []
    for each in changes:
        alone = _alone(each.before), _alone(each.after)
        if alone[0] is not alone[1] and (alone[1] is after if worse else alone[0] is before):
            because.append(each)
    return Flip(finding.entity, *_place(finding), owners, before, after, tuple(because))


def _alone(finding: Finding | None) -> Decision:
    return decide([finding] if finding else [])


def _losses(flips: Iterable[Flip]) -> tuple[int, ...]:
    """How much is denied, undecided and allowed in the end, as a key for sorting."""
    ends = [each.after for each in flips]
    return tuple(-ends.count(each) for each in reversed(_RANK))


def _by_owner(flips: Iterable[Flip]) -> tuple[OwnerImpact, ...]:
    owned: dict[str | None, list[Flip]] = defaultdict(list)
    for flip in flips:
        for owner in flip.owners or (None,):
            owned[owner].append(flip)
    ordered = sorted(owned, key=lambda each: (_losses(owned[each]), each is None, each or ""))
    return tuple(OwnerImpact(owner, tuple(owned[owner])) for owner in ordered)


def _by_rule(
    flips: Iterable[Flip], changes: Iterable[Change], differences: Iterable[Difference]
) -> tuple[RuleImpact, ...]:
    said: dict[str, list[Difference]] = defaultdict(list)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    brought: dict[str, list[Flip]] = defaultdict(list)
    for difference in differences:
        said[difference.rule].append(difference)
    for change in changes:
        counts[change.finding.rule][0 if change.before is None else 1 if change.after is None else 2] += 1
    for flip in flips:
        for rule in flip.rules:
            brought[rule].append(flip)
    ordered = sorted({*said, *counts}, key=lambda rule: (_losses(brought[rule]), -sum(counts[rule]), rule))
    return tuple(
        RuleImpact(rule, tuple(said[rule]), counts[rule][0], counts[rule][1], counts[rule][2], tuple(brought[rule]))
        for rule in ordered
    )


def _notes(before: Report, after: Report, names: tuple[str, str], differences: Iterable[Difference]) -> Iterator[str]:
    if before.catalog_digest != after.catalog_digest:
        yield f"{names[0]} and {names[1]} judge different catalogs: what flips may come of that"
    unjudged = sorted({each.rule for each in differences} - {*before.rules, *after.rules})
    if unjudged:
        yield f"there is no change here for rules about changes to judge: not shown is what {', '.join(unjudged)} does"
    yield from (note for note in after.notes if note in before.notes)
    for name, notes, others in ((names[0], before.notes, after.notes), (names[1], after.notes, before.notes)):
        yield from (f"{name}: {note}" for note in notes if note not in others)
