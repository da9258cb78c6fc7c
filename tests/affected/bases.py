"""Catalogs to lay changes over: in memory, or in a file as the gate has them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias

from hypothesis import strategies as st

from bylaw.sources.snapshot import open_snapshot, write
from bylaw.sources.surroundings import Surroundings
from tests.affected.memory import MemoryBase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.affected.state import Base
    from bylaw.catalog import Catalog

Where: TypeAlias = Literal["memory", "snapshot"]
WHERE: st.SearchStrategy[Where] = st.sampled_from(["memory", "snapshot"])


@contextmanager
def base(of: Catalog, where: Where) -> Iterator[Base]:
    """The catalog as a base, as long as the context lasts."""
    if where == "memory":
        yield MemoryBase(of)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "base"
        write(path, of, repository=None, commit=None, made=datetime(2026, 6, 14, tzinfo=UTC), source="a checkout")
        with open_snapshot(path) as snapshot:
            yield Surroundings(snapshot, "base", repository=None, branch=None, root=None)
