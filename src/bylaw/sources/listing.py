"""Which files there are below a folder of a checkout."""

from __future__ import annotations

import os
from bisect import bisect_left
from posixpath import commonpath
from typing import TYPE_CHECKING

from bylaw.sources import git
from bylaw.sources.checkout import is_folder, work_tree
from bylaw.sources.globs import is_glob, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_NEVER = frozenset({".git", "node_modules"})
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")


class Listing:
    """The files of a checkout, each folder looked through once.

    In a git work tree: what git knows of and does not ignore. Where git knows nothing below a folder that is
    asked for, and outside of work trees: all files. Links to folders are not followed, they are files here. A
    folder in which nothing is listed stands there with a slash behind it.

    ``files``, where they are given, are all there are: those of a commit. Nothing is looked for then.
    """

    def __init__(self, root: Path, files: Iterable[str] | None = None) -> None:
        self._root = root
        self._files = None if files is None else sorted(files)
        self._work_tree = work_tree(root) if files is None else None
        self._known: dict[str, list[str]] = {}
        self._git_failed = False
        self._closed: set[str] = set()

    @property
    def notes(self) -> list[str]:
        """What the reader should know of the way the files were found."""
        notes = []
        if self._git_failed:
            notes.append("git could not list the files of this work tree: .gitignore was not honoured")
        if self._closed:
            what = "1 folder" if len(self._closed) == 1 else f"{len(self._closed)} folders"
            notes.append(f"{what} could not be looked into, such as {min(self._closed)}")
        return notes

    def expect(self, folders: Sequence[str]) -> None:
        """Folders that will be asked for: git is asked once for all of them."""
        if self._work_tree and len(folders) > 1:
            self.below(commonpath(folders))

    def below(self, folder: str) -> Sequence[str]:
        """The paths below a folder (``""`` is the root), sorted."""
        if folder not in self._known:
            around = next((each for each in _parents(folder) if each in self._known), None)
            listed = self._tracked(folder) if around is None else _part(self._known[around], folder)
            if all(path.endswith("/") for path in listed):
                listed = sorted(self._walk(folder))
            self._known[folder] = listed
        return self._known[folder]

    def select(self, folder: str, patterns: Iterable[str]) -> list[str]:
        """The files below a folder that some pattern matches and no ``!pattern`` does.

        Patterns count from the folder.
        """
        prefix = f"{folder}/" if folder else ""
        names = (path[len(prefix) :] for path in self.below(folder) if not path.endswith("/"))
        found = (prefix + name for name in select(names, patterns))
        if self._files is not None:
            return list(found)
        return [path for path in found if os.path.lexists(self._root / path)]  # git lists what was deleted, too

    def matching(self, pattern: str) -> list[str]:
        """The files that a glob, relative to the root, matches."""
        fixed, rest = split(pattern)
        return self.select(fixed, (rest,))

    def folders(self, folder: str, patterns: Iterable[str]) -> list[str]:
        """The folders below a folder that stand where some pattern names a file."""
        prefix = f"{folder}/" if folder else ""
        wanted = [each for each in patterns if each.startswith("!") or not is_glob(each.rpartition("/")[2])]
        found: set[str] = set()
        for name in {each.rpartition("/")[2] for each in wanted if not each.startswith("!")}:
            inside = f"/{name}/"
            for path in self.below(folder):
                if inside in f"/{path}":
                    steps = path[len(prefix) :].split("/")
                    found.update("/".join(steps[: at + 1]) for at, step in enumerate(steps[:-1]) if step == name)
        named = [prefix + each for each in select(sorted(found), wanted)]
        if self._files is not None:
            return named
        return [path for path in named if is_folder(self._root / path)]  # git lists what was deleted, too

    def inner(self, patterns: Sequence[str]) -> list[str]:
        """The folders with something in them that some pattern matches; patterns count from the root."""
        found: set[str] = set()
        for pattern in patterns:
            if not pattern.startswith("!"):
                for path in self.below(split(f"{pattern}/*")[0]):
                    folder = path.rpartition("/")[0]
                    while folder and folder not in found:
                        found.add(folder)
                        folder = folder.rpartition("/")[0]
        return list(select(sorted(found), patterns))

    def _tracked(self, folder: str) -> list[str]:
        """What git lists; nothing outside of work trees, or where git cannot be asked."""
        if self._files is not None:
            return [path for path in _part(self._files, folder) if _NEVER.isdisjoint(path.split("/"))]
        if not self._work_tree:
            return []
        try:
            answer = git.ask(f"--work-tree={self._work_tree}", *_LIST, "--", folder or ".", folder=self._root)
        except git.GitError:
            self._git_failed = True
            return []
        names = os.fsdecode(answer).split("\0")
        return sorted(name for name in names if name and _NEVER.isdisjoint(name.split("/")))

    def _walk(self, folder: str) -> Iterator[str]:
        """All files below a folder. Without recursion: folders may be nested deeper than Python's calls."""
        if self._files is not None:
            inside = len(f"{folder}/") if folder else 0
            yield from (path for path in _part(self._files, folder) if _NEVER.isdisjoint(path[inside:].split("/")[:-1]))
            return
        pending = [f"{folder}/" if folder else ""]
        while pending:
            prefix = pending.pop()
            empty = True
            try:
                with os.scandir(self._root / prefix) as entries:
                    for entry in entries:
                        empty = False
                        if not entry.is_dir(follow_symlinks=False):
                            yield prefix + entry.name
                        elif entry.name not in _NEVER:
                            pending.append(f"{prefix}{entry.name}/")
            except (FileNotFoundError, NotADirectoryError):
                continue  # a glob may name what is not there
            except OSError:
                self._closed.add(prefix or "./")
            if empty and prefix:
                yield prefix


def split(pattern: str) -> tuple[str, str]:
    """The folder in which all that a glob matches stands, and the rest of the glob."""
    steps = pattern.split("/")
    fixed = next((index for index, step in enumerate(steps) if is_glob(step)), len(steps) - 1)
    return "/".join(steps[:fixed]), "/".join(steps[fixed:])


def _part(paths: list[str], folder: str) -> list[str]:
    """The part of a sorted list that lies below a folder."""
    if not folder:
        return paths
    after_slash = chr(ord("/") + 1)
    return paths[bisect_left(paths, f"{folder}/") : bisect_left(paths, folder + after_slash)]


def _parents(folder: str) -> Iterator[str]:
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder
