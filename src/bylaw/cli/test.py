"""``bylaw test``: the tests and fixtures of policies."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bylaw.cli import common

_DESCRIPTION = """\
Run the tests of policies: the rules test_... of *_test.rego files, and fixture folders
<category>/<rule-name>[/<case>]/ with catalog.yaml and expected.yaml."""
_EPILOG = """\
Fixtures are looked for in fixtures/rules of the current folder and beside each policy folder
(../fixtures/rules), or in --fixtures. Each entity of a catalog.yaml has a comment `# OK` or
`# NOT OK: why`; expected.yaml lists every finding as entity, pointer and message.

--mutate negates or drops each condition of a Rego rule, changes each constant and swaps each comparison,
one at a time. A mutant on which every fixture passes survives: an entity is missing that tells it from the
rule, or the condition is not needed. custom.survivors in the metadata of the rule can give a reason:
[{mutant: "the text as listed, without the place", reason: "..."}].

exit codes: 0 all passed, 1 a test failed or a mutant survived without a reason, 2 wrong usage or
configuration, 3 one could not be run"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "test",
        help="test policies by their tests and fixtures",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="policy folders (default: policies.paths of bylaw.yaml, and policies/)",
    )
    common.add_settings(command)
    command.add_argument(
        "--fixtures", metavar="DIR", type=Path, action="append", default=[], help="fixtures; may be repeated"
    )
    command.add_argument(
        "--coverage-threshold",
        metavar="N",
        type=percentage,
        help="fail if fewer percent of the lines of Rego are reached",
    )
    command.add_argument(
        "--mutate", action="store_true", help="run mutants of each Rego rule on its fixtures, and list the survivors"
    )
    command.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    command.set_defaults(run=run)


def percentage(text: str) -> float:
    """An argument from 0 to 100."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 100")
    return number


def run(args: argparse.Namespace) -> int:
    """Test, print, and return the exit code."""
    from bylaw import policy_tests

    progress = common.Progress()
    results = policy_tests.run(
        common.settings_of(args),
        args.paths,
        fixture_folders=args.fixtures,
        threshold=args.coverage_threshold,
        mutate=args.mutate,
        progress=progress,
    )
    progress.done()
    common.write(policy_tests.as_json(results) if args.format == "json" else policy_tests.as_text(results))
    return results.exit_code
