"""``bylaw schema``: the JSON Schema of bylaw.yaml, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """The command; it has no options."""
    command = commands.add_parser(
        "schema",
        help="print the JSON Schema of bylaw.yaml",
        description="Print the JSON Schema of bylaw.yaml, by which editors complete and check it.",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the schema that ``bylaw.schema.json`` holds."""
    import json

    from bylaw import config

    common.write(json.dumps(config.schema(), indent=2) + "\n")
    return 0
