"""How a generation is made, and what those know of one who do not hold it: plain values, which travel as JSON."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.errors import UndecidedError
from bylaw.model import Digests

if TYPE_CHECKING:
    from collections.abc import Mapping


class RefreshError(UndecidedError):
    """A generation could not be made. The message names the source, and what is wrong with it.

    ``exit_code`` is that of the error behind it, for a server that cannot start.
    """

    def __init__(self, message: str, exit_code: int = UndecidedError.exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one generation is made from. Everything it names is read anew each time.

    The catalog is read from ``snapshot``, where one is named; else from the files at ``paths``; else from what
    ``catalog.base`` of the settings names; else from the files of the current folder.
    """

    folder: str
    """Where files are written."""
    number: int = 1
    """Of the generation. Names its files."""
    config: str | None = None
    """The settings file; None: bylaw.yaml in the current folder, or in the checkout that is read."""
    policies: tuple[str, ...] = ()
    """Rules beside those of the settings."""
    paths: tuple[str, ...] = ()
    root: str | None = None
    """Nothing is read outside of it; None: the git work tree around the first path."""
    snapshot: str | None = None
    """A file in ``folder`` that another server, or an earlier generation of this one, has written."""
    pushed: tuple[Mapping[str, Any], ...] = ()
    """Entities that were pushed: each stands in place of what the sources say of its ref."""
    deleted: tuple[str, ...] = ()
    """The refs of entities that were pushed to be gone."""
    least: int = 1
    """A catalog of fewer entities is not believed."""
    known: str = ""
    """The fingerprint of the generation before: one that comes out the same is not made."""
    jobs: int | None = None
    """Workers that read files; None: one per processor."""

    @property
    def file(self) -> Path:
        """Where the snapshot of the generation is written."""
        return Path(self.folder, f"generation-{self.number}.snapshot")

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()  # which can hold the name of a file that is no text

    @classmethod
    def of_json(cls, said: bytes) -> Recipe:
        plain: dict[str, Any] = json.loads(said)
        lists: dict[str, Any] = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
        return cls(**{**plain, **lists})


@dataclass(frozen=True, slots=True)
class Same:
    """A generation would be what the one before is. ``made`` is when that was found."""

    made: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a generation outside of the processes that hold it."""

    number: int
    digests: Digests
    entities: int
    made: datetime
    """When what it holds was read from the source, or last found to be what the source still has."""
    engine: str
    source: str
    """Where it was read, in words."""
    snapshot: Path
    """The catalog as one file."""
    remote: bool
    """Whether the source is elsewhere, and not files of this machine."""
    fingerprint: str
    """Of all that decides what is answered: what ``Recipe.known`` is for the next one."""
    checked: float
    """The monotonic clock when it was last known how old it is."""
    aged: float
    """Seconds that it had then."""

    @property
    def age(self) -> float:
        """Seconds since ``made``. No jump of the clock on the wall changes what passes from here on."""
        return self.aged + time.monotonic() - self.checked

    def confirmed(self, same: Same) -> Facts:
        """The same, found to be what the source still has."""
        return replace(
            self, made=same.made, fingerprint=same.fingerprint, checked=time.monotonic(), aged=_age(same.made)
        )

    def taken_over(self, before: Facts) -> Facts:
        """The same, made again of what was known ``before``: it is as old as that, and from where that was."""
        return replace(self, source=before.source, made=before.made, checked=before.checked, aged=before.aged)

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> Facts:
        """What a zygote says of itself, from now on."""
        made = datetime.fromisoformat(plain["made"])
        return cls(
            **{
                **plain,
                "digests": Digests(**plain["digests"]),
                "made": made,
                "snapshot": Path(plain["snapshot"]),
                "checked": time.monotonic(),
                "aged": _age(made),
            }
        )


def _age(made: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - made).total_seconds())
