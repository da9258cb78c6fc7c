"""``bylaw note``: show a report where a merge request is talked about."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bylaw.notes import Suggestion

_DESCRIPTION = """\
Write a Markdown file as a note of a GitLab merge request, or bring the note up to date that an
earlier run wrote. Runs in a merge request's pipeline and goes by its variables. The token comes from
the environment: a project access token with the scope api and the role Reporter is enough.
GitLab lets no CI_JOB_TOKEN write notes.

With --report, fixes of one line are suggested at that line, for a click to apply.

Whatever keeps GitLab from taking it is a warning: the gate has decided, and the note changes nothing."""
_EPILOG = """\
  bylaw gate --output markdown=note.md --output json=report.json
  bylaw note note.md --report report.json

exit codes: 0 written, or a warning says why not; 2 wrong usage"""
_FILE_BYTES = 4 * 1024 * 1024  # of a file that a suggestion is for


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "note",
        help="write a report as a merge request's note",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", metavar="FILE", type=Path, help="what the note says, in Markdown")
    command.add_argument("--report", metavar="FILE", type=Path, help="JSON report of the gate: suggest its fixes")
    command.add_argument(
        "--token-env", metavar="NAME", help="the environment variable with the token (default: BYLAW_GITLAB_TOKEN)"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the note, say where it is, and warn of what did not work out."""
    from bylaw import notes
    from bylaw.reports.terminal import visible

    posted = notes.post(
        _text(args.file),
        os.environ,
        suggested=_suggestions(args.report) if args.report else None,
        token=args.token_env or notes.TOKEN,
    )
    for warning in posted.warnings:
        sys.stderr.write(f"bylaw: {visible(warning)}\n")
    if posted.url:
        sys.stderr.write(f"note: {visible(posted.url)}\n")
    return 0


def _suggestions(path: Path) -> Sequence[Suggestion] | None:
    """What the report's findings allow to suggest; None where there is no report, as after a run that failed."""
    import json

    from bylaw import notes

    if not path.is_file():
        return None
    try:
        report = json.loads(_text(path))
    except ValueError:
        report = None
    if not isinstance(report, dict) or report.get("version") != 1:
        raise UsageError(f"{path}: expected a JSON report of version 1, as `bylaw gate --output json={path}` writes it")
    return notes.suggestions(report["findings"], _lines(), _changed)


def _changed(finding: dict[str, Any], line: str) -> str | None:
    """What the fix of a finding of the JSON report makes of its line."""
    from bylaw.model import Finding, Location
    from bylaw.reports.suggestion import suggestion

    place, fix = Location(**finding["location"]), tuple(finding["fix"])
    return suggestion(Finding(finding["pointer"], finding["message"], fix=fix, location=place), line)


def _lines() -> Callable[[str], Sequence[str] | None]:
    """Reads files of the checkout around the current folder, and none outside."""
    from functools import cache

    from bylaw.catalog.placeholders import UnreadableError
    from bylaw.sources.checkout import Checkout

    checkout = Checkout.around(Path.cwd())

    @cache
    def lines(path: str) -> Sequence[str] | None:
        try:
            return checkout.read(path, _FILE_BYTES).decode().split("\n")
        except (UnreadableError, UnicodeDecodeError):
            return None

    return lines


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
