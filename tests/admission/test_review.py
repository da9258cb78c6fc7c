"""Bytes of a stranger into a review: strict about what a decision hangs on, tolerant of what later versions add."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.admission.review import Kind, Review, ReviewError, read

UID = "705ab4f5-6393-11e8-b7cc-42010a800002"
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}}


def body(envelope: dict[str, Any] | None = None, **request: Any) -> bytes:
    """A review of the creation of a Deployment, but for what is said; what is None is left out."""
    said = {
        "uid": UID,
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "name": "orders",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "jane"},
        "object": DEPLOYMENT,
        **request,
    }
    whole = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {key: value for key, value in said.items() if value is not None},
        **(envelope or {}),
    }
    return json.dumps(whole).encode()


def fault(text: bytes) -> str:
    with pytest.raises(ReviewError) as caught:
        read(text)
    return str(caught.value)


def test_a_review_says_what_it_is_about() -> None:
    review = read(body(dryRun=True, options={"kind": "CreateOptions"}))
    assert review == Review(
        uid=UID,
        api_version="admission.k8s.io/v1",
        kind=Kind("apps", "v1", "Deployment"),
        resource=Kind("apps", "v1", "deployments"),
        sub_resource="",
        name="orders",
        namespace="shop",
        operation="CREATE",
        user={"username": "jane"},
        object=DEPLOYMENT,
        old_object=None,
        options={"kind": "CreateOptions"},
        dry_run=True,
        request=json.loads(body(dryRun=True, options={"kind": "CreateOptions"}))["request"],
    )


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ({}, "apps/v1 Deployment shop/orders"),
        ({"name": None, "object": {"metadata": {"generateName": "orders-"}}}, "apps/v1 Deployment shop/orders-*"),
        ({"name": None, "object": {"metadata": []}}, "apps/v1 Deployment shop/*"),
        ({"namespace": None}, "apps/v1 Deployment orders"),
        (
            {
                "kind": {"group": "", "version": "v1", "kind": "Namespace"},
                "resource": {"version": "v1", "resource": "namespaces"},
                "name": "shop",
            },
            "v1 Namespace shop",
        ),
        (
            {
                "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                "subResource": "scale",
                "operation": "UPDATE",
            },
            "autoscaling/v1 Scale shop/orders (deployments/scale)",
        ),
    ],
)
def test_the_subject_names_the_object_for_people(said: dict[str, Any], subject: str) -> None:
    assert read(body(**said)).subject == subject


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_what_is_deleted_is_the_old_object_and_a_connection_has_neither(operation: str) -> None:
    old = DEPLOYMENT if operation == "DELETE" else None
    review = read(body(operation=operation, object=None, oldObject=old))
    assert (review.operation, review.object, review.old_object, review.judged) == (operation, None, old, old or {})


def test_fields_that_later_versions_may_add_are_let_be() -> None:
    review = read(body({"later": 1}, requestKind={"kind": "Deployment"}, later={"deep": [1]}))
    assert review.request["later"] == {"deep": [1]}


@pytest.mark.parametrize(
    ("envelope", "message"),
    [
        ({"kind": "Review"}, "kind is 'Review', expected AdmissionReview"),
        ({"kind": None}, "kind is missing, expected AdmissionReview"),
        (
            {"apiVersion": "admission.k8s.io/v1beta1"},
            "apiVersion is 'admission.k8s.io/v1beta1', expected admission.k8s.io/v1: name v1 in "
            "admissionReviewVersions of the webhook configuration",
        ),
        ({"request": None}, "request is missing, expected an AdmissionRequest"),
        ({"request": [1]}, "request is a list, expected an AdmissionRequest"),
    ],
)
def test_another_envelope_is_refused(envelope: dict[str, Any], message: str) -> None:
    assert fault(body(envelope)) == message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"uid": None}, "request.uid is missing, expected 1 to 128 printable ASCII characters"),
        ({"uid": ""}, "request.uid is '', expected 1 to 128 printable ASCII characters"),
        ({"uid": 7}, "request.uid is 7, expected 1 to 128 printable ASCII characters"),
        ({"uid": "a\nb"}, "request.uid is 'a\\nb', expected 1 to 128 printable ASCII characters"),
        ({"operation": "PATCH"}, "request.operation is 'PATCH', expected CREATE, UPDATE, DELETE, CONNECT"),
        ({"operation": None}, "request.operation is missing, expected CREATE, UPDATE, DELETE, CONNECT"),
        ({"operation": ["CREATE"]}, "request.operation is a list, expected CREATE, UPDATE, DELETE, CONNECT"),
        ({"kind": "Deployment"}, "request.kind is a text, expected group, version and kind"),
        (
            {"kind": {"version": "v1", "kind": ""}},
            "request.kind.kind is '', expected a name of at most 253 characters",
        ),
        (
            {"resource": {"group": 1, "version": "v1", "resource": "pods"}},
            "request.resource.group is 1, expected a name of at most 253 characters",
        ),
        ({"name": {}}, "request.name is an object, expected a name of at most 253 characters"),
        ({"subResource": True}, "request.subResource is True, expected a name of at most 253 characters"),
        ({"object": None}, "request.object is missing, expected the object of this CREATE"),
        ({"object": {}}, "request.object is an object, expected the object of this CREATE"),
        ({"object": "x"}, "request.object is a text, expected an object or null"),
        ({"operation": "DELETE"}, "request.oldObject is missing, expected the object of this DELETE"),
        ({"oldObject": 1.5}, "request.oldObject is a number, expected an object or null"),
        ({"userInfo": "jane"}, "request.userInfo is a text, expected an object or null"),
        ({"dryRun": "true"}, "request.dryRun is 'true', expected true or false"),
    ],
)
def test_what_a_decision_hangs_on_is_read_strictly(said: dict[str, Any], message: str) -> None:
    assert fault(body(**said)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the body is no JSON: "),
        (b"{", "the body is no JSON: "),
        (b"[]", "the body is a list, expected an AdmissionReview"),
        (b"null", "the body is missing, expected an AdmissionReview"),
        (b"\xff", "the body is no JSON: "),
        (b'{"a": "\\ud800"}', "the body is no JSON: "),
        (b'{"a": NaN}', "the body is no JSON: "),
        (b'{"a": 1e999}', "the body is no JSON: "),
        (b"[" * 100_000, "the body is no JSON: "),
        (b"[" * 300 + b"]" * 300, "the body nests more than 240 objects and lists in one another"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        (b'{"a": [{"b": {}, "\\u0062": 0}]}', "the key 'b' stands twice in one object"),
    ],
    ids=range(12),
)
def test_what_is_no_json_that_all_read_alike_is_refused(text: bytes, message: str) -> None:
    assert fault(text).startswith(message)


def test_a_body_as_go_writes_it_is_read() -> None:
    plain = body(object={**DEPLOYMENT, "spec": {"args": ["a<b", "c&d"]}})
    as_go = plain.replace(b"<", b"\\u003c").replace(b"&", b"\\u0026") + b"\n"
    assert read(as_go).request == read(plain).request


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("uid", "kind", "resource", "name", "namespace", "operation", "userInfo", "object", "oldObject", "dryRun")


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_a_body_is_a_review_or_refused_and_nothing_else(said: dict[str, Any]) -> None:
    try:
        review = read(body(**said))
    except ReviewError:
        return
    assert review.uid and review.operation in ("CREATE", "UPDATE", "DELETE", "CONNECT") and review.subject


@given(st.binary())
def test_any_bytes_are_a_review_or_refused(text: bytes) -> None:
    with pytest.raises(ReviewError):
        read(text)
