"""The documentation that an entity says stands beside it: ``backstage.io/techdocs-ref: dir:…``.

Mirrors what ``plugin-techdocs-node`` 2.0.0 builds from (``helpers.cjs.js``, ``stages/generate/helpers.cjs.js``): a
folder with ``mkdocs.yaml`` or ``mkdocs.yml``, or failing both with ``docs/``; a README stands in for a missing index.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bylaw.catalog import pointer
from bylaw.catalog.placeholders import UnreadableError, is_url
from bylaw.documents import load
from bylaw.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.documents import Limits
    from bylaw.sources.checkout import Checkout

SOURCE_MISSING = "docs/techdocs-source-missing"
ANNOTATION = "backstage.io/techdocs-ref"

CONFIGS = ("mkdocs.yaml", "mkdocs.yml")
_READMES = ("README.md", "readme.md")
_PAGES_STAND_WHERE_NAV_SAYS = frozenset({"techdocs-core", "search"})  # other plugins may bring in pages of their own
_MOST = 1_000  # pages of one nav that are looked for
_SHOWN = 3
_TAG = re.compile(r"(?m)(?<=[:-] )!{1,2}[\w./:-]+")


def problem(data: Any, path: str, checkout: Checkout, limits: Limits) -> Problem | None:
    """What is wrong with the documentation beside a document read from ``path``, if anything is.

    Of a ``url:`` nothing is known here.
    """
    said = _annotation(data)
    if said is None:
        return None
    kind, colon, target = said.partition(":")
    if colon and kind == "url":
        return None
    place = pointer("metadata", "annotations", ANNOTATION)
    try:
        if not colon or kind != "dir" or not target.strip():
            raise UnreadableError(f"is {said:.60}, and TechDocs reads dir: and url: alone")
        _look(checkout, checkout.beside(path, target), target, limits)
    except UnreadableError as error:
        expected = "dir: and a folder of this checkout with mkdocs.yml or docs/, relative to this file"
        return Problem(SOURCE_MISSING, f"{ANNOTATION} {error}", place, observed=said, expected=expected)
    return None


def _annotation(data: Any) -> str | None:
    for step in ("metadata", "annotations", ANNOTATION):
        data = data.get(step) if isinstance(data, dict) else None
    return data if isinstance(data, str) and data.strip() else None


def _look(checkout: Checkout, folder: str, target: str, limits: Limits) -> None:
    """Look for all that TechDocs will.

    Raises:
        UnreadableError: some of it is not there; the message is a clause.
    """
    if checkout.stands(folder) != "folder" and folder:
        found = "which is a file, expected a folder" if checkout.stands(folder) else "which does not exist"
        raise UnreadableError(f"names {target}, {found}")
    readme = any(checkout.stands(_inside(folder, name)) for name in _READMES)
    config = next((name for name in CONFIGS if checkout.stands(_inside(folder, name))), None)
    if config is None:
        if not readme and not checkout.stands(_inside(folder, "docs")):
            raise UnreadableError(f"names {target}, where there is neither mkdocs.yml nor docs/ nor README.md")
        return
    said = _configuration(checkout.read(_inside(folder, config), limits.file_bytes), limits)
    docs = said.get("docs_dir", "docs")
    if not isinstance(docs, str):
        return
    pages = checkout.beside(_inside(folder, config), docs)
    if not readme and checkout.stands(pages) != "folder":
        raise UnreadableError(f"names {target}, whose {config} keeps its pages in {docs}/, which does not exist")
    if _plugins(said.get("plugins")) <= _PAGES_STAND_WHERE_NAV_SAYS:
        missing = [page for page in _nav(said.get("nav")) if not _is_there(checkout, pages, page, readme)]
        if missing:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            which = ", ".join(missing[:_SHOWN])
            raise UnreadableError(f"names {target}, whose {config} lists pages that do not exist: {which}{more}")


def _configuration(text: bytes, limits: Limits) -> dict[str, Any]:
    """What mkdocs.yml says, but for its tags (``!ENV``, ``!!python/name:…``). What cannot be read is not judged."""
    documents = load(_TAG.sub("", text.decode("utf-8", "replace")).encode(), limits)
    value = documents[0].value if documents and documents[0].fault is None else None
    return value if isinstance(value, dict) else {}


def _plugins(said: Any) -> set[str]:
    """The names of the plugins: a list of names and of mappings, or one mapping."""
    items = said if isinstance(said, list | dict) else ()
    return {str(next(iter(each), "")) if isinstance(each, dict) else str(each) for each in items}


def _nav(said: Any) -> Iterator[str]:
    """The pages that a nav names, addresses and patterns left out."""
    pending, named = [said], 0
    while pending and named < _MOST:
        each = pending.pop()
        if isinstance(each, dict):
            pending.extend(reversed(each.values()))
        elif isinstance(each, list):
            pending.extend(reversed(each))
        elif isinstance(each, str) and each.lower().endswith(".md") and not is_url(each) and "*" not in each:
            named += 1
            yield each


def _is_there(checkout: Checkout, pages: str, page: str, readme: bool) -> bool:
    try:
        where = checkout.beside(f"{pages}/index.md", page.lstrip("/"))
    except UnreadableError:
        return False
    return checkout.stands(where) == "file" or (readme and page == "index.md")


def _inside(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
