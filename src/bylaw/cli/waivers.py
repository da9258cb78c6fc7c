"""``bylaw waivers``: which faults may stay for how long, by whose leave."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.reports.waivers import Register

_DESCRIPTION = """\
A waiver leaves a fault in the catalog for a while: who asks for it, who approves it, why, and until when
stand in a file that waivers.paths of bylaw.yaml names. Findings that are waived do not count, and every
report shows them as waived."""
_CHECK_EPILOG = """\
exit codes: 0 none is invalid (with --strict: and none is expired, unused, over-broad or expires soon);
1 one is; 2 wrong usage or configuration"""
_REQUEST_EPILOG = """\
  bylaw waivers request --rule owner-unknown --entity component:default/orders
  bylaw waivers request --fingerprint 3f2a...c9 --reason "moves with SHOP-12" --requested-by jane --write

The entry goes to standard output. It holds as soon as all its fields are filled in and one of
waivers.approvers, and not who asks for it, stands in approved_by."""


def add(commands: Any) -> None:
    """The command and those below it."""
    command = commands.add_parser(
        "waivers", help="list, check or request waivers", description=_DESCRIPTION, formatter_class=_Raw
    )
    deeds = command.add_subparsers(dest="deed", metavar="DEED", required=True)

    listed = _deed(deeds, "list", _list, "all waivers, and what each is worth")
    common.add_outputs(listed, "text (default) or json")

    checked = _deed(deeds, "check", _check, "only waivers that something is wrong with", epilog=_CHECK_EPILOG)
    checked.add_argument("--strict", action="store_true", help="let warnings count: exit 1 for them too")
    common.add_outputs(checked, "text (default) or json")

    request = _deed(deeds, "request", _request, "write the waiver that a finding would need", epilog=_REQUEST_EPILOG)
    request.add_argument("--rule", metavar="ID", help="the rule, with --entity")
    request.add_argument("--entity", metavar="REF", help="such as component:default/orders")
    request.add_argument("--fingerprint", metavar="HEX", help="instead: one finding, as the JSON report names it")
    request.add_argument("--reason", metavar="TEXT", default="", help="why the fault may stay for a while")
    request.add_argument("--ticket", metavar="TEXT", help="where the work on it is planned")
    request.add_argument("--requested-by", metavar="REF", default="", help="who asks for it, such as jane")
    request.add_argument("--approved-by", metavar="REF", default="", help="who approves it, today")
    request.add_argument("--days", metavar="N", type=common.positive, help="default: waivers.max_days")
    request.add_argument("--write", action="store_true", help="put it at the end of the first waiver file too")
    request.add_argument("--now", type=common.day, metavar="DATE", help="the day of the request")


_Raw = argparse.RawDescriptionHelpFormatter


def _deed(deeds: Any, name: str, run: Callable[[argparse.Namespace], int], text: str, epilog: str = "") -> Any:
    deed = deeds.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_Raw
    )
    deed.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="default: the current folder")
    common.add_catalog(deed)
    deed.set_defaults(run=run)
    return deed


def _list(args: argparse.Namespace) -> int:
    _show(args, is_table=True)
    return 0


def _check(args: argparse.Namespace) -> int:
    register = _show(args, is_table=False)
    return 1 if register.invalid or (args.strict and register.warnings) else 0


def _show(args: argparse.Namespace, *, is_table: bool) -> Register:
    """Judge the catalog, and print what its waivers are worth."""
    from datetime import UTC, datetime
    from functools import partial

    import bylaw
    from bylaw.reports import waivers as reports

    outputs = common.outputs(args, reports.known)
    today = args.now or datetime.now(UTC).date()
    catalog, settings, progress = common.read_catalog(args, args.paths)
    report = bylaw.check(catalog, settings=settings, now=today, jobs=args.jobs, progress=progress)
    progress.done()
    register = reports.Register(today, report.waivers, is_table)
    common.deliver(args, outputs, partial(reports.render, register))
    return register


def _request(args: argparse.Namespace) -> int:
    """Judge the catalog, and print a waiver for what is found."""
    from datetime import UTC, datetime

    import bylaw
    from bylaw import pipeline
    from bylaw.errors import UsageError
    from bylaw.gates import requests
    from bylaw.reports import waivers as reports
    from bylaw.sources import waiver_files

    settings = common.settings_of(args, args.paths)
    files, approvers = settings.waivers.paths, settings.waivers.approvers
    if (args.fingerprint is None) == (args.rule is None and args.entity is None):
        raise UsageError("say what is to be waived: --rule and --entity, or --fingerprint alone")
    if args.fingerprint is None and (args.rule is None or args.entity is None):
        raise UsageError("--rule and --entity go together: a waiver is for one rule on what it names")
    if args.write and not files:
        raise UsageError("--write: waivers.paths of bylaw.yaml names no file to put it in")
    rule = pipeline.load_policies(settings).find(args.rule).id if args.rule else None
    entity = _ref(args.entity) if args.entity else None
    today = args.now or datetime.now(UTC).date()
    catalog, _, progress = common.read_catalog(args, args.paths, settings)
    report = bylaw.check(catalog, settings=settings, now=today, jobs=args.jobs, progress=progress)
    progress.done()
    found = requests.choose(report.findings, rule=rule, entity=entity, fingerprint=args.fingerprint)
    waiver = requests.draw(
        found,
        settings.waivers,
        today,
        {each.waiver.id for each in report.waivers},
        days=args.days,
        reason=args.reason,
        ticket=args.ticket,
        requested_by=args.requested_by,
        approved_by=args.approved_by,
    )
    text = reports.entry(waiver, found, approvers)
    if args.write:
        waiver_files.append(files[0], text)
    common.write(text)
    sys.stderr.write(reports.advice(waiver, found, approvers, files, is_written=args.write))
    return 0


def _ref(text: str) -> str:
    from bylaw.errors import UsageError
    from bylaw.model import EntityRef, RefError

    try:
        return str(EntityRef.parse(text, "Component"))
    except RefError as error:
        raise UsageError(f"--entity: {error}") from None
