"""The webhook of a running server: a review in, a review out, whatever happens on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.served import ORDERS, Server, assert_problem, serving, written
from tests.api.test_serve import RULE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = "policies: {paths: [rules]}\nserver: {workers: 1}\n"
    folder = written(tmp_path_factory.mktemp("served"), settings, **{"rules/odd.py": RULE})
    with serving(folder, ".") as running:
        yield running


def _review(name: str = "orders", uid: str = "705ab4f5", **more: Any) -> dict[str, Any]:
    """A review of an entity that is stored in the cluster."""
    entity = json.loads(ORDERS)
    entity["metadata"]["name"] = name
    held = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"entity": entity},
    }
    request = {
        "uid": uid,
        "kind": {"group": "backstage.io", "version": "v1alpha1", "kind": "Component"},
        "resource": {"group": "backstage.io", "version": "v1alpha1", "resource": "components"},
        "name": name,
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "jane"},
        "object": held,
        "oldObject": None,
        "dryRun": False,
        "options": None,
        **more,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def _response(server: Server, review: dict[str, Any], path: str = "/v1/admission") -> dict[str, Any]:
    answer = server.post(path, review)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json"), answer
    said: dict[str, Any] = answer.json["response"]
    assert said["uid"] == review["request"]["uid"]
    return said


def test_what_is_right_comes_in(server: Server) -> None:
    assert _response(server, _review())["allowed"] is True


def test_a_denial_is_an_answer_like_any_other_and_names_the_rule(server: Server) -> None:
    said = _response(server, _review("wrong"), "/v1/admission?timeout=10s")
    assert (said["allowed"], said["status"]["code"]) == (False, 403)
    assert said["status"]["message"] == "[tests/odd] it has this name"


def test_where_the_time_of_the_caller_is_over_nothing_comes_in_and_the_next_is_served(server: Server) -> None:
    said = _response(server, _review("endless"), "/v1/admission?timeout=500ms")
    assert (said["allowed"], said["status"]["code"]) == (False, 504)
    assert "undecided" in said["status"]["message"]
    assert _response(server, _review())["allowed"] is True


def test_where_the_worker_is_lost_nothing_comes_in_and_the_next_is_served(server: Server) -> None:
    assert _response(server, _review("fatal"))["allowed"] is False
    assert _response(server, _review())["allowed"] is True


def test_what_nobody_decided_is_in_the_log_as_undecided(server: Server) -> None:
    _response(server, _review("endless", uid="log-me"), "/v1/admission?timeout=300ms")
    rows = _logged(server, "decision=undecided")
    assert {(row["gate"], row["decision"], row["caller"]) for row in rows} == {("admission", "undecided", "local")}
    assert rows[0]["reason"].startswith("no answer within")


def test_a_dry_run_leaves_nothing_behind(server: Server) -> None:
    _response(server, _review("first"))
    (first,) = _logged(server, "subject=component:default/first")
    for name in ("orders", "wrong", "endless"):
        _response(server, _review(name, dryRun=True), "/v1/admission?timeout=300ms")
    _response(server, _review("last"))
    (last,) = _logged(server, "subject=component:default/last")
    assert last["seq"] == first["seq"] + 1


def _logged(server: Server, query: str) -> list[Any]:
    """The decisions that a query finds, as soon as the log has any."""
    for _ in range(200):
        rows = server.get(f"/v1/decisions?{query}").json["decisions"]
        if rows:
            break
    return list(rows)


@pytest.mark.parametrize("timeout", ["", "0s", "soon", "-1s", "10"])
def test_a_time_out_that_is_none_is_refused(server: Server, timeout: str) -> None:
    answer = server.post(f"/v1/admission?timeout={timeout}", _review())
    assert_problem(answer, 400, "timeout")


@pytest.mark.parametrize(
    "review",
    [
        {},
        {"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "1"}},
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {}},
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": 7}},
    ],
)
def test_what_is_no_review_is_a_problem(server: Server, review: Any) -> None:
    assert_problem(server.post("/v1/admission", review), 400, "")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"request":' * 5000])
def test_what_is_no_json_is_a_problem(server: Server, body: bytes) -> None:
    assert_problem(server.post("/v1/admission", body), 400, "")
    assert _response(server, _review())["allowed"] is True
