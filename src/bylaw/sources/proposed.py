"""What a change proposes: a checkout before it, one after it, and the files that differ."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from bylaw.catalog.placeholders import UnreadableError
from bylaw.errors import UndecidedError, UsageError
from bylaw.model.proposal import FileChange
from bylaw.sources import commit, git, revision
from bylaw.sources.checkout import Checkout, is_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bylaw.sources.commit import AtCommit

_DIFF = (
    "diff",
    "--raw",
    "-z",
    "-M",
    "-l400",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=dirty",
    "--no-relative",
)
_DIGESTS = {40: "sha1", 64: "sha256"}  # by how many digits the ids of a repository have
_SETTINGS = r"^(filter\.|core\.sparsecheckout$)"
_OTHERS = ("ls-files", "-z", "--others", "--exclude-standard")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change. ``files`` are all that differ, of any kind, sorted by path."""

    before: Checkout
    after: Checkout
    files: tuple[FileChange, ...]
    name: str
    """What it is compared with, in words: `main (merge base 1a2b3c4d5e6f)`."""
    commit: str | None = None
    """The id of the merge base, where it is one."""
    branch: str | None = None
    """The short name of the target branch, where it is known."""


def from_git(base: str | None, folder: Path, environment: Mapping[str, str]) -> Proposed:
    """What the work tree around a folder makes of the merge base of HEAD and ``base``.

    Edits that are not committed are part of it, and files that git does not know and does not ignore. Without ``base``
    it is the branch that CI says in ``environment``, or else that of ``origin``.

    Raises:
        UsageError: there is no work tree, or no such branch.
        UndecidedError: git fails, or this clone does not hold what it takes; the message says what to fetch.
    """
    found = revision.merge_base(base, folder, environment)
    try:
        before = commit.at(found)
    except UsageError as error:
        raise UndecidedError(str(error)) from None
    after = Checkout(found.root)
    try:
        files = _by_git(before, after)
    except git.GitError as error:
        raise UndecidedError(f"{found.name}: {str(error) or 'git failed'}") from None
    return Proposed(before, after, files, found.name, found.commit, found.branch)


def from_folders(before: Path, after: Path) -> Proposed:
    """What one folder makes of another. Links differ by where they lead; they are not followed.

    Raises:
        UsageError: a folder is not there, or cannot be looked into.
    """
    checkouts = []
    for name, folder in (("before", before), ("after", after)):
        if not is_folder(folder):
            raise UsageError(f"--{name} {folder}: no such folder")
        checkouts.append(Checkout(Path(os.path.realpath(folder))))
    one, other = checkouts
    old, new = (dict(_walk(each.root)) for each in checkouts)
    gone = {path: about.size for path, about in old.items() if path not in new}
    come = {path: about.size for path, about in new.items() if path not in old}
    edited = {
        path
        for path in old.keys() & new.keys()
        if old[path] != new[path]
        or (old[path].size is not None and _digest(one, path, old[path].size) != _digest(other, path, new[path].size))
    }
    renamed = _moved(
        gone, come, lambda path: _digest(one, path, gone[path]), lambda path: _digest(other, path, come[path])
    )
    return Proposed(one, other, _changes(gone, come, edited, renamed), f"the folder {before}")


def from_changed(folder: Path) -> Proposed:
    """All that a folder holds, as what is added to nothing.

    Raises:
        UsageError: the folder is not there, or cannot be looked into.
    """
    if not is_folder(folder):
        raise UsageError(f"--changed {folder}: no such folder")
    after = Checkout(Path(os.path.realpath(folder)))
    files = _changes([], (path for path, _ in _walk(after.root)), [], {})
    return Proposed(after, after, files, f"nothing: all of {folder} is laid over the base")


def is_tracked(root: Path, path: str) -> bool:
    """Whether git knows a file of the work tree; False where there is no git."""
    try:
        return bool(git.ask("ls-files", "-z", "--", path, folder=root, environment=revision.alone(root)))
    except git.GitError:
        return False


# -- by git


def _by_git(before: AtCommit, after: Checkout) -> tuple[FileChange, ...]:
    """The files that differ between a commit and the work tree.

    Raises:
        GitError: git fails.
        UndecidedError: the work tree holds only part of the files.
    """
    with TemporaryDirectory(prefix="bylaw-", ignore_cleanup_errors=True) as folder:
        return _differing(before, after, _index(after.root, Path(folder)))


