"""Which commit a name means, and from which one a change started. Nothing is checked out or fetched."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.errors import UndecidedError, UsageError
from bylaw.model import did_you_mean
from bylaw.sources import git
from bylaw.sources.checkout import work_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BRANCH = re.compile(r"(?!refs/|.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")  # as git-check-ref-format
_ID = r"[0-9a-fA-F]{40,64}"
_SPECIAL = re.compile(rf"@|[A-Z_]*HEAD|{_ID}")  # what git takes for something else than a branch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 12  # digits of an id
_HEADS, _ORIGIN, _REMOTES, _TAGS = "refs/heads/", "refs/remotes/origin/", "refs/remotes/", "refs/tags/"
_NAME = re.compile(r"[\w./-]+")  # of a branch, a tag or a commit; `main~1` says more than a name


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, what the user called it, and the work tree in whose repository it is.

    ``branch`` is the short name of the branch that was meant, where it was one.
    """

    name: str
    commit: str
    root: Path
    branch: str | None = None

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git says of it.

        Raises:
            UsageError: git fails.
        """
        try:
            return git.ask(*arguments, folder=self.root, stdin=stdin, environment=alone(self.root))
        except git.GitError as error:
            partial = "; this clone is partial: fetch without --filter" if "promisor" in str(error) else ""
            raise UsageError(f"--base {self.name}: {str(error) or 'git failed'}{partial}") from None


def find(name: str, folder: Path) -> Revision:
    """The commit that a branch, a tag or an id names in the repository around a folder.

    Raises:
        UsageError: there is no repository, or no such commit in it; the message says how to fetch it.
    """
    _check(name)
    root = work_tree(Path(os.path.realpath(folder)))
    if root is None:
        raise UsageError(f"--base {name}: {folder} is in no git work tree; name a settings file with --before instead")
    try:
        found = git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", folder=root, environment=alone(root))
    except git.GitError as error:
        raise UsageError(f"--base {name}: {str(error) or _missing(name, root)}") from None
    return Revision(name, found.decode().strip(), root)


def merge_base(name: str | None, folder: Path, environment: Mapping[str, str]) -> Revision:
    """The commit from which HEAD and a target branch part; without a name, the branch that CI says or ``origin`` has.

    A branch goes by its own name, or where there is none by that of ``origin``: clones made by CI have no other.

    Raises:
        UsageError: the folder is in no work tree, HEAD is no commit, the name is wrong, or nothing is named or known.
        UndecidedError: git fails, or this clone does not hold what it takes; the message says what to fetch.
    """
    if name is not None:
        _check(name)
    root = work_tree(Path(os.path.realpath(folder)))
    if root is None:
        raise UsageError(f"{folder} is in no git work tree: a change is one against a branch")
    repository = _Repository(root, environment)
    if name is not None:
        return repository.part(*repository.named(name))
    return repository.part(*(repository.of_ci() or repository.usual()))


class _Repository:
    """A repository whose merge base is looked for."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root, self._environment = root, environment
        try:
            self._is_shallow = self._ask("rev-parse", "--is-shallow-repository") == "true"
        except git.GitError as error:
            raise UndecidedError(str(error) or "git failed") from None
        head = self._commit("HEAD")
        if head is None:
            raise UsageError("HEAD is no commit yet: commit something, so that there is a change to judge")
        self._head: str = head

    def named(self, name: str) -> tuple[str, str | None, list[str]]:
        """What the commit is called, of which branch it is, and its id."""
        refs = self._refs((_HEADS, _REMOTES, _ORIGIN, _TAGS), name)
        tag = refs.pop(f"{_TAGS}{name}", None)
        branch = next(iter(refs), None)
        if branch is None:
            found = tag or self._commit(name)
            if found is None:
                raise self._lacking(f"--base {name}: {_missing(name, self._root)}", None)
            full = self._quietly("rev-parse", "--symbolic-full-name", name) or ""
            return name, None if _SPECIAL.fullmatch(name) else _branch(full), [found]
        if tag not in {None, refs[branch]}:
            raise self._lacking(f"--base {name}: is a tag and a branch; say {_TAGS}{name} or {branch}", None)
        return _short(branch), _branch(branch), [refs[branch]]

    def of_ci(self) -> tuple[str, str | None, list[str]] | None:
        """The same of the branch that the merge request goes to. None: CI says of none."""
        for variable, commits in (
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", _GITLAB_COMMITS),
            ("GITHUB_BASE_REF", ()),
        ):
            name = self._environment.get(variable)
            if not name:
                continue
            refs = self._refs((_ORIGIN, _HEADS), name)
            said = [each for each in map(self._environment.get, commits) if each and re.fullmatch(_ID, each)]
            known = [found for found in map(self._commit, said) if found]
            if not refs and not known:
                told = f"{variable} says that this goes to {name}, and this clone does not have that"
                raise self._lacking(told, name, in_ci=True)
            branch = next(iter(refs), None)
            # A clone that is used again may hold an old state of the branch: git takes the latest of all of them.
            return _short(branch) if branch else name, name, [*list(refs.values())[:1], *known]
        return None

    def usual(self) -> tuple[str, str | None, list[str]]:
        """The same of the branch that ``origin`` has by default, or that is called as everywhere."""
        commit = self._commit(f"{_ORIGIN}HEAD")
        if commit is not None:
            leads = self._quietly("symbolic-ref", "--quiet", f"{_ORIGIN}HEAD") or f"{_ORIGIN}HEAD"
            return _short(leads), _branch(leads), [commit]
        found = [refs for name in ("main", "master") if (refs := self._refs((_HEADS, _ORIGIN), name))]
        if len(found) != 1:
            there = "both main and master are there" if found else "there is neither origin/HEAD nor main nor master"
            raise UsageError(f"which branch does this change go to? {there}: name it, such as --base main")
        branch, commit = next(iter(found[0].items()))
        return _short(branch), _branch(branch), [commit]

    def part(self, name: str, branch: str | None, commits: list[str]) -> Revision:
        """Where HEAD and the commits part.

        Raises:
            UndecidedError: this clone does not reach so far back.
            UsageError: nowhere.
        """
        try:
            found = self._ask("merge-base", self._head, *commits)
        except git.GitError as error:
            if str(error):
                raise UndecidedError(f"{name}: {error}") from None
            told = f"{name} and HEAD have no commit in common"
            if self._is_shallow:
                raise self._lacking(f"{told} in this clone, which is shallow", branch) from None
            raise UsageError(f"{told}: their histories are unrelated; name another --base") from None
        return Revision(f"{name} (merge base {found[:_SHOWN]})", found, self._root, branch)

    def _lacking(self, told: str, branch: str | None, *, in_ci: bool = False) -> UsageError | UndecidedError:
        """That something is not there: a mistake of the user, unless the clone or CI is to blame."""
        in_ci = in_ci or bool(self._environment.get("CI"))
        if branch is not None:
            deeper = "--unshallow " if self._is_shallow else ""
            refspec = shlex.quote(f"+{_HEADS}{branch}:{_ORIGIN}{branch}")
            told += f"; to fetch it: git fetch {deeper}origin {refspec}"
        elif self._is_shallow and "git fetch" not in told:
            told += "; to fetch all there is: git fetch --unshallow"
        if self._is_shallow:
            told += " (in GitLab CI set GIT_DEPTH: 0, in GitHub Actions give actions/checkout fetch-depth: 0)"
        return UndecidedError(told) if in_ci or self._is_shallow else UsageError(told)

    def _refs(self, places: Iterable[str], name: str) -> dict[str, str]:
        """The commits of the refs of that name, in the order of the places."""
        if not _BRANCH.fullmatch(name) or _SPECIAL.fullmatch(name):
            return {}
        wanted = [f"{each}{name}" for each in places]
        listed = self._quietly("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", *wanted) or ""
        known = {fields[0]: fields[-1] for fields in map(str.split, listed.splitlines()) if fields}
        return {each: known[each] for each in wanted if each in known}

    def _commit(self, name: str) -> str | None:
        return self._quietly("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def _quietly(self, *arguments: str) -> str | None:
        """What git says; None: that there is no such thing."""
        try:
            return self._ask(*arguments)
        except git.GitError:
            return None

    def _ask(self, *arguments: str) -> str:
        return os.fsdecode(git.ask(*arguments, folder=self._root, environment=alone(self._root))).strip()


_GITLAB_COMMITS = ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA")


def _check(name: str) -> None:
    """See that a name cannot be taken for an option, and shows as it is.

    Raises:
        UsageError: it could.
    """
    if not name or name.startswith("-") or _CONTROL.search(name):
        raise UsageError(f'--base "{name}": expected a branch, a tag or a commit')


def _short(ref: str) -> str:
    return ref.removeprefix(_HEADS).removeprefix(_REMOTES)


def _branch(ref: str) -> str | None:
    """The branch of a ref, as the remote calls it."""
    if ref.startswith(_HEADS):
        return ref.removeprefix(_HEADS)
    name = ref.removeprefix(_REMOTES).partition("/")[2] if ref.startswith(_REMOTES) else ""
    return None if name in {"", "HEAD"} else name


def alone(root: Path) -> dict[str, str]:
    """Only the repository of that very folder answers, and with what was committed."""
    return {"GIT_CEILING_DIRECTORIES": str(root.parent), "GIT_NO_REPLACE_OBJECTS": "1"}


def _missing(name: str, root: Path) -> str:
    """That the repository has no such commit, and what to do about it."""

    def ask(*arguments: str) -> str:
        return os.fsdecode(git.ask(*arguments, folder=root, environment=alone(root)))

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
