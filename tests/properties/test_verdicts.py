"""What must be true of every verdict, whatever the findings are."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.config import EnforcementSettings, Level
from bylaw.gates import decide, enforce
from bylaw.model import Decision, Enforcement, Finding, Outcome, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

TODAY = date(2026, 6, 15)
RULES = st.sampled_from(["a/b", "a/c", "d/e"])
ENTITIES = st.sampled_from([None, "component:default/orders", "component:default/cart"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        pointer=st.just("/spec"),
        message=st.just("wrong"),
        outcome=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR]),
        rule=RULES,
        severity=st.sampled_from(Severity),
        entity=ENTITIES,
    ),
    max_size=6,
)
LEVELS = st.sampled_from(Enforcement)
STAGES = st.lists(
    st.builds(
        Level,
        LEVELS,
        st.sampled_from([None, date(2026, 6, 14), TODAY, date(2026, 6, 16)]),
        st.sampled_from([(), ("team-a",), ("team-b", "dept")]),
    ),
    max_size=3,
).map(tuple)
SETTINGS = st.builds(
    EnforcementSettings,
    st.sampled_from(["by_severity", "off", "observe", "warn", "deny"]),
    st.dictionaries(RULES, LEVELS | STAGES, max_size=3),
)
OWNERS = {
    "component:default/orders": ("group:default/team-a", "group:default/dept"),
    "component:default/cart": ("group:default/team-b",),
}


def judged(findings: Iterable[Finding], settings: EnforcementSettings) -> list[Finding]:
    return enforce(findings, settings, TODAY, OWNERS.__getitem__)


def denying(finding: Finding) -> bool:
    return finding.outcome is Outcome.FAIL and finding.enforcement is Enforcement.DENY


@settings(deadline=None)
@given(findings=FINDINGS, settings=SETTINGS, data=st.data())
def test_order_and_duplicates_do_not_matter(
    findings: list[Finding], settings: EnforcementSettings, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(findings + findings))

    assert decide(judged(shuffled, settings)) is decide(judged(findings, settings))


@settings(deadline=None)
@given(findings=FINDINGS, settings=SETTINGS)
def test_error_is_never_allow(findings: list[Finding], settings: EnforcementSettings) -> None:
    enforced = judged(findings, settings)

    if any(each.outcome is Outcome.ERROR for each in enforced):
        assert decide(enforced) is not Decision.ALLOWED


@settings(deadline=None)
@given(findings=FINDINGS, settings=SETTINGS)
def test_deny_trumps_allow(findings: list[Finding], settings: EnforcementSettings) -> None:
    enforced = judged(findings, settings)

    assert (decide(enforced) is Decision.DENIED) is any(map(denying, enforced))


@settings(deadline=None)
@given(findings=FINDINGS, more=FINDINGS, settings=SETTINGS)
def test_adding_a_failing_rule_never_allows(
    findings: list[Finding], more: list[Finding], settings: EnforcementSettings
) -> None:
    worse_last = [Decision.ALLOWED, Decision.UNDECIDED, Decision.DENIED]
    before, after = decide(judged(findings, settings)), decide(judged(findings + more, settings))

    assert worse_last.index(after) >= worse_last.index(before)


@settings(deadline=None)
@given(findings=FINDINGS, settings=SETTINGS)
def test_only_off_takes_a_finding_away(findings: list[Finding], settings: EnforcementSettings) -> None:
    kept = judged(findings, settings)

    assert Enforcement.OFF not in {each.enforcement for each in kept}
    if settings.default != "off" and not any(
        said is Enforcement.OFF or (isinstance(said, tuple) and any(each.level is Enforcement.OFF for each in said))
        for said in settings.rules.values()
    ):
        assert len(kept) == len(findings)


@settings(deadline=None)
@given(findings=FINDINGS, settings=SETTINGS)
def test_each_finding_is_judged_as_if_it_were_alone(findings: list[Finding], settings: EnforcementSettings) -> None:
    assert judged(findings, settings) == [each for one in findings for each in judged([one], settings)]
