"""The order of things. The command line and the server call this and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import config, engine, gates, rules
from bylaw.catalog import Catalog, Kinds, compare, placeholders
from bylaw.documents.secrets import redact
from bylaw.errors import ConfigError, UsageError
from bylaw.gates import waivers
from bylaw.graphs import Graph
from bylaw.graphs.queries import MEMBER_OF
from bylaw.model import EntityRef, Outcome, RefError, Report
from bylaw.sources import files, locate, reading, waiver_files
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bylaw.catalog import ChangeSet
    from bylaw.config import Settings
    from bylaw.fixes import Fixes, Judged
    from bylaw.impacts import Impact, Side
    from bylaw.model import Finding, Waiver
    from bylaw.rules import Policies

DESCRIPTOR_MISSING = "catalog/descriptor-missing"
_ABOUT_REFERENCES = ("catalog/reference-dangling", "ownership/owner-unknown")


def _silent(step: str, done: int, total: int) -> None:
    """Nobody is watching."""


def read(
    paths: str | Path | Sequence[str | Path] = ".",
    *,
    settings: Settings | None = None,
    root: str | Path | None = None,
    stdin: bytes | None = None,
    overlay: Mapping[str, bytes] | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Catalog:
    """Read catalog files: files, folders, globs, or ``-`` for ``stdin``.

    Without ``settings``, those of ``bylaw.yaml`` in the current folder hold, if there is one. Nothing is read
    outside ``root``: by default the git work tree around the first path. What cannot be read becomes part of
    the catalog as a problem, and a finding of ``check``. ``overlay`` holds texts that are read in place of those of
    files, by their paths from the root.

    Raises:
        UsageError: a path does not exist, lies outside the root, or holds no catalog files though others do.
        ConfigError: bylaw.yaml cannot be used.
    """
    settings = settings or config.read()
    found = files.read(
        [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)],
        settings.catalog,
        root=Path(root) if root else None,
        stdin=stdin,
        overlay=overlay,
        folders=folders(settings),
        jobs=jobs,
        progress=lambda done, total: progress("reading", done, total),
    )
    return catalogs.build(
        found.documents,
        Kinds.of(settings.catalog),
        settings.catalog.complete,
        root=found.checkout.root,
        stdin=stdin,
        notes=found.notes,
        folders=found.folders,
    )


def folders(settings: Settings) -> list[str]:
    """The folders that a rule wants described: the reader looks for them. Of wrong types ``check`` tells."""
    said = settings.parameters.get(DESCRIPTOR_MISSING, {}).get("directories", ())
    return [each for each in said if isinstance(each, str)] if isinstance(said, list | tuple) else []


def graph(catalog: Catalog) -> Graph:
    """The ownership and dependency graph of a catalog."""
    return Graph.build(catalog.entities, catalog.edges())


def changes(
    before: Catalog, after: Catalog, actor: str | None = None, approvers: Sequence[str] | None = None
) -> ChangeSet:
    """What differs between two states of a catalog. Who proposes and approves it is named as in ``check``.

    Raises:
        UsageError: a name that can be read as none.
    """
    return compare(before, after, actor and user(actor), None if approvers is None else tuple(map(user, approvers)))


def check(
    catalog: Catalog,
    *,
    settings: Settings | None = None,
    only: Sequence[str] = (),
    now: date | None = None,
    before: Catalog | None = None,
    actor: str | None = None,
    approvers: Sequence[str] | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Report:
    """Judge every entity of a catalog by every rule, or by the rules whose ids are in ``only``.

    ``now`` is the day of the judgement (today, in UTC): rules and enforcement that know dates go by it.
    ``before`` is the catalog as it was: with it, rules about changes judge what became of it, ``actor`` and
    ``approvers`` being the refs of who proposes the change and who has approved it (None: nobody knows).

    Raises:
        ConfigError: a rule, a parameter or an enforcement that does not exist, or a policy that does not
            compile; before anything is judged. Or a rule about changes in ``only``, and no ``before``.
        UsageError: there is nothing to judge.
        UndecidedError: the OPA server that evaluates the rules cannot be asked.
    """
    settings = settings or config.read()
    today = now or datetime.now(UTC).date()
    known = load_policies(settings)
    policies = _judging(_chosen(known, only), only, changes=before is not None)
    written = waiver_files.read(settings.waivers.paths, catalog.root, reading.limits(settings.catalog.limits))
    changed = changes(before, catalog, actor, approvers) if before is not None else None
    drawn, findings = _judged(catalog, policies, settings, today, changed, jobs, progress)
    placed = _placed(findings, [catalog, *([before] if before else [])], settings, jobs)
    ordered = tuple(sorted(placed.findings, key=lambda finding: finding.order))
    if not ordered and not catalog.documents and not (before and before.documents):
        raise UsageError("there is nothing to judge: no catalog file was read")
    waived = waivers.judge(
        written,
        ordered,
        settings.waivers,
        today,
        rules=waivable(known, settings, written),
        judged=[rule.id for rule in policies.rules if rule.subject != "change"] if catalog.complete else [],
        entities=catalog.entities,
        groups_of=partial(_groups_of, drawn),
    )
    named = {finding.entity for finding in ordered if finding.entity and finding.entity in drawn}
    return Report(
        gate="check",
        decision=gates.decide(waived.findings),
        findings=waived.findings,
        rules={rule.id: rule.info for rule in policies.rules},
        engine=engine.name(settings),
        entities=len(catalog.entities),
        files=len({document.path for document in catalog.documents}),
        catalog_digest=catalog.digest(),
        policies_digest=policies.digest,
        waivers_digest=waiver_files.digest(written),
        complete=catalog.complete,
        completeness=catalog.completeness,
        owners={key: tuple(redact(drawn.owners_of(key, effective=False))) for key in sorted(named)},
        lines=placed.lines,
        notes=(*catalog.notes, *notes(catalog, ordered)),
        waivers=waived.standings,
    )


def fix(
    paths: str | Path | Sequence[str | Path] = ".",
    *,
    settings: Settings | None = None,
    root: str | Path | None = None,
    stdin: bytes | None = None,
    only: Sequence[str] = (),
    owners: Sequence[str] = (),
    now: date | None = None,
    write: bool = True,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Fixes:
    """Make the safe fixes of what ``check`` finds in the files, or of the rules whose ids are in ``only``.

    With ``owners``, each ``OLD=NEW``, it gives what one owns to the other instead. The files with all their changes
    are judged together, by every rule, before any is written: one that would make anything worse stays as it is.

    Raises:
        UsageError, ConfigError: as ``read`` and ``check`` do; and for a move of ownership that cannot be.
        UndecidedError: a rule came to no answer.
    """
    from bylaw import fixes

    settings = settings or config.read()
    today = now or datetime.now(UTC).date()
    policies = _judging(load_policies(settings), (), changes=False)
    rules = {policies.find(each).id for each in only} or {rule.id for rule in policies.rules}

    def judged(overlay: Mapping[str, bytes]) -> Judged:
        catalog = read(paths, settings=settings, root=root, stdin=stdin, overlay=overlay, jobs=jobs, progress=progress)
        return fixes.Judged(catalog, *_judged(catalog, policies, settings, today, None, jobs, progress))

    made = fixes.run(
        judged,
        rules,
        owners,
        settings.catalog.limits,
        jobs=jobs,
        progress=lambda done, total: progress("editing", done, total),
    )
    return fixes.written(made) if write else made


def impact(
    catalog: Catalog,
    before: Side,
    after: Side,
    *,
    now: date | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Impact:
    """What would become of a catalog, read by the settings of ``after``, if they held in place of ``before``.

    Both sides judge the same entities on the same day, ``now``.

    Raises:
        ConfigError: as ``check`` does, and which side it is about.
        UsageError: there is nothing to judge.
    """
    from bylaw import impacts

    today = now or datetime.now(UTC).date()
    policies, reports = [], []
    for side in (before, after):
        with impacts.blamed(side.name, side.folder):
            policies.append(load_policies(side.settings))
    for side in (before, after):
        settings = replace(side.settings, catalog=after.settings.catalog)
        with impacts.blamed(side.name, side.folder):
            reports.append(side.told(check(catalog, settings=settings, now=today, jobs=jobs, progress=progress)))
    return impacts.compare(
        reports[0],
        reports[1],
        names=(before.name, after.name),
        differences=impacts.differences(policies[0], before.settings, policies[1], after.settings),
        notes=impacts.notes(before, after, (policies[0], policies[1])),
    )


def _judged(
    catalog: Catalog,
    policies: Policies,
    settings: Settings,
    today: date,
    changed: ChangeSet | None,
    jobs: int | None,
    progress: Callable[[str, int, int], None],
) -> tuple[Graph, list[Finding]]:
    """The graph of a catalog and what is found in it, enforced and not yet placed."""
    drawn = graph(catalog)
    found = engine.evaluate(
        catalog,
        drawn,
        policies,
        settings,
        today,
        change_set=changed,
        jobs=jobs,
        progress=lambda done, total: progress("judging", done, total),
    )
    enforced = gates.enforce(
        found,
        settings.enforcement,
        today,
        lambda key: drawn.owners_of(key, effective=True) if key in drawn else (),
    )
    return drawn, enforced


def load_policies(settings: Settings | None = None, only: Sequence[str] = ()) -> Policies:
    """The rules that the settings ask for, compiled and checked.

    Raises:
        ConfigError: as ``check`` does.
    """
    policies = rules.load(settings or config.read())
    if any(not module.bundled for module in policies.modules):  # those that come with bylaw have been checked
        engine.check(policies.modules)
    return _chosen(policies, only)


def waivable(policies: Policies, settings: Settings, waivers: Iterable[Waiver | waiver_files.Broken]) -> list[str]:
    """What waivers may name: the rules, and the constraints for Kubernetes objects.

    Those are read only where a waiver names something that is no rule.

    Raises:
        ConfigError: they have to be read, and cannot be.
    """
    known = [rule.id for rule in policies.rules]
    named = {(each.waiver if isinstance(each, waiver_files.Broken) else each).rule for each in waivers}
    admission = settings.admission
    if named.issubset(known) or not (admission.paths or admission.bundled):
        return known
    from bylaw.admission.gatekeeper import Constraints

    found = Constraints.load(admission.paths, (), point=admission.enforcement_point, bundled=admission.bundled)
    return [*known, *(each.name for each in found.constraints)]


def _chosen(policies: Policies, only: Sequence[str]) -> Policies:
    """The policies with the rules of these ids, or with all where none is named."""
    if not only:
        return policies
    wanted = {policies.find(each).id for each in only}
    return replace(policies, rules=tuple(rule for rule in policies.rules if rule.id in wanted))


def _groups_of(drawn: Graph, key: str) -> tuple[str, ...]:
    """The groups that a user or a group belongs to, through the group tree; none for who is not in the graph."""
    if key not in drawn:
        return ()
    direct = drawn.targets(key, MEMBER_OF)
    return tuple(dict.fromkeys(chain(direct, *(drawn.group(each).ancestors for each in (key, *direct)))))


def user(name: str) -> str:
    """The ref that a person or a group is meant by: ``jane``, ``user:default/jane``, ``group:platform``.

    Raises:
        UsageError: it can be read as none.
    """
    try:
        return str(EntityRef.parse(name, "User"))
    except RefError as error:
        raise UsageError(f"{name!r:.60} names nobody: {error}") from None


def _judging(policies: Policies, only: Sequence[str], *, changes: bool) -> Policies:
    """The rules that have something to judge: those about changes only where a change is known."""
    about_changes = [rule.id for rule in policies.rules if rule.subject == "change"]
    if changes or not about_changes:
        return policies
    if only:
        raise ConfigError(
            f"{about_changes[0]} judges changes, and here is none: it needs the catalog as it was as well as it will be"
        )
    return policies.without_changes()


def _placed(
    findings: Sequence[Finding], catalogs: Sequence[Catalog], settings: Settings, jobs: int | None
) -> locate.Placed:
    """The findings with their places: each in the checkout from which its document was read."""
    placed: list[Finding] = []
    lines: dict[tuple[str, int], str] = {}
    elsewhere = list(findings)
    for catalog in catalogs:
        own = {id(None), *map(id, catalog.documents)}
        mine = [each for each in elsewhere if id(each.document) in own]
        elsewhere = [each for each in elsewhere if id(each.document) not in own]
        if catalog.root:
            checkout = Checkout(catalog.root, catalog.stdin)
            found = locate.place(mine, checkout, settings.catalog.limits, jobs=jobs)
            mine, lines = found.findings, {**found.lines, **lines}
        placed.extend(mine)
    return locate.Placed(placed, lines)


def notes(catalog: Catalog, findings: Sequence[Finding]) -> list[str]:
    """What the reader of a report should know of what was, and could not be, judged."""
    skeletons = sorted({document.path or "" for document in catalog.documents if catalogs.is_skeleton(document.data)})
    notes = []
    if not catalog.entities:
        notes.append("no entity was read: say where the catalog files are in catalog.paths of bylaw.yaml")
    if skeletons:
        what = "1 scaffolder skeleton" if len(skeletons) == 1 else f"{len(skeletons)} scaffolder skeletons"
        notes.append(f"{what} not judged, being no entity yet (its name is an expression): {_first(skeletons)}")
    unknown = Counter(finding.rule for finding in findings if finding.outcome is Outcome.UNKNOWN)
    fetched = unknown.pop(placeholders.RULE, 0)
    if fetched:
        what = (
            "1 placeholder names a URL, and what it stands"
            if fetched == 1
            else (f"{fetched} placeholders name URLs, and what they stand")
        )
        notes.append(f"{what} for was not judged: bylaw fetches nothing")
    outside = sum(unknown.pop(each, 0) for each in _ABOUT_REFERENCES)
    if outside:
        what = "1 reference leads" if outside == 1 else f"{outside} references lead"
        notes.append(
            f"{what} outside the files read and cannot be judged; "
            "read the whole catalog, or set catalog.complete, to settle that"
        )
    for rule, count in sorted(unknown.items()):
        first = next(each for each in findings if each.rule == rule and each.outcome is Outcome.UNKNOWN)
        what = "once" if count == 1 else f"{count} times"
        notes.append(f"{rule} could not tell, {what}, such as: {first.message}")
    return notes


def _first(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
