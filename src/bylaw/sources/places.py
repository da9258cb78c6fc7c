"""Which repository an address means, and which file of it: how Backstage says where an entity stands.

Nothing is fetched or looked up. Each forge writes the address of a file in its own way: GitLab ``/-/blob/main/x``,
GitHub and Gitea ``/blob/main/x`` and ``/src/branch/main/x``, Bitbucket ``/src/main/x`` and ``/browse/x?at=main``, Azure
``?path=/x&version=GBmain``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REMOTE = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]{2,}):(?!//)(?P<path>.+)", re.DOTALL)  # git@host:group/name.git
_SCHEMES = frozenset({"http", "https", "ssh", "git", "git+ssh", "git+https", "git+http"})
_HOST = re.compile(r"[\w.-]+|\[[0-9a-f:.]+\]")
_NOT_GITLAB = frozenset({"github.com", "raw.githubusercontent.com", "bitbucket.org"})
_BITBUCKET_SERVER = re.compile(
    r"(?P<repository>(?:.*/)?(?:projects|users)/[^/]+/repos/[^/]+)/(?:browse|raw)/(?P<path>.+)"
)
_GITLAB = re.compile(r"(?P<repository>.+?)/-/(?:blob|tree|raw|edit|blame)/(?P<path>.+)")
_OTHERS = re.compile(r"(?P<repository>[^/]+(?:/[^/]+)+?)/(?:blob|tree|raw|edit|blame|src)/(?P<path>.+)")
_RAW = re.compile(r"(?P<repository>[^/]+/[^/]+)/(?P<path>.+)")  # raw.githubusercontent.com
_REVISIONS = frozenset({"branch", "tag", "commit"})  # Gitea says what it is
_HEADS = "refs/heads/"
DEFAULT = "HEAD"
"""What stands for a branch where an address leaves it to the repository."""
_NO_ADDRESS = re.compile(r"[\0-\x1f\x7f\ud800-\udfff]")
_CI = (("CI_PROJECT_DIR", ("CI_PROJECT_URL",)), ("GITHUB_WORKSPACE", ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")))


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder of a repository.

    ``branch`` is None where nobody can tell where it ends (``feature/x/catalog-info.yaml``): it begins ``path`` then.
    """

    repository: str
    branch: str | None
    path: str

    def on(self, branch: str | None) -> str | None:
        """The path on a branch; None where the place is on another.

        ``HEAD`` is on every branch that is asked for. Without a branch any will do, of one word where it begins the
        path.
        """
        if branch is None:
            return (self.path.partition("/")[2] or None) if self.branch is None else self.path
        if self.branch is not None:
            return self.path if self.branch in (branch, DEFAULT) else None
        begin = next((f"{each}/" for each in (branch, DEFAULT) if self.path.startswith(f"{each}/")), None)
        return self.path[len(begin) :] or None if begin else None


def repository(address: str) -> str | None:
    """The address of a repository in one form, ``https://host/group/name`` in lower case; None where it names none.

    No forge tells repositories apart by case. Credentials, the name of a user, the port of ssh and ``.git`` are left
    out, and a remote of git (``git@host:group/name.git``) means the same as the address that a browser shows.
    """
    parts = _split(address)
    return _repository(parts.netloc, _steps(parts.path)) if parts else None


def place(url: str) -> Place | None:
    """The repository, branch and path that the address of a file says; None where it is none of a repository."""
    parts = _split(url.removeprefix("url:"))
    if parts is None:
        return None
    host, path = parts.netloc, "/".join(_steps(parts.path))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if "_git" in path.split("/") and "path" in query:  # Azure; its versions are GBmain, GTv1, GC1a2b3c
        return _place(host, path, query["path"], query.get("version", DEFAULT).removeprefix("GB"))
    if found := _BITBUCKET_SERVER.fullmatch(path):
        return _place(host, found["repository"], unquote(found["path"]), query.get("at", DEFAULT))
    if host not in _NOT_GITLAB and (found := _GITLAB.fullmatch(path)):
        return _place(host, found["repository"], unquote(found["path"]))
    found = (_RAW if host == "raw.githubusercontent.com" else _OTHERS).fullmatch(path)
    if found is None:
        return None
    first, _, rest = found["path"].partition("/")
    says_what = first in _REVISIONS and host not in _NOT_GITLAB
    return _place(host, found["repository"], unquote(rest if says_what else found["path"]))


def path_in(url: str, repository: str | None, branch: str | None, root: str | Path | None) -> str | None:
    """The path, from its root, of a file of this repository; None where the address means none.

    ``url`` is what ``backstage.io/managed-by-location`` says, with or without ``url:``, or ``file:`` and a path, which
    counts if it is inside ``root``. ``repository`` and ``branch`` are as in ``repository`` and ``Place.on``.
    """
    if (path := of_machine(url)) is not None:
        inside = root is not None and path != str(root) and Path(path).is_relative_to(root)
        return Path(path).relative_to(root).as_posix() if root is not None and inside else None
    said = place(url)
    return said.on(branch) if said and _is_of(said, repository) else None


