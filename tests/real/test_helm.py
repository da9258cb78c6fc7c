"""The chart, by helm itself: what it renders is what Kubernetes takes, and what it configures is what bylaw reads.

make test-real
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from bylaw import config
from tests.api.served import serving
from tests.command import entity
from tests.real import components
from tests.real.kube import Cluster, cluster
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

CHART = ROOT / "deploy" / "helm" / "bylaw"
SETS = sorted((CHART / "ci").glob("*-values.yaml"))
KUBERNETES = "v1.36.3"  # whose API the manifests are held to
STRANGE = {"Certificate", "Issuer", "ServiceMonitor", "PrometheusRule"}  # of operators, not of Kubernetes

ENTITIES = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "held", "namespace": "shop", "labels": {"bylaw.dev/holds": "entities"}},
    "data": {"catalog-info.yaml": entity("payments", type="service", lifecycle="experimental", owner="nobody")},
}
NOTHING = ("--image=nginx", "--dry-run=client", "--output=json")

Manifest = dict[str, Any]


def helm(*arguments: str, cwd: Path = CHART) -> subprocess.CompletedProcess[str]:
    program = components.program("helm")
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def rendered(*arguments: str, cwd: Path = CHART, chart: str = ".") -> list[Manifest]:
    """What helm would install, as a release `law` in a namespace `governance`."""
    version = KUBERNETES.removeprefix("v")
    done = helm("template", "law", chart, "--namespace=governance", f"--kube-version={version}", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def one(manifests: list[Manifest], kind: str, suffix: str = "") -> Manifest:
    (found,) = [each for each in manifests if each["kind"] == kind and each["metadata"]["name"].endswith(suffix)]
    return found


@cache
def definitions() -> dict[str, Any]:
    """The schemas of Kubernetes' API, in which nothing is known but what they name."""
    go = components.program("go")
    module = f"k8s.io/kubernetes@{KUBERNETES}"
    done = subprocess.run([go, "mod", "download", "-json", module], capture_output=True, text=True, check=False)
    if done.returncode:
        components.missing("kubernetes", f"its schemas are not to be had: {done.stdout}{done.stderr}")
    swagger = Path(json.loads(done.stdout)["Dir"]) / "api" / "openapi-spec" / "swagger.json"
    known: dict[str, Any] = json.loads(swagger.read_text())["definitions"]
    for each in known.values():
        if "properties" in each:
            each.setdefault("additionalProperties", False)
    for name in ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", "io.k8s.apimachinery.pkg.api.resource.Quantity"):
        known[name] = {"type": ["string", "integer"]}
    return known


