"""``GET /v1/entities/{ref}``: an entity, who owns it, and what it is related to; or what is found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from bylaw.documents.secrets import redact
from bylaw.model import EntityRef, RefError, did_you_mean
from bylaw.serving import proposed
from bylaw.serving.answers.check import day, rendered, undecided
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.graphs import Graph
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

_NEAR = 200_000  # refs among which the nearest is looked for
FORM = "expected one such as component:default/orders"


class UnknownError(Exception):
    """There is no such entity. ``status`` is that of the answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def answer(generation: Generation, question: Question) -> Reply:
    """The entity with its relations, or the report on it: as the question's ``about`` says."""
    try:
        ref = found(question.arguments["ref"], generation.graph.exists, generation.graph)
    except UnknownError as error:
        return problem(error.status, str(error))
    if question.arguments.get("about") == "findings":
        report = proposed.judge_standing(generation, ref, day(question))
        return Reply(200, rendered(undecided(report, question.stale) if question.stale else report))
    entity, graph = generation.catalog.entities[ref], generation.graph
    said = {
        "ref": ref,
        "entity": entity.data,
        "owners": {"direct": graph.owners_of(ref), "effective": graph.owners_of(ref, effective=True)},
        "relations": graph.relations(ref),
        "path": entity.document.path,
        "url": entity.document.url,
    }
    return Reply(200, orjson.dumps(redact(orjson.loads(orjson.dumps(said)))))


def found(text: str, is_known: Callable[[str], bool], graph: Graph) -> str:
    """The ref that a text means, of something in the graph.

    Raises:
        UnknownError: it means none.
    """
    try:
        ref = str(EntityRef.parse(text))
    except RefError as error:
        raise UnknownError(400, f"{error}; {FORM}") from None
    if is_known(ref):
        return ref
    hint = did_you_mean(ref, graph.keys) if len(graph.keys) <= _NEAR else ""
    raise UnknownError(404, f"{ref} is not in the catalog{hint}")
