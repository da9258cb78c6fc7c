"""How often callers may come."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.callers import LOCAL, Caller, Refused
from bylaw.callers.limits import ATTEMPTS, Limits

CI = Caller("ci", frozenset(), rate=2.0, concurrent=3)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def call(limits: Limits, caller: Caller = CI) -> Refused | None:
    try:
        with limits.enter(caller):
            return None
    except Refused as refused:
        return refused


def test_a_caller_may_come_as_often_as_it_may_and_is_then_told_when_to_come_again(clock: Clock) -> None:
    limits = Limits(clock)
    assert [call(limits), call(limits)] == [None, None]
    refused = call(limits)
    assert refused is not None
    assert (refused.status, refused.detail, refused.headers) == (
        429,
        "ci may make 2 requests a second",
        {"Retry-After": "1"},
    )
    clock.now += 0.5
    assert call(limits) is None
    assert call(limits) is not None


def test_a_slow_caller_is_told_the_whole_time(clock: Clock) -> None:
    slow = Caller("slow", frozenset(), rate=0.1)
    limits = Limits(clock)
    assert call(limits, slow) is None
    clock.now += 2.5
    refused = call(limits, slow)
    assert refused is not None
    assert refused.headers == {"Retry-After": "8"}


def test_a_caller_may_have_so_many_requests_at_once(clock: Clock) -> None:
    limits = Limits(clock)
    busy = Caller("busy", frozenset(), rate=100.0, concurrent=2)
    with ExitStack() as stack:
        stack.enter_context(limits.enter(busy))
        stack.enter_context(limits.enter(busy))
        refused = call(limits, busy)
        assert refused is not None
        assert (refused.status, refused.detail) == (429, "busy has 2 requests here; it may have no more at a time")
        assert call(limits, Caller("other", frozenset(), rate=100.0, concurrent=2)) is None
    assert call(limits, busy) is None


def test_a_request_that_fails_is_over_too(clock: Clock) -> None:
    limits = Limits(clock)
    one = Caller("one", frozenset(), rate=100.0, concurrent=1)
    with pytest.raises(ValueError, match="oh"), limits.enter(one):
        raise ValueError("oh")
    assert call(limits, one) is None


def test_one_caller_takes_nothing_from_another(clock: Clock) -> None:
    limits = Limits(clock)
    while call(limits) is None:
        pass
    assert call(limits, Caller("other", frozenset(), rate=1.0)) is None


def test_the_one_caller_of_an_open_server_has_no_limit(clock: Clock) -> None:
    limits = Limits(clock)
    assert [call(limits, LOCAL) for _ in range(5000)] == [None] * 5000


def test_a_clock_that_goes_back_gives_nothing_away(clock: Clock) -> None:
    limits = Limits(clock)
    while call(limits) is None:
        pass
    clock.now -= 1000
    assert call(limits) is not None
    clock.now += 0.5
    assert call(limits) is None


@given(
    st.floats(0.1, 50.0),
    st.lists(st.floats(0.0, 3.0), max_size=80),
)
def test_in_no_time_are_there_more_requests_than_the_rate_allows_and_one_second_of_it(
    rate: float, pauses: list[float]
) -> None:
    clock = Clock()
    limits = Limits(clock)
    caller = Caller("any", frozenset(), rate=rate)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        if call(limits, caller) is None:
            taken.append(clock.now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= max(1.0, rate) + rate * (taken[last] - taken[first]) + 1e-6


def test_only_so_many_callers_are_remembered_and_those_that_are_here_stay(clock: Clock) -> None:
    limits = Limits(clock, remembered=3)
    here = Caller("here", frozenset(), rate=1.0)
    with limits.enter(here):
        for number in range(100):
            assert call(limits, Caller(f"subject-{number}", frozenset(), rate=1.0)) is None
        assert len(limits) == 3
        assert call(limits, here) is not None
    assert [call(limits, Caller(f"subject-{each}", frozenset(), rate=1.0)) is None for each in (99, 97)] == [
        False,
        True,
    ]


# -- strangers


def attempt(limits: Limits, peer: str) -> int:
    try:
        limits.attempt(peer)
    except Refused as refused:
        return refused.status
    return 0


def test_strangers_may_try_so_often_from_one_address(clock: Clock) -> None:
    limits = Limits(clock)
    assert [attempt(limits, "192.0.2.1") for _ in range(int(ATTEMPTS) + 2)] == [0] * int(ATTEMPTS) + [429, 429]
    assert attempt(limits, "192.0.2.2") == 0
    with pytest.raises(Refused) as refused:
        limits.allow("192.0.2.1")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    clock.now += 1
    limits.allow("192.0.2.1")
    limits.allow("192.0.2.99")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
        ("a socket", "another", False),
    ],
)
def test_whoever_has_a_network_of_ipv6_counts_once(clock: Clock, one: str, other: str, same: bool) -> None:
    limits = Limits(clock)
    while not attempt(limits, one):
        pass
    assert (attempt(limits, other) == 429) is same
