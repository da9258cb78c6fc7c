"""What OPA's servers report, as decisions: nothing is read as allowed that does not say so."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.bundles import uploads
from bylaw.model import Decided, Decision, Digests

CATALOG, POLICIES = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
ENTITY = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "orders"}}
ENTITY_IN_ORDER = b'{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{"name":"orders"}}'
EVENT: dict[str, Any] = {
    "labels": {"app": "checkout", "id": "4b1c", "version": "1.22.0"},
    "decision_id": "7b8f7ef2-9d1c-4d3f-8f8c-9a6d6c7f1d2e",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "bundles": {"bylaw": {"revision": f"catalog={CATALOG},policies={POLICIES}"}},
    "path": "bylaw/ownership/owner_unknown/findings",
    "input": ENTITY,
    "result": [{"pointer": "/spec/owner", "message": "m"}],
    "requested_by": "10.0.0.7:41234",
    "timestamp": "2026-11-21T16:09:41.123456789Z",
    "metrics": {"timer_server_handler_ns": 1_500_000},
    "nd_builtin_cache": {"time.now_ns": {"[]": 1}},
}


def upload(*events: Any) -> bytes:
    return gzip.compress(orjson.dumps(list(events)))


def read(**changes: Any) -> Decided:
    said = {name: value for name, value in {**EVENT, **changes}.items() if value is not ...}
    (decided,) = uploads.read(upload(said), "gzip")
    return decided


def test_an_event_is_a_decision() -> None:
    assert read() == Decided(
        id="7b8f7ef2-9d1c-4d3f-8f8c-9a6d6c7f1d2e",
        time="2026-11-21T16:09:41.123456+00:00",
        gate="opa",
        caller="checkout",
        subject="component:default/orders",
        decision=Decision.DENIED,
        rules=("ownership/owner-unknown",),
        digests=Digests(CATALOG, POLICIES, ""),
        engine="opa 1.22.0",
        input_digest=f"sha256:{hashlib.sha256(ENTITY_IN_ORDER).hexdigest()}",
        duration=0.0015,
        input=ENTITY,
        reason="",
        trace="0af7651916cd43dd8448eb211c80319c",
    )


FINDING = {"pointer": "", "message": "m"}


@pytest.mark.parametrize(
    ("path", "result", "decision"),
    [
        ("app/allow", True, "allowed"),
        ("app/allow", False, "denied"),
        ("app/allowed", True, "allowed"),
        ("app/deny", [], "allowed"),
        ("app/deny", ["no"], "denied"),
        ("app/deny", True, "denied"),
        ("app/deny", False, "allowed"),
        ("app/violation", [{"msg": "no"}], "denied"),
        ("app/violation", [], "allowed"),
        ("bylaw/x/y/findings", [], "allowed"),
        ("bylaw/x/y/findings", [FINDING], "denied"),
        ("bylaw/x/y/findings", [{**FINDING, "outcome": "unknown"}], "undecided"),
        ("bylaw/x/y/findings", [{**FINDING, "outcome": "error"}, FINDING], "denied"),
        ("app/deny", [{"outcome": "unknown"}], "denied"),
        ("app", {"allow": True}, "allowed"),
        ("app", {"allow": True, "deny": ["no"]}, "denied"),
        ("app", {"allow": True, "deny": []}, "allowed"),
        ("app", {"allow": False, "violation": []}, "denied"),
        ("app", {"allowed": True, "headers": {}}, "allowed"),
        ("main", {"response": {"uid": "1", "allowed": False}}, "denied"),
        ("main", {"response": {"uid": "1", "allowed": True}}, "allowed"),
        ("app", {"allow": "yes"}, "undecided"),
        ("app", {"allow": {"allow": True}}, "undecided"),
        ("app", {}, "undecided"),
        ("app/allow", "true", "undecided"),
        ("app/allow", 1, "undecided"),
        ("app/allow", None, "undecided"),
        ("app/allow", ["a"], "undecided"),
        ("app/roles", True, "undecided"),
        ("app/warn", [], "undecided"),
        ("", True, "undecided"),
    ],
)
def test_a_result_allows_or_denies_by_its_name(path: str, result: Any, decision: str) -> None:
    decided = read(path=path, result=result)
    assert decided.decision.value == decision
    assert (decided.reason != "") == (decision == "undecided")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"result": ...}, "app/allow is undefined"),
        ({"error": {"code": "internal_error", "message": "it broke"}}, "OPA came to no answer: it broke"),
        ({"error": "it broke"}, "OPA came to no answer: it broke"),
        ({"erased": ["/input/x", "/result"]}, "the result was erased before it was uploaded"),
    ],
)
def test_what_came_to_no_answer_is_undecided(changes: dict[str, Any], reason: str) -> None:
    decided = read(**{"path": "app/allow", "result": True, **changes})
    assert (decided.decision, decided.reason) == (Decision.UNDECIDED, reason)


REVIEW = {
    "request": {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "name": "orders", "namespace": "shop"}
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"input": REVIEW}, {"subject": "apps/v1 Deployment shop/orders"}),
        ({"input": {"user": "ann"}, "path": "app/allow"}, {"subject": "app/allow"}),
        ({"input": "text", "path": "app/allow"}, {"subject": "app/allow", "input": None}),
        ({"input": ..., "path": ..., "query": "data.x"}, {"subject": "data.x", "input": None, "input_digest": ""}),
        ({"labels": {"id": "4b1c"}}, {"caller": "4b1c", "engine": "opa"}),
        ({"labels": ...}, {"caller": "10.0.0.7:41234"}),
        ({"bundles": ...}, {"digests": Digests("", "", "")}),
        ({"bundles": {"theirs": {"revision": "r7"}}}, {"digests": Digests("", "theirs@r7", "")}),
        (
            {"bundles": {"a": {"revision": f"policies={POLICIES}"}, "b": {"revision": f"catalog={CATALOG}"}}},
            {"digests": Digests(CATALOG, POLICIES, "")},
        ),
        ({"timestamp": "2026-11-21T18:09:41+02:00"}, {"time": "2026-11-21T16:09:41.000000+00:00"}),
        ({"metrics": {"timer_server_handler_ns": "x"}}, {"duration": 0.0}),
        ({"path": "bylaw/x/y/findings", "result": []}, {"rules": ()}),
        ({"path": "bylaw/x/Y{}/findings"}, {"rules": ()}),
    ],
)
def test_what_an_event_does_not_say_is_left_open(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    decided = read(**changes)
    assert {name: getattr(decided, name) for name in expected} == expected


def test_an_input_too_deep_to_be_kept_is_left_out_and_the_decision_is_not() -> None:
    said = orjson.dumps([{**EVENT, "input": 1}]).replace(b'"input":1', b'"input":' + b"[" * 300 + b"]" * 300)
    (decided,) = uploads.read(said)
    assert (decided.input, decided.input_digest, decided.decision) == (None, "", Decision.DENIED)


@pytest.mark.parametrize(
    ("body", "encoding", "fault"),
    [
        (b"text", "gzip", "the upload is no gzip, though Content-Encoding says so"),
        (b"[]", "br", "the upload is encoded as 'br', expected gzip"),
        (gzip.compress(b"[]")[:-4], "gzip", "the upload is cut off, or something follows its gzip"),
        (gzip.compress(b"[]") + b"x", "gzip", "the upload is cut off, or something follows its gzip"),
        (b"{", "", "the upload is no JSON: "),
        (b"{}", "", "the upload is no JSON list of events, as OPA sends them"),
        (b"[1]", "", "the upload is no JSON list of events, as OPA sends them"),
        (b"[{}]", "", "event 1: timestamp is '', expected a time such as "),
        (b'[{"timestamp":"2026-01-01T00:00:00"}]', "", "event 1: timestamp '2026-01-01T00:00:00' says nothing of its"),
        (
            b'[{"timestamp":"0001-01-01T00:00:00+14:00"}]',
            "",
            "event 1: timestamp '0001-01-01T00:00:00+14:00' is no day",
        ),
        (b"[" * 2000, "", "the upload is no JSON: "),
        (b"[" + b"{}," * 10_000 + b"{}]", "", "the upload has 10,001 events, expected at most 10,000"),
        (b" " * (uploads.MOST_BYTES + 1), "", "the upload is larger than 8,388,608 bytes"),
        (gzip.compress(b" " * (uploads.MOST_BYTES + 1)), "gzip", "the upload is larger than 8,388,608 bytes, unpacked"),
    ],
)
def test_what_is_no_upload_is_refused_in_words(body: bytes, encoding: str, fault: str) -> None:
    with pytest.raises(ValueError) as caught:
        uploads.read(body, encoding)
    assert str(caught.value).startswith(fault)


KEYS = st.text(max_size=5) | st.sampled_from([*EVENT, "allow", "deny", "response", "message", "revision", "kind"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(EVENT, JSON)))
def test_whatever_an_event_holds_it_is_a_decision_of_this_gate(event: dict[str, Any]) -> None:
    (decided,) = uploads.read(upload({**event, "timestamp": EVENT["timestamp"]}), "gzip")
    assert decided.gate == "opa"
    if decided.decision is Decision.ALLOWED:
        assert "result" in event


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    for encoding in ("", "gzip"):
        with contextlib.suppress(ValueError):
            assert uploads.read(body, encoding) == []
