"""One review into one answer, by a real generation: who judges, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from bylaw.config import AdmissionGate, BaseSettings, MergeGate
from bylaw.gates import decide
from bylaw.merge import Asked, gate
from bylaw.model import Decision
from bylaw.serving.answers import admission
from bylaw.serving.frames import PROBLEM, Question
from bylaw.serving.generation import Generation, load
from bylaw.serving.recipe import Recipe
from tests.admission.test_review import DEPLOYMENT, UID, body

if TYPE_CHECKING:
    from pathlib import Path

NOW = {"now": "2026-11-21"}
CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders, description: Takes all orders, annotations: {backstage.io/kubernetes-id: orders-id}}
spec: {type: service, lifecycle: production, owner: team-orders, consumesApis: [old]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: search, description: Searches the shop}
spec: {type: service, lifecycle: production, owner: ""}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: old, description: Orders as they were}
spec: {type: grpc, lifecycle: deprecated, owner: team-orders, definition: "syntax = 'proto3';"}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: odd, description: Nobody knows whose it is}
spec: {type: grpc, lifecycle: production, owner: team-odd, definition: "syntax = 'proto3';"}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-orders, description: Those who take orders}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-cart, description: Those who keep carts}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: jane}
spec: {memberOf: [team-orders]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: paul}
spec: {memberOf: [team-orders]}
"""
SETTINGS = """\
version: 1
enforcement:
  default: observe
  rules: {ownership/owner-unknown: deny, catalog/removed-in-use: deny, docs/description-missing: deny}
waivers: {paths: [waivers.yaml], approvers: [team-orders]}
admission: {paths: [deny.yaml]}
"""
ENTITIES_ALONE = "version: 1\nadmission: {bundled: false}\n"
DENY = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: BylawOwnedWorkload
metadata: {name: owned}
spec:
  match:
    kinds: [{apiGroups: [apps], kinds: [Deployment]}]
"""
WAIVERS = """\
- id: W-1
  rule: owned
  entities: ["component:default/search"]
  reason: It is being handed over.
  requested_by: user:jane
  approved_by: user:paul
  approved_at: 2026-11-01
  expires: 2026-12-24
"""
RULE = "ownership/owner-unknown"
ID = "backstage.io/kubernetes-id"
KIND = {"group": "backstage.io", "version": "v1alpha1", "kind": "Component"}
CART = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "cart", "namespace": "default", "description": "Keeps what will be bought"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "team-cart"},
}


def made(folder: Path, settings: str = SETTINGS) -> Generation:
    files = {"catalog-info.yaml": CATALOG, "bylaw.yaml": settings, "deny.yaml": DENY, "waivers.yaml": WAIVERS}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "made").mkdir()
    config, catalog = str(folder / "bylaw.yaml"), str(folder / "catalog-info.yaml")
    found = load(Recipe(str(folder / "made"), config=config, paths=(catalog,), root=str(folder)))
    assert isinstance(found, tuple)
    return found[0]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return made(tmp_path_factory.mktemp("admission"))


def deployment(**labels: str) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in labels.items()}
    return {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "labels": named}}  # type: ignore[dict-item]


def ask(generation: Generation, **request: Any) -> dict[str, Any]:
    reply = admission.answer(generation, Question("admission", body(**request), NOW))
    assert reply.status == 200 and reply.content_type == "application/json"
    response: dict[str, Any] = orjson.loads(reply.body)["response"]
    assert response["uid"] == UID
    return response


def message(response: dict[str, Any]) -> str:
    assert response["allowed"] is False
    text: str = response["status"]["message"]
    return text


def bare(entity: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request about an entity that is a custom resource itself, as the API server hands it on."""
    kept = {key: entity["metadata"][key] for key in ("name", "namespace") if key in entity["metadata"]}
    return {"kind": KIND, "object": {**entity, "metadata": kept}, **more}


def wrapped(entity: dict[str, Any], **more: Any) -> dict[str, Any]:
    wrapper = {"apiVersion": "backstage.io/v1alpha1", "kind": "Entity", "metadata": {"name": "cart"}}
    return {"kind": {**KIND, "kind": "Entity"}, "object": {**wrapper, "spec": {"entity": entity}}, **more}


def test_a_deployment_without_an_entity_is_denied(generation: Generation) -> None:
    assert message(ask(generation)) == (
        "[owned] Deployment shop/orders names no entity of the catalog: "
        "set its label backstage.io/kubernetes-id or bylaw.dev/entity"
    )


