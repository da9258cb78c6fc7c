"""``bylaw serve``: hold the catalog, and answer whoever asks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.cli import common

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Hold the catalog and its graph, and answer admission calls, changes and questions over HTTP, with the verdicts of
bylaw check and bylaw gate. What it reads is read again now and then, and when it is told to.

On an address of this machine alone, and where bylaw.yaml names no callers, anyone on this machine may call. On any
other address it takes callers (server.callers, server.oidc) and TLS (server.tls)."""
_EPILOG = """\
  bylaw serve .                         the catalog of this checkout, on http://127.0.0.1:8080
  bylaw serve --host 0.0.0.0 --port 443 what catalog.base of bylaw.yaml names, for whom server.callers names

signals: SIGTERM and SIGINT end it once what was asked is answered; SIGHUP has settings, policies, catalog and
certificates read anew. GET /openapi.json describes the routes.

exit codes: 0 ended by a signal, 2 wrong usage or configuration, 3 the catalog cannot be read"""


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser(
        "serve",
        help="answer admission calls, changes and questions over HTTP",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("paths", nargs="*", metavar="PATH", help="default: catalog.base, or the current folder")
    command.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    command.add_argument("--port", metavar="N", type=_port, default=8080, help="default: 8080; 0: any that is free")
    command.add_argument(
        "--insecure", action="store_true", help="without callers or TLS on any address: others keep strangers out"
    )
    common.add_catalog(command)
    command.add_argument("--now", type=common.day, metavar="DATE", help="the day of every judgement")
    command.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info", help="default: info"
    )
    command.add_argument(
        "--log-format", choices=("auto", "json", "text"), default="auto", help="auto (default): text on a terminal"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    server = _server()
    from bylaw.serving.recipe import Recipe

    paths: Sequence[str] = args.paths
    settings, file = common.settings_of(args, paths), common.settings_file(args, paths)
    recipe = Recipe(
        folder="",
        config=str(args.config) if args.config else None,
        policies=tuple(args.policies),
        paths=tuple(paths),
        root=str(args.root) if args.root else None,
        jobs=args.jobs,
    )
    server.run(
        server.Options(
            settings=settings,
            home=file.parent if file.is_file() else Path(),
            recipe=recipe,
            host=args.host,
            port=args.port,
            insecure=args.insecure,
            now=args.now,
            log_level=args.log_level,
            log_format=args.log_format,
        )
    )
    return 0


def _server() -> Any:
    """What serves.

    Raises:
        UsageError: the packages that it needs are not installed.
    """
    from bylaw.errors import UsageError

    try:
        from bylaw.api import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "bylaw":
            raise
        raise UsageError(f"{error.name} is not installed: pip install 'bylaw[server]'") from None
    return server


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, expected a number from 0 to 65535")
    return int(text)
