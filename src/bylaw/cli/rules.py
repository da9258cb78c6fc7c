"""``bylaw rules``: all rules there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse

    from bylaw.config import Settings
    from bylaw.rules import Policies


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
    command.add_argument(
        "--schedule", action="store_true", help="show what becomes stricter or laxer when, and for whom, instead"
    )
    command.add_argument("--now", type=common.day, metavar="DATE", help="the day that the schedule begins after")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line per rule."""
    from bylaw.errors import UsageError
    from bylaw.pipeline import load_policies

    if args.now and not args.schedule:
        raise UsageError("--now is the day of a schedule: it goes with --schedule")
    settings = common.settings_of(args)
    policies = load_policies(settings)
    if args.schedule:
        common.write(_schedule(args, policies, settings))
        return 0
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


def _schedule(args: argparse.Namespace, policies: Policies, settings: Settings) -> str:
    from datetime import UTC, datetime

    from bylaw import gates
    from bylaw.errors import UsageError
    from bylaw.reports import schedule

    if args.pages or args.format == "markdown":
        raise UsageError("--schedule is shown as text or json")
    day = args.now or datetime.now(UTC).date()
    turns = gates.schedule({rule.id: rule.severity for rule in policies.rules}, settings.enforcement, day)
    if args.format == "json":
        return schedule.as_json(turns, day)
    return schedule.as_text(turns, day, next((rule.id for rule in policies.rules), "docs/techdocs-missing"))


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
