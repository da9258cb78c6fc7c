"""``bylaw completion``: a script that teaches a shell the commands and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse

_SHELLS = ("bash", "zsh", "fish")


def add(commands: Any) -> None:
    """The command and its one argument."""
    command = commands.add_parser(
        "completion",
        help="print a completion script for a shell",
        description='For bash: eval "$(bylaw completion bash)" in ~/.bashrc. For zsh and fish alike.',
    )
    command.add_argument("shell", choices=_SHELLS, help="the shell that is to complete")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from bylaw.cli import parser

    common.write(shtab.complete(parser(), shell=args.shell) + "\n")
    return 0
