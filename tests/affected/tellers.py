"""Rules that find fault with everybody, and whose findings are new whenever they could see any difference."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bylaw.catalog import address
from bylaw.model import Finding, Severity
from bylaw.rules import Context, Module, Rule
from bylaw.rules.metadata import module, rule
from tests.affected.sight import sight_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bylaw.catalog import Catalog
    from bylaw.model import Document, Entity
    from bylaw.rules import Policies


def joined(policies: Policies, more: Iterable[Rule | Module]) -> Policies:
    """Policies with more rules."""
    modules = [each for each in more if isinstance(each, Module)]
    rules = [each if isinstance(each, Rule) else rule(each) for each in more]
    return replace(
        policies,
        rules=tuple(sorted([*policies.rules, *rules], key=lambda each: each.id)),
        modules=(*policies.modules, *modules),
        parameters={**policies.parameters, **{each.id: {} for each in rules}},
    )


def teller(name: str, said: Callable[[Any, Context], Any], **more: Any) -> Rule:
    """A rule in Python that tells what it sees."""

    def evaluate(subject: Any, context: Context) -> Iterator[Finding]:
        yield Finding("", "it is seen", key=json.dumps(said(subject, context), sort_keys=True))

    words: dict[str, Any] = {"title": "It is seen", "description": "It tells all.", "remediation": "None."}
    return Rule(id=f"told/{name}", severity=Severity.ERROR, evaluate=evaluate, **words, **more)


def teller_in_rego(name: str, body: str, *custom: str) -> Module:
    """The same in Rego: ``body`` is the value of ``seen``."""
    said = "".join(f"#   {each}\n" for each in custom)
    return module(
        f"{name}.rego",
        "# METADATA\n# title: It is seen\n# description: It tells all.\n# custom:\n#   severity: error\n"
        f"#   remediation: None.\n{said}package bylaw.told.{name}\n\nimport rego.v1\nimport future.keywords.not\n\n"
        'findings contains {"pointer": "", "message": "it is seen", "key": json.marshal(seen)}\n\n' + body,
    )


REACHES = {
    "owners-and-above": ("names(ownedBy/childOf*)",),
    "owners-in-the-end": ("partOf*/ownedBy/childOf*",),
    "three-steps": ("(dependsOn|consumesApi){3}",),
    "one-step": ("dependsOn",),
    "dependents": ("^dependsOn/ownedBy",),
    "fields": ("spec.lifecycle, metadata.annotations.bylaw.dev/successor of (dependsOn|consumesApi)/ownedBy",),
    "field": ("spec.type of ^ownedBy",),
    "dependents-in-the-end": ("names((^dependsOn|^consumesApi|^apiProvidedBy)*)",),
    "two-ways-back": ("names(usedBy)", "names(^runsOn)", "runs"),
    "anything": (".",),
    "anything-twice": ("names(.{2})",),
    "own": ("names(@)",),
    "own-and-theirs": ("@/@",),
    "peers": ("names(dependsOn/^dependsOn)",),
    "cycles": ("cycle(dependsOn|consumesApi|apiProvidedBy)",),
    "group-cycles": ("cycle(childOf)", "cycle(partOf)"),
    "cycles-and-owners": ("cycle(dependsOn)", "names(ownedBy)"),
    "same": ("same(backstage.io/kubernetes-id)",),
    "named": ("named(bylaw.dev/successor)",),
    "kinds": ("kind(User)", "kind(Machine)", "kind(Domain)"),
    "nothing": (),
}
SIGHTS = tuple(teller(name, sight_of(reach), reads="graph", reach=reach) for name, reach in REACHES.items())
"""Rules of each reach there is."""

_NEAR = """\
seen := [input, data.catalog.complete, relations, [[ref, object.get(data.catalog.entities, ref, null), _group(ref)] |
	some ref in sort(near)
]]

near := {own} | {ref | some refs in relations; some ref in refs}

own := lower(concat("", [input.kind, ":", input.metadata.namespace, "/", input.metadata.name]))

relations := object.get(data.catalog.relations, own, {})

_group(ref) := object.get(data.catalog.groups, ref, null)
"""
_CHANGE = """\
seen := [input, data.change, [_around(side) | some side in [data.base, data.catalog]]]

_around(side) := [side.complete, relations, [[ref, object.get(side.entities, ref, null)] |
	some refs in relations
	some ref in refs
]] if {
	relations := object.get(side.relations, own, {})
}

own := lower(concat("", [_entity.kind, ":", _entity.metadata.namespace, "/", _entity.metadata.name]))

_entity := input.before if is_null(input.after) else := input.after
"""


def _document(document: Document, context: Context) -> Any:
    ref = str(address(document.data))
    return [len(document.problems), context.graph.relations(ref) if ref in context.graph else {}]


NEIGHBOURS = (
    teller_in_rego("near", _NEAR, "reads: relations"),
    teller_in_rego("change", _CHANGE, "reads: relations", "applies_to_change: true"),
    teller("document", _document, reads="relations", subject="document"),
)
"""Rules that say no more than that they read relations."""


def _like_it(entity: Entity, context: Context) -> Any:
    return sorted(each.key for each in context.catalog.entities.values() if each.kind == entity.kind)


def _catalog(catalog: Catalog, context: Context) -> Any:
    return sorted([key, entity.data] for key, entity in catalog.entities.items())


def _files(document: Document, context: Context) -> Any:
    return [document.data, sorted(set(context.catalog.paths))]


_ALL = """\
seen := [sort(object.keys(data.catalog.entities)), data.catalog.groups]
"""
_BOTH = """\
seen := [input, data.base, data.catalog.relations]
"""

EVERYWHERE = (
    teller("like-it", _like_it, reads="graph"),
    teller("catalog", _catalog, subject="catalog"),
    teller("files", _files, reads="graph", subject="document"),
    teller_in_rego("all", _ALL, "reads: graph"),
    teller_in_rego("both", _BOTH, "reads: graph", "applies_to_change: true"),
)
"""Rules that read the whole catalog, and do not say what in it."""