def of_machine(url: str) -> str | None:
    """The absolute path that ``file:`` and a path means on the machine of the Backstage; None of anything else."""
    path = url.removeprefix("file:")
    return os.path.normpath(f"/{path.lstrip('/')}") if url.startswith("file:/") and "\0" not in path else None


def without_credentials(url: str) -> str:
    """The address without the user and password that may stand in it; any other text as it is."""
    kind, colon, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{kind}{colon}{authority.rpartition('@')[2]}{slash}{path}" if "@" in authority else url


def of_checkout(root: Path, environment: Mapping[str, str]) -> str | None:
    """The repository that a checkout is of: what CI says of it, or its remote ``origin``; None where neither does."""
    from bylaw.sources import git

    for folder, names in _CI:
        said = [environment.get(name, "") for name in names]
        if environment.get(folder) and Path(os.path.realpath(environment[folder])) == root and all(said):
            return repository("/".join(said))
    only_there = {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    try:
        origin = git.ask("config", "--local", "--get", "remote.origin.url", folder=root, environment=only_there)
    except git.GitError:
        return None
    return repository(origin.decode("utf-8", "replace").strip())


def _is_of(said: Place, address: str | None) -> bool:
    return address is not None and said.repository == repository(address)


def _split(address: str) -> SplitResult | None:
    """The parts of an address of the web or of git, the host without credentials and needless port."""
    if _NO_ADDRESS.search(address):
        return None
    remote = _REMOTE.fullmatch(address)
    if remote and "://" not in address:
        address = f"ssh://{remote['host']}/{remote['path'].lstrip('/')}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in _SCHEMES or not _HOST.fullmatch(host):
        return None
    needless = {443, 80} if parts.scheme == "http" else {443}
    shown = f":{port}" if "http" in parts.scheme and port is not None and port not in needless else ""
    return SplitResult("https", f"{host}{shown}", parts.path, parts.query, "")


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]


def _repository(host: str, steps: Sequence[str]) -> str | None:
    """The address in its one form, of a host and the steps of a path as they are written."""
    said = _steps(unquote("/".join(steps)).lower())
    if "-" in said:
        said = said[: said.index("-")]
    said = _azure(host, said) if "_git" in said or host == "ssh.dev.azure.com" else _bitbucket(said)
    if not said or not {".", ".."}.isdisjoint(said) or any(map(_NO_ADDRESS.search, said)):
        return None
    said[-1] = said[-1].removesuffix(".git") or said[-1]
    if host == "raw.githubusercontent.com":
        host = "github.com"
    elif host == "ssh.dev.azure.com" or (host.endswith(".visualstudio.com") and "_git" in said):
        host = "dev.azure.com"
    return urlunsplit(("https", host, quote("/".join(said), safe="/~@:!$&'()*+,;="), "", ""))


def _azure(host: str, steps: list[str]) -> list[str]:
    """``organisation/project/_git/name``, which a remote of ssh and an older host say otherwise."""
    if host == "ssh.dev.azure.com":
        return [*steps[1:3], "_git", *steps[3:4]] if len(steps) == 4 else []
    if host.endswith(".visualstudio.com"):
        steps = [host.partition(".")[0], *(step for step in steps if step != "defaultcollection")]
    at = steps.index("_git")
    if len(steps) == at + 2 == 3:  # a project whose only repository has its name
        steps = [steps[0], steps[2], *steps[1:]]
        at += 1
    return steps[: at + 2] if len(steps) > at + 1 else []


def _bitbucket(steps: list[str]) -> list[str]:
    """``project/name``, before which git says ``scm`` and a browser ``projects/project/repos/name``."""
    if len(steps) > 2 and steps[-3] == "scm":
        return [*steps[:-3], *steps[-2:]]
    if len(steps) > 3 and steps[-2] == "repos" and steps[-4] in ("projects", "users"):
        owner = steps[-3] if steps[-4] == "projects" else f"~{steps[-3]}"
        return [*steps[:-4], owner, steps[-1]]
    return steps


def _place(host: str, repository: str, path: str, branch: str | None = None) -> Place | None:
    """A place, if there is such a repository and path; without a ``branch``, that begins the path."""
    named, found = _repository(host, _steps(repository)), _path(path)
    if named is None or found is None:
        return None
    if branch is None:
        return Place(named, None, found.removeprefix(_HEADS))
    return Place(named, branch.removeprefix(_HEADS), found)


def _path(path: str) -> str | None:
    """A path as bylaw writes it; None where it is none that a file of a repository can have."""
    steps = _steps(path)
    return "/".join(steps) if steps and {".", ".."}.isdisjoint(steps) and "\0" not in path else None
