"""One frozen state of everything that a verdict depends on: a request is answered from one, from start to end."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from bylaw import catalog as catalogs
from bylaw import config, engine, pipeline
from bylaw.errors import BylawError
from bylaw.model import Digests, Document
from bylaw.serving import origins, proposed
from bylaw.serving.recipe import Recipe, RefreshError, Same
from bylaw.sources import backstage, named, reading, snapshot, surroundings, waiver_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bylaw.admission.gatekeeper import Constraints
    from bylaw.catalog import Catalog
    from bylaw.config import Settings
    from bylaw.graphs import Graph
    from bylaw.model import Waiver
    from bylaw.rules import Policies
    from bylaw.serving.origins import Origin
    from bylaw.sources.waiver_files import Broken

__all__ = ["Generation", "Same", "load"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What the workers of one zygote answer from."""

    settings: Settings
    catalog: Catalog
    graph: Graph
    policies: Policies
    waivers: tuple[Waiver | Broken, ...]
    constraints: Constraints | None
    """What judges Kubernetes objects; None where the settings name nothing that does."""
    snapshot: Path
    """The catalog as a file, as ``GET /v1/snapshot`` gives it."""
    made: datetime
    """When the catalog was read from its source."""
    digests: Digests
    engine: str
    source: str
    """Where the catalog was read, in words."""


def load(recipe: Recipe, environment: Mapping[str, str] | None = None) -> tuple[Generation, str] | Same:
    """Make a generation, with its fingerprint; or find that it would be the one before.

    ``environment`` holds the tokens of the sources and says what CI does, by default that of the process.

    Raises:
        RefreshError: a source cannot be had or is not believed, or the settings, a policy or a waiver file cannot be
            used.
    """
    try:
        return _load(recipe, os.environ if environment is None else environment)
    except RefreshError:
        raise
    except BylawError as error:
        raise RefreshError(str(error), error.exit_code) from None


def _load(recipe: Recipe, environment: Mapping[str, str]) -> tuple[Generation, str] | Same:
    settings = _settings(recipe)
    policies = pipeline.load_policies(settings)
    constraints = _constraints(settings)
    evaluator = engine.name(settings)
    origin = origins.find(recipe, settings, environment)
    waivers = waiver_files.read(settings.waivers.paths, origin.root, reading.limits(settings.catalog.limits))
    known = constraints.digest if constraints else ""
    digests = Digests("", policies.digest, waiver_files.digest(waivers), known, _digest(settings))
    law = _hash([repr((digests, evaluator, settings, waivers))])
    at_once, whole = _parts(recipe.known)
    stamp = origin.stamp and _hash([law, origin.stamp, orjson.dumps((recipe.pushed, recipe.deleted))])
    if stamp and stamp == at_once:
        return Same(origin.made, recipe.known)
    catalog = origin.read()
    if recipe.pushed or recipe.deleted:
        catalog = _laid(catalog, recipe, settings)
    _believe(catalog, origin, recipe)
    digests = replace(digests, catalog=catalog.digest())
    found = _hash([law, digests.catalog, _beside_entities(catalog)])
    fingerprint = f"{stamp}/{found}"
    if found == whole:
        return Same(origin.made, fingerprint)
    generation = Generation(
        settings=settings,
        catalog=catalog,
        graph=pipeline.graph(catalog),
        policies=policies,
        waivers=waivers,
        constraints=constraints,
        snapshot=_written(catalog, origin, recipe),
        made=origin.made,
        digests=digests,
        engine=evaluator,
        source=origin.name,
    )
    return generation, fingerprint


def _believe(catalog: Catalog, origin: Origin, recipe: Recipe) -> None:
    """See that a catalog has as many entities as it should.

    Raises:
        RefreshError: it has fewer.
    """
    count = len(catalog.entities)
    if not count:
        raise RefreshError(
            f"{origin.name}: a catalog of no entity is not believed: say where the catalog is, in PATHS or in "
            "catalog.base of bylaw.yaml"
        )
    if count < recipe.least:
        raise RefreshError(
            f"{origin.name}: has {'1 entity' if count == 1 else f'{count:,} entities'}, expected at least "
            f"{recipe.least:,} (server.most_lost); if that many are gone indeed, raise it or start the server again"
        )


