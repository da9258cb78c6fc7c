"""A catalog without the secrets in it. A snapshot is an artifact, and people download those."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.catalog import build
from bylaw.documents import secrets
from bylaw.sources import places
from bylaw.sources.snapshot import documents as coding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.catalog import Catalog
    from bylaw.model import Document

_AT_ONCE = 16  # documents that are searched as one text, since nearly none holds a clue


def without_secrets(catalog: Catalog) -> tuple[Catalog, int]:
    """The catalog with ``[secret]`` in place of each secret, and how many were taken out.

    It is the same catalog where there are none. What held one is another entity then: one whose name was a secret has
    another, and no rule that looks for secrets finds any.
    """
    cleaned: dict[int, Document] = {}
    found = 0
    for place, document in _suspects(catalog.documents):
        clean = _clean(document)
        if clean != document:
            cleaned[place] = clean
            found += max(1, _redactions(clean) - _redactions(document))
    if not cleaned:
        return catalog, 0
    rest = [cleaned.get(place, document) for place, document in enumerate(catalog.documents)]
    built = build(rest, catalog.kinds, catalog.complete)
    return replace(catalog, documents=built.documents, entities=built.entities, duplicates=built.duplicates), found


def _suspects(documents: Sequence[Document]) -> Iterator[tuple[int, Document]]:
    """The documents that hold a clue, or a user in their address, with their places."""
    numbered = enumerate(documents)
    while some := list(islice(numbered, _AT_ONCE)):
        yield from _narrowed([(place, each, _text(each)) for place, each in some])


def _narrowed(some: list[tuple[int, Document, str]]) -> Iterator[tuple[int, Document]]:
    """Those of some documents that hold a clue: by halves, because searching many at once costs less."""
    with_user = any(each.url and "@" in each.url for _, each, _ in some)
    if not with_user and not secrets.suspected("\n".join(text for _, _, text in some)):
        return
    if len(some) == 1:
        yield some[0][:2]
    else:
        yield from _narrowed(some[: len(some) // 2])
        yield from _narrowed(some[len(some) // 2 :])


def _text(document: Document) -> str:
    return coding.dump(document).decode()


def _clean(document: Document) -> Document:
    url = document.url and places.without_credentials(document.url)
    plain = secrets.redact(orjson.loads(coding.dump(replace(document, url=url))))
    for found in list(secrets.find_in(plain)):  # what is a secret by the key before it
        if not found.is_key:
            _put(plain, found.place)
    return coding.load(orjson.dumps(plain))


def _put(value: Any, place: tuple[str | int, ...]) -> None:
    """Replace the text at a place by what stands for a secret."""
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = secrets.REDACTED


def _redactions(document: Document) -> int:
    return _text(document).count(secrets.REDACTED)
