"""``bylaw serve``: every part of the server put together, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bylaw import config
from bylaw.api import app, protocol, tls, tracing
from bylaw.api.door import Door
from bylaw.api.logs import Logs
from bylaw.api.metrics import Metrics
from bylaw.api.own import Here
from bylaw.callers import Callers
from bylaw.callers.addresses import is_loopback
from bylaw.decisions import Log, signatures
from bylaw.errors import ConfigError, UsageError
from bylaw.serving.pool import Pool
from bylaw.serving.refresh import Refresher
from bylaw.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from bylaw.config import ServerSettings, Settings
    from bylaw.serving.recipe import Recipe

_BACKLOG = 2_048  # connections that the system may hold until they are taken
_LINGER = 5.0  # seconds beyond the deadline in which requests may end when the server does
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    settings: Settings
    home: Path
    """The folder of bylaw.yaml."""
    recipe: Recipe
    """What is read anew with each refresh; its folder is made here."""
    host: str = "127.0.0.1"
    port: int = 8080
    insecure: bool = False
    now: date | None = None
    log_level: str = "info"
    log_format: str = "auto"


def run(options: Options, environment: Mapping[str, str] | None = None) -> None:
    """Serve until a signal says to stop.

    Raises:
        UsageError: the address cannot be listened on.
        ConfigError: the settings let nobody in, or everybody; or they cannot be used.
        RefreshError: the catalog cannot be read.
    """
    _refuse(options)
    listening = _bound(options)
    logs = Logs.start(options.log_level, options.log_format)
    gc.enable()  # the command line leaves it off, since it lives for seconds
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to be read again
    try:
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(options, os.environ if environment is None else environment, listening, logs))
    finally:
        listening.close()
        logs.stop()


async def _serve(options: Options, environment: Mapping[str, str], listening: socket.socket, logs: Logs) -> None:
    """Start one part after the other, serve, and end them the other way round."""
    settings = options.settings
    server = settings.server
    if starting := asyncio.current_task():  # until there is somebody whose request could be ended in order
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, starting.cancel)
    callers = _callers(options, environment)
    events_key = environment[server.events_secret_env] if server.events_secret_env else None
    if events_key:
        signatures.key(events_key)
    certificates = tls.Reloader(server.tls) if server.tls else None
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as ending:
        store = open_store(settings.store, options.home)
        ending.callback(store.close)
        log = Log(store, server.decisions, environment)
        await log.start()
        ending.push_async_callback(log.stop)
        traces = tracing.of(environment)
        ending.push_async_callback(traces.stop)
        folder = ending.enter_context(TemporaryDirectory(prefix="bylaw-", ignore_cleanup_errors=True))
        pool = Pool(server, lost=metrics.worker_lost)
        ending.push_async_callback(pool.stop)
        refresher = Refresher(pool, server, replace(options.recipe, folder=folder), store, metrics.refreshed)
        await refresher.start()
        ending.push_async_callback(refresher.stop)
        here = Here(
            pool=pool,
            store=store,
            log=log,
            metrics=metrics,
            settings=settings,
            kick=refresher.kick,
            events_key=events_key,
        )
        door = Door(
            pool=pool,
            callers=callers,
            server=server,
            log=log,
            metrics=metrics,
            tracing=traces,
            own=here.answers,
            now=options.now.isoformat() if options.now else "",
            is_local=is_loopback(options.host),
        )
        here.stale = door.stale
        app.make(door)
        context = certificates.context if certificates else None
        web = protocol.server(door, server, context, backlog=_BACKLOG, timeout_graceful_shutdown=_patience(server))
        _measure(metrics, pool, log, logs, here, server, certificates, web)

        def again() -> None:
            _log.info("everything is read anew")
            refresher.kick()
            if certificates:
                certificates.check(again=True)
            try:
                door.callers = _callers(_read_anew(options), environment)
            except ConfigError as error:
                _log.error("who may call stays as it was: %s", error)

        _on_signals(web, here, again)
        if certificates:
            watching = asyncio.create_task(certificates.run())
            ending.callback(watching.cancel)
        gc.collect()
        gc.freeze()
        listening.listen(_BACKLOG)  # not before there is somebody to answer
        _say(options, callers, pool, listening)
        await web.serve(sockets=[listening])
        _log.info("the server ends")


def _measure(
    metrics: Metrics,
    pool: Pool,
    log: Log,
    logs: Logs,
    here: Here,
    server: ServerSettings,
    certificates: tls.Reloader | None,
    web: protocol.Server,
) -> None:
    """What is read when Prometheus comes by."""
    for name, read in (
        ("bylaw_ready", lambda: float(here.is_ready)),
        ("bylaw_snapshot_age_seconds", lambda: here.facts.age),
        ("bylaw_snapshot_stale_after_seconds", lambda: server.stale_after),
        ("bylaw_snapshot_entities", lambda: here.facts.entities),
        ("bylaw_queue_depth", lambda: pool.waiting),
        ("bylaw_queue_limit", lambda: server.queue),
        ("bylaw_connections", lambda: web.connections),
        ("bylaw_decision_log_queue", lambda: log.depth),
        ("bylaw_decision_log_dropped_total", lambda: log.dropped),
        ("bylaw_log_dropped_total", lambda: logs.dropped),
    ):
        metrics.gauge(name, read)
    metrics.gauge("bylaw_workers", lambda: pool.busy, state="busy")
    metrics.gauge("bylaw_workers", lambda: max(0, pool.count - pool.busy), state="idle")
    for sink in log.sinks:
        metrics.gauge("bylaw_event_dropped_total", partial(getattr, sink, "dropped"), sink=sink.place)
    if certificates:
        metrics.gauge("bylaw_tls_certificate_expiry_timestamp_seconds", lambda: certificates.expires)
    metrics.snapshot(lambda: here.made_from)


def _on_signals(web: protocol.Server, here: Here, again: Callable[[], None]) -> None:
    """SIGTERM and SIGINT end the server once what was asked is answered; SIGHUP has everything read anew."""

    def stop() -> None:
        web.force_exit = here.stopping  # asked for a second time
        here.stopping = web.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, again)
    web.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]  # uvicorn would end the process by them


def _say(options: Options, callers: Callers, pool: Pool, listening: socket.socket) -> None:
    """Where the server is reached, what it answers from, and who may call."""
    host, port = listening.getsockname()[:2]
    scheme = "https" if options.settings.server.tls else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    facts = pool.facts
    told = {"url": url, "entities": facts.entities if facts else 0, "source": facts.source if facts else ""}
    _log.info("serving", extra=told)
    if callers.open:
        who = "anyone on this machine" if is_loopback(options.host) else "anyone who can reach it"
        _log.warning(f"{who} may call and do everything: bylaw.yaml names no callers (server.callers)")
    if options.insecure and not is_loopback(options.host):
        _log.warning("--insecure: whoever listens on the way can read and change all of it")


def _patience(server: ServerSettings) -> int:
    """Seconds that requests get to end in when the server does."""
    return ceil(server.deadline + _LINGER)


def _callers(options: Options, environment: Mapping[str, str]) -> Callers:
    """Who may call.

    Raises:
        ConfigError: the settings let nobody in, or everybody; or they cannot be used.
    """
    _refuse(options)
    server = options.settings.server
    return Callers.of(server, environment, loopback=is_loopback(options.host) or not _has_callers(server))


def _read_anew(options: Options) -> Options:
    """The options with the settings as bylaw.yaml says them by now.

    Raises:
        ConfigError: it cannot be used.
    """
    named = options.recipe.config
    return replace(options, settings=config.read(Path(named) if named else None, options.home))


def _has_callers(server: ServerSettings) -> bool:
    return bool(server.callers or server.oidc)


def _refuse(options: Options) -> None:
    """See that nobody is let in by mistake.

    Raises:
        ConfigError: the address can be reached from elsewhere, and anyone could call or listen.
    """
    server = options.settings.server
    if is_loopback(options.host) or options.insecure:
        return
    needed = {"server.callers or server.oidc": _has_callers(server), "server.tls": server.tls is not None}
    missing = [name for name, is_there in needed.items() if not is_there]
    if missing:
        raise ConfigError(
            f"--host {options.host}: other machines can reach it, and bylaw.yaml has no {' and no '.join(missing)}; "
            "set them, serve on 127.0.0.1, or say --insecure and keep everybody out by other means"
        )


def _bound(options: Options) -> socket.socket:
    """The socket to listen on.

    Raises:
        UsageError: there is no such address here, or it is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {options.host}:{options.port} ({error.strerror}); choose another --port"
        ) from None
    return listening


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
