"""The sizes that a file of strangers may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost to read. More than that is a fault, named with its setting.

    ``file_bytes``: bytes of one file, and as many characters for what its aliases stand for.
    ``depth``: collections inside one another; a document's root mapping is depth 1.
    ``document_nodes``: scalars, mappings and lists of one document, keys included. An alias counts as all
    the nodes that it stands for, each time it is used.
    ``file_nodes``: the same, over all documents of one file.
    """

    file_bytes: int = 16 * 1024 * 1024
    depth: int = 100
    document_nodes: int = 100_000
    file_nodes: int = 2_000_000


DEFAULT = Limits()
