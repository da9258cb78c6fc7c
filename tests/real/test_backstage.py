"""A catalog read from a real Backstage 1.55: the whole of it, what changed in it, and by whom it may be read."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw.catalog import Catalog, build
from bylaw.config import RemoteSetting
from bylaw.config import read as settings_of
from bylaw.policy_tests.expected import DAY
from bylaw.sources import backstage as source
from bylaw.sources.web import UnreachableError
from tests.real.backstage import Running, backstage, modules
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bylaw.model import Document, Entity, Report

pytestmark = pytest.mark.real

CATALOGS = ROOT / "fixtures" / "catalogs"


@dataclass(frozen=True, slots=True)
class Both:
    """One catalog, from its files and from a Backstage that took them in."""

    running: Running
    address: str
    files: Catalog
    read: source.Backstage

    @property
    def backstage(self) -> Catalog:
        return build(self.read.documents, self.files.kinds, True)


def read(running: Running, **how: Any) -> source.Backstage:
    return source.read(RemoteSetting(running.url, "BYLAW_TEST_TOKEN"), running.token, **how)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder behind an address. Backstage resolves placeholders in what it has from an address only."""
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def both(name: str, entities: int) -> Iterator[Both]:
    folder = CATALOGS / name
    modules()
    with served(folder) as host:
        urls = [f"http://{host}/{each.relative_to(folder)}" for each in sorted(folder.rglob("catalog-info.yaml"))]
        config = {"backend": {"reading": {"allow": [{"host": host}]}}}
        with backstage([], urls=urls, entities=entities, config=config) as running:
            yield Both(running, f"http://{host}", bylaw.read([str(folder)], root=folder), read(running))


@pytest.fixture(scope="module")
def all_right() -> Iterator[Both]:
    with both("all_right", 20) as running:
        yield running


@pytest.fixture(scope="module")
def acme() -> Iterator[Both]:
    with both("acme", 135) as running:
        yield running


def in_order(catalog: Catalog, entity: Entity) -> Any:
    """What an entity says, with its references in the order in which Backstage puts those of a list."""
    data = json.loads(json.dumps(entity.data))
    for path in {each.field.path for each in catalog.references(entity) if each.index is not None}:
        fields = functools.reduce(lambda value, step: value[step], path[:-1], data)
        fields[path[-1]] = sorted(fields[path[-1]])
    return data


def said(catalog: Catalog) -> dict[str, Any]:
    return {ref: in_order(catalog, entity) for ref, entity in catalog.entities.items()}


def test_a_catalog_is_the_same_from_its_files_and_from_backstage_but_for_the_order_of_references(
    all_right: Both,
) -> None:
    from_files = said(all_right.files)
    assert said(all_right.backstage) == from_files
    ordered = [replace(each.document, data=from_files[ref]) for ref, each in all_right.files.entities.items()]
    assert all_right.backstage.digest() == build(ordered, all_right.files.kinds, True).digest()


def test_backstage_sorts_the_references_of_a_list(all_right: Both) -> None:
    company = "group:default/company"
    assert all_right.files.entities[company].spec["children"] == ["team-shop", "team-data"]
    assert all_right.backstage.entities[company].spec["children"] == ["team-data", "team-shop"]


def test_each_entity_names_the_file_it_came_from(all_right: Both) -> None:
    told = {ref: entity.document.url for ref, entity in all_right.backstage.entities.items()}
    assert told == {
        ref: f"{all_right.address}/{entity.document.path}" for ref, entity in all_right.files.entities.items()
    }
    assert {each.path for each in all_right.read.documents} == {None}


def test_the_locations_that_backstage_makes_up_are_left_out(all_right: Both) -> None:
    shown = {ref for ref in all_right.backstage.entities if ref.startswith("location:")}
    assert shown == {"location:default/shop"}


def test_the_etags_are_those_that_backstage_shows(all_right: Both) -> None:
    shown = {ref: entity["metadata"]["etag"] for ref, entity in all_right.running.entities().items()}
    assert (all_right.read.etags, all_right.read.fetched) == (shown, len(shown))


def findings(report: Report, entities: Sequence[str]) -> set[tuple[str, str, str]]:
    """The rule, entity and observed value of each finding on some entities, where it could be told."""
    return {
        (each.rule, each.entity or "", repr(each.observed))
        for each in report.findings
        if each.entity in entities and each.outcome == "fail"
    }


def test_a_catalog_without_a_fault_has_none_from_backstage_either(all_right: Both) -> None:
    report = bylaw.check(all_right.backstage, settings=settings_of(root=CATALOGS / "all_right"), now=DAY)
    assert (report.decision, findings(report, list(all_right.backstage.entities))) == ("allowed", set())


