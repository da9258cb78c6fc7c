"""The webhook in front of a real kube-apiserver: what people see who deploy, and what happens when it is gone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import ssl
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.api.served import Server, serving
from tests.command import write
from tests.real.kube import CALLER, Cluster, cluster
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

ID = "backstage.io/kubernetes-id"
TOKEN = "a-token-of-this-test-alone"
HOOK = "gate.bylaw.example.com"
PATIENCE = 60.0  # seconds after which a test that waits has failed
CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders, annotations: {backstage.io/kubernetes-id: orders}}
spec: {type: service, lifecycle: production, owner: team-orders, consumesApis: [billing-v1]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: search}
spec: {type: service, lifecycle: production, owner: ""}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: billing-v1}
spec: {type: grpc, lifecycle: deprecated, owner: team-orders, definition: "syntax = 'proto3';"}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-orders}
spec: {type: team, children: []}
"""
RULES = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: BylawOwnedWorkload
metadata: {name: workload-owned}
spec:
  match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: BylawImmutableIdentity
metadata: {name: identity-stays}
spec:
  match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: forever}
spec:
  crd: {spec: {names: {kind: Forever}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            version: v1
            rego: |
              package forever
              violation contains {"msg": "at last"} if {
                some a in numbers.range(1, 5000)
                some b in numbers.range(1, 5000)
                a * b == 0
              }
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: noexec}
spec:
  crd: {spec: {names: {kind: NoExec}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            version: v1
            rego: |
              package noexec
              violation contains {"msg": message} if {
                input.review.operation == "CONNECT"
                message := sprintf("nobody runs %v in %v", [input.review.object.command[0], input.review.name])
              }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NoExec
metadata: {name: no-exec}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [PodExecOptions]}]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Forever
metadata: {name: forever}
spec:
  match:
    kinds: [{apiGroups: [""], kinds: [ConfigMap]}]
    labelSelector: {matchLabels: {takes: forever}}
"""
SETTINGS = """\
version: 1
enforcement: {{default: observe, rules: {{ownership/owner-unknown: deny, docs/description-missing: deny}}}}
admission: {{paths: [rules.yaml]}}
store: sqlite:///bylaw.db
server:
  workers: 2
  tls: {{certificate: {folder}/webhook.crt, key: {folder}/webhook.key, client_ca: {folder}/ca.crt}}
  callers:
    - {{name: the-cluster, certificate: {caller}, scopes: [admission:review]}}
    - {{name: the-test, token_sha256: {token}, scopes: [decision:read, metrics:read]}}
"""
DEFINED = ("components.backstage.io", "entities.backstage.io")
ENTITY = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "cart", "title": "The cart", "description": "Keeps what people are about to buy"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "team-orders"},
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A `bylaw serve` that a cluster asks, and what a test asks it."""

    server: Server
    kube: Cluster

    def get(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.kube.ca))
        request = urllib.request.Request(self.server.url + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            said: bytes = answer.read()
        return said

    def decisions(self) -> list[dict[str, Any]]:
        """Those that are kept, the latest last, once none waits to be written."""
        self.until("bylaw_decision_log_queue", 0)
        said: dict[str, Any] = json.loads(self.get("/v1/decisions?limit=1000"))
        return sorted(said["decisions"], key=lambda each: each["seq"])

    def metric(self, name: str) -> float:
        lines = self.get("/metrics").decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def until(self, name: str, value: float) -> None:
        """Wait for a metric to have a value."""
        end = time.monotonic() + PATIENCE
        while (found := self.metric(name)) != value:
            assert time.monotonic() < end, f"{name} is {found}, expected {value}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("kube")) as running:
        running.authority.files(running.folder, "webhook")
        running.must("create", "namespace", "shop")
        yield running


@contextlib.contextmanager
def webhook(kube: Cluster, folder: Path, policy: str = "Fail", seconds: int = 30) -> Iterator[Webhook]:
    """The webhook of a cluster; its configuration is taken away in the end."""
    token = hashlib.sha256(TOKEN.encode()).hexdigest()
    settings = SETTINGS.format(folder=kube.folder, caller=CALLER, token=token)
    write(folder, {"catalog-info.yaml": CATALOG, "rules.yaml": RULES, "bylaw.yaml": settings})
    with serving(folder, "catalog-info.yaml", "--log-format", "json") as server:
        kube.must("apply", "-f", "-", given=_configuration(kube, server.url, policy, seconds))
        try:
            _wait_until_asked(kube)
            yield Webhook(server, kube)
        finally:
            kube.must("delete", "validatingwebhookconfiguration", "bylaw", "--ignore-not-found")
            _wait_until_not_asked(kube)


def _configuration(kube: Cluster, url: str, policy: str, seconds: int) -> dict[str, Any]:
    shop = {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}
    rules = [
        {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments", "deployments/scale"]},
        {"apiGroups": ["backstage.io"], "apiVersions": ["*"], "resources": ["*", "*/status"]},
        {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]},
    ]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "bylaw"},
        "webhooks": [
            {
                "name": HOOK,
                "admissionReviewVersions": ["v1"],
                "sideEffects": "NoneOnDryRun",
                "failurePolicy": policy,
                "timeoutSeconds": seconds,
                "clientConfig": {"url": f"{url}/v1/admission", "caBundle": kube.ca_bundle},
                "namespaceSelector": shop,
                "rules": [
                    *({**each, "operations": ["CREATE", "UPDATE", "DELETE"]} for each in rules),
                    {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/exec"], "operations": ["CONNECT"]},
                ],
            }
        ],
    }


