"""ConstraintTemplates, as Gatekeeper reads them: of v1, v1beta1 and v1alpha1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.admission.gatekeeper.manifests import GROUP, Manifest
from bylaw.documents import locate
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TARGET = "admission.k8s.gatekeeper.sh"
_VERSIONS = ("v1", "v1beta1", "v1alpha1")
_LEGACY = ("v1beta1", "v1alpha1")
_LANGUAGES = ("v0", "v1")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a Rego module, and the line of the file that its first line stands on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of constraint: the Rego behind it, and what its parameters may be."""

    kind: str
    path: str
    line: int
    entry: Source
    """The module with the rule `violation`."""
    libs: tuple[Source, ...]
    v0: bool
    """Whether it is written in Rego as it was before OPA 1.0."""
    parameters: Mapping[str, Any] | None
    """The OpenAPI schema of its parameters; None: it takes none."""
    operations: tuple[str, ...] = ()
    """The operations that it judges; empty: all."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def is_template(manifest: Manifest) -> bool:
    """Whether it is a ConstraintTemplate."""
    return manifest.group == GROUP and manifest.kind == "ConstraintTemplate"


def read(manifest: Manifest) -> Template:
    """A template of its manifest.

    Raises:
        ConfigError: it is none that Gatekeeper would take, or has no Rego.
    """
    place = manifest.place
    if manifest.version not in _VERSIONS:
        raise ConfigError(
            f"{place}: ConstraintTemplate of version {manifest.version or 'none'}; expected {' or '.join(_VERSIONS)}"
        )
    value = manifest.value
    kind = _at(value, "spec", "crd", "spec", "names", "kind")
    if not isinstance(kind, str) or not kind:
        raise ConfigError(f"{place}: ConstraintTemplate {manifest.name} has no spec.crd.spec.names.kind")
    if manifest.name != kind.lower():
        raise ConfigError(
            f"{place}: ConstraintTemplate {manifest.name} defines kind {kind}; its name has to be {kind.lower()}"
        )
    targets = _at(value, "spec", "targets")
    if not isinstance(targets, list) or len(targets) != 1 or not isinstance(targets[0], dict):
        raise ConfigError(f"{place}: ConstraintTemplate {kind} has to have exactly one of spec.targets")
    target = targets[0]
    if target.get("target") != TARGET:
        raise ConfigError(f"{place}: ConstraintTemplate {kind} is for target {target.get('target')}, expected {TARGET}")
    entry, libs, version = _rego(manifest, kind, target)
    return Template(
        kind=kind,
        path=manifest.path,
        line=manifest.line,
        entry=entry,
        libs=libs,
        v0=version != "v1",
        parameters=_schema(manifest, kind),
        operations=tuple(each for each in target.get("operations") or () if isinstance(each, str)),
    )


def _rego(manifest: Manifest, kind: str, target: Mapping[str, Any]) -> tuple[Source, tuple[Source, ...], str]:
    at = "/spec/targets/0"
    codes = target.get("code")
    for index, code in enumerate(codes if isinstance(codes, list) else ()):
        if isinstance(code, dict) and code.get("engine") == "Rego" and not target.get("rego"):
            source = code.get("source")
            return _modules(manifest, kind, source if isinstance(source, dict) else {}, f"{at}/code/{index}/source")
    if target.get("rego"):
        return _modules(manifest, kind, {**target, "version": "v0"}, at)
    engines = sorted({str(code.get("engine")) for code in codes or () if isinstance(code, dict)})
    if engines:
        raise ConfigError(
            f"{manifest.place}: ConstraintTemplate {kind} is written for {', '.join(engines)} only; "
            "bylaw evaluates Rego: add a code block with engine: Rego"
        )
    raise ConfigError(f"{manifest.place}: ConstraintTemplate {kind} has no Rego in spec.targets[0]")


def _modules(
    manifest: Manifest, kind: str, source: Mapping[str, Any], at: str
) -> tuple[Source, tuple[Source, ...], str]:
    rego, libs, version = source.get("rego"), source.get("libs") or [], source.get("version") or "v0"
    if not isinstance(rego, str) or not rego.strip():
        raise ConfigError(f"{manifest.place}: ConstraintTemplate {kind}: {at}/rego is empty")
    if not isinstance(libs, list) or not all(isinstance(each, str) for each in libs):
        raise ConfigError(f"{manifest.place}: ConstraintTemplate {kind}: {at}/libs is no list of texts")
    if version not in _LANGUAGES:
        raise ConfigError(
            f"{manifest.place}: ConstraintTemplate {kind}: {at}/version is {version}, "
            f"expected {' or '.join(_LANGUAGES)}"
        )
    pointers = [f"{at}/rego", *(f"{at}/libs/{index}" for index in range(len(libs)))]
    lines = list(_lines(manifest, pointers))
    sources = [Source(text, line) for text, line in zip((rego, *libs), lines, strict=True)]
    return sources[0], tuple(sources[1:]), version


def _lines(manifest: Manifest, pointers: list[str]) -> Iterator[int]:
    """The line of each text's first line: a block begins on the line after its `|`."""
    spans = locate(manifest.text, manifest.index, pointers)
    written = manifest.text.decode("utf-8", "replace").splitlines()
    for pointer in pointers:
        span = spans.get(pointer)
        if span is None:
            yield manifest.line
            continue
        begins = written[span.line - 1][span.column - 1 : span.column] if span.line <= len(written) else ""
        yield span.line + (begins in ("|", ">"))


def _schema(manifest: Manifest, kind: str) -> Mapping[str, Any] | None:
    """The schema of the parameters. A legacy one lets every mapping have what it does not name."""
    validation = _at(manifest.value, "spec", "crd", "spec", "validation")
    validation = validation if isinstance(validation, dict) else {}
    schema = validation.get("openAPIV3Schema")
    if schema is not None and not isinstance(schema, dict):
        raise ConfigError(f"{manifest.place}: ConstraintTemplate {kind}: openAPIV3Schema is no mapping")
    legacy = validation.get("legacySchema")
    if legacy is None:
        legacy = manifest.version in _LEGACY
    if not legacy:
        return schema
    return _open(schema or {})


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, with fields allowed that it does not name."""
    made = dict(schema)
    said = made.get("type", "")
    if said in ("", "object"):
        made["x-kubernetes-preserve-unknown-fields"] = True
    elif said == "array" and not made.get("items"):
        made["items"] = {"x-kubernetes-preserve-unknown-fields": True}
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _open(each) for name, each in made["properties"].items() if isinstance(each, dict)}
    for field in ("items", "additionalProperties"):
        if isinstance(made.get(field), dict):
            made[field] = _open(made[field])
    return made


def _at(value: Any, *steps: str) -> Any:
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
