"""Refreshes: what the sources say comes into force soon, and whatever is wrong with them, what was there goes on."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import catalog as catalogs
from bylaw.catalog import Kinds
from bylaw.config import CatalogSettings, ServerSettings
from bylaw.model import Digests, Document
from bylaw.serving.recipe import Facts, Recipe, RefreshError, Same
from bylaw.serving.refresh import Refresher
from bylaw.sources import snapshot as snapshots
from bylaw.store import StoreError, open_store
from tests.serving import pools
from tests.serving.pools import LONG, Watched, recipe, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bylaw.store import Store

NEVER = 3600.0
"""Seconds between two readings where a test wants none."""


@dataclass
class Server:
    """A pool that is kept up to date, and what is told of each reading: whether it went well."""

    it: Watched
    refresher: Refresher
    told: list[bool] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, source: str, ok: bool, seconds: float) -> None:
        self.told.append(ok)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what comes of a reading."""
        async with asyncio.timeout(LONG):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def facts(self) -> Facts:
        facts = self.it.pool.facts
        assert facts is not None
        return facts


@asynccontextmanager
async def serving(of: Recipe, store: Store | None = None, **settings: Any) -> AsyncIterator[Server]:
    """A server of one worker that has started."""
    said = ServerSettings(**{"workers": 1, "refresh": NEVER, **settings})
    with pools.importable():
        watched = pools.watched(said)
        told: list[Server] = []
        refresher = Refresher(watched.pool, said, of, store, lambda *each: told[0].tell(*each))
        told.append(Server(watched, refresher))
        try:
            await refresher.start()
            yield told[0]
        finally:
            await refresher.stop()
            await watched.pool.stop()


@asynccontextmanager
async def stored(path: Path) -> AsyncIterator[Store]:
    store = open_store("sqlite:///bylaw.db", path)
    try:
        yield store
    finally:
        await asyncio.to_thread(store.close)


