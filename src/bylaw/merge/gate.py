"""The order of things at the merge gate.

Whatever decides comes from the base: the settings, the policies, the waivers, and the people who may approve those.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import engine, gates, pipeline
from bylaw.affected import Laid, Touch, Whole, blast, groups_of
from bylaw.catalog import Kinds
from bylaw.config import FILE_NAME
from bylaw.documents.secrets import redact
from bylaw.errors import UndecidedError, UsageError
from bylaw.gates import waivers
from bylaw.merge import evidence, laws
from bylaw.merge.judge import judge
from bylaw.model import Decision, Outcome, Proposal, Report, Status
from bylaw.sources import files, locate, places, proposed, reading, surroundings, touched, waiver_files
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from bylaw.affected import State
    from bylaw.catalog import Catalog
    from bylaw.config import BaseSettings, Settings
    from bylaw.merge.judge import Judged
    from bylaw.merge.laws import Held
    from bylaw.model import Document, Finding, LawChange
    from bylaw.sources.proposed import Proposed
    from bylaw.sources.surroundings import Surroundings


def _silent(step: str, done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller of the gate wants.

    A change is what the work tree around ``folder`` makes of ``base`` (a branch; None: the one that CI says), or what
    the folder ``after`` makes of ``before``; or all that the folder ``changed`` holds is laid over the base catalog, in
    place of the entities of the same refs. ``config`` names a settings file; one inside the checkout is read as the
    base has it, unless ``as_proposed``. ``over`` is used in place of the base catalog that the settings name.
    """

    folder: Path = Path()
    base: str | None = None
    before: Path | None = None
    after: Path | None = None
    changed: Path | None = None
    config: Path | None = None
    as_proposed: bool = False
    over: BaseSettings | None = None
    repository: str | None = None
    everything: bool = False
    """Whether old faults deny as new ones do, and all of this repository is judged."""
    policies: tuple[str, ...] = ()
    """Rules besides those of the settings."""
    actor: str | None = None
    approvers: tuple[str, ...] | None = None
    now: date | None = None
    jobs: int | None = None


