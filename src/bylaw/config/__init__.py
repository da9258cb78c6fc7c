"""bylaw.yaml and the environment -> Settings. The only reader of options.

The settings are plain frozen values with their defaults, so a run without bylaw.yaml never pays for
pydantic (80 ms); pydantic reads the file into them and writes ``bylaw.schema.json`` from them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date  # noqa: TC003  (pydantic reads it from the annotations)
from pathlib import Path
from typing import Any, Literal

import orjson

from bylaw.config.server import (
    CallerSetting,
    DecisionSettings,
    OidcSetting,
    ServerSettings,
    SinkSetting,
    TlsSetting,
)
from bylaw.config.strict import STRICT, Count, Seconds, name_in_file
from bylaw.documents import Limits, load
from bylaw.errors import ConfigError
from bylaw.model import Enforcement, EntityRef, RefError, did_you_mean

__all__ = [
    "FILE_NAME",
    "SCHEMA_ID",
    "AdmissionGate",
    "AdmissionSettings",
    "BaseSettings",
    "CallerSetting",
    "CatalogSettings",
    "DecisionSettings",
    "EnforcementSettings",
    "GateSettings",
    "KindSetting",
    "Level",
    "LimitSettings",
    "MergeGate",
    "OidcSetting",
    "OpaEngine",
    "OpaSetting",
    "PolicySettings",
    "RelationSetting",
    "RemoteSetting",
    "ServerSettings",
    "Settings",
    "SinkSetting",
    "TlsSetting",
    "WaiverSettings",
    "parse",
    "read",
    "schema",
]

FILE_NAME = "bylaw.yaml"
SCHEMA_ID = "https://bylaw.dev/bylaw.schema.json"
_SHOWN = 60  # characters of a value that a message repeats
_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RelationSetting:
    """A field of an extra kind that names other entities."""

    __pydantic_config__ = STRICT

    path: str
    """Where the reference stands, such as ``spec.owner``: one reference or a list of them."""
    relation: str
    """The relation from the entity to the one it names, such as ``ownedBy``."""
    reverse: str
    """The relation back, such as ``ownerOf``."""
    default_kind: str | None = None
    """The kind of a reference that names none."""
    allowed_kinds: tuple[str, ...] = ()
    """The kinds that may stand there; empty: any."""


@dataclass(frozen=True, slots=True)
class KindSetting:
    """A kind beyond Backstage's own."""

    __pydantic_config__ = STRICT

    kind: str
    """The kind as entities spell it; upper and lower case matter."""
    api_versions: tuple[str, ...]
    """The ``apiVersion`` values it is written in."""
    schema: dict[str, Any] = field(default_factory=dict)
    """JSON Schema (draft 7) of the whole entity; ``{"$ref": "Entity"}`` is Backstage's envelope."""
    relations: tuple[RelationSetting, ...] = ()
    """The fields that name other entities."""
    spec_type: str | None = None
    """Only entities with this ``spec.type``; empty: all of the kind."""


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How large the files of strangers may be. Over a limit is a finding, not a crash."""

    __pydantic_config__ = STRICT

    file_bytes: Count = _LIMITS.file_bytes
    """Bytes of one file."""
    depth: Count = _LIMITS.depth
    """Collections inside collections."""
    document_nodes: Count = _LIMITS.document_nodes
    """Values in one YAML document; what an alias stands for counts each time."""
    file_nodes: Count = _LIMITS.file_nodes
    """Values in one file."""
    files: Count = 200_000
    """Files of one run, Location targets included."""
    run_bytes: int = 1024 * 1024 * 1024
    """Bytes of all files of one run, with what their placeholders bring in."""
    targets: int = 10_000
    """Targets of one Location."""
    globs: int = 100
    """Different globs among the Location targets of one run."""
    seconds: Seconds = 20.0
    """Seconds to read one file."""


@dataclass(frozen=True, slots=True)
class RemoteSetting:
    """A server that knows the catalog."""

    __pydantic_config__ = STRICT

    url: str
    """Its address, such as https://backstage.example.com."""
    token_env: str | None = None
    """The environment variable that holds a token; the token itself stands in no file."""


@dataclass(frozen=True, slots=True)
class BaseSettings:
    """The catalog that a change is laid over: one of these, or none. Without any it is that of the target branch."""

    __pydantic_config__ = STRICT

    git: str | None = None
    """A branch of this repository: its files are the whole catalog."""
    snapshot: str | None = None
    """A file that `bylaw snapshot` wrote, relative to bylaw.yaml, or the URL of one."""
    backstage: RemoteSetting | None = None
    """A live Backstage."""
    bylaw: str | RemoteSetting | None = None
    """A server of `bylaw serve`."""
    token_env: str | None = None
    """The environment variable that holds the token for the URL of a snapshot."""

    def __post_init__(self) -> None:
        named = [name for name in ("git", "snapshot", "backstage", "bylaw") if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"one base, not {' and '.join(named)}")


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """What the catalog consists of."""

    __pydantic_config__ = STRICT

    paths: tuple[str, ...] = ("**/catalog-info.yaml",)
    """Globs of the files to read in a folder. Location targets are followed inside the checkout."""
    base: BaseSettings = BaseSettings()
    """What `bylaw gate` lays a change over."""
    repository: str | None = None
    """The address of this repository, such as https://gitlab.example.com/shop/orders, by which its entities are known
    in the base; empty: what CI or the remote `origin` says."""
    kinds: tuple[KindSetting, ...] = ()
    """Kinds beyond Backstage's own."""
    ai_model: bool = True
    """Whether the Backstage has ``catalog-backend-module-ai-model``: AiResource and API type mcp-server."""
    complete: Literal["auto", True, False] = "auto"
    """Whether what was read is all there is; decides what a reference that leads outside means."""
    limits: LimitSettings = LimitSettings()
    """How large the files of strangers may be."""


@dataclass(frozen=True, slots=True)
class OpaSetting:
    """An OPA server that evaluates Rego."""

    __pydantic_config__ = STRICT

    url: str
    """Its address, such as http://127.0.0.1:8181."""
    token_env: str | None = None
    """The environment variable that holds a token for it."""
    timeout: Seconds = 1.0
    """Seconds that one request to it may take. No request is sent twice."""


@dataclass(frozen=True, slots=True)
class OpaEngine:
    """Rego is evaluated on an OPA server, not here."""

    __pydantic_config__ = STRICT

    opa: OpaSetting
    """The server."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Which rules are there and how they run."""

    __pydantic_config__ = STRICT

    paths: tuple[str, ...] = ()
    """Folders or files with rules of your own, relative to bylaw.yaml."""
    bundled: bool = True
    """Whether the rules that come with bylaw apply."""
    engine: Literal["embedded"] | OpaEngine = "embedded"
    """What evaluates Rego."""
    deadline: Seconds = 5.0
    """Seconds that one rule may take on one entity before its worker is killed."""
    memory: Count = 1024
    """MiB that a worker may take beyond the catalog and the rules."""


@dataclass(frozen=True, slots=True)
class Level:
    """One stage of an enforcement: ``level``, from a day on, for some owners."""

    __pydantic_config__ = STRICT

    level: Enforcement
    """off, observe, warn or deny."""
    from_: date | None = None
    """The first day it holds; empty: always."""
    owners: tuple[str, ...] = ()
    """References of the owners it holds for, through the group tree; empty: all."""

    def __post_init__(self) -> None:
        for owner in self.owners:
            try:
                EntityRef.parse(owner, "Group")
            except RefError as error:
                raise ValueError(f"owners such as group:default/payments; {error}") from None


@dataclass(frozen=True, slots=True)
class EnforcementSettings:
    """What a gate does with the findings of each rule."""

    __pydantic_config__ = STRICT

    default: Literal["by_severity", "off", "observe", "warn", "deny"] = "by_severity"
    """by_severity: error denies, warning warns, info is observed."""
    rules: dict[str, Enforcement | tuple[Level, ...]] = field(default_factory=dict)
    """By rule id: one level, or stages of which the last that holds counts."""


@dataclass(frozen=True, slots=True)
class WaiverSettings:
    """Who may leave a fault for a while."""

    __pydantic_config__ = STRICT

    paths: tuple[str, ...] = ()
    """Waiver files, relative to bylaw.yaml."""
    max_days: Count = 90
    """Days that a waiver may hold, from its approval."""
    approvers: tuple[str, ...] = ()
    """References of the groups and users that may approve; members of a group and of those below it may. Nobody: no
    waiver holds."""
    soon_days: int = 14
    """Days before its end from which on a waiver is told to expire soon."""

    def __post_init__(self) -> None:
        for approver in self.approvers:
            try:
                EntityRef.parse(approver, "Group")
            except RefError as error:
                raise ValueError(f"approvers such as group:default/platform; {error}") from None


@dataclass(frozen=True, slots=True)
class MergeGate:
    """What `bylaw gate` makes of what it finds."""

    __pydantic_config__ = STRICT

    only_new: bool = True
    """Whether only faults that the change brings deny it."""
    on_unknown: Literal["deny", "undecided", "warn"] = "deny"
    """What a rule that denies means where a fact is missing that would decide it."""
    on_error: Literal["deny", "undecided", "warn"] = "deny"
    """What a rule that came to no answer means."""
    on_base_missing: Literal["undecided", "judge_alone"] = "undecided"
    """What it means that the base cannot be had: judge_alone goes by the target branch, and says so."""