REFUSED = {
    "api:default/returns-api": "its $text names a file that is not there",
    "component:default/gift finder": "its name is none",
    "component:default/order-archive": "a reference of it has no kind",
    "component:default/search-indexer": "a tag is in upper case",
    "component:default/stock-alerts": "two labels differ in case alone",
    "componnet:default/fraud-case-desk": "there is no such kind",
    "resource:default/returns-labels": "it has no type",
    "location:default/acme-platform": "a target of it is not there, so that it is not taken in, nor what it names:",
    "airesource:default/describe-a-service": "location:default/acme-platform",
    "resource:default/production-cluster": "location:default/acme-platform",
    "resource:default/staging-cluster": "location:default/acme-platform",
}
"""What of acme's files is no part of its Backstage, and why."""


def test_backstage_shows_all_of_a_company_but_what_it_refuses(acme: Both) -> None:
    shown, written = said(acme.backstage), said(acme.files)
    assert set(written) - set(shown) == set(REFUSED)
    assert shown == {ref: data for ref, data in written.items() if ref not in REFUSED}


ABOUT_FILES = {"catalog/entity-duplicate", "docs/techdocs-source-missing"}
"""What can be seen in files alone: Backstage keeps one entity of each ref, and no folders."""


def test_rules_find_the_same_in_a_company_from_its_files_and_from_backstage(acme: Both) -> None:
    without = [each for ref, each in acme.files.entities.items() if ref not in REFUSED]
    from_files = replace(acme.files, entities={str(each.ref): each for each in without}, complete=True)
    refs = list(acme.backstage.entities)
    expected = findings(bylaw.check(from_files, now=DAY), refs)
    assert {rule for rule, _, _ in expected} & ABOUT_FILES != set()
    expected = {each for each in expected if each[0] not in ABOUT_FILES}
    assert findings(bylaw.check(acme.backstage, now=DAY), refs) == expected


def by_ref(known: source.Backstage) -> dict[str, tuple[str, Document]]:
    return {ref: (known.etags[ref], document) for ref, document in zip(known.etags, known.documents, strict=True)}


def test_what_is_known_is_not_fetched_again(acme: Both) -> None:
    again = read(acme.running, known=by_ref(acme.read))
    assert again == replace(acme.read, fetched=0)


def component(name: str, **metadata: Any) -> str:
    spec = {"type": "service", "lifecycle": "production", "owner": "team"}
    said = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": name, **metadata}}
    return json.dumps({**said, "spec": spec}) + "\n---\n"


def test_only_what_has_changed_is_fetched_and_the_result_is_that_of_a_full_reading(tmp_path: Path) -> None:
    """Edited, added, gone: three of a thousand and one."""
    file, more = tmp_path / "many.yaml", tmp_path / "few.yaml"
    file.write_text("".join(component(f"c{number}") for number in range(998)))
    more.write_text(component("old") + component("kept") + component("edited", description="before"))
    with backstage([file, more], entities=1001) as running:
        first = read(running)
        assert first.fetched == 1001
        more.write_text(component("kept") + component("new") + component("edited", description="after"))
        shown = running.settled(1001)
        while (
            "component:default/old" in shown or shown["component:default/edited"]["metadata"]["description"] != "after"
        ):
            shown = running.settled(1001)
        second = read(running, known=by_ref(first))
        whole = read(running)
    assert (second.documents, second.etags) == (whole.documents, whole.etags)
    assert set(second.etags) - set(first.etags) == {"component:default/new"}
    assert set(first.etags) - set(second.etags) == {"component:default/old"}
    assert second.fetched == 2


def refusal(running: Running, token: str | None, *, token_env: str | None = "BYLAW_TEST_TOKEN") -> str:
    with pytest.raises(UnreachableError) as caught:
        source.read(RemoteSetting(running.url, token_env), token)
    return str(caught.value)


def test_a_token_for_another_plugin_is_refused_with_what_it_needs(all_right: Both) -> None:
    running = all_right.running
    assert refusal(running, running.elsewhere) == (
        f"{running.url}/api/catalog/entities/by-query: answered 403 "
        "(\"This token's access is restricted to plugin(s) 'scaffolder'\"); the token in BYLAW_TEST_TOKEN has to be "
        "allowed plugin catalog, permission catalog.entity.read, in backend.auth.externalAccess there"
    )


