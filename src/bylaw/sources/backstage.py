"""A live Backstage -> documents, as their authors wrote them.

All of the catalog is read, since a rule may look anywhere. What was read before is only compared: the server says the
etag of each entity, and gives those that differ.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.catalog import address
from bylaw.documents import Limits
from bylaw.model import DEFAULT_NAMESPACE, Document, Problem
from bylaw.sources import web
from bylaw.sources.reading import YAML_INVALID
from bylaw.sources.web import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bylaw.config import RemoteSetting

SECONDS = 300.0  # that reading all of a catalog may take
_MOST_ENTITIES = 1_000_000
_MOST_BYTES = web.MOST  # of one answer
_MOST_UNREADABLE = 10  # entities that cannot be read, after which it is the server that is not to be believed
_PAGE = 500  # entities of one answer
_REFS = 400  # asked for in one request: Backstage reads 100 kB of it, a ref has 191 characters at most
_READINGS = 3  # of a catalog that changes while it is read
_DEPTH = Limits().depth
_ENTITIES = "/api/catalog/entities"
_MARKS = "kind,metadata.name,metadata.namespace,metadata.etag"

_BY_SERVER = ("uid", "etag", "generation")
_MANAGED_BY = "backstage.io/managed-by-location"
_ALWAYS_BY_SERVER = (_MANAGED_BY, "backstage.io/managed-by-origin-location", "backstage.io/orphan")
_VIEW, _EDIT, _SOURCE = "backstage.io/view-url", "backstage.io/edit-url", "backstage.io/source-location"
_GENERATED = re.compile(r"location:default/generated-[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Backstage:
    """What was read: the documents by ref, and the etag of each entity by ref, for the next time.

    ``fetched`` counts the entities that were transferred, the others being as they were.
    """

    documents: tuple[Document, ...]
    etags: Mapping[str, str]
    fetched: int


def read(
    setting: RemoteSetting,
    token: str | None,
    *,
    known: Mapping[str, tuple[str, Document]] | None = None,
    depth: int = _DEPTH,
    seconds: float = SECONDS,
    progress: Callable[[int], None] = lambda done: None,
) -> Backstage:
    """Read the whole catalog. ``known`` is what was read before, ref -> (etag, document): it need not be sent again.

    The Locations that Backstage makes up itself, one for each place that is registered, are left out: nobody wrote
    them. An entity with more than ``depth`` collections inside one another is a document with a problem. ``progress``
    is told how many entities were seen.

    An entity whose author wrote a ``metadata.etag`` keeps it for ever: a change of it is not seen where it is known.

    Raises:
        ConfigError: the address or the token is none.
        UnreachableError: the catalog cannot be had, or not the whole of it.
    """
    gc_was_on = gc.isenabled()
    gc.disable()  # everything read here stays; looking for garbage among it doubles the time
    try:
        with web.Site(setting.url, token, seconds=seconds) as site:
            if setting.token_env and not token:
                raise UnreachableError(
                    f"{site.place}: there is no token, {setting.token_env} is not set; CI may keep it from forks and "
                    "from branches that are not protected"
                )
            reading = _Reading(site, setting, depth, progress)
            for _ in range(_READINGS):
                try:
                    return reading.compared(known) if known else reading.whole()
                except _ChangedError as changed:
                    twice = str(changed)
            raise UnreachableError(
                f"{site.place}: named {twice} twice in one reading, {_READINGS} times over: the catalog changes while "
                "it is read, or the server repeats its pages; try again"
            )
    finally:
        if gc_was_on:
            gc.enable()


class _ChangedError(Exception):
    """An entity came twice: the catalog is another one than at the start of the reading."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One attempt after another to read one catalog."""

    site: web.Site
    setting: RemoteSetting
    depth: int
    progress: Callable[[int], None]

    def whole(self) -> Backstage:
        """Every entity, fetched."""
        try:
            entities = {ref: self._kept(ref, entity) for ref, entity in self._all({})}
        except UnreachableError as error:
            if error.status != 200:
                raise
            return self.compared({})  # a page is too large or too deep: by their refs fewer can be asked for at once
        return _result(entities, len(entities))

    def compared(self, known: Mapping[str, tuple[str, Document]]) -> Backstage:
        """Every entity, fetched where it is not as it was known."""
        there = {ref: entity["metadata"].get("etag") for ref, entity in self._all({"fields": _MARKS})}
        entities = {ref: known[ref] for ref, etag in there.items() if ref in known and etag and known[ref][0] == etag}
        differing = [ref for ref in there if ref not in entities]
        unreadable = 0
        for start in range(0, len(differing), _REFS):
            for ref, entity in self._by_refs(differing[start : start + _REFS]):
                if isinstance(entity, UnreachableError):
                    unreadable += 1
                    if unreadable > _MOST_UNREADABLE:
                        raise entity
                    entities[ref] = _unreadable(f"{ref} is larger or deeper than what is read of a server")
                else:
                    entities[ref] = self._kept(ref, entity)
        return _result(entities, len(differing))

    def _all(self, query: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entities of all pages with their refs, none of which comes twice."""
        seen: set[str] = set()
        for place, entities in self._pages(query):
            for entity in entities:
                ref = _ref(entity, place)
                if ref in seen:
                    raise _ChangedError(ref)
                seen.add(ref)
                if not _GENERATED.fullmatch(ref):
                    yield ref, entity
            if len(seen) > _MOST_ENTITIES:
                raise UnreachableError(f"{place}: has more than {_MOST_ENTITIES:,} entities, or never ends")
            self.progress(len(seen))
        if not seen:
            raise UnreachableError(
                f"{self.site.place}: shows not one entity: the token{self._token} lacks the permission "
                "catalog.entity.read, or the catalog is empty"
            )

    def _pages(self, query: dict[str, str]) -> Iterator[tuple[str, list[Any]]]:
        """What each page holds, with its place for messages."""
        cursors: set[str] = set()
        more = {"totalItems": "exclude"}  # to count them costs the server a query of its own
        while True:
            with self._explained():
                answer = self.site.get(
                    f"{_ENTITIES}/by-query", {**query, "limit": str(_PAGE), **more}, most=_MOST_BYTES
                )
            page = answer.json()
            info, entities = (page.get("pageInfo"), page.get("items")) if isinstance(page, dict) else (None, None)
            if not isinstance(info, dict) or not isinstance(entities, list):
                raise UnreachableError(f"{answer.place}: answered no page of entities (items and pageInfo)")
            yield answer.place, entities
            cursor = info.get("nextCursor")
            if not cursor:
                return
            if not isinstance(cursor, str) or cursor in cursors or not entities:
                raise UnreachableError(f"{answer.place}: names a next page that leads nowhere")
            cursors.add(cursor)
            more = {"cursor": cursor}

    def _by_refs(self, refs: list[str]) -> Iterator[tuple[str, dict[str, Any] | UnreachableError]]:
        """The entities of these refs, those apart that are not there any more; or why one alone cannot be read."""
        try:
            with self._explained():
                answer = self.site.post_json(f"{_ENTITIES}/by-refs", {"entityRefs": refs}, most=_MOST_BYTES)
            said = answer.json()
        except UnreachableError as error:
            if error.status != 200:
                raise
            if len(refs) == 1:
                yield refs[0], error
                return
            half = len(refs) // 2
            yield from self._by_refs(refs[:half])
            yield from self._by_refs(refs[half:])
            return
        entities = said.get("items") if isinstance(said, dict) else None
        if not isinstance(entities, list) or len(entities) != len(refs):
            raise UnreachableError(
                f"{answer.place}: answered no list of the {len(refs)} entities that it was asked for"
            )
        for ref, entity in zip(refs, entities, strict=True):
            if entity is None:
                continue
            if _ref(entity, answer.place) != ref:
                raise UnreachableError(f"{answer.place}: answered another entity where {ref} was asked for")
            yield ref, entity

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say of a refusal what it means in a Backstage."""
        try:
            yield
        except UnreachableError as error:
            advice = {
                401: f"backend.auth.externalAccess there does not know the token{self._token}"
                if self.setting.token_env
                else "it wants a token: token_env, beside the url, names the environment variable that holds one",
                403: f"the token{self._token} has to be allowed plugin catalog, permission catalog.entity.read, in "
                "backend.auth.externalAccess there",
                404: "there is no Backstage at this address, or one of before 2023",
            }.get(error.status or 0)
            raise UnreachableError(f"{error}; {advice}" if advice else str(error), error.status) from None

    @property
    def _token(self) -> str:
        return f" in {self.setting.token_env}" if self.setting.token_env else ""

    def _kept(self, ref: str, entity: dict[str, Any]) -> tuple[str, Document]:
        """The etag of an entity, "" if it has none that counts, and what its author wrote."""
        etag = entity["metadata"].get("etag")
        url = as_written(entity)
        if _is_deeper(entity, self.depth):
            told = f"{ref} has more than {self.depth:,} collections inside one another (catalog.limits.depth)"
            return _unreadable(told, url)
        return etag if isinstance(etag, str) else "", Document(None, 0, entity, (), url)


def as_written(entity: dict[str, Any]) -> str | None:
    """Take from an entity, in place, what the server has added; the address of the file that it came from.

    The annotations for people (where to view and edit the file, where its source is) go only where they say what
    Backstage would say by itself: an author may have written others.
    """
    entity.pop("relations", None)
    entity.pop("status", None)
    metadata = entity["metadata"]
    for name in _BY_SERVER:
        metadata.pop(name, None)
    metadata.setdefault("namespace", DEFAULT_NAMESPACE)
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict):
        return None
    location = annotations.get(_MANAGED_BY)
    for name in _ALWAYS_BY_SERVER:
        annotations.pop(name, None)
    url = location if isinstance(location, str) else None
    if url and url.startswith("url:"):
        url = url[4:]
        if annotations.get(_VIEW) == url:
            del annotations[_VIEW]
        if _EDIT in annotations and annotations[_EDIT] in _edits(url):
            del annotations[_EDIT]
        if _SOURCE in annotations and annotations[_SOURCE] in _sources(url):
            del annotations[_SOURCE]
    if not annotations:
        del metadata["annotations"]
    return url