def refused(manifest: Manifest) -> list[str]:
    """What Kubernetes would not take of a manifest."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    wanted = {"group": group, "version": version, "kind": manifest["kind"]}
    (name,) = [
        name for name, each in definitions().items() if wanted in each.get("x-kubernetes-group-version-kind", [])
    ]
    schema = {"$ref": f"#/definitions/{name}", "definitions": definitions()}
    return [f"{each.json_path}: {each.message}" for each in jsonschema.Draft4Validator(schema).iter_errors(manifest)]


@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_helm_finds_no_fault(values: Path) -> None:
    done = helm("lint", ".", "--strict", f"--kube-version={KUBERNETES}", "-f", str(values))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_what_is_rendered_is_what_kubernetes_takes(values: Path) -> None:
    manifests = rendered("-f", str(values))
    kinds = {each["kind"] for each in manifests}
    assert {"Deployment", "Service", "ValidatingWebhookConfiguration", "NetworkPolicy"} <= kinds
    assert [(each["kind"], refused(each)) for each in manifests if each["kind"] not in STRANGE and refused(each)] == []


def test_a_wrong_manifest_would_be_noticed() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"nam": "x"}, "spec": {"ports": [{"port": "a"}]}}
    assert [each.partition(": ")[0] for each in refused(service)] == ["$.metadata", "$.spec.ports[0].port"]


@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_no_container_may_do_what_the_restricted_standard_forbids(values: Path) -> None:
    manifests = rendered("-f", str(values))
    jobs = [each["spec"]["jobTemplate"] for each in manifests if each["kind"] == "CronJob"]
    for spec in [each["spec"]["template"]["spec"] for each in (one(manifests, "Deployment"), *jobs)]:
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        ours = spec["containers"][0]
        assert ours["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert ours["resources"]["limits"]["memory"]
        assert not any("hostPath" in volume for volume in spec["volumes"])


def test_the_webhook_lets_the_cluster_mend_itself_and_says_what_happens_without_it() -> None:
    webhook = one(rendered("-f", str(CHART / "ci/trial-values.yaml")), "ValidatingWebhookConfiguration")
    hook, entities = webhook["webhooks"]
    assert {key: hook[key] for key in ("failurePolicy", "matchPolicy", "sideEffects", "timeoutSeconds")} == {
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "sideEffects": "NoneOnDryRun",
        "timeoutSeconds": 3,
    }
    assert hook["namespaceSelector"]["matchExpressions"] == [
        {
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["kube-system", "kube-public", "kube-node-lease", "governance"],
        }
    ]
    assert [each["name"] for each in hook["matchConditions"]] == ["not-by-the-control-plane"]
    assert hook["clientConfig"]["service"] == {
        "name": "law-bylaw",
        "namespace": "governance",
        "path": "/v1/admission",
        "port": 443,
    }
    assert entities["name"] == "entities.bylaw.dev"
    assert entities["objectSelector"] == {"matchLabels": {"bylaw.dev/holds": "entities"}}
    assert [each["resources"] for each in entities["rules"]] == [["configmaps"]]
    same = {"name", "rules", "objectSelector"}
    assert {key: hook[key] for key in hook.keys() - same} == {key: entities[key] for key in entities.keys() - same}
    production = one(rendered("-f", str(CHART / "ci/production-values.yaml")), "ValidatingWebhookConfiguration")
    assert production["webhooks"][0]["failurePolicy"] == "Fail"
    assert production["metadata"]["annotations"] == {"cert-manager.io/inject-ca-from": "governance/law-bylaw"}
    assert "caBundle" not in production["webhooks"][0]["clientConfig"]


def test_the_certificate_that_helm_makes_is_vouched_for_by_the_bundle_of_the_webhook(tmp_path: Path) -> None:
    manifests = rendered("-f", str(CHART / "ci/trial-values.yaml"))
    bundle = one(manifests, "ValidatingWebhookConfiguration")["webhooks"][0]["clientConfig"]["caBundle"]
    secret = one(manifests, "Secret")["data"]
    assert secret["ca.crt"] == bundle
    (tmp_path / "ca").write_bytes(base64.b64decode(bundle))
    (tmp_path / "crt").write_bytes(base64.b64decode(secret["tls.crt"]))
    host = "law-bylaw.governance.svc"
    openssl = [components.program("openssl"), "verify", "-CAfile", "ca", "-verify_hostname", host, "crt"]
    done = subprocess.run(openssl, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "crt: OK\n", done.stderr


@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_what_the_chart_configures_is_what_bylaw_reads(values: Path) -> None:
    text = next(each for each in rendered("-f", str(values)) if "bylaw.yaml" in each.get("data", {}))["data"]
    settings = config.parse(text["bylaw.yaml"].encode(), Path("/etc/bylaw/config/bylaw.yaml"))
    assert settings.server.tls is not None
    assert (settings.server.tls.certificate, settings.server.workers) == ("/etc/bylaw/tls/tls.crt", 2)


def test_callers_and_paths_of_the_values_stand_beside_those_of_the_chart() -> None:
    production = rendered("-f", str(CHART / "ci/production-values.yaml"))
    text = next(each for each in production if "bylaw.yaml" in each.get("data", {}))["data"]["bylaw.yaml"]
    settings = config.parse(text.encode(), Path("/etc/bylaw/config/bylaw.yaml"))
    assert [(each.name, each.scopes, each.certificate) for each in settings.server.callers] == [
        ("prometheus", ("metrics:read",), None),
        ("kube-apiserver", ("admission:review",), "kube-apiserver"),
    ]
    assert (settings.server.refresh, settings.store) == (30, "postgresql://bylaw@postgres.bylaw.svc/bylaw")
    everything = rendered("-f", str(CHART / "ci/everything-values.yaml"))
    text = next(each for each in everything if "bylaw.yaml" in each.get("data", {}))["data"]["bylaw.yaml"]
    settings = config.parse(text.encode(), Path("/etc/bylaw/config/bylaw.yaml"))
    assert settings.policies.paths == ("/etc/bylaw/policies",)
    assert settings.admission.paths == ("/etc/bylaw/constraints",)
    assert settings.admission.inventory == ("/etc/bylaw/inventory",)
    assert (settings.waivers.paths, settings.waivers.max_days) == (("/etc/bylaw/waivers/waivers.yaml",), 30)


def test_every_mount_has_its_volume_and_every_file_its_key() -> None:
    manifests = rendered("-f", str(CHART / "ci/everything-values.yaml"))
    spec = one(manifests, "Deployment")["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert {each["name"] for each in spec["containers"][0]["volumeMounts"]} == set(volumes)
    maps = {each["metadata"]["name"]: each["data"] for each in manifests if each["kind"] == "ConfigMap"}
    for volume in volumes.values():
        for item in volume.get("configMap", {}).get("items", []):
            assert item["key"] in maps[volume["configMap"]["name"]]
    assert volumes["policies"]["configMap"]["items"] == [
        {"key": "shop__name_bad__name_bad.rego", "path": "files/shop/name_bad/name_bad.rego"}
    ]


def test_names_are_as_long_as_kubernetes_lets_them_be() -> None:
    manifests = rendered("-f", str(CHART / "ci/everything-values.yaml"), "--set", f"fullnameOverride={'x' * 63}")
    longest = {each["kind"]: 52 if each["kind"] == "CronJob" else 63 for each in manifests}
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert [(kind, name) for kind, name in names if len(name) > longest[kind]] == []
    rule = next(each for each in alerts() if each["alert"] == "BylawLogBroken")
    (pattern,) = re.findall(r'job_name=~"(.+)"', rule["expr"])
    assert re.fullmatch(pattern, f"{one(manifests, 'CronJob')['metadata']['name']}-29000000")


def alerts() -> list[Manifest]:
    rules: list[Manifest] = yaml.safe_load((CHART / "files/alerts.yaml").read_text())["groups"][0]["rules"]
    return rules


def test_another_law_is_another_pod() -> None:
    def digest(*more: str) -> str:
        deployment = one(rendered("-f", str(CHART / "ci/trial-values.yaml"), *more), "Deployment")
        found: str = deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
        return found

    assert digest() == digest()
    assert digest("--set-string", r"policies.a\.rego=x") != digest()


def test_the_alert_rules_arrive_as_they_are() -> None:
    rule = one(rendered("-f", str(CHART / "ci/production-values.yaml")), "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    board = one(rendered("-f", str(CHART / "ci/production-values.yaml")), "ConfigMap", "-dashboard")
    assert json.loads(board["data"]["bylaw.json"]) == json.loads((CHART / "files/dashboard.json").read_text())


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with the namespace of the release."""
    with cluster(tmp_path_factory.mktemp("kubernetes")) as running:
        running.must("create", "namespace", "governance")
        yield running