def _wait_until_asked(kube: Cluster) -> None:
    """A configuration holds a moment after it is stored."""
    _wait(lambda: "names no entity" in kube.apply(deployment("probe"), "--dry-run=server")[1])


def _wait_until_not_asked(kube: Cluster) -> None:
    _wait(lambda: kube.apply(deployment("probe"), "--dry-run=server") == (0, ""))


def _wait(holds: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "the API server did not take notice of the webhook's configuration"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def hook(kube: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhook]:
    with webhook(kube, tmp_path_factory.mktemp("bylaw")) as running:
        yield running


def deployment(name: str, entity: str | None = None) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "main", "image": "registry.example.com/main:1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {**labels, **({ID: entity} if entity else {})}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def config_map(name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def denied(said: str, message: str) -> bool:
    return f'admission webhook "{HOOK}" denied the request: {message}' in said


def test_a_deployment_without_an_owner_is_denied_with_our_message(kube: Cluster, hook: Webhook) -> None:
    code, said = kube.apply(deployment("lonely"))
    assert code == 1 and "Error from server (Forbidden)" in said
    assert denied(
        said,
        "[workload-owned] Deployment shop/lonely names no entity of the catalog: "
        "set its label backstage.io/kubernetes-id or bylaw.dev/entity",
    )
    code, said = kube.apply(deployment("search", "search"))
    message = "[workload-owned] component:default/search, which Deployment shop/search belongs to, has no owner"
    assert code == 1 and denied(said, message)
    assert kube.kubectl("get", "-n", "shop", "deployment", "lonely", "search")[0] == 1
    assert {f"{HOOK}/decision": "denied", f"{HOOK}/rules": "workload-owned"}.items() <= kube.audited()[-1].items()
    last = hook.decisions()[-1]
    assert (last["subject"], last["decision"], last["rules"], last["caller"]) == (
        "apps/v1 Deployment shop/search",
        "denied",
        ["workload-owned"],
        "the-cluster",
    )


def test_with_an_owner_it_is_admitted_with_a_warning_about_its_deprecated_api(kube: Cluster, hook: Webhook) -> None:
    code, said = kube.apply(deployment("orders", "orders"))
    warning = (
        "Warning: [bylaw-deprecated] api:default/billing-v1, which component:default/orders consumes, is deprecated"
    )
    assert code == 0 and warning in said.splitlines()
    assert kube.get("-n", "shop", "deployment", "orders")["metadata"]["labels"][ID] == "orders"
    assert hook.decisions()[-1]["decision"] == "allowed"


def test_a_dry_run_is_answered_alike_and_leaves_no_trace(kube: Cluster, hook: Webhook) -> None:
    kube.apply(deployment("trace", "orders"))
    before = hook.decisions()
    code, said = kube.apply(deployment("dry"), "--dry-run=server")
    assert code == 1 and "[workload-owned] Deployment shop/dry names no entity" in said
    code, said = kube.apply(deployment("dry", "orders"), "--dry-run=server")
    assert code == 0 and "Warning: [bylaw-deprecated]" in said
    assert hook.decisions() == before
    assert kube.kubectl("get", "-n", "shop", "deployment", "dry")[0] == 1


def test_an_update_is_judged_by_what_was_there_before(kube: Cluster, hook: Webhook) -> None:
    assert kube.apply(deployment("moved", "orders"))[0] == 0
    code, said = kube.apply(deployment("moved", "billing"))
    assert code == 1
    assert (
        "[identity-stays] Deployment shop/moved belongs to component:default/orders, and the update gives it to" in said
    )
    assert kube.get("-n", "shop", "deployment", "moved")["metadata"]["labels"][ID] == "orders"


def test_scaling_and_deleting_are_let_be(kube: Cluster, hook: Webhook) -> None:
    assert kube.apply(deployment("scaled", "orders"))[0] == 0
    kube.must("scale", "-n", "shop", "deployment", "scaled", "--replicas=3")
    assert kube.get("-n", "shop", "deployment", "scaled")["spec"]["replicas"] == 3
    kube.must("delete", "-n", "shop", "deployment", "scaled")
    last = {each["subject"] for each in hook.decisions()[-2:]}
    assert last == {"autoscaling/v1 Scale shop/scaled (deployments/scale)", "apps/v1 Deployment shop/scaled"}


def test_a_connection_is_judged_by_its_options(kube: Cluster, hook: Webhook) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell", "namespace": "shop"}}
    kube.must("apply", "-f", "-", given={**pod, "spec": {"containers": [{"name": "main", "image": "main:1"}]}})
    connect = "/api/v1/namespaces/shop/pods/shell/exec?command=bash&stdout=true"
    code, _, said = kube.kubectl("create", "--raw", connect, "-f", "-", given={})
    assert code == 1 and denied(said, "[no-exec] nobody runs bash in shell")
    assert hook.decisions()[-1]["subject"] == "v1 PodExecOptions shop/shell (pods/exec)"


def test_gatekeeper_can_be_handed_the_catalog_as_an_object(kube: Cluster) -> None:
    text = (ROOT / "deploy" / "gatekeeper-provider" / "catalog.yaml").read_text("utf-8")
    definition, sync = yaml.safe_load_all(text)
    sample = yaml.safe_load((ROOT / "policies" / "kubernetes" / "samples" / "catalog.yaml").read_text("utf-8"))
    assert {"group": "bylaw.dev", "version": "v1", "kind": "Catalog"} in sync["spec"]["gvks"]
    kube.must("apply", "-f", "-", given=definition)
    kube.must("wait", "--for=condition=established", "crd", definition["metadata"]["name"], "--timeout=60s")
    kube.must("create", "-f", "-", given=sample)
    assert kube.get("catalogs.bylaw.dev", "shop")["spec"] == sample["spec"]


def test_an_entity_is_judged_by_the_rules_of_the_catalog(kube: Cluster, hook: Webhook) -> None:
    kube.must("apply", "-f", "-", given=[_definition("Component", "components"), _definition("Entity", "entities")])
    kube.must("wait", "--for=condition=established", "crd", *DEFINED, "--timeout=60s")
    place = {"name": "cart", "namespace": "shop"}
    bare = {**ENTITY, "metadata": {**ENTITY["metadata"], **place}}  # type: ignore[dict-item]
    _, said = kube.apply(bare, "--validate=ignore")
    assert "[docs/description-missing] metadata.title and metadata.description are unknown" in said
    wrapped = {"apiVersion": "backstage.io/v1alpha1", "kind": "Entity", "metadata": place, "spec": {"entity": ENTITY}}
    assert kube.apply(wrapped)[0] == 0
    assert hook.decisions()[-1]["subject"] == "component:default/cart"
    lost = {**ENTITY, "spec": {**ENTITY["spec"], "owner": "team-lost"}}  # type: ignore[dict-item]
    code, said = kube.apply({**wrapped, "spec": {"entity": lost}})
    message = "[ownership/owner-unknown] owner team-lost of component:default/cart is not in the catalog"
    assert code == 1 and denied(said, message)


def _definition(kind: str, plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.backstage.io"},
        "spec": {
            "group": "backstage.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


def test_what_takes_too_long_is_denied_in_time_and_the_next_request_is_served(
    kube: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with webhook(kube, tmp_path_factory.mktemp("slow"), policy="Ignore", seconds=2) as hook:
        code, said = kube.apply(config_map("slow", takes="forever"))
        assert code == 1 and denied(said, "undecided, and so not allowed: no answer within ")
        assert kube.apply(deployment("after", "orders"))[0] == 0
        assert hook.metric("bylaw_worker_kills_total") == 1


@pytest.mark.parametrize(("policy", "admitted"), [("Fail", False), ("Ignore", True)])
def test_killed_in_the_middle_of_a_request_it_obeys_the_failure_policy(
    kube: Cluster, tmp_path_factory: pytest.TempPathFactory, policy: str, admitted: bool
) -> None:
    name = f"killed-{policy.lower()}"
    with webhook(kube, tmp_path_factory.mktemp(name), policy=policy) as hook:
        asking = kube.start("apply", "-f", "-", given=config_map(name, takes="forever"))
        hook.until('bylaw_workers{state="busy"}', 1)
        hook.server.process.send_signal(signal.SIGKILL)
        _, said = asking.communicate(timeout=PATIENCE)
        assert (asking.returncode == 0) is admitted, said
        assert (f'failed calling webhook "{HOOK}"' in said) is not admitted
        # and where nothing listens any more, too
        code, said = kube.apply(deployment(name))
        assert (code == 0) is admitted and ("failed calling webhook" in said) is not admitted
        assert (kube.kubectl("get", "-n", "shop", "configmap", name)[0] == 0) is admitted
