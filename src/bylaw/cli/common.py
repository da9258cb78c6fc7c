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
    from collections.abc import Sequence

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
    from bylaw.sources import named

    root = None if Path(config.FILE_NAME).is_file() else named.checkout(paths, getattr(args, "root", None)).root
    settings = config.read(args.config, root=root)
    if args.policies:
        more = (*settings.policies.paths, *args.policies)
        settings = replace(settings, policies=replace(settings.policies, paths=more))
    return settings


def read_catalog(args: argparse.Namespace, paths: list[str]) -> tuple[Catalog, Settings, Progress]:
    """The catalog that the command is about."""
    import bylaw

    settings = settings_of(args, paths)
    progress = Progress()
    stdin = sys.stdin.buffer.read(settings.catalog.limits.file_bytes + 1) if "-" in paths else None
    catalog = bylaw.read(paths, settings=settings, root=args.root, stdin=stdin, jobs=args.jobs, progress=progress)
    return catalog, settings, progress


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
