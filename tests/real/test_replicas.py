"""Two servers over one PostgreSQL: they answer from the same catalog and write one chain of decisions."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.decisions.signatures import signature
from tests.api.served import Server, serving, written
from tests.command import run, write
from tests.real import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real
_PATIENCE = 30.0  # seconds
KEY = "a-key-of-this-test-with-many-letters"


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture
def store(database: postgres.Server) -> Iterator[str]:
    with database.database() as name:
        yield f"postgresql://{postgres.OWNER}@127.0.0.1:{database.port}/{name}"


def replica(folder: Path, store: str) -> Any:
    written(folder, f"store: {store}\nserver: {{refresh: 3600, events_secret_env: EVENTS_KEY}}\n")
    return serving(folder, ".", environment={"PGPASSWORD": postgres.PASSWORD, "EVENTS_KEY": KEY})


def push(server: Server, *entities: Any, deleted: tuple[str, ...] = ()) -> int:
    """Tell a server of a change of the catalog, as Backstage's side would."""
    data = {"entities": list(entities), "deleted": list(deleted)}
    event = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/test", "type": "dev.bylaw.catalog.changed"}
    body = json.dumps({**event, "data": data}).encode()
    now = int(time.time())
    headers = {"webhook-id": event["id"], "webhook-timestamp": str(now)}
    headers["webhook-signature"] = signature(KEY, event["id"], now, body)
    return server.ask("POST", "/v1/events", body, **headers, content_type="application/cloudevents+json").status


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def group(name: str) -> dict[str, Any]:
    spec = {"type": "team", "children": []}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": name}, "spec": spec}


def test_what_one_is_told_the_other_answers_from(store: str, tmp_path: Path) -> None:
    with replica(tmp_path / "a", store) as one, replica(tmp_path / "b", store) as other:
        assert other.get("/v1/entities/group:default/team-b").status == 404

        assert push(one, group("team-b")) == 202

        wait_until(lambda: one.get("/v1/entities/group:default/team-b").status == 200, "the first does not know it")
        wait_until(lambda: other.get("/v1/entities/group:default/team-b").status == 200, "the second does not know it")
        digests = [each.get("/healthz").headers["bylaw-catalog-digest"] for each in (one, other)]
        assert digests[0] == digests[1]


def test_both_write_one_chain_that_holds(store: str, tmp_path: Path) -> None:
    asked = {"entities": [group("team-c")]}
    with replica(tmp_path / "a", store) as one, replica(tmp_path / "b", store) as other:
        for number in range(20):
            assert (one if number % 2 else other).post("/v1/check", asked).status == 200
        one.stop()
        other.stop()

    write(tmp_path, {"bylaw.yaml": "version: 1\n"})
    password = {"PGPASSWORD": postgres.PASSWORD}
    listed = run("decisions", "list", "--store", store, "--format", "json", cwd=tmp_path, environment=password)
    assert len(json.loads(listed.out)) == 20
    verified = run("decisions", "verify", "--store", store, cwd=tmp_path, environment=password)
    assert (verified.code, verified.err) == (0, "")
