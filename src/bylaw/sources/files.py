"""Catalog files of a checkout -> documents: found here, read in workers, and their Locations followed."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bylaw.errors import UsageError
from bylaw.sources import named, reading
from bylaw.sources.listing import Listing
from bylaw.sources.locations import Locations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bylaw.config import CatalogSettings, LimitSettings
    from bylaw.model import Document
    from bylaw.sources.checkout import Checkout


@dataclass(frozen=True, slots=True)
class Files:
    """What was read: the documents, in which checkout, and what the reader should know of the reading."""

    documents: tuple[Document, ...]
    checkout: Checkout
    notes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """The folders that were asked for."""


def read(
    paths: Sequence[str],
    settings: CatalogSettings,
    *,
    root: Path | None = None,
    stdin: bytes | None = None,
    checkout: Checkout | None = None,
    overlay: Mapping[str, bytes] | None = None,
    folders: Sequence[str] = (),
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Files:
    """Read files, folders, globs and ``-`` (``stdin``), and what their Locations point to in the checkout.

    Where a ``checkout`` is given, such as that of a commit, it is read, and the paths count from its root: neither the
    current folder nor ``root`` and ``stdin`` matter then. ``overlay`` holds texts that are read in place of those of
    files. ``folders`` are globs, from the root, of folders to be looked for. ``progress(done, total)`` is told of
    files. The documents come in no particular order.

    Raises:
        UsageError: a path that does not exist, lies outside the checkout, or holds no catalog files though others
            do; or more files than the limit.
    """
    rooted = checkout is not None
    checkout = checkout or named.checkout(paths, root, stdin)
    if overlay is not None:
        checkout = replace(checkout, overlay=overlay)
    listing = Listing(checkout.root, checkout.files())
    begin = named.find(paths, settings, checkout, listing, rooted=rooted)
    documents = [reading.unreadable(folder, "is a folder, expected a file") for folder in sorted(begin.folders)]
    with _quick():
        for fresh in _rounds(begin.files, checkout, listing, settings.limits, jobs=jobs, progress=progress):
            documents.extend(fresh)
    named_folders = tuple(listing.inner(folders))
    return Files(tuple(documents), checkout, (*begin.notes, *listing.notes), named_folders)


def only(
    files: Iterable[str],
    settings: CatalogSettings,
    checkout: Checkout,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Files:
    """Read these very files, by their paths from the root: as ``read`` does, but not what their Locations point to.

    Raises:
        UsageError: more files than the limit, or more bytes.
    """
    listing = Listing(checkout.root, checkout.files())
    with _quick():
        documents = next(_rounds(files, checkout, listing, settings.limits, jobs=jobs, progress=progress), [])
    return Files(tuple(documents), checkout, tuple(listing.notes))


def bounded(count: int, settings: LimitSettings) -> None:
    """See that there are not too many files.

    Raises:
        UsageError: there are.
    """
    if count > settings.files:
        raise UsageError(
            f"{count:,} files to read, the limit is {settings.files:,} "
            "(catalog.limits.files); name a folder, or raise the limit"
        )


def _rounds(
    files: Iterable[str],
    checkout: Checkout,
    listing: Listing,
    settings: LimitSettings,
    *,
    jobs: int | None,
    progress: Callable[[int, int], None],
) -> Iterator[list[Document]]:
    """The documents of files, then those of the files that their Locations point to, and so on."""
    volume, locations = reading.Volume(settings.run_bytes), Locations(checkout, listing, settings)
    known = set(files)
    pending = sorted(known)
    while pending:
        bounded(len(known), settings)
        before = len(known) - len(pending)
        fresh = reading.read(pending, checkout, settings, jobs=jobs, before=before, volume=volume, progress=progress)
        documents: list[Document] = []
        targets: set[str] = set()
        for document in sorted(fresh, key=lambda each: each.order):
            followed, found = locations.follow(document)
            documents.append(followed)
            targets |= found
        yield documents
        pending = sorted(targets - known)
        known |= targets


@contextmanager
def _quick() -> Iterator[None]:
    """Everything read here stays: looking for garbage among it would double the time."""
    gc_was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc_was_on:
            gc.enable()
