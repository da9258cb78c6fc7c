"""``POST /v1/external-data``: what Gatekeeper's policies ask of the catalog (externaldata.gatekeeper.sh/v1beta1).

A key is the ref of an entity (``component:default/orders``), or a question about one: ``owners:REF`` (the refs of those
who own it in the end), ``groups:REF`` (the groups that a user or a group belongs to, through the group tree),
``related:TYPE:REF`` (the refs that a relation such as ``dependsOn`` leads to), and ``id:ID`` (the refs of the entities
with that ``backstage.io/kubernetes-id``). The same key has the same answer as long as the catalog is the same.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.affected import Whole, groups_of
from bylaw.documents.secrets import redact
from bylaw.serving.answers.entities import UnknownError, found
from bylaw.serving.bodies import MalformedError, read
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bylaw.catalog import Catalog
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

API_VERSION = "externaldata.gatekeeper.sh/v1beta1"
MOST_KEYS = 1_000
_ID = "backstage.io/kubernetes-id"
_SHOWN = 60


def answer(generation: Generation, question: Question) -> Reply:
    """An item for each key; a key that nobody can answer has an error of its own, and spoils no other."""
    try:
        keys = _keys(read(question.body, generation.settings.catalog.limits))
    except MalformedError as error:
        return problem(400, str(error))
    if question.stale:
        return _reply([], question.stale)
    return _reply([_item(generation, key) for key in keys], "")


def _keys(said: Mapping[str, Any]) -> Sequence[str]:
    """The keys of a ProviderRequest.

    Raises:
        MalformedError: it is none.
    """
    for field, expected in (("apiVersion", API_VERSION), ("kind", "ProviderRequest")):
        if said.get(field) != expected:
            raise MalformedError(f"{field} is {said.get(field)!r:.{_SHOWN}}, expected {expected}")
    request = said.get("request")
    keys = request.get("keys", []) if isinstance(request, dict) else None  # Gatekeeper leaves out what is empty
    if not isinstance(keys, list) or not all(isinstance(each, str) for each in keys):
        raise MalformedError(f"request.keys is {keys!r:.{_SHOWN}}, expected a list of texts")
    if len(keys) > MOST_KEYS:
        raise MalformedError(f"request.keys has {len(keys):,} keys, the most is {MOST_KEYS:,}")
    return keys


def _item(generation: Generation, key: str) -> dict[str, Any]:
    try:
        return {"key": key, "value": redact(_value(generation, key))}
    except UnknownError as error:
        return {"key": key, "error": str(error)}


def _value(generation: Generation, key: str) -> Any:
    """What a key asks for.

    Raises:
        UnknownError: it names an entity that is not there, or asks what nobody understands.
    """
    graph = generation.graph
    question, _, rest = key.partition(":")
    if question == "id":
        return list(_by_id(generation.catalog).get(rest, ()))
    if question not in {"owners", "groups", "related"}:
        ref = found(key, graph.exists, graph)
        owners = {"direct": list(graph.owners_of(ref)), "effective": list(graph.owners_of(ref, effective=True))}
        return {
            "ref": ref,
            "entity": orjson.loads(orjson.dumps(generation.catalog.entities[ref].data)),
            "owners": owners,
        }
    relation, ref = "", rest
    if question == "related":
        relation, _, ref = rest.partition(":")
    ref = found(ref, graph.exists, graph)
    if question == "owners":
        return list(graph.owners_of(ref, effective=True))
    if question == "groups":
        return list(groups_of(Whole(generation.catalog, graph), ref))
    return list(graph.relations(ref, frozenset({relation})).get(relation, ()))


_ids: list[tuple[Catalog, dict[str, list[str]]]] = []


def _by_id(catalog: Catalog) -> Mapping[str, Sequence[str]]:
    """The refs of the entities that have an id in a cluster, by it. Made once of a catalog."""
    if not _ids or _ids[0][0] is not catalog:
        _ids[:] = [(catalog, kubernetes_ids(catalog))]
    return _ids[0][1]


def kubernetes_ids(catalog: Catalog) -> dict[str, list[str]]:
    """The refs of the entities with a ``backstage.io/kubernetes-id``, by it, each list sorted."""
    made: defaultdict[str, list[str]] = defaultdict(list)
    for ref in sorted(catalog.entities):
        annotations = catalog.entities[ref].data["metadata"].get("annotations")
        value = annotations.get(_ID) if isinstance(annotations, dict) else None
        if isinstance(value, str) and value:
            made[value].append(ref)
    return dict(made)


def _reply(items: Sequence[Mapping[str, Any]], error: str) -> Reply:
    response = {"idempotent": True, "items": items, **({"systemError": error} if error else {})}
    said = {"apiVersion": API_VERSION, "kind": "ProviderResponse", "response": response}
    return Reply(200, orjson.dumps(said))
