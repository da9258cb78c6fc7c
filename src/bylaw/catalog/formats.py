"""Field formats: what a name, a key, a tag or a link may look like.

Mirrors ``FieldFormatEntityPolicy``, ``KubernetesValidatorFunctions`` and ``makeValidator`` of
``@backstage/catalog-model`` 1.10.1, in which ``$`` is the end of the text (``\\Z`` in Python).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bylaw.catalog.schemas import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Steps = tuple[str | int, ...]

_LONGEST = 63
_LONGEST_PREFIX = 253

_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*\Z")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*\Z")
_VERSION = re.compile(r"[a-z0-9A-Z]+\Z")
_TAG = re.compile(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*\Z")
# What JavaScript's trim() takes away, which is not quite what strip() does.
_BLANK = re.compile(
    r"[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*\Z"
)  # as JavaScript trims
_PLAIN_URL = re.compile(r"https?://[a-z0-9]+(?:[-.][a-z0-9]+)*\.[a-z]{2,}(?:/[-\w./?=&#%~+]*)?\Z", re.ASCII)

_NAME_WORDS = "letters and digits, separated by any of - _ . (at most 63 characters)"
_LABEL_WORDS = "lower-case letters and digits, separated by - (at most 63 characters)"
_TAG_WORDS = "lower-case letters, digits and : + #, separated by - (at most 63 characters)"
_KEY_WORDS = f"[prefix/]name: the prefix a lower-case domain, the name {_NAME_WORDS}"


def is_name(text: str) -> bool:
    """Whether an entity could bear this name."""
    return 1 <= len(text) <= _LONGEST and _NAME.match(text) is not None


def is_namespace(text: str) -> bool:
    """Whether this is a DNS label, as a namespace must be."""
    return 1 <= len(text) <= _LONGEST and _LABEL.match(text) is not None


def is_kind(text: str) -> bool:
    """Whether an entity could be of such a kind."""
    return 1 <= len(text) <= _LONGEST and _KIND.match(text) is not None


def _is_tag(text: str) -> bool:
    return 1 <= len(text) <= _LONGEST and _TAG.match(text) is not None


def _is_prefixed(text: str, is_suffix: Callable[[str], bool]) -> bool:
    prefix, slash, suffix = text.rpartition("/")
    if not slash:
        return is_suffix(text)
    return len(prefix) <= _LONGEST_PREFIX and all(map(is_namespace, prefix.split("."))) and is_suffix(suffix)


@lru_cache(maxsize=1024)
def _is_api_version(text: str) -> bool:
    return _is_prefixed(text, lambda part: 1 <= len(part) <= _LONGEST and _VERSION.match(part) is not None)


@lru_cache(maxsize=4096)  # a catalog has few different keys, and each of them thousands of times
def _is_key(text: str) -> bool:
    return _is_prefixed(text, is_name)


def _is_url(text: str) -> bool:
    """Whether JavaScript's ``new URL(text)`` succeeds; asked of the parser that Node itself uses."""
    if _PLAIN_URL.match(text):
        return True
    import ada_url

    return bool(ada_url.check_url(text))


def _is_not_blank(text: str) -> bool:
    return _BLANK.match(text) is None


def faults(entity: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """``(JSON pointer, what is expected, what was found)`` for each field of another form.

    Values of another type than text are the schema's to report, and so are empty ones.
    """
    for steps, value, is_valid, words in _fields(entity):
        if isinstance(value, str) and value and not is_valid(value):
            yield pointer(*steps), f"must be {words}", value
    metadata = _mapping(entity.get("metadata"))
    for name in ("labels", "annotations"):
        for key in _mapping(metadata.get(name)):
            if not _is_key(key):
                yield pointer("metadata", name, key), f"must have a key of the form {_KEY_WORDS}", key


def _fields(entity: Mapping[str, Any]) -> Iterator[tuple[_Steps, Any, Callable[[str], bool], str]]:
    """``(where, value, test, what it must be)`` for each field whose value has a form."""
    metadata = _mapping(entity.get("metadata"))
    yield ("apiVersion",), entity.get("apiVersion"), _is_api_version, "suffix or domain/suffix"
    yield ("kind",), entity.get("kind"), is_kind, "letters and digits, a letter first (at most 63)"
    yield ("metadata", "name"), metadata.get("name"), is_name, _NAME_WORDS
    yield ("metadata", "namespace"), metadata.get("namespace"), is_namespace, _LABEL_WORDS
    for key, value in _mapping(metadata.get("labels")).items():
        yield ("metadata", "labels", key), value, is_name, f"empty, or {_NAME_WORDS}"
    for index, tag in enumerate(_sequence(metadata.get("tags"))):
        yield ("metadata", "tags", index), tag, _is_tag, _TAG_WORDS
    for index, link in enumerate(map(_mapping, _sequence(metadata.get("links")))):
        yield ("metadata", "links", index, "url"), link.get("url"), _is_url, "an absolute URL"
        yield ("metadata", "links", index, "title"), link.get("title"), _is_not_blank, "not blank"
        yield ("metadata", "links", index, "icon"), link.get("icon"), _is_not_blank, "not blank"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
