"""``bylaw admission``: what judges Kubernetes objects, tried out."""

from __future__ import annotations

import argparse
from typing import Any

from bylaw.cli import common

_DESCRIPTION = "Try out the ConstraintTemplates and Constraints that judge Kubernetes objects."
_TEST = """\
Run Gatekeeper's test suites (kind: Suite of test.gatekeeper.sh) as `gator verify` does: a template, a constraint, and
cases with an object and what has to come of it.

PATH is a suite, a folder, or `folder/...` for a folder and all below it."""
_EPILOG = """\
exit codes: 0 all passed, 1 one failed, 2 wrong usage or configuration, 3 one could not be run

  bylaw admission test policies/...
  bylaw admission test policies/... --run 'labels//missing'   cases that fit, of tests that fit"""


def add(commands: Any) -> None:
    """The command, its sub-command and their options."""
    command = commands.add_parser("admission", help="try out what judges Kubernetes objects", description=_DESCRIPTION)
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    test = actions.add_parser(
        "test",
        help="run Gatekeeper's test suites",
        description=_TEST,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    test.add_argument("paths", nargs="+", metavar="PATH", help="a suite, a folder, or folder/...")
    test.add_argument("-r", "--run", dest="only", metavar="REGEX", default="", help="run the tests and cases that fit")
    test.add_argument("-v", "--verbose", action="store_true", help="name every test and case")
    test.add_argument("--jobs", metavar="N", type=common.positive, help="workers (default: one per processor)")
    test.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the suites, print what came of them, and return the exit code."""
    from bylaw.admission.gatekeeper import results, suites
    from bylaw.reports.terminal import visible

    only = suites.Filter(args.only)
    found = [suite for path in args.paths for suite in suites.find(path)]
    done = suites.run(found, only, jobs=args.jobs)
    text = results.as_text(done, verbose=args.verbose)
    for line in text.split("\n")[:-1]:
        common.write("\t".join(map(visible, line.split("\t"))) + "\n")
    if any(test.lost for suite in done for test in suite.tests):
        return 3
    return 1 if any(suite.failed for suite in done) else 0
