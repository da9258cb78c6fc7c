"""`bylaw serve` over a real Backstage: it answers from its catalog, follows it, and outlives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.served import Server, assert_problem, serving
from tests.command import TEAM_A, entity, write
from tests.real.backstage import Running, backstage, modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real
_PATIENCE = 60.0  # seconds in which what was changed is seen
SETTINGS = """\
version: 1
catalog: {{base: {{backstage: {{url: {url}, token_env: BACKSTAGE_TOKEN}}}}}}
admission: {{bundled: false}}
server: {{refresh: 0.5, stale_after: {stale_after}, most_lost: 0.4}}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    return write(folder, {"org.yaml": TEAM_A, "orders.yaml": entity("orders"), "billing.yaml": entity("billing")})


@pytest.fixture(scope="module")
def running(files: Path) -> Iterator[Running]:
    modules()
    with backstage([files / name for name in ("org.yaml", "orders.yaml", "billing.yaml")], entities=3) as started:
        yield started


def over(folder: Path, running: Running, stale_after: float = 900) -> tuple[Path, dict[str, str]]:
    """A folder with settings that name it, and the environment with the token."""
    write(folder, {"bylaw.yaml": SETTINGS.format(url=running.url, stale_after=stale_after)})
    return folder, {"BACKSTAGE_TOKEN": running.token}


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def checked(server: Server, **spec: Any) -> Any:
    """The report on a component with that spec."""
    metadata = {"name": "new", "description": "Something that tests are about"}
    spec = {"type": "library", "lifecycle": "experimental", "owner": "team-a", **spec}
    said = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata, "spec": spec}
    return server.post("/v1/check", {"entities": [said]}).json


def test_entities_are_judged_in_the_catalog_that_backstage_shows(running: Running, tmp_path: Path) -> None:
    folder, environment = over(tmp_path, running)
    with serving(folder, environment=environment) as server:
        assert server.get("/v1/entities/component:default/orders").status == 200
        assert_problem(server.get("/v1/entities/component:default/nobody"), 404, "component:default/nobody")
        assert checked(server, dependsOn=["component:orders"])["decision"] == "allowed"
        denied = checked(server, owner="team-b")
        assert denied["decision"] == "denied"
        assert [each["rule"] for each in denied["findings"] if each["severity"] == "error"] == [
            "ownership/owner-unknown"
        ]


def test_what_changes_there_is_followed(running: Running, files: Path, tmp_path: Path) -> None:
    folder, environment = over(tmp_path, running)
    with serving(folder, environment=environment) as server:
        before = server.get("/healthz").headers["bylaw-catalog-digest"]
        (files / "billing.yaml").write_text(entity("billing", type="service", lifecycle="deprecated", owner="team-a"))
        try:
            wait_until(
                lambda: server.get("/healthz").headers["bylaw-catalog-digest"] != before,
                "the change of a file has not got here through Backstage",
            )
            found = server.get("/v1/entities/component:default/billing").json
            assert found["entity"]["spec"]["lifecycle"] == "deprecated"
        finally:
            (files / "billing.yaml").write_text(entity("billing"))


def test_without_backstage_it_answers_until_the_catalog_is_too_old(files: Path, tmp_path: Path) -> None:
    modules()
    with backstage([files / "org.yaml", files / "orders.yaml"], entities=2) as short:
        folder, environment = over(tmp_path, short, stale_after=4)
        started = serving(folder, environment=environment)
        server = started.__enter__()
    try:
        assert checked(server)["decision"] == "allowed"
        assert server.get("/v1/entities/component:default/orders").status == 200
        wait_until(lambda: server.get("/readyz").status == 503, "it calls itself ready with an old catalog")
        assert checked(server)["decision"] == "undecided"
        assert_problem(server.get("/readyz"), 503, "server.stale_after")
    finally:
        started.__exit__(None, None, None)


def test_a_catalog_that_has_lost_most_is_not_believed(running: Running, tmp_path: Path) -> None:
    """The token of somebody who sees nothing: Backstage answers with an empty catalog."""
    folder, _ = over(tmp_path, running)
    with (
        pytest.raises(AssertionError, match="the server ended before"),
        serving(folder, environment={"BACKSTAGE_TOKEN": running.blind}),
    ):
        pass
