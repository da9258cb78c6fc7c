"""Small catalogs, and snapshots of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bylaw.catalog import Catalog, Kinds, build
from bylaw.config import CatalogSettings
from bylaw.model import Document
from bylaw.sources import snapshot
from bylaw.sources.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from pathlib import Path

KINDS = Kinds.of(CatalogSettings())
NOW = datetime(2026, 11, 20, 14, 3, 5, tzinfo=UTC)
SHOP = "https://gitlab.example.com/shop/orders"


def entity(name: Any, kind: Any = "Component", annotations: Any = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"annotations": annotations} if annotations is not None else {})}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def catalog(*documents: Document | dict[str, Any], complete: Any = "auto") -> Catalog:
    """A catalog of documents, or of data that each stand in a file of their own."""
    read = [
        each if isinstance(each, Document) else Document(f"{number:02}.yaml", 0, each)
        for number, each in enumerate(documents)
    ]
    return build(read, KINDS, complete)


def write(path: Path, read: Catalog, /, **more: Any) -> str:
    said = {"repository": None, "commit": None, "made": NOW, "source": "files of a checkout", **more}
    return snapshot.write(path, read, **said)


def kept(folder: Path, read: Catalog, /, **more: Any) -> Snapshot:
    """The catalog, written and opened."""
    path = folder / "base.db"
    write(path, read, **more)
    return open_snapshot(path)
