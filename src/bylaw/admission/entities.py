"""The catalog entities that an object of a cluster holds, as the documents that they would be in a file.

A custom resource of Backstage's own group is an entity, and so is what stands in its ``spec.entity``; a ConfigMap that
says so (``bylaw.dev/holds: entities``, a label or an annotation) holds files with descriptors. Of a custom resource the
API server keeps only those fields of ``metadata`` that it knows itself: an entity that needs a title, a description,
tags or links stands in ``spec.entity`` or in a ConfigMap, and of a bare one those fields are unknown.
"""

from __future__ import annotations

import ast
import re
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from bylaw.catalog.placeholders import UnreadableError, resolve
from bylaw.documents import Limits, load
from bylaw.model import Document, Outcome, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bylaw.admission.review import Review
    from bylaw.rules import Policies, Rule

GROUP = "backstage.io"
MARK, MARKED = "bylaw.dev/holds", "entities"
DROPPED = ("title", "description", "tags", "links")
"""The fields of ``metadata`` that the API server does not keep of a custom resource."""
_YAML_INVALID = "catalog/yaml-invalid"
_KEPT = ("name", "namespace", "labels", "annotations")
_BY_KUBECTL = "kubectl.kubernetes.io/last-applied-configuration"
_NAMES = "|".join(DROPPED)
_NAMED_IN_REGO = re.compile(rf'\.({_NAMES})\b|"({_NAMES})"|metadata[./]({_NAMES})\b')
_NAMED_IN_TEXT = re.compile(rf"(?:{_NAMES})|.*metadata[./](?:{_NAMES})\b.*", re.DOTALL)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_IMPORTED = re.compile(r"\bdata\.((?:\w+\.)*\w+)")


@dataclass(frozen=True, slots=True)
class Held:
    """The entities that an object holds. Of a bare one the fields that the API server drops are unknown."""

    documents: tuple[Document, ...]
    is_bare: bool = False


def held(review: Review, limits: Limits) -> tuple[Held | None, Held | None]:
    """What the object of a review held before, and what it would hold; None: no entity, nor anything meant as one.

    A subresource (such as ``status``) is no part of what an author says.
    """
    if review.sub_resource or review.operation == "CONNECT":
        return None, None
    place = f"kubernetes:{review.kind.api_version}/{review.kind.kind}/{review.namespace}/{review.name}"
    after = None if review.operation == "DELETE" else review.object
    return _held(review.old_object, place, limits), _held(after, place, limits)


def _held(data: Mapping[str, Any] | None, place: str, limits: Limits) -> Held | None:
    if data is None:
        return None
    group, kind = str(data.get("apiVersion")).partition("/")[0], data.get("kind")
    if group == GROUP or group.endswith(f".{GROUP}"):
        spec = data.get("spec")
        if isinstance(spec, dict) and "entity" in spec:
            documents = _read(orjson.dumps(spec["entity"]), f"{place}#/spec/entity", limits)
            return Held((*documents, *_beside_entity(spec, place)))
        return Held(_read(orjson.dumps(_as_written(data)), place, limits), is_bare=True)
    if kind == "ConfigMap" and data.get("apiVersion") == "v1" and _is_marked(data):
        return Held(tuple(_in_files(data, place, limits)))
    return None


def _beside_entity(spec: Mapping[str, Any], place: str) -> Iterator[Document]:
    """What says that a ``spec`` is an entity's own as well: whoever reads it may take either for the entity."""
    if others := sorted(spec.keys() - {"entity"}):
        said = f"spec has {others[0]:.60} beside entity, and nobody can tell which of them is the entity: keep one"
        yield Document(None, 0, None, (Problem(_YAML_INVALID, said, expected="spec.entity alone"),), place)