def _written(catalog: Catalog, origin: Origin, recipe: Recipe) -> Path:
    """The catalog as a file, which is there already where it was read from one."""
    if origin.file and not (recipe.pushed or recipe.deleted):
        try:
            shutil.copyfile(origin.file, recipe.file)
        except OSError as error:
            raise RefreshError(f"{recipe.file}: cannot be written ({error.strerror})") from None
    else:
        snapshot.write(
            recipe.file,
            catalog,
            repository=origin.repository,
            commit=origin.commit,
            made=origin.made,
            source=origin.told,
        )
    return recipe.file


def _settings(recipe: Recipe) -> Settings:
    """The settings with what was asked for besides; the base, where it is a file, stands beside them."""
    if recipe.config is not None:
        place = Path(recipe.config)
    else:
        place = Path(config.FILE_NAME)
        if not place.is_file():
            root = Path(recipe.root) if recipe.root else None
            place = named.checkout(list(recipe.paths) or ["."], root).root / place
    settings = config.read(Path(recipe.config) if recipe.config is not None else None, root=place.parent)
    base = surroundings.named(settings.catalog.base, place.parent)
    complete = True if base.git and settings.catalog.complete == "auto" else settings.catalog.complete
    return replace(
        settings,
        catalog=replace(settings.catalog, base=base, complete=complete),
        policies=replace(settings.policies, paths=(*settings.policies.paths, *recipe.policies)),
    )


def _laid(catalog: Catalog, recipe: Recipe, settings: Settings) -> Catalog:
    """The catalog with what was pushed in place of what the sources say."""
    written = [
        (entity, backstage.as_written(entity) if catalogs.address(entity) else None)
        for entity in map(dict, recipe.pushed)
    ]
    come = [
        replace(document, url=url)
        for document, (_, url) in zip(
            proposed.documents((entity for entity, _ in written), settings.catalog.limits), written, strict=True
        )
    ]
    gone = {*recipe.deleted, *map(_ref, come)} - {""}
    stay = [each for each in catalog.documents if _ref(each) not in gone]
    made = catalogs.build(
        [*stay, *come],
        catalog.kinds,
        catalog.complete,
        root=catalog.root,
        notes=catalog.notes,
        folders=catalog.folders,
    )
    return replace(made, completeness=catalog.completeness)


def _ref(document: Document) -> str:
    """The ref of a document; empty for one that has none."""
    return str(catalogs.address(document.data) or "")


def _constraints(settings: Settings) -> Constraints | None:
    admission = settings.admission
    if not (admission.paths or admission.bundled):
        return None
    from bylaw.admission.gatekeeper import Constraints

    return Constraints.load(
        admission.paths, admission.inventory, point=admission.enforcement_point, bundled=admission.bundled
    )


def _digest(settings: Settings) -> str:
    """Of what a verdict depends on in the settings, beside policies and waivers."""
    catalog, waivers, admission = settings.catalog, settings.waivers, settings.admission
    said = {
        "enforcement": settings.enforcement,
        "gates": settings.gates,
        "waivers": [waivers.max_days, waivers.approvers],
        "admission": admission.enforcement_point,
        "catalog": [catalog.complete, catalog.ai_model, catalog.kinds, catalog.limits],
    }
    return f"sha256:{_hash([orjson.dumps(said, option=orjson.OPT_SORT_KEYS)])}"


def _parts(fingerprint: str) -> tuple[str, str]:
    """Of a fingerprint what can be told before a catalog is read, where anything can, and what can be told then."""
    at_once, _, whole = fingerprint.partition("/")
    return at_once, whole


def _beside_entities(catalog: Catalog) -> str:
    """What the digest does not say: where documents stand, what is wrong with them, and those that are no entity."""
    entities = {id(each.document) for each in catalog.entities.values()}
    told = (
        repr((each.path, each.index, each.url, each.problems, None if id(each) in entities else each.data))
        for each in catalog.documents
    )
    return _hash(chain([repr((catalog.complete, catalog.completeness, catalog.notes))], told))


def _hash(said: Iterable[str | bytes]) -> str:
    """A digest of texts, in which each begins and ends where it does."""
    total = hashlib.sha256()
    for each in said:
        text = each.encode("utf-8", "surrogatepass") if isinstance(each, str) else each
        total.update(len(text).to_bytes(8) + text)
    return total.hexdigest()
