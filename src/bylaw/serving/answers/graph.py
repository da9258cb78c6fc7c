"""``GET /v1/graph/…``: who owns an entity, what needs it, what it needs, and how two of them hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from bylaw.serving.answers.entities import UnknownError, found
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bylaw.graphs import Graph
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation


def answer(generation: Generation, question: Question) -> Reply:
    """What ``bylaw graph`` says to the question that ``about`` names."""
    arguments = question.arguments
    try:
        said = _ABOUT[arguments["about"]](generation.graph, arguments)
    except UnknownError as error:
        return problem(error.status, str(error))
    return Reply(200, orjson.dumps(said))


def _owners(graph: Graph, arguments: Mapping[str, str]) -> dict[str, Any]:
    ref = _ref(graph, arguments["ref"])
    direct = graph.owners_of(ref)
    owners = [
        {"ref": owner, "direct": owner in direct, "exists": graph.exists(owner)}
        for owner in graph.owners_of(ref, effective=True)
    ]
    return {"ref": ref, "owners": owners}


def _dependents(graph: Graph, arguments: Mapping[str, str]) -> dict[str, Any]:
    return _needing(graph, arguments, "dependents", graph.dependents_of)


def _dependencies(graph: Graph, arguments: Mapping[str, str]) -> dict[str, Any]:
    return _needing(graph, arguments, "dependencies", graph.dependencies_of)


def _needing(
    graph: Graph, arguments: Mapping[str, str], name: str, ask: Callable[..., tuple[str, ...]]
) -> dict[str, Any]:
    ref = _ref(graph, arguments["ref"])
    direct = set(ask(ref))
    refs = sorted(direct) if arguments.get("direct") == "true" else ask(ref, transitive=True)
    said = [
        {"ref": each, "direct": each in direct, "exists": graph.exists(each), "owners": graph.owners_of(each)}
        for each in refs
    ]
    return {"ref": ref, name: said}


def _why(graph: Graph, arguments: Mapping[str, str]) -> dict[str, Any]:
    one, other = _ref(graph, arguments["from"]), _ref(graph, arguments["to"])
    path = graph.path(one, other)
    steps = [{"from": source, "relation": kind, "to": target} for source, kind, target in path or ()]
    return {"from": one, "to": other, "leads": path is not None, "path": steps}


def _ref(graph: Graph, text: str) -> str:
    """The ref that is meant: an entity's, or one that some relation names."""
    return found(text, graph.__contains__, graph)


_ABOUT: Mapping[str, Callable[[Graph, Mapping[str, str]], dict[str, Any]]] = {
    "owners": _owners,
    "dependents": _dependents,
    "dependencies": _dependencies,
    "why": _why,
}
