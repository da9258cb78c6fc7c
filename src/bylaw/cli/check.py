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
    command.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FORMAT",
        help="text (default) or json; may be repeated",
    )
    command.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a format to a file; may be repeated",
    )
    command.add_argument(
        "--now", type=common.day, metavar="DATE", help="the day of the judgement, so that it can be repeated"
    )
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="auto (default): on a terminal"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the decision's exit code."""
    import bylaw
    from bylaw import reports

    outputs = _outputs(args.format, args.output)
    for form, _ in outputs:
        reports.known(form)
    catalog, settings, progress = common.read_catalog(args, args.paths)
    report = bylaw.check(catalog, settings=settings, only=args.rule, now=args.now, jobs=args.jobs, progress=progress)
    progress.done()
    for form, path in outputs:
        if path is not None:
            common.write_file(path, reports.render(report, form))
        else:
            common.write(reports.render(report, form, color=common.colours(args.color), width=common.width()))
    return report.decision.exit_code


def _outputs(formats: list[str], outputs: list[str]) -> list[tuple[str, str | None]]:
    """Each format and the file it goes to; None is stdout, which comes last and takes one.

    Raises:
        UsageError: an --output that is not FORMAT=FILE, or two formats for stdout.
    """
    from bylaw.errors import UsageError

    files: list[tuple[str, str | None]] = []
    for each in outputs:
        form, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"--output {each}: expected FORMAT=FILE, such as json=report.json")
        files.append((form, path))
    written = {form for form, _ in files}
    shown = [each for each in dict.fromkeys(formats) if each not in written]
    if len(shown) > 1:
        raise UsageError(
            f"formats {' and '.join(shown)} would both go to standard output; "
            f"send one to a file: --output {shown[-1]}=FILE"
        )
    return [*files, *((each, None) for each in (shown if formats else ["text"]))]
