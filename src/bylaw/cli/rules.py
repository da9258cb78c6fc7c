"""``bylaw rules``: all rules there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "rules", help="list all rules", description="List the rules that apply here: those of bylaw and your own."
    )
    common.add_settings(command)
    command.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    command.add_argument(
        "--pages", metavar="DIR", type=Path, help="write a page on each rule instead, and a table of them all"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line per rule."""
    from bylaw.pipeline import load_policies

    policies = load_policies(common.settings_of(args))
    if args.pages:
        from bylaw.policy_tests import pages

        for path, text in pages.render(policies).items():
            (args.pages / path).parent.mkdir(parents=True, exist_ok=True)
            common.write_file(str(args.pages / path), text)
        count = len(policies.rules)
        common.write(f"wrote {count} {'page' if count == 1 else 'pages'} to {args.pages}\n")
        return 0
    if args.format == "json":
        common.write(_json(policies.rules))
    elif args.format == "markdown":
        from bylaw.policy_tests import pages

        common.write(pages.table(policies.rules))
    else:
        common.write(common.table([(each.id, each.severity, each.reads, each.title) for each in policies.rules]))
    return 0


def _json(rules: Any) -> str:
    import json

    return (
        json.dumps(
            {
                "version": 1,
                "rules": [
                    {
                        "id": each.id,
                        "title": each.title,
                        "description": each.description,
                        "severity": each.severity,
                        "reads": each.reads,
                        "language": each.language,
                        "applies_to": {key: list(values) for key, values in each.applies_to.items()},
                        "parameters": each.parameters,
                        "remediation": each.remediation,
                    }
                    for each in rules
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )
