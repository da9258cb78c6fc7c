"""The order of things at the merge gate.

Whatever decides comes from the base: the settings, the policies, the waivers, and the people who may approve those.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import pipeline
from bylaw.affected import Touch, Whole
from bylaw.catalog import Kinds
from bylaw.config import FILE_NAME
from bylaw.errors import UndecidedError, UsageError
from bylaw.merge import evidence, laws, placing, states
from bylaw.merge.verdict import Story, Terms, verdict
from bylaw.model import Outcome, Status
from bylaw.sources import files, locate, places, proposed, reading, surroundings, touched, waiver_files
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from bylaw.affected import State
    from bylaw.catalog import Catalog
    from bylaw.config import BaseSettings, Settings
    from bylaw.merge.judge import Judged
    from bylaw.merge.laws import Held
    from bylaw.model import Document, Finding, LawChange, Report, Waiver
    from bylaw.rules import Policies
    from bylaw.sources.proposed import Proposed
    from bylaw.sources.surroundings import Surroundings
    from bylaw.sources.waiver_files import Broken


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
    change = proposal(asked, environment)
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
        try:
            return self._report(over, alone, policies, written, proposed_law)
        finally:
            if over:
                over.close()

    def _report(
        self,
        over: Surroundings | None,
        alone: str | None,
        policies: Policies,
        written: Sequence[Waiver | Broken],
        proposed_law: Callable[[Callable[[], Catalog]], LawChange | None],
    ) -> Report:
        base, asked = self.settings.catalog.base, self.asked
        story = Story(
            base=self.change.name,
            surroundings=over.name if over else surroundings.called(base) or "all of this repository",
            files=self.change.files,
            actor=asked.actor,
            approvers=asked.approvers,
            alone=alone,
        )

        def law(judged: Judged) -> LawChange | None:
            return proposed_law(partial(self._read, self.change.after) if over else lambda: judged.after.catalog)

        return verdict(
            *self._states(over),
            over,
            story,
            Terms(self.settings, policies, written, self.today),
            place=self._placed,
            law=law,
            jobs=asked.jobs,
            progress=self.progress,
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
        return states.of_files(over, before, after, self.settings, self.asked.repository)

    def _laid(self, over: Surroundings | None) -> tuple[State, State, Touch]:
        """The states where a change is no more than some files: what bears their refs in the base is replaced.

        Raises:
            UsageError: there is no base.
        """
        if over is None:
            raise UsageError("--changed is laid over a base: name one with --snapshot, --backstage or catalog.base")
        after = self._read(self.change.after)
        return states.of_entities(over, after)

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
        removed = {id(each.before.document) for each in judged.change_set.changes if each.before and not each.after}
        placed = placing.place(
            judged.findings,
            self.change,
            self.settings.catalog,
            lambda each: each.status is Status.FIXED or id(each.document) in removed,
            self.asked.jobs,
        )
        return replace(placed, findings=list(map(self._plain, placed.findings)))

    def _plain(self, finding: Finding) -> Finding:
        """A finding whose message names no folder of this run: what is wrong with a rule names the rule's file."""
        is_error = finding.outcome is Outcome.ERROR
        return replace(finding, message=self.held.plain(finding.message)) if is_error else finding


def proposal(asked: Asked, environment: Mapping[str, str]) -> Proposed:
    """What is proposed: by git, or between two folders.

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
