"""The command line: arguments in, a report out, and one of five exit codes (DESIGN 5.1).

Only argparse is imported here; each command imports what it needs when it runs, so that ``--version`` and
``--help`` answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from bylaw import __version__
from bylaw.cli.arguments import Parser
from bylaw.errors import BylawError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (
    "check",
    "gate",
    "fix",
    "impact",
    "explain",
    "rules",
    "new",
    "test",
    "graph",
    "snapshot",
    "admission",
    "bundle",
    "waivers",
    "decisions",
    "replay",
    "note",
    "serve",
    "token",
    "schema",
    "completion",
)
_WRONG_USAGE = 2
_UNDECIDED = 3
_INTERRUPTED = 130
_EPILOG = """\
exit codes: 0 allowed, 1 denied, 2 wrong usage or configuration, 3 undecided, 130 interrupted

  bylaw check .                          judge the catalog files of this checkout
  bylaw explain ownership/owner-unknown  why a rule is there and what to do about it
  bylaw graph why component:shop api:orders"""


def parser(only: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The whole command line, or as much of it as some commands need."""
    top = Parser(
        prog="bylaw",
        description="Law for a software catalog.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"bylaw {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in only or _COMMANDS:
        importlib.import_module(f"bylaw.cli.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _open_closed_streams()
    gc.disable()  # a command lives for seconds and keeps nearly all it makes: looking for garbage is lost time
    try:
        with contextlib.suppress(ValueError):  # not the main thread: whose signals they are is for others to say
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # a job that is cancelled cleans up as for Ctrl-C
        code = _run(argv)
        sys.stdout.flush()
    except BylawError as error:
        code = _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        code = _fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        code = _UNDECIDED  # the reader has seen enough (`| head`); what it did not see was not decided for it
    except BaseException:  # noqa: BLE001  (the edge: no fault, nor a policy's sys.exit, must look like a verdict)
        import traceback

        traceback.print_exc()
        code = _fail("bylaw itself failed; nothing was decided. Please report the lines above", _UNDECIDED)
    _settle_streams()
    return code


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    top = parser(words[:1] if words[:1] and words[0] in _COMMANDS else ())
    try:
        args = top.parse_args(words)
        if args.command is None:  # not left to argparse, which would not say what is wrong with `--verson`
            top.error(f"name a command: {', '.join(_COMMANDS)}")
    except SystemExit as done:  # argparse has answered: --help, --version, or what is wrong with the arguments
        return done.code if isinstance(done.code, int) else _WRONG_USAGE
    code: int = args.run(args)
    return code


def _fail(message: str, code: int) -> int:
    from bylaw.reports.terminal import visible

    start = "\r\x1b[K" if sys.stderr.isatty() else ""  # over the progress bar
    with contextlib.suppress(OSError):
        for line in message.splitlines():
            sys.stderr.write(f"{start}bylaw: {visible(line)}\n")
    return code


def _open_closed_streams() -> None:
    """Where the caller has closed a stream (``>&-``) nobody reads: Python has None there."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115  (open to the end)


def _settle_streams() -> None:
    """What could not be written (a closed pipe, a full disk) must not change the exit code at Python's end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
