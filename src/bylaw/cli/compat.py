"""``bylaw check --compat entity-validator``: RoadieHQ's ``validate-entity``, its arguments and its verdict.

Mirrors the sources of ``@roadiehq/backstage-entity-validator`` 0.5.1 and of the library behind it,
``@roadiehq/roadie-backstage-entity-validator`` 2.7.0. They ask less than Backstage does: less of names, labels and
tags, and nothing of kinds that they do not know. Where bylaw differs by intent stands in ``docs/entity-validator.md``.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bylaw.cli import common
from bylaw.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.catalog import Catalog, Kinds, Schema
    from bylaw.config import Settings
    from bylaw.model import Document, Finding, Report
    from bylaw.sources.checkout import Checkout

YAML_INVALID, ENTITY_INVALID = "catalog/yaml-invalid", "catalog/entity-invalid"
SOURCE_MISSING = "docs/techdocs-source-missing"

_PLACEHOLDERS = ("$text", "$openapi", "$asyncapi")
_NAME = re.compile(r"(?=.{1,120}\Z)([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_LONGEST_TAG = 63
_HERE = re.compile(r"^dir:.$", re.MULTILINE)
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST_PATTERNS = 1_000  # that the braces of one argument may stand for
_SHOWN = 3

_UUID = re.compile(r"(urn:uuid:)?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(r"P(?!$)((\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?|(\d+W)?)", re.ASCII)
_FORMATS = {
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
}
"""Formats that the validator knows beyond those of draft 7."""

_PLACE = "(url|gitlab|github|azure/api|dir):.*"
_ANNOTATIONS = {
    "backstage.io/managed-by-location": {"pattern": _PLACE},
    "backstage.io/managed-by-origin-location": {"pattern": _PLACE},
    "backstage.io/techdocs-ref": {"pattern": _PLACE},
    "backstage.io/source-location": {"pattern": f"{_PLACE}/$"},
    "backstage.io/view-url": {"format": "uri"},
    "backstage.io/edit-url": {"format": "uri"},
    "backstage.io/ldap-uuid": {"format": "uuid"},
    "datadog/dashboard-url": {"format": "uri"},
    "graph.microsoft.com/group-id": {"format": "uuid"},
    "graph.microsoft.com/user-id": {"format": "uuid"},
}
"""What is asked of annotations where no schema is given."""

_ROADIE_KINDS = (
    ("Repository", ("roadie.io/v1",), ("owner", "system"), ("hasPart",)),
    (
        "Product",
        ("roadie.io/v1", "backstage.io/v1alpha1"),
        ("type", "owner", "system", "domain"),
        ("hasPart", "partOf", "childOf", "parentOf", "dependencyOf", "dependsOn", "consumesApi"),
    ),
)
"""Roadie's own kinds: their ``apiVersion`` values, and the fields of spec that hold a text and a list of texts."""


def run(args: argparse.Namespace) -> int:
    """Judge the files that the arguments mean, print, and return the decision's exit code."""
    import bylaw
    from bylaw import reports

    outputs = common.outputs(args, reports.known)
    names, notes = _names(args)
    judge = Judge.of(args.schema)
    catalog, settings, progress = common.read_catalog(args, names)
    # Rules that --rule names judge as ever. Without any, this is about the head of the report alone.
    report = bylaw.check(
        catalog, settings=settings, only=args.rule or [YAML_INVALID], now=args.now, jobs=args.jobs, progress=progress
    )
    if not args.rule:
        report = replace(report, findings=(), notes=catalog.notes)
    found = list(_found(judge, catalog, {os.path.realpath(each) for each in names}))
    report = _with(replace(report, notes=(*report.notes, *notes)), found, catalog, settings, args.jobs)
    progress.done()
    if report.decision.exit_code or not args.quiet or outputs != [("text", None)]:
        common.deliver(args, outputs, partial(reports.render, report))
    return report.decision.exit_code


# -- what the arguments mean


