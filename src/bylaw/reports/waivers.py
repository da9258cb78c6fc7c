"""What waivers are worth, for people and programs; and a waiver as an entry of a waiver file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bylaw.documents.editing import EditError, writing
from bylaw.documents.secrets import redact
from bylaw.errors import UsageError
from bylaw.model import WaiverStatus, did_you_mean
from bylaw.reports.json_v1 import standing, written
from bylaw.reports.terminal import Paint, columns, cut, visible, wrap
from bylaw.reports.words import counted
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from bylaw.model import Finding, Standing, Waiver

_WIDEST = 44  # columns of a cell
_WIDEST_COMMENT = 160
_HEAD = ("id", "status", "days left", "waives", "rule", "entities", "approved by")
_NONE = "no waivers: waivers.paths of bylaw.yaml names no file with any"


@dataclass(frozen=True, slots=True)
class Register:
    """All waivers on one day."""

    day: date
    standings: tuple[Standing, ...]
    is_table: bool = True
    """Whether people see all waivers in a table first, or only those that something is wrong with."""

    @property
    def invalid(self) -> tuple[Standing, ...]:
        """Those that are none."""
        return tuple(each for each in self.standings if each.status is WaiverStatus.INVALID)

    @property
    def warnings(self) -> tuple[Standing, ...]:
        """Those that hold no more, for nothing, for too much or not for long."""
        fine = (WaiverStatus.ACTIVE, WaiverStatus.INVALID)
        return tuple(each for each in self.standings if each.status not in fine or each.is_soon)


def known(format: str) -> Callable[..., str]:
    """The renderer of a format.

    Raises:
        UsageError: there is no such format.
    """
    try:
        return FORMATS[format]
    except KeyError:
        raise UsageError(
            f'format "{format}" does not exist here{did_you_mean(format, FORMATS)}; known are {", ".join(FORMATS)}'
        ) from None


def render(register: Register, format: str, *, color: bool = False, width: int = 100) -> str:
    """The waivers in a format.

    Raises:
        UsageError: as ``known`` does.
    """
    return known(format)(register, color=color, width=width)


def _text(register: Register, *, color: bool, width: int) -> str:
    paint = Paint(color)
    if not register.standings:
        return f"{_NONE}\n"
    blocks = [_table(register, paint)] if register.is_table else []
    blocks.append([line for each in register.invalid for line in _told(register, each, "error", paint, width)])
    blocks.append([line for each in register.warnings for line in _told(register, each, "warning", paint, width)])
    counts = Counter(each.status for each in register.standings)
    said = ", ".join(f"{counts[each]} {each}" for each in WaiverStatus if counts[each])
    blocks.append([f"{counted(len(register.standings), 'waiver', 'waivers')}: {said}"])
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks if block)


def _table(register: Register, paint: Paint) -> list[str]:
    rows = [_HEAD, *(tuple(cut(visible(cell), _WIDEST) for cell in _cells(each)) for each in register.standings)]
    sizes = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = (f"{cell}{' ' * (size - columns(cell))}" for cell, size in zip(row, sizes, strict=True))
        line = "  ".join(cells).rstrip()
        lines.append(line if number else paint("dim", line))
    return lines


def _cells(standing: Standing) -> tuple[str, ...]:
    waiver = standing.waiver
    entities = ", ".join(waiver.entities) or (counted(len(waiver.fingerprints), "fingerprint", "fingerprints"))
    left = "-" if standing.days_left is None else f"{standing.days_left:,}"
    by = waiver.approved_by or "-"
    return (waiver.id, standing.status, left, f"{standing.covers:,}", waiver.rule or "-", entities, by)


def _told(register: Register, standing: Standing, style: str, paint: Paint, width: int) -> Iterator[str]:
    """One waiver that the reader should look at: what it is worth and why, and where it stands."""
    waiver, label, why = standing.waiver, str(standing.status), standing.why
    if standing.status is WaiverStatus.ACTIVE:
        label = "expires soon"
    elif standing.is_soon:
        why = f"{why}; {waiver.expires} is its last day"
    first, *rest = wrap(visible(f"{waiver.id}: {why}"), width, columns(label) + 2, 4)
    yield f"{paint(style, f'{label}:')} {first}"
    yield from (f"    {line}" for line in rest)
    if place := waiver.location:
        yield f" {paint('dim', '-->')} {visible(f'{place.path}:{place.line}:{place.column}')}"


def _json(register: Register, *, color: bool, width: int) -> str:
    counts = Counter(each.status for each in register.standings)
    return written(
        {
            "version": 1,
            "tool": {"name": "bylaw", "version": VERSION},
            "day": register.day.isoformat(),
            "summary": {
                **{each.replace("-", "_"): counts[each] for each in WaiverStatus},
                "soon": sum(each.is_soon for each in register.standings),
            },
            "waivers": [{**standing(each), "soon": each.is_soon} for each in register.standings],
        }
    )


FORMATS: Mapping[str, Callable[..., str]] = MappingProxyType({"text": _text, "json": _json})


def entry(waiver: Waiver, findings: Sequence[Finding], approvers: Sequence[str]) -> str:
    """A waiver as the YAML of a list of one, with what each fingerprint is as a comment.

    What it does not say yet is left empty, with a comment on what belongs there. Reading it gives the same waiver: no
    name and no reason is anything but a text in it.

    Raises:
        UsageError: a text that no file can hold, being no Unicode.
    """
    return "".join(f"{line}\n" for line in _lines(waiver, findings, approvers))


def _lines(waiver: Waiver, findings: Sequence[Finding], approvers: Sequence[str]) -> Iterator[str]:
    who = " or ".join(map(visible, approvers)) or "nobody yet: see waivers.approvers in bylaw.yaml"
    yield f"- id: {_scalar(waiver.id)}"
    yield f"  rule: {_scalar(waiver.rule)}"
    yield "  entities:" if waiver.entities else "  entities: []"
    yield from (f"    - {_scalar(each)}" for each in waiver.entities)
    yield _field("reason", waiver.reason, "why the fault may stay for a while")
    if waiver.ticket:
        yield f"  ticket: {_scalar(waiver.ticket)}"
    yield _field("requested_by", waiver.requested_by, "who asks for it")
    yield _field("approved_by", waiver.approved_by, f"another one, who may approve: {who}")
    yield _field("approved_at", str(waiver.approved_at or ""), "the day of the approval")
    yield f"  expires: {waiver.expires}"
    if waiver.fingerprints:
        yield "  fingerprints:"
    for each in waiver.fingerprints:
        for message in sorted({visible(finding.message) for finding in findings if finding.fingerprint == each}):
            yield f"    # {cut(message, _WIDEST_COMMENT)}"
        yield f"    - {_scalar(each)}"


def _field(name: str, said: str, hint: str) -> str:
    return f"  {name}: {_scalar(said)}" if said.strip() else f"  {name}: # {hint}"


def _scalar(text: str) -> str:
    try:
        return writing.scalar(redact(text), "", in_braces=False)
    except EditError as error:
        raise UsageError(f"{visible(text):.80} {error}") from None


def advice(
    waiver: Waiver, findings: Sequence[Finding], approvers: Sequence[str], files: Sequence[str], *, is_written: bool
) -> str:
    """What is left to be done with a waiver that was requested."""
    covers = counted(len(findings), "finding", "findings")
    file = visible(files[0]) if files else "a file that waivers.paths of bylaw.yaml names"
    lines = [f"{waiver.id} is for {covers} of {waiver.rule}, until {waiver.expires}"]
    if held := next((each.waiver for each in findings if each.waiver is not None), None):
        lines.append(f"some of it is waived already, by {visible(held)}")
    lines.append(f"added to {file}" if is_written else f"put it into {file}")
    missing = [name for name in ("reason", "requested_by", "approved_by") if not getattr(waiver, name).strip()]
    if missing:
        lines.append(f"it does not hold before these are filled in: {', '.join(missing)}")
    if not approvers:
        lines.append("it does not hold before waivers.approvers of bylaw.yaml names who may approve it")
    return "".join(f"{line}\n" for line in lines)
