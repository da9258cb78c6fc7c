"""The two sides of a comparison, before anything is judged by them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from bylaw.errors import ConfigError
from bylaw.impacts.differences import libraries
from bylaw.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.config import Settings
    from bylaw.model import Report
    from bylaw.rules import Policies


@dataclass(frozen=True, slots=True)
class Side:
    """What a side is called, and the settings it judges by.

    ``folder`` is where its files stand only for the comparison: what is said of them leaves it out.
    """

    name: str
    settings: Settings
    folder: Path | None = None
    notes: tuple[str, ...] = ()

    def told(self, report: Report) -> Report:
        """A report of this side; a rule that came to no answer says where in the rule."""
        findings = tuple(
            replace(each, message=_without(self.folder, each.message)) if each.outcome is Outcome.ERROR else each
            for each in report.findings
        )
        return replace(report, findings=findings)


@contextmanager
def blamed(name: str, folder: Path | None = None) -> Iterator[None]:
    """Whatever is wrong with the configuration in here is said of the side of that name.

    Raises:
        ConfigError: something was.
    """
    try:
        yield
    except ConfigError as error:
        lines = _without(folder, str(error)).split("\n")
        raise ConfigError("\n".join(f"{name}: {line}" for line in lines)) from None


def _without(folder: Path | None, text: str) -> str:
    return text.replace(f"{folder}/", "") if folder else text


def notes(before: Side, after: Side, policies: tuple[Policies, Policies]) -> tuple[str, ...]:
    """What the reader should know of the sides, their policies included."""
    found = [f"{side.name}: {note}" for side in (before, after) for note in side.notes]
    one, other = before.settings.catalog, after.settings.catalog
    differing = [each.name for each in fields(one) if getattr(one, each.name) != getattr(other, each.name)]
    if differing:
        found.append(
            f"the catalog is read once, by the settings of {after.name}: "
            f"those of {before.name} differ in {', '.join(f'catalog.{name}' for name in differing)}"
        )
    if shared := libraries(*policies):
        found.append(
            f"rules that import {', '.join(shared)} may judge otherwise without a word of theirs being changed: "
            "that differs"
        )
    return tuple(found)
