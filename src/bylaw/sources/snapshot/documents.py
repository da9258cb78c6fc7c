"""Documents as bytes, and back: JSON without what is not there, its keys in order, and some compressed together.

Neighbours say much the same, so together they take a fifth of the room, and to read one costs little more.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.errors import UsageError
from bylaw.model import Document, Location, Outcome, Problem
from bylaw.sources import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_BLOCK, _BLOCK_BYTES = 16, 64 * 1024  # texts in a block, and about how long they are together at most


def dump(document: Document) -> bytes:
    """A document as canonical JSON: the same for the same document, whatever the order of its keys.

    Raises:
        UsageError: it holds what is no JSON (half of a surrogate pair, a number that is none), and would not come
            back as it is.
    """
    plain: dict[str, Any] = {"index": document.index, "data": document.data}
    for name, value in (("path", document.path), ("url", document.url), ("problems", document.problems or None)):
        if value is not None:
            plain[name] = value
    try:
        said = orjson.dumps(plain, option=_OPTIONS)
    except TypeError as error:
        raise UsageError(f"{_name(document)}: cannot be put into a snapshot: {error}") from None
    if b"null" in said and orjson.loads(said)["data"] != document.data:  # orjson writes that for NaN
        raise UsageError(f"{_name(document)}: cannot be put into a snapshot: it holds a number that JSON does not know")
    return said


def load(said: bytes) -> Document:
    """The document again."""
    plain = orjson.loads(said)
    problems = tuple(map(_problem, plain.get("problems", ())))
    return Document(plain.get("path"), plain["index"], plain["data"], problems, plain.get("url"))


def pack(texts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Texts without line breaks in small compressed blocks, each with the number of the first text in it."""
    block: list[bytes] = []
    number = size = 0
    for text in texts:
        if len(block) == _BLOCK or size > _BLOCK_BYTES:
            yield number, zlib.compress(b"\n".join(block))
            number, size, block = number + len(block), 0, []
        block.append(text)
        size += len(text)
    if block:
        yield number, zlib.compress(b"\n".join(block))


def unpack(block: bytes) -> list[bytes]:
    """The texts of a block."""
    return zlib.decompress(block).split(b"\n")


def _problem(said: dict[str, Any]) -> Problem:
    place = said["location"]
    return Problem(**{**said, "location": Location(**place) if place else None, "outcome": Outcome(said["outcome"])})


def _name(document: Document) -> str:
    where = document.path or places.without_credentials(document.url or "") or "the catalog"
    return f"document {document.index} of {where}"