def gate(
    asked: Asked,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Report:
    """Judge a change.

    Raises:
        UsageError: there is no such change.
        ConfigError: the settings, policies or waivers of the base cannot be used.
        UndecidedError: the base cannot be had, and the settings do not allow to judge without it.
    """
    environment = os.environ if environment is None else environment
    if asked.as_proposed and environment.get("CI"):
        raise UsageError("--as-proposed: a change is judged by its own law on your machine alone, never in CI")
    change = _change(asked, environment)
    today = asked.now or datetime.now(UTC).date()
    with TemporaryDirectory(prefix="bylaw-", ignore_cleanup_errors=True) as made:
        folder = Path(os.path.realpath(made))
        if not asked.as_proposed:
            laws.refuse(change, "--policies", asked.policies)
        config = asked.config
        if asked.changed:
            change, config = _from_nothing(change, folder), config or _own_law(change, asked.folder)
        held = laws.held(change, config, asked.as_proposed, folder / "base")
        settings = _asked_of(held.settings, asked)
        run = _Gate(asked, change, held, settings, environment, today, progress)
        return run.report(partial(laws.proposed, held, change, folder / "proposed", today, asked.jobs))


def _asked_of(settings: Settings, asked: Asked) -> Settings:
    """The settings with what the caller asked for besides."""
    merge, base = settings.gates.merge, asked.over or settings.catalog.base
    complete = True if base.git and settings.catalog.complete == "auto" else settings.catalog.complete
    return replace(
        settings,
        catalog=replace(settings.catalog, base=base, complete=complete),
        policies=replace(settings.policies, paths=(*settings.policies.paths, *asked.policies)),
        gates=replace(settings.gates, merge=replace(merge, only_new=merge.only_new and not asked.everything)),
    )


@dataclass(frozen=True, slots=True)
class _Gate:
    """One run: what was asked, the change, the law of the base, that with what was asked besides, and the day."""

    asked: Asked
    change: Proposed
    held: Held
    settings: Settings
    environment: Mapping[str, str]
    today: date
    progress: Callable[[str, int, int], None]

    def report(self, proposed_law: Callable[[Callable[[], Catalog]], LawChange | None]) -> Report:
        """Judge, and say what came of it. ``proposed_law`` says of the files of the checkout what else would."""
        with self.held.blamed():
            policies = pipeline.load_policies(self.settings)
            limits = reading.limits(self.settings.catalog.limits)
            root = self.held.folder if self.held.law else self.change.after.root
            written = waiver_files.read(self.settings.waivers.paths, root, limits)
        over, alone = self._over()
        before, after, touch = self._states(over)
        judged = judge(
            before,
            after,
            touch,
            policies,
            self.settings,
            self.today,
            renamed={old: each.after for each in self.change.files if (old := each.before) and each.after},
            actor=self.asked.actor and pipeline.user(self.asked.actor),
            approvers=None if self.asked.approvers is None else tuple(map(pipeline.user, self.asked.approvers)),
            jobs=self.asked.jobs,
            progress=self.progress,
        )
        placed = self._placed(judged)
        told = (
            replace(each, message=self.held.plain(each.message)) if each.outcome is Outcome.ERROR else each
            for each in placed.findings
        )
        waived = waivers.judge(
            written,
            sorted(told, key=lambda finding: (finding.order, finding.status)),
            self.settings.waivers,
            self.today,
            rules=[rule.id for rule in policies.rules],
            judged=[],
            entities=after.entities(judged.scope.judged),
            groups_of=partial(groups_of, before),
        )
        law = proposed_law(partial(self._read, self.change.after) if over else lambda: judged.after.catalog)
        decision = gates.decide(waived.findings, self.settings.gates.merge)
        if law and law.fault and decision is Decision.ALLOWED:
            decision = Decision.UNDECIDED  # once it is merged, no gate could decide anything
        base = self.settings.catalog.base
        catalog, graph, changes = judged.after.catalog, judged.after.graph, judged.change_set
        entities = over.snapshot.count + len(changes.added) - len(changes.removed) if over else len(catalog.entities)
        named = sorted({each.entity for each in waived.findings if each.entity and each.entity in graph})
        return Report(
            gate="merge",
            decision=decision,
            findings=waived.findings,
            rules={rule.id: rule.info for rule in policies.rules},
            engine=engine.NAME,
            entities=entities,
            files=len({each.path for each in catalog.documents}),
            catalog_digest=catalog.digest(),
            policies_digest=policies.digest,
            waivers_digest=waiver_files.digest(written),
            complete=after.complete,
            completeness=catalog.completeness,
            owners={key: tuple(redact(graph.owners_of(key))) for key in named},
            lines=placed.lines,
            notes=(*catalog.notes, *pipeline.notes(catalog, waived.findings)),
            waivers=waived.standings,
            proposal=Proposal(
                base=self.change.name,
                surroundings=over.name if over else surroundings.called(base) or "all of this repository",
                alone=alone,
                files=self.change.files,
                added=changes.added,
                edited=tuple(each.entity.key for each in changes.changes if each.before and each.after),
                removed=changes.removed,
                judged=entities if judged.scope.is_whole else len(after.entities(judged.scope.judged)),
                blast=blast(before, after, [each.entity.key for each in changes.changes]),
                law=law,
                only_new=self.settings.gates.merge.only_new,
            ),
        )

    def _over(self) -> tuple[Surroundings | None, str | None]:
        """The catalog around the change, and why there is none where there should be one.

        Raises:
            UndecidedError: it cannot be had, and the settings do not say to judge without it.
        """
        base, root = self.settings.catalog.base, self.change.after.root
        said = self.asked.repository or self.settings.catalog.repository
        try:
            found = surroundings.find(
                base,
                self.settings,
                repository=said or places.of_checkout(root, self.environment),
                branch=self.change.branch,
                root=root,
                is_proposed=partial(evidence.is_of, self.change),
                environment=self.environment,
                progress=lambda done: self.progress("reading the base", done, done),
            )
        except surroundings.ProposedError:
            raise  # or a change could choose to be judged alone
        except UndecidedError as error:
            if self.settings.gates.merge.on_base_missing == "judge_alone":
                return None, str(error)
            raise UndecidedError(
                f"the base catalog cannot be had, so nothing was judged: {error}\n"
                "gates.merge.on_base_missing: judge_alone would judge this repository by itself"
            ) from None
        return found, None

    def _states(self, over: Surroundings | None) -> tuple[State, State, Touch]:
        """The catalog before and after the change, and what the change touches in it."""
        if self.asked.changed:
            return self._laid(over)
        some = (
            (None, None) if self._judges_all else touched.by(self.change, self.settings.catalog, jobs=self.asked.jobs)
        )
        if over is None:
            before, after = self._read(self.change.before), self._read(self.change.after)
            touching = [*_of(before, some[0]), *_of(after, some[1])]
            return _drawn(before), _drawn(after), Touch.of(touching, all_of_it=self._judges_all)
        before, after = self._read(self.change.before, some[0]), self._read(self.change.after, some[1])
        self._told_apart(over, before)
        paths = {*before.paths, *after.paths}
        replaced = over.located(paths)
        asked = pipeline.folders(self.settings) or not after.documents  # it takes time, and only one rule wants to know
        elsewhere = tuple(path for path in over.files() if path not in paths) if asked else ()
        complete = self.settings.catalog.complete
        verdict = None if complete == "auto" else (complete, f"catalog.complete is {str(complete).lower()}")
        return (
            Laid(over, replaced, before, complete=verdict, paths=elsewhere),
            Laid(over, replaced, after, complete=verdict, paths=elsewhere),
            Touch.of([*before.documents, *after.documents], all_of_it=self._judges_all),
        )

    def _told_apart(self, over: Surroundings, before: Catalog) -> None:
        """See that the base tells the entities of this repository from those of others.

        Raises:
            UndecidedError: it has some of them, and not as ours: whatever the change did to them would not be seen.
        """
        borne = over.entities(before.entities)
        if not borne or over.has_ours:
            return
        key, entity = min(borne.items())
        said = self.asked.repository or self.settings.catalog.repository
        where = entity.document.url or entity.document.path
        raise UndecidedError(
            f"{over.name}: has {key} from {where}, and nothing from this repository"
            f"{f' ({said})' if said else ', whose address nobody says'}: if that is this one, name its address with "
            "--repository or in catalog.repository; if not, it is defined twice"
        )

    def _laid(self, over: Surroundings | None) -> tuple[State, State, Touch]:
        """The states where a change is no more than some files: what bears their refs in the base is replaced.

        Raises:
            UsageError: there is no base.
        """
        if over is None:
            raise UsageError("--changed is laid over a base: name one with --snapshot, --backstage or catalog.base")
        after = self._read(self.change.after)
        refs = after.entities.keys()
        replaced = [entity.document for entity in over.entities(refs).values()]
        replaced += chain.from_iterable(over.duplicates(refs).values())
        nothing = catalogs.build([], after.kinds, over.complete)
        before = Laid(over, [], nothing)
        return before, Laid(over, replaced, after), Touch.of([*replaced, *after.documents])

    @property
    def _judges_all(self) -> bool:
        return not self.settings.gates.merge.only_new

    def _read(self, checkout: Checkout, only: Collection[str] | None = None) -> Catalog:
        """The catalog files of a state, all or some of them."""
        catalog = self.settings.catalog
        watched = partial(self.progress, "reading")
        if only is None:
            folders = pipeline.folders(self.settings)
            found = files.read(
                ["."], catalog, checkout=checkout, folders=folders, jobs=self.asked.jobs, progress=watched
            )
        else:
            found = files.only(sorted(only), catalog, checkout, jobs=self.asked.jobs, progress=watched)
        return catalogs.build(
            found.documents,
            Kinds.of(catalog),
            catalog.complete,
            root=checkout.root,
            notes=found.notes,
            folders=found.folders,
        )

    def _placed(self, judged: Judged) -> locate.Placed:
        """The findings with their places: those that are fixed in the state before, all others in the proposed one."""
        fixed = [each for each in judged.findings if each.status is Status.FIXED]
        others = [each for each in judged.findings if each.status is not Status.FIXED]
        limits, jobs = self.settings.catalog.limits, self.asked.jobs
        removed = {id(each.before.document) for each in judged.change_set.changes if each.before and not each.after}
        gone = [each for each in others if id(each.document) in removed]
        there = [each for each in others if id(each.document) not in removed]
        earlier = locate.place(
            self._numbered([*fixed, *gone], self.change.before), self.change.before, limits, jobs=jobs
        )
        later = locate.place(self._numbered(there, self.change.after), self.change.after, limits, jobs=jobs)
        return locate.Placed([*earlier.findings, *later.findings], {**earlier.lines, **later.lines})

    def _numbered(self, findings: Sequence[Finding], checkout: Checkout) -> list[Finding]:
        """The findings with the documents as they stand in their files: a server only knows the file."""
        told = {each.document.path for each in findings if each.document and each.document.url}
        if not (paths := sorted(path for path in told if path)):
            return list(findings)
        read = files.only(paths, self.settings.catalog, checkout, jobs=self.asked.jobs).documents
        known = {(each.path, str(catalogs.address(each.data) or "")): each for each in reversed(read)}

        def numbered(finding: Finding) -> Finding:
            document = finding.document
            if document is None or not document.url:
                return finding
            return replace(finding, document=known.get((document.path, finding.entity or ""), document))

        return list(map(numbered, findings))


def _change(asked: Asked, environment: Mapping[str, str]) -> Proposed:
    """What is proposed.

    Raises:
        UsageError, UndecidedError: as ``proposed.from_git`` and ``from_folders`` do.
    """
    if asked.changed is not None:
        if asked.before or asked.after or asked.base:
            raise UsageError("--changed is all there is of a change: leave out --base, --before and --after")
        return proposed.from_changed(asked.changed)
    if asked.before is None and asked.after is None:
        return proposed.from_git(asked.base, asked.folder, environment)
    if asked.before is None or asked.after is None:
        raise UsageError("--before and --after belong together: name a folder for each")
    if asked.base is not None:
        raise UsageError("--base names a branch and --before a folder: name one of them")
    return proposed.from_folders(asked.before, asked.after)


def _from_nothing(change: Proposed, folder: Path) -> Proposed:
    """A change that is no more than some files, as what they make of an empty folder: so it brings no law either."""
    nothing = folder / "nothing"
    nothing.mkdir()
    return replace(change, before=Checkout(nothing))


def _own_law(change: Proposed, folder: Path) -> Path | None:
    """The settings file of the folder from which a change elsewhere is judged, if there is one."""
    file = folder / FILE_NAME
    return file if file.is_file() and evidence.inside(change.after.root, file) is None else None


def _drawn(catalog: Catalog) -> Whole:
    return Whole(catalog, pipeline.graph(catalog))


def _of(catalog: Catalog, files: Collection[str] | None) -> list[Document]:
    """The documents of some files, or of all."""
    names = {os.fsencode(each).decode("utf-8", "backslashreplace") for each in files or ()}  # as the reader shows them
    return [each for each in catalog.documents if files is None or each.path in names]
