"""``bylaw snapshot``: the whole catalog in one file, for gates that judge a change of a part of it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.catalog import Catalog
    from bylaw.config import Settings
    from bylaw.sources.snapshot import Snapshot

_SHOWN = 12  # kinds that are worth naming
_DESCRIPTION = """\
Write a whole catalog into one file: what `bylaw gate` lays a change over. Make it of the default branch,
each time that changes, and let CI keep the file.

It holds the entities as they are, without the secrets that bylaw check would find in them. Whoever reads
it can tell whether a byte is missing or another."""
_EPILOG = """\
  bylaw snapshot . --output base.db       write the catalog of this checkout
  bylaw snapshot --show base.db           what is in it

exit codes: 0 written; 2 wrong usage or configuration; 3 undecided: --show names a file that cannot be read"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "snapshot",
        help="write the whole catalog into one file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("paths", nargs="*", metavar="PATH", help="default: the current folder")
    wanted = command.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--output", metavar="FILE", type=Path, help="write it to this file")
    wanted.add_argument("--show", metavar="FILE", type=Path, help="say what is in this file instead")
    command.add_argument(
        "--repository",
        metavar="URL",
        help="the repository that the files are in (default: catalog.repository, what CI says, or the remote origin)",
    )
    command.add_argument("--commit", metavar="ID", help="the commit that the files are of (default: what git says)")
    common.add_catalog(command)
    command.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    command.add_argument("--now", type=common.day, metavar="DATE", help="the day on which it is made")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write or show, and say what is in the file."""
    from bylaw.errors import UsageError
    from bylaw.sources.snapshot import open_snapshot

    if args.show:
        if args.paths:
            raise UsageError(f"--show says what is in a file, and nothing is read: leave out {args.paths[0]}")
        if not os.path.lexists(args.show):
            raise UsageError(f"--show {args.show}: no such file")
    else:
        _write(args)
    with open_snapshot(args.show or args.output) as snapshot:
        if args.format == "json":
            common.write(_json(snapshot))
        else:
            common.write(_text(snapshot) if args.show else _line(snapshot))
        if not args.show:
            _note(_redacted(snapshot))
    return 0


def _write(args: argparse.Namespace) -> None:
    """The place where a catalog from elsewhere comes in as well, with its own ``source`` and ``etags``."""
    from datetime import UTC, datetime, time

    from bylaw.errors import UsageError
    from bylaw.sources import snapshot

    catalog, settings, progress = common.read_catalog(args, args.paths or ["."])
    progress.done()
    if not catalog.entities:
        raise UsageError("there is nothing to write: no entity was read; say where the catalog files are")
    repository = _repository(args, settings, catalog)
    made = datetime.combine(args.now, time(), UTC) if args.now else datetime.now(UTC)
    commit = args.commit or _commit(catalog)
    _note(*_notes(catalog, repository))
    snapshot.write(args.output, catalog, repository=repository, commit=commit, made=made, source="files of a checkout")


def _repository(args: argparse.Namespace, settings: Settings, catalog: Catalog) -> str | None:
    """The repository of the files, by what is said of it or can be known.

    Raises:
        UsageError, ConfigError: what is said names none.
    """
    from bylaw.errors import ConfigError, UsageError
    from bylaw.sources import places

    expected = "names no repository; expected an address such as https://gitlab.example.com/shop/orders"
    if args.repository is not None:
        found = places.repository(args.repository)
        if found is None:
            raise UsageError(f"--repository {places.without_credentials(args.repository)}: {expected}")
        return found
    said = settings.catalog.repository
    if said is not None:
        found = places.repository(said)
        if found is None:
            raise ConfigError(f"catalog.repository: {places.without_credentials(said)} {expected}")
        return found
    return places.of_checkout(catalog.root, os.environ) if catalog.root else None


def _commit(catalog: Catalog) -> str | None:
    from bylaw.sources import git

    if catalog.root is None:
        return None
    only_there = {"GIT_CEILING_DIRECTORIES": str(catalog.root.parent)}
    try:
        said = git.ask("rev-parse", "--verify", "--quiet", "HEAD", folder=catalog.root, environment=only_there)
    except git.GitError:
        return None
    return said.decode("ascii", "replace").strip()


def _notes(catalog: Catalog, repository: str | None) -> Iterator[str]:
    """What whoever writes the snapshot should know."""
    yield from catalog.notes
    lost = sorted({each.path or each.url or "" for each in catalog.documents if each.data is None})
    if lost:
        what = "1 file holds" if len(lost) == 1 else f"{len(lost):,} files hold"
        more = f" and {len(lost) - 3:,} more" if len(lost) > 3 else ""
        yield (
            f"{what} what cannot be read, and the entities that it may describe are missing: "
            f"{', '.join(lost[:3])}{more}; bylaw check says why"
        )
    if repository is None:
        yield (
            "nobody says which repository this is, so that a gate cannot tell which entities are its own: "
            "name it with --repository"
        )


def _redacted(snapshot: Snapshot) -> str:
    if not snapshot.redacted:
        return ""
    what = "1 secret was" if snapshot.redacted == 1 else f"{snapshot.redacted:,} secrets were"
    return f"{what} left out: bylaw check . --rule secret-in-descriptor says where"


def _note(*notes: str) -> None:
    from bylaw.reports.terminal import visible

    for each in filter(None, notes):
        sys.stderr.write(f"bylaw: {visible(each)}\n")


def _line(snapshot: Snapshot) -> str:
    from bylaw.reports.terminal import visible

    what = "1 entity" if snapshot.count == 1 else f"{snapshot.count:,} entities"
    size = snapshot.path.stat().st_size
    return f"wrote {what} to {visible(str(snapshot.path))}: {size:,} bytes, {snapshot.digest}\n"


def _text(snapshot: Snapshot) -> str:
    from bylaw.reports.terminal import visible

    commit = f" at {snapshot.commit}" if snapshot.commit else ""
    kinds = [f"{count:,} {kind}" for kind, count in sorted(snapshot.counts.items(), key=lambda each: -each[1])]
    more = f" and {len(kinds) - _SHOWN:,} kinds more" if len(kinds) > _SHOWN else ""
    rows = [
        ("file", f"{snapshot.path}, {snapshot.path.stat().st_size:,} bytes"),
        ("made", f"{snapshot.made:%Y-%m-%d %H:%M} UTC"),
        ("source", snapshot.source),
        ("repository", f"{snapshot.repository or 'unknown'}{commit}"),
        ("entities", f"{snapshot.count:,}: {', '.join(kinds[:_SHOWN])}{more}"),
        ("complete", f"{'yes' if snapshot.complete else 'no'}: {snapshot.completeness}"),
        *([("secrets", f"{snapshot.redacted:,} left out")] if snapshot.redacted else []),
        ("digest", snapshot.digest),
    ]
    return common.table([(name, visible(text)) for name, text in rows])


def _json(snapshot: Snapshot) -> str:
    import json

    said = {
        "version": 1,
        "path": str(snapshot.path),
        "bytes": snapshot.path.stat().st_size,
        "digest": snapshot.digest,
        "made": snapshot.made.isoformat(),
        "source": snapshot.source,
        "repository": snapshot.repository,
        "commit": snapshot.commit,
        "entities": snapshot.count,
        "kinds": dict(sorted(snapshot.counts.items())),
        "complete": snapshot.complete,
        "completeness": snapshot.completeness,
        "redacted": snapshot.redacted,
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"
