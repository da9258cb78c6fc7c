"""Files of a checkout, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FLAGS = os.O_RDWR | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


_AT_ONCE = 8  # files: what takes long is to wait for the disk


class UnwritableError(Exception):
    """A file that is not replaced. The message says why, in a clause about it."""


def write_all(root: Path, files: Iterable[tuple[str, bytes, bytes]]) -> dict[str, str]:
    """``write`` for many files, each ``(path, before, after)``. The paths of those not written, and why not."""

    def reason(file: tuple[str, bytes, bytes]) -> tuple[str, str] | None:
        try:
            write(root, *file)
        except UnwritableError as error:
            return file[0], str(error)
        return None

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return dict(filter(None, threads.map(reason, files)))


def write(root: Path, path: str, before: bytes, after: bytes) -> None:
    """Put ``after`` in the place of a file of the checkout ``root`` that still holds ``before``.

    Whoever opens the file sees all of the one or all of the other, even if the machine fails meanwhile. Its mode
    stays, and its owner as far as that is allowed.

    Raises:
        UnwritableError: there is a symbolic link on the way to it, it is no regular file or not the same any more,
            or it cannot be written.
    """
    check_way(root, path)
    target = root / path
    try:
        status = _status(target, before)
        aside = target.with_name(f".bylaw-{secrets.token_hex(8)}")
        try:
            _create(aside, after, status)
            aside.replace(target)
        except BaseException:  # an interrupt, too, leaves nothing behind; raised again
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnwritableError(f"cannot be written ({(error.strerror or type(error).__name__).lower()})") from None


def check_way(root: Path, path: str) -> None:
    """Make sure that a path leads to its own place in a checkout, and nowhere else.

    Raises:
        UnwritableError: there is a symbolic link on the way.
    """
    target = root / path
    if Path(os.path.realpath(target)) != target or not target.is_relative_to(root):
        raise UnwritableError("is reached through a symbolic link")


def _status(target: Path, before: bytes) -> os.stat_result:
    """The status of a file that may be written and holds what it did."""
    handle = os.open(target, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnwritableError("is not a regular file any more")
        if file.read(len(before) + 1) != before:
            raise UnwritableError("has changed since it was read")
    return status


def _create(path: Path, text: bytes, like: os.stat_result) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(path, like.st_uid, like.st_gid)
        path.chmod(stat.S_IMODE(like.st_mode))
        file.flush()
        os.fsync(handle)
