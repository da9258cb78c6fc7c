"""catalog/key-case-clash"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.catalog import address, pointer
from bylaw.model import Document, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(document: Document, context: Context) -> Iterator[Finding]:
    if not isinstance(document.data, dict) or not _has_clash(document.data):
        return
    for steps, one, other in _clashes(document.data):
        yield Finding(
            pointer(*steps, other),
            f"{pointer(*steps) or 'the root'} of {address(document.data) or 'the entity'} "
            f"has both {one} and {other}: they differ only in case",
            observed=other,
            expected="keys that differ in more than upper and lower case",
        )


def _has_clash(value: Any) -> bool:
    """Whether there is any; nearly always there is none, and then no path needs to be kept."""
    if isinstance(value, dict):
        return len(set(map(str.lower, value))) < len(value) or any(
            _has_clash(item) for item in value.values() if isinstance(item, dict | list)
        )
    return any(_has_clash(item) for item in value if isinstance(item, dict | list))


def _clashes(data: Any) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """``(where, key, later key)`` for each key that another of its mapping equals but for case."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    while stack:
        steps, value = stack.pop()
        if isinstance(value, dict):
            lower = {key.lower() for key in value}
            if len(lower) < len(value):
                seen: dict[str, str] = {}
                for key in sorted(value, reverse=True):  # the order in a file means nothing
                    first = seen.setdefault(key.lower(), key)
                    if first != key:
                        yield steps, first, key
            stack.extend(((*steps, key), item) for key, item in value.items() if isinstance(item, dict | list))
        else:
            stack.extend(((*steps, index), item) for index, item in enumerate(value) if isinstance(item, dict | list))


RULE = Rule(
    id="catalog/key-case-clash",
    title="Two keys differ only in case",
    description=(
        "Backstage accepts such an entity and then fails to stitch it, for ever: it never appears in the catalog, "
        "while others show relations to it. Its search index does not tell upper from lower case."
    ),
    remediation="Remove one of the two keys, or rename it.",
    severity=Severity.ERROR,
    subject="document",
    evaluate=_evaluate,
    source=__file__,
)
