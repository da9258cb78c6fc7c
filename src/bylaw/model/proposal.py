"""What a change proposes: which files and entities it touches, over which base, and who feels it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChange:
    """What becomes of one file: paths from the root of the checkout. None stands where there is none.

    Both paths, differing: it was renamed. Neither is ever missing.
    """

    before: str | None
    after: str | None

    @property
    def path(self) -> str:
        """Where it is; of a deleted one, where it was."""
        return self.after or self.before or ""


@dataclass(frozen=True, slots=True)
class Blast:
    """Who feels a change: canonical refs, sorted.

    ``direct`` refer to something that changes; ``transitive`` reach it only through others. The owners are those of
    these entities, each named once: ``owners`` of the direct ones, ``further_owners`` of none but transitive ones.
    ``uncounted`` says that the walk was stopped because there were too many.
    """

    direct: tuple[str, ...] = ()
    transitive: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    further_owners: tuple[str, ...] = ()
    uncounted: bool = False


@dataclass(frozen=True, slots=True)
class LawChange:
    """A change of bylaw.yaml, policies or waivers: it is shown, and nothing was judged by it.

    ``lines`` say in words what would differ if it held; ``flips`` are (entity or path, decision before, decision
    after, rules). ``fault`` is why the proposed files cannot be used at all.
    """

    files: tuple[str, ...]
    lines: tuple[str, ...] = ()
    flips: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that was judged."""

    base: str
    """What it was compared with, in words: `main (merge base 1a2b3c4d5e6f)`."""
    surroundings: str
    """The catalog it was laid over, in words: `snapshot base.db of 2026-11-20, 100,000 entities`."""
    alone: str | None
    """Why it was judged without that catalog, where the configuration allows it; None: it was not."""
    files: tuple[FileChange, ...]
    added: tuple[str, ...]
    edited: tuple[str, ...]
    removed: tuple[str, ...]
    judged: int
    """How many entities the change can affect, and were judged."""
    blast: Blast
    law: LawChange | None = None
    only_new: bool = True