@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_a_real_api_server_takes_what_is_rendered(kubernetes: Cluster, values: Path) -> None:
    manifests = [each for each in rendered("-f", str(values)) if each["kind"] not in STRANGE]
    code, said = kubernetes.apply(manifests, "--namespace=governance", "--dry-run=server")
    assert (code, said) == (0, "")


def test_a_real_api_server_refuses_a_condition_that_is_none(kubernetes: Cluster) -> None:
    wrong = ("--set", "webhook.matchConditions[0].name=x", "--set", "webhook.matchConditions[0].expression=request.who")
    manifests = rendered("-f", str(CHART / "ci/trial-values.yaml"), *wrong)
    code, said = kubernetes.apply(one(manifests, "ValidatingWebhookConfiguration"), "--dry-run=server")
    assert code == 1
    assert "undefined field 'who'" in said


def test_an_upgrade_keeps_the_certificate_and_one_without_it_makes_another(kubernetes: Cluster) -> None:
    def release(action: str) -> str:
        kubeconfig = f"--kubeconfig={kubernetes.folder / 'admin.json'}"
        values = ("-f", str(CHART / "ci/trial-values.yaml"), "--set", "webhook.enabled=false")
        done = helm(action, "kept", ".", "--namespace=keeping", kubeconfig, *values)
        assert done.returncode == 0, done.stderr
        assert "INSECURE: anyone who reaches the port may ask anything." in done.stdout
        found: str = kubernetes.get("secret", "kept-bylaw-tls", "--namespace=keeping")["data"]["tls.crt"]
        return found

    kubernetes.must("create", "namespace", "keeping")
    first = release("install")
    assert release("upgrade") == first
    kubernetes.must("delete", "secret", "kept-bylaw-tls", "--namespace=keeping")
    assert release("upgrade") != first