def test_a_deployment_with_an_owner_is_warned_about_a_deprecated_api(generation: Generation) -> None:
    response = ask(generation, object={**DEPLOYMENT, "metadata": {"name": "o", "labels": {ID: "orders-id"}}})
    assert response["allowed"] is True
    assert response["warnings"] == [
        "[bylaw-deprecated] api:default/old, which component:default/orders consumes, is deprecated"
    ]
    assert response["auditAnnotations"] == {
        "decision": "allowed",
        "catalog": generation.digests.catalog,
        "policies": generation.digests.policies,
        "constraints": generation.digests.constraints,
    }


def test_a_waiver_counts_at_this_door_too(generation: Generation) -> None:
    unowned = {**DEPLOYMENT, "metadata": {"name": "search", "namespace": "shop", "labels": {ID: "search"}}}
    response = ask(generation, object=unowned)
    assert response["allowed"] is True and response["auditAnnotations"]["waived"] == "W-1"
    said = "component:default/search, which Deployment shop/search belongs to, has no owner"
    assert f"[owned] waived by W-1: {said}" in response["warnings"]
    later = Question("admission", body(object=unowned), {"now": "2026-12-25"})
    assert message(orjson.loads(admission.answer(generation, later).body)["response"]) == f"[owned] {said}"


def test_what_is_deleted_is_not_held_against_it(generation: Generation) -> None:
    assert ask(generation, operation="DELETE", object=None, oldObject=DEPLOYMENT)["allowed"] is True


def test_a_subresource_is_judged_only_where_a_constraint_matches_it(generation: Generation) -> None:
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "orders", "namespace": "shop"}}
    kind = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    asked = {"kind": kind, "subResource": "scale", "operation": "UPDATE", "object": scale, "oldObject": scale}
    assert ask(generation, **asked)["allowed"] is True


def test_an_entity_is_judged_in_the_catalog_as_it_would_be(generation: Generation) -> None:
    assert ask(generation, **wrapped(CART))["allowed"] is True
    lost = {**CART, "spec": {**CART["spec"], "owner": "team-lost"}}  # type: ignore[dict-item]
    assert message(ask(generation, **wrapped(lost))) == (
        "[ownership/owner-unknown] owner team-lost of component:default/cart is not in the catalog"
    )


def test_a_bare_entity_is_unknown_to_rules_that_need_what_the_api_server_drops(generation: Generation) -> None:
    assert message(ask(generation, **bare(CART))) == (
        "[docs/description-missing] metadata.title and metadata.description are unknown, for the API server drops "
        "them: use spec.entity (a fact is missing)"
    )


def test_a_bare_entity_fails_by_what_it_says_itself(generation: Generation) -> None:
    lost = {**CART, "spec": {**CART["spec"], "owner": "team-lost"}}  # type: ignore[dict-item]
    assert "[ownership/owner-unknown] owner team-lost" in message(ask(generation, **bare(lost)))


def test_an_entity_in_a_config_map_is_judged_whole(generation: Generation) -> None:
    text = orjson.dumps({**CART, "metadata": {"name": "cart"}}).decode()
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"bylaw.dev/holds": "entities"}}}
    asked = {"kind": {"group": "", "version": "v1", "kind": "ConfigMap"}, "object": {**data, "data": {"a.yaml": text}}}
    assert message(ask(generation, **asked)) == ("[docs/description-missing] component:default/cart has no description")


def test_an_entity_that_others_need_is_not_deleted(generation: Generation) -> None:
    group = {"apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": "team-orders"}, "spec": {}}
    asked = bare(group, operation="DELETE")
    response = ask(generation, **{**asked, "kind": {**KIND, "kind": "Group"}, "object": None, "oldObject": group})
    assert message(response).split("\n") == [
        "[catalog/removed-in-use] group:default/team-orders is removed, and 4 still refer to it: api:default/old, "
        "component:default/orders, user:default/jane, user:default/paul",
        "[ownership/owner-unknown] owner team-orders of api:default/old is not in the catalog",
        "[ownership/owner-unknown] owner team-orders of component:default/orders is not in the catalog",
    ]


def test_the_status_of_an_entity_is_nobodys_business(generation: Generation) -> None:
    asked = bare(CART, operation="UPDATE", subResource="status")
    assert ask(generation, **{**asked, "oldObject": asked["object"]})["allowed"] is True