@dataclass(frozen=True, slots=True)
class AdmissionGate:
    """What the admission webhook makes of what it finds."""

    __pydantic_config__ = STRICT

    on_unknown: Literal["deny", "undecided", "warn"] = "deny"
    """What a rule that denies means where a fact is missing that would decide it. Undecided is not allowed either."""
    on_error: Literal["deny", "undecided", "warn"] = "deny"
    """What a rule that came to no answer means."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What each gate makes of what it finds."""

    __pydantic_config__ = STRICT

    merge: MergeGate = MergeGate()
    """The gate for merge requests."""
    admission: AdmissionGate = AdmissionGate()
    """The gate in front of a Kubernetes cluster."""


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """What judges Kubernetes objects, beside the rules for catalog entities."""

    __pydantic_config__ = STRICT

    paths: tuple[str, ...] = ()
    """Files and folders with ConstraintTemplates and Constraints, as Gatekeeper reads them; relative to bylaw.yaml."""
    inventory: tuple[str, ...] = ()
    """Files and folders with the objects of the cluster that policies see as data.inventory."""
    bundled: bool = True
    """Whether the templates and constraints that come with bylaw apply; they only warn."""
    enforcement_point: str = "validation.gatekeeper.sh"
    """The enforcement point whose scoped enforcement actions hold here."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that bylaw.yaml can say."""

    __pydantic_config__ = STRICT

    version: Literal[1] = 1
    """The version of this file's format."""
    catalog: CatalogSettings = CatalogSettings()
    """What the catalog consists of."""
    policies: PolicySettings = PolicySettings()
    """Which rules are there and how they run."""
    enforcement: EnforcementSettings = field(default_factory=EnforcementSettings)
    """What a gate does with the findings of each rule."""
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Parameters of rules, by rule id."""
    waivers: WaiverSettings = WaiverSettings()
    """Who may leave a fault for a while."""
    gates: GateSettings = GateSettings()
    """What each gate makes of what it finds."""
    admission: AdmissionSettings = AdmissionSettings()
    """What judges Kubernetes objects."""
    store: str = "sqlite:///var/bylaw.db"
    """Where the server keeps decisions and snapshots: sqlite:///file, relative to bylaw.yaml, or postgresql://… whose
    password comes from the environment (PGPASSWORD) or a file."""
    server: ServerSettings = field(default_factory=ServerSettings)
    """`bylaw serve`."""


def read(path: Path | None = None, root: Path | None = None) -> Settings:
    """The settings of ``path``; without one, of ``bylaw.yaml`` in ``root``; without that, the defaults.

    Raises:
        ConfigError: the file is not there, cannot be read, or says something that bylaw does not know.
    """
    if path is None:
        path = (root or Path()) / FILE_NAME
        if not os.path.lexists(path):
            return Settings()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name another file with --config") from None
    return parse(text, path)


def parse(text: bytes, path: Path) -> Settings:
    """The settings that a text says; ``path`` names it in messages and is where relative paths start.

    Raises:
        ConfigError: every fault of the text, a line each, with the nearest known name where one is near.
    """
    documents = load(text)
    for document in documents:
        if document.fault:
            place = f"{path}:{document.fault.line}:{document.fault.column}"
            raise ConfigError(f"{place}: {document.fault.message}")
    if len(documents) > 1:
        raise ConfigError(f"{path}: has {len(documents)} YAML documents, expected one")
    value = documents[0].value if documents else {}
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: expected settings such as `version: 1`, found {_shown(value)}")
    settings = _validated(value, path)
    folder, admission, server = path.parent, settings.admission, settings.server

    def beside(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(folder / each) for each in paths)

    return replace(
        settings,
        policies=replace(settings.policies, paths=beside(settings.policies.paths)),
        waivers=replace(settings.waivers, paths=beside(settings.waivers.paths)),
        admission=replace(admission, paths=beside(admission.paths), inventory=beside(admission.inventory)),
        server=replace(server, tls=server.tls and _beside(server.tls, folder)),
    )


def _beside(tls: TlsSetting, folder: Path) -> TlsSetting:
    """The files that a relative path means, from the folder of bylaw.yaml on."""
    client_ca = tls.client_ca and str(folder / tls.client_ca)
    return TlsSetting(str(folder / tls.certificate), str(folder / tls.key), client_ca)


def schema() -> dict[str, Any]:
    """The JSON Schema of bylaw.yaml, for editors."""
    from pydantic import TypeAdapter

    # Only here: to look for them in the source takes ten times as long as all the rest.
    STRICT["use_attribute_docstrings"] = True
    try:
        generated = TypeAdapter(Settings).json_schema()
    finally:
        del STRICT["use_attribute_docstrings"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **generated}


def _validated(value: dict[str, Any], path: Path) -> Settings:
    from pydantic import TypeAdapter, ValidationError

    try:
        # As JSON and strictly: "yes" is no boolean, 20261201 no date. So bylaw.schema.json says the same.
        return TypeAdapter(Settings).validate_json(orjson.dumps(value), strict=True)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for each in error.errors(include_url=False):
            where, what = _fault(dict(each), value)
            faults.setdefault(where, what)
    # Of something that may be one word or a list, the error inside the list says more than that it is no word.
    told = [where for where in faults if not any(other.startswith(f"{where}.") for other in faults)]
    raise ConfigError("\n".join(f"{path}: {where}{faults[where]}" for where in sorted(told)))


def _fault(error: dict[str, Any], value: Any) -> tuple[str, str]:
    """One of pydantic's errors in our words: where, and what is wrong there."""
    steps: list[str] = []
    for step in error["loc"]:  # names of union branches stand among the steps; they are in no file
        inside = isinstance(value, dict) and step in value
        if inside or (isinstance(value, list) and isinstance(step, int)):
            steps.append(str(step))
            value = value[step]
    kind = error["type"]
    if kind in {"missing_argument", "missing"}:
        return ".".join([*steps, error["loc"][-1]]), " is missing"
    where = ".".join(steps)
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        return where, f" is not a setting{did_you_mean(steps[-1], _all_names() - {steps[-1]})}"
    context = error.get("ctx", {})
    words = context["expected"].replace("'", "").lower() if "expected" in context else str(context.get("error", ""))
    return where, f": expected {_EXPECTED.get(kind) or words or error['msg']}, found {_shown(value)}"


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:_SHOWN]


def _all_names() -> set[str]:
    classes = (each for each in globals().values() if isinstance(each, type) and is_dataclass(each))
    return {name_in_file(each.name) for cls in classes for each in fields(cls)}


_EXPECTED = {
    "bool_type": "true or false",
    "dataclass_type": "a mapping",
    "date_from_datetime_parsing": "a date such as 2026-12-31",
    "date_parsing": "a date such as 2026-12-31",
    "date_type": "a date such as 2026-12-31",
    "dict_type": "a mapping",
    "float_type": "a number",
    "greater_than": "more than 0",
    "int_type": "a whole number",
    "string_type": "a text",
    "tuple_type": "a list",
}
"""What pydantic's types of error mean to a person; the others bring their own words."""