def certificates(folder: Path) -> None:
    """Somebody who vouches (ca.crt), and what they vouch for: kube-apiserver and somebody else."""
    openssl = components.program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    run(*new, "-x509", "-days", "2", "-subj", "/CN=cluster-ca", "-keyout", "ca.key", "-out", "ca.crt")
    for name in ("kube-apiserver", "somebody"):
        run(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        run("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt")


def installed(manifests: list[Manifest], folder: Path) -> list[str]:
    """The files of a pod, under a folder of this machine, and the arguments of its container."""

    def here(text: str) -> str:
        return text.replace("/etc/bylaw", f"{folder}/etc").replace("/var/lib/bylaw", f"{folder}/lib")

    spec = one(manifests, "Deployment")["spec"]["template"]["spec"]
    maps = {each["metadata"]["name"]: each["data"] for each in manifests if each["kind"] == "ConfigMap"}
    volumes = {each["name"]: each for each in spec["volumes"]}
    for mount in spec["containers"][0]["volumeMounts"]:
        volume, place = volumes[mount["name"]], Path(here(mount["mountPath"]))
        if "configMap" in volume:
            held = maps[volume["configMap"]["name"]]
            for item in volume["configMap"].get("items", [{"key": key, "path": key} for key in held]):
                path = place / item["path"].removeprefix(f"{mount.get('subPath', '')}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(here(held[item["key"]]))
        elif place.is_relative_to(folder):
            place.mkdir(parents=True, exist_ok=True)
    for name, value in one(manifests, "Secret")["data"].items():
        (folder / "etc" / "tls" / name).write_bytes(base64.b64decode(value))
    if "client-ca" in volumes:
        shutil.copy(folder / "ca.crt", folder / "etc/client-ca/ca.crt")
    serve, *arguments = map(here, spec["containers"][0]["args"])
    assert serve == "serve"
    assert "--host=0.0.0.0" in arguments
    return [each for each in arguments if not each.startswith(("--host", "--port"))]


REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "8c1bcd6a",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "name": "orders",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
        "object": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}},
    },
}


def ask(url: str, manifests: list[Manifest], method: str, path: str, certificate: Path | None = None) -> Any:
    """Ask as the API server does: by the name of the service, believing the bundle of the webhook."""
    hook = one(manifests, "ValidatingWebhookConfiguration")["webhooks"][0]
    context = ssl.create_default_context(cadata=base64.b64decode(hook["clientConfig"]["caBundle"]).decode())
    if certificate:
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    parts, service = urlsplit(url), hook["clientConfig"]["service"]
    plain = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
    connection = http.client.HTTPConnection(parts.hostname or "")
    with context.wrap_socket(plain, server_hostname=f"{service['name']}.{service['namespace']}.svc") as secure:
        connection.sock = secure
        body = json.dumps(REVIEW) if method == "POST" else None
        connection.request(method, path, body, {"content-type": "application/json"})
        said = connection.getresponse()
        return said.status, json.loads(said.read())


def test_the_server_of_a_trial_answers_at_the_place_that_the_webhook_names(tmp_path: Path) -> None:
    manifests = rendered("-f", str(CHART / "ci/trial-values.yaml"))
    with serving(tmp_path, *installed(manifests, tmp_path)) as server:
        assert ask(server.url, manifests, "GET", "/healthz")[0] == 200
        assert ask(server.url, manifests, "GET", "/readyz")[0] == 200
        status, said = ask(server.url, manifests, "POST", "/v1/admission?timeout=3s")
        assert status == 200, said
        assert (status, said["response"]["uid"], said["response"]["allowed"]) == (200, "8c1bcd6a", True)
        assert server.stop() == 0
    assert (tmp_path / "lib" / "bylaw.db").exists()


def test_without_insecure_only_the_cluster_may_ask_and_the_probes_still_may(tmp_path: Path) -> None:
    more = ("--set", "insecure=false", "--set", "webhook.clientCA.secretName=ca")
    manifests = rendered("-f", str(CHART / "ci/trial-values.yaml"), *more)
    certificates(tmp_path)
    with serving(tmp_path, *installed(manifests, tmp_path)) as server:
        path = "/v1/admission?timeout=3s"
        known, unknown = tmp_path / "kube-apiserver.crt", tmp_path / "somebody.crt"
        assert ask(server.url, manifests, "GET", "/readyz")[0] == 200
        assert ask(server.url, manifests, "POST", path)[0] == 401
        assert ask(server.url, manifests, "POST", path, unknown)[0] in {401, 403}
        assert ask(server.url, manifests, "GET", "/v1/decisions", known)[0] == 403
        assert ask(server.url, manifests, "POST", path, known)[0] == 200
        assert server.stop() == 0


def test_where_the_api_server_shows_nothing_whoever_comes_may_ask_for_admission_and_for_nothing_else(
    tmp_path: Path,
) -> None:
    more = ("--set", "insecure=false", "--set", "webhook.authentication=none")
    manifests = rendered("-f", str(CHART / "ci/trial-values.yaml"), *more)
    certificates(tmp_path)
    with serving(tmp_path, *installed(manifests, tmp_path)) as server:
        assert ask(server.url, manifests, "POST", "/v1/admission?timeout=3s")[0] == 200
        assert ask(server.url, manifests, "GET", "/v1/decisions")[0] == 403
        assert ask(server.url, manifests, "GET", "/metrics")[0] == 403
        assert server.stop() == 0


