"""What bylaw.yaml says of the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bylaw.config.strict import STRICT, Count, Seconds


@dataclass(frozen=True, slots=True)
class TlsSetting:
    """How the server proves who it is. The files are read again when they change."""

    __pydantic_config__ = STRICT

    certificate: str
    """PEM file of the certificate and those that vouch for it."""
    key: str
    """PEM file of its private key."""
    client_ca: str | None = None
    """PEM file of those who vouch for clients: then callers may be known by their certificates."""


@dataclass(frozen=True, slots=True)
class CallerSetting:
    """Somebody who may call: known by a token or by a certificate."""

    __pydantic_config__ = STRICT

    name: str
    """How logs and decisions name the caller."""
    scopes: tuple[str, ...]
    """What it may do, such as admission:review."""
    token_sha256: str | None = None
    """The SHA-256 of its token, in hexadecimal; the token itself stands in no file."""
    certificate: str | None = None
    """The subject of its certificate: a DNS name or URI among the alternative names, or the common name."""
    anyone: bool = False
    """Whether whoever shows neither a token nor a certificate is this caller: an API server that has none to show."""
    rate: Seconds = 1000.0
    """Requests a second, on average."""
    concurrent: Count = 64
    """Requests at a time."""


@dataclass(frozen=True, slots=True)
class OidcSetting:
    """Whose tokens are believed: an issuer of OpenID Connect."""

    __pydantic_config__ = STRICT

    issuer: str
    """The issuer, as it stands in `iss`, under which /.well-known/openid-configuration is found."""
    audience: str
    """What has to stand in `aud`."""
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    """The algorithms that signatures may have."""
    leeway: float = 30.0
    """Seconds by which clocks may differ."""
    claim: str = "scope"
    """The claim that holds what the caller may do: a list, or a text with spaces; dots lead into objects."""
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What a value of that claim lets do, in bylaw's scopes; a value that is not named lets do nothing."""
    rate: Seconds = 1000.0
    """Requests a second of one subject, on average."""
    concurrent: Count = 64
    """Requests of one subject at a time."""


@dataclass(frozen=True, slots=True)
class SinkSetting:
    """Where verdict changes and denials are sent, as CloudEvents over HTTP."""

    __pydantic_config__ = STRICT

    url: str
    """Its address."""
    secret_env: str | None = None
    """The environment variable that holds the key with which events are signed."""
    events: tuple[Literal["denied", "undecided", "changed"], ...] = ("denied", "undecided", "changed")
    """Which are sent: denials, what could not be decided, and verdicts that differ from the one before."""
    queue: Count = 1_000
    """How many may wait; more are dropped, and counted."""


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """How decisions are kept."""

    __pydantic_config__ = STRICT

    stdout: bool = False
    """Whether each is written to standard output too, a line of JSON each."""
    queue: Count = 10_000
    """How many may wait to be written."""
    when_full: Literal["drop", "block"] = "drop"
    """What happens when too many wait: they are dropped and counted, or requests wait."""
    inputs: bool = True
    """Whether what was asked is kept, masked, so that a decision can be replayed."""
    mask: tuple[str, ...] = ("/request/userInfo/extra", "/request/userInfo/uid", "/request/options")
    """JSON pointers of what is not kept of it; a `*` stands for any one step. Secrets never are."""
    sinks: tuple[SinkSetting, ...] = ()
    """Where denials and verdict changes are sent."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`bylaw serve`."""

    __pydantic_config__ = STRICT

    workers: Count | None = None
    """Processes that judge; empty: one per processor."""
    refresh: Seconds = 60.0
    """Seconds between two readings of the sources."""
    stale_after: Seconds = 900.0
    """Seconds after which a snapshot is too old: decisions say undecided."""
    most_lost: float = 0.2
    """The share of its entities that a refresh may lose; one that loses more is not used."""
    deadline: Seconds = 10.0
    """Seconds for a request that names no time-out itself."""
    queue: Count = 256
    """Requests that may wait for a worker; more are told to come again."""
    connections: Count = 1_000
    """Connections at a time."""
    body_bytes: Count = 7 * 1024 * 1024
    """Bytes of a request's body."""
    tls: TlsSetting | None = None
    """How the server proves who it is."""
    callers: tuple[CallerSetting, ...] = ()
    """Who may call. Nobody else may, unless the server is reached from its own machine alone."""
    oidc: tuple[OidcSetting, ...] = ()
    """Whose tokens are believed."""
    events_secret_env: str | None = None
    """The environment variable that holds the key with which pushed events are signed; empty: none are taken."""
    bundle_key_env: str | None = None
    """The environment variable that holds the PEM key with which bundles are signed; empty: they are not."""
    decisions: DecisionSettings = DecisionSettings()
    """How decisions are kept."""
