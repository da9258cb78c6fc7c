"""The files of a commit, read from git's own store: a checkout of which nothing is checked out.

So no filter, hook, line ending or submodule of the repository takes part, and nothing is fetched. What differs from the
same commit on disk is what git itself makes of files there: line endings and encodings of ``.gitattributes``, ``$Id$``,
files that a filter keeps elsewhere (LFS), submodules that are there, and folders in which git keeps no file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from bylaw.catalog.placeholders import UnreadableError
from bylaw.errors import UndecidedError, UsageError
from bylaw.sources import git
from bylaw.sources.checkout import Checkout, too_large
from bylaw.sources.revision import alone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bylaw.sources.revision import Revision

_LINK, _SUBMODULE = "120000", "160000"  # modes of a tree's entries
_MOST_LINKS = 40  # followed one after the other, as by Linux
_LONGEST_NAME, _LONGEST_PATH = 255, 4095  # bytes, as in Linux


class Entry(NamedTuple):
    """What a tree holds at a path. ``size`` is in bytes."""

    mode: str
    identity: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtCommit(Checkout):
    """The checkout that ``root`` would be if a commit were checked out there."""

    name: str
    """What the user called the commit."""
    commit: str
    entries: Mapping[str, Entry] = field(repr=False, hash=False)
    folders: frozenset[str] = field(repr=False, hash=False)
    objects: git.Objects = field(repr=False, compare=False)

    def files(self) -> Collection[str]:
        return self.entries.keys()

    def is_link(self, path: str) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.mode == _LINK

    def stands(self, path: str) -> Literal["file", "folder"] | None:
        real = self._inside(self._real(path))
        if real is None:
            return "file"
        if self._is_folder(real):
            return "folder"
        if real in self.entries:
            return "file"
        above, _, name = path.rpartition("/")
        around = self._inside(self._real(above))
        if around is not None and self.is_link(f"{around}/{name}" if around else name):
            return "file"  # a link to nothing
        return "file" if self._fault(real) in {_TOO_LONG, _CIRCLE} else None

    def _bytes(self, real: Path, most: int) -> bytes:
        path = self._inside(real) or ""
        if self._is_folder(path):
            raise UnreadableError("is a folder, expected a file")
        entry = self.entries.get(path)
        if entry is None or entry.mode == _LINK:
            raise UnreadableError(f"cannot be opened ({self._fault(path)})")
        if entry.size > most:
            raise too_large(entry.size, most)
        return self._content(entry)

    def _real(self, path: str) -> Path:
        """Where a path leads once its links are followed; outside of the root nothing is looked at."""
        top = self.root.parts
        done, pending = list(top), path.split("/")[::-1]
        links = 0
        while pending:
            step = pending.pop()
            if step in {"", ".", ".."}:
                if step == ".." and len(done) > 1:
                    done.pop()
                continue
            done.append(step)
            inside = "/".join(done[len(top) :]) if tuple(done[: len(top)]) == top else None
            if inside is None or not self.is_link(inside):
                continue
            links += 1
            entry = self.entries[inside]
            if links > _MOST_LINKS or entry.size > _LONGEST_PATH:
                return self.root / path
            target = os.fsdecode(self._content(entry))
            done = [top[0]] if target.startswith("/") else done[:-1]
            pending.extend(target.split("/")[::-1])
        return Path(*done)

    def _inside(self, real: Path) -> str | None:
        """A path from the root; None: it lies outside."""
        if not real.is_relative_to(self.root):
            return None
        inside = real.relative_to(self.root).as_posix()
        return "" if inside == "." else inside

    def _is_folder(self, path: str) -> bool:
        entry = self.entries.get(path)
        return path in self.folders or (entry is not None and entry.mode == _SUBMODULE)

    def _fault(self, path: str) -> str:
        """Why nothing can be opened at a path, in the words of the system."""
        if len(os.fsencode(self.root / path)) > _LONGEST_PATH:
            return _TOO_LONG
        above = ""
        for step in path.split("/"):
            if len(os.fsencode(step)) > _LONGEST_NAME:
                return _TOO_LONG
            above = f"{above}/{step}" if above else step
            if self.is_link(above):
                return _CIRCLE
            if not self._is_folder(above):
                return _NO_FOLDER if above in self.entries and above != path else _NOTHING
        return _NOTHING

    def _content(self, entry: Entry) -> bytes:
        try:
            return self.objects.read(entry.identity)
        except git.GitError as error:
            raise UndecidedError(f"{self.name}: {error}") from None


_NOTHING, _NO_FOLDER = "no such file or directory", "not a directory"
_TOO_LONG, _CIRCLE = "file name too long", "too many levels of symbolic links"


def at(revision: Revision) -> AtCommit:
    """The checkout that a revision would be.

    Raises:
        UsageError: git fails, a file is missing in this clone, or has a name that no file can have.
    """
    listed = revision.ask("ls-tree", "-r", "-z", "-l", "--full-tree", revision.commit)
    entries: dict[str, Entry] = {}
    folders = {""}
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _, identity, size = about.decode().split()
        path = os.fsdecode(name)
        if path.startswith("/") or not {"", ".", "..", ".git"}.isdisjoint(path.split("/")):
            raise UsageError(f"{revision.name}: {path}: no file can have such a name")
        if not size.isdecimal() and mode != _SUBMODULE:
            raise UsageError(f"{revision.name}: {path}: is missing in this clone; clone it again")
        entries[path] = Entry(mode, identity, int(size) if size.isdecimal() else 0)
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    objects = git.Objects(revision.root, alone(revision.root))
    return AtCommit(
        revision.root,
        name=revision.name,
        commit=revision.commit,
        entries=entries,
        folders=frozenset(folders),
        objects=objects,
    )