def test_a_token_that_may_see_no_entity_is_not_taken_for_an_empty_catalog(all_right: Both) -> None:
    running = all_right.running
    assert refusal(running, running.blind) == (
        f"{running.url}: shows not one entity: the token in BYLAW_TEST_TOKEN lacks the permission catalog.entity.read, "
        "or the catalog is empty"
    )


def test_a_token_that_backstage_does_not_know_is_refused(all_right: Both) -> None:
    running = all_right.running
    assert refusal(running, "of-somebody-else") == (
        f'{running.url}/api/catalog/entities/by-query: answered 401 ("Illegal token"); backend.auth.externalAccess '
        "there does not know the token in BYLAW_TEST_TOKEN"
    )


def test_no_token_is_told_with_where_to_name_one(all_right: Both) -> None:
    running = all_right.running
    assert refusal(running, None, token_env=None) == (
        f'{running.url}/api/catalog/entities/by-query: answered 401 ("Missing credentials"); it wants a token: '
        "token_env, beside the url, names the environment variable that holds one"
    )


TARGETS = [
    "https://github.com/shop/orders/blob/main/catalog-info.yaml",
    "https://github.com/shop/orders/tree/main/a/b/catalog-info.yaml",
    "https://github.com/shop/orders/blob/blob/blob/catalog-info.yaml",
    f"https://github.com/shop/orders/blob/{'0a' * 20}/catalog-info.yaml",
    "https://gitlab.com/shop/team/orders/-/blob/main/catalog-info.yaml",
    "https://gitlab.com/shop/orders/-/blob/main/a b/catalog-info.yaml?ref_type=heads",
    "https://gitlab.com/shop/orders/blob/main/catalog-info.yaml",
    "https://bitbucket.org/shop/orders/src/main/catalog-info.yaml",
    "https://stash.example.com/projects/SHOP/repos/orders/browse/catalog-info.yaml?at=main",
    "https://dev.azure.com/shop/all/_git/orders?path=%2Fa%2Fcatalog-info.yaml&version=GBmain",
    "https://dev.azure.com/shop/all/_git/orders?path=/catalog-info.yaml",
    "https://gitea.example.com/shop/orders/src/branch/main/a/catalog-info.yaml",
    "https://harness.example.com/ng/account/a/module/code/orgs/o/projects/p/repos/r/files/main/~/catalog-info.yaml",
    "https://us-east-1.console.aws.amazon.com/codesuite/codecommit/repositories/r/browse/refs/heads/main/--/c.yaml",
    "https://bucket.s3.us-east-2.amazonaws.com/a/catalog-info.yaml",
    "https://nobody.example.com/a/catalog-info.yaml",
]
INTEGRATIONS = {
    "bitbucketServer": [{"host": "stash.example.com", "apiBaseUrl": "https://stash.example.com/rest/api/1.0"}],
    "gitea": [{"host": "gitea.example.com"}],
    "harness": [{"host": "harness.example.com"}],
    "awsCodeCommit": [{"host": "us-east-1.console.aws.amazon.com", "region": "us-east-1"}],
}
ANNOTATE = """
const { ScmIntegrations } = require('@backstage/integration');
const { ConfigReader } = require('@backstage/config');
const path = require.resolve('@backstage/plugin-catalog-backend').replace(/index.cjs.js$/, '');
const { AnnotateLocationEntityProcessor } = require(path + 'processors/AnnotateLocationEntityProcessor.cjs.js');
const [targets, integrations] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const processor = new AnnotateLocationEntityProcessor({
  integrations: ScmIntegrations.fromConfig(new ConfigReader({ integrations })),
});
const annotated = async target => {
  const location = { type: 'url', target };
  const entity = { kind: 'Component', metadata: { name: 'a', annotations: { own: 'x' } } };
  return processor.preProcessEntity(entity, location, () => {}, location);
};
Promise.all(targets.map(annotated)).then(all => console.log(JSON.stringify(all)));
"""


def test_what_backstage_notes_of_a_files_place_is_taken_off_wherever_the_file_is_kept() -> None:
    """The processor that makes these annotations is asked itself, for each place that it has a way of its own for."""
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", ANNOTATE],
        input=json.dumps([TARGETS, INTEGRATIONS]),
        env={"NODE_PATH": str(modules()), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    annotated = json.loads(done.stdout)
    assert all("backstage.io/view-url" in each["metadata"]["annotations"] for each in annotated)
    left = {}
    for target, entity in zip(TARGETS, annotated, strict=True):
        assert source.as_written(entity) == target
        left[target] = entity["metadata"]["annotations"]
    assert left == {target: {"own": "x"} for target in TARGETS}