def test_the_log_is_told_what_was_asked_and_decided(generation: Generation) -> None:
    reply = admission.answer(generation, Question("admission", body(), NOW))
    assert reply.decided == {
        "gate": "admission",
        "subject": "apps/v1 Deployment shop/orders",
        "decision": "denied",
        "rules": ["owned"],
        "engine": generation.engine,
        "reason": "",
        "input": orjson.loads(body()),
    }
    entity = admission.answer(generation, Question("admission", body(**wrapped(CART)), NOW))
    assert entity.decided and entity.decided["subject"] == "component:default/cart"


def test_a_dry_run_leaves_nothing_to_be_remembered(generation: Generation) -> None:
    dry, wet = (admission.answer(generation, Question("admission", body(dryRun=each), NOW)) for each in (True, False))
    assert dry.body == wet.body and dry.decided is None
    assert admission.undecided(body(dryRun=True), "no answer").decided is None


def test_past_its_age_a_catalog_decides_nothing(generation: Generation) -> None:
    reply = admission.answer(generation, Question("admission", body(), NOW, stale="the catalog is of yesterday"))
    response = orjson.loads(reply.body)["response"]
    assert response["allowed"] is False and response["status"] == {
        "code": 503,
        "reason": "ServiceUnavailable",
        "message": "undecided, and so not allowed: the catalog is of yesterday",
    }
    assert reply.decided and (reply.decided["decision"], reply.decided["reason"]) == (
        "undecided",
        "the catalog is of yesterday",
    )


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\x00", body({"apiVersion": "admission.k8s.io/v1beta1"})])
def test_what_is_no_review_is_a_bad_request(generation: Generation, text: bytes) -> None:
    for reply in (admission.answer(generation, Question("admission", text)), admission.undecided(text, "late", 504)):
        assert (reply.status, reply.content_type, reply.decided) == (400, PROBLEM, None)


def test_a_judgement_that_fails_is_undecided_and_no_error_of_http(generation: Generation) -> None:
    broken = replace(generation, settings=None)  # type: ignore[arg-type]
    reply = admission.answer(broken, Question("admission", body(), NOW))
    response = orjson.loads(reply.body)["response"]
    assert (reply.status, response["allowed"], response["status"]["code"]) == (200, False, 500)
    assert response["status"]["message"] == "undecided, and so not allowed: the judgement failed (AttributeError)"


@pytest.mark.parametrize(("said", "allowed"), [("warn", True), ("deny", False), ("undecided", False)])
def test_what_a_missing_fact_means_is_for_the_gate_to_say(generation: Generation, said: Any, allowed: bool) -> None:
    gates = replace(generation.settings.gates, admission=AdmissionGate(on_unknown=said))
    lenient = replace(generation, settings=replace(generation.settings, gates=gates))
    assert ask(lenient, **bare(CART))["allowed"] is allowed


SEARCH: dict[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "search", "namespace": "default"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "team-lost"},
}
"""With two faults that deny: it has no description, and an owner whom nobody knows."""


def rules(response: dict[str, Any]) -> str:
    said: str = response["auditAnnotations"].get("rules", "")
    return said


def test_a_fault_that_was_there_before_does_not_stop_another_change(generation: Generation) -> None:
    labelled = {**SEARCH, "metadata": {**SEARCH["metadata"], "labels": {"a": "b"}}}
    before = wrapped({**SEARCH, "metadata": {**SEARCH["metadata"], "name": "lost"}})["object"]
    lost = {**labelled, "metadata": {**labelled["metadata"], "name": "lost"}}
    response = ask(generation, **wrapped(lost, operation="UPDATE", oldObject=before))
    assert response["allowed"] is True
    assert "[ownership/owner-unknown] was there before: owner team-lost" in response["warnings"][1]


def test_what_is_created_once_more_as_it_is_answers_for_its_faults(generation: Generation) -> None:
    same = generation.catalog.entities["component:default/search"].data
    assert rules(ask(generation, **wrapped({**same, "spec": {**same["spec"], "owner": "team-lost"}}))) == RULE
    broken = generation.catalog.entities["api:default/odd"].data
    assert rules(ask(generation, **wrapped(dict(broken)))) == RULE


def test_what_is_created_answers_for_all_its_faults_whatever_the_catalog_has(generation: Generation) -> None:
    orders = {**generation.catalog.entities["component:default/orders"].data}
    orders = {**orders, "metadata": {"name": "orders", "namespace": "default"}}
    assert rules(ask(generation, **wrapped(orders))) == "docs/description-missing"
    made = ask(generation, **wrapped(SEARCH))
    assert rules(made) == "docs/description-missing ownership/owner-unknown"


