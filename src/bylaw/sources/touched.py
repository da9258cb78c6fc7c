"""The catalog files whose documents may differ because of a change, found without parsing those that cannot.

A document comes from its file, and from what the file names: the targets of placeholders and of Locations, and the
documentation of TechDocs. Files that may hold a Location are parsed in both states and compared. Of the others the
bytes tell enough: what names a file holds the last step of its path, since ``\\x`` and the like, which could hide it,
make a file one of those that are parsed.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bylaw.catalog.placeholders import UnreadableError
from bylaw.sources import files, named, reading
from bylaw.sources.listing import Listing
from bylaw.sources.locations import Locations
from bylaw.sources.techdocs import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.config import CatalogSettings
    from bylaw.model import Document
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.proposed import Proposed

_WORD = re.compile(rb"[\w.+@=~-]+")  # ends where a step of a path does, or sooner; no style of YAML breaks one up
_HIDING = re.compile(rb"\\[xuU\r\n]")  # what may stand for a letter in double quotes
_ESCAPED = re.compile("[\x00-\x1f\x7f\x85\xa0\u2028\u2029\ufeff]")  # in a name: a letter may stand for it, as in \t
_PLACEHOLDER = re.compile(rb"\$(?:text|json|yaml)")
_OF_DEFINITION = re.compile(rb"^[ ]+definition:\s*+\{?\s*+[\"']?\$(?:text|json|yaml)", re.MULTILINE)
_TECHDOCS = re.compile(rb"techdocs-ref")
_TECHDOCS_PLAIN = re.compile(
    rb"techdocs-ref[\"']?:[ ]++[\"']?(?:url:[^\s\"',]*+|dir:([\w./+@=~-]++))[\"']?,?[ ]*+"
    rb"(?=\s*+\Z|\r?\n---|\r?\n[ ]*+[\"']?[\w./-]++[\"']?:\s)"  # and no more of it on the next line
)
_LEADS_AWAY = re.compile(rb"\.\.|docs_dir|\\")  # in mkdocs.yml: pages may stand somewhere else


def by(
    proposed: Proposed, settings: CatalogSettings, *, jobs: int | None = None
) -> tuple[frozenset[str], frozenset[str]]:
    """The catalog files before and after whose documents may differ, by their paths from the root.

    All of them are files that reading the whole checkout would read, and one that is there in both states is named in
    both. ``files.only`` reads them.

    Raises:
        UsageError: more files than the limit, or more bytes.
    """
    before, after = (_State(each, settings, jobs) for each in (proposed.before, proposed.after))
    change = _Change.of(proposed)
    known: dict[str, _Telling] = {}
    for state in (after, before):
        state.look(change, known)
    parsed = {
        path
        for path in before.parsed.keys() | after.parsed.keys()
        if before.parsed.get(path, []) != after.parsed.get(path, [])
    }
    either = (before.felt | after.felt | parsed | (before.files ^ after.files)) & (before.files | after.files)
    return frozenset(either & before.files), frozenset(either & after.files)


@dataclass(frozen=True, slots=True)
class _Change:
    """What differs: paths of files, of folders that come or go, and of links, behind which anything may differ."""

    paths: frozenset[str]
    links: frozenset[str]
    above: frozenset[str]
    """The folders above ``paths``, the root among them."""
    words: frozenset[bytes]
    """For each path, a word that is in every text that names it."""
    anything: bool
    """Whether it may be named without a word."""
    moves_pages: bool
    """Whether a page or a folder comes or goes."""

    @classmethod
    def of(cls, proposed: Proposed) -> _Change:
        before, after = proposed.before, proposed.after
        old = {change.before for change in proposed.files if change.before is not None}
        new = {change.after for change in proposed.files if change.after is not None}
        around = {folder for path in old ^ new for folder in _above(path)}
        folders = {folder for folder in around if before.stands(folder) != after.stands(folder)}
        links = _links(proposed, old | new)
        paths = old | new | folders | links
        names = {path.rpartition("/")[2] for path in paths}
        words = {name: _WORD.findall(os.fsencode(name)) for name in names}
        return cls(
            frozenset(paths),
            frozenset(links),
            frozenset(folder for path in paths for folder in _above(path)),
            frozenset(max(each, key=len) for each in words.values() if each),
            any(not each or _ESCAPED.search(name) for name, each in words.items()),
            bool(folders or links) or any(path.lower().endswith(".md") for path in old ^ new),
        )

    def holds(self, path: str) -> bool:
        """Whether what stands at a path may differ by itself."""
        return path in self.paths or (bool(self.links) and not self.links.isdisjoint(_above(path)))

    def reaches(self, folder: str) -> bool:
        """Whether anything at, above or below a folder differs."""
        return folder in self.above or self.holds(folder) or not self.paths.isdisjoint(_above(folder))


class _State:
    """A state of the checkout, and which of its catalog files feel a change."""

    def __init__(self, checkout: Checkout, settings: CatalogSettings, jobs: int | None) -> None:
        self.checkout, self.listing = checkout, Listing(checkout.root, checkout.files())
        self._settings, self._jobs = settings, jobs
        self._locations = Locations(checkout, self.listing, settings.limits)
        self._volume = reading.Volume(settings.limits.run_bytes)
        self.files: set[str] = set()
        self.felt: set[str] = set()
        self.parsed: dict[str, list[Document]] = {}

    def look(self, change: _Change, known: dict[str, _Telling]) -> None:
        """Look at all catalog files, following Locations. ``known`` holds what those tell that do not differ: the other
        state need not read them again."""
        begin = named.find(("",), self._settings, self.checkout, self.listing, rooted=True)
        self.files |= begin.folders
        pending = set(begin.files)
        while pending:
            self.files |= pending
            files.bounded(len(self.files), self._settings.limits)
            to_parse = []
            for path in sorted(pending):
                if change.holds(path):
                    self.felt.add(path)
                    telling = self._telling(path, change)
                elif (telling := known.get(path, _UNKNOWN)) is _UNKNOWN:
                    telling = known[path] = self._telling(path, change)
                if telling.is_parsed:
                    to_parse.append(path)
                elif telling.names or any(map(self._leads_away, telling.documented)):
                    self.felt.add(path)
            pending = set(self._follow(to_parse)) - self.files

    def _read(self, path: str) -> bytes | None:
        try:
            text = self.checkout.read(path, self._settings.limits.file_bytes)
        except UnreadableError:
            return None
        self._volume.add(len(text))
        return text

    def _follow(self, paths: list[str]) -> Iterator[str]:
        """Parse files and give the targets of their Locations."""
        fresh = reading.read(paths, self.checkout, self._settings.limits, jobs=self._jobs, volume=self._volume)
        for document in sorted(fresh, key=lambda each: each.order):
            followed, targets = self._locations.follow(document)
            self.parsed.setdefault(document.path or "", []).append(followed)
            yield from targets

    def _telling(self, path: str, change: _Change) -> _Telling:
        text = self._read(path)
        if text is None:
            return _Telling()
        if _may_be_location(text):
            return _Telling(is_parsed=True)
        if _PLACEHOLDER.search(text):
            words = (word.group() for word in _WORD.finditer(text))
            if change.anything or not change.words.isdisjoint(words):
                return _Telling(names=True)
        if not _TECHDOCS.search(text):
            return _Telling()
        targets = _TECHDOCS_PLAIN.findall(text)
        if len(targets) != _count(_TECHDOCS, text):
            return _Telling(names=True)
        folders = set()
        for target in filter(None, {*targets}):
            with suppress(UnreadableError):  # it leads out of the checkout, in both states
                folders.add(self.checkout.beside(path, target.decode()))
        if any(map(change.reaches, folders)):
            return _Telling(names=True)
        return _Telling(documented=frozenset(folders) if change.moves_pages else frozenset())

    def _leads_away(self, folder: str) -> bool:
        """Whether pages of the documentation in a folder may stand somewhere else."""
        configs = (self._read(f"{folder}/{name}" if folder else name) for name in CONFIGS)
        return any(text is not None and _LEADS_AWAY.search(text) for text in configs)


class _Telling(NamedTuple):
    """What the bytes of a file tell: whether it must be parsed, whether it names something that differs, and where
    documentation stands that may have pages somewhere else."""

    is_parsed: bool = False
    names: bool = False
    documented: frozenset[str] = frozenset()


_UNKNOWN = _Telling(is_parsed=True, names=True)


def _may_be_location(text: bytes) -> bool:
    """Whether a document of the file may be a Location.

    A placeholder might bring in a kind, or all of a document. That of a definition does not, as nearly all are.
    """
    if b"Location" in text or _HIDING.search(text):
        return True
    return _count(_PLACEHOLDER, text) != _count(_OF_DEFINITION, text)


def _count(pattern: re.Pattern[bytes], text: bytes) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _links(proposed: Proposed, differing: set[str]) -> set[str]:
    """The symbolic links of both states. What does not differ is one in both or in none."""
    before, after = proposed.before, proposed.after
    known = before.files()
    if known is None:
        known = Listing(before.root).below("")
    return {path for path in known if before.is_link(path)} | {path for path in differing if after.is_link(path)}


def _above(path: str) -> Iterator[str]:
    """The folders above a path, from the nearest to the root."""
    while path:
        path = path.rpartition("/")[0]
        yield path
