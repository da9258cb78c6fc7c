"""Bytes of a stranger -> the review that the API server asks for (AdmissionReview v1).

The envelope is read strictly: whoever gets a decision has said which object it is about. What is not known in it is let
be, for later versions add fields.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
OPERATIONS = ("CREATE", "UPDATE", "DELETE", "CONNECT")
_UID = re.compile(r"[!-~]{1,128}")  # the API server's have 36
_LONGEST = 253  # characters of a name or namespace
_SHOWN = 60
_MARGIN = 8  # levels by which what is asked of an engine is nested deeper than what was received


class ReviewError(ValueError):
    """The body is no AdmissionReview v1. The message names what was seen and what is expected."""


class Kind(NamedTuple):
    """A kind of objects, or a resource."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"

    @property
    def api_version(self) -> str:
        """``apps/v1``, and ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Review:
    """What the API server asks about one object.

    ``object`` is as it would be stored (None on DELETE), ``old_object`` as it is (None on CREATE and CONNECT). On
    CONNECT the object holds the options of the connection. ``request`` is the AdmissionRequest as it was received.
    """

    uid: str
    api_version: str
    kind: Kind
    resource: Kind
    sub_resource: str
    name: str
    """Empty where the API server has yet to make one from ``metadata.generateName``."""
    namespace: str
    operation: str
    user: Mapping[str, Any]
    object: Mapping[str, Any] | None
    old_object: Mapping[str, Any] | None
    options: Mapping[str, Any] | None
    dry_run: bool
    request: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """What it is about, for people: ``apps/v1 Deployment shop/orders``."""
        name = self.name or f"{_text(_metadata(self.object).get('generateName'))}*"
        place = f"{self.namespace}/{name}" if self.namespace and self.kind.kind != "Namespace" else name
        part = f" ({self.resource.kind}/{self.sub_resource})" if self.sub_resource else ""
        return f"{self.kind} {place}{part}"

    @property
    def judged(self) -> Mapping[str, Any]:
        """The object that it is about: as it would be or, where it is deleted, as it was."""
        return self.object or self.old_object or {}


def read(body: bytes) -> Review:
    """The review that a body holds.

    Raises:
        ReviewError: it is no AdmissionReview v1.
    """
    value = _parsed(body)
    if not isinstance(value, dict):
        _refuse(f"the body is {_kind_of(value)}, expected an AdmissionReview")
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if kind != KIND:
        _refuse(f"kind is {_shown(kind)}, expected {KIND}")
    if api_version != API_VERSION:
        _refuse(
            f"apiVersion is {_shown(api_version)}, expected {API_VERSION}: "
            "name v1 in admissionReviewVersions of the webhook configuration"
        )
    request = value.get("request")
    if not isinstance(request, dict):
        _refuse(f"request is {_kind_of(request)}, expected an AdmissionRequest")
    uid = request.get("uid")
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        _refuse(f"request.uid is {_shown(uid)}, expected 1 to 128 printable ASCII characters")
    operation = request.get("operation")
    if operation not in OPERATIONS:
        _refuse(f"request.operation is {_shown(operation)}, expected {', '.join(OPERATIONS)}")
    review = Review(
        uid=uid,
        api_version=api_version,
        kind=_named(request, "kind", "kind"),
        resource=_named(request, "resource", "resource"),
        sub_resource=_name(request, "subResource"),
        name=_name(request, "name"),
        namespace=_name(request, "namespace"),
        operation=operation,
        user=_mapping(request, "userInfo") or {},
        object=_mapping(request, "object"),
        old_object=_mapping(request, "oldObject"),
        options=_mapping(request, "options"),
        dry_run=_dry_run(request),
        request=request,
    )
    needed = {"CREATE": "object", "UPDATE": "object", "DELETE": "oldObject"}.get(operation)
    if needed and not (review.old_object if needed == "oldObject" else review.object):
        _refuse(f"request.{needed} is {_kind_of(request.get(needed))}, expected the object of this {operation}")
    return review


def _parsed(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _refuse(f"the body is no JSON: {error.msg} at byte {error.pos:,}")
    nested = value
    for _ in range(_MARGIN):
        nested = [nested]
    try:
        orjson.dumps(nested)  # it stops at 254 levels; whatever walks through the object later has no such limit
        as_read = orjson.dumps(value)
    except TypeError:
        _refuse("the body nests more than 240 objects and lists in one another")
    if as_read != body.strip():  # written as we would write it, no key can stand twice
        _refuse_twice(body)
    return value


def _refuse_twice(body: bytes) -> None:
    """See that no object has a key twice: readers differ in which of them counts."""

    def once(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            _refuse(f"the key {_shown(twice)} stands twice in one object")

    json.loads(body, object_pairs_hook=once)


def _named(request: Mapping[str, Any], field: str, last: str) -> Kind:
    """A group, version and kind (or resource) of a request."""
    said = request.get(field)
    if not isinstance(said, dict):
        _refuse(f"request.{field} is {_kind_of(said)}, expected group, version and {last}")
    group, version, name = (said.get(each, "") for each in ("group", "version", last))
    for part, value in (("group", group), ("version", version), (last, name)):
        if not isinstance(value, str) or len(value) > _LONGEST or (not value and part != "group"):
            _refuse(f"request.{field}.{part} is {_shown(value)}, expected a name of at most {_LONGEST} characters")
    return Kind(group, version, name)


def _name(request: Mapping[str, Any], field: str) -> str:
    value = request.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        _refuse(f"request.{field} is {_shown(value)}, expected a name of at most {_LONGEST} characters")
    return value


def _mapping(request: Mapping[str, Any], field: str) -> Mapping[str, Any] | None:
    value = request.get(field)
    if value is not None and not isinstance(value, dict):
        _refuse(f"request.{field} is {_kind_of(value)}, expected an object or null")
    return value


def _dry_run(request: Mapping[str, Any]) -> bool:
    value = request.get("dryRun")
    if value is not None and not isinstance(value, bool):
        _refuse(f"request.dryRun is {_shown(value)}, expected true or false")
    return bool(value)


def _metadata(data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    said = (data or {}).get("metadata")
    return said if isinstance(said, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value!r:.{_SHOWN}}" if isinstance(value, str | int | float) else _kind_of(value)


def _kind_of(value: object) -> str:
    """What sort of JSON value it is."""
    if value is None:
        return "missing"
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "a number")


def _refuse(fault: str) -> NoReturn:
    raise ReviewError(fault)
