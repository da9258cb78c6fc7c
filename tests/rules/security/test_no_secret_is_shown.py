"""No secret leaves a run: whichever rule speaks of it, in whichever format, be the rule about secrets on or off."""

from __future__ import annotations

import hashlib
import json
import random
import string
from typing import TYPE_CHECKING

import pytest

from tests.command import Ran, entity, run, write

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = random.Random(11)
ALPHANUMERIC = string.ascii_letters + string.digits


def some(count: int, alphabet: str = ALPHANUMERIC) -> str:
    """Random characters."""
    return "".join(RANDOM.choices(alphabet, k=count))


TOKEN = f"ghp_{some(36)}"
KEY = f"AKIA{some(16, string.ascii_uppercase + string.digits)}"
PASSWORD = some(14)
URL = f"https://orders:{PASSWORD}@db.example.com"
PEM = [some(64), some(64), some(40)]
SECRETS = (TOKEN, KEY, PASSWORD, *PEM)

TALKS = """
from bylaw.model import Finding, Severity
from bylaw.rules import Rule


def evaluate(entity, context):
    said, annotations = str(entity.data), entity.data["metadata"]["annotations"]
    token = annotations["example.com/token"]
    fix = ({"op": "replace", "path": "/spec", "value": token},)
    yield Finding("/spec", said, observed=entity.data, expected=token, suggestion=token, key=token, fix=fix)
    yield Finding(f"/metadata/annotations/{next(iter(annotations))}", "a key")
    if entity.kind == "Resource":
        raise ValueError(said)


RULE = Rule(id="z/talks", title="t", description="d", remediation="r", severity=Severity.ERROR, evaluate=evaluate)
"""
TALKS_TOO = """# METADATA
# title: t
# description: d
# custom: {severity: error, remediation: r}
package bylaw.z.talks_too

import rego.v1

findings contains {"pointer": "/metadata/description", "message": text, "observed": text} if {
  text := input.metadata.description
}
"""


def descriptor(kind: str) -> str:
    """A descriptor with secrets at places of which many rules speak; JSON is YAML as well, and on lines of its own."""
    return f'''apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata:
  name: orders
  description: >-
    {TOKEN}
  title: [{TOKEN}]
  annotations:
    ? {KEY}
    : 5
    example.com/token: {TOKEN}
    ? {URL}
    : [1]
  links: [{{url: "orders {URL}"}}]
spec:
  type: service
  lifecycle: {TOKEN}
  owner: {TOKEN}
  system: {KEY}
  dependsOn: ["{TOKEN}", "{TOKEN}:x"]
  definition: |
    -----BEGIN RSA PRIVATE KEY-----
    {PEM[0]}
    {PEM[1]}
    {PEM[2]}
    -----END RSA PRIVATE KEY-----
---
a: *{TOKEN}
---
{KEY}: 1
{KEY}: 2
'''


def shown(ran: Ran) -> list[str]:
    """The parts of secrets, be it in lower case, that stand in what a run has said."""
    said = (ran.out + ran.err).lower()
    parts = [each[at : at + 10].lower() for each in SECRETS for at in range(0, len(each) - 9, 5)]
    return [part for part in parts if part in said]


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "only", [(), ("--rule", "catalog/entity-invalid"), ("--rule", "security/secret-in-descriptor")]
)
def test_no_rule_and_no_format_shows_a_secret(format: str, only: tuple[str, ...], tmp_path: Path) -> None:
    files = {f"{kind}/catalog-info.yaml": descriptor(kind) for kind in ("Component", "Resource", "API")}
    write(tmp_path, {**files, "policies/talks.py": TALKS, "policies/talks_too.rego": TALKS_TOO})
    policies = () if only else ("--policies", "policies")
    ran = run("check", ".", *policies, *only, "--format", format, cwd=tmp_path)
    assert ran.code in {1, 3}
    assert "holds what looks like a secret" in ran.out or "--rule" in only
    assert "[secret]" in ran.out or only == ("--rule", "security/secret-in-descriptor")
    assert shown(ran) == []


def test_no_fingerprint_is_made_of_a_secret_and_no_place_tells_how_long_one_is(tmp_path: Path) -> None:
    fingerprints = []
    for token in (TOKEN, f"ghs_{some(36)}_and_more"):
        component = json.loads(entity("orders"))
        component["metadata"]["annotations"] = {"a": token, token: "x"}
        write(tmp_path, {"catalog-info.yaml": json.dumps(component, indent=2)})
        ran = run("check", "--rule", "security/secret-in-descriptor", "--format", "json", cwd=tmp_path)
        found = ran.report["findings"]
        fingerprints.append([(each["fingerprint"], each["location"]["end_column"]) for each in found])
        assert [each["fingerprint"] for each in found] == [
            fingerprint("/metadata/annotations", "GitHub token as a key"),
            fingerprint("/metadata/annotations/a", "GitHub token"),
        ]
    assert fingerprints[0] == fingerprints[1]


def fingerprint(pointer: str, key: str) -> str:
    """That of a finding of the rule about ``component:default/orders``."""
    parts = "\x1f".join(("security/secret-in-descriptor", "component:default/orders", pointer, key))
    return hashlib.sha256(parts.encode()).hexdigest()


def test_a_fix_that_holds_a_secret_is_not_proposed(tmp_path: Path) -> None:
    text = json.dumps({"example.com/token": TOKEN})
    component = entity("orders").replace('"name": "orders"', f'"name": "orders", "annotations": {text}')
    write(tmp_path, {"catalog-info.yaml": component, "policies/talks.py": TALKS})
    ran = run("check", "--policies", "policies", "--rule", "z/talks", "--format", "json", cwd=tmp_path)
    (first,) = [each for each in ran.report["findings"] if each["pointer"] == "/spec"]
    assert (first["fix"], first["suggestion"], first["expected"]) == ([], "[secret]", "[secret]")


def test_the_line_of_a_secret_is_not_quoted_and_its_neighbours_are(tmp_path: Path) -> None:
    text = entity("orders", owner="nobody", type=TOKEN, lifecycle="nowhere")
    write(
        tmp_path, {"catalog-info.yaml": text, "team/catalog-info.yaml": entity("a", "Group", type="team", children=[])}
    )
    ran = run("check", cwd=tmp_path)
    assert '"owner": "nobody"' in ran.out
    assert '"type": ' not in ran.out


def test_a_secret_is_taken_out_before_a_value_is_cut(tmp_path: Path) -> None:
    component = json.loads(entity("orders"))
    component["metadata"]["labels"] = {"a": f"{'x ' * 22}{TOKEN}"}
    write(tmp_path, {"catalog-info.yaml": json.dumps(component, indent=2)})
    ran = run("check", "--rule", "catalog/entity-invalid", cwd=tmp_path)
    assert f'found "{"x " * 22}[secret]"' in " ".join(ran.out.split())
    assert shown(ran) == []


def test_a_rule_that_ends_its_worker_shows_no_secret(tmp_path: Path) -> None:
    ends = TALKS.replace("raise ValueError(said)", "raise KeyboardInterrupt(token)")
    files = {"catalog-info.yaml": descriptor("Resource"), "policies/talks.py": ends}
    write(tmp_path, files)
    ran = run("check", "--policies", "policies", "--rule", "z/talks", "--format", "json", cwd=tmp_path)
    assert "KeyboardInterrupt: [secret]" in ran.out
    assert shown(ran) == []
