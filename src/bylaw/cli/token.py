"""``bylaw token``: make a token for a caller of the server."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bylaw.cli import common

_EPILOG = """\
  bylaw token > token    the token goes into the file, the line for bylaw.yaml to the terminal

The token is printed once and kept nowhere. What stands in bylaw.yaml is its SHA-256:

  server:
    callers:
      - name: ci
        scopes: [check:run]
        token_sha256: ..."""


def add(commands: Any) -> None:
    """The command; it has no options."""
    command = commands.add_parser(
        "token",
        help="make a token for a caller of the server",
        description="Make a random token, print it, and say which line of bylaw.yaml lets it in.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the token to standard output, and the line to standard error, so that one can be kept without the other."""
    from bylaw.callers import tokens

    token = tokens.new()
    common.write(f"{token}\n")
    sys.stderr.write(f"token_sha256: {tokens.digest(token).hex()}\n")
    return 0
