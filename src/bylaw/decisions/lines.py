"""Rows of the decision log as JSON, for standard output, the API and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from bylaw.store import chain

if TYPE_CHECKING:
    from bylaw.model import Decided
    from bylaw.store import Gap, Row


def line(entry: Decided | Gap) -> bytes:
    """An entry as one line of JSON, as Loki and the like read it."""
    return chain.text(entry).encode() + b"\n"


def shown(row: Row) -> dict[str, Any]:
    """A row as a JSON value: its fields, and where it stands in the chain."""
    return {"seq": row.seq, **orjson.loads(row.text), "before": row.before, "hash": row.hash}
