"""What a change has a hand in is no evidence for its judge: neither law nor a base is taken from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.sources import proposed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.sources.proposed import Proposed

_MOST_LINKS = 40  # followed one after the other, as by Linux


def inside(root: Path, path: Path) -> str | None:
    """Where a path lies in the checkout, from its root; None: outside.

    A link in the checkout lies in it, wherever it leads: that is for the change to say.
    """
    return next(_inside(root, path), None)


def is_of(change: Proposed, path: Path) -> bool:
    """Whether a file or folder is one that the change itself brings, edits or takes away, or leads to by a link.

    What git does not know is not of the change: CI has put it there. Of folders that are compared all is.
    """
    root = change.after.root
    steps = {step for each in _inside(root, path) for step in _upwards(each)}
    brought = (each.after for each in change.files if each.after in steps)
    taken = (each.before for each in change.files if each.before in steps)
    return any(each and is_known(change, each) for each in brought) or any(
        each and not os.path.lexists(root / each) for each in taken
    )


def is_known(change: Proposed, path: str) -> bool:
    """Whether a file of the proposed state, or one below a folder, is a part of that: not only put there by CI."""
    return change.commit is None or proposed.is_tracked(change.after.root, path)


def _inside(root: Path, path: Path) -> Iterator[str]:
    """A path from the root of the checkout, while one link after the other is followed."""
    for each in _followed(path):
        if each.is_relative_to(root):
            yield each.relative_to(root).as_posix()


def _followed(path: Path) -> Iterator[Path]:
    """A path, what it becomes with its first link followed, and so on."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow all of them)
    for _ in range(_MOST_LINKS):
        yield path
        steps = (*reversed(path.parents), path)
        link = next((each for each in steps if os.path.islink(each)), None)  # noqa: PTH114  (it raises nothing)
        if link is None:
            return
        path = Path(os.path.normpath(link.parent / link.readlink() / path.relative_to(link)))


def _upwards(path: str) -> Iterator[str]:
    """A path and the folders above it, without the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