def _is_marked(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    said = [metadata.get(each) for each in ("labels", "annotations")] if isinstance(metadata, dict) else []
    return any(isinstance(each, dict) and each.get(MARK) == MARKED for each in said)


def _as_written(data: Mapping[str, Any]) -> dict[str, Any]:
    """An entity that is the object itself, without what the API server and its clients add."""
    metadata = data.get("metadata")
    kept = {key: metadata[key] for key in _KEPT if key in metadata} if isinstance(metadata, dict) else {}
    annotations = kept.get("annotations")
    if isinstance(annotations, dict) and _BY_KUBECTL in annotations:
        kept["annotations"] = {key: value for key, value in annotations.items() if key != _BY_KUBECTL}
    return {**{key: value for key, value in data.items() if key != "status"}, "metadata": kept}


def _in_files(data: Mapping[str, Any], place: str, limits: Limits) -> Iterator[Document]:
    """The documents of the files in a ConfigMap."""
    for field in ("data", "binaryData"):
        files = data.get(field)
        for name, text in sorted(files.items()) if isinstance(files, dict) else ():
            said = b64decode(str(text)) if field == "binaryData" else str(text).encode()
            yield from _read(said, f"{place}#{name}", limits)


def _read(text: bytes, place: str, limits: Limits) -> tuple[Document, ...]:
    """The documents of a text, read as a file with it would be."""
    documents = []
    for each in load(text, limits):
        problems: tuple[Problem, ...]
        if each.fault:
            value, problems = None, (Problem(_YAML_INVALID, each.fault.message),)
        elif not isinstance(each.value, dict):
            value, problems = None, (Problem(_YAML_INVALID, f"expected a mapping, found {each.value!r:.40}"),)
        else:
            value, problems = resolve(each.value, _no_file, limits)
        documents.append(Document(None, each.index, value, problems, place))
    return tuple(documents) or (Document(None, 0, None, (Problem(_YAML_INVALID, f"{place} holds no entity"),), place),)


def _no_file(target: str) -> NoReturn:
    raise UnreadableError(f"names {target}, and an object of a cluster lies beside no file")


def needing_dropped(policies: Policies) -> dict[str, tuple[str, ...]]:
    """The rules that name a field of ``metadata`` which the API server drops, and the fields, by the ids of the rules.

    A rule in Rego names what stands in its module or in a library that it uses, one in Python what stands in its file
    as a key or an argument: rather one too many is held to be unknown than one too few. A rule that looks through
    whatever there is (for secrets) names none, and is content with what there is.
    """
    texts = {each.package: each.text for each in policies.modules}
    found = {each.id: _in_python(each) if each.package is None else _in_rego(each, texts) for each in policies.rules}
    return {rule: tuple(name for name in DROPPED if name in names) for rule, names in found.items() if names}


def _in_rego(rule: Rule, texts: Mapping[str, str]) -> set[str]:
    names, seen, left = set[str](), set[str](), [str(rule.package)]
    while left:
        package = left.pop()
        if package in seen or package not in texts:
            continue
        seen.add(package)
        code = _COMMENT.sub("", texts[package])
        names |= {name for found in _NAMED_IN_REGO.findall(code) for name in found if name}
        said = _IMPORTED.findall(code)
        left += [each for each in texts if any(path == each or path.startswith(f"{each}.") for path in said)]
    return names


def _in_python(rule: Rule) -> set[str]:
    try:
        tree = ast.parse(Path(rule.source).read_bytes())
    except (OSError, SyntaxError):
        return set(DROPPED)  # nobody can tell
    keys = [each.slice for each in ast.walk(tree) if isinstance(each, ast.Subscript)]
    keys += [argument for each in ast.walk(tree) if isinstance(each, ast.Call) for argument in each.args]
    said = {each.value for each in keys if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return {name for name in DROPPED if any(_NAMED_IN_TEXT.fullmatch(each) and name in each for each in said)}


def unknown(fields: tuple[str, ...]) -> dict[str, Any]:
    """What a finding says of a bare entity by a rule that needs some fields: message, expectation, outcome, pointer."""
    named = " and ".join(f"metadata.{each}" for each in fields)
    what = f"{named} {'is' if len(fields) == 1 else 'are'} unknown"
    return {
        "pointer": f"/metadata/{fields[0]}",
        "message": f"{what}, for the API server drops {'it' if len(fields) == 1 else 'them'}: use spec.entity",
        "expected": "the entity in spec.entity of the custom resource, or in a ConfigMap",
        "outcome": Outcome.UNKNOWN,
    }
