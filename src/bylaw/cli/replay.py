"""``bylaw replay``: the decisions of the log, made again by the law of this checkout."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from bylaw.cli import common, decisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from bylaw.decisions.replay import Replayed
    from bylaw.serving.generation import Generation
    from bylaw.store import Filter, Row, Store

_DESCRIPTION = """\
Decisions that were made by the same policies, waivers, constraints and settings over the same catalog have to come out
the same: another answer means that the engine, or somebody, has changed something. By other policies or settings
(--config, --policies) it shows which decisions would flip. Each decision is made again as of its day."""
_EPILOG = """\
exit codes: 0 nothing differs that may not; 1 a decision by the same law over the same catalog comes out otherwise;
2 wrong usage or configuration; 3 the store or the catalog cannot be read

  bylaw replay --stored                                     the catalog as the server saw it last
  bylaw replay --config next.yaml --store sqlite:///var/bylaw.db --since 2026-11-01"""
_DIFFERING = "differ: the engine or the log was changed"
_UNCLEAR = "differ, but something of what was asked is masked, which may be why"
_PAGE = 500  # rows
_GATES = {"merge": "changes"}  # the names of questions that are not those of their gates


def add(commands: Any) -> None:
    """The command."""
    command = commands.add_parser(
        "replay",
        help="make the decisions of the log again",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "paths", nargs="*", metavar="PATH", help="where the catalog is (default: as for `bylaw serve`)"
    )
    common.add_catalog(command)
    decisions.add_store(command)
    command.add_argument("--stored", action="store_true", help="take the latest catalog from the store")
    decisions.add_filters(command)
    command.add_argument(
        "--now", type=common.day, metavar="DATE", help="make all of them again as of this day, as for `bylaw serve`"
    )
    command.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    import tempfile
    from pathlib import Path

    from bylaw.decisions.replay import replay

    store = decisions.store_of(args)
    progress = common.Progress()
    try:
        with tempfile.TemporaryDirectory(prefix="bylaw-replay-") as folder:
            generation = _generation(args, store, Path(folder))
            rows = _rows(store, decisions.filter_of(args), progress)
            found = replay(rows, _answer(generation, args.now), digests=generation.digests, engine=generation.engine)
    finally:
        progress.done()
        store.close()
    common.write(_json(found) if args.format == "json" else _text(found))
    return 1 if found.differing else 0


def _generation(args: argparse.Namespace, store: Store, folder: Path) -> Generation:
    """The law and the catalog by which decisions are made again.

    Raises:
        UsageError: the store is to give the catalog, and has none.
        RefreshError: they cannot be had.
    """
    from bylaw.errors import UsageError
    from bylaw.serving import generation
    from bylaw.serving.recipe import Recipe

    stored = None
    if args.stored:
        latest = store.latest_snapshot()
        if latest is None:
            raise UsageError(f"--stored: {store.place} has no catalog; name its files, or a base in bylaw.yaml")
        stored = folder / "stored.snapshot"
        store.load_snapshot(latest.digest, stored)
    recipe = Recipe(
        folder=str(folder),
        config=str(args.config) if args.config else None,
        policies=tuple(args.policies),
        paths=tuple(args.paths),
        root=str(args.root) if args.root else None,
        snapshot=str(stored) if stored else None,
        jobs=args.jobs,
    )
    loaded = generation.load(recipe)
    assert isinstance(loaded, tuple)  # a recipe that knows no generation before it
    return loaded[0]


def _rows(store: Store, where: Filter, progress: common.Progress) -> Iterator[Row]:
    last, total = 0, store.head().seq
    while page := store.rows(after=last, limit=_PAGE, where=where):
        yield from page
        last = page[-1].seq
        progress("replaying", last, total)


