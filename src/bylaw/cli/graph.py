"""``bylaw graph``: who owns it, who needs it, how two entities hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from bylaw.catalog import Catalog
    from bylaw.graphs import Graph


def add(commands: Any) -> None:
    """The command and those below it."""
    command = commands.add_parser(
        "graph",
        help="ask the ownership and dependency graph",
        description="Ask who owns an entity, who needs it, and how two of them hang together.",
    )
    questions = command.add_subparsers(dest="question", metavar="QUESTION", required=True)
    owners = _question(questions, "owners", _owners, "who owns an entity, directly and in effect")
    owners.add_argument("ref", metavar="REF", help="such as component:default/orders")
    dependents = _question(questions, "dependents", _dependents, "what needs an entity")
    dependents.add_argument("ref", metavar="REF", help="such as api:default/orders")
    dependents.add_argument("--direct", action="store_true", help="not through others")
    why = _question(questions, "why", _why, "how one entity leads to another")
    why.add_argument("ref", metavar="FROM", help="the entity to begin with")
    why.add_argument("other", metavar="TO", help="the entity to arrive at")
    export = _question(questions, "export", _export, "write the whole graph")
    export.add_argument("--format", choices=("graphml", "dot", "json"), default="json", help="default: json")
    export.add_argument("--around", metavar="REF", help="only this entity and its neighbours")


def _question(questions: Any, name: str, answer: Callable[[argparse.Namespace, Catalog, Graph], int], text: str) -> Any:
    question = questions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    question.add_argument(
        "--in",
        dest="paths",
        action="append",
        metavar="PATH",
        help="catalog files (default: the current folder)",
    )
    common.add_catalog(question)
    question.set_defaults(run=lambda args: _run(args, answer))
    return question


def _run(args: argparse.Namespace, answer: Callable[[argparse.Namespace, Catalog, Graph], int]) -> int:
    import bylaw

    catalog, _, progress = common.read_catalog(args, args.paths or ["."])
    progress.done()
    return answer(args, catalog, bylaw.graph(catalog))


def _owners(args: argparse.Namespace, catalog: Catalog, graph: Graph) -> int:
    key = _found(args.ref, graph)
    direct = graph.owners_of(key)
    effective = graph.owners_of(key, effective=True)
    rows = [(owner, "direct" if owner in direct else "in effect", _missing(owner, graph)) for owner in effective]
    common.write(common.table(rows) if rows else f"nobody owns {key}\n")
    return 0


def _dependents(args: argparse.Namespace, catalog: Catalog, graph: Graph) -> int:
    key = _found(args.ref, graph)
    direct = set(graph.dependents_of(key))
    found = sorted(direct) if args.direct else graph.dependents_of(key, transitive=True)
    rows = [
        (each, "direct" if each in direct else "through others", ", ".join(graph.owners_of(each))) for each in found
    ]
    common.write(common.table(rows) if rows else f"nothing depends on {key}\n")
    return 0


def _why(args: argparse.Namespace, catalog: Catalog, graph: Graph) -> int:
    one, other = _found(args.ref, graph), _found(args.other, graph)
    path = graph.path(one, other)
    if path is None:
        common.write(f"{one} does not lead to {other}\n")
        return 0
    common.write(f"{one}\n" + "".join(f"  {relation} {target}\n" for _, relation, target in path))
    return 0


def _export(args: argparse.Namespace, catalog: Catalog, graph: Graph) -> int:
    from bylaw.graphs.export import render

    keys = None
    if args.around:
        key = _found(args.around, graph)
        keys = {key, *graph.neighbourhood(key)}
    common.write(render(graph, args.format, forward=catalog.kinds.forward, keys=keys))
    return 0


def _found(text: str, graph: Graph) -> str:
    """The ref that a person means: of any kind, where only one entity has the name.

    Raises:
        UsageError: nothing in the graph has it, or several do.
    """
    from bylaw.errors import UsageError
    from bylaw.model import EntityRef, RefError, did_you_mean

    try:
        key = str(EntityRef.parse(text, "component"))
    except RefError as error:
        raise UsageError(str(error)) from None
    if key in graph:
        return key
    if ":" not in text:
        named = sorted(each for each in graph.keys if each.partition("/")[2] == text.lower())
        if len(named) == 1:
            return named[0]
        if named:
            raise UsageError(f"{text} may be {', '.join(named)}: name the kind")
    hint = did_you_mean(key, graph.keys)
    raise UsageError(f"{key} is not in the catalog{hint}")


def _missing(key: str, graph: Graph) -> str:
    return "" if graph.exists(key) else "(not in the catalog)"
