"""Judge one fixture folder by its rule alone, as ``bylaw check`` would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bylaw import config, pipeline
from bylaw.config import EnforcementSettings, PolicySettings, Settings
from bylaw.errors import ConfigError
from bylaw.model import Outcome
from bylaw.policy_tests import expected
from bylaw.policy_tests.layout import CATALOG, EXPECTED, Fixture
from bylaw.policy_tests.marks import marks
from bylaw.policy_tests.results import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from bylaw.catalog import Catalog
    from bylaw.model import Report


@dataclass(frozen=True, slots=True)
class Judged:
    """How a fixture went, and what it was judged with."""

    trial: Trial
    may_fail: bool
    """Whether it expects a finding."""
    catalog: Catalog
    settings: Settings
    now: date


def judge(fixture: Fixture, settings: Settings) -> Judged:
    """Read the folder's catalog and compare the rule's findings with those expected.

    Nothing is read outside the folder. The rule has its default parameters and the settings of the catalog
    are the defaults, unless a ``bylaw.yaml`` in the folder says otherwise; ``settings`` gives the policies
    and the extra kinds.

    Raises:
        ConfigError: ``expected.yaml`` or ``bylaw.yaml`` of the folder cannot be used.
    """
    wanted = expected.read(fixture.folder / EXPECTED)
    own = _settings(fixture, settings)
    root = fixture.folder.resolve()
    catalog = pipeline.read([root / CATALOG], settings=own, root=root, jobs=1)
    report = pipeline.check(catalog, settings=own, only=[fixture.rule.id], now=wanted.now, jobs=1)
    found = [expected.said(each) for each in report.findings]
    details = expected.differences(wanted.findings, found) or list(_convention(root, catalog, report))
    outcome = Outcome.PASS
    if details:
        unanswered = report.count(Outcome.ERROR) and all(each["outcome"] != Outcome.ERROR for each in wanted.findings)
        outcome = Outcome.ERROR if unanswered else Outcome.FAIL
    trial = Trial(fixture.folder.name, fixture.folder.as_posix(), outcome, tuple(details))
    return Judged(trial, bool(wanted.findings), catalog, own, wanted.now)


def _settings(fixture: Fixture, settings: Settings) -> Settings:
    path = fixture.folder / config.FILE_NAME
    own = config.read(path) if path.is_file() else Settings()
    if own.policies != PolicySettings() or own.enforcement != EnforcementSettings():
        raise ConfigError(f"{path}: the settings of a fixture are those of catalog and parameters alone")
    kinds = (*settings.catalog.kinds, *own.catalog.kinds)
    return replace(
        own,
        policies=settings.policies,
        catalog=replace(own.catalog, kinds=kinds, ai_model=settings.catalog.ai_model),
    )


def _convention(root: Path, catalog: Catalog, report: Report) -> Iterator[str]:
    """The documents whose mark and findings do not agree."""
    found = {each.document.order for each in report.findings if each.document}
    for document in catalog.documents:
        path, index = document.order
        said = marks((root / path).read_text(encoding="utf-8", errors="replace"))
        mark = said[index] if index < len(said) else None
        who = f"document {index + 1} of {path}"
        if mark is None:
            yield f"unmarked    {who}: expected a comment `# OK` or `# NOT OK: why`"
        elif mark and document.order in found:
            yield f"mismarked   {who} says OK, but the rule finds something in it"
        elif not mark and document.order not in found:
            yield f"mismarked   {who} says NOT OK, but the rule finds nothing in it"
