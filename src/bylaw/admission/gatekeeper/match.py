"""Which objects a constraint is about: Gatekeeper's `spec.match`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.admission.gatekeeper.manifests import group_version, metadata, text_of
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_QUALIFIED = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_LABEL}\Z")
_VALUE = re.compile(rf"(?:{_LABEL})?\Z")
_WITH_VALUES = ("In", "NotIn")
_WITHOUT = ("Exists", "DoesNotExist")


class MatchError(Exception):
    """Whether a constraint is about an object cannot be said, for want of a fact. It counts as if it were."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on the labels of an object."""

    key: str
    operator: str
    values: frozenset[str]

    def holds(self, labels: Mapping[str, str]) -> bool:
        """As Kubernetes has it: an absent label is in no set."""
        there = self.key in labels
        if self.operator == "In":
            return there and labels[self.key] in self.values
        if self.operator == "NotIn":
            return not there or labels[self.key] not in self.values
        return there if self.operator == "Exists" else not there


Selector = tuple[Requirement, ...]
"""All of them have to hold; none: every object fits."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object, and the namespace it is in as far as that is known."""

    value: Mapping[str, Any]
    namespace: Mapping[str, Any] | None
    source: str
    group: str
    kind: str
    is_namespace: bool
    own_namespace: str
    belongs_to: str | None
    """The name of the namespace that counts for `namespaces`; None for an object of the cluster."""

    @classmethod
    def of(cls, value: Mapping[str, Any], namespace: Mapping[str, Any] | None, requested: str = "") -> Subject:
        """The subject that an object is. ``requested`` is the namespace that the request names, if one does."""
        group, kind, about = group_version(value)[0], text_of(value, "kind"), metadata(value)
        is_namespace, own = kind == "Namespace" and not group, requested or text_of(about, "namespace")
        belongs_to: str | None = own or None
        if is_namespace:
            belongs_to = text_of(about, "name")
        elif namespace is not None:
            belongs_to = text_of(metadata(namespace), "name")
        return cls(value, namespace, "Original", group, kind, is_namespace, own, belongs_to)


@dataclass(frozen=True, slots=True)
class Match:
    """What an object has to be. What is empty lets every object pass."""

    kinds: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    """Groups and kinds, each empty for any; one of the pairs has to fit."""
    scope: str = ""
    namespaces: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    labels: Selector | None = None
    namespace_labels: Selector | None = None
    name: str = ""
    source: str = "All"

    def fits(self, subject: Subject) -> bool:
        """Whether a constraint is about an object.

        Raises:
            MatchError: it asks for the labels of a namespace that nobody knows.
        """
        return (
            self._kind_fits(subject)
            and self._scope_fits(subject)
            and self._namespace_fits(subject)
            and _selects(self.labels, subject.value)
            and self._namespace_labels_fit(subject)
            and self._name_fits(subject)
            and self.source in ("All", subject.source)
        )

    def _kind_fits(self, subject: Subject) -> bool:
        if not self.kinds:
            return True
        return any(
            (not kinds or subject.kind in kinds or "*" in kinds)
            and (not groups or subject.group in groups or "*" in groups)
            for groups, kinds in self.kinds
        )

    def _scope_fits(self, subject: Subject) -> bool:
        namespaced = bool(subject.own_namespace) or subject.namespace is not None
        if self.scope == "Cluster":
            return subject.is_namespace or not namespaced
        if self.scope == "Namespaced":
            return not subject.is_namespace and namespaced
        return True

    def _namespace_fits(self, subject: Subject) -> bool:
        if not (self.namespaces or self.excluded) or (name := subject.belongs_to) is None:
            return True
        if self.namespaces and not any(globbed(each, name) for each in self.namespaces):
            return False
        return not any(globbed(each, name) for each in self.excluded)

    def _namespace_labels_fit(self, subject: Subject) -> bool:
        if self.namespace_labels is None:
            return True
        if subject.is_namespace:
            return _selects(self.namespace_labels, subject.value)
        if subject.namespace is None:
            if not subject.own_namespace:
                return True
            raise MatchError(
                f"namespaceSelector asks for the labels of namespace {subject.own_namespace}, which is not known here: "
                "add it to the inventory"
            )
        return _selects(self.namespace_labels, subject.namespace)

    def _name_fits(self, subject: Subject) -> bool:
        about = metadata(subject.value)
        return (
            not self.name
            or globbed(self.name, text_of(about, "name"))
            or (self.name.endswith("*") and globbed(self.name, text_of(about, "generateName")))
        )


def globbed(glob: str, text: str) -> bool:
    """Whether a text is what a glob says, which may have a `*` at its start, at its end, or both."""
    if glob.startswith("*") and glob.endswith("*"):
        return glob[1:].removesuffix("*") in text
    if glob.startswith("*"):
        return text.endswith(glob[1:])
    if glob.endswith("*"):
        return text.startswith(glob[:-1])
    return glob == text


def labels_of(value: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an object; none where one of them is no text."""
    found = metadata(value).get("labels")
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        return {}
    return found


def read(match: Mapping[str, Any], place: str) -> Match:
    """A match of a constraint that fits its schema.

    Raises:
        ConfigError: a label selector of it is none.
    """
    return Match(
        kinds=tuple(
            (frozenset(each.get("apiGroups") or ()), frozenset(each.get("kinds") or ()))
            for each in match.get("kinds") or ()
        ),
        scope=match.get("scope") or "",
        namespaces=tuple(match.get("namespaces") or ()),
        excluded=tuple(match.get("excludedNamespaces") or ()),
        labels=_selector(match.get("labelSelector"), f"{place}: spec.match.labelSelector"),
        namespace_labels=_selector(match.get("namespaceSelector"), f"{place}: spec.match.namespaceSelector"),
        name=match.get("name") or "",
        source=match.get("source") or "All",
    )


def _selector(said: Mapping[str, Any] | None, place: str) -> Selector | None:
    if said is None:
        return None
    found = [Requirement(key, "In", frozenset((value,))) for key, value in (said.get("matchLabels") or {}).items()]
    for each in said.get("matchExpressions") or ():
        values = each.get("values") or ()
        if each["operator"] not in (*_WITH_VALUES, *_WITHOUT):
            expected = ", ".join((*_WITH_VALUES, *_WITHOUT))
            raise ConfigError(f"{place}: operator {each['operator']}, expected {expected}")
        if bool(values) != (each["operator"] in _WITH_VALUES):
            needs = "values" if not values else "no values"
            raise ConfigError(f"{place}: operator {each['operator']} needs {needs}")
        found.append(Requirement(each["key"], each["operator"], frozenset(values)))
    _check(found, place)
    return tuple(found)


def _check(found: Iterable[Requirement], place: str) -> None:
    for each in found:
        if not _QUALIFIED.match(each.key):
            raise ConfigError(f"{place}: {each.key!r} is no name of a label")
        for value in sorted(each.values):
            if not _VALUE.match(value):
                raise ConfigError(f"{place}: {value!r} is no value of a label")


def _selects(selector: Selector | None, value: Mapping[str, Any]) -> bool:
    if not selector:
        return True
    labels = labels_of(value)
    return all(each.holds(labels) for each in selector)
