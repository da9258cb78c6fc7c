"""What travels between the server and the processes that judge: a question, and the reply to it.

A frame is the length of its head and of its body (four bytes each, big-endian), the head in JSON, and the body as it
came from or goes to the network: the server never reads a body that a worker reads anyway.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTHS = struct.Struct(">II")
PREFIX = _LENGTHS.size
"""Bytes before the head."""
JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks: ``name`` says which answer is wanted, such as ``admission``."""

    name: str
    body: bytes = b""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What the path and the query of the request say."""
    caller: str = ""
    stale: str = ""
    """Why the snapshot is too old to decide by, in words; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes to the network.

    ``decided`` is what the decision log is told, where something was decided: the fields of ``model.Decided`` that are
    known here (gate, subject, decision, rules, engine, reason, input), without what the server adds.
    """

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    decided: Mapping[str, Any] | None = None


def pack_question(question: Question) -> bytes:
    """The frame of a question."""
    head = orjson.dumps([question.name, question.arguments, question.caller, question.stale])
    return b"".join((_LENGTHS.pack(len(head), len(question.body)), head, question.body))


def unpack_question(head: bytes, body: bytes) -> Question:
    """The question of a frame."""
    name, arguments, caller, stale = orjson.loads(head)
    return Question(name, body, arguments, caller, stale)


def pack_reply(reply: Reply) -> bytes:
    """The frame of a reply."""
    head = orjson.dumps([reply.status, reply.content_type, reply.headers, reply.decided])
    return b"".join((_LENGTHS.pack(len(head), len(reply.body)), head, reply.body))


def unpack_reply(head: bytes, body: bytes) -> Reply:
    """The reply of a frame."""
    status, content_type, headers, decided = orjson.loads(head)
    return Reply(status, body, content_type, headers, decided)


def lengths(prefix: bytes) -> tuple[int, int]:
    """How many bytes head and body have, by the first bytes of a frame."""
    head, body = _LENGTHS.unpack(prefix)
    return head, body
