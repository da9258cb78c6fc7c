"""Where in its file a finding stands. Worked out only for what is reported, by reading the file again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.catalog.placeholders import UnreadableError
from bylaw.documents import Span, locate_many, secrets
from bylaw.model import Location
from bylaw.sources.reading import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bylaw.config import LimitSettings
    from bylaw.model import Finding
    from bylaw.sources.checkout import Checkout

_LONGEST_LINE = 400  # characters of a source line that are worth showing
_BATCH = 8  # files a worker gets at once
_MEMORY = 512  # MiB


@dataclass(frozen=True, slots=True)
class Placed:
    """Findings with their locations, and the source lines at which they stand."""

    findings: list[Finding]
    lines: dict[tuple[str, int], str]


def place(
    findings: Sequence[Finding], checkout: Checkout, settings: LimitSettings, *, jobs: int | None = None
) -> Placed:
    """Give every finding of a file its line and column: those of its pointer, or of what is nearest above.

    Where the file is gone, or cannot be read a second time, that is the start of the file.
    """
    pointers: dict[str, dict[int, set[tuple[str, int]]]] = {}
    shown: dict[str, set[int]] = {}
    for each in findings:
        if each.location:
            shown.setdefault(each.location.path, set()).add(each.location.line)
        elif each.document and each.document.path is not None:
            place = (each.pointer, each.line or 0)
            pointers.setdefault(each.document.path, {}).setdefault(each.document.index, set()).add(place)
    files = [
        [path, [[index, sorted(each)] for index, each in pointers.get(path, {}).items()], sorted(shown.get(path, ()))]
        for path in sorted(pointers.keys() | shown.keys())
    ]
    found: dict[tuple[str, int, str, int], Location] = {}
    lines: dict[tuple[str, int], str] = {}
    for answer in workers.run(
        _Placing(checkout, settings),
        [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)],
        jobs=jobs or workers.available(),
        bounds=workers.Bounds(settings.seconds, _MEMORY),
        on_failure=lambda task, failure: [[each for n, each in enumerate(task) if n != max(failure.part, 0)]],
    ):
        for path, index, pointer, inner, *span in answer["spans"]:
            found[path, index, pointer, inner] = Location(path, *span)
        for path, line, text in answer["lines"]:
            lines[path, line] = text

    def placed(finding: Finding) -> Finding:
        document = finding.document
        if finding.location or document is None or document.path is None:
            return finding
        start = Location(document.path, 1, 1, 1, 1)
        return finding.at(found.get((document.path, document.index, finding.pointer, finding.line or 0), start))

    return Placed([placed(each) for each in findings], lines)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Opens the handler: ``[path, [[index, [[pointer, line inside]]]], lines]`` per file -> spans and source lines."""

    checkout: Checkout
    settings: LimitSettings

    def __call__(self) -> workers.Handler:
        bounds = limits(self.settings)

        def handle(task: list[Any], mark: Callable[[int], None]) -> dict[str, Any]:
            spans: list[list[Any]] = []
            lines: list[list[Any]] = []
            for number, (path, documents, shown) in enumerate(task):
                mark(number)
                try:
                    text = self.checkout.read(path, bounds.file_bytes)
                except UnreadableError:
                    continue
                numbers = set(shown)
                hidden = secrets.lines(text.decode("utf-8", "replace"))
                pointers = {index: {pointer for pointer, _ in places} for index, places in documents}
                located = locate_many(text, pointers, bounds)
                for index, places in documents:
                    for pointer, inner in places:
                        span = located[index, pointer]
                        if inner:
                            span = _inside(text, span, inner)
                        if not hidden.isdisjoint(range(span.line, span.end_line + 1)):
                            span = Span(span.line, span.column, span.line, span.column)  # the end says how long it is
                        spans.append(
                            [path, index, pointer, inner, span.line, span.column, span.end_line, span.end_column]
                        )
                        numbers.add(span.line)
                lines.extend([path, *each] for each in _lines(text, numbers - hidden))
            return {"spans": spans, "lines": lines}

        return handle


def _inside(text: bytes, span: Span, inner: int) -> Span:
    """The line of that number inside a literal block (``|``); the whole span of what is written otherwise."""
    number = span.line + inner
    source = dict(_lines(text, {span.line, number}))
    if number > span.end_line or source.get(span.line, "")[span.column - 1 : span.column] != "|":
        return span
    line = source.get(number, "")
    return Span(number, len(line) - len(line.lstrip()) + 1, number, len(line) + 1)


def _lines(text: bytes, numbers: set[int]) -> Iterable[tuple[int, str]]:
    """The source lines of these numbers, as far as they are there and worth showing."""
    last = max(numbers, default=0)
    for number, line in enumerate(text.split(b"\n", last), 1):
        if number > last:
            return
        if number in numbers:
            yield number, line[: 4 * _LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")[:_LONGEST_LINE]