def _edits(target: str) -> Iterator[str]:
    """What Backstage makes the address for editing a file, by the ways of the places where files are kept."""
    yield target  # Azure, Harness, buckets
    yield target.partition("?")[0]  # Bitbucket Server
    yield re.sub(r"/-/(?:blob|tree|edit)/", "/-/edit/", target, count=1)  # GitLab
    yield re.sub(r"(//[^/]+/[^/]+/[^/]+)/(?:blob|tree|edit)/", r"\1/edit/", target, count=1)  # GitHub
    yield re.sub(r"(//[^/]+/[^/]+/[^/]+)/src/[^/]+/", r"\1/_edit/", target, count=1)  # Gitea
    yield re.sub(r"(/codesuite/codecommit/repositories/[^/]+)/browse/", r"\1/files/edit/", target, count=1)
    if branch := re.match(r"https://[^/]+/[^/]+/[^/]+/src/([^/?]+)/", target):
        yield f"{target.partition('?')[0]}?mode=edit&at={branch[1]}"  # Bitbucket


def _sources(target: str) -> Iterator[str]:
    """What Backstage makes the location of the source code: the folder of the file."""
    folder = f"url:{target.rpartition('/')[0]}/"
    yield folder
    yield folder.replace("/blob/", "/tree/", 1)  # GitHub

    import ada_url  # new URL() as Backstage has it

    try:
        folder, parts = ada_url.join_url(target, "./"), ada_url.URL(target)
    except ValueError:
        return
    yield f"url:{folder}"  # Gerrit
    folder += parts.search
    yield f"url:{folder}"
    yield "url:" + re.sub(r"(//[^/]+/[^/]+/[^/]+)/(?:blob|edit)/", r"\1/tree/", folder, count=1)  # GitHub
    if path := (said := ada_url.URLSearchParams(parts.search)).get("path"):  # Azure
        said.set("path", f"{path.rpartition('/')[0]}/")
        parts.search = str(said)
        yield f"url:{parts.href}"


