"""Law for a software catalog.

Three functions do everything that the command line does::

    import bylaw

    catalog = bylaw.read(["."])          # entities, from files
    graph = bylaw.graph(catalog)         # ownership and dependency
    report = bylaw.check(catalog)        # findings and a decision

They are imported on first use, so that ``bylaw --version`` stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.version import VERSION as __version__

__all__ = ["__version__", "check", "graph", "read"]

if TYPE_CHECKING:
    from bylaw.pipeline import check, graph, read


def __getattr__(name: str) -> Any:
    if name in {"check", "graph", "read"}:
        from bylaw import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'bylaw' has no attribute {name!r}")
