"""``bylaw check``: judge catalog files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.cli import common
from bylaw.errors import UsageError

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "check",
        help="judge the entities of catalog files",
        description="Judge the entities of catalog files: files, folders, globs, or - for standard input.",
    )
    command.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="default: the current folder")
    common.add_catalog(command)
    command.add_argument("--rule", action="append", default=[], metavar="ID", help="only this rule; may be repeated")
    common.add_outputs(command, "text (default), json, sarif, junit, codequality, github, tap or markdown")
    command.add_argument("--compat", choices=("entity-validator",), help="judge as another tool does, by its arguments")
    like_it = command.add_argument_group("with --compat entity-validator, as validate-entity has them")
    like_it.add_argument("-i", action="store_true", dest="stdin_names", help="read names of files from standard input")
    like_it.add_argument("-q", action="store_true", dest="quiet", help="print nothing if all is valid")
    like_it.add_argument("-l", metavar="SCHEMA", dest="schema", help="JSON Schema for entities, a file")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the decision's exit code."""
    from functools import partial

    import bylaw
    from bylaw import reports

    if args.compat:
        from bylaw.cli import compat

        return compat.run(args)
    if args.stdin_names or args.quiet or args.schema:
        raise UsageError("-i, -q and -l are arguments of the entity validator: add --compat entity-validator")
    outputs = common.outputs(args, reports.known)
    catalog, settings, progress = common.read_catalog(args, args.paths)
    report = bylaw.check(catalog, settings=settings, only=args.rule, now=args.now, jobs=args.jobs, progress=progress)
    progress.done()
    common.deliver(args, outputs, partial(reports.render, report))
    return report.decision.exit_code
