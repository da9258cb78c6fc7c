"""``bylaw decisions``: what was decided, and whether the log of it is whole."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common
from bylaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.store import Filter, Row, Store

_DESCRIPTION = """\
The server keeps every decision in its store, each row with the hash of the one before it, so that nobody
changes, moves or takes out a row unseen. docs/decisions.md says what that shows and what it cannot show."""
_LIST_EPILOG = """\
  bylaw decisions list --decision denied --since 2026-11-21
  bylaw decisions list --subject "apps/v1 Deployment shop/orders" --format json
  bylaw decisions list --store postgresql://bylaw@db.example.com/bylaw --rule ownership/owner-unknown"""
_VERIFY_EPILOG = """\
exit codes: 0 the log is whole; 1 a row was changed, moved or taken out; 2 wrong usage or configuration; 3 the store
cannot be read. Who can write to the store can also write a whole other log: note the hash that `bylaw decisions head`
prints elsewhere, and give it to --head."""
_FORMATS = ("text", "json")


def add(commands: Any) -> None:
    """The command and those below it."""
    command = commands.add_parser(
        "decisions", help="list, show or verify what a server decided", description=_DESCRIPTION, formatter_class=_Raw
    )
    deeds = command.add_subparsers(dest="deed", metavar="DEED", required=True)

    listed = _deed(deeds, "list", _list, "the latest decisions, the last one at the end", _LIST_EPILOG)
    add_filters(listed)
    listed.add_argument("--limit", metavar="N", type=_count, default=50, help="at most so many (default: 50)")

    shown = _deed(deeds, "show", _show, "one decision, with what was asked")
    shown.add_argument("id", metavar="ID", help="its id, or the number of its row")

    verified = _deed(deeds, "verify", _verify, "whether the log is whole", _VERIFY_EPILOG)
    verified.add_argument("--head", metavar="HASH", help="the hash of a row, noted before, that has to be in it")

    _deed(deeds, "head", _head, "number and hash of the last row, to be noted elsewhere")


_Raw = argparse.RawDescriptionHelpFormatter


def _deed(deeds: Any, name: str, run: Callable[[argparse.Namespace], int], text: str, epilog: str = "") -> Any:
    deed = deeds.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_Raw
    )
    add_store(deed)
    deed.add_argument("--config", metavar="FILE", type=Path, help="settings file (default: bylaw.yaml, if there)")
    deed.add_argument("--format", choices=_FORMATS, default="text", help="text (default) or json")
    deed.set_defaults(run=run)
    return deed


def add_store(command: argparse.ArgumentParser) -> None:
    """The option that names the store."""
    command.add_argument("--store", metavar="URL", help="default: store of the settings; its password: PGPASSWORD")


def add_filters(command: argparse.ArgumentParser) -> None:
    """The options that say which decisions are meant."""
    decisions = ("allowed", "denied", "undecided")
    command.add_argument("--decision", choices=decisions, help="only those that came out like this")
    command.add_argument("--gate", metavar="NAME", help="only those of this gate, such as admission")
    command.add_argument("--rule", metavar="ID", help="only those in which this rule counted")
    command.add_argument("--subject", metavar="TEXT", help="only those about this: the ref of an entity, or an object")
    command.add_argument("--since", metavar="TIME", type=_moment, help="from this day (or RFC 3339 time) on, in UTC")
    command.add_argument("--until", metavar="TIME", type=_moment, help="before this day (or RFC 3339 time), in UTC")


def filter_of(args: argparse.Namespace) -> Filter:
    """Which decisions the options mean."""
    from bylaw.store import Filter

    return Filter(
        decision=args.decision,
        gate=args.gate,
        rule=args.rule,
        subject=args.subject,
        since=args.since,
        until=args.until,
    )


def store_of(args: argparse.Namespace) -> Store:
    """The store that the options or the settings name.

    Raises:
        ConfigError: there is none.
    """
    from bylaw import config
    from bylaw.store import open_store

    if args.store is not None:
        return open_store(args.store, Path(), create=False)
    folder = common.settings_file(args).parent
    return open_store(config.read(args.config, root=folder).store, folder, create=False)


def _list(args: argparse.Namespace) -> int:
    store = store_of(args)
    try:
        rows = store.rows(where=filter_of(args), limit=args.limit, newest=True)[::-1]
    finally:
        store.close()
    if args.format == "json":
        _write_json([_json(row) for row in rows])
    else:
        common.write(_table(rows) if rows else "no decision is like that\n")
    return 0


