"""The law of a change: that of the base is what holds, and that of the change itself is only shown."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import config, pipeline
from bylaw.config import BaseSettings, RemoteSetting, Settings
from bylaw.documents.secrets import redact
from bylaw.errors import BylawError, ConfigError
from bylaw.merge import evidence
from bylaw.model import LawChange
from bylaw.sources import law, places, reading, surroundings, waiver_files
from bylaw.sources.waiver_files import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from bylaw.catalog import Catalog
    from bylaw.impacts import Flip, Impact
    from bylaw.model import Waiver
    from bylaw.sources.law import Law
    from bylaw.sources.proposed import Proposed

_APART = {"policies.paths", "waivers.paths"}  # what files hold is told by what they say
_LONGEST = 120  # characters of a setting that are shown


@dataclass(frozen=True, slots=True)
class Held:
    """The law by which a change is judged. ``file`` is where it stands in the checkout; None: it is no part of that."""

    settings: Settings
    file: str | None
    law: Law | None
    folder: Path
    """Where what it names in the checkout was written."""

    def plain(self, text: str) -> str:
        """A message without that folder, which is another one each time."""
        return _plain(text, self.folder)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Whatever is wrong with the law in here is said of the files of the checkout.

        Raises:
            ConfigError: something was.
        """
        try:
            yield
        except ConfigError as error:
            raise ConfigError(self.plain(str(error))) from None


def held(change: Proposed, path: Path | None, as_proposed: bool, folder: Path) -> Held:
    """The settings that hold, what they name in the checkout being written below ``folder``.

    ``path`` names a settings file (None: bylaw.yaml at the root). One that is no part of the checkout is a central one
    and is read where it is; any other is read as it was before the change, unless ``as_proposed``. A link in the
    checkout is a part of it.

    Raises:
        ConfigError: the file is not there, or it cannot be used.
    """
    place = path or change.after.root / config.FILE_NAME
    file = evidence.inside(change.after.root, place)
    if file is None:
        central = config.read(place)
        refuse(change, "policies.paths", central.policies.paths)
        refuse(change, "waivers.paths", central.waivers.paths)
        base = surroundings.named(central.catalog.base, place.parent)
        return Held(replace(central, catalog=replace(central.catalog, base=base)), None, None, folder)
    place = change.after.root / file
    if as_proposed:
        if path is not None and not place.is_file():
            raise ConfigError(f"{path}: cannot be read; name another file with --config")
        settings, found = config.read(root=place.parent) if path is None else config.read(place), None
    else:
        folder.mkdir(parents=True)
        try:
            found = law.at(change.before, file, folder)
        except ConfigError as error:
            raise ConfigError(
                "\n".join(f"{change.name}: {line}" for line in _plain(str(error), folder).split("\n"))
            ) from None
        if found is None and path is not None:
            raise ConfigError(
                f"{path}: was not there before the change ({change.name}); a change does not bring its own law: merge "
                "the settings first, or name a central file"
            )
        settings = found.settings if found else Settings()
    base = surroundings.named(settings.catalog.base, place.parent)
    return Held(replace(settings, catalog=replace(settings.catalog, base=base)), file, found, folder)


def refuse(change: Proposed, name: str, paths: Iterable[str]) -> None:
    """See that what is read where it is now is no part of the change.

    Raises:
        ConfigError: it is.
    """
    for each in paths:
        inside = evidence.inside(change.after.root, Path(each))
        if inside is not None and evidence.is_known(change, inside):
            raise ConfigError(
                f"{name}: {each} is a part of what is judged, and a change does not bring its own law; name it in the "
                f"{config.FILE_NAME} of the repository, whose paths are read as they were before the change"
            )


def proposed(
    held: Held, change: Proposed, folder: Path, today: date, jobs: int | None, catalog: Callable[[], Catalog]
) -> LawChange | None:
    """What the change makes of the law, and what would differ in a catalog if that held; None: nothing.

    No rule in Python that the change brings is run, and no deadline or limit of its own counts.
    """
    if held.file is None:
        return None
    fault, found = None, None
    folder.mkdir(parents=True)
    try:
        found = law.at(change.after, held.file, folder, python=False)
    except BylawError as error:
        fault = _plain(str(error), folder)
    edited = law.changed(change, held.file, [held.law, found])
    if not edited or fault:
        return LawChange(edited, fault=fault) if edited else None
    from bylaw.impacts import Side

    settings = found.settings if found else Settings()
    root = change.after.root
    base = surroundings.named(settings.catalog.base, (root / held.file).parent)
    settings = replace(settings, catalog=replace(settings.catalog, base=base))
    fresh = _with_earlier_python(found.left_out if found else (), held.folder, folder)
    lines = [
        f"{path} is Python: what a change brings is not run, so people have to read it"
        for path in edited
        if path.endswith(".py")
    ]
    lines += [_plain(each, root) for each in _said((held.settings, held.folder), (settings, folder))]
    bounds = {name: getattr(held.settings.policies, name) for name in ("deadline", "memory")}
    after = replace(settings, policies=replace(settings.policies, **bounds), catalog=held.settings.catalog)
    try:
        impact = pipeline.impact(
            catalog(),
            Side("before", held.settings, held.folder),
            Side("after", after, folder),
            now=today,
            jobs=jobs,
        )
    except BylawError as error:
        if fresh and isinstance(error, ConfigError):
            return LawChange(edited, (*lines, f"what it would do cannot be told: {_plain(str(error), folder)}"))
        return LawChange(edited, tuple(lines), fault=_plain(str(error), folder))
    return LawChange(edited, (*lines, *_rules(impact)), tuple(map(_flip, impact.flips)))


