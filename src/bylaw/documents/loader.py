"""YAML documents into JSON values, as Backstage 1.55 reads them.

Mirrors ``parseAllDocuments(text, {merge: false})`` and ``toJSON()`` of npm ``yaml`` 2.9: the YAML 1.2 core
schema, keys as JavaScript's strings, numbers as its doubles. Values are built from libyaml's events, so
nothing ever comes of a text but dict, list, str, int, float, bool and None.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from bylaw.documents import scalars
from bylaw.documents.aliases import MAX_COUNT, Anchor
from bylaw.documents.disguise import show
from bylaw.documents.faults import Fault, Refused
from bylaw.documents.limits import DEFAULT, Limits
from bylaw.documents.stream import Stream
from bylaw.documents.strict import check_block, check_flow, check_quoted, check_tag
from bylaw.documents.text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Fault", "Loaded", "load"]

_ITEM = object()
"""In place of a key: an item of a list comes next."""
_KEY = object()
"""In place of a key: a key comes next."""

_COMMON_KEYS = {
    name: name
    for name in (
        *("apiVersion", "kind", "metadata", "spec", "name", "namespace", "title", "description", "annotations"),
        *("labels", "tags", "links", "url", "icon", "type", "lifecycle", "owner", "system", "domain", "targets"),
        *("target", "subcomponentOf", "providesApis", "consumesApis", "dependsOn", "dependencyOf", "definition"),
        *("profile", "displayName", "email", "picture", "parent", "children", "members", "memberOf", "steps"),
        *("parameters", "id", "action", "input", "output", "properties", "required"),
    )
}
"""Keys of Backstage's descriptors: strings, whatever they start with, and one object for all entities."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One document of a file: its value, or the fault for which it cannot be read (and no value).

    ``index`` counts the documents of the file from 0, null ones included.
    """

    index: int
    value: Any
    fault: Fault | None = None


def load(data: bytes, limits: Limits = DEFAULT) -> list[Loaded]:
    """The documents of a file that are not null, in order, each with its value or its fault.

    Never raises for what the file holds. Where an anchor is used several times, its value is shared.
    """
    try:
        text, hidden = decode(data, limits)
    except Refused as refused:
        return [Loaded(0, None, refused.fault)]
    stream = Stream(text)
    reader = _Reader(stream, limits)
    loaded = []
    for index, result in enumerate(stream.documents(reader.read)):
        if isinstance(result, Fault):
            loaded.append(Loaded(index, None, result))
            if reader.nodes > limits.file_nodes:
                break
        elif result is not None:
            loaded.append(Loaded(index, _shown(result) if hidden else result))
    return loaded


class _Reader:
    """Reads the documents of one file, and counts what they cost together."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self.nodes = 0
        self.aliased = 0  # characters that aliases stand for

    def read(self, _index: int) -> Any:
        """The value of one document, from behind its start.

        This is the hot loop of reading a catalog, some eighty passes for an entity: what it needs is in
        local variables, and what is rare is in other functions.
        """
        stream, common, starts, plain = self.stream, _COMMON_KEYS, scalars.STARTS, scalars.plain
        next_event, max_depth = stream.next_event, self.limits.depth
        nodes, allowed = 0, min(self.limits.document_nodes, self.limits.file_nodes - self.nodes)
        anchors: dict[str, Anchor | None] = {}  # None: what it names is not complete yet
        used: list[Anchor] = []
        deepest = 0  # inside of the innermost collection with an anchor
        renamed: set[int] = set()  # the mappings with a key that is no string
        stack: list[tuple[Any, ...]] = []  # around: collection, key in it, counts before it if anchored, start
        root: list[Any] = []
        into: Any = root
        key: Any = _ITEM
        try:
            while True:
                event = next_event()
                kind = type(event)
                if kind is ScalarEvent:
                    nodes += 1
                    text = event.value
                    if key is _KEY:
                        key = common.get(text)
                        if key is None or event.tag is not None:
                            if event.tag is None and not event.style and text[:1] not in starts:
                                key = intern(text)
                            else:
                                key = self._key(event, stack)
                                if key.__class__ is tuple:
                                    renamed.add(id(into))
                        if key in into:
                            raise stream.refused(f"duplicate key {_quoted(text)}", event)
                        if event.anchor is not None:
                            anchors[event.anchor] = Anchor(self._scalar(event, stack), 0, 1, len(text), [])
                        continue
                    if event.style or event.tag is not None:
                        value = self._scalar(event, stack)
                    else:
                        value = plain(text) if text[:1] in starts else text
                    if event.anchor is not None:
                        anchors[event.anchor] = Anchor(value, 0, 1, len(text), [])
                elif kind is MappingStartEvent or kind is SequenceStartEvent:
                    nodes += 1
                    if len(stack) >= max_depth:
                        raise self._too_deep(event)
                    if event.tag is not None:
                        check_tag(stream, event)
                    before = None
                    if event.anchor is not None:
                        anchors[event.anchor] = None
                        before = (nodes, len(used), deepest)
                        deepest = 0
                    stack.append((into, key, before, event))
                    if len(stack) > deepest:
                        deepest = len(stack)
                    into, key = ({}, _KEY) if kind is MappingStartEvent else ([], _ITEM)
                    continue
                elif kind is MappingEndEvent or kind is SequenceEndEvent:
                    value = into
                    into, key, before, start = stack.pop()
                    if start.flow_style and not (stack and stack[-1][-1].flow_style):
                        check_flow(stream, start, event, stack)
                    if renamed and id(value) in renamed:
                        renamed.discard(id(value))
                        _rename(value)
                    if before is not None:
                        first_node, first_used, deepest_before = before
                        inner = used[first_used:]
                        size = event.end_mark.index - start.start_mark.index + sum(a.characters for a in inner)
                        height = deepest - len(stack)
                        anchors[start.anchor] = Anchor(value, height, nodes - first_node + 1, size, inner)
                        deepest = max(deepest, deepest_before)
                    if key is _KEY:
                        key = self._collection_key(start, event)
                        renamed.add(id(into))
                        continue
                elif kind is AliasEvent:
                    anchor = self._use(event, anchors)
                    if len(stack) + anchor.height > max_depth:
                        raise self._too_deep(event)
                    deepest = max(deepest, len(stack) + anchor.height)
                    nodes += anchor.nodes
                    used.append(anchor)
                    value = anchor.value
                    if key is _KEY:
                        key = self._alias_key(value, event)
                        renamed.add(id(into))
                        continue
                else:
                    stream.end(event)
                    return root[0]
                if nodes > allowed:
                    raise self._too_many(event, nodes)
                if key is _ITEM:
                    into.append(value)
                else:
                    into[key] = value
                    key = _KEY
        finally:
            self.nodes += nodes

    def _scalar(self, event: Any, around: list[Any]) -> scalars.Scalar:
        """The value of a scalar with quotes, ``|``, ``>`` or a tag."""
        if event.style:
            check = check_quoted if event.style in "'\"" else check_block
            check(self.stream, event, around)
        if event.tag is not None:
            check_tag(self.stream, event)
            return scalars.tagged(event.value, event.tag)
        text: str = event.value
        return text if event.style else scalars.plain(text)

    def _key(self, event: Any, around: list[Any]) -> str | tuple[str, object]:
        """A scalar as a key: a string, or what ``scalars.key`` makes of something else."""
        value = self._scalar(event, around)
        if isinstance(value, str):
            return intern(value)
        if event.anchor is not None and not event.value:
            raise self.stream.refused("an anchor & without a key behind it", event)
        return scalars.key(event.value, event.tag)

    def _collection_key(self, start: Any, end: Any) -> tuple[str, object]:
        key = scalars.braced(self.stream.slice(start, end))
        if key is None:
            raise self.stream.refused("a mapping or list as a key: put it in quotes", start, end)
        return key, object()

    def _alias_key(self, value: Any, event: Any) -> tuple[str, object]:
        """The key that an alias stands for. npm ``yaml`` never takes it for a duplicate."""
        stream = self.stream
        if stream.text.startswith(":", stream.offset + event.end_mark.index):
            raise stream.refused("an alias as a key needs a space before its colon", event)
        if not isinstance(value, str):
            raise stream.refused("an alias as a key must stand for a string", event)
        return value, object()

    def _use(self, event: Any, anchors: dict[str, Anchor | None]) -> Anchor:
        """What an alias stands for, counted against what the file may cost."""
        name, refused = f"*{_short(event.anchor)}", self.stream.refused
        if event.anchor not in anchors:
            raise refused(f"the alias {name} has no anchor before it in its document", event)
        anchor = anchors[event.anchor]
        if anchor is None:
            raise refused(f"the alias {name} is inside of what it stands for", event)
        if not anchor.use():
            message = f"the alias {name} multiplies to more than {MAX_COUNT} uses, which Backstage takes for an attack"
            raise refused(message, event)
        self.aliased += anchor.characters
        if self.aliased > self.limits.file_bytes:
            raise refused(_over("file_bytes", self.limits.file_bytes, "characters behind aliases"), event)
        return anchor

    def _too_deep(self, event: Any) -> Refused:
        return self.stream.refused(_over("depth", self.limits.depth, "collections in one another"), event)

    def _too_many(self, event: Any, nodes: int) -> Refused:
        limits = self.limits
        if self.nodes + nodes > limits.file_nodes:
            message = _over("file_nodes", limits.file_nodes, "nodes in the file, the rest of it is not read")
        else:
            message = _over("document_nodes", limits.document_nodes, "nodes in the document")
        return self.stream.refused(message, event)


def _over(setting: str, limit: int, what: str) -> str:
    return f"more than {limit} {what} (catalog.limits.{setting})"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _quoted(text: str) -> str:
    return f'"{_short(text)}"'


def _rename(mapping: dict[Any, Any]) -> None:
    """Make strings of the keys that are something else; where two become the same, the last one stands."""
    items = [(key[0] if key.__class__ is tuple else key, value) for key, value in mapping.items()]
    mapping.clear()
    mapping.update(items)


def _shown(value: Any) -> Any:
    """The value with its hidden characters put back, in place."""
    root = [value]
    pending: list[Any] = [root]
    done = set()
    while pending:
        collection = pending.pop()
        if id(collection) in done:  # behind an alias
            continue
        done.add(id(collection))
        if isinstance(collection, list):
            collection[:] = [show(item) if isinstance(item, str) else item for item in collection]
            inner: Iterable[Any] = collection
        else:
            items = [(show(key), show(item) if isinstance(item, str) else item) for key, item in collection.items()]
            collection.clear()
            collection.update(items)
            inner = collection.values()
        pending.extend(item for item in inner if isinstance(item, list | dict))
    return root[0]
