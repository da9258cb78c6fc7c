"""The two states that a change leads between, where it is laid over a catalog that is not read in full."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import pipeline
from bylaw.affected import Laid, Touch
from bylaw.errors import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from bylaw.affected import State
    from bylaw.catalog import Catalog
    from bylaw.config import Settings
    from bylaw.sources.surroundings import Surroundings


def of_files(
    over: Surroundings, before: Catalog, after: Catalog, settings: Settings, repository: str | None
) -> tuple[State, State, Touch]:
    """The states where files of a repository differ: what the base has of these files is replaced.

    Raises:
        UndecidedError: the base does not tell the entities of this repository from those of others.
    """
    _told_apart(over, before, repository or settings.catalog.repository)
    paths = {*before.paths, *after.paths}
    replaced = over.located(paths)
    asked = pipeline.folders(settings) or not after.documents  # it takes time, and only one rule wants to know
    elsewhere = tuple(path for path in over.files() if path not in paths) if asked else ()
    complete = settings.catalog.complete
    verdict = None if complete == "auto" else (complete, f"catalog.complete is {str(complete).lower()}")
    return (
        Laid(over, replaced, before, complete=verdict, paths=elsewhere),
        Laid(over, replaced, after, complete=verdict, paths=elsewhere),
        Touch.of([*before.documents, *after.documents], all_of_it=not settings.gates.merge.only_new),
    )


def of_entities(over: Surroundings, after: Catalog, removed: Collection[str] = ()) -> tuple[State, State, Touch]:
    """The states where a change is no more than some entities: what bears their refs in the base is replaced."""
    refs = {*after.entities, *removed}
    replaced = [entity.document for entity in over.entities(refs).values()]
    replaced += chain.from_iterable(over.duplicates(refs).values())
    nothing = catalogs.build([], after.kinds, over.complete)
    before = Laid(over, [], nothing)
    return before, Laid(over, replaced, after), Touch.of([*replaced, *after.documents])


def _told_apart(over: Surroundings, before: Catalog, said: str | None) -> None:
    """See that the base tells the entities of this repository from those of others.

    Raises:
        UndecidedError: it has some of them, and not as ours: whatever the change did to them would not be seen.
    """
    borne = over.entities(before.entities)
    if not borne or over.has_ours:
        return
    key, entity = min(borne.items())
    where = entity.document.url or entity.document.path
    raise UndecidedError(
        f"{over.name}: has {key} from {where}, and nothing from this repository"
        f"{f' ({said})' if said else ', whose address nobody says'}: if that is this one, name its address with "
        "--repository or in catalog.repository; if not, it is defined twice"
    )
