"""``bylaw impact``: what a change of policies, parameters or enforcement would do, before it is merged."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from bylaw.impacts import Side

_DESCRIPTION = """\
Judge a catalog twice, by two policy sets, and say which entities and owners flip: what would be denied
that is allowed, what would be allowed that is denied, and because of which rules.

The sides are two settings files with the policies that they name. --base takes the earlier one from a
commit, as it was committed; the later one is that of this folder, or --after. --policies counts for the
later side alone."""
_EPILOG = """\
  bylaw impact . --base origin/main                 what these edits of bylaw.yaml and policies would do
  bylaw impact . --base HEAD --now 2026-12-01       the same on another day: stages may begin by then
  bylaw impact . --before bylaw.yaml --after strict.yaml

The catalog is read once, by the settings of the later side. Rules in Python run as they stand on either
side: name no commit that you would not run. The rules that come with bylaw are those of this version.

exit codes: 0 compared, whatever flips; 2 wrong usage, or one side cannot be used; 3 compared, but a rule
came to no answer, so that more may flip"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "impact",
        help="say what a change of policies would do to the catalog",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="default: the current folder")
    earlier = command.add_mutually_exclusive_group(required=True)
    earlier.add_argument("--base", metavar="REF", help="compare with the settings and policies of a branch or commit")
    earlier.add_argument("--before", metavar="FILE", type=Path, help="compare with a settings file, or a folder's")
    command.add_argument("--after", metavar="FILE", type=Path, help="the later settings (default: those of --config)")
    common.add_catalog(command)
    common.add_outputs(command, "text (default), json or markdown")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare, print, and return 0, or 3 where an answer is missing."""
    from functools import partial
    from tempfile import TemporaryDirectory

    from bylaw import pipeline
    from bylaw.reports import impact as reports

    outputs = common.outputs(args, reports.known)
    with TemporaryDirectory(prefix="bylaw-", ignore_cleanup_errors=True) as folder:
        after = _after(args)
        before = _base(args, Path(os.path.realpath(folder))) if args.base is not None else _before(args)
        catalog, _, progress = common.read_catalog(args, args.paths, after.settings)
        found = pipeline.impact(catalog, before, after, now=args.now, jobs=args.jobs, progress=progress)
        progress.done()
    common.deliver(args, outputs, partial(reports.render, found))
    return found.exit_code


def _after(args: argparse.Namespace) -> Side:
    from bylaw.errors import UsageError
    from bylaw.impacts import Side

    if args.after is None:
        file = common.settings_file(args, args.paths)
        name = "the working tree" if args.base is not None else os.path.relpath(file)
        notes = () if os.path.lexists(file) else (f"there is no {file.name}, so the defaults hold",)
        return Side(name, common.settings_of(args, args.paths), notes=notes)
    if args.config is not None and args.before is not None:
        raise UsageError("--config is neither side where --before and --after name both: leave it out")
    file = _file(args.after, "--after")
    named = argparse.Namespace(config=file, policies=args.policies)
    return Side(str(file), common.settings_of(named, args.paths))


def _before(args: argparse.Namespace) -> Side:
    from bylaw import config
    from bylaw.impacts import Side

    file = _file(args.before, "--before")
    return Side(str(file), config.read(file))


def _base(args: argparse.Namespace, folder: Path) -> Side:
    """The settings of a commit, its policies being written into a folder."""
    from bylaw.config import Settings
    from bylaw.errors import ConfigError
    from bylaw.impacts import Side, blamed
    from bylaw.sources import commit, law, revision

    file = common.settings_file(args, args.paths)
    base = revision.find(args.base, file.parent)
    path = (Path(os.path.realpath(file.parent)) / file.name).relative_to(base.root).as_posix()
    with blamed(base.name, folder):
        try:
            found = law.at(commit.at(base), path, folder)
        except law.OutOfReachError as error:
            raise ConfigError(f"{error}; or name a settings file with --before") from None
    if found is None:
        return Side(base.name, Settings(), folder, (f"there was no {path}, so the defaults held",))
    return Side(base.name, found.settings, folder)


def _file(path: Path, option: str) -> Path:
    """The settings file that a file or a folder means.

    Raises:
        UsageError: there is none.
    """
    from bylaw.config import FILE_NAME
    from bylaw.errors import UsageError

    file = path / FILE_NAME if path.is_dir() else path
    if not os.path.lexists(file):
        raise UsageError(f"{option} {path}: {f'holds no {FILE_NAME}' if path.is_dir() else 'no such file or folder'}")
    return file
