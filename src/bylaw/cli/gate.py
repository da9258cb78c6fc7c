"""``bylaw gate``: judge a change before it is merged."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from bylaw.config import BaseSettings

_DESCRIPTION = """\
Judge what the catalog would be after a merge: every file of the change is laid over the base, and whatever the
change can affect is judged before and after it. Faults that were there before do not deny (see --all).

The settings, policies and waivers are those of the base: a change does not bring its own law."""
_EPILOG = """\
  bylaw gate --base main                             this branch, edits that are not committed included
  bylaw gate --output junit=bylaw.xml                in CI, which says itself what the base is
  bylaw gate --snapshot base.snapshot                over the whole catalog of the company
  bylaw gate --before old --after new                one folder as a change of another

exit codes: 0 allowed, 1 denied, 2 wrong usage or configuration, 3 undecided (the base cannot be had, or a rule
came to no answer)"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "gate",
        help="judge a change before it is merged",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--base", metavar="REF", help="the branch to merge into (default: what CI says, or origin's)")
    command.add_argument("--before", metavar="DIR", type=Path, help="the state before the change, instead of git's")
    command.add_argument("--after", metavar="DIR", type=Path, help="the state after it")
    command.add_argument(
        "--changed", metavar="DIR", type=Path, help="only what is added and edited, to lay over a base"
    )
    over = command.add_mutually_exclusive_group()
    over.add_argument("--snapshot", metavar="FILE|URL", help="the catalog to lay the change over")
    over.add_argument("--backstage", metavar="URL", help="the Backstage whose catalog it is laid over")
    over.add_argument("--server", metavar="URL", help="the `bylaw serve` that judges it, by its own catalog and law")
    command.add_argument("--token-env", metavar="NAME", help="the environment variable that holds the token for it")
    command.add_argument("--repository", metavar="URL", help="the address of this repository (default: what CI says)")
    command.add_argument("--all", action="store_true", help="deny for faults of this repository that are not new, too")
    command.add_argument("--actor", metavar="USER", help="who proposes the change, for rules that ask")
    command.add_argument("--approver", action="append", metavar="USER", help="who has approved it; may be repeated")
    common.add_settings(command)
    command.add_argument(
        "--as-proposed", action="store_true", help="judge by the settings of the change itself; never in CI"
    )
    command.add_argument("--root", metavar="DIR", type=Path, default=Path(), help="the checkout (default: around here)")
    command.add_argument("--jobs", metavar="N", type=common.positive, help="workers (default: one per processor)")
    common.add_outputs(command, "text (default), json, sarif, junit, codequality, github, tap or markdown")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the decision's exit code."""
    from functools import partial

    from bylaw import merge, reports

    outputs = common.outputs(args, reports.known)
    progress = common.Progress()
    asked = merge.Asked(
        folder=args.root,
        base=args.base,
        before=args.before,
        after=args.after,
        changed=args.changed,
        config=args.config,
        as_proposed=args.as_proposed,
        over=_over(args),
        repository=args.repository,
        everything=args.all,
        policies=tuple(args.policies),
        actor=args.actor,
        approvers=None if args.approver is None else tuple(args.approver),
        now=args.now,
        jobs=args.jobs,
    )
    if args.server:
        from bylaw.config import RemoteSetting

        report = merge.gate_at(RemoteSetting(args.server, args.token_env), asked, progress=progress)
    else:
        report = merge.gate(asked, progress=progress)
    progress.done()
    common.deliver(args, outputs, partial(reports.render, report))
    return report.decision.exit_code


def _over(args: argparse.Namespace) -> BaseSettings | None:
    """The base catalog that the options name."""
    from bylaw.config import BaseSettings, RemoteSetting
    from bylaw.errors import UsageError

    if args.backstage:
        return BaseSettings(backstage=RemoteSetting(args.backstage, args.token_env))
    if args.snapshot:
        return BaseSettings(snapshot=args.snapshot, token_env=args.token_env)
    if args.token_env and not args.server:
        raise UsageError("--token-env holds the token for --backstage, --snapshot or --server: name one of them")
    return None