def _names(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The files that the arguments mean, and what the reader should know of it.

    Raises:
        UsageError: they mean none, or a folder.
    """
    said = [name for each in args.paths if each != "." for name in _split(each)]  # "." stands for no path at all
    if args.stdin_names:
        said += [os.fsdecode(line) for line in sys.stdin.buffer.read().split(b"\n") if line]
    names: dict[str, None] = {}
    without: list[str] = []
    for each in said:
        found = [each] if os.path.lexists(each) else [name for pattern in _braces(each) for name in _matching(pattern)]
        names.update(dict.fromkeys(found))
        if not found:
            without.append(each)
    folders = [each for each in names if os.path.isdir(each)]  # noqa: PTH112  (Path.is_dir raises for long names)
    if folders:
        raise UsageError(f"{folders[0]}: is a folder, and the entity validator takes files: {folders[0]}/**/*.yaml")
    if not names:
        raise UsageError(
            f"no files to validate: {_first(without)} matches none" if without else "no files to validate: name them"
        )
    notes = [f"passed over, as the entity validator does, since no file matches: {_first(without)}"] if without else []
    return [f"./{each}" if each == "-" else each for each in names], notes


def _split(text: str) -> list[str]:
    """The items of a comma list; commas in braces belong to a pattern, and one in the name of a file to the name."""
    if os.path.lexists(text):
        return [text]
    items, depth = [""], 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [each.strip() for each in items if each.strip()]


def _braces(pattern: str) -> list[str]:
    """The patterns that one with ``{a,b}`` stands for.

    Raises:
        UsageError: they are too many.
    """
    pending, done = [pattern], []
    while pending:
        each = pending.pop()
        braces = _BRACES.search(each)
        if braces is None:
            done.append(each)
        else:
            pending += [each[: braces.start()] + item + each[braces.end() :] for item in braces[1].split(",")]
        if len(pending) + len(done) > _MOST_PATTERNS:
            raise UsageError(f"{pattern:.60}: stands for more than {_MOST_PATTERNS:,} patterns")
    return sorted(set(done))


def _matching(pattern: str) -> list[str]:
    """The files that a path or a glob means. As in the validator, a star stands for nothing that begins with a dot."""
    from bylaw.sources.globs import is_glob, select
    from bylaw.sources.listing import split

    if not is_glob(pattern):
        return [pattern] if os.path.lexists(pattern) else []
    folder, rest = split(pattern)
    if folder or pattern.startswith("/"):
        folder += "/"
    return sorted(folder + name for name in select(_visible(folder), [rest]))


def _visible(folder: str) -> Iterator[str]:
    """The files below a folder, without those that are hidden; links to folders are files here."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with contextlib.suppress(OSError), os.scandir(folder + prefix or ".") as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{prefix}{entry.name}/")
                else:
                    yield prefix + entry.name


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


# -- what the validator says


@dataclass(frozen=True, slots=True)
class Judge:
    """The validator: what it asks of every entity, and the kinds of which it asks more."""

    schema: Schema
    kinds: Kinds
    envelope: Kinds
    """No kinds at all: of such an entity the envelope is asked alone."""

    @classmethod
    def of(cls, file: str | None) -> Judge:
        """The judge by the schema of a file, or by the validator's own for annotations.

        Raises:
            ConfigError: the file is not to be had, or holds no JSON Schema of draft 7.
        """
        from bylaw.catalog import Kinds, Schema
        from bylaw.config import CatalogSettings, KindSetting

        schema = _annotations() if file is None else _read(file)
        roadie = tuple(KindSetting(name, versions, _roadie(*fields)) for name, versions, *fields in _ROADIE_KINDS)
        kinds = Kinds.of(CatalogSettings(ai_model=False, kinds=roadie))
        return cls(Schema(schema, file or "annotations", _FORMATS), kinds, Kinds(()))

    def findings(self, document: Document, checkout: Checkout) -> list[Finding]:
        """What is wrong with a document, all of it: the validator says the first fault alone."""
        from bylaw.catalog import faults
        from bylaw.rules.catalog import entity_invalid

        if not isinstance(document.data, dict):
            return list(_unread(document))
        empty: list[str] = []
        data = _without_placeholders(document.data, "", empty)
        version, kind = data.get("apiVersion"), data.get("kind")
        known = isinstance(kind, str) and version in self.kinds.versions(kind)
        told = {
            **dict.fromkeys(empty, ("must not be empty", None)),
            **{place: said for place, *said in self.schema.faults(data)},
            **{place: said for place, *said in faults(_as_asked(data), self.kinds if known else self.envelope)},
        }
        found = [entity_invalid.finding(document, place, *said) for place, said in told.items()]
        found = [replace(each, rule=ENTITY_INVALID) for each in found]
        return found + list(_techdocs(document, checkout))


