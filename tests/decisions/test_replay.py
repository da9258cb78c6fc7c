"""Decisions made again: the same law gives the same answer, another one shows what flips."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bylaw.decisions.replay import Differing, Flip, Replayed, UnanswerableError, replay
from bylaw.model import Decided, Decision
from bylaw.store import Gap, Row, chain
from tests.store.making import DIGESTS, LIFECYCLE, OWNED, decided

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALLOWED, DENIED, UNDECIDED = Decision.ALLOWED, Decision.DENIED, Decision.UNDECIDED
OTHER = replace(DIGESTS, policies="sha256:other")


def answering(decision: Decision, *rules: str) -> Callable[[Row], Mapping[str, Any]]:
    return lambda row: {"decision": decision.value, "rules": list(rules)}


ALLOWING = answering(ALLOWED)


def again(*entries: Decided | Gap, answer: Callable[[Row], Mapping[str, Any]] = ALLOWING) -> Replayed:
    rows = [Row(seq, each, chain.text(each), "", "") for seq, each in enumerate(entries, 1)]
    return replay(rows, answer, digests=DIGESTS, engine="regorus 0.13.0")


def expected(**more: Any) -> Replayed:
    return Replayed(DIGESTS, "regorus 0.13.0", **more)


def test_the_same_law_gives_the_same_answer() -> None:
    denied = decided(1, decision=DENIED, rules=(LIFECYCLE, OWNED))
    assert again(denied, answer=answering(DENIED, OWNED, LIFECYCLE)) == expected(rows=1, same=1)


def test_another_decision_by_the_same_law_differs() -> None:
    denied = decided(1, decision=DENIED, rules=(OWNED,), engine="regorus 0.12.0")
    row = Differing(1, "d-1", "component:default/orders", DENIED, ALLOWED, (OWNED,), (), "regorus 0.12.0")
    assert again(denied) == expected(rows=1, differing=[row])


def test_another_rule_by_the_same_law_differs_though_the_decision_does_not() -> None:
    denied = decided(1, decision=DENIED, rules=(OWNED,))
    row = Differing(1, "d-1", "component:default/orders", DENIED, DENIED, (OWNED,), (LIFECYCLE,), "regorus 0.13.0")
    assert again(denied, answer=answering(DENIED, LIFECYCLE)) == expected(rows=1, differing=[row])


def test_what_differs_where_something_was_masked_is_no_proof() -> None:
    masked = decided(1, input={"request": {"uid": "[masked]"}})
    row = Differing(1, "d-1", "component:default/orders", ALLOWED, DENIED, (), (OWNED,), "regorus 0.13.0")
    assert again(masked, answer=answering(DENIED, OWNED)) == expected(rows=1, masked=1, unclear=[row])
    assert again(masked) == expected(rows=1, masked=1, same=1)


def test_another_law_shows_what_flips_by_subject_and_rule() -> None:
    found = again(
        decided(1, digests=OTHER, decision=DENIED, rules=(LIFECYCLE, OWNED)),
        decided(2, digests=OTHER, decision=DENIED, rules=(LIFECYCLE, OWNED)),
        decided(3, digests=OTHER, decision=DENIED, rules=(OWNED,), subject="component:default/pay"),
        decided(4, digests=OTHER, rules=(OWNED,)),
        answer=answering(ALLOWED, LIFECYCLE),
    )
    flips = Counter(
        {
            Flip("component:default/orders", (OWNED,), DENIED, ALLOWED): 2,
            Flip("component:default/pay", (LIFECYCLE, OWNED), DENIED, ALLOWED): 1,
        }
    )
    assert found == expected(rows=4, kept=1, flips=flips, others=Counter(policies=4))


def test_another_enforcement_of_the_same_rule_names_that_rule() -> None:
    denied = decided(1, decision=DENIED, rules=(OWNED,), digests=replace(OTHER, catalog="sha256:older"))
    flips = Counter({Flip("component:default/orders", (OWNED,), DENIED, ALLOWED): 1})
    others = Counter(policies=1, catalog=1)
    assert again(denied, answer=answering(ALLOWED, OWNED)) == expected(rows=1, flips=flips, others=others)


def test_what_cannot_be_made_again_is_counted_and_said() -> None:
    def answer(row: Row) -> Mapping[str, Any]:
        raise UnanswerableError("are of the gate opa, which does not decide here")

    found = again(
        decided(1, input=None),
        decided(2, decision=UNDECIDED, reason="the deadline passed"),
        Gap("t", "s", 12, "too many waited"),
        decided(3, gate="opa"),
        decided(4, gate="opa"),
        answer=answer,
    )
    why = Counter({"are of the gate opa, which does not decide here": 2})
    assert found == expected(rows=5, without_input=1, never_made=1, lost=12, unanswerable=why)


def test_what_a_rule_left_undecided_is_made_again() -> None:
    assert again(decided(1, decision=UNDECIDED), answer=answering(UNDECIDED)) == expected(rows=1, same=1)


def test_not_every_row_that_differs_is_told() -> None:
    found = again(*[decided(number) for number in range(1_500)], answer=answering(DENIED))
    assert (len(found.differing), found.more) == (1_000, 500)
