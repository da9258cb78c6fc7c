"""What is in a bundle, and that it depends on policies and catalog alone. Real OPAs: tests/real/test_bundles.py."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bylaw import bundles
from bylaw.bundles import Signer
from bylaw.config import Settings
from bylaw.errors import UsageError
from bylaw.rules import load
from tests.engine.world import catalog, entity, graph

if TYPE_CHECKING:
    from bylaw.bundles import Bundle
    from bylaw.catalog import Catalog

POLICIES = load(Settings())
MADE = catalog(
    entity("orders", type="service", lifecycle="production", owner="team", system="shop", dependsOn=["resource:db"]),
    entity("db", "Resource", type="database", owner="team"),
    entity("shop", "System", owner="team", domain="sales"),
    entity("sales", "Domain", owner="team"),
    entity("other", "Domain", "eu", owner="team"),
    entity("far", type="service", lifecycle="production", owner="team"),
    entity("team", "Group", type="team", children=[]),
)


def built(name: str = "all", made: Catalog = MADE, **more: Any) -> Bundle:
    return bundles.build(name, made, graph(made), POLICIES, **more)


def opened(bundle: Bundle) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(bundle.content), mode="r:gz") as archive:
        files = {each.name: archive.extractfile(each) for each in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def told(bundle: Bundle, name: str = "data.json") -> Any:
    return json.loads(opened(bundle)[name])


def key() -> str:
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_the_whole_bundle_holds_the_rules_and_the_catalog_as_rules_see_it() -> None:
    bundle = built()
    files, said = opened(bundle), told(bundle)
    in_rego = {each.package: each.text.encode() for each in POLICIES.modules}
    rules = {rule.id: rule for rule in POLICIES.rules if rule.package and rule.subject == "entity"}
    for rule in rules.values():
        folder = str(rule.package).replace(".", "/")
        assert files[f"{folder}/{folder.rpartition('/')[2]}.rego"] == in_rego[str(rule.package)]
    assert files["bylaw/lib/entity/entity.rego"] == in_rego["bylaw.lib.entity"]
    assert set(said) == {"bylaw", "catalog"}
    assert set(said["bylaw"]) == {"kinds", "parameters", "rules"}  # what the day is, the clock there says
    assert set(said["bylaw"]["rules"]) == set(said["bylaw"]["parameters"]) == set(rules)
    assert set(said["catalog"]) == {"complete", "entities", "groups", "relations"}
    assert set(said["catalog"]["entities"]) == set(MADE.entities)
    assert said["catalog"]["relations"]["component:default/orders"]["dependsOn"] == ["resource:default/db"]
    assert said["bylaw"]["rules"]["ownership/owner-unknown"] == {
        "package": "bylaw.ownership.owner_unknown",
        "title": "Owner is not in the catalog",
        "severity": "error",
        "reads": "relations",
        "applies_to": {},
        "remediation": rules["ownership/owner-unknown"].remediation,
    }


def test_the_manifest_says_what_is_in_it_and_what_is_not() -> None:
    bundle = built()
    manifest = told(bundle, ".manifest")
    left_out = [rule.id for rule in POLICIES.rules if not rule.package or rule.subject != "entity"]
    assert manifest["revision"] == f"catalog={MADE.digest()},policies={POLICIES.digest}" == bundle.revision
    assert (manifest["roots"], manifest["rego_version"]) == (["bylaw", "catalog"], 1)
    assert manifest["metadata"]["bylaw"]["name"] == "all"
    assert manifest["metadata"]["bylaw"]["rules_left_out"] == left_out == list(bundle.left_out)
    assert "catalog/dependency-cycle" in left_out


def test_its_halves_can_be_loaded_side_by_side() -> None:
    policies, entities = built("policies"), built("catalog")
    assert told(policies, ".manifest")["roots"] == ["bylaw"]
    assert told(entities, ".manifest")["roots"] == ["catalog"]
    assert (policies.revision, entities.revision) == (f"policies={POLICIES.digest}", f"catalog={MADE.digest()}")
    assert sorted(opened(entities)) == [".manifest", "data.json"]
    assert {**told(policies), **told(entities)} == told(built())
    assert sorted({*opened(policies), *opened(entities)}) == sorted(opened(built()))


def test_a_domain_has_a_bundle_of_what_is_in_it_with_its_neighbours() -> None:
    assert [name for name, ref in bundles.names(MADE).items() if ref] == ["domain-sales", "domain-eu.other"]
    said = told(built("domain-sales"))
    inside = {"domain:default/sales", "system:default/shop", "component:default/orders"}
    assert set(said["catalog"]["relations"]) == inside
    assert set(said["catalog"]["entities"]) == {*inside, "resource:default/db", "group:default/team"}
    assert {each["reads"] for each in said["bylaw"]["rules"].values()} == {"entity", "relations"}


def test_a_name_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"^there is no bundle 'polices' \(did you mean policies\?\); there are all, "):
        built("polices")


def test_the_same_policies_and_catalog_give_the_same_bytes() -> None:
    again = catalog(*(each.data for each in MADE.documents))
    assert built("all", again) == built()
    assert built().content[4:8] == b"\0\0\0\0"  # no time in gzip's head
    with tarfile.open(fileobj=io.BytesIO(built().content)) as archive:
        heads = {(each.mtime, each.uid, each.uname, each.mode) for each in archive.getmembers()}
    assert heads == {(0, 0, "", 0o644)}


def test_the_etag_is_another_one_where_anything_is() -> None:
    one, other = key(), key()
    other_catalog = catalog(*(each.data for each in MADE.documents[1:]))
    incomplete = replace(MADE, complete=not MADE.complete)
    tags = [
        built().etag,
        built("policies").etag,
        built("all", other_catalog).etag,
        built("all", incomplete).etag,
        built(signer=Signer(one)).etag,
        built(signer=Signer(other)).etag,
    ]
    assert len(set(tags)) == len(tags)
    assert {tag[0] + tag[-1] for tag in tags} == {'""'}
    assert built(signer=Signer(one)).etag == built(signer=Signer(one)).etag  # though no signature is like another


def test_no_secret_of_a_catalog_is_in_its_bundle() -> None:
    token = "glpat-" + "k3VxZ8wQpL5nR2tYb7Jm"
    made = catalog(entity("leaky", type="service", note=f"token {token}"), entity("fine"))
    for name in ("all", "catalog"):
        assert token.encode() not in gzip.decompress(built(name, made).content)
    assert "[secret]" in told(built("catalog", made))["catalog"]["entities"]["component:default/leaky"]["spec"]["note"]
