"""What a snapshot can be asked. Nothing is read but what is asked for."""

from __future__ import annotations

import json
import os
import re
import stat
import zlib
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import orjson

from bylaw.catalog import Catalog, Kinds, build
from bylaw.errors import UndecidedError
from bylaw.model import Document, Entity, EntityRef
from bylaw.sources import places
from bylaw.sources.snapshot import documents as coding
from bylaw.sources.snapshot import envelope, layout

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

_SURROGATE = re.compile("[\ud800-\udfff]")
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))
_WANTED = "FROM json_each(?) AS wanted CROSS JOIN node ON node.ref = wanted.value"  # many refs in one question
_BORNE = f"SELECT node.ref {_WANTED} WHERE node.kind IS NOT NULL"
_DOCUMENTS = f"""
SELECT node.ref, document.id {_WANTED} CROSS JOIN document ON document.node = node.id ORDER BY node.id, document.id"""
_BLOCK = "SELECT document, said FROM block WHERE document <= ? ORDER BY document DESC LIMIT 1"
_EDGES = f"""
SELECT node.ref, edge.relation, target.ref, edge.back {_WANTED}
CROSS JOIN edge ON edge.source = node.id CROSS JOIN node AS target ON target.id = edge.target"""
_SPELT = "SELECT namespace, name FROM node WHERE kind = ? ORDER BY id"


def open_snapshot(path: Path) -> Snapshot:
    """Open a snapshot, having checked all of it.

    Raises:
        UndecidedError: the file cannot be read, is none, is of another format, or is not as it was written.
    """
    import sqlite3

    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UndecidedError(f"{path}: cannot be opened ({reason}); {envelope.ANEW}") from None
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise UndecidedError(f"{path}: is no regular file; {envelope.ANEW}")
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            envelope.check(file, path)
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        unchanged = _identity(path.stat()) == _identity(before) == _identity(os.fstat(handle))
    except (OSError, sqlite3.Error) as error:
        raise UndecidedError(f"{path}: cannot be read ({error}); {envelope.ANEW}") from None
    finally:
        os.close(handle)
    if not unchanged:
        connection.close()
        raise UndecidedError(f"{path}: was replaced while it was read; run this again")
    return Snapshot(path, connection)


