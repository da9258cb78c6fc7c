"""``POST /v1/changes``: may this change be merged, laid over the server's catalog?

A change is what files of a repository held before and hold after it, as documents that were read where the files are
(``bylaw gate --server`` sends these); or, for a program that knows entities and no files, those that come and the refs
of those that go.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date  # noqa: TC003  (pydantic reads it from the annotations)
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bylaw import catalog as catalogs
from bylaw.errors import ConfigError, UndecidedError, UsageError
from bylaw.merge import states, wire
from bylaw.merge.verdict import Story, Terms, verdict
from bylaw.model import Document, FileChange, Location, Outcome, Problem
from bylaw.serving import once, proposed
from bylaw.serving.answers.check import day, rendered, told, undecided
from bylaw.serving.bodies import MalformedError, read
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem
from bylaw.sources import places
from bylaw.sources.surroundings import Surroundings

if TYPE_CHECKING:
    from bylaw.affected import State, Touch
    from bylaw.config import Settings
    from bylaw.model import Report
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

_FILES = 100  # files of the largest kind that one change may bring
_KEPT = 256 * 1024  # bytes of a question that are worth being kept for a replay

_Text = Annotated[str, Field(max_length=4096)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Place(_Strict):
    """A stretch of a file."""

    path: _Text
    line: int
    column: int
    end_line: int
    end_column: int


class ReadingProblem(_Strict):
    """What was found wrong while a document was read, which the rule of that name reports."""

    rule: _Text
    message: Annotated[str, Field(min_length=1, max_length=4096)]
    pointer: Annotated[str, Field(pattern=r"^(/|$)", max_length=4096)] = ""
    location: Place | None = None
    observed: Any = None
    expected: str | None = None
    suggestion: str | None = None
    outcome: Literal["fail", "unknown", "error"] = "fail"


class ReadDocument(_Strict):
    """One YAML document of a file, as JSON."""

    path: _Text | None = None
    """The file, from the root of the repository."""
    index: Annotated[int, Field(ge=0)] = 0
    """The number of the document in its file, from 0."""
    data: Any = None
    problems: tuple[ReadingProblem, ...] = ()
    url: _Text | None = None


class ChangedFile(_Strict):
    """What becomes of a file: its path before, and after; null where it is not there."""

    before: _Text | None
    after: _Text | None


class Body(_Strict):
    """A change set."""

    version: Literal[1] = 1
    base: _Text = "the catalog"
    """What the change is compared with, in words."""
    repository: _Text | None = None
    """The address of the repository, by which the catalog knows its files."""
    branch: _Text | None = None
    files: tuple[ChangedFile, ...] = ()
    before: tuple[ReadDocument, ...] = ()
    """The documents, before the change, of the catalog files that differ."""
    after: tuple[ReadDocument, ...] = ()
    """The documents of these files after it."""
    entities: tuple[Any, ...] = ()
    """Without files: the entities that come, or are edited."""
    deleted: tuple[_Text, ...] = ()
    """Without files: the refs of the entities that go."""
    actor: _Text | None = None
    approvers: tuple[_Text, ...] | None = None
    everything: bool = False
    """Whether old faults deny as new ones do."""
    now: date | None = None
    form: Literal["report", "whole"] = "report"
    """`report` is the JSON report; `whole` is for `bylaw gate`, which renders it."""


def answer(generation: Generation, question: Question) -> Reply:
    """The report of ``bylaw gate``, as JSON."""
    limits = generation.settings.catalog.limits
    try:
        said = read(question.body, replace(limits, file_nodes=limits.file_nodes * _FILES))
        body = Body.model_validate_json(orjson.dumps(said))
        report = _report(generation, question, body)
    except ValidationError as error:
        return problem(400, _fault(error))
    except (MalformedError, UsageError) as error:
        return problem(400, str(error))
    except (ConfigError, UndecidedError) as error:
        return problem(422, str(error))
    if question.stale:
        report = undecided(report, question.stale)
    kept = said if len(question.body) <= _KEPT else None
    answered = orjson.dumps(wire.written(report)) if body.form == wire.FORM else rendered(report)
    subject = body.repository or "a change"
    return Reply(200, answered, decided={**told(report, subject, {}, question.stale), "input": kept})


def _report(generation: Generation, question: Question, body: Body) -> Report:
    settings = generation.settings
    if body.everything:
        merge = replace(settings.gates.merge, only_new=False)
        settings = replace(settings, gates=replace(settings.gates, merge=merge))
    over = _surroundings(generation, body)
    terms = Terms(settings, generation.policies, generation.waivers, body.now or day(question))
    story = Story(
        base=body.base,
        surroundings=over.name,
        files=tuple(FileChange(each.before, each.after) for each in body.files),
        actor=body.actor,
        approvers=body.approvers,
    )
    before, after, touch = _states(generation, settings, over, body)
    return verdict(before, after, touch, over, story, terms, ready=once.ready(generation))


def _states(generation: Generation, settings: Settings, over: Surroundings, body: Body) -> tuple[State, State, Touch]:
    """The catalog before the change and after it.

    Raises:
        UsageError: the change is of files and of entities, or of nothing at all.
    """
    kinds, complete = generation.catalog.kinds, settings.catalog.complete
    if body.entities or body.deleted:
        if body.before or body.after or body.files:
            raise UsageError("a change is of files (before, after) or of entities (entities, deleted), not of both")
        come = proposed.documents(body.entities, settings.catalog.limits)
        return states.of_entities(over, catalogs.build(come, kinds, complete), [each.lower() for each in body.deleted])
    old, new = (catalogs.build(map(_document, some), kinds, complete) for some in (body.before, body.after))
    return states.of_files(over, old, new, settings, body.repository)


def _surroundings(generation: Generation, body: Body) -> Surroundings:
    """The catalog as the repository of the change sees it."""
    snapshot = once.snapshot(generation)
    name = f"{places.without_credentials(generation.source)} of {generation.made:%Y-%m-%d %H:%M} UTC"
    told = f"the server's catalog, {name}, {snapshot.count:,} entities"
    return Surroundings(snapshot, told, repository=body.repository, branch=body.branch, root=None)


def warm(generation: Generation) -> None:
    """Compile the rules before the workers are forked."""
    once.ready(generation)


def _document(said: ReadDocument) -> Document:
    return Document(said.path, said.index, said.data, tuple(map(_problem, said.problems)), said.url)


def _problem(said: ReadingProblem) -> Problem:
    place = said.location
    return Problem(
        rule=said.rule,
        message=said.message,
        pointer=said.pointer,
        location=Location(place.path, place.line, place.column, place.end_line, place.end_column) if place else None,
        observed=said.observed,
        expected=said.expected,
        suggestion=said.suggestion,
        outcome=Outcome(said.outcome),
    )


def _fault(error: ValidationError) -> str:
    """The first fault of a body, in words."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the body"
    return f"{where:.120}: {first['msg']}"
