"""``bylaw new``: begin something of your own."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from bylaw.cli import common

_EPILOG = """\
The rule works at once and judges an example: change it, its tests and its fixtures into what you mean.
Nothing is overwritten."""


def add(commands: Any) -> None:
    """The command and what it can begin."""
    command = commands.add_parser("new", help="begin a rule of your own", description="Begin a rule of your own.")
    things = command.add_subparsers(dest="thing", metavar="THING", required=True)
    rule = things.add_parser(
        "rule",
        help="a rule with its tests and fixtures",
        description="Write a rule with its tests and fixtures.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rule.add_argument("id", metavar="CATEGORY/NAME", help="names the problem, such as docs/summary-missing")
    rule.add_argument("--language", choices=("rego", "python"), default="rego", help="default: rego")
    rule.add_argument("--title", help="what is wrong, in a few words (default: from the name)")
    rule.add_argument("--severity", choices=("error", "warning", "info"), default="warning", help="default: warning")
    rule.add_argument(
        "--reads",
        choices=("entity", "relations", "graph"),
        default="entity",
        help="how far beyond the entity it looks (default: entity)",
    )
    rule.add_argument(
        "--policies", metavar="DIR", type=Path, default=Path("policies"), help="where rules are (default: policies)"
    )
    rule.add_argument(
        "--fixtures",
        metavar="DIR",
        type=Path,
        help="where fixtures are (default: fixtures/rules beside the policies)",
    )
    rule.add_argument("--config", metavar="FILE", type=Path, help="settings file (default: bylaw.yaml, if there)")
    rule.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, and say which and what to do next."""
    from bylaw.model import Severity
    from bylaw.policy_tests import layout, scaffold
    from bylaw.rules import load

    settings = common.settings_of(argparse.Namespace(config=args.config, policies=[]))
    known = load(layout.loading(settings, [args.policies] if args.policies.exists() else []))
    new = scaffold.rule(
        args.id, title=args.title, severity=Severity(args.severity), reads=args.reads, language=args.language
    )
    fixtures = args.fixtures or args.policies.parent / layout.FIXTURES
    written = scaffold.write(new, args.policies, fixtures, known)
    is_loaded = layout.loading(settings, [args.policies]) == settings
    config = ["--config", str(args.config)] if args.config else []
    test = ["bylaw", "test", str(args.policies), *(["--fixtures", str(fixtures)] if args.fixtures else []), *config]
    check = ["bylaw", "check", *([] if is_loaded else ["--policies", str(args.policies)]), *config]
    common.write("".join(f"wrote {path}\n" for path in written))
    common.write(f"next:\n  {shlex.join(test)}\n  {shlex.join(check)}\n")
    return 0