class Snapshot:
    """A catalog in a file, as it was when the file was made.

    Refs, files and the keys of annotations may be any texts: what is not there is left out of an answer.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use ``open_snapshot``, which checks the file."""
        self.path = path
        self._connection = connection
        about = self._json("about")
        self.digest: str = about["digest"]
        self.made = datetime.fromisoformat(about["made"])
        self.repository: str | None = about["repository"]
        """The address of the repository that the paths are in, in the form of ``places.repository``."""
        self.commit: str | None = about["commit"]
        self.source: str = about["source"]
        self.complete: bool = about["complete"]
        self.completeness: str = about["completeness"]
        self.count: int = about["entities"]
        self.kinds_digest: str = about["kinds_digest"]
        """``kinds_digest`` of the kinds by which the relations were found."""
        self.redacted: int = about["redacted"]
        """How many secrets were left out."""
        self._relations = list(self._rows("SELECT id, name FROM relation"))
        self._kinds = list(self._rows("SELECT id, name, entities FROM kind ORDER BY id"))
        self.counts: Mapping[str, int] = {name: count for _, name, count in self._kinds}
        """How many entities there are of each kind, as they spell it."""
        self.bearing = frozenset(self.counts)
        """The kinds of the entities, as they spell them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Nothing can be asked any more."""
        self._connection.close()

    def entities(self, refs: Iterable[str]) -> dict[str, Entity]:
        """The entities that bear one of the refs."""
        firsts = [found[0] for found in self._standing_for(refs).values()]
        return dict(build(self._documents(firsts), Kinds(()), self.complete).entities)

    def borne(self, refs: Iterable[str]) -> set[str]:
        """Those of the refs that an entity bears."""
        return {ref for (ref,) in self._of_each(_BORNE, refs)}

    def duplicates(self, refs: Iterable[str]) -> dict[str, tuple[Document, ...]]:
        """The later documents of those of the refs that have several."""
        found = self._standing_for(refs)
        return {ref: tuple(self._documents(numbers[1:])) for ref, numbers in found.items() if len(numbers) > 1}

    def edges(
        self, refs: Iterable[str], relations: Collection[str] | None = None
    ) -> Iterator[tuple[str, str, str, str]]:
        """``(source, relation, target, author)``: every edge from one of the refs, there and back.

        With ``relations``, those of these alone. The author is the entity whose field says it: the source or the
        target. An edge that both say comes twice.
        """
        names = dict(self._relations)
        query = _EDGES
        if relations is not None:
            numbers = [str(number) for number, name in names.items() if name in relations]
            query = f"{_EDGES} AND edge.relation IN ({', '.join(numbers)})"
        for source, relation, target, back in self._of_each(query, refs):
            yield source, names[relation], target, target if back else source

    def located(
        self,
        files: Iterable[str],
        repository: str | None,
        *,
        branch: str | None = None,
        root: Path | None = None,
    ) -> list[Document]:
        """The documents of some files of a repository, in the order of the catalog.

        Of a snapshot of a checkout they are known by their paths, if that was of this repository (or nobody knows of
        either which it is of); of one of a Backstage by where that read them: on this ``branch``, if one is given, or
        in the folder ``root`` of this machine.
        """
        wanted = dict.fromkeys(files)
        numbers = {
            number
            for home, name in self._homes(repository, root)
            for number, path, of_branch in self._standing(home, name, wanted, branch, root)
            if _path(name, path, of_branch, branch, root) in wanted
        }
        return list(self._documents(numbers))

    def files(self, repository: str | None, *, branch: str | None = None, root: Path | None = None) -> list[str]:
        """The files of a repository that hold documents, sorted; all is meant as in ``located``."""
        found = (
            _path(name, path, of_branch, branch, root)
            for home, name in self._homes(repository, root)
            for path, of_branch in self._rows("SELECT DISTINCT path, branch FROM place WHERE home = ?", home)
        )
        return sorted(set(filter(None, found)))

    def annotated(self, key: str) -> Iterator[tuple[str, str]]:
        """The ref of every entity that has an annotation, with its value, in the order of the refs."""
        for (said,) in self._rows("SELECT said FROM annotation WHERE key = ? ORDER BY id", key):
            yield from map(tuple, orjson.loads(zlib.decompress(said)))

    def refs(self, kinds: Iterable[str] | None = None) -> Iterator[EntityRef]:
        """The refs of all entities, or of those of some kinds in any case, as they are spelt."""
        wanted = None if kinds is None else {each.lower() for each in kinds}
        for number, kind, _ in self._kinds:
            if wanted is None or kind.lower() in wanted:
                for namespace, name in self._rows(_SPELT, number):
                    yield EntityRef(kind, namespace, name)

    def catalog(self, kinds: Kinds) -> Catalog:
        """All of it, as if it had been read."""
        blocks = (coding.unpack(said) for _, said in self._rows("SELECT document, said FROM block ORDER BY document"))
        documents = map(coding.load, chain.from_iterable(blocks))
        return replace(build(documents, kinds, self.complete), completeness=self.completeness)

    def etags(self) -> dict[str, str]:
        """What a server said of the pages that all this was read from, so that it need not say them again."""
        found: dict[str, str] = self._json("etags")
        return found

    def _homes(self, repository: str | None, root: Path | None) -> Iterator[tuple[int, str]]:
        """Where the files of a repository may stand, each with its number and name."""
        own = places.repository(repository) if repository else None
        names = [layout.OWN] * (own == self.repository) + [own] * bool(own) + [layout.MACHINE] * (root is not None)
        for name in names:
            yield from self._rows("SELECT id, repository FROM home WHERE repository = ?", name)

    def _standing(
        self, home: int, name: str, files: Iterable[str], branch: str | None, root: Path | None
    ) -> Iterator[tuple[int, str, str | None]]:
        """The documents of a home that may be those of some files: number, path and branch of each."""
        if name not in (layout.OWN, layout.MACHINE) and branch is None:
            yield from self._rows("SELECT document, path, branch FROM place WHERE home = ?", home)
            return
        for file in files:
            if name == layout.OWN:
                paths = [file]
            elif name == layout.MACHINE:
                paths = [f"{root}/{file}"]
            else:
                paths = [file, f"{branch}/{file}", f"{places.DEFAULT}/{file}"]
            for path in paths:
                yield from self._rows(
                    "SELECT document, path, branch FROM place WHERE home = ? AND path = ?", home, path
                )

    def _standing_for(self, refs: Iterable[str]) -> dict[str, list[int]]:
        """The numbers of the documents of each ref that is borne, in their order."""
        found: dict[str, list[int]] = {}
        for ref, number in self._of_each(_DOCUMENTS, refs):
            found.setdefault(ref, []).append(number)
        return found

    def _documents(self, numbers: Iterable[int]) -> Iterator[Document]:
        """The documents of these numbers, in their order."""
        first, texts = 0, list[bytes]()
        for number in sorted(numbers):
            if not 0 <= number - first < len(texts):
                ((first, said),) = self._rows(_BLOCK, number)
                texts = coding.unpack(said)
            yield coding.load(texts[number - first])

    def _json(self, name: str) -> Any:
        return orjson.loads(self._about(name))

    def _about(self, name: str) -> bytes:
        ((said,),) = self._rows("SELECT said FROM about WHERE name = ?", name)
        return bytes(said)

    def _of_each(self, query: str, refs: Iterable[str]) -> Iterator[Any]:
        """What the file has of many refs: all in one question, but for those that JSON would cut at a NUL."""
        wanted = [ref for ref in dict.fromkeys(refs) if not _SURROGATE.search(ref)]
        yield from self._rows(query, json.dumps([ref for ref in wanted if "\0" not in ref], ensure_ascii=False))
        alone = query.replace("json_each(?)", "(SELECT ? AS value)")
        for ref in wanted:
            if "\0" in ref:
                yield from self._rows(alone, ref)

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        import sqlite3

        try:
            yield from self._connection.execute(query, values)
        except UnicodeEncodeError:
            return  # half of a surrogate pair, which no text in the file holds
        except sqlite3.Error as error:
            raise UndecidedError(f"{self.path}: cannot be read ({error}); {envelope.ANEW}") from None


def _path(home: str, path: str, of_branch: str | None, branch: str | None, root: Path | None) -> str | None:
    """The path in the checkout of what stands somewhere; None where that is on another branch or elsewhere."""
    if home == layout.OWN:
        return path
    if home == layout.MACHINE:
        return places.path_in(f"{layout.MACHINE}{path}", None, None, root)
    return places.Place(home, of_branch, path).on(branch)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