def _differing(before: AtCommit, after: Checkout, index: Path) -> tuple[FileChange, ...]:
    """The same, of a work tree with an index that git may write to."""
    configured = _configured(after.root)
    filters = [name for name in configured if name.startswith("filter.")]
    alone = {**revision.alone(after.root), **_without(filters), "GIT_INDEX_FILE": str(index)}

    def ask(*arguments: str) -> list[str]:
        answer = git.ask(f"--work-tree={after.root}", *arguments, folder=after.root, environment=alone)
        return os.fsdecode(answer).split("\0")[:-1]

    if "core.sparsecheckout" in configured and any(line.startswith("S ") for line in ask("ls-files", "-z", "-t")):
        raise UndecidedError(
            f"the work tree {after.root} is sparse, so what the change leaves out cannot be told from what it removes; "
            "run git sparse-checkout disable"
        )
    gone: set[str] = set()
    come: set[str] = set()
    edited: set[str] = set()
    renamed: dict[str, str] = {}
    fields = iter(ask(*_DIFF, before.commit, "--"))
    for about in fields:
        status, path = about.rpartition(" ")[2][:1], next(fields)
        if status == "R":
            renamed[next(fields)] = path
        else:
            {"A": come, "D": gone}.get(status, edited).add(path)
    untracked = {path for path in ask(*_OTHERS) if not path.endswith("/")}  # but for repositories of their own
    for new, old in list(renamed.items()):
        if old in untracked:  # it was taken out of the index alone
            del renamed[new]
            come.add(new)
            gone.add(old)
    sizes = {path: before.entries[path].size for path in gone if not before.is_link(path)}
    for path in untracked & gone:
        if _digest(after, path, sizes.get(path), len(before.commit)) != before.entries[path].identity:
            edited.add(path)
    come |= untracked - gone
    gone -= untracked
    renamed |= _moved(
        {path: size for path, size in sizes.items() if path in gone},
        {path: _size(after.root / path) for path in (come if gone else ())},
        lambda path: before.entries[path].identity,
        lambda path: _digest(after, path, _size(after.root / path), len(before.commit)),
    )
    return _changes(gone, come, edited - gone, renamed)


def _index(root: Path, folder: Path) -> Path:
    """A copy of the index, since git writes to it what it learns while it looks for differences.

    The copy is as old as the index: git looks closely at files that are no older.
    """
    named = git.ask("rev-parse", "--git-path", "index", folder=root, environment=revision.alone(root))
    index = root / os.fsdecode(named.removesuffix(b"\n"))
    try:
        return Path(copy2(index, folder / "index")) if index.exists() else index
    except OSError as error:
        raise git.GitError(f"{index} cannot be copied ({error.strerror})") from None


def _configured(root: Path) -> list[str]:
    """The settings of git that make it run a filter, or look at part of the work tree."""
    try:
        listed = git.ask("config", "--name-only", "-z", "--get-regexp", _SETTINGS, folder=root)
    except git.GitError:  # there is none
        return []
    return sorted(set(os.fsdecode(listed).split("\0")[:-1]))


def _without(filters: list[str]) -> dict[str, str]:
    """The variables by which git runs none of the filters that are configured."""
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    told = {"GIT_CONFIG_COUNT": str(first + len(filters))}
    for number, name in enumerate(filters, first):
        told[f"GIT_CONFIG_KEY_{number}"] = name
        told[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
    return told


# -- on disk


class _About(NamedTuple):
    """What stands at a path: its type, and for a file its bytes or for a link where it leads."""

    kind: int
    size: int | None
    target: str | None


def _walk(root: Path) -> Iterator[tuple[str, _About]]:
    """All that stands below a folder and is no folder, but for git's own.

    Raises:
        UsageError: a folder cannot be looked into.
    """
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            with os.scandir(root / prefix) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.name == ".git":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(f"{path}/")
                        continue
                    kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
                    size = entry.stat(follow_symlinks=False).st_size if kind == stat.S_IFREG else None
                    yield path, _About(kind, size, str(Path(entry).readlink()) if kind == stat.S_IFLNK else None)
        except OSError as error:
            raise UsageError(f"{root / prefix}: cannot be looked into ({error.strerror})") from None


def _size(path: Path) -> int | None:
    """The bytes of a file; None: it is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _digest(checkout: Checkout, path: str, size: int | None, digits: int = 40) -> str | None:
    """What git calls the bytes of a file of that size; None: there is no such file."""
    if size is None or checkout.is_link(path):
        return None
    try:
        content = checkout.read(path, size)
    except UnreadableError:
        return None
    made = hashlib.new(_DIGESTS[digits], b"blob %d\0" % len(content), usedforsecurity=False)
    made.update(content)
    return made.hexdigest()


def _moved(
    gone: Mapping[str, int | None],
    come: Mapping[str, int | None],
    old: Callable[[str], str | None],
    new: Callable[[str], str | None],
) -> dict[str, str]:
    """Where the files that are gone stand now, with the same content: old paths by new ones.

    ``gone`` and ``come`` hold sizes; ``old`` and ``new`` tell what is the same. Empty files are not taken for moved.
    """
    sizes = ({*gone.values()} & {*come.values()}) - {0, None}
    waiting: dict[str, list[str]] = {}
    for path in sorted(gone):
        if gone[path] in sizes and (content := old(path)):
            waiting.setdefault(content, []).append(path)
    moved: dict[str, str] = {}
    for path in sorted(come):
        if come[path] in sizes and (same := waiting.get(new(path) or "")):
            moved[path] = same.pop(0)
    return moved


def _changes(
    gone: Iterable[str], come: Iterable[str], edited: Iterable[str], renamed: Mapping[str, str]
) -> tuple[FileChange, ...]:
    moved = set(renamed.values())
    changes = [
        *(FileChange(path, None) for path in gone if path not in moved),
        *(FileChange(None, path) for path in come if path not in renamed),
        *(FileChange(path, path) for path in edited),
        *(FileChange(old, new) for new, old in renamed.items()),
    ]
    return tuple(sorted(changes, key=lambda change: (change.path, change.before or "")))
