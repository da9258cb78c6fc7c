"""What bylaw.yaml and its policies were at a commit: read from git's own store.

Nothing is checked out, so no filter, hook or submodule of the repository takes part, and nothing is fetched.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import config
from bylaw.errors import ConfigError, UsageError
from bylaw.model import did_you_mean
from bylaw.sources import git
from bylaw.sources.checkout import work_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bylaw.config import Settings

_MOST_FILES = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_LINK, _SUBMODULE = "120000", "160000"  # modes of a tree's entries
_RULES = (".rego", ".py")
_NAME = re.compile(r"[\w./-]+")  # of a branch, a tag or a commit; `main~1` says more than a name


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, what the user called it, and the work tree in whose repository it is."""

    name: str
    commit: str
    root: Path

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git says of it.

        Raises:
            UsageError: git fails.
        """
        try:
            return git.ask(*arguments, folder=self.root, stdin=stdin, environment=_alone(self.root))
        except git.GitError as error:
            partial = "; this clone is partial: fetch without --filter" if "promisor" in str(error) else ""
            raise UsageError(f"--base {self.name}: {str(error) or 'git failed'}{partial}") from None


def find(name: str, folder: Path) -> Revision:
    """The commit that a branch, a tag or an id names in the repository around a folder.

    Raises:
        UsageError: there is no repository, or no such commit in it; the message says how to fetch it.
    """
    if not name or name.startswith("-"):
        raise UsageError(f'--base "{name}": expected a branch, a tag or a commit')
    root = work_tree(Path(os.path.realpath(folder)))
    if root is None:
        raise UsageError(f"--base {name}: {folder} is in no git work tree; name a settings file with --before instead")
    try:
        found = git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", folder=root, environment=_alone(root))
    except git.GitError as error:
        raise UsageError(f"--base {name}: {str(error) or _missing(name, root)}") from None
    return Revision(name, found.decode().strip(), root)


def settings(revision: Revision, file: str, folder: Path) -> Settings | None:
    """What the settings file said at a revision, its policies being written below ``folder``.

    ``file`` counts from the root of the work tree. None: there was no such file.

    Raises:
        ConfigError: the file or its policies cannot be used.
        UsageError: git fails.
    """
    _write(revision, (file,), folder)
    if not (folder / file).exists():
        return None
    said = config.read(folder / file)
    paths = []
    for each in said.policies.paths:
        path = Path(os.path.normpath(each))
        if not path.is_relative_to(folder):
            raise ConfigError(
                f"policies.paths: {each.removeprefix(f'{(folder / file).parent}/')} leads out of the repository, so it "
                "is no part of a commit; name a settings file with --before instead"
            )
        paths.append(path)
    if paths:
        _write(revision, [each.relative_to(folder).as_posix() for each in paths], folder)
    return replace(said, policies=replace(said.policies, paths=tuple(map(str, paths))))


def _write(revision: Revision, paths: Sequence[str], folder: Path) -> None:
    """Write the files at and below some paths of a revision into a folder, those that are there already apart."""
    files = {path: said for path, said in _files(revision, paths).items() if not os.path.lexists(folder / path)}
    contents = _contents(revision, [identity for identity, _ in files.values()])
    for path, content in zip(files, contents, strict=True):
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written for the comparison ({error.strerror})") from None


def _files(revision: Revision, paths: Sequence[str]) -> Mapping[str, tuple[str, int]]:
    """The id and size of each file at and below some paths.

    Raises:
        ConfigError: among them is something that is no file and might hold rules, or they are too many.
    """
    named = [path for path in paths if path != "."]
    below = ["--", *named] if len(named) == len(paths) else []
    listed = revision.ask("ls-tree", "-r", "-z", "-l", "--full-tree", revision.commit, *below)
    files: dict[str, tuple[str, int]] = {}
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _, identity, size = about.decode().split()
        path = os.fsdecode(name)
        if not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise ConfigError(f"{path}: no file can have such a name")
        if mode == _SUBMODULE:
            raise ConfigError(f"{path}: is a submodule, which is not read; name a settings file with --before instead")
        if mode == _LINK:
            if path in paths or path.endswith(_RULES):
                raise ConfigError(
                    f"{path}: is a symbolic link, which is not followed; name a settings file with --before instead"
                )
        elif size.isdecimal():
            files[path] = (identity, int(size))
        else:
            raise ConfigError(f"{path}: is missing in this clone; clone it again")
    total = sum(size for _, size in files.values())
    if len(files) > _MOST_FILES or total > _MOST_BYTES:
        raise ConfigError(
            f"policies.paths: hold {len(files):,} files of {total:,} bytes, the limits are {_MOST_FILES:,} and "
            f"{_MOST_BYTES:,}; name narrower folders"
        )
    return files


def _contents(revision: Revision, identities: Sequence[str]) -> Iterator[bytes]:
    """The bytes of files, as they were committed."""
    if not identities:
        return
    said = revision.ask("cat-file", "--batch", stdin="".join(f"{each}\n" for each in identities).encode())
    start = 0
    for identity in identities:
        end = said.index(b"\n", start)
        told, kind, *size = said[start:end].decode().split()
        if (told, kind) != (identity, "blob"):
            raise UsageError(f"--base {revision.name}: git has no file {identity} ({kind})")
        start = end + 1 + int(size[0]) + 1
        yield said[end + 1 : start - 1]


def _alone(root: Path) -> dict[str, str]:
    """Only the repository of that very folder answers, and with what was committed."""
    return {"GIT_CEILING_DIRECTORIES": str(root.parent), "GIT_NO_REPLACE_OBJECTS": "1"}


def _missing(name: str, root: Path) -> str:
    """That the repository has no such commit, and what to do about it."""

    def ask(*arguments: str) -> str:
        return os.fsdecode(git.ask(*arguments, folder=root, environment=_alone(root)))

    try:
        known = ask("for-each-ref", "--format=%(refname:lstrip=2)").split()
        is_shallow = ask("rev-parse", "--is-shallow-repository").strip() == "true"
    except git.GitError:
        known, is_shallow = [], False
    elsewhere = next((each for each in known if each.endswith(f"/{name}")), None)
    hint = f" (did you mean {elsewhere}?)" if elsewhere else did_you_mean(name, known)
    where = "this clone, which is shallow, has" if is_shallow else "this repository has"
    if _NAME.fullmatch(name):
        fetch = f"git fetch {'--depth=1 ' if is_shallow else ''}origin {name.removeprefix('origin/')}"
        advice = f"; to fetch it: {fetch}, and then --base FETCH_HEAD"
    else:
        advice = "; to fetch all there is: git fetch --unshallow" if is_shallow else ""
    return f"{where} no such branch, tag or commit{hint}{advice}"
