"""Catalog files -> documents, in workers: nothing that a stranger wrote is parsed in this process."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.catalog.placeholders import UnreadableError, resolve
from bylaw.documents import Fault, Limits, load
from bylaw.errors import UsageError
from bylaw.model import Document, Location, Outcome, Problem
from bylaw.sources import techdocs
from bylaw.sources.checkout import STDIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bylaw.config import LimitSettings
    from bylaw.sources.checkout import Checkout

YAML_INVALID = "catalog/yaml-invalid"
_STATEMENT = re.compile(rb"[ \t]*\{%")
_BATCH = 16  # files a worker gets at once


def read(
    paths: Sequence[str],
    checkout: Checkout,
    settings: LimitSettings,
    *,
    jobs: int | None = None,
    before: int = 0,
    volume: Volume | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Document]:
    """The documents of some files, in no particular order. What cannot be read is a document with a problem.

    ``progress(done, total)`` is told of files, the ``before`` files of an earlier call included, and
    ``volume`` of the bytes, by default those of this call alone.

    Raises:
        UsageError: the files have more bytes than one run may read.
    """
    volume = volume or Volume(settings.run_bytes)
    documents: list[Document] = []
    readable: list[str] = []
    for path in paths:
        if _is_text(path):
            readable.append(path)
        else:
            shown = os.fsencode(path).decode("utf-8", "backslashreplace")
            documents.append(unreadable(shown, "has a name that is not UTF-8: rename it"))

    def without_lost(task: list[str], failure: workers.Failure) -> list[list[str]]:
        lost = task[max(failure.part, 0)]
        documents.append(unreadable(lost, f"could not be read: {failure.reason}"))
        return [[path for path in task if path != lost]]

    done = before
    for answer in workers.run(
        _Reading(checkout, settings),
        [readable[start : start + _BATCH] for start in range(0, len(readable), _BATCH)],
        jobs=jobs or workers.available(),
        bounds=workers.Bounds(deadline=settings.seconds, memory=_memory(settings.file_bytes)),
        on_failure=without_lost,
    ):
        volume.add(answer["bytes"])
        documents.extend(_document(each) for each in answer["documents"])
        done += answer["files"]
        progress(done, before + len(paths))
    return documents


class Volume:
    """Counts what one run reads, because many files may name one large file, each of them within its limit."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0

    def add(self, count: int) -> None:
        """Count so many bytes more.

        Raises:
            UsageError: now they are too many.
        """
        self._bytes += count
        if self._bytes > self._most:
            raise UsageError(
                f"the files to read have more than {self._most:,} bytes with what their placeholders bring in "
                "(catalog.limits.run_bytes); name a folder, or raise the limit"
            )


def unreadable(path: str, reason: str) -> Document:
    """What stands in the catalog for a file that cannot be read; the reason is a clause about the file."""
    problem = Problem(YAML_INVALID, f"the file {reason}", location=Location(path, 1, 1, 1, 1))
    return Document(path, 0, None, (problem,))


def limits(settings: LimitSettings) -> Limits:
    """The settings that bound one file."""
    return Limits(
        file_bytes=settings.file_bytes,
        depth=settings.depth,
        document_nodes=settings.document_nodes,
        file_nodes=settings.file_nodes,
    )


def _is_text(path: str) -> bool:
    """Whether a path can be written down: the name of a file may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _memory(file_bytes: int) -> int:
    """MiB that reading one file may take: a value costs up to some thirty times its text in Python."""
    return 256 + 64 * file_bytes // 2**20


@dataclass(frozen=True, slots=True)
class _Reading:
    """Opens the handler that reads batches of files."""

    checkout: Checkout
    settings: LimitSettings

    def __call__(self) -> workers.Handler:
        bounds = limits(self.settings)

        def handle(task: list[str], mark: Callable[[int], None]) -> dict[str, Any]:
            documents: list[Document] = []
            taken = 0
            for number, path in enumerate(task):
                mark(number)
                found, size = _read_one(path, self.checkout, bounds)
                documents.extend(found)
                taken += size
            return {"files": len(task), "bytes": taken, "documents": documents}

        return handle


def _read_one(path: str, checkout: Checkout, limits: Limits) -> tuple[list[Document], int]:
    """The documents of a file, and how many bytes they were read from: its own, and those of its placeholders."""
    try:
        text = checkout.read(path, limits.file_bytes)
    except UnreadableError as error:
        return [unreadable(path, str(error))], 0
    beside = _Beside(path, checkout, limits.file_bytes)
    documents = []
    may_name_docs = techdocs.ANNOTATION.encode() in text or b"\\" in text
    may_hold_placeholders = b"$" in text or b"\\" in text  # as it stands, or escaped
    for each in load(text, limits):
        if each.fault:
            documents.append(Document(path, each.index, None, (_unread(path, text, each.fault),)))
        elif not isinstance(each.value, dict):
            found = "a list" if isinstance(each.value, list) else f"{each.value!r:.40}"
            problem = Problem(YAML_INVALID, f"expected a mapping at the root, found {found}", expected="a mapping")
            documents.append(Document(path, each.index, None, (problem,)))
        else:
            value, problems = resolve(each.value, beside.read, limits) if may_hold_placeholders else (each.value, ())
            undocumented = techdocs.problem(value, path, checkout, limits) if may_name_docs and path != STDIN else None
            documents.append(Document(path, each.index, value, (*problems, *([undocumented] if undocumented else []))))
    return documents or [unreadable(path, "holds no entity")], len(text) + beside.taken


def _unread(path: str, text: bytes, fault: Fault) -> Problem:
    """What to say of a document that is not YAML.

    Where the fault is a statement of a template (``{% if … %}``), the file is what a scaffolder makes files of: no
    entity will come of it as it is, and what will come of it cannot be told.
    """
    place = Location(path, fault.line, fault.column, fault.end_line, fault.end_column)
    line = next(islice(text.split(b"\n", fault.line), fault.line - 1, None), b"")
    if _STATEMENT.match(line):
        message = f"the file is a template ({{% on line {fault.line}), and what it makes cannot be told"
        return Problem(YAML_INVALID, message, location=place, outcome=Outcome.UNKNOWN)
    return Problem(YAML_INVALID, fault.message, location=place, expected="YAML 1.2 as Backstage reads it")


class _Beside:
    """Reads what the placeholders of one file name: together no more than one file may have."""

    def __init__(self, path: str, checkout: Checkout, most: int) -> None:
        self._path, self._checkout, self._most = path, checkout, most
        self.taken = 0

    def read(self, target: str) -> bytes:
        """The bytes of the file that ``target`` means.

        Raises:
            UnreadableError: it cannot be had.
        """
        if self.taken <= self._most:
            try:
                text = self._checkout.read(self._checkout.beside(self._path, target), self._most)
            except UnreadableError as error:
                said = str(error)
                raise UnreadableError(said if target in said else f"names {target}, which {said}") from None
            self.taken += len(text)
            if self.taken <= self._most:
                return text
        limit = f"{self._most:,} bytes (catalog.limits.file_bytes)"
        raise UnreadableError(f"names {target}, with which the placeholders of the file have more than {limit}")


def _document(value: dict[str, Any]) -> Document:
    """A document as the worker's JSON tells it."""
    problems = tuple(
        Problem(
            **{
                **each,
                "location": Location(**each["location"]) if each["location"] else None,
                "outcome": Outcome(each["outcome"]),
            }
        )
        for each in value["problems"]
    )
    return Document(value["path"], value["index"], value["data"], problems, value["url"])