def test_a_cluster_with_the_chart_warns_of_what_the_shipped_rules_find_and_denies_by_a_constraint_of_its_own(
    kubernetes: Cluster, tmp_path: Path
) -> None:
    own = yaml.safe_load((CHART / "ci/everything-values.yaml").read_text())["constraints"]
    values = {"webhook": {"clientCA": {"secretName": "ca"}, "failurePolicy": "Fail"}, "constraints": own}
    (tmp_path / "values.json").write_text(json.dumps(values))
    sample = f"catalog.shop\\.yaml={ROOT / 'deploy/samples/catalog.yaml'}"
    manifests = rendered("-f", str(tmp_path / "values.json"), "--set-file", sample)
    shutil.copy(kubernetes.ca, tmp_path / "ca.crt")
    with serving(tmp_path, *installed(manifests, tmp_path)) as server:
        # There are no pods here, so the name of the service leads to this machine.
        port = server.address[1]
        one(manifests, "Service")["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        for hook in one(manifests, "ValidatingWebhookConfiguration")["webhooks"]:
            hook["clientConfig"]["service"]["port"] = port
        kubernetes.must("apply", "--namespace=governance", "-f", "-", given=manifests)
        kubernetes.must("create", "namespace", "shop")

        def deploy(name: str, **labels: str) -> tuple[int, str]:
            found = json.loads(kubernetes.must("create", "deployment", name, *NOTHING))
            found["metadata"].update(namespace="shop", labels=labels)
            return kubernetes.apply(found)

        for _ in range(100):  # the configuration is watched
            code, said = deploy("first")
            if code:
                break
            kubernetes.must("delete", "deployment", "first", "--namespace=shop")
            time.sleep(0.1)
        assert code == 1
        assert 'admission webhook "admission.bylaw.dev" denied the request: [required-team] no label team' in said
        code, said = deploy("stray", team="shop")
        assert (code, said.startswith("Warning: [bylaw-owned-workload] ")) == (0, True), said
        code, said = deploy("orders", **{"team": "shop", "backstage.io/kubernetes-id": "orders"})
        assert (code, "bylaw-owned-workload" in said) == (0, False)
        code, said = kubernetes.apply(ENTITIES)
        assert code == 1
        assert 'webhook "entities.bylaw.dev" denied the request: [ownership/owner-unknown] ' in said
        assert kubernetes.apply({**ENTITIES, "metadata": {"name": "held", "namespace": "shop"}}) == (0, "")
        assert server.stop() == 0
    code, said = deploy("later", team="shop")
    assert code == 1
    assert 'failed calling webhook "admission.bylaw.dev"' in said
    kubernetes.must("delete", "validatingwebhookconfiguration", "law-bylaw")
    assert deploy("later", team="shop")[0] == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "webhook.clientCA.secretName is empty: name the secret"),
        (["insecure=true"], "there is no catalog: set config.catalog.base, catalog or paths"),
        (["insecure=true", "paths={/x}", "tls.source=secret"], "tls.source is secret: set tls.secretName and"),
        (["insecure=true", "paths={/x}", "verify.enabled=true"], "verify.enabled needs store.url"),
        (["insecure=true", "paths={/x}", "replica=2"], "additional properties 'replica' not allowed"),
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused_with_the_next_step(values: list[str], said: str) -> None:
    sets = [part for each in values for part in ("--set", each)]
    done = helm("template", "law", ".", f"--kube-version={KUBERNETES}", *sets)
    assert done.returncode != 0
    assert said in done.stderr


def test_the_first_steps_of_the_documentation_render() -> None:
    text = (ROOT / "docs" / "kubernetes-install.md").read_text()
    block = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[0].replace("\\\n", " ")
    (line,) = [line for line in block.splitlines() if line.startswith("helm install ")]
    _, _, release, chart, *arguments = shlex.split(line)
    assert release == "bylaw"
    arguments = [each for each in arguments if each not in {"--create-namespace", "--wait", "--namespace", "bylaw"}]
    manifests = rendered(*arguments, cwd=ROOT, chart=chart)
    catalog = one(manifests, "ConfigMap", "-catalog")["data"]
    assert list(catalog) == ["shop.yaml"]
    assert [each["kind"] for each in yaml.safe_load_all(catalog["shop.yaml"])] == ["Group", "User", "User", "Component"]
