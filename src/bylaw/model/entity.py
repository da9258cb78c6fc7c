"""What was read: documents, and the entities among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.model.words import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.model.ref import EntityRef


@dataclass(frozen=True, slots=True)
class Location:
    """A stretch of a file. Lines and columns count from 1; the end is the column after the last character."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something found wrong while reading, before there was anything for a rule to judge.

    ``rule`` names the rule that reports it. The place is ``pointer`` (a JSON pointer into the
    document) or, where the text could not be read at all, ``location``. ``outcome`` is unknown where it
    cannot be told from here whether anything is wrong.
    """

    rule: str
    message: str
    pointer: str = ""
    location: Location | None = None
    observed: Any = None
    expected: str | None = None
    suggestion: str | None = None
    outcome: Outcome = Outcome.FAIL


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of one file, or one entity of a server.

    ``path`` is relative to the root of the checkout, with forward slashes; None where no file exists.
    ``index`` counts the documents of the file from 0. ``data`` is None where nothing could be read.
    """

    path: str | None
    index: int
    data: Any
    problems: tuple[Problem, ...] = ()
    url: str | None = None

    @property
    def order(self) -> tuple[str, int]:
        """Where the document stands among all of them: the order in which bylaw reads a catalog."""
        return (self.path or "", self.index)


@dataclass(frozen=True, slots=True)
class Entity:
    """A document that can be addressed: it has a kind and a name.

    ``key`` is the canonical reference (``component:default/orders``). ``data`` is what its author wrote,
    with the namespace filled in.
    """

    key: str
    ref: EntityRef
    data: Mapping[str, Any]
    document: Document

    @property
    def kind(self) -> str:
        return self.ref.kind

    @property
    def spec(self) -> Mapping[str, Any]:
        """``spec``, or an empty mapping where it is missing or of another type."""
        spec = self.data.get("spec")
        return spec if isinstance(spec, dict) else {}
