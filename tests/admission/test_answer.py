"""Findings into the AdmissionReview that answers: what people see, and what the API server's bounds make of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.admission import answer as answers
from bylaw.admission.review import read
from bylaw.config import MergeGate
from bylaw.gates import weigh
from bylaw.model import Decision, Enforcement, Finding, Outcome, Status
from tests.admission.test_review import UID, body

GATE = MergeGate(on_unknown="deny", on_error="deny")
RULE = "ownership/owner-unknown"


def finding(message: str = "nobody owns it", enforcement: Enforcement = Enforcement.DENY, **more: Any) -> Finding:
    return Finding("", message, **{"rule": RULE, "enforcement": enforcement, **more})


def answered(*findings: Finding, gate: MergeGate = GATE) -> dict[str, Any]:
    said = answers.answer(read(body()), weigh(findings, gate), gate, {"catalog": "sha256:1"})
    whole = orjson.loads(said.body)
    assert (whole["apiVersion"], whole["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: dict[str, Any] = whole["response"]
    assert response["uid"] == UID and response["allowed"] is (said.decision is Decision.ALLOWED)
    return response


def test_nothing_found_is_allowed_without_a_word() -> None:
    assert answered() == {
        "uid": UID,
        "allowed": True,
        "auditAnnotations": {"decision": "allowed", "catalog": "sha256:1"},
    }


def test_a_denial_says_each_rule_and_its_message() -> None:
    assert answered(finding("second", rule="b/two"), finding("first", rule="a/one")) == {
        "uid": UID,
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "[a/one] first\n[b/two] second"},
        "auditAnnotations": {"decision": "denied", "catalog": "sha256:1", "rules": "a/one b/two"},
    }


def test_what_only_warns_is_a_warning_and_what_is_observed_is_nothing() -> None:
    response = answered(
        finding("look", Enforcement.WARN), finding("see", Enforcement.OBSERVE), finding("gone", status=Status.FIXED)
    )
    assert response["allowed"] is True and response["warnings"] == [f"[{RULE}] look"]


def test_a_waived_finding_is_shown_as_waived_and_audited() -> None:
    response = answered(finding(waiver="W-12"))
    assert response["warnings"] == [f"[{RULE}] waived by W-12: nobody owns it"]
    assert response["auditAnnotations"]["waived"] == "W-12" and response["allowed"] is True


def test_a_fault_that_was_there_before_warns() -> None:
    response = answered(finding(status=Status.EXISTING))
    assert (response["allowed"], response["warnings"]) == (True, [f"[{RULE}] was there before: nobody owns it"])


@pytest.mark.parametrize(
    ("outcome", "said", "code", "why"),
    [
        (Outcome.UNKNOWN, "deny", 403, "a fact is missing"),
        (Outcome.UNKNOWN, "undecided", 500, "a fact is missing"),
        (Outcome.ERROR, "deny", 403, "no answer"),
        (Outcome.ERROR, "undecided", 500, "no answer"),
    ],
)
def test_what_is_unknown_or_an_error_is_not_allowed(outcome: Outcome, said: Any, code: int, why: str) -> None:
    response = answered(finding(outcome=outcome), gate=MergeGate(on_unknown=said, on_error=said))
    assert response["allowed"] is False
    assert response["status"]["code"] == code
    assert response["status"]["message"] == f"[{RULE}] nobody owns it ({why})"


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_what_is_unknown_or_an_error_warns_where_the_gate_says_so(outcome: Outcome) -> None:
    response = answered(finding(outcome=outcome), gate=MergeGate(on_unknown="warn", on_error="warn"))
    assert response["allowed"] is True and response["warnings"][0].startswith(f"[{RULE}] nobody owns it (")


def test_a_denial_goes_before_what_is_undecided() -> None:
    gate = MergeGate(on_unknown="undecided", on_error="undecided")
    response = answered(finding("error", rule="a/one", outcome=Outcome.ERROR), finding("bad", rule="b/two"), gate=gate)
    assert response["status"] == {
        "code": 403,
        "reason": "Forbidden",
        "message": "[b/two] bad\n[a/one] error (no answer)",
    }


def test_a_message_of_a_thousand_findings_says_how_many_it_leaves_out() -> None:
    message = answered(*(finding(f"fault {number:04}") for number in range(1000)))["status"]["message"]
    lines = message.split("\n")
    assert len(message) <= answers.LONGEST_MESSAGE + 20
    assert lines[0] == f"[{RULE}] fault 0000" and lines[-1] == f"and {1000 - len(lines) + 1} more"


def test_warnings_stay_within_what_the_api_server_shows() -> None:
    response = answered(*(finding(f"{number:03} " + "x" * 400, Enforcement.WARN) for number in range(40)))
    warnings = response["warnings"]
    assert {len(each) for each in warnings[:-1]} == {256} and sum(map(len, warnings)) <= 4096
    assert warnings[0].endswith("x…") and warnings[-1] == f"and {40 - len(warnings) + 1} more warnings of bylaw"


def test_nothing_in_a_text_acts_on_a_terminal_or_breaks_a_line() -> None:
    hostile = "a\x1b[2Jb\nc\x00d\u202ee\r\n[other/rule] forged"
    response = answered(finding(hostile), finding(hostile, Enforcement.WARN))
    said = f"[{RULE}] a\\x1b[2Jb c\\x00d\\u202ee [other/rule] forged"
    assert (response["status"]["message"], response["warnings"]) == (said, [said])


def test_no_secret_of_an_object_is_told() -> None:
    secret = "glpat-" + "Zx9vQ2rT7mWk4LpN8sBd"
    assert secret not in orjson.dumps(answered(finding(f"owner is {secret}"))).decode()


def test_what_nobody_judged_is_not_allowed() -> None:
    said = answers.undecided(read(body()), "no answer within 3 s", 504)
    assert said.decision is Decision.UNDECIDED
    assert orjson.loads(said.body)["response"] == {
        "uid": UID,
        "allowed": False,
        "status": {
            "code": 504,
            "reason": "Timeout",
            "message": "undecided, and so not allowed: no answer within 3 s",
        },
        "auditAnnotations": {"decision": "undecided"},
    }


FINDINGS = st.lists(
    st.builds(
        finding,
        st.text(min_size=1),
        st.sampled_from([Enforcement.OBSERVE, Enforcement.WARN, Enforcement.DENY]),
        outcome=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR]),
        waiver=st.sampled_from([None, "W-1"]),
        rule=st.sampled_from(["a/one", "b/two"]),
    ),
    max_size=6,
)


@given(FINDINGS)
def test_an_error_is_never_allowed_and_the_order_does_not_matter(findings: list[Finding]) -> None:
    response = answered(*findings)
    assert response == answered(*reversed(findings), *findings)
    stands = [each for each in findings if each.waiver is None]
    if any(each.outcome is Outcome.ERROR for each in stands):
        assert response["allowed"] is False
    assert response["allowed"] is not any(
        each.outcome is Outcome.ERROR or each.enforcement is Enforcement.DENY for each in stands
    )
    texts = [response.get("status", {}).get("message", ""), *response.get("warnings", [])]
    assert all(line.isprintable() for text in texts for line in text.split("\n"))
