"""What a note says: a report in Markdown, so that GitLab shows it whole and does nothing else with it."""

from __future__ import annotations

import re

NOTE = "<!-- bylaw:gate -->"
"""The first line of the note, which nobody sees."""
MOST = 900_000
"""Bytes of a note. GitLab takes a million characters; what it adds to them when it shows them has to fit too."""

_CUT = "**Cut here: the report has {size:,} bytes, and a note takes {most:,}. The job's artifacts hold all of it.**"
_HEAD = re.compile(rf"{re.escape(NOTE)}\n(?:<!-- pipeline ([0-9]{{1,18}}) -->\n)?")
_AT_LINE_START = re.compile("^/", re.M)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def note(markdown: str, pipeline: int | None, most: int = MOST) -> str:
    """The text of the note, of at most ``most`` bytes, under a head that ``pipeline_of`` finds again."""
    head = f"{NOTE}\n<!-- pipeline {pipeline} -->\n" if pipeline is not None else f"{NOTE}\n"
    return f"{head}\n{cut(harmless(markdown), most - len(head) - 1)}"


def is_note(text: str) -> bool:
    """Whether a text is one of ours. The head counts at its very beginning only: further down a stranger is cited."""
    return _HEAD.match(text) is not None


def pipeline_of(text: str) -> int | None:
    """The pipeline that the note comes from, as far as it says so."""
    found = _HEAD.match(text)
    return int(found[1]) if found and found[1] else None


def harmless(markdown: str) -> str:
    r"""The same for a reader, with nothing that GitLab takes for a command.

    It obeys every line that begins with ``/merge``, ``/approve`` and the like, with the rights of the token's owner.
    ``\/`` is shown as ``/``. Carriage returns go, because GitLab takes them out before it looks for commands.
    """
    text = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return _AT_LINE_START.sub(r"\\/", text)


def cut(text: str, most: int) -> str:
    """The text, or its first lines, the block of code that they leave open closed, and a last line that says so."""
    size = len(text.encode())
    if size <= most:
        return text
    statement = _CUT.format(size=size, most=most)
    fence, kept, room = "", [], most - len(statement) - 3
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if fence and found and found[1].startswith(fence) and not found[2].strip():
            after = ""
        elif not fence and found and not (found[1][0] == "`" and "`" in found[2]):
            after = found[1]
        else:
            after = fence
        room -= len(line.encode()) + 1
        if room < len(after) + 1:
            break
        kept.append(line)
        fence = after
    return "\n".join([*kept, *([fence] if fence else []), "", statement, ""])


def code(text: str) -> str:
    """Text of strangers as code in a line: one line, and nothing in it acts."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    ticks = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    return f"{ticks} {plain} {ticks}" if "`" in plain or not plain.strip() else f"{ticks}{plain}{ticks}"
