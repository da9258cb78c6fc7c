"""``bylaw check``: judge catalog files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.cli import common

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
    common.add_outputs(command, "text (default) or json")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the decision's exit code."""
    from functools import partial

    import bylaw
    from bylaw import reports

    outputs = common.outputs(args, reports.known)
    catalog, settings, progress = common.read_catalog(args, args.paths)
    report = bylaw.check(catalog, settings=settings, only=args.rule, now=args.now, jobs=args.jobs, progress=progress)
    progress.done()
    common.deliver(args, outputs, partial(reports.render, report))
    return report.decision.exit_code