def _answer(generation: Generation, now: date | None) -> Callable[[Row], Mapping[str, Any]]:
    """What comes of a row by that law, as of a day or of its own."""
    import orjson

    from bylaw.decisions.replay import UnanswerableError
    from bylaw.errors import BylawError
    from bylaw.model import Decided
    from bylaw.serving import answers
    from bylaw.serving.frames import Question

    known = answers.ready(generation)

    def answer(row: Row) -> Mapping[str, Any]:
        decided = row.entry
        assert isinstance(decided, Decided)
        name = _GATES.get(decided.gate, decided.gate)
        if name not in known:
            raise UnanswerableError(f"are of the gate {decided.gate}, which does not decide here")
        arguments = {"now": now.isoformat() if now else decided.time[:10]}
        try:
            reply = known[name](generation, Question(name, orjson.dumps(decided.input), arguments, decided.caller))
        except BylawError as error:
            raise UnanswerableError(f"come to no answer: {error}") from None
        if reply.decided is None:
            raise UnanswerableError(f"are not taken any more (status {reply.status}): what is masked may be needed")
        return reply.decided

    return answer


def _text(found: Replayed) -> str:
    """What came of it, for a person."""
    from bylaw.reports.terminal import visible

    heads = [(each.name, getattr(found.digests, each.name) or "none") for each in fields(found.digests)]
    strict = found.same + len(found.differing) + len(found.unclear)
    lines = [
        common.table([*heads, ("engine", visible(found.engine))]),
        f"\n{strict:,} decisions by this law over this catalog: {found.same:,} come out the same\n",
    ]
    for title, rows in (
        (_DIFFERING, found.differing),
        (_UNCLEAR, found.unclear),
    ):
        if rows:
            table: list[tuple[Any, ...]] = [("ROW", "SUBJECT", "BEFORE", "NOW", "RULES BEFORE", "RULES NOW", "ENGINE")]
            table += [
                (
                    each.seq,
                    visible(each.subject),
                    each.before.value,
                    each.after.value,
                    visible(", ".join(each.rules_before)),
                    visible(", ".join(each.rules_after)),
                    visible(each.engine),
                )
                for each in rows
            ]
            lines += [f"\n{len(rows):,} {title}\n", common.table(table, "  ")]
    flips = sum(found.flips.values())
    if found.kept or flips:
        others = ", ".join(sorted(found.others))
        lines.append(f"{found.kept + flips:,} decisions by another law or catalog ({others}): {flips:,} flip\n")
    if flips:
        table = [("TIMES", "BEFORE", "NOW", "SUBJECT", "RULES")]
        table += [
            (count, flip.before.value, flip.after.value, visible(flip.subject), visible(", ".join(flip.rules)))
            for flip, count in _ordered(found)
        ]
        lines += ["\n", common.table(table, "  ")]
    notes = [
        (found.more, "more differ or flip and are not told"),
        (found.masked, "had something masked in what was asked"),
        (found.without_input, "are without what was asked, and cannot be made again"),
        (found.never_made, "were never made, for want of time or of a fresh catalog"),
        (found.lost, "were lost and are not in the log"),
        *((count, why) for why, count in sorted(found.unanswerable.items())),
    ]
    said = "".join(f"note: {count:,} {visible(what)}\n" for count, what in notes if count)
    return "".join(lines) + (f"\n{said}" if said else "")


def _json(found: Replayed) -> str:
    import orjson

    counted = {"digests", "differing", "unclear", "flips", "unanswerable", "others"}
    said: dict[str, Any] = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in counted}
    said |= {"digests": asdict(found.digests)}
    said |= {name: [asdict(each) for each in getattr(found, name)] for name in ("differing", "unclear")}
    said["flips"] = [{**asdict(flip), "times": count} for flip, count in _ordered(found)]
    said |= {name: dict(sorted(getattr(found, name).items())) for name in ("unanswerable", "others")}
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n"


def _ordered(found: Replayed) -> list[tuple[Any, int]]:
    """The flips, those to denied first, then the most frequent."""
    order = {"denied": 0, "undecided": 1, "allowed": 2}
    return sorted(
        found.flips.items(), key=lambda each: (order[each[0].after], -each[1], each[0].subject, each[0].rules)
    )