def _with_earlier_python(left_out: Iterable[str], before: Path, after: Path) -> bool:
    """Put the rules in Python that were left out where they were before; whether there are others."""
    fresh = False
    for path in left_out:
        earlier = before / path
        if earlier.is_file():
            (after / path).parent.mkdir(parents=True, exist_ok=True)
            (after / path).write_bytes(earlier.read_bytes())
            with suppress(OSError):  # Python may prefer what the change brings to what it was compiled from
                Path(cache_from_source(str(after / path))).unlink()
        else:
            fresh = True
    return fresh


def _said(*sides: tuple[Settings, Path]) -> list[str]:
    """What the settings say differently, rules apart, and which waivers come and go; each with its folder."""
    before, after = (settings for settings, _ in sides)
    lines = [
        f"{name}: {_shown(one)} -> {_shown(other)}"
        for section, old, new in (
            ("catalog", before.catalog, after.catalog),
            ("policies", before.policies, after.policies),
            ("waivers", before.waivers, after.waivers),
            ("gates.merge", before.gates.merge, after.gates.merge),
        )
        for each in fields(old)
        if (name := f"{section}.{each.name}") not in _APART
        and (one := getattr(old, each.name)) != (other := getattr(new, each.name))
    ]
    limits = reading.limits(before.catalog.limits)
    known: list[dict[str, str]] = []
    for settings, folder in sides:
        try:
            entries = waiver_files.read(settings.waivers.paths, folder, limits)
        except ConfigError as error:
            return [*lines, f"its waivers cannot be used: {_plain(str(error), folder)}"]
        known.append(dict(map(_waiver, entries)))
    old, new = known
    for name in sorted({*old, *new}):
        if name not in old:
            lines.append(f"waiver {name} is added: {new[name]}")
        elif name not in new:
            lines.append(f"waiver {name} is taken away")
        elif old[name] != new[name]:
            lines.append(f"waiver {name} becomes: {new[name]}")
    return lines


def _waiver(entry: Waiver | Broken) -> tuple[str, str]:
    """What an entry is called, and what it says or why it says nothing."""
    if isinstance(entry, Broken):
        return entry.waiver.id, f"nothing that holds: {'; '.join(entry.faults)}"
    until = f"until {entry.expires}" if entry.expires else "without an end"
    said = f"{entry.rule} of {', '.join(entry.entities)}, {until}, approved by {entry.approved_by or 'nobody'}"
    return entry.id, said


def _rules(impact: Impact) -> list[str]:
    """What is said differently of each rule, and what comes of that."""
    from bylaw.reports.impact import words

    return [
        f"{each.rule}: {words.differences(each.differences) or 'findings change'}"
        + (f"; {each.appear:,} findings more, {each.vanish:,} fewer" if each.appear or each.vanish else "")
        for each in impact.rules
    ]


def _flip(flip: Flip) -> tuple[str, str, str, tuple[str, ...]]:
    from bylaw.reports.impact import words

    return words.subject(flip), str(flip.before), str(flip.after), flip.rules


def _shown(value: object) -> str:
    """A setting, as bylaw.yaml would say it, or nearly."""
    return f"{_said_of(value)!r:.{_LONGEST}}"


def _said_of(value: object) -> object:
    """A value without the parts that nobody has set, and without what should be secret in it."""
    if isinstance(value, BaseSettings | RemoteSetting):
        said = {each.name: getattr(value, each.name) for each in fields(value)}
        return {name: _said_of(each) for name, each in said.items() if each is not None}
    if isinstance(value, str):
        return redact(places.without_credentials(value))
    return list(value) if isinstance(value, tuple) else value


def _plain(text: str, folder: Path) -> str:
    """A message without the folder in which the law was put aside."""
    return text.replace(f"{folder}/", "")
