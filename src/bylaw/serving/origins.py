"""Where the catalog of a server comes from: files, a branch, a snapshot, a Backstage, another server."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import pipeline
from bylaw.catalog import Kinds
from bylaw.errors import BylawError, ConfigError
from bylaw.serving.recipe import RefreshError
from bylaw.sources import commit, files, git, named, places, revision, snapshot, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bylaw.catalog import Catalog
    from bylaw.config import Settings
    from bylaw.serving.recipe import Recipe
    from bylaw.sources.snapshot import Snapshot

_JUST_NOW = 2 * 10**9  # nanoseconds within which a file may change twice and show the same time
_MOST_STAMPED = 300_000  # files that are looked at to see whether any has changed


@dataclass(frozen=True, slots=True)
class Origin:
    """A source, and what is known before all of it is read."""

    name: str
    """In words."""
    made: datetime
    """When what it has was read, if that is not now."""
    read: Callable[[], Catalog]
    stamp: str = ""
    """Stays as long as the catalog does; empty: only reading it tells."""
    root: Path | None = None
    """The checkout that paths count from."""
    repository: str | None = None
    commit: str | None = None
    told: str = "files of a checkout"
    """What a snapshot says of where it was made of."""
    file: Path | None = None
    """A snapshot that holds the very same."""


def find(recipe: Recipe, settings: Settings, environment: Mapping[str, str]) -> Origin:
    """The source that a recipe and the settings mean; what is elsewhere has been fetched then.

    Raises:
        RefreshError: it cannot be had.
        ConfigError: the settings say what cannot be.
    """
    base = settings.catalog.base
    if recipe.snapshot is not None:
        found = snapshot.open_snapshot(Path(recipe.snapshot))
        name = surroundings.called(base) if is_remote(recipe, settings) else None
        return _of_snapshot(found, name or found.source, settings)
    if is_remote(recipe, settings):
        return _of_base(recipe, settings, environment)
    if not recipe.paths and base.git is not None:
        return _of_branch(base.git, recipe, settings, environment)
    return _of_files(recipe, settings, environment)


def is_remote(recipe: Recipe, settings: Settings) -> bool:
    """Whether the catalog comes from elsewhere, and not from files of this machine."""
    return not recipe.paths and surroundings.called(settings.catalog.base) is not None


def _of_base(recipe: Recipe, settings: Settings, environment: Mapping[str, str]) -> Origin:
    base = settings.catalog.base
    name = surroundings.called(base) or ""
    try:
        found = surroundings.find(
            base,
            settings,
            repository=None,
            branch=None,
            root=Path.cwd(),
            is_proposed=lambda path: False,
            environment={"BYLAW_CACHE": recipe.folder, **environment},
        )
    except BylawError as error:
        raise RefreshError(f"{name}: {error}", error.exit_code) from None
    if found is None:
        raise RefreshError(f"{name}: is no base")
    origin = _of_snapshot(found.snapshot, name, settings)
    # a server knows itself whether what it gives still holds; its file says when that last changed
    return replace(origin, made=datetime.now(UTC)) if base.bylaw is not None else origin


def _of_snapshot(found: Snapshot, name: str, settings: Settings) -> Origin:
    def read() -> Catalog:
        with found:
            return found.catalog(Kinds.of(settings.catalog))

    return Origin(
        name,
        found.made,
        read,
        stamp=found.digest,
        repository=found.repository,
        commit=found.commit,
        told=found.source,
        file=found.path,
    )


def _of_branch(branch: str, recipe: Recipe, settings: Settings, environment: Mapping[str, str]) -> Origin:
    """The files of a branch as they were committed last."""
    now = datetime.now(UTC)
    try:
        found = revision.find(branch, Path(recipe.root or "."))
    except BylawError as error:
        raise RefreshError(str(error).replace("--base", "catalog.base.git", 1), error.exit_code) from None

    def read() -> Catalog:
        folders = pipeline.folders(settings)
        read = files.read(["."], settings.catalog, checkout=commit.at(found), folders=folders, jobs=recipe.jobs)
        return catalogs.build(
            read.documents,
            Kinds.of(settings.catalog),
            settings.catalog.complete,
            notes=read.notes,  # and no root: what lies on the disk there may be another branch
            folders=read.folders,
        )

    repository = _repository(settings, found.root, environment)
    return Origin(f"branch {branch}", now, read, found.commit, None, repository, found.commit)


def _of_files(recipe: Recipe, settings: Settings, environment: Mapping[str, str]) -> Origin:
    now = datetime.now(UTC)
    paths = list(recipe.paths or (".",))
    root = named.checkout(paths, Path(recipe.root) if recipe.root else None).root
    return Origin(
        f"the files at {', '.join(paths)}".encode("utf-8", "backslashreplace").decode(),
        now,
        partial(pipeline.read, paths, settings=settings, root=recipe.root, jobs=recipe.jobs),
        _stamp(root),
        root,
        _repository(settings, root, environment),
        _commit(root),
    )


def _stamp(root: Path) -> str:
    """Of all files of a checkout, by their times and sizes; empty where these do not tell whether one has changed."""
    total = hashlib.sha256(os.fsencode(root))
    latest = time.time_ns() - _JUST_NOW
    count = 0
    try:
        for folder, folders, names in os.walk(root, onerror=_raised):
            folders[:] = sorted(set(folders) - {".git"})
            count += len(names)
            for name in (*folders, *sorted(names)):
                at = os.lstat(os.path.join(folder, name))  # noqa: PTH118  (of very many)
                if count > _MOST_STAMPED or at.st_ctime_ns > latest or at.st_mtime_ns > latest:
                    return ""
                told = (at.st_mode, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
                total.update(os.fsencode(folder) + b"\0" + os.fsencode(name) + repr(told).encode())
    except OSError:
        return ""
    return total.hexdigest()


def _raised(error: OSError) -> None:
    raise error


def _repository(settings: Settings, root: Path, environment: Mapping[str, str]) -> str | None:
    """The repository that the files are in, by what is said of it or can be known.

    Raises:
        ConfigError: what is said names none.
    """
    said = settings.catalog.repository
    if said is None:
        return places.of_checkout(root, environment)
    found = places.repository(said)
    if found is None:
        raise ConfigError(
            f"catalog.repository: {places.without_credentials(said)} names no repository; expected an address such as "
            "https://gitlab.example.com/shop/orders"
        )
    return found


def _commit(root: Path) -> str | None:
    """The commit that is checked out, where one is."""
    try:
        said = git.ask("rev-parse", "--verify", "--quiet", "HEAD", folder=root, environment=revision.alone(root))
    except git.GitError:
        return None
    return said.decode("ascii", "replace").strip()
