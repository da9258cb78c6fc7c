"""The catalog around a repository: a snapshot in which this repository's own files are known by their paths here."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from bylaw.catalog import Kinds, build
from bylaw.errors import ConfigError, UndecidedError
from bylaw.sources import places
from bylaw.sources.snapshot import kinds_digest, open_snapshot, write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from bylaw.catalog import Catalog
    from bylaw.config import BaseSettings, RemoteSetting, Settings
    from bylaw.model import Document, Entity, EntityRef
    from bylaw.sources.snapshot import Snapshot

_ROUTE = "/v1/snapshot"  # of a server of ours (DESIGN 5.7)


class ProposedError(UndecidedError):
    """What should be the base is something that the change itself brings."""


class Surroundings:
    """A snapshot as one repository sees it. What it answers is what the snapshot answers.

    ``repository`` and ``branch`` are those of the checkout at ``root``: documents of its files have their paths, and
    all others have an address and no path.
    """

    def __init__(
        self, snapshot: Snapshot, name: str, *, repository: str | None, branch: str | None, root: Path | None
    ) -> None:
        self.snapshot, self.name = snapshot, name
        self.complete, self.completeness, self.bearing = snapshot.complete, snapshot.completeness, snapshot.bearing
        self._repository, self._root = repository, root
        self._branches = dict.fromkeys((branch, None))  # what is registered from another branch is of the same files
        self._is_ours = snapshot.repository == (places.repository(repository) if repository else None)

    def close(self) -> None:
        """Nothing can be asked any more."""
        self.snapshot.close()

    def entities(self, refs: Iterable[str]) -> dict[str, Entity]:
        found = self.snapshot.entities(refs)
        return {key: replace(entity, document=self._seen(entity.document)) for key, entity in found.items()}

    def borne(self, refs: Iterable[str]) -> set[str]:
        return self.snapshot.borne(refs)

    def duplicates(self, refs: Iterable[str]) -> dict[str, tuple[Document, ...]]:
        return {key: tuple(map(self._seen, found)) for key, found in self.snapshot.duplicates(refs).items()}

    def edges(
        self, refs: Iterable[str], relations: Collection[str] | None = None
    ) -> Iterator[tuple[str, str, str, str]]:
        return self.snapshot.edges(refs, relations)

    def annotated(self, key: str) -> Iterator[tuple[str, str]]:
        return self.snapshot.annotated(key)

    def refs(self, kinds: Iterable[str] | None = None) -> Iterator[EntityRef]:
        return self.snapshot.refs(kinds)

    def catalog(self, kinds: Kinds) -> Catalog:
        found = self.snapshot.catalog(kinds)
        made = build(map(self._seen, found.documents), kinds, found.complete)
        return replace(made, completeness=found.completeness)

    def located(self, files: Iterable[str]) -> list[Document]:
        """The documents of some files of this repository."""
        wanted = list(files)
        found = {
            (each.url, each.path, each.index): each
            for branch in self._branches
            for each in self.snapshot.located(wanted, self._repository, branch=branch, root=self._root)
        }
        return list(map(self._seen, found.values()))

    def files(self) -> tuple[str, ...]:
        """The files of this repository that hold documents."""
        found = (self.snapshot.files(self._repository, branch=branch, root=self._root) for branch in self._branches)
        return tuple(sorted(set(chain.from_iterable(found))))

    @property
    def has_ours(self) -> bool:
        """Whether any file of this repository is in it, on any branch: then those of others are not ours."""
        return bool(self.snapshot.files(self._repository, root=self._root))

    def _seen(self, document: Document) -> Document:
        if document.url is not None:
            found = (places.path_in(document.url, self._repository, each, self._root) for each in self._branches)
            inside = next(filter(None, found), None)
            return replace(document, path=inside) if inside else document
        if document.path is None or self._is_ours:
            return document
        home = self.snapshot.repository or self.snapshot.source
        return replace(document, path=None, url=f"{home}/{document.path}")


def called(base: BaseSettings) -> str | None:
    """What ``catalog.base`` names, in words; None where it names nothing but git."""
    if base.snapshot is not None:
        return places.without_credentials(f"snapshot {base.snapshot}")
    if base.bylaw is not None:
        return places.without_credentials(f"the server {base.bylaw if isinstance(base.bylaw, str) else base.bylaw.url}")
    return places.without_credentials(f"Backstage {base.backstage.url}") if base.backstage is not None else None


def find(
    base: BaseSettings,
    settings: Settings,
    *,
    repository: str | None,
    branch: str | None,
    root: Path,
    is_proposed: Callable[[Path], bool],
    environment: Mapping[str, str],
    progress: Callable[[int], None] = lambda done: None,
) -> Surroundings | None:
    """The catalog that ``catalog.base`` names, fetched if it is elsewhere; None where it names none but git.

    ``is_proposed`` says whether a file is one that the change itself brings: that is no base for it.

    Raises:
        ConfigError: an address or a token that is none.
        UndecidedError: it cannot be had, or its relations were found by other kinds than these settings have.
    """
    name = called(base)
    if name is None:
        return None
    if base.backstage is not None:
        path = _backstage(base.backstage, settings, environment, progress)
    elif base.bylaw is not None:
        url, token_env = (base.bylaw, base.token_env) if isinstance(base.bylaw, str) else _remote(base.bylaw)
        path = _snapshot(f"{url.rstrip('/')}{_ROUTE}", token_env, environment)
    else:
        path = _snapshot(base.snapshot or "", base.token_env, environment)
    if is_proposed(path) or is_proposed(_mark(path)):
        raise ProposedError(f"{path}: the change itself brings this snapshot, so it is no base for it")
    snapshot = open_snapshot(path)
    if snapshot.kinds_digest != kinds_digest(Kinds.of(settings.catalog)):
        raise UndecidedError(
            f"{name}: was made with other kinds than catalog.kinds and catalog.ai_model of bylaw.yaml say; make it anew"
        )
    told = f"{name} of {snapshot.made:%Y-%m-%d %H:%M} UTC, {snapshot.count:,} entities"
    return Surroundings(snapshot, told, repository=repository, branch=branch, root=root)


def cache(environment: Mapping[str, str]) -> Path:
    """The folder in which what was fetched is kept for the next run; a new one where none can be written."""
    home = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", ""), ".cache")
    folder = Path(environment.get("BYLAW_CACHE") or Path(home, "bylaw"))
    if folder.is_absolute():  # with an empty HOME it would lie in the checkout, which a change may have filled
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK):
                return folder
    return Path(mkdtemp(prefix="bylaw-"))


def _remote(setting: RemoteSetting) -> tuple[str, str | None]:
    return setting.url, setting.token_env


def token(name: str | None, environment: Mapping[str, str]) -> str | None:
    """The token in a variable.

    Raises:
        UndecidedError: there is no such variable.
    """
    if name is None:
        return None
    said = environment.get(name)
    if not said:
        raise UndecidedError(
            f"the token for the base is not there: {name} is not set; CI may keep it from forks and from branches that "
            "are not protected"
        )
    return said


def _kept(environment: Mapping[str, str], *parts: str) -> Path:
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return cache(environment) / f"{name}.snapshot"


def _mark(path: Path) -> Path:
    """Where the etag of a snapshot that was fetched is kept."""
    return Path(f"{path}.etag")


def _snapshot(said: str, token_env: str | None, environment: Mapping[str, str]) -> Path:
    """Where a snapshot lies on this machine, fetched anew if it is elsewhere and has changed."""
    if "://" not in said:
        return Path(said)
    from bylaw.sources import web

    path = _kept(environment, said)
    mark = _mark(path)
    etag = mark.read_text() if mark.is_file() and path.is_file() else None
    answer = web.download(said, path, etag=etag, token=token(token_env, environment))
    if answer.changed:
        mark.write_text(answer.etag or "")
    return path


def _backstage(
    setting: RemoteSetting, settings: Settings, environment: Mapping[str, str], progress: Callable[[int], None]
) -> Path:
    """A snapshot of a Backstage as it is now; of what has not changed since the last one nothing is fetched."""
    from bylaw.sources import backstage

    kinds = Kinds.of(settings.catalog)
    path = _kept(environment, setting.url, setting.token_env or "", kinds_digest(kinds))
    known = None
    if path.is_file():
        with suppress(UndecidedError), open_snapshot(path) as last:
            etags = last.etags()
            entities = last.catalog(kinds).entities
            known = {key: (etags[key], entity.document) for key, entity in entities.items() if key in etags}
    token = environment.get(setting.token_env) if setting.token_env else None
    found = backstage.read(setting, token, known=known, progress=progress)
    complete = settings.catalog.complete
    made = build(found.documents, kinds, True if complete == "auto" else complete)
    write(
        path,
        replace(made, completeness="it is all that Backstage has") if complete == "auto" else made,
        repository=None,
        commit=None,
        made=datetime.now(UTC),
        source=setting.url,
        etags=found.etags,
    )
    return path


def named(base: BaseSettings, folder: Path) -> BaseSettings:
    """The same base, the path of a snapshot counting from a folder."""
    if base.snapshot is None or "://" in base.snapshot:
        return base
    if "\0" in base.snapshot:
        raise ConfigError("catalog.base.snapshot: holds a NUL character")
    return replace(base, snapshot=str(folder / base.snapshot))
