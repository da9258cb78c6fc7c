"""The file around a snapshot: what it says of itself before any of it is believed.

It is an SQLite database, whose header holds bylaw's mark and the version of the format, and a last line with the
SHA-256 of all before it. SQLite reads as many pages as its header says and does not mind the line.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, BinaryIO

from bylaw.errors import UndecidedError

if TYPE_CHECKING:
    from pathlib import Path

ANEW = "fetch it again, or make it anew: bylaw snapshot --output FILE"
"""What to do about a file that cannot be used."""

FORMAT = 1
MARK = 0x62796C77  # "bylw", SQLite's application_id
_MAGIC = b"SQLite format 3\0"
_HEADER = 100  # bytes; https://www.sqlite.org/fileformat.html says what stands where
_SEAL = "\nbylaw snapshot sha256:{}\n"
_SEALED = re.compile(rb"\nbylaw snapshot (sha256:[0-9a-f]{64})\n")
_SEAL_BYTES = len(_SEAL.format("0" * 64))
_AT_ONCE = 256 * 1024
_OTHERS = (
    (b"PK\3\4", "a ZIP archive: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"<", "a web page: the server that it came from has answered with an error, or asks to sign in"),
    (b"{", "JSON: the server that it came from may have answered with an error"),
    (_MAGIC, "a database of another program"),
)


def seal(path: Path) -> None:
    """Put the checksum behind a database that is complete, and see to it that all of it is on the disk."""
    with path.open("r+b") as file:
        digest = _digest(file, file.seek(0, os.SEEK_END))
        file.write(_SEAL.format(digest).encode())
        file.flush()
        os.fsync(file.fileno())


def check(file: BinaryIO, path: Path) -> None:
    """Make sure that a file is a snapshot, of this format, and as it was written to the last bit.

    Raises:
        UndecidedError: it is not; the message says what to do.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(_MAGIC) or int.from_bytes(header[68:72]) != MARK:
        raise UndecidedError(f"{path}: is no snapshot but {_what(header)}; {ANEW}")
    version = int.from_bytes(header[60:64])
    if version != FORMAT:
        raise UndecidedError(
            f"{path}: is a snapshot of format {version}, and this bylaw reads format {FORMAT}; "
            "make it anew: bylaw snapshot --output FILE"
        )
    page = int.from_bytes(header[16:18])
    expected = (65536 if page == 1 else page) * int.from_bytes(header[28:32]) + _SEAL_BYTES
    if size != expected:
        raise UndecidedError(f"{path}: is damaged: it has {size:,} bytes, expected {expected:,}; {ANEW}")
    file.seek(size - _SEAL_BYTES)
    sealed = _SEALED.fullmatch(file.read())
    said = sealed[1].decode() if sealed else "none that is left"
    found = f"sha256:{_digest(file, size - _SEAL_BYTES)}"
    if said != found:
        raise UndecidedError(f"{path}: is damaged: it has the digest {found}, expected {said}; {ANEW}")


def _digest(file: BinaryIO, size: int) -> str:
    """The SHA-256 of the first bytes of a file, in hexadecimal. Little of them is held at once."""
    total, buffer = hashlib.sha256(), memoryview(bytearray(_AT_ONCE))
    file.seek(0)
    while size and (count := file.readinto(buffer[:size])):  # type: ignore[attr-defined]  # BinaryIO lacks it
        total.update(buffer[:count])
        size -= count
    return total.hexdigest()


def _what(header: bytes) -> str:
    if not header:
        return "empty"
    begin = header.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((what for mark, what in _OTHERS if begin.startswith(mark)), "something else")
