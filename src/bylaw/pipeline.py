"""The order of things. The command line and the server call this and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import catalog as catalogs
from bylaw import config, engine, gates, rules
from bylaw.catalog import Catalog, Kinds, placeholders
from bylaw.graphs import Graph
from bylaw.model import Outcome, Report
from bylaw.sources import files, locate
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bylaw.config import Settings
    from bylaw.model import Finding
    from bylaw.rules import Policies

_NO_WAIVERS = f"sha256:{sha256(b'[]').hexdigest()}"


def _silent(step: str, done: int, total: int) -> None:
    """Nobody is watching."""


def read(
    paths: str | Path | Sequence[str | Path] = ".",
    *,
    settings: Settings | None = None,
    root: str | Path | None = None,
    stdin: bytes | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Catalog:
    """Read catalog files: files, folders, globs, or ``-`` for ``stdin``.

    Without ``settings``, those of ``bylaw.yaml`` in the current folder hold, if there is one. Nothing is read
    outside ``root``: by default the git work tree around the first path. What cannot be read becomes part of
    the catalog as a problem, and a finding of ``check``.

    Raises:
        UsageError: a path does not exist, lies outside the root, or holds no catalog files.
        ConfigError: bylaw.yaml cannot be used.
    """
    settings = settings or config.read()
    found = files.read(
        [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)],
        settings.catalog,
        root=Path(root) if root else None,
        stdin=stdin,
        jobs=jobs,
        progress=lambda done, total: progress("reading", done, total),
    )
    return catalogs.build(
        found.documents,
        Kinds.of(settings.catalog),
        settings.catalog.complete,
        root=found.checkout.root,
        stdin=stdin,
        notes=found.notes,
    )


def graph(catalog: Catalog) -> Graph:
    """The ownership and dependency graph of a catalog."""
    return Graph.build(catalog.entities, catalog.edges())


def check(
    catalog: Catalog,
    *,
    settings: Settings | None = None,
    only: Sequence[str] = (),
    now: date | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int, int], None] = _silent,
) -> Report:
    """Judge every entity of a catalog by every rule, or by the rules whose ids are in ``only``.

    ``now`` is the day of the judgement (today, in UTC): rules and enforcement that know dates go by it.

    Raises:
        ConfigError: a rule, a parameter or an enforcement that does not exist, or a policy that does not
            compile; before anything is judged.
    """
    settings = settings or config.read()
    today = now or datetime.now(UTC).date()
    policies = load_policies(settings, only)
    drawn = graph(catalog)
    found = engine.evaluate(
        catalog,
        drawn,
        policies,
        settings,
        today,
        jobs=jobs,
        progress=lambda done, total: progress("judging", done, total),
    )
    enforced = gates.enforce(
        found,
        settings.enforcement,
        today,
        lambda key: drawn.owners_of(key, effective=True) if key in drawn else (),
    )
    checkout = Checkout(catalog.root, catalog.stdin) if catalog.root else None
    placed = (
        locate.place(enforced, checkout, settings.catalog.limits, jobs=jobs)
        if checkout
        else locate.Placed(enforced, {})
    )
    ordered = tuple(sorted(placed.findings, key=lambda finding: finding.order))
    named = {finding.entity for finding in ordered if finding.entity and finding.entity in drawn}
    return Report(
        gate="check",
        decision=gates.decide(ordered),
        findings=ordered,
        rules={rule.id: rule.info for rule in policies.rules},
        engine=engine.NAME,
        entities=len(catalog.entities),
        files=len({document.path for document in catalog.documents}),
        catalog_digest=catalog.digest(),
        policies_digest=policies.digest,
        waivers_digest=_NO_WAIVERS,
        complete=catalog.complete,
        completeness=catalog.completeness,
        owners={key: drawn.owners_of(key, effective=False) for key in sorted(named)},
        lines=placed.lines,
        notes=(*catalog.notes, *_notes(catalog, ordered)),
    )


def load_policies(settings: Settings | None = None, only: Sequence[str] = ()) -> Policies:
    """The rules that the settings ask for, compiled and checked.

    Raises:
        ConfigError: as ``check`` does.
    """
    policies = rules.load(settings or config.read())
    if any(not module.bundled for module in policies.modules):  # those that come with bylaw have been checked
        engine.check(policies.modules)
    if not only:
        return policies
    wanted = {policies.find(each).id for each in only}
    return replace(policies, rules=tuple(rule for rule in policies.rules if rule.id in wanted))


def _notes(catalog: Catalog, findings: Sequence[Finding]) -> list[str]:
    skeletons = sorted({document.path or "" for document in catalog.documents if catalogs.is_skeleton(document.data)})
    notes = []
    if not catalog.entities:
        notes.append("no entity was read: say where the catalog files are in catalog.paths of bylaw.yaml")
    if skeletons:
        what = "1 scaffolder skeleton" if len(skeletons) == 1 else f"{len(skeletons)} scaffolder skeletons"
        notes.append(f"{what} not judged, being no entity yet (its name is an expression): {_first(skeletons)}")
    unknown = [finding.rule for finding in findings if finding.outcome is Outcome.UNKNOWN]
    fetched = unknown.count(placeholders.RULE)
    if fetched:
        what = (
            "1 placeholder names a URL, and what it stands"
            if fetched == 1
            else (f"{fetched} placeholders name URLs, and what they stand")
        )
        notes.append(f"{what} for was not judged: bylaw fetches nothing")
    outside = len(unknown) - fetched
    if outside:
        what = "1 reference leads" if outside == 1 else f"{outside} references lead"
        notes.append(
            f"{what} outside the files read and cannot be judged; "
            "read the whole catalog, or set catalog.complete, to settle that"
        )
    return notes


def _first(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
