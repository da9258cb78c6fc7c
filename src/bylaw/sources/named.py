"""What the paths of a command line mean: the files to begin with."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.catalog.placeholders import UnreadableError
from bylaw.config import CatalogSettings
from bylaw.errors import UsageError
from bylaw.sources.checkout import STDIN, Checkout, is_folder
from bylaw.sources.globs import is_glob
from bylaw.sources.listing import split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from bylaw.sources.listing import Listing

_LOOKS_LIKE_ENTITIES = re.compile(rb"^(?:\xef\xbb\xbf)?apiVersion:[ \t]*['\"]?[\w.-]*\bbackstage\.io/", re.MULTILINE)
_YAML_NAMES = ("**/*.yaml", "**/*.yml")


@dataclass(frozen=True, slots=True)
class Named:
    """The files that paths mean, the folders that have the name of one, and what the reader should know."""

    files: frozenset[str]
    folders: frozenset[str]
    notes: tuple[str, ...]


def checkout(paths: Sequence[str], root: Path | None = None, stdin: bytes | None = None) -> Checkout:
    """The checkout that the paths are about: ``root``, or what the first path belongs to.

    Raises:
        UsageError: ``root`` is no folder.
    """
    if root is not None:
        if not is_folder(root):
            raise UsageError(f"--root {root}: no such folder")
        return Checkout(root.resolve(), stdin)
    first = next((path for path in paths if path != STDIN), ".")
    return Checkout.around(Path(split(first)[0] or ".") if _is_pattern(first) else Path(first), stdin)


def find(
    paths: Sequence[str], settings: CatalogSettings, checkout: Checkout, listing: Listing, *, rooted: bool = False
) -> Named:
    """The files that files, folders, globs and ``-`` mean: from the current folder, or ``rooted`` in the checkout.

    Raises:
        UsageError: a path that does not exist, lies outside the checkout, or holds no catalog files though others
            do. Where none does there is nothing to read: that is for a rule to tell.
    """
    files: set[str] = set()
    folders: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for path in paths:
        if path == STDIN:
            files.add(STDIN)
            continue
        stands = _stands_rooted(path, checkout) if rooted else _stands_here(path)
        if stands is None and not is_glob(path):
            raise UsageError(f"{path}: no such file or folder")
        inside = _rooted(path, checkout) if rooted else _inside(path, checkout)
        if stands == "folder":
            folders[path] = inside
        elif stands == "file":
            files.add(inside)
        else:
            patterns[path] = inside
    listing.expect([*folders.values(), *(split(pattern)[0] for pattern in patterns.values())])
    odd: set[str] = set()
    notes: set[str] = set()
    empty: list[str] = []
    for path, folder in folders.items():
        found = listing.select(folder, settings.paths)
        named_so = listing.folders(folder, settings.paths)
        if not found and not named_so and settings.paths == CatalogSettings().paths:
            found = [each for each in listing.select(folder, _YAML_NAMES) if _holds_entities(each, settings, checkout)]
            notes.update([_instead(len(found))] if found else [])
        if not found and not named_so:
            empty.append(
                f"{path}: holds no catalog files (looked for {', '.join(settings.paths)}); "
                "name the files, or say where they are in catalog.paths of bylaw.yaml"
            )
        files.update(found)
        odd.update(named_so)
    for path, pattern in patterns.items():
        matched = listing.matching(pattern)
        if not matched:
            raise UsageError(f"{path}: matches no file; name a file or a folder")
        files.update(matched)
    if empty and (files or odd):
        raise UsageError("\n".join(empty))
    notes.update(empty)
    return Named(frozenset(files - odd), frozenset(odd), tuple(sorted(notes)))  # git may list what is now a folder


def _stands_here(path: str) -> Literal["file", "folder"] | None:
    if is_folder(path):
        return "folder"
    return "file" if os.path.lexists(path) else None


def _stands_rooted(path: str, checkout: Checkout) -> Literal["file", "folder"] | None:
    return checkout.stands(_rooted(path, checkout))


def _rooted(path: str, checkout: Checkout) -> str:
    """A path from the root, without steps that go back and forth."""
    try:
        return checkout.beside("", path)
    except UnreadableError as error:
        raise UsageError(f"{path}: {error}") from None


def _is_pattern(path: str) -> bool:
    return is_glob(path) and not os.path.lexists(path)


def _inside(path: str, checkout: Checkout) -> str:
    """The path relative to the checkout's root. A link keeps its own name: reading decides where it leads."""
    whole = Path(os.path.abspath(path)).as_posix()  # noqa: PTH100  (resolve() would follow the link)
    if is_folder(whole):
        folder, rest = whole, ""
    else:
        folder, rest = split(whole) if _is_pattern(whole) else os.path.split(whole)
    resolved = Path(os.path.realpath(folder), rest)
    if not resolved.is_relative_to(checkout.root):
        raise UsageError(
            f"{path}: lies outside the checkout {checkout.root}; "
            "run bylaw for each of them, or name a --root around both"
        )
    inside = resolved.relative_to(checkout.root).as_posix()
    return "" if inside == "." else inside


def _holds_entities(path: str, settings: CatalogSettings, checkout: Checkout) -> bool:
    try:
        return _LOOKS_LIKE_ENTITIES.search(checkout.read(path, settings.limits.file_bytes)) is not None
    except UnreadableError:
        return False


def _instead(count: int) -> str:
    what = "1 YAML file that holds" if count == 1 else f"{count} YAML files that hold"
    return (
        f"no catalog-info.yaml here: read {what} Backstage entities instead (say which in catalog.paths of bylaw.yaml)"
    )
