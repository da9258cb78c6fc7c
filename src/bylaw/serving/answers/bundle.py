"""``GET /v1/bundles/{name}.tar.gz``: what an OPA server loads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bylaw import bundles
from bylaw.errors import ConfigError, UsageError
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from bylaw.bundles import Bundle
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

_GZIP = "application/gzip"
_SCOPE = "bundle:read"
_TAG = re.compile(r'(?:W/)?("[^"]*")|(\*)')
_MOST = 16  # bundles that a worker keeps: domains may be many

_built: dict[str, Bundle] = {}
"""Of the generation of this process: a worker knows no other."""


def warm(generation: Generation) -> None:
    """Build what OPA servers will ask for, once for all workers, where some caller may."""
    callers = generation.settings.server.callers
    if any(_SCOPE in each.scopes for each in callers):
        _built["all"] = _build("all", generation)


def answer(generation: Generation, question: Question) -> Reply:
    """The bundle; nothing where the caller has it already."""
    name = question.arguments.get("name", "")
    try:
        bundle = _built.get(name) or _build(name, generation)
    except UsageError as error:
        return problem(404, str(error))
    except ConfigError as error:
        return problem(501, str(error))
    if len(_built) < _MOST:
        _built[name] = bundle
    headers = {"ETag": bundle.etag}
    known = _TAG.findall(question.arguments.get("if-none-match", ""))
    if any(each in {(bundle.etag, ""), ("", "*")} for each in known):
        return Reply(304, b"", headers=headers)
    return Reply(200, bundle.content, _GZIP, headers)


def _build(name: str, generation: Generation) -> Bundle:
    signer = bundles.signer_of(generation.settings.server)
    return bundles.build(name, generation.catalog, generation.graph, generation.policies, signer)
