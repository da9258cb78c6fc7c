"""security/secret-in-descriptor"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.catalog import address, pointer
from bylaw.documents import secrets
from bylaw.model import Document, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = {("kind",), ("metadata", "name"), ("metadata", "namespace")}  # what a reference is made of
_KINDS = {"type": "array", "items": {"enum": list(secrets.KINDS)}}


def _evaluate(document: Document, context: Context) -> Iterator[Finding]:
    found = {(each.place, each.kind, each.is_key): each for each in reversed([*secrets.find_in(document.data)])}
    ref = None if any(each.place in _NAMES for each in found.values()) else address(document.data)
    ignored = set(context.parameters["ignored"])
    ignored_in_definitions = ignored.union(context.parameters["ignored_in_definitions"])
    for each in found.values():
        if each.kind not in (ignored_in_definitions if each.place[:2] == ("spec", "definition") else ignored):
            where = f"{pointer(*each.place) or 'the root'} of {ref or 'the entity'}"
            said = f"a key of {where} looks like" if each.is_key else f"{where} holds what looks like"
            yield Finding(
                pointer(*each.place),
                f"{said} a secret ({each.kind})",
                expected="the place where the secret is kept",
                key=f"{each.kind} as a key" if each.is_key else each.kind,
                line=each.line,
            )


RULE = Rule(
    id="security/secret-in-descriptor",
    title="A secret stands in a descriptor",
    description=(
        "Whoever can read the catalog can read it, in Backstage as well as in the repository. What it is like is not "
        "told, neither here nor in any other finding."
    ),
    remediation=(
        "Have the secret revoked first: the repository's history keeps it. Then store the new one in a vault, and let "
        "the descriptor say no more than where."
    ),
    severity=Severity.ERROR,
    subject="document",
    parameters={
        "ignored": {"description": "Kinds of secrets that are not looked for.", **_KINDS, "default": []},
        "ignored_in_definitions": {
            "description": "Kinds of which the definitions of APIs hold examples: they are not looked for in there.",
            **_KINDS,
            "default": ["AWS key", "JSON Web Token", "password in a URL", "private key"],
        },
    },
    evaluate=_evaluate,
    source=__file__,
)
