"""libyaml's events of one file, document after document, past the documents that are at fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from yaml._yaml import CParser  # yaml.cyaml has it too, but not for type checkers
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import StreamEndEvent, StreamStartEvent

from bylaw.documents.faults import AT_THE_START, MARKER_PROBLEM, TAB_PROBLEMS, Fault, Refused, fault_at, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    T = TypeVar("T")

MAX_FAULTS = 20
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)
_BLANK = re.compile(r"[ \t]*(?=\r?\n|#)")
_CHUNK = 4096


class Stream:
    """Where in a file the reading stands.

    ``next_event`` gives the next event of the current document. Its marks count lines and characters from
    where libyaml was started last: ``line`` and ``offset`` are the lines and characters before that.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.line = 0
        self.offset = 0
        self._document = 0  # the character at which the document starts
        self._content: int | None = None  # and its content, behind directives and "---", once that is reached
        self._repairs = 0
        self._yaml11 = False
        self._parser = CParser(text)
        self.next_event: Callable[[], Any] = self._parser.get_event

    def documents(self, read: Callable[[int], T]) -> Iterator[T | Fault]:
        """What ``read`` makes of each document of the file, or the fault for which it cannot be read.

        ``read`` takes the events from behind the start of the document to its end, which it gives to
        ``end``. A file has ``MAX_FAULTS`` faults at most: one more says that the rest of it was not read.
        """
        index = faults = 0
        while True:
            try:
                if not self._begin():
                    return
                yield read(index)
            except (Refused, YAMLError, UnicodeDecodeError) as error:
                if self._repair(error):
                    continue
                refused = self._explain(error)
                yield refused.fault
                faults += 1
                if not self._resume(refused):
                    return
                if faults == MAX_FAULTS:
                    message = f"{MAX_FAULTS} documents cannot be read, the rest of the file from here on is not read"
                    yield Fault(message, self.line + 1, 1, self.line + 1, 4)
                    return
            index += 1

    def end(self, event: Any) -> None:
        """Leave a document, having made sure that nothing but another document follows it."""
        self._document, self._content = self.offset + event.end_mark.index, None
        if not event.explicit:
            self._parser.peek_event()

    def slice(self, first: Any, last: Any) -> str:
        """The text from the start of an event to the end of another one."""
        return self.text[self.offset + first.start_mark.index : self.offset + last.end_mark.index]

    def refused(self, message: str, first: Any, last: Any = None) -> Refused:
        """A fault from the start of an event to its end, or to that of another one."""
        return self._refused(message, first.start_mark, (last or first).end_mark)

    def refused_at(self, message: str, index: int) -> Refused:
        """A fault of one character of the file."""
        return Refused(fault_at(message, self.text, index), index)

    def _begin(self) -> bool:
        """Go to the next document; False at the end of the file."""
        event = self.next_event()
        if event.__class__ is StreamStartEvent:
            event = self.next_event()
        if event.__class__ is StreamEndEvent:
            return False
        self._content = self.offset + event.end_mark.index
        if event.version or event.tags:
            self._yaml11 = event.version == (1, 1)
        if self._yaml11:  # it holds for the documents behind it too, until another directive comes
            raise self.refused("%YAML 1.1 reads yes as true and 010 as 8: remove the directive", event)
        return True

    def _resume(self, refused: Refused) -> bool:
        """Go on behind a document at fault, at the next ``---`` or behind the next ``...``, if there is one."""
        start = max(self._content or self._document, self.text.rfind("\n", 0, refused.index) + 1)
        marker = _MARKER.search(self.text, start)
        if marker and marker.group() == "---" and self._content is None and self.text.startswith("%", start):
            marker = _MARKER.search(self.text, marker.end())  # a directive is at fault, and this is its own
        if marker is None:
            return False
        self._start(marker.start() if marker.group() == "---" else marker.end())
        return True

    def _repair(self, error: Exception) -> bool:
        """Start the document again, without what libyaml stumbled over and npm ``yaml`` would not have.

        That are tabs with nothing behind them but a comment, and "..." without "---" before the next document.
        A file has ``MAX_FAULTS`` repairs at most, since each of them is a second reading.
        """
        if not isinstance(error, MarkedYAMLError) or not error.problem_mark or self._repairs == MAX_FAULTS:
            return False
        text, index = self.text, self.offset + error.problem_mark.index
        if error.problem in TAB_PROBLEMS and error.context != "while scanning a block scalar":
            line = _BLANK.match(text, text.rfind("\n", 0, index) + 1)
            if line is None or line.end() <= index:
                return False
            self.text = text[: line.start()] + " " * len(line[0]) + text[line.end() :]
        elif error.problem != MARKER_PROBLEM or text[self._document - 3 : self._document] != "...":
            return False
        self._repairs += 1
        self._start(self._document)
        return True

    def _start(self, offset: int) -> None:
        """Start libyaml at a character of the file, which begins a line or ends a document."""
        self.line += self.text.count("\n", self.offset, offset)
        self.offset = self._document = offset
        self._content = None
        self._parser = CParser(_Rest(self.text, offset))
        self.next_event = self._parser.get_event

    def _explain(self, error: Refused | YAMLError | UnicodeDecodeError) -> Refused:
        if isinstance(error, Refused):
            return error
        if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
            # An escape in a tag that is not UTF-8: libyaml does not say where.
            index = self._content or self._document
            index += len(self.text[index:]) - len(self.text[index:].lstrip())
            return self.refused_at("a tag of this document cannot be read", index)
        problem, mark, context = error.problem or "this is not YAML", error.problem_mark, error.context_mark
        index = self.offset + mark.index
        message = words(problem, self.text[index : index + 1])
        if context and problem in AT_THE_START:
            mark = context
        elif context and context.line < mark.line:
            message += f" (in what starts on line {self.line + context.line + 1})"
        return Refused(self._refused(message, mark).fault, index)

    def _refused(self, message: str, start: Any, end: Any = None) -> Refused:
        line, column = self.line + start.line + 1, start.column + 1
        if end is None:
            fault = Fault(message, line, column, line, column + 1)
        else:
            fault = Fault(message, line, column, self.line + end.line + 1, end.column + 1)
        return Refused(fault, self.offset + start.index)


class _Rest:
    """The rest of a text as a file, so that to start in the middle of it copies nothing."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._next = start

    def read(self, size: int = _CHUNK, /) -> str:
        start = self._next
        self._next = start + min(size, _CHUNK)
        return self._text[start : self._next]
