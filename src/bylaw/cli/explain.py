"""``bylaw explain``: what a rule is for and what to do about it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "explain",
        help="why a rule is there and what to do about it",
        description="Say why a rule is there, what to do about its findings, and what its parameters are.",
    )
    command.add_argument("rule", metavar="RULE", help="its id, or the last part of it")
    common.add_settings(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the metadata of one rule."""
    from bylaw.pipeline import load_policies
    from bylaw.rules import words

    policies = load_policies(common.settings_of(args))
    rule = policies.find(args.rule)
    common.write(f"{rule.id} ({rule.severity})\n{rule.title}\n\n{_filled(rule.description)}\n")
    common.write(f"What to do:\n{_filled(rule.remediation, '  ')}\n")
    rows = [
        ("judges", words.judges(rule)),
        ("looks at", words.looks_at(rule)),
        *([("at a gate", words.reach(rule))] if rule.reads != "entity" else []),
        ("written in", f"{words.language(rule)}: {rule.shown_source}"),
    ]
    common.write(common.table(rows))
    if rule.parameters:
        common.write(f"\nparameters, to be set in bylaw.yaml under parameters: {{{rule.id}: ...}}\n")
        for name, schema in rule.parameters.items():
            value = policies.parameters[rule.id][name]
            common.write(f"  {name}: {_plain(value)}\n{_filled(str(schema.get('description', '')), '    ')}")
    return 0


def _filled(text: str, indent: str = "") -> str:
    if not text:
        return ""
    lines = textwrap.wrap(
        text,
        min(common.width(), 100),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,  # names such as backstage.io/techdocs-ref stay whole
        break_long_words=False,
    )
    return "".join(f"{line}\n" for line in lines)


def _plain(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
