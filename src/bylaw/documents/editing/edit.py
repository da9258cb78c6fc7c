"""Operations on values -> a new text, proven to say what they say and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.documents.editing.nodes import trees
from bylaw.documents.editing.patch import EditError, Operation, Places, patched
from bylaw.documents.editing.splices import Splice, splices
from bylaw.documents.limits import DEFAULT, Limits
from bylaw.documents.loader import Loaded, load
from bylaw.documents.text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_BOM = b"\xef\xbb\xbf"


def edit(
    data: bytes,
    operations: Mapping[int, Sequence[Operation]],
    limits: Limits = DEFAULT,
    *,
    loaded: Iterable[Loaded] | None = None,
) -> bytes:
    """A file with operations made in some of its documents, which count as ``load`` counts them.

    All other characters stay what they are: comments, order, quoting, indentation, line ends, other documents.
    ``loaded`` is what ``load`` says of the file, for who has asked it already.

    Raises:
        EditError: that cannot be done. The file is to be left alone then.
    """
    before = {document.index: document for document in (load(data, limits) if loaded is None else loaded)}
    expected = {index: document.value for index, document in before.items()}
    for index, each in operations.items():
        if expected.get(index) is None:
            raise EditError("is in a document that cannot be read", index=index)
        try:
            if not Places().take(each):
                raise EditError("is to be changed in two ways")
            expected[index] = patched(expected[index], each)
        except EditError as error:
            raise EditError(str(error), error.path, index) from None
    edited = _spliced(data, {index: (before[index].value, each) for index, each in operations.items()}, limits)
    after = {document.index: document.value for document in load(edited, limits)}
    for index, value in expected.items():
        if index not in after or not _equal(after[index], value):
            raise EditError("cannot be changed without changing something else with it", index=index)
    if len(after) != len(before):
        raise EditError("cannot be changed without making two documents of one")
    return edited


def _equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same one. (For Python, True is 1.)"""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(each, other[key]) for key, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _spliced(data: bytes, operations: Mapping[int, tuple[Any, Sequence[Operation]]], limits: Limits) -> bytes:
    """The file with operations made, given the value of each document and what is to be done in it."""
    for_libyaml, hidden = decode(data, limits)
    text = data.removeprefix(_BOM).decode()
    last_end = "" if text.endswith("\n") else "\r\n" if "\r\n" in text else "\n"
    text += last_end  # so that every line has one
    wanted: list[Splice] = []
    for index, tree in trees(for_libyaml, hidden, operations, max(operations, default=-1)):
        try:
            wanted += splices(text, tree, *operations[index])
        except EditError as error:
            raise EditError(str(error), error.path, index) from None
    pieces, done = [], 0
    for start, end, new in sorted(wanted, key=lambda splice: splice[:2]):
        if start < done:
            raise EditError("cannot be changed together with what stands beside it")
        pieces += [text[done:start], new]
        done = end
    edited = "".join([*pieces, text[done:]]).removesuffix(last_end)
    return (_BOM if data.startswith(_BOM) else b"") + edited.encode()