def test_an_update_that_mends_one_fault_and_keeps_another_is_let_in(generation: Generation) -> None:
    mended = {**SEARCH, "spec": {**SEARCH["spec"], "owner": "team-cart"}}
    response = ask(generation, **wrapped(mended, operation="UPDATE", oldObject=wrapped(SEARCH)["object"]))
    assert rules(response) == "docs/description-missing"  # the catalog has one with a description
    lost = {**SEARCH, "metadata": {"name": "lost"}}
    mended = {**mended, "metadata": {"name": "lost"}}
    response = ask(generation, **wrapped(mended, operation="UPDATE", oldObject=wrapped(lost)["object"]))
    assert response["allowed"] is True


def test_a_rule_that_never_answers_is_no_answer_however_old_it_is(tmp_path: Path) -> None:
    (tmp_path / "broken.rego").write_text(
        "# METADATA\n# title: Broken\n# description: It divides by zero.\n# custom:\n#   severity: info\n"
        "#   applies_to: {kind: [User]}\n#   remediation: Mend it.\npackage bylaw.mine.broken\n\nimport rego.v1\n\n"
        'findings contains {"pointer": "", "message": "never"} if 1 / count(object.get(input, "none", {})) > 0\n',
        "utf-8",
    )
    broken = made(
        tmp_path,
        f"{ENTITIES_ALONE}enforcement: {{default: observe}}\npolicies: {{paths: [broken.rego], bundled: false}}\n",
    )
    user = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {"name": "jane"},
        "spec": {"memberOf": []},
    }
    response = ask(broken, **wrapped(user, operation="UPDATE"))
    assert message(response).startswith("[mine/broken] rule mine/broken came to no answer: ")


def test_an_entity_beside_another_is_not_let_in(strict: Generation) -> None:
    asked = wrapped(CART)
    asked["object"]["spec"]["owner"] = "team-orders"
    assert "[catalog/yaml-invalid] spec has owner beside entity" in message(ask(strict, **asked))


ODD: dict[str, dict[str, Any]] = {
    "right": CART,
    "of an unknown kind": {**CART, "kind": "Gadget"},
    "without a spec": {key: value for key, value in CART.items() if key != "spec"},
    "without a name": {**CART, "metadata": {}},
    "of a name that is none": {**CART, "metadata": {"name": "a cart/of ours"}},
    "of somebody unknown": {**CART, "spec": {"type": "service", "lifecycle": "production", "owner": "user:nobody"}},
    "of nobody": {**CART, "spec": {"type": "service", "lifecycle": "production"}},
    "with references that lead nowhere": {
        **CART,
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-cart", "dependsOn": ["x", "resource:y"]},
    },
    "with a link that does something": {
        **CART,
        "metadata": {"name": "cart", "links": [{"url": "javascript:alert(1)"}], "description": "Keeps things to buy"},
    },
    "in place of another": {**CART, "metadata": {"name": "orders"}},
    "with a secret": {
        **CART,
        "metadata": {"name": "cart", "description": "Log in with https://me:Zx9vQ2rT7mWk@git.example.com"},
    },
    "with a placeholder": {
        **CART,
        "kind": "API",
        "spec": {
            "type": "openapi",
            "lifecycle": "production",
            "owner": "team-cart",
            "definition": {"$text": "./a.yaml"},
        },
    },
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """A catalog under the law that holds where nobody says another one."""
    return made(tmp_path_factory.mktemp("strict"), ENTITIES_ALONE)


@pytest.mark.parametrize("name", ODD)
def test_an_entity_gets_the_verdict_that_a_merge_request_with_it_gets(
    strict: Generation, tmp_path: Path, name: str
) -> None:
    (tmp_path / "changed").mkdir()
    (tmp_path / "changed" / "catalog-info.yaml").write_bytes(orjson.dumps(ODD[name]))
    asked = Asked(
        changed=tmp_path / "changed", over=BaseSettings(snapshot=str(strict.snapshot)), now=date(2026, 11, 21)
    )
    report = gate(asked, {})
    against = {each.rule for each in report.findings if decide([each], MergeGate()) is not Decision.ALLOWED}
    older = {"apiVersion": "backstage.io/v1alpha1", "kind": "Entity", "spec": {"entity": {"kind": "Component"}}}
    update = wrapped(ODD[name], operation="UPDATE", oldObject=older)
    reply = admission.answer(strict, Question("admission", body(**update), NOW))
    assert reply.decided
    assert (reply.decided["decision"], set(reply.decided["rules"])) == (report.decision, against)
