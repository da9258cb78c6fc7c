"""The law at one state of a checkout: what bylaw.yaml, its policies and its waivers say there.

It is written into a folder of its own, because the change that is judged may have written it: nothing is read outside
the checkout or by a link, and nothing is imported or run here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import config
from bylaw.catalog.placeholders import UnreadableError
from bylaw.errors import ConfigError
from bylaw.sources.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bylaw.config import Settings
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.proposed import Proposed

_MOST_FILES = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_RULES = (".rego", ".py")


class OutOfReachError(ConfigError):
    """What should be law is no plain file of the checkout."""


@dataclass(frozen=True, slots=True)
class Law:
    """What was said. The paths of ``settings`` lead to where its policies and waivers were written.

    ``paths`` are the same from the root of the checkout, ``""`` being all of it, and ``left_out`` the rules in Python
    that were not written.
    """

    settings: Settings
    paths: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def at(checkout: Checkout, file: str, folder: Path, *, python: bool = True) -> Law | None:
    """The law at a state, written below ``folder``; without ``python`` no rule in Python is.

    ``file`` is the settings file, from the root. None: there is no such file.

    Raises:
        ConfigError: the file cannot be used, or is no plain file of the checkout, or its policies and waivers are not,
            or they are too large. Files are named in it as they were written: ``impacts.blamed`` leaves the folder out.
    """
    if checkout.stands(file) is None:
        return None
    copy = _Copy(checkout, folder, python=python)
    copy.take(file)
    said = config.read(folder / file)
    above = (folder / file).parent
    policies = [_inside(each, folder, above, "policies") for each in said.policies.paths]
    waivers = [_inside(each, folder, above, "waivers") for each in said.waivers.paths]
    for each in (*policies, *waivers):
        copy.take(each)

    def written(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(str(folder / each) for each in paths if each not in copy.left_out)

    settings = replace(
        said,
        policies=replace(said.policies, paths=written(policies)),
        waivers=replace(said.waivers, paths=written(waivers)),
    )
    return Law(settings, tuple(sorted({*policies, *waivers})), tuple(sorted(copy.left_out)))


def changed(proposed: Proposed, file: str, laws: Iterable[Law | None]) -> tuple[str, ...]:
    """The changed files that are law by one of these: the settings file, and what stands at or below their paths."""
    places = {file, *(path for law in laws if law for path in law.paths)}
    touched = {path for change in proposed.files for path in (change.before, change.after) if path is not None}
    return tuple(sorted(path for path in touched if not places.isdisjoint(("", *_upwards(path)))))


def _inside(path: str, folder: Path, above: Path, name: str) -> str:
    """A path of the settings from the root of the checkout, for which ``folder`` stands."""
    whole = Path(os.path.normpath(path))
    if not whole.is_relative_to(folder):
        shown = path.removeprefix(f"{above}/")
        raise OutOfReachError(f"{name}.paths: {shown} leads out of the checkout: keep it inside")
    inside = whole.relative_to(folder).as_posix()
    return "" if inside == "." else inside


class _Copy:
    """Writes files of a checkout into a folder, each of them once, as long as they are not too many."""

    def __init__(self, checkout: Checkout, folder: Path, *, python: bool) -> None:
        self._checkout, self._folder, self._python = checkout, folder, python
        self._listing = Listing(checkout.root, checkout.files())
        self._taken: set[str] = set()
        self._bytes = 0
        self.left_out: set[str] = set()

    def take(self, path: str) -> None:
        """Write what stands at and below a path, but for links that cannot be law.

        Raises:
            ConfigError: it cannot be had, or is too much.
        """
        for each in _upwards(path):
            if self._checkout.is_link(each):
                raise OutOfReachError(f"{each}: is a symbolic link, which is not followed: put the real one there")
        files = list(self._below(path))
        if len(self._taken.union(files)) > _MOST_FILES:
            raise self._too_much()
        if self._checkout.stands(path) == "folder":
            self._write(path, None)
        for each in files:
            if each in self._taken:
                continue
            if self._checkout.is_link(each):
                if each.endswith(_RULES):
                    raise OutOfReachError(f"{each}: is a symbolic link, which is not followed: put the file there")
            elif self._checkout.stands(each) == "folder":
                raise OutOfReachError(f"{each}: is a submodule, which is not read: keep the files in the repository")
            elif each.lower().endswith(".py") and not self._python:
                self.left_out.add(each)
            else:
                self._write(each, self._read(each))
            self._taken.add(each)

    def _below(self, path: str) -> Iterator[str]:
        """The files at and below a path; of a repository inside the repository its folder alone."""
        stands = self._checkout.stands(path)
        if stands == "file" or (stands == "folder" and path in self._listing.below(path.rpartition("/")[0])):
            yield path
        elif stands == "folder":
            for each in self._listing.below(path):
                if not each.endswith("/"):
                    if self._checkout.is_link(each) or self._checkout.stands(each):
                        yield each
                elif self._checkout.stands(f"{each}.git"):
                    yield each.removesuffix("/")

    def _read(self, path: str) -> bytes:
        try:
            content = self._checkout.read(path, _MOST_BYTES)
        except UnreadableError as error:
            said = str(error).removesuffix(" (catalog.limits.file_bytes)")
            raise ConfigError(f"{path}: {said}") from None
        self._bytes += len(content)
        if self._bytes > _MOST_BYTES:
            raise self._too_much()
        return content

    def _write(self, path: str, content: bytes | None) -> None:
        """Write a file; None: a folder."""
        place = self._folder / path
        try:
            (place if content is None else place.parent).mkdir(parents=True, exist_ok=True)
            if content is not None:
                place.write_bytes(content)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written for the comparison ({error.strerror})") from None

    def _too_much(self) -> ConfigError:
        return ConfigError(
            f"policies.paths and waivers.paths: hold more than {_MOST_FILES:,} files or {_MOST_BYTES:,} bytes; "
            "name narrower folders"
        )


def _upwards(path: str) -> Iterator[str]:
    """A path and the folders above it, without the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
