"""The files that Locations name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bylaw.catalog.placeholders import UnreadableError, is_url
from bylaw.model import Document, Problem
from bylaw.sources.globs import is_glob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.config import LimitSettings
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.listing import Listing

TARGET_MISSING = "catalog/location-target-missing"


class _MissingError(UnreadableError):
    """There is no such file: what ``presence: optional`` excuses."""


class Locations:
    """Follows the Locations of one checkout, in it."""

    def __init__(self, checkout: Checkout, listing: Listing, limits: LimitSettings) -> None:
        self._checkout, self._listing, self._limits = checkout, listing, limits
        self._matched: dict[str, list[str]] = {}

    def follow(self, document: Document) -> tuple[Document, set[str]]:
        """The document with a problem for each target that is not there, and the files that are.

        A target that is a URL is another repository, or this one by its address: Backstage's to fetch.
        """
        found: set[str] = set()
        problems: list[Problem] = []
        spec, most = _spec(document), self._limits.targets
        for number, (place, target) in enumerate(_targets(spec)):
            if number == most:
                reason = f"is one more than the {most:,} of a Location (catalog.limits.targets)"
                problems.append(_problem(place, target, reason))
                break
            try:
                found.update(self._files(document.path or "", target))
            except _MissingError as error:
                if spec.get("presence") != "optional":
                    problems.append(_problem(place, target, str(error)))
            except UnreadableError as error:
                problems.append(_problem(place, target, str(error)))
        return (replace(document, problems=(*document.problems, *problems)) if problems else document), found

    def _files(self, path: str, target: str) -> list[str]:
        where = self._checkout.beside(path, target)
        stands = self._checkout.stands(where)
        if stands == "folder":
            raise UnreadableError(f"names {target}, which is a folder")
        if stands == "file":
            return [where]
        if not is_glob(where):
            raise _MissingError(f"names {target}, which does not exist")
        if where not in self._matched:
            if len(self._matched) >= self._limits.globs:  # each looks at all files
                most = f"{self._limits.globs:,} that are followed (catalog.limits.globs)"
                raise UnreadableError(f"names {target}, one glob more than the {most}")
            self._matched[where] = self._listing.matching(where)
        if not self._matched[where]:
            raise _MissingError(f"names {target}, which matches no file")
        return self._matched[where]


def _problem(place: str, target: str, reason: str) -> Problem:
    expected = "a file of this checkout, relative to the Location's own"
    return Problem(TARGET_MISSING, f"target {reason}", place, observed=target, expected=expected)


def _spec(document: Document) -> dict[str, Any]:
    data = document.data
    if document.path is None or not isinstance(data, dict) or data.get("kind") != "Location":
        return {}
    spec = data.get("spec")
    return spec if isinstance(spec, dict) else {}


def _targets(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each target that names a file, with the pointer to it."""
    if spec.get("type", "url") not in ("url", "file"):
        return
    targets = spec.get("targets")
    places = {"/spec/target": spec.get("target")}
    places |= {
        f"/spec/targets/{index}": each for index, each in enumerate(targets if isinstance(targets, list) else ())
    }
    for place, target in places.items():
        if isinstance(target, str) and not is_url(target):
            yield place, target
