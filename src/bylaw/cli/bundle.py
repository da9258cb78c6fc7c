"""``bylaw bundle``: policies and catalog as OPA servers load them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from bylaw.bundles import Bundle

_DESCRIPTION = """\
Write a bundle that an ordinary OPA server loads: the policies, and the catalog that they look at as
data.catalog. Rules in Python, and rules about changes, are not in it: OPA cannot evaluate those.

The same policies and catalog give the same bytes. With server.bundle_key_env in bylaw.yaml it is signed."""
_EPILOG = """\
  bylaw bundle . --output bundle.tar.gz                  all rules and the whole catalog
  bylaw bundle . --name domain-shop --output shop.tar.gz what judges the entities of one domain
  opa run --server --bundle bundle.tar.gz                serve it

exit codes: 0 written; 2 wrong usage or configuration"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "bundle",
        help="write policies and catalog as a bundle for OPA",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="default: the current folder")
    command.add_argument("--output", "-o", metavar="FILE", type=Path, required=True, help="write it to this file")
    command.add_argument(
        "--name", default="all", metavar="NAME", help="all (default), policies, catalog, or domain-NAME for a domain"
    )
    common.add_catalog(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write it and say what is in it."""
    from bylaw import bundles, pipeline
    from bylaw.errors import UsageError

    catalog, settings, progress = common.read_catalog(args, args.paths)
    progress.done()
    if not catalog.entities and args.name != "policies":
        raise UsageError("there is nothing to write: no entity was read; say where the catalog files are")
    signer = bundles.signer_of(settings.server)
    policies = pipeline.load_policies(settings)
    bundle = bundles.build(args.name, catalog, pipeline.graph(catalog), policies, signer)
    try:
        args.output.write_bytes(bundle.content)
    except OSError as error:
        raise UsageError(f"{args.output}: cannot be written ({error.strerror})") from None
    for note in catalog.notes:
        _note(note)
    if bundle.left_out:
        _note(
            f"{len(bundle.left_out)} rules are not in it, such as {bundle.left_out[0]}: OPA cannot be asked those here"
        )
    common.write(_line(args.output, bundle, signed=signer is not None))
    return 0


def _line(path: Path, bundle: Bundle, *, signed: bool) -> str:
    from bylaw.reports.terminal import visible

    size = f"{len(bundle.content):,} bytes{', signed' if signed else ''}"
    return f"wrote the bundle {bundle.name} to {visible(str(path))}: {size}, {bundle.revision}\n"


def _note(text: str) -> None:
    from bylaw.reports.terminal import visible

    sys.stderr.write(f"bylaw: {visible(text)}\n")
