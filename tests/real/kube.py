"""A real kube-apiserver over a real etcd: ``with cluster(folder) as running``, and kubectl to ask it.

`scripts/kube/build.sh` builds kube-apiserver and kubectl, `make test-real` calls it; etcd is a package (etcd-server).
Nobody schedules anything: a Deployment is an object like any other here, and no Pod comes of it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.api.edge import DAY, Authority, private
from tests.real import components
from tests.shared import ROOT

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator
    from pathlib import Path

BUILT = ROOT / ".cache" / "kube"
CALLER = "kube-apiserver"
"""How the API server calls itself where it calls a webhook: the common name of its certificate."""
_PATIENCE = 120.0  # seconds in which it starts
_SBIN = "/usr/sbin"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of nothing but its API."""

    folder: Path
    url: str
    kubectl_path: str
    authority: Authority

    @property
    def ca(self) -> Path:
        """The certificate that vouches for everybody here, webhooks included."""
        return self.folder / "ca.crt"

    @property
    def ca_bundle(self) -> str:
        """The same, as manifests have it."""
        return base64.b64encode(self.ca.read_bytes()).decode()

    def start(self, *arguments: str, given: Any = None) -> subprocess.Popen[str]:
        """kubectl, which goes on by itself; ``given`` is an object, or several, for its standard input."""
        process = subprocess.Popen(
            [self.kubectl_path, "--kubeconfig", str(self.folder / "admin.json"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"]},
        )
        assert process.stdin
        process.stdin.write(_listed(given))
        process.stdin.close()
        process.stdin = None
        return process

    def kubectl(self, *arguments: str, given: Any = None) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of kubectl."""
        process = self.start(*arguments, given=given)
        out, err = process.communicate(timeout=_PATIENCE)
        return process.returncode, out, err

    def apply(self, given: Any, *arguments: str) -> tuple[int, str]:
        """Exit code of `kubectl apply`, and what it said to people."""
        code, _, err = self.kubectl("apply", *arguments, "-f", "-", given=given)
        return code, err

    def must(self, *arguments: str, given: Any = None) -> str:
        """Standard output of a kubectl that does what it is asked."""
        code, out, err = self.kubectl(*arguments, given=given)
        assert code == 0, err
        return out

    def get(self, *what: str) -> dict[str, Any]:
        """An object as it is stored."""
        found: dict[str, Any] = json.loads(self.must("get", *what, "-o", "json"))
        return found

    def audited(self) -> list[dict[str, str]]:
        """The annotations of all requests so far that have some."""
        lines = (self.folder / "audit.log").read_text().splitlines()
        return [said for line in lines if (said := json.loads(line).get("annotations"))]


def _listed(given: Any) -> str:
    """What kubectl reads: nothing, an object, or a list of them."""
    if given is None:
        return ""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": given} if isinstance(given, list) else given)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run one in a folder, on ports of this machine alone, until it is ready."""
    etcd = components.program("etcd", _SBIN)
    apiserver = components.program("kube-apiserver", BUILT)
    kubectl = components.program("kubectl", BUILT)
    authority = Authority("test-ca")
    authority.write(folder / "ca.crt")
    authority.files(folder, "apiserver")
    _client(authority, folder, "admin", "system:masters")
    _client(authority, folder, CALLER)
    (folder / "sa.key").write_bytes(_traditional(ec.generate_private_key(ec.SECP256R1())))
    client, peer, port = _ports(3)
    running = Cluster(folder, f"https://127.0.0.1:{port}", kubectl, authority)
    _write(running)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_process(folder, "etcd", _etcd(etcd, folder, client, peer)))
        server = stack.enter_context(_process(folder, "apiserver", _apiserver(apiserver, folder, client, port)))
        _wait_for(running, server)
        yield running


def _etcd(program: str, folder: Path, client: int, peer: int) -> list[str]:
    here, there = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        program,
        *("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", here, "--advertise-client-urls", here),
        *("--listen-peer-urls", there, "--initial-advertise-peer-urls", there, "--initial-cluster", f"default={there}"),
    ]


def _apiserver(program: str, folder: Path, etcd: int, port: int) -> list[str]:
    said = {
        "etcd-servers": f"http://127.0.0.1:{etcd}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": folder / "apiserver.crt",
        "tls-private-key-file": folder / "apiserver.key",
        "client-ca-file": folder / "ca.crt",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder / "sa.key",
        "service-account-signing-key-file": folder / "sa.key",
        "service-cluster-ip-range": "10.0.0.0/24",
        "authorization-mode": "RBAC",
        "disable-admission-plugins": "ServiceAccount",
        "endpoint-reconciler-type": "none",
        "admission-control-config-file": folder / "admission.json",
        "audit-policy-file": folder / "audit.json",
        "audit-log-path": folder / "audit.log",
    }
    return [program, *(f"--{name}={value}" for name, value in said.items())]


def _write(running: Cluster) -> None:
    """What programs read: who they are, and whom they believe."""
    folder = running.folder

    def who(name: str) -> dict[str, str]:
        return {"client-certificate": str(folder / f"{name}.crt"), "client-key": str(folder / f"{name}.key")}

    kubeconfig = {"apiVersion": "v1", "kind": "Config"}
    admin = {
        "clusters": [{"name": "l", "cluster": {"server": running.url, "certificate-authority": str(running.ca)}}],
        "users": [{"name": "admin", "user": who("admin")}],
        "contexts": [{"name": "l", "context": {"cluster": "l", "user": "admin"}}],
        "current-context": "l",
    }
    webhooks = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "WebhookAdmissionConfiguration",
        "kubeConfigFile": str(folder / "webhooks.json"),
    }
    plugin = {"name": "ValidatingAdmissionWebhook", "configuration": webhooks}
    files = {
        "admin.json": {**kubeconfig, **admin},
        "webhooks.json": {**kubeconfig, "users": [{"name": "*", "user": who(CALLER)}]},
        "admission.json": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AdmissionConfiguration",
            "plugins": [plugin],
        },
        "audit.json": {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "rules": [{"level": "Metadata", "verbs": ["create", "update", "patch", "delete"]}, {"level": "None"}],
        },
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value))


def _client(authority: Authority, folder: Path, name: str, group: str | None = None) -> None:
    """A certificate of who calls: the groups of Kubernetes are organisations there."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    now = authority.certificate.not_valid_before_utc
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(_end(now))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(private(key))


def _traditional(key: ec.EllipticCurvePrivateKey) -> bytes:
    """In the only form in which Kubernetes finds the public key of its service accounts in a private one."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _end(begin: datetime.datetime) -> datetime.datetime:
    return begin + 3 * DAY


def _ports(count: int) -> list[int]:
    """Ports that are free now."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


@contextlib.contextmanager
def _process(folder: Path, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(running: Cluster, server: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context(cafile=str(running.ca))
    context.load_cert_chain(running.folder / "admin.crt", running.folder / "admin.key")
    end = time.monotonic() + _PATIENCE
    log = running.folder / "apiserver.log"
    while True:
        assert server.poll() is None, f"kube-apiserver ended with {server.returncode}: {log.read_text()[-3000:]}"
        if _says_ok(f"{running.url}/readyz", context):
            return
        assert time.monotonic() < end, f"kube-apiserver is not ready after {_PATIENCE:g} s: {log.read_text()[-3000:]}"
        time.sleep(0.1)


def _says_ok(url: str, context: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