def _without_placeholders(node: Any, place: str, empty: list[str]) -> Any:
    """A value with a text in place of each placeholder; ``empty`` collects where it holds nothing at all.

    What comes behind a placeholder in the same mapping is not looked at: so it is in the validator.
    """
    from bylaw.catalog import pointer

    if not isinstance(node, dict | list):
        return node
    items = dict(node) if isinstance(node, dict) else dict(enumerate(node))
    for key, item in items.items():
        inner = place + pointer(key)
        if item is None:
            empty.append(inner)
        elif isinstance(item, dict) and any(_is_truthy(item.get(name)) for name in _PLACEHOLDERS):
            items[key] = "stands in another file"
            break
        else:
            items[key] = _without_placeholders(item, inner, empty)
    return items if isinstance(node, dict) else list(items.values())


def _is_truthy(value: Any) -> bool:
    """As JavaScript has it: an empty collection is something."""
    return isinstance(value, dict | list) or bool(value)


def _as_asked(data: dict[str, Any]) -> dict[str, Any]:
    """The entity with a right name, label or tag in place of each that the validator takes and Backstage does not."""
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        return data
    metadata = dict(metadata)
    name, labels, tags = (metadata.get(field) for field in ("name", "labels", "tags"))
    if isinstance(name, str) and _NAME.match(name):
        metadata["name"] = "name"
    if isinstance(labels, dict):
        metadata["labels"] = {key: "" if isinstance(value, str) else value for key, value in labels.items()}
    if isinstance(tags, list):
        metadata["tags"] = ["tag" if isinstance(tag, str) and 1 <= len(tag) <= _LONGEST_TAG else tag for tag in tags]
    return {**data, "metadata": metadata}


def _techdocs(document: Document, checkout: Checkout) -> Iterator[Finding]:
    """That the folder which the annotation names has no mkdocs.yml. Of the file's own, ``dir:.``, it is not asked."""
    from bylaw.catalog import pointer
    from bylaw.catalog.placeholders import UnreadableError
    from bylaw.model import Finding
    from bylaw.sources.techdocs import ANNOTATION

    metadata = document.data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    said = annotations.get(ANNOTATION) if isinstance(annotations, dict) else None
    if not isinstance(said, str) or "dir" not in said or said.startswith("url:") or _HERE.search(said):
        return
    target = [*said.split(":"), ""][1]
    try:
        files = [checkout.beside(document.path or "", f"./{target}/{name}") for name in ("mkdocs.yaml", "mkdocs.yml")]
        if any(map(checkout.stands, files)):
            return
        fault = f"names {target}, where there is neither mkdocs.yaml nor mkdocs.yml"
    except UnreadableError as error:
        fault = str(error)
    place = pointer("metadata", "annotations", ANNOTATION)
    yield Finding(
        place, f"{ANNOTATION} {fault}", observed=said, expected="a folder with mkdocs.yml", rule=SOURCE_MISSING
    )


def _unread(document: Document) -> Iterator[Finding]:
    """What the reader found wrong with a document of which there is no entity. A template is no YAML either."""
    from bylaw.model import Finding

    for each in document.problems:
        if each.rule == YAML_INVALID:
            yield Finding(each.pointer, each.message, expected=each.expected, location=each.location, rule=YAML_INVALID)