def based(folder: Path) -> Recipe:
    """What reads the snapshot ``base.db`` in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "bylaw.yaml").write_text(f"{pools.SETTINGS}catalog: {{base: {{snapshot: base.db}}}}\n")
    return replace(recipe(folder), paths=())


def snapshot(folder: Path, *names: str, age: float = 60.0) -> None:
    """Put a snapshot of a catalog of groups of these names there, made so many seconds ago."""
    documents = [Document(f"{name}.yaml", 0, {"kind": "Group", "metadata": {"name": name}}, ()) for name in names]
    made = datetime.now(UTC) - timedelta(seconds=age)
    folder.mkdir(exist_ok=True)
    catalog = catalogs.build(documents, Kinds.of(CatalogSettings()))
    snapshots.write(folder / "base.db", catalog, repository=None, commit=None, made=made, source="a test")


def test_what_changes_is_read_when_told_to_and_many_reasons_make_one_reading(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with serving(recipe(folder)) as server:
            assert server.told == [True]
            write(folder, "shop", "payments")
            for _ in range(10):
                server.refresher.kick()
            await server.until(lambda: server.facts.entities == 2)

            assert server.told == [True, True]
            assert (await server.it.ask("who"))["catalog"] == server.facts.digests.catalog

    asyncio.run(story())


def test_what_changes_is_read_on_schedule_and_what_does_not_costs_no_process(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with serving(recipe(folder), refresh=0.05) as server:
            before, first = await server.it.ask("who"), server.facts
            await server.until(lambda: len(server.told) > 1)
            assert (await server.it.ask("who"))["zygote"] == before["zygote"]
            assert server.facts.made > first.made
            write(folder, "shop", "payments")
            await server.until(lambda: server.facts.entities == 2)

            assert all(server.told)

    asyncio.run(story())


def test_a_reading_that_fails_is_counted_and_repeated_until_it_goes_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bylaw.serving.refresh._FIRST_PAUSE", 0.01)
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with serving(recipe(folder)) as server:
            before = server.facts
            (folder / "bylaw.yaml").write_text("policies: {paths: [none]}")
            server.refresher.kick()
            await server.until(lambda: server.told[1:3] == [False, False])
            assert server.facts is before
            assert (await server.it.ask("who"))["catalog"] == before.digests.catalog
            write(folder, "shop", "payments")
            await server.until(lambda: server.told[-1])

            assert server.facts.entities == 2

    asyncio.run(story())
    assert caplog.messages[0] == f"what there is now is kept: policies.paths: {folder}/none does not exist"


def test_a_catalog_that_loses_more_than_it_may_is_not_used_and_one_that_loses_less_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", *"abcdefghij")

    async def story() -> None:
        async with serving(recipe(folder), most_lost=0.3) as server:
            write(folder, *"abcdef")
            server.refresher.kick()
            await server.until(lambda: server.told == [True, False])
            assert server.facts.entities == 10
            write(folder, *"abcdefg")
            server.refresher.kick()
            await server.until(lambda: server.facts.entities == 7)

    asyncio.run(story())


def test_pauses_grow_with_each_failure_and_are_never_longer_than_the_schedule(tmp_path: Path) -> None:
    async def story() -> None:
        pool = pools.watched(ServerSettings(workers=1)).pool
        refresher = Refresher(pool, ServerSettings(refresh=60.0), Recipe(folder=str(tmp_path)))
        pauses = []
        for failures in (0, 1, 2, 3, 7, 5000):
            refresher._failures = failures
            pauses.append(refresher._pause())

        expected = (60, 1, 2, 4, 60, 60)
        assert all(0.9 * each <= pause <= 1.1 * each for each, pause in zip(expected, pauses, strict=True))

    asyncio.run(story())


# -- with a store


def test_what_was_pushed_is_laid_over_what_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop", "gone")
    entity = {"apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": "pushed"}, "spec": {}}

    async def story() -> None:
        async with (
            stored(tmp_path) as store,
            serving(recipe(folder), store, events_secret_env="KEY", most_lost=0.5) as server,
        ):
            await asyncio.to_thread(store.push, [entity], ["group:default/gone"])
            before = server.facts
            server.refresher.kick()
            await server.until(lambda: server.facts is not before)

            latest = await asyncio.to_thread(store.latest_snapshot)
            assert latest is not None
            assert latest.digest == server.facts.digests.catalog
            with snapshots.open_snapshot(server.facts.snapshot) as file:
                refs = {f"group:default/{name}" for name in ("shop", "gone", "pushed")}
                assert file.borne(refs) == {"group:default/shop", "group:default/pushed"}

    asyncio.run(story())


def test_where_no_events_are_taken_nothing_that_was_pushed_once_counts(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with stored(tmp_path) as store:
            await asyncio.to_thread(store.push, [], ["group:default/shop"])
            async with serving(recipe(folder), store) as server:
                assert server.facts.entities == 1

    asyncio.run(story())


def test_what_one_replica_reads_the_others_have_without_reading_it(tmp_path: Path) -> None:
    snapshot(tmp_path / "one", "shop")
    snapshot(tmp_path / "other", "shop")

    async def story() -> None:
        async with (
            stored(tmp_path) as store,
            stored(tmp_path) as same,
            serving(based(tmp_path / "one"), store) as one,
            serving(based(tmp_path / "other"), same) as other,
        ):
            snapshot(tmp_path / "one", "shop", "payments", age=30.0)
            (tmp_path / "other" / "base.db").unlink()  # it could not read this if it wanted to
            one.refresher.kick()
            await other.until(lambda: other.facts.entities == 2)

            assert other.facts.digests == one.facts.digests
            assert other.facts.made == one.facts.made
            assert other.facts.source == f"snapshot {tmp_path}/other/base.db"
            assert (await other.it.ask("who"))["catalog"] == one.facts.digests.catalog
            assert (one.told, other.told) == ([True, True], [True, True])

    asyncio.run(story())


def test_of_files_of_its_own_each_replica_reads_its_own_when_it_hears_of_a_change(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    one_recipe, other_recipe = recipe(folder), replace(recipe(folder), folder=str(tmp_path))

    async def story() -> None:
        async with (
            stored(tmp_path) as store,
            stored(tmp_path) as same,
            serving(one_recipe, store) as one,
            serving(other_recipe, same) as other,
        ):
            write(folder, "shop", "payments")
            one.refresher.kick()
            await other.until(lambda: other.facts.entities == 2)

            assert not list(tmp_path.glob("taken-*"))
            assert other.facts.source == f"the files at {folder}"

    asyncio.run(story())


def test_where_the_sources_are_down_at_the_start_what_the_store_has_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshot(tmp_path / "one", "shop")
    of = based(tmp_path / "one")

    async def story() -> None:
        async with stored(tmp_path) as store:
            async with serving(of, store) as server:
                before = server.facts
            (tmp_path / "one" / "base.db").write_bytes(b"<html>")
            async with serving(of, store) as server:
                assert server.told == [False]
                assert (server.facts.digests, server.facts.made) == (before.digests, before.made)
                assert server.facts.age > 0

    asyncio.run(story())
    assert caplog.messages[0].startswith("the sources cannot be read, so what the store has is used: snapshot ")


def test_a_mistake_in_the_settings_ends_the_start_whatever_the_store_has(tmp_path: Path) -> None:
    snapshot(tmp_path / "one", "shop")
    of = based(tmp_path / "one")

    async def story() -> None:
        async with stored(tmp_path) as store:
            async with serving(of, store):
                pass
            (tmp_path / "one" / "bylaw.yaml").write_text("polices: {}")
            with pytest.raises(RefreshError, match="polices is not a setting") as error:
                async with serving(of, store):
                    pass
            assert error.value.exit_code == 2

    asyncio.run(story())


def test_a_store_that_is_down_stops_no_refresh(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write(tmp_path / "catalog", "shop")
    (tmp_path / "bylaw.db").mkdir()  # no file, and so no store

    async def story() -> None:
        async with stored(tmp_path) as store:
            with pytest.raises(StoreError):
                await asyncio.to_thread(store.pushed)
            async with serving(recipe(folder), store) as server:
                write(folder, "shop", "payments")
                server.refresher.kick()
                await server.until(lambda: server.facts.entities == 2)
            with pytest.raises(RefreshError, match=r"^what was pushed cannot be read: "):
                async with serving(recipe(folder), store, events_secret_env="KEY"):
                    pass

    asyncio.run(story())
    assert {each.partition(":")[0] for each in caplog.messages} == {
        "the store does not say what it has",
        "the snapshot could not be saved, so other replicas do not know of it",
    }
    assert {each.levelno for each in caplog.records} == {logging.WARNING}


# -- age


def test_no_jump_of_the_clock_changes_how_old_a_catalog_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ticks = iter([1000.0, 1005.0, 1007.0, 1010.0])
    monkeypatch.setattr("bylaw.serving.recipe.time.monotonic", lambda: next(ticks))
    plain = {
        "number": 1,
        "digests": dict.fromkeys(Digests.__slots__, ""),
        "entities": 1,
        "engine": "",
        "source": "",
        "snapshot": str(tmp_path),
        "remote": True,
        "fingerprint": "",
    }

    ahead = Facts.of_json({**plain, "made": (datetime.now(UTC) + timedelta(days=1)).isoformat()})

    assert ahead.age == 5.0  # of a catalog from tomorrow: all that is known is since when it is here
    confirmed = ahead.confirmed(Same(datetime.now(UTC) + timedelta(days=400), "after"))
    assert (confirmed.age, confirmed.checked, confirmed.fingerprint) == (3.0, 1007.0, "after")


def test_a_snapshot_brings_its_age_with_it(tmp_path: Path) -> None:
    made = datetime.now(UTC) - timedelta(hours=1)
    facts = Facts(1, Digests("", "", ""), 1, made, "", "", tmp_path, True, "", checked=0.0, aged=0.0)

    assert 3600 <= facts.confirmed(Same(made, "")).age < 3700
