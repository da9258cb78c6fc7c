"""Judge one fixture folder by its rule alone, as ``bylaw check`` would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bylaw import config, pipeline
from bylaw.catalog import address
from bylaw.config import EnforcementSettings, PolicySettings, Settings
from bylaw.engine import data
from bylaw.errors import ConfigError
from bylaw.model import Outcome
from bylaw.policy_tests import expected
from bylaw.policy_tests.layout import CATALOG, EXPECTED, Fixture
from bylaw.policy_tests.marks import marks
from bylaw.policy_tests.results import Trial
from bylaw.rules import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from bylaw.catalog import Catalog, ChangeSet
    from bylaw.model import Report
    from bylaw.rules import Policies, Rule


@dataclass(frozen=True, slots=True)
class Judged:
    """How a fixture went, and what it was judged with."""

    trial: Trial
    wanted: tuple[expected.Said, ...]
    """The findings that it expects."""
    catalog: Catalog
    settings: Settings
    policies: Policies
    now: date
    change_set: ChangeSet | None = None

    def inputs(self, rule: Rule) -> list[tuple[str, bytes]]:
        """Every ``input`` that a Rego rule judges here, with the ref of the entity that it is about."""
        if rule.subject == "change" and self.change_set:
            changes = [each for each in self.change_set.changes if rule.applies_to_change(each)]
            return [(each.entity.key, data.change(each, self.change_set)) for each in changes]
        return [(each.key, data.document(each)) for each in self.catalog.entities.values() if rule.applies(each)]

    def data(self) -> bytes:
        """``data`` as the rule sees it here."""
        return data.whole(self.catalog, pipeline.graph(self.catalog), self.policies, self.now, self.change_set)


def judge(fixture: Fixture, settings: Settings) -> Judged:
    """Read the folder's catalog, or its two states, and compare the rule's findings with those expected.

    Nothing is read outside the folder. The rule has its default parameters and the settings of the catalog
    are the defaults, unless a ``bylaw.yaml`` in the folder says otherwise; ``settings`` gives the policies
    and the extra kinds.

    Raises:
        ConfigError: ``expected.yaml`` or ``bylaw.yaml`` of the folder cannot be used.
    """
    wanted = expected.read(fixture.folder / EXPECTED)
    own = _settings(fixture, settings)
    roots = [each.resolve() for each in fixture.states]
    *before, catalog = (pipeline.read([root / CATALOG], settings=own, root=root, jobs=1) for root in roots)
    report = pipeline.check(
        catalog,
        settings=own,
        only=[fixture.rule.id],
        now=wanted.now,
        before=before[0] if before else None,
        actor=wanted.actor,
        approvers=wanted.approvers,
        jobs=1,
    )
    found = [expected.said(each) for each in report.findings]
    details = expected.differences(wanted.findings, found)
    if not details:
        details = [line for each in (*before, catalog) for line in _convention(each, report, catalog)]
    outcome = Outcome.PASS
    if details:
        unanswered = report.count(Outcome.ERROR) and all(each["outcome"] != Outcome.ERROR for each in wanted.findings)
        outcome = Outcome.ERROR if unanswered else Outcome.FAIL
    trial = Trial(fixture.folder.name, fixture.folder.as_posix(), outcome, tuple(details))
    change_set = pipeline.changes(before[0], catalog, wanted.actor, wanted.approvers) if before else None
    return Judged(trial, wanted.findings, catalog, own, load(own), wanted.now, change_set)


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


def _convention(catalog: Catalog, report: Report, proposed: Catalog) -> Iterator[str]:
    """The documents whose mark and findings do not agree. As they were before a change, only those that go have one."""
    root = catalog.root
    found = {id(each.document) for each in report.findings}
    for document in catalog.documents:
        path, index = document.order
        if root is None or (catalog is not proposed and str(address(document.data)) in proposed.entities):
            continue
        said = marks((root / path).read_text(encoding="utf-8", errors="replace"))
        mark = said[index] if index < len(said) else None
        who = f"document {index + 1} of {path}"
        if mark is None:
            yield f"unmarked    {who}: expected a comment `# OK` or `# NOT OK: why`"
        elif mark and id(document) in found:
            yield f"mismarked   {who} says OK, but the rule finds something in it"
        elif not mark and id(document) not in found:
            yield f"mismarked   {who} says NOT OK, but the rule finds nothing in it"