def _annotations() -> dict[str, Any]:
    """The schema of an entity whose annotations are as the validator has them."""
    annotations = {"properties": {name: {"type": "string", **asked} for name, asked in _ANNOTATIONS.items()}}
    return {"properties": {"metadata": {"properties": {"annotations": annotations}}}}


def _roadie(texts: Iterable[str], lists: Iterable[str]) -> dict[str, Any]:
    """The schema of an entity with these fields in its spec."""
    text = {"type": "string", "minLength": 1}
    fields = {**dict.fromkeys(texts, text), **{name: {"type": "array", "items": text} for name in lists}}
    spec = {"type": "object", "properties": fields}
    return {"allOf": [{"$ref": "Entity"}, {"type": "object", "required": ["spec"], "properties": {"spec": spec}}]}


def _read(file: str) -> dict[str, Any]:
    """The schema that a file holds.

    Raises:
        ConfigError: it cannot be read, or is none of draft 7.
    """
    from pathlib import Path

    import orjson

    try:
        schema = orjson.loads(Path(file).read_bytes())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); -l names a file with a JSON Schema") from None
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}:{error.colno}: is not JSON ({error.msg})") from None
    if not isinstance(schema, dict):
        raise ConfigError(f"{file}: expected a JSON Schema, an object, found {type(schema).__name__}")
    draft = schema.get("$schema", "draft-07")
    if not isinstance(draft, str) or "draft-07" not in draft:
        raise ConfigError(f"{file}: $schema is {draft!r:.80}, expected http://json-schema.org/draft-07/schema#")
    return schema


# -- what becomes of it


def _found(judge: Judge, catalog: Catalog, files: set[str]) -> Iterator[Finding]:
    """What the judge finds in the documents of these files: not in those that a Location of theirs names.

    Documents of one ref, and those without one in a file, are told apart as the engine does: by their number.
    """
    from bylaw.catalog import address
    from bylaw.sources.checkout import Checkout

    assert catalog.root is not None  # it was read from files
    checkout = Checkout(catalog.root)
    alike: Counter[tuple[str | None, str | None]] = Counter()
    for document in catalog.documents:
        ref = str(found) if (found := address(document.data)) else None
        before = alike[ref, None if ref else document.path]
        alike[ref, None if ref else document.path] += 1
        file = os.path.join(catalog.root, document.path or "")  # noqa: PTH118  (a name may be any text)
        if os.path.realpath(file) in files or not os.path.lexists(file):  # a name that is no text is shown as another
            prefix = f"#{before if ref else before + 1}\x1f" if before else ""
            for each in _told(judge.findings(document, checkout)):
                yield replace(each, entity=ref, document=document, key=prefix + each.key)


def _told(findings: list[Finding]) -> Iterator[Finding]:
    """The findings as the engine lets rules tell them: bounded, and without secrets."""
    import orjson

    from bylaw.engine import telling

    for rule in dict.fromkeys(each.rule for each in findings):
        told = telling.told([each for each in findings if each.rule == rule])
        for each in orjson.loads(orjson.dumps(told)):
            yield replace(telling.heard(each), rule=rule)


def _with(report: Report, found: list[Finding], catalog: Catalog, settings: Settings, jobs: int | None) -> Report:
    """The report with these findings as well, and the decision that follows from all of them."""
    from bylaw import gates
    from bylaw.rules.bundled import BUNDLED
    from bylaw.sources import locate
    from bylaw.sources.checkout import Checkout

    assert catalog.root is not None
    placed = locate.place(found, Checkout(catalog.root), settings.catalog.limits, jobs=jobs)
    merged = {each.order: each for each in (*report.findings, *placed.findings)}
    findings = tuple(each for _, each in sorted(merged.items()))
    return replace(
        report,
        findings=findings,
        decision=gates.decide(findings),
        rules={**report.rules, **{each.id: each.info for each in BUNDLED if each.id in {f.rule for f in findings}}},
        lines={**report.lines, **placed.lines},
    )
