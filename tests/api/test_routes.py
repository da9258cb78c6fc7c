"""Every route of a server that runs: what it answers, and how it refuses."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.sources.snapshot import open_snapshot
from tests.api.served import ORDERS, Server, assert_problem, serving, written
from tests.command import entity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHECK = {"entities": [json.loads(ORDERS)]}
BAD = {"entities": [json.loads(entity("orders", owner="team-z", type="service", lifecycle="production"))]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(written(tmp_path_factory.mktemp("served")), ".", "--now", "2026-06-15") as running:
        yield running


def _findings(report: Any) -> list[tuple[str, str]]:
    return [(each["rule"], each["entity"]) for each in report["findings"]]


def test_it_is_alive(server: Server) -> None:
    answer = server.get("/healthz")
    assert (answer.status, answer.json["status"]) == (200, "alive")


def test_it_is_ready_with_a_fresh_catalog_and_says_how_its_store_is(server: Server) -> None:
    answer = server.get("/readyz")
    assert (answer.status, answer.json["status"], answer.json["store"]) == (200, "ready", "reachable")


def test_every_answer_says_what_it_was_drawn_from_and_how_old_that_is(server: Server) -> None:
    digests = set()
    for path in (
        "/healthz",
        "/v1/entities/component:default/orders",
        "/v1/entities/component:default/none",
        "/nowhere",
    ):
        answer = server.get(path)
        digests.add(answer.headers["bylaw-catalog-digest"])
        assert answer.headers["bylaw-snapshot-age"].isdecimal()
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    assert digests == {server.post("/v1/check", CHECK).json["catalog"]["digest"]}


def test_entities_are_judged_as_they_would_be_in_the_catalog(server: Server) -> None:
    assert server.post("/v1/check", CHECK).json["decision"] == "allowed"
    report = server.post("/v1/check", BAD).json
    assert (report["gate"], report["decision"]) == ("check", "denied")
    assert ("ownership/owner-unknown", "component:default/orders") in _findings(report)


def test_the_day_of_a_judgement_is_that_of_the_question_or_of_the_server(server: Server) -> None:
    assert server.post("/v1/check", {**CHECK, "now": "2027-01-01"}).status == 200
    assert_problem(server.post("/v1/check", {**CHECK, "now": "tomorrow"}), 400, "expected a date such as 2026-12-31")
    assert_problem(server.post("/v1/check", {**CHECK, "now": 5}), 400, "now is 5")


def test_an_entity_is_told_with_its_owners_and_relations(server: Server) -> None:
    said = server.get("/v1/entities/component:default/orders").json
    assert said["ref"] == "component:default/orders"
    assert said["entity"]["metadata"]["name"] == "orders"
    assert said["owners"] == {"direct": ["group:default/team-a"], "effective": ["group:default/team-a"]}
    assert said["relations"] == {"ownedBy": ["group:default/team-a"]}
    assert said["path"] == "catalog-info.yaml"


def test_a_reference_may_be_short_or_escaped_and_has_to_name_something(server: Server) -> None:
    assert server.get("/v1/entities/component:orders").json["ref"] == "component:default/orders"
    assert server.get("/v1/entities/component%3Adefault%2Forders").json["ref"] == "component:default/orders"
    assert_problem(server.get("/v1/entities/component:default/order"), 404, "did you mean component:default/orders")
    assert_problem(server.get("/v1/entities/orders"), 400, "expected one such as component:default/orders")


def test_what_is_found_in_an_entity_is_told_as_a_report(server: Server) -> None:
    report = server.get("/v1/entities/component:default/billing/findings").json
    assert {entity for _, entity in _findings(report)} == {"component:default/billing"}
    assert ("catalog/entity-invalid", "component:default/billing") in _findings(report)
    assert_problem(server.get("/v1/entities/component:default/no/findings"), 404, "is not in the catalog")
    assert_problem(server.get("/v1/entities/component:default/findings"), 404, "component:default/findings")


def test_the_graph_answers_as_the_command_line_does(server: Server) -> None:
    owners = server.get("/v1/graph/owners?ref=component:default/orders").json
    assert owners["owners"] == [{"ref": "group:default/team-a", "direct": True, "exists": True}]
    assert server.get("/v1/graph/dependents?ref=component:default/orders").json["dependents"] == []
    assert server.get("/v1/graph/dependencies?ref=component:default/orders&direct=true").json["dependencies"] == []
    why = server.get("/v1/graph/why?from=component:default/orders&to=group:default/team-a").json
    assert why["path"] == [{"from": "component:default/orders", "relation": "ownedBy", "to": "group:default/team-a"}]
    assert_problem(server.get("/v1/graph/owners?ref=api:x/y"), 404, "api:x/y is not in the catalog")


def test_the_snapshot_is_the_file_that_a_gate_lays_changes_over(server: Server, tmp_path: Path) -> None:
    answer = server.get("/v1/snapshot")
    (tmp_path / "plain").write_bytes(answer.body)
    with open_snapshot(tmp_path / "plain") as snapshot:
        assert {str(each) for each in snapshot.refs()} == {
            "component:default/billing",
            "component:default/orders",
            "group:default/team-a",
        }
    packed = server.get("/v1/snapshot", accept_encoding="br, gzip;q=0.5")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == answer.body
    assert packed.headers["etag"] != answer.headers["etag"]
    for etag in (answer.headers["etag"], packed.headers["etag"], f'W/"x", {answer.headers["etag"]}'):
        again = server.get("/v1/snapshot", if_none_match=etag)
        assert (again.status, again.body) == (304, b"")
    assert server.get("/v1/snapshot", if_none_match='"another"').status == 200
    assert "content-encoding" not in server.get("/v1/snapshot", accept_encoding="gzip;q=0").headers


def test_decisions_can_be_read_again(server: Server) -> None:
    server.post("/v1/check", BAD)
    for _ in range(100):  # it is written by a thread of its own
        rows = server.get("/v1/decisions?decision=denied&limit=1").json["decisions"]
        if rows:
            break
    assert (rows[0]["gate"], rows[0]["caller"], rows[0]["subject"]) == ("check", "local", "component:default/orders")
    assert "ownership/owner-unknown" in rows[0]["rules"]
    assert server.get(f"/v1/decisions/{rows[0]['id']}").json == rows[0]
    assert_problem(server.get("/v1/decisions/nothing"), 404, "no decision 'nothing' is in the log")


def test_a_decision_belongs_to_the_trace_of_its_request(server: Server) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    server.post("/v1/check", CHECK, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    for _ in range(100):
        rows = server.get("/v1/decisions?limit=1000").json["decisions"]
        if trace in {each["trace"] for each in rows}:
            break
    assert trace in {each["trace"] for each in rows}


def test_a_change_set_is_judged_as_the_gate_judges_it(server: Server) -> None:
    report = server.post("/v1/changes", {**BAD, "deleted": ["component:default/billing"]}).json
    assert (report["gate"], report["decision"]) == ("merge", "denied")
    assert (report["proposal"]["edited"], report["proposal"]["removed"]) == (
        ["component:default/orders"],
        ["component:default/billing"],
    )
    assert_problem(server.post("/v1/changes", {"afterwards": []}), 400, "afterwards")


def test_policies_elsewhere_may_ask_the_catalog(server: Server) -> None:
    asked = {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": {"keys": ["owners:component:default/orders", "component:default/none"]},
    }
    said = server.post("/v1/external-data", asked).json["response"]
    (owned, missing) = said["items"]
    assert (owned["key"], owned["value"]) == ("owners:component:default/orders", ["group:default/team-a"])
    assert "is not in the catalog" in missing["error"]
    assert_problem(server.post("/v1/external-data", {}), 400, "expected externaldata.gatekeeper.sh/v1beta1")


def test_a_bundle_is_given_once_for_each_state_of_it(server: Server) -> None:
    answer = server.get("/v1/bundles/all.tar.gz")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/gzip")
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as bundle:
        assert {"/.manifest", "/data.json"} <= {f"/{name.lstrip('/')}" for name in bundle.getnames()}
    again = server.get("/v1/bundles/all.tar.gz", if_none_match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert_problem(server.get("/v1/bundles/other.tar.gz"), 404, "other")


def test_the_log_of_an_opa_is_taken_into_the_log_of_decisions(server: Server) -> None:
    event = {
        "decision_id": "4ca636c1-55e4-417a-b1d8-4aceb67960d1",
        "path": "shop/deny",
        "input": {"kind": "Component", "metadata": {"name": "from-opa"}},
        "result": ["no"],
        "timestamp": "2026-06-15T10:00:00.000000Z",
        "labels": {"id": "opa-1"},
    }
    body = gzip.compress(json.dumps([event]).encode())
    assert server.post("/v1/decisions/logs", body, content_encoding="gzip").status == 204
    for _ in range(100):
        rows = server.get("/v1/decisions?gate=opa").json["decisions"]
        if rows:
            break
    assert [(row["decision"], row["subject"]) for row in rows] == [("denied", "component:default/from-opa")]
    assert_problem(server.post("/v1/decisions/logs", b"[]", content_encoding="gzip"), 400, "no gzip")
    assert_problem(server.post("/v1/decisions/logs", {}), 400, "no JSON list")


def test_metrics_count_requests_by_their_routes_and_decisions_by_their_gate(server: Server) -> None:
    server.post("/v1/check", BAD)
    server.get("/v1/entities/component:default/orders")
    answer = server.get("/metrics")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'bylaw_http_requests_total{method="GET",route="/v1/entities/{ref}",status="200"}' in text
    assert 'bylaw_decisions_total{decision="denied",gate="check"}' in text
    assert "bylaw_snapshot_entities 3.0" in text
    assert "bylaw_ready 1.0" in text


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/check/", "/v1//check", "/v1/scorecards", "/docs", "/v1/authorize", "/%00", "/..", "/v1/graph"],
)
def test_what_is_no_route_is_a_problem(server: Server, path: str) -> None:
    assert_problem(server.get(path), 404, "/openapi.json")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/check", "POST"),
        ("PUT", "/v1/admission", "POST"),
        ("POST", "/healthz", "GET"),
        ("OPTIONS", "/v1/check", "POST"),
        ("DELETE", "/v1/entities/component:default/orders", "GET"),
        ("PATCH", "/v1/snapshot", "GET"),
        ("POST", "/v1/decisions/x", "GET"),
        ("GET", "/v1/decisions/logs", "POST"),
    ],
)
def test_another_method_is_a_problem_that_names_the_right_one(
    server: Server, method: str, path: str, allowed: str
) -> None:
    answer = server.ask(method, path)
    assert_problem(answer, 405, f"expected {allowed}")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/healthz", "/v1/entities/component:default/orders", "/v1/snapshot"])
def test_head_is_answered_as_get_is_without_its_body(server: Server, path: str) -> None:
    head, whole = server.ask("HEAD", path), server.get(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))


def test_head_of_what_is_not_there_has_the_status_alone(server: Server) -> None:
    answer = server.ask("HEAD", "/v1/entities/component:default/none")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (404, b"", "application/problem+json")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/graph/owners", "ref is missing in the query"),
        ("/v1/graph/owners?ref=", "ref is ''"),
        ("/v1/graph/owners?ref=a:b/c&ref=a:b/d", "ref stands twice"),
        ("/v1/graph/owners?reff=a:b/c", "did you mean ref"),
        ("/v1/graph/dependents?ref=a:b/c&direct=yes", "expected true or false"),
        ("/v1/decisions?limit=0", "expected a whole number from 1 to 1,000"),
        ("/v1/decisions?limit=1e3", "expected a whole number"),
        ("/v1/decisions?decision=maybe", "expected allowed or denied or undecided"),
        ("/v1/decisions?%ff=1", "the query cannot be read"),
        ("/healthz?verbose", "the query cannot be read"),
        ("/healthz?verbose=1", "verbose is no parameter of /healthz"),
    ],
)
def test_a_query_that_a_route_does_not_know_is_refused(server: Server, path: str, said: str) -> None:
    assert_problem(server.get(path), 400, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "the body is a list"),
        (b"nul", "is not JSON"),
        (b"{}", "has no entities"),
        (b'{"entities": []}', "has no entities"),
        (b'{"entities": {}}', "has no entities"),
        (b'{"entities": [{}], "only": 1}', "the body says 'only'"),
        (b'{"entities": [{"kind": "A", "kind": "B"}]}', "the key kind stands twice"),
        (b'{"entities": [NaN]}', "is not JSON"),
        (b'{"entities": ["\\ud800"]}', "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b'{"entities": [%s]}' % (b"[" * 200 + b"]" * 200), "catalog.limits.depth"),
        (b'{"entities": [%s]}' % (b"[" * 5000 + b"]" * 5000), "is not JSON"),
        (b'{"entities": [%s]}' % (b"9" * 5000), "is not JSON"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_cannot_be_read_is_refused_and_decides_nothing(server: Server, body: bytes, said: str) -> None:
    assert_problem(server.post("/v1/check", body), 400, said)


def test_what_is_no_entity_is_a_finding_as_in_a_file(server: Server) -> None:
    report = server.post("/v1/check", {"entities": [7, [], {"kind": 1}]}).json
    assert report["decision"] == "denied"
    assert [each["rule"] for each in report["findings"]].count("catalog/yaml-invalid") == 2


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content_type": "text/plain"}, "expected Content-Type: application/json"),
        ({"content_type": "application/x-www-form-urlencoded"}, "expected Content-Type: application/json"),
        ({"content_type": ""}, "the body is of no type"),
        ({"content_type": "application/json; charset=utf-16"}, "expected UTF-8"),
        ({"content_encoding": "gzip"}, "expected identity"),
    ],
)
def test_a_body_of_another_type_is_refused(server: Server, headers: dict[str, str], said: str) -> None:
    answer = server.post("/v1/check", CHECK, **headers)
    assert_problem(answer, 415, said)


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: Server) -> None:
    answer = server.post("/v1/check", b" " * (7 * 1024 * 1024 + 1))
    assert_problem(answer, 413, "7,340,032 bytes (server.body_bytes)")


def test_a_body_that_comes_in_pieces_is_counted_as_it_comes(server: Server) -> None:
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
    answer = _raw(
        server,
        [
            b"POST /v1/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n",
            *[chunk] * 8,
        ],
    )
    assert b" 413 " in answer.split(b"\r\n", 1)[0]


def test_a_route_without_a_body_takes_none(server: Server) -> None:
    assert_problem(server.ask("GET", "/v1/snapshot", {"a": 1}), 400, "GET /v1/snapshot takes no body")


def test_a_page_of_another_host_cannot_call_in_the_name_of_who_looks_at_it(server: Server) -> None:
    assert_problem(server.get("/v1/snapshot", host="evil.example.com"), 403, "open to its own machine alone")


def test_a_header_that_says_two_things_is_refused(server: Server) -> None:
    answer = _raw(
        server,
        [
            b"GET /v1/snapshot HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer a\r\n"
            b"authorization: Bearer b\r\nconnection: close\r\n\r\n"
        ],
    )
    assert b" 400 " in answer.split(b"\r\n", 1)[0]
    assert b"authorization stands twice" in answer


def test_events_are_taken_only_where_their_key_is_configured(server: Server) -> None:
    assert_problem(server.post("/v1/events", {}), 404, "server.events_secret_env")


def _raw(server: Server, parts: list[bytes]) -> bytes:
    """What comes back for some bytes."""
    import contextlib
    import socket

    with socket.create_connection(server.address, timeout=30) as connected:
        for part in parts:
            with contextlib.suppress(ConnectionError):  # it has said by then what it has to say
                connected.sendall(part)
        said = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connected.recv(65536):
                said += chunk
        return said
