"""The chain of hashes: nothing is changed, moved or taken out unseen."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.model import Decided, Decision
from bylaw.store import Gap, Head, chain
from tests.store.making import OWNED, decided

if TYPE_CHECKING:
    from collections.abc import Sequence

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
decisions = st.builds(
    decided,
    st.integers(0, 99),
    id=texts,
    gate=texts,
    caller=texts,
    subject=texts,
    decision=st.sampled_from(Decision),
    rules=st.lists(texts, max_size=3).map(tuple),
    duration=st.floats(0, 1e6),
    input=st.none() | st.dictionaries(texts, values, max_size=3),
)
gaps = st.builds(Gap, texts, texts, st.integers(1, 2**40), texts)


def records(entries: Sequence[Decided | Gap]) -> list[chain.Record]:
    """The rows of a log."""
    found: list[chain.Record] = []
    before = chain.START
    for seq, entry in enumerate(entries, 1):
        text = chain.text(entry)
        own = chain.link(seq, before, text)
        found.append((seq, text, before, own, chain.keys(entry)))
        before = own
    return found


def head(rows: Sequence[chain.Record]) -> Head:
    return Head(rows[-1][0], rows[-1][3]) if rows else Head(0, chain.START)


def faults(rows: Sequence[chain.Record], end: Head, noted: str | None = None) -> list[str]:
    return [each.message for each in chain.verify(rows, lambda: end, noted)]


SIX = records([decided(number) for number in range(1, 7)])


def test_a_hash_is_made_as_the_documentation_says() -> None:
    seq, text, before, own, _ = records([decided(rules=(OWNED,), input={"b": 1, "a": ["ü"]})])[0]
    assert text == (
        '{"caller":"ci","decision":"allowed","digests":{"catalog":"sha256:cat","constraints":"sha256:con",'
        '"policies":"sha256:pol","settings":"","waivers":"sha256:wai"},"duration":0.0021,"engine":"regorus 0.13.0",'
        '"gate":"check","id":"d-1","input":{"a":["ü"],"b":1},"input_digest":"sha256:asked","kind":"decision","reason":"",'
        '"rules":["ownership/owner-unknown"],"subject":"component:default/orders",'
        '"time":"2026-11-21T09:00:01.000000Z","trace":""}'
    )
    assert (seq, before) == (1, "sha256:" + "0" * 64)
    assert own == "sha256:" + hashlib.sha256(b"1\n" + before.encode() + b"\n" + text.encode()).hexdigest()


@given(decisions | gaps)
def test_an_entry_comes_back_from_its_text(entry: Decided | Gap) -> None:
    assert chain.entry(chain.text(entry)) == entry


@given(st.lists(decisions | gaps, max_size=6))
def test_a_log_as_it_was_written_is_whole(entries: list[Decided | Gap]) -> None:
    rows = records(entries)
    assert faults(rows, head(rows)) == []
    assert all(faults(rows, head(rows), noted=each[3]) == [] for each in rows)


@given(st.lists(decisions | gaps, min_size=1, max_size=6), st.data())
def test_whatever_is_changed_in_a_row_is_found(entries: list[Decided | Gap], data: st.DataObject) -> None:
    rows = records(entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    seq, text, before, own, keys = rows[place]
    other = data.draw(
        st.sampled_from(
            [
                (seq, text + " ", before, own, keys),
                (seq, text, own, own, keys),
                (seq, text, before, before, keys),
                (seq, text, before, own, (*keys[:5], f"{keys[5]}x")),
                (seq, text, before, own, ("another", *keys[1:])) if keys[0] != "another" else (seq, "", "", "", keys),
            ]
        )
    )
    changed = [*rows[:place], other, *rows[place + 1 :]]
    assert faults(changed, head(rows)) != []


@given(st.lists(decisions, min_size=1, max_size=6), st.data())
def test_whatever_is_taken_out_is_found(entries: list[Decided | Gap], data: st.DataObject) -> None:
    rows = records(entries)
    kept = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)).filter(lambda each: not all(each)))
    left = [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]
    assert faults(left, head(rows)) != []


@given(st.permutations(range(6)))
def test_whatever_is_put_into_another_order_is_found(order: list[int]) -> None:
    moved = [(seq, *SIX[place][1:]) for seq, place in enumerate(order, 1)]
    assert (faults(moved, head(SIX)) == []) == (order == sorted(order))


def test_rows_that_are_written_while_the_log_is_verified_are_no_fault() -> None:
    heads = iter([Head(4, SIX[3][3]), head(SIX)])
    assert list(chain.verify(SIX, lambda: next(heads))) == []


def test_rows_beyond_the_head_are_a_fault_when_nothing_is_written() -> None:
    told = "rows 5 to 6 are beyond the head record, which says that 4 were written: put in, or set back"
    assert faults(SIX, Head(4, SIX[3][3])) == [told]


def test_a_row_that_moved_far_is_said_to_be_changed() -> None:
    rows = records([decided()] * 1_500)
    moved = (1_500, *rows[0][1:])
    assert faults([*rows[:-1], moved], head(rows))[0].startswith("row 1500 was changed: it says that its hash is ")


def test_not_every_row_of_a_ruined_log_is_told() -> None:
    ruined = [(seq, text, before, "sha256:x", keys) for seq, text, before, _, keys in records([decided()] * 300)]
    told = faults(ruined, Head(300, "sha256:x"))
    assert len(told) == 101
    assert told[-1] == "200 more faults are not told"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("component:default/orders", "component:default/orders"),
        ("a\0b", "a\\0b"),
        ("\ud800", "?"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "…" + hashlib.sha256(b"x" * 201).hexdigest()),
    ],
)
def test_a_row_is_found_by_a_text_of_bounded_length(value: str, key: str) -> None:
    assert chain.key(value) == key


@pytest.mark.parametrize("input", [{"n": 2**64}, {"n": [1, 2**70]}, {1: "x"}, {"x": "\ud800"}])
def test_what_json_does_not_know_is_said_as_well_as_can_be(input: Any) -> None:
    text = chain.text(decided(input=input))
    assert chain.text(chain.entry(text)) == text