def _result(entities: Mapping[str, tuple[str, Document]], fetched: int) -> Backstage:
    """In the order of the refs, which is the same whatever way the entities came."""
    etags: dict[str, str] = {}
    documents: list[Document] = []
    for index, ref in enumerate(sorted(entities)):
        etag, document = entities[ref]
        documents.append(Document(None, index, document.data, document.problems, document.url))
        if etag:
            etags[ref] = etag
    return Backstage(tuple(documents), etags, fetched)


def _unreadable(told: str, url: str | None = None) -> tuple[str, Document]:
    """What stands in the catalog for an entity that cannot be read, as for a file; it spoils no other."""
    return "", Document(None, 0, None, (Problem(YAML_INVALID, told),), url)


def _ref(entity: Any, place: str) -> str:
    ref = address(entity)
    if ref is None:
        raise UnreachableError(f"{place}: answered something without a kind and a name where an entity was expected")
    return str(ref)


def _is_deeper(entity: dict[str, Any], most: int) -> bool:
    """Whether an entity has more than so many collections inside one another, itself included."""
    try:
        text = orjson.dumps(entity)
    except orjson.JSONEncodeError:  # so deep that this cannot write it
        return True
    if text.count(b"{") + text.count(b"[") <= most:
        return False
    level: list[Any] = [entity]
    for _ in range(most):
        level = [
            each
            for collection in level
            for each in (collection.values() if isinstance(collection, dict) else collection)
            if isinstance(each, dict | list)
        ]
    return bool(level)
