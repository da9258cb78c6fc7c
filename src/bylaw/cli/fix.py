"""``bylaw fix``: put right what can be put right without asking, and nothing else."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bylaw.cli import common

_DESCRIPTION = """\
Make the safe fixes of what `bylaw check` finds: a misspelt reference or lifecycle with one near
neighbour, the case of a kind, a field that follows from relations, an annotation with a new name.
Comments, order, quoting and indentation stay.

The whole catalog is judged with the changes, by every rule, before anything is written. A file whose
changes would bring about anything that weighs as much as what they put right stays as it is, byte for
byte, and so does one in which a fix cannot be made exactly. Lesser findings that come to light are
counted."""
_EPILOG = """\
  bylaw fix .                                         fix what can be fixed
  bylaw fix . --rule reference-dangling --dry-run     show it as a diff for git apply or patch -p1
  bylaw fix . --owner group:default/old=group:default/new     give all that one team owns to another

exit codes: 0 all is made, or there is nothing to do; 1 a fix could not be made; 2 wrong usage or
configuration; 3 undecided: a rule came to no answer, and nothing was changed. With --dry-run, 1
also means that something would change."""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "fix",
        help="make the safe fixes of what is found",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="default: the current folder")
    common.add_catalog(command)
    command.add_argument(
        "--rule", action="append", default=[], metavar="ID", help="only findings of this rule; may be repeated"
    )
    command.add_argument(
        "--owner",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="instead of fixing findings, give what OLD owns to NEW; may be repeated",
    )
    command.add_argument("--dry-run", action="store_true", help="write nothing, print a unified diff")
    command.add_argument("--now", type=common.day, metavar="DATE", help="the day of the judgement")
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="auto (default): on a terminal"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fix, print what was changed and what was not, and say whether all was."""
    from bylaw import pipeline
    from bylaw.errors import UsageError
    from bylaw.reports import diff
    from bylaw.reports import fixes as reports
    from bylaw.reports.terminal import visible

    if args.owner and args.rule:
        raise UsageError("--owner moves ownership and --rule fixes findings: run bylaw fix once for each")
    settings = common.settings_of(args, args.paths)
    progress = common.Progress()
    found = pipeline.fix(
        args.paths,
        settings=settings,
        root=args.root,
        stdin=common.stdin_of(args.paths, settings),
        only=args.rule,
        owners=args.owner,
        now=args.now,
        write=not args.dry_run,
        jobs=args.jobs,
        progress=progress,
    )
    progress.done()
    color = common.colours(args.color)
    if args.dry_run:
        text, left_out = diff.render(found, color=color, safe=color or sys.stdout.isatty())
        common.write(text)
        for path in left_out:
            sys.stderr.write(f"not shown: {visible(path)}\n  its diff would show a secret\n")
        sys.stderr.write(reports.refused(found, color=False) + reports.summary(found, dry=True))
        return 1 if found.edits or found.refusals else 0
    blocks = (reports.made(found, color=color), reports.refused(found, color=color), reports.summary(found, dry=False))
    common.write("\n".join(filter(None, blocks)))
    return 1 if found.refusals else 0
