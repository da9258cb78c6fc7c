"""A catalog into a snapshot."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zlib
from collections import Counter, defaultdict
from datetime import UTC
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.errors import UsageError
from bylaw.sources import places
from bylaw.sources.snapshot import documents as coding
from bylaw.sources.snapshot import envelope, layout, relations
from bylaw.sources.snapshot.clean import without_secrets

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from bylaw.catalog import Catalog
    from bylaw.model import Document

_PART = 10_000  # annotations that are compressed as one


def write(
    path: Path,
    catalog: Catalog,
    *,
    repository: str | None,
    commit: str | None,
    made: datetime,
    source: str,
    etags: Mapping[str, str] = {},
) -> str:
    """Write a catalog into a file, without the secrets in it; its digest, ``sha256:…``.

    The digest is over the documents and what is known of the catalog as a whole, so that it says whether two snapshots
    hold the same, whenever and of whatever they were made. ``repository`` is the address of the repository that the
    documents' paths are in, ``source`` says in words where all of it was read.

    Raises:
        UsageError: it cannot be written there, or the catalog holds what is no JSON.
    """
    import sqlite3

    kept, redacted = without_secrets(catalog)
    about: dict[str, Any] = {
        "made": made.astimezone(UTC).isoformat(timespec="seconds"),
        "repository": places.repository(repository) if repository else None,
        "commit": commit and _utf8(commit),
        "source": _utf8(places.without_credentials(source)),
        "complete": kept.complete,
        "completeness": kept.completeness,
        "kinds_digest": relations.kinds_digest(kept.kinds),
        "documents": len(kept.documents),
        "redacted": redacted,
    }
    if os.path.lexists(path) and not path.is_file():
        raise UsageError(f"{path}: is no file, and a snapshot is written to one")
    aside = path.with_name(f".bylaw-{secrets.token_hex(8)}")
    try:
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as connection:
            digest = _fill(connection, kept, about, etags)
        envelope.seal(aside)
        aside.replace(path)
        _settle(path.parent)
    except (OSError, sqlite3.Error, OverflowError) as error:
        reason = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path}: cannot be written ({reason.lower()})") from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
    return digest


def _fill(connection: sqlite3.Connection, catalog: Catalog, about: dict[str, Any], etags: Mapping[str, str]) -> str:
    """Write the tables; the digest of what they hold."""
    for pragma in (
        f"page_size = {layout.PAGE}",
        f"application_id = {envelope.MARK}",
        f"user_version = {envelope.FORMAT}",
        "encoding = 'UTF-8'",
        "journal_mode = OFF",
        "synchronous = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(layout.TABLES)
    connection.execute("BEGIN")
    total = hashlib.sha256(orjson.dumps([about[name] for name in ("complete", "completeness", "kinds_digest")]))
    edges = list(relations.edges(catalog))
    numbers = _nodes(connection, catalog, {target for _, _, target, _ in edges})

    def texts() -> Iterator[bytes]:
        for document in catalog.documents:
            said = coding.dump(document)
            total.update(b"\n" + said)
            yield said

    connection.executemany("INSERT INTO block VALUES (?, ?)", coding.pack(texts()))
    _documents(connection, catalog, numbers)
    _edges(connection, edges, numbers)
    _places(connection, catalog.documents)
    annotations = ((key, zlib.compress(orjson.dumps(part))) for key, part in _annotations(catalog))
    connection.executemany("INSERT INTO annotation (key, said) VALUES (?, ?)", annotations)
    digest = f"sha256:{total.hexdigest()}"
    about = {**about, "digest": digest, "entities": len(catalog.entities)}
    rows = {"about": orjson.dumps(about), "etags": _json(etags)}
    connection.executemany("INSERT INTO about VALUES (?, ?)", rows.items())
    connection.execute("COMMIT")
    connection.executescript(layout.INDEXES)
    return digest


def _nodes(connection: sqlite3.Connection, catalog: Catalog, named: set[str]) -> dict[str, int]:
    """Write the kinds and every ref that is borne or named; the number of each ref."""
    kinds = Counter(entity.kind for entity in catalog.entities.values())
    kind_numbers = {kind: number for number, kind in enumerate(sorted(kinds))}
    connection.executemany(
        "INSERT INTO kind VALUES (?, ?, ?)", ((number, kind, kinds[kind]) for kind, number in kind_numbers.items())
    )
    numbers = {ref: number for number, ref in enumerate(sorted(named.union(catalog.entities)))}

    def rows() -> Iterator[tuple[Any, ...]]:
        for ref, number in numbers.items():
            entity = catalog.entities.get(ref)
            spelt = (kind_numbers[entity.kind], entity.ref.namespace, entity.ref.name) if entity else (None, None, None)
            yield number, ref, *spelt

    connection.executemany("INSERT INTO node VALUES (?, ?, ?, ?, ?)", rows())
    return numbers


def _documents(connection: sqlite3.Connection, catalog: Catalog, numbers: Mapping[str, int]) -> None:
    places = {id(document): place for place, document in enumerate(catalog.documents)}
    firsts = ((key, entity.document) for key, entity in catalog.entities.items())
    later = ((key, each) for key, documents in catalog.duplicates.items() for each in documents)
    found = sorted((numbers[key], places[id(document)]) for key, document in chain(firsts, later))
    connection.executemany("INSERT INTO document VALUES (?, ?)", found)


def _edges(connection: sqlite3.Connection, edges: Iterable[relations.Edge], numbers: Mapping[str, int]) -> None:
    codes: dict[str, int] = {}
    found = {
        (numbers[source], codes.setdefault(relation, len(codes)), numbers[target], source != author)
        for source, relation, target, author in edges
    }
    connection.executemany("INSERT INTO relation VALUES (?, ?)", ((code, name) for name, code in codes.items()))
    connection.executemany("INSERT INTO edge VALUES (?, ?, ?, ?)", sorted(found))


def _places(connection: sqlite3.Connection, documents: Iterable[Document]) -> None:
    homes: dict[str, int] = {}
    found = [
        (homes.setdefault(place.repository, len(homes)), place.path, number, place.branch)
        for number, document in enumerate(documents)
        if (place := _place(document))
    ]
    connection.executemany("INSERT INTO home VALUES (?, ?)", ((id, name) for name, id in homes.items()))
    connection.executemany("INSERT INTO place VALUES (?, ?, ?, ?)", sorted(found))


def _place(document: Document) -> places.Place | None:
    """Where a document stands: in a file of the checkout, or where the Backstage says that it has it from."""
    if document.path is not None:
        return places.Place(layout.OWN, None, document.path)
    if document.url is None:
        return None
    path = places.of_machine(document.url)
    return places.Place(layout.MACHINE, None, path) if path else places.place(document.url)


def _annotations(catalog: Catalog) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The ref and value of each entity that has an annotation, by key, in parts."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for ref, entity in sorted(catalog.entities.items()):
        for key, value in _annotated(entity.data).items():
            if isinstance(value, str):
                found[key].append((ref, value))
    for key in sorted(found):
        for start in range(0, len(found[key]), _PART):
            yield key, found[key][start : start + _PART]


def _annotated(data: Any) -> Mapping[str, Any]:
    metadata = data.get("metadata") if isinstance(data, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return annotations if isinstance(annotations, dict) else {}


def _json(etags: Mapping[str, str]) -> bytes:
    from bylaw.documents.secrets import redact

    return orjson.dumps(redact(dict(etags)))


def _utf8(text: str) -> str:
    """The text without what an argument of a command may be and no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _settle(folder: Path) -> None:
    """See to it that the new name is on the disk, where folders can be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
