"""Catalog files of a checkout -> documents: found here, read in workers, and their Locations followed."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bylaw.errors import UsageError
from bylaw.sources import named, reading
from bylaw.sources.listing import Listing
from bylaw.sources.locations import Locations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bylaw.config import CatalogSettings
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
    overlay: Mapping[str, bytes] | None = None,
    folders: Sequence[str] = (),
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Files:
    """Read files, folders, globs and ``-`` (``stdin``), and what their Locations point to in the checkout.

    ``overlay`` holds texts that are read in place of those of files. ``folders`` are globs, from the root, of folders
    to be looked for. ``progress(done, total)`` is told of files. The documents come in no particular order.

    Raises:
        UsageError: a path that does not exist, lies outside the checkout, or holds no catalog files though others
            do; or more files than the limit.
    """
    checkout = replace(named.checkout(paths, root, stdin), overlay=overlay or {})
    listing = Listing(checkout.root)
    begin = named.find(paths, settings, checkout, listing)
    volume = reading.Volume(settings.limits.run_bytes)
    locations = Locations(checkout, listing, settings.limits)
    documents = [reading.unreadable(folder, "is a folder, expected a file") for folder in sorted(begin.folders)]
    pending, known = sorted(begin.files), set(begin.files)
    gc_was_on = gc.isenabled()
    gc.disable()  # everything read here stays; looking for garbage among it doubles the time
    try:
        while pending:
            if len(known) > settings.limits.files:
                raise UsageError(
                    f"{len(known):,} files to read, the limit is {settings.limits.files:,} "
                    "(catalog.limits.files); name a folder, or raise the limit"
                )
            before = len(known) - len(pending)
            fresh = reading.read(
                pending, checkout, settings.limits, jobs=jobs, before=before, volume=volume, progress=progress
            )
            targets: set[str] = set()
            for document in sorted(fresh, key=lambda each: each.order):
                followed, found = locations.follow(document)
                documents.append(followed)
                targets |= found
            pending = sorted(targets - known)
            known |= targets
    finally:
        if gc_was_on:
            gc.enable()
    named_folders = tuple(listing.inner(folders))
    return Files(tuple(documents), checkout, (*begin.notes, *listing.notes), named_folders)
