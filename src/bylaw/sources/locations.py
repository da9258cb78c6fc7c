"""The files that Locations name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bylaw.catalog.placeholders import UnreadableError, is_url
from bylaw.model import Document, Problem
from bylaw.sources.globs import is_glob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.sources.checkout import Checkout
    from bylaw.sources.listing import Listing

TARGET_MISSING = "catalog/location-target-missing"
_MOST_GLOBS = 100  # different globs of one run: each looks at all files
_MOST_TARGETS = 10_000  # of one Location


class _MissingError(UnreadableError):
    """There is no such file: what ``presence: optional`` excuses."""


class Locations:
    """Follows the Locations of one checkout, in it."""

    def __init__(self, checkout: Checkout, listing: Listing) -> None:
        self._checkout, self._listing = checkout, listing
        self._matched: dict[str, list[str]] = {}

    def follow(self, document: Document) -> tuple[Document, set[str]]:
        """The document with a problem for each target that is not there, and the files that are.

        A target that is a URL is another repository, or this one by its address: Backstage's to fetch.
        """
        found: set[str] = set()
        problems: list[Problem] = []
        spec = _spec(document)
        for place, target in _targets(spec):
            try:
                found.update(self._files(document.path or "", target))
            except UnreadableError as error:
                if spec.get("presence") == "optional" and isinstance(error, _MissingError):
                    continue
                expected = "a file of this checkout, relative to the Location's own"
                problems.append(Problem(TARGET_MISSING, f"target {error}", place, observed=target, expected=expected))
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
            if len(self._matched) == _MOST_GLOBS:
                raise UnreadableError(f"names {target}, one glob more than the {_MOST_GLOBS} that are followed")
            self._matched[where] = self._listing.matching(where)
        if not self._matched[where]:
            raise _MissingError(f"names {target}, which matches no file")
        return self._matched[where]


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
