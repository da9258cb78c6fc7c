"""The bytes of a file into text, or the one fault of the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bylaw.documents.disguise import BREAKS, hide
from bylaw.documents.faults import Fault, Refused, fault_at

if TYPE_CHECKING:
    from bylaw.documents.limits import Limits

_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_GOOD_BYTES = bytes(byte for byte in range(256) if byte in b"\t\n\r" or (byte >= 0x20 and byte != 0x7F))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_LONE_RETURN = re.compile("\r(?!\n)")
_MAX_DIRECTIVES = 100


def decode(data: bytes, limits: Limits) -> tuple[str, bool]:
    """A file's text, and whether something is hidden in it (see ``disguise``).

    Raises:
        Refused: too large; not UTF-8 (a UTF-8 byte order mark is dropped, others are refused); a control
            character; a carriage return without a line feed; more directives than a file has any use for.
    """
    if len(data) > limits.file_bytes:
        raise Refused(
            Fault(
                f"the file has {len(data)} bytes, more than the {limits.file_bytes} that are read "
                "(catalog.limits.file_bytes)",
                *(1, 1, 1, 1),
            )
        )
    if data.startswith(_OTHER_BOMS):
        raise Refused(Fault("the file is UTF-16 or UTF-32, not UTF-8: save it as UTF-8", 1, 1, 1, 2))
    data = data.removeprefix(_UTF8_BOM)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise Refused(fault_at(message, before, len(before))) from None
    if data.translate(None, _GOOD_BYTES) or not text.isascii():
        _refuse_first(_CONTROL, text, "the control character U+{:04X} cannot stand in YAML: remove it")
    if "\r" in text:
        _refuse_first(_LONE_RETURN, text, "a carriage return (U+{:04X}) without a line feed: use \\n or \\r\\n")
    if "%" in text and text.count("\n%") > _MAX_DIRECTIVES:
        # libyaml's time grows with the square of them.
        raise Refused(Fault(f"more than {_MAX_DIRECTIVES} lines start with % (a directive)", 1, 1, 1, 1))
    if not text.endswith("\n"):
        text += "\n"  # npm yaml ends a block scalar with it, libyaml does not
    hidden = hide(text)
    if hidden is None:
        if not text.isascii():
            _refuse_first(BREAKS, text, "the line separator U+{:04X} beside private characters is not read")
        return text, False
    return hidden, True


def _refuse_first(pattern: re.Pattern[str], text: str, message: str) -> None:
    if found := pattern.search(text):
        raise Refused(fault_at(message.format(ord(found.group())), text, found.start()))
