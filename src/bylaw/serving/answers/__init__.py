"""What a worker can answer, by the name of the question: one module each, imported before the workers are forked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from bylaw.serving.frames import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

    Answer: TypeAlias = Callable[[Generation, Question], Reply]


def ping(generation: Generation, question: Question) -> Reply:
    """That the worker is there."""
    return Reply(200, b"{}")


ANSWERS: MutableMapping[str, str | Answer] = {
    "ping": ping,
    "admission": "bylaw.serving.answers.admission",
    "bundle": "bylaw.serving.answers.bundle",
    "changes": "bylaw.serving.answers.changes",
    "check": "bylaw.serving.answers.check",
    "entities": "bylaw.serving.answers.entities",
    "external_data": "bylaw.serving.answers.external_data",
    "graph": "bylaw.serving.answers.graph",
}
"""The function that answers, or the module that exports it as ``answer``."""


def ready(generation: Generation) -> Mapping[str, Answer]:
    """The answers by name, imported and warm.

    A module may export ``warm(generation)``: what it builds there, before the workers are forked, all of them share.
    """
    found: dict[str, Answer] = {}
    for name, said in ANSWERS.items():
        if not isinstance(said, str):
            found[name] = said
            continue
        module = import_module(said)
        found[name] = module.answer
        if warm := getattr(module, "warm", None):
            warm(generation)
    return found
