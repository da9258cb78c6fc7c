"""What several commands share: options, settings, colours, progress."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.errors import UndecidedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bylaw.catalog import Catalog
    from bylaw.config import Settings


def add_settings(command: argparse.ArgumentParser) -> None:
    """The options that say which settings hold."""
    command.add_argument("--config", metavar="FILE", type=Path, help="settings file (default: bylaw.yaml, if there)")
    command.add_argument(
        "--policies", metavar="PATH", action="append", default=[], help="rules of your own; may be repeated"
    )


def add_catalog(command: argparse.ArgumentParser) -> None:
    """The options that say what is read and how."""
    add_settings(command)
    command.add_argument("--root", metavar="DIR", type=Path, help="read nothing outside (default: the git work tree)")
    command.add_argument("--jobs", metavar="N", type=positive, help="workers (default: one per processor)")


def add_outputs(command: argparse.ArgumentParser, formats: str) -> None:
    """The options that say on which day is judged and where what comes of it goes; ``formats`` for the help."""
    command.add_argument("--format", action="append", default=[], metavar="FORMAT", help=f"{formats}; may be repeated")
    command.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a format to a file; may be repeated",
    )
    command.add_argument("--now", type=day, metavar="DATE", help="the day of the judgement, so that it can be repeated")
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="auto (default): on a terminal"
    )


def positive(text: str) -> int:
    """An argument that counts something."""
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1024")
    return int(text)


def day(text: str) -> date:
    """An argument that names a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-12-31") from None


def settings_of(args: argparse.Namespace, paths: Sequence[str] = ()) -> Settings:
    """The settings of the command: those of --config, of the current folder, or of the checkout that is read."""
    from dataclasses import replace

    from bylaw import config

    settings = config.read(args.config, root=settings_file(args, paths).parent)
    if args.policies:
        more = (*settings.policies.paths, *args.policies)
        settings = replace(settings, policies=replace(settings.policies, paths=more))
    return settings


def settings_file(args: argparse.Namespace, paths: Sequence[str] = ()) -> Path:
    """Where the settings of the command stand, or would stand if there were any."""
    from bylaw import config
    from bylaw.sources import named

    if args.config is not None:
        return Path(args.config)
    here = Path(config.FILE_NAME)
    return here if here.is_file() else named.checkout(paths, getattr(args, "root", None)).root / here


def read_catalog(
    args: argparse.Namespace, paths: list[str], settings: Settings | None = None
) -> tuple[Catalog, Settings, Progress]:
    """The catalog that the command is about, read by the settings of the command or by those given."""
    import bylaw

    settings = settings or settings_of(args, paths)
    progress = Progress()
    stdin = stdin_of(paths, settings)
    catalog = bylaw.read(paths, settings=settings, root=args.root, stdin=stdin, jobs=args.jobs, progress=progress)
    return catalog, settings, progress


def stdin_of(paths: Sequence[str], settings: Settings) -> bytes | None:
    """What standard input holds, as far as a file is read, where a path is ``-``."""
    return sys.stdin.buffer.read(settings.catalog.limits.file_bytes + 1) if "-" in paths else None


def outputs(args: argparse.Namespace, known: Callable[[str], object]) -> list[tuple[str, str | None]]:
    """Each format and the file it goes to; None is stdout, which comes last and takes one.

    Raises:
        UsageError: an --output that is not FORMAT=FILE, or two formats for stdout; or what ``known`` raises of a
            format.
    """
    files: list[tuple[str, str | None]] = []
    for each in args.output:
        form, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"--output {each}: expected FORMAT=FILE, such as json=report.json")
        files.append((form, path))
    written = {form for form, _ in files}
    shown = [each for each in dict.fromkeys(args.format) if each not in written]
    if len(shown) > 1:
        raise UsageError(
            f"formats {' and '.join(shown)} would both go to standard output; "
            f"send one to a file: --output {shown[-1]}=FILE"
        )
    found = [*files, *((each, None) for each in (shown if args.format else ["text"]))]
    for form, _ in found:
        known(form)
    return found


def deliver(args: argparse.Namespace, outputs: Sequence[tuple[str, str | None]], render: Callable[..., str]) -> None:
    """Render each format and send it where it goes."""
    for form, path in outputs:
        if path is not None:
            write_file(path, render(form))
        else:
            write(render(form, color=colours(args.color), width=width()))


def colours(choice: str) -> bool:
    """Whether to colour what goes to stdout. NO_COLOR (no-color.org) and FORCE_COLOR are honoured."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size((100, 24)).columns


def write(text: str) -> None:
    """To stdout, whatever its encoding.

    Raises:
        UndecidedError: it cannot be written, so nobody learns of the decision.
        BrokenPipeError: nobody reads it.
    """
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UndecidedError(f"standard output cannot be written ({error.strerror})") from None


def write_file(path: str, text: str) -> None:
    """To a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None


class Progress:
    """A bar on the terminal for work that takes longer than a moment; silent anywhere else."""

    _PATIENCE = 0.5  # seconds before there is anything to show
    _WIDTH = 24

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._started = self._last = time.monotonic()
        self._drawn = False

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or now - self._started < self._PATIENCE or now - self._last < 1 / 20:
            return
        self._last, self._drawn = now, True
        filled = self._WIDTH * done // max(total, 1)
        bar = "█" * filled + "░" * (self._WIDTH - filled)
        sys.stderr.write(f"\r{step} {bar} {done:,} of {total:,}\x1b[K")
        sys.stderr.flush()

    def done(self) -> None:
        """Take the bar away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def table(rows: list[tuple[Any, ...]], indent: str = "") -> str:
    """Rows in columns, the last one as wide as it likes."""
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))] if rows else []
    lines = (
        indent + "  ".join(str(cell).ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
