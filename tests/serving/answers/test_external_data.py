"""What Gatekeeper's policies ask of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from bylaw.engine.rego import Machine
from bylaw.serving.answers import entities, external_data
from bylaw.serving.frames import PROBLEM, Question
from tests.serving.answers.test_admission import ENTITIES_ALONE, made
from tests.shared import ROOT

if TYPE_CHECKING:
    from bylaw.serving.generation import Generation

API = "externaldata.gatekeeper.sh/v1beta1"


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return made(tmp_path_factory.mktemp("external"), ENTITIES_ALONE)


def asked(generation: Generation, *keys: Any, stale: str = "") -> dict[str, Any]:
    body = orjson.dumps({"apiVersion": API, "kind": "ProviderRequest", "request": {"keys": keys}})
    reply = external_data.answer(generation, Question("external_data", body, stale=stale))
    said = orjson.loads(reply.body)
    assert (reply.status, said["apiVersion"], said["kind"]) == (200, API, "ProviderResponse")
    response: dict[str, Any] = said["response"]
    assert response["idempotent"] is True
    return response


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("owners:component:default/orders", ["group:default/team-orders"]),
        ("owners:component:default/search", []),
        ("groups:user:default/jane", ["group:default/team-orders"]),
        ("related:consumesApi:component:default/orders", ["api:default/old"]),
        ("related:dependsOn:component:default/orders", []),
        ("id:orders-id", ["component:default/orders"]),
        ("id:nobody", []),
    ],
)
def test_a_key_asks_one_thing(generation: Generation, key: str, value: Any) -> None:
    assert asked(generation, key)["items"] == [{"key": key, "value": value}]


def test_a_ref_alone_asks_for_the_entity_and_its_owners(generation: Generation) -> None:
    (item,) = asked(generation, "Component:orders")["items"]
    assert item["value"]["ref"] == "component:default/orders"
    assert item["value"]["entity"] == generation.catalog.entities["component:default/orders"].data
    assert item["value"]["owners"] == {
        "direct": ["group:default/team-orders"],
        "effective": ["group:default/team-orders"],
    }


def test_a_key_that_nobody_can_answer_spoils_no_other(generation: Generation) -> None:
    assert asked(generation, "component:default/ordres", "", "id:orders-id")["items"] == [
        {
            "key": "component:default/ordres",
            "error": "component:default/ordres is not in the catalog (did you mean component:default/orders?)",
        },
        {
            "key": "",
            "error": "entity reference must not be empty; expected one such as component:default/orders",
        },
        {"key": "id:orders-id", "value": ["component:default/orders"]},
    ]


def test_past_its_age_a_catalog_answers_nothing(generation: Generation) -> None:
    response = asked(generation, "component:default/orders", stale="the catalog is of yesterday")
    assert (response["items"], response["systemError"]) == ([], "the catalog is of yesterday")


@pytest.mark.parametrize(
    "said",
    [
        {"apiVersion": "externaldata.gatekeeper.sh/v1alpha1"},
        {"kind": "ProviderResponse"},
        {"request": None},
        {"request": {"keys": "component:default/orders"}},
        {"request": {"keys": [1]}},
        {"request": {"keys": ["a"] * 1_001}},
    ],
)
def test_what_is_no_provider_request_is_a_bad_request(generation: Generation, said: dict[str, Any]) -> None:
    whole = {"apiVersion": API, "kind": "ProviderRequest", "request": {"keys": []}, **said}
    reply = external_data.answer(generation, Question("external_data", orjson.dumps(whole)))
    assert (reply.status, reply.content_type) == (400, PROBLEM)


def test_a_request_of_no_keys_is_answered_with_no_items(generation: Generation) -> None:
    body = orjson.dumps({"apiVersion": API, "kind": "ProviderRequest", "request": {}})
    reply = external_data.answer(generation, Question("external_data", body))
    assert (reply.status, orjson.loads(reply.body)["response"]["items"]) == (200, [])


def judged(generation: Generation, entity: str | None, *, stale: str = "", status: int = 200) -> list[str]:
    """What the policy in deploy/gatekeeper-provider says of a Deployment; Gatekeeper's part is played by this test."""

    def external(request: Any) -> Any:
        assert request["provider"] == "bylaw"
        if status != 200:  # of which Gatekeeper hands on the number alone
            return {"responses": [], "errors": [], "status_code": status, "system_error": ""}
        response = asked(generation, *request["keys"], stale=stale)
        items = response["items"]
        return {
            "responses": [[each["key"], each["value"]] for each in items if "value" in each],
            "errors": [[each["key"], each["error"]] for each in items if "error" in each],
            "status_code": status,
            "system_error": response.get("systemError", ""),
        }

    template = yaml.safe_load((ROOT / "deploy" / "gatekeeper-provider" / "template.yaml").read_text("utf-8"))
    machine = Machine()
    machine.function("external_data", 1, external)
    machine.add("template.rego", template["spec"]["targets"][0]["code"][0]["source"]["rego"], v0=False)
    labels = {"backstage.io/kubernetes-id": entity} if entity else {}
    machine.set_input(orjson.dumps({"review": {"operation": "CREATE", "object": {"metadata": {"labels": labels}}}}))
    return [each["msg"] for each in machine.ask("data.catalogowner.violation")]


def test_the_sample_for_gatekeeper_takes_no_answer_for_none(generation: Generation) -> None:
    assert judged(generation, "orders") == []
    assert judged(generation, None) == ["set the label backstage.io/kubernetes-id"]
    assert judged(generation, "search") == ["component:default/search has no owner"]
    (lost,) = judged(generation, "ordres")
    assert lost.startswith(
        "the catalog says of component:default/ordres: component:default/ordres is not in the catalog"
    )
    asked_about = "the catalog cannot be asked about component:default/orders: "
    assert judged(generation, "orders", stale="it is of yesterday") == [f"{asked_about}it is of yesterday"]
    assert judged(generation, "orders", status=503) == [asked_about]


def test_the_sample_for_kyverno_asks_what_the_server_answers(generation: Generation) -> None:
    policy = yaml.safe_load((ROOT / "deploy" / "kyverno" / "owned-workload.yaml").read_text("utf-8"))
    call = policy["spec"]["rules"][1]["context"][1]["apiCall"]
    path = call["service"]["url"].removeprefix("https://bylaw.bylaw.svc/v1/entities/")
    before, _, after = path.partition("{{")
    ref = f"{before}orders{after.partition('}}')[2]}"
    reply = entities.answer(generation, Question("entities", arguments={"ref": ref}))
    value = orjson.loads(reply.body)
    for step in call["jmesPath"].split("."):
        value = value[step]
    assert value == ["group:default/team-orders"]