def _show(args: argparse.Namespace) -> int:
    from bylaw.store import Filter

    store = store_of(args)
    try:
        rows = store.rows(where=Filter(id=args.id), limit=1)
        if not rows and args.id.isascii() and args.id.isdecimal() and len(args.id) < 18 and int(args.id):
            rows = [row for row in store.rows(after=int(args.id) - 1, limit=1) if row.seq == int(args.id)]
    finally:
        store.close()
    if not rows:
        raise UsageError(f"there is no decision {args.id} in {store.place}; `bylaw decisions list` shows what is there")
    if args.format == "json":
        _write_json(_json(rows[0]))
    else:
        common.write(_told(_json(rows[0])))
    return 0


def _verify(args: argparse.Namespace) -> int:
    noted = args.head
    if noted is not None and not _is_hash(noted):
        raise UsageError(f"--head {noted}: expected a hash as `bylaw decisions head` prints it: sha256: and 64 digits")
    store = store_of(args)
    try:
        faults = store.verify(noted)
        head = store.head()
    finally:
        store.close()
    if args.format == "json":
        told = [{"seq": each.seq, "message": each.message} for each in faults]
        _write_json({"rows": head.seq, "head": head.hash, "faults": told})
    elif faults:
        from bylaw.reports.terminal import visible

        common.write("".join(f"{visible(each.message)}\n" for each in faults))
    else:
        with_noted = ", and the noted row is among them" if noted else ""
        common.write(f"{head.seq:,} rows, each as it was written{with_noted}\nhead: {head.hash}\n")
    return 1 if faults else 0


def _head(args: argparse.Namespace) -> int:
    store = store_of(args)
    try:
        head = store.head()
    finally:
        store.close()
    if args.format == "json":
        _write_json({"rows": head.seq, "head": head.hash})
    else:
        common.write(f"{head.seq} {head.hash}\n")
    return 0


def _json(row: Row) -> dict[str, Any]:
    from bylaw.decisions import lines

    return lines.shown(row)


def _write_json(value: Any) -> None:
    import orjson

    common.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def _table(rows: list[Row]) -> str:
    from bylaw.reports.terminal import visible
    from bylaw.store import Gap

    lines: list[tuple[Any, ...]] = [("ROW", "TIME", "GATE", "DECISION", "SUBJECT", "RULES")]
    for row in rows:
        each = row.entry
        if isinstance(each, Gap):
            lines.append((row.seq, _second(each.time), "", "", f"{each.lost:,} decisions lost: {each.reason}", ""))
        else:
            rules = ", ".join(map(visible, each.rules))
            subject = visible(each.subject)
            lines.append((row.seq, _second(each.time), visible(each.gate), each.decision.value, subject, rules))
    return common.table(lines)


def _second(time: str) -> str:
    from bylaw.reports.terminal import visible

    return visible(f"{time[:19]}Z")


def _told(said: dict[str, Any]) -> str:
    """A row as a person reads it: a line for each field, and what was asked below."""
    import orjson

    from bylaw.reports.terminal import visible

    asked = said.pop("input", None)
    digests = said.pop("digests", {})
    said |= {f"{name} digest": digest for name, digest in digests.items()}
    said["rules"] = ", ".join(said.get("rules", ()))
    named = [(name, said[name]) for name in sorted(said, key=lambda name: (_place(name), name)) if said[name] != ""]
    lines = [(f"{name.replace('_', ' ')}:", visible(str(value))) for name, value in named]
    text = common.table(list(lines))
    if asked is None:
        return f"{text}what was asked was not kept\n" if said["kind"] == "decision" else text
    shown = orjson.dumps(asked, option=orjson.OPT_INDENT_2).decode()
    return text + "input:\n" + "".join(f"  {visible(line)}\n" for line in shown.split("\n"))


def _place(name: str) -> int:
    """Where a field stands among the others: those that a reader looks for first."""
    first = ("seq", "id", "time", "gate", "subject", "decision", "rules", "reason", "caller")
    return first.index(name) if name in first else len(first)


def _is_hash(text: str) -> bool:
    digits = text.removeprefix("sha256:")
    return text != digits and len(digits) == 64 and not set(digits) - set("0123456789abcdef")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return int(text)


def _moment(text: str) -> str:
    """A moment as the log writes it, but for the end that says UTC."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date such as 2026-11-21, and no time such as 2026-11-21T09:30:00Z"
        raise argparse.ArgumentTypeError(message) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")
