"""The pool: whatever happens to one question, the others are answered, and no process is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw import pipeline
from bylaw.serving import crew, frames
from bylaw.serving import pool as pools
from bylaw.serving.frames import Question, Reply
from bylaw.serving.pool import Busy, Late, Lost, RefreshError
from tests.serving.pools import LONG, SETTINGS, is_running, opened, recipe, until_gone, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from tests.serving.pools import Watched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what it asks of processes stands in /proc")


@dataclass(frozen=True)
class Shared:
    """A pool that many tests use one after the other: whatever one of them does to it, it serves the next."""

    it: Watched
    run: Callable[[Coroutine[Any, Any, None]], None]


def _shared(folder: Path, **settings: int) -> Iterator[Shared]:
    with asyncio.Runner() as runner:
        opening = opened(recipe(write(folder / "catalog", "shop")), **settings)
        yield Shared(runner.run(opening.__aenter__()), runner.run)
        runner.run(opening.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def _one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    yield from _shared(tmp_path_factory.mktemp("one"), workers=1, queue=2)


@pytest.fixture(scope="module")
def _two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    yield from _shared(tmp_path_factory.mktemp("two"))


@pytest.fixture
def one(_one: Shared) -> Shared:
    """One worker, for which two may wait."""
    return _anew(_one)


@pytest.fixture
def two(_two: Shared) -> Shared:
    """Two workers."""
    return _anew(_two)


def _anew(shared: Shared) -> Shared:
    shared.it.lost.clear()
    shared.it.pool.kills = 0
    return shared


def test_a_question_is_answered_from_the_catalog_that_was_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop", "payments")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            reply = await it.pool.ask(Question("who", arguments={"say": "hello"}), deadline=LONG)
            facts = it.pool.facts

            assert facts is not None
            assert json.loads(reply.body)["catalog"] == facts.digests.catalog == pipeline.read(folder).digest()
            assert (reply.status, reply.headers) == (200, {"said": "hello"})
            assert (facts.entities, facts.source, facts.remote) == (2, f"the files at {folder}", False)
            assert (it.pool.waiting, it.pool.busy, it.pool.kills, it.lost) == (0, 0, 0, [])

    asyncio.run(story())


def test_a_question_that_never_ends_is_killed_at_its_deadline_and_the_next_is_answered(
    one: Shared, tmp_path: Path
) -> None:
    async def story() -> None:
        it = one.it
        before = await it.ask("who")
        loop = await it.busy_at(tmp_path / "looping", deadline=0.3)
        after = asyncio.create_task(it.ask("who"))
        with pytest.raises(Late, match=r"^there was no answer within 0\.3 s$"):
            await loop

        assert (await after)["pid"] != before["pid"]
        assert (await after)["zygote"] == before["zygote"]
        assert (it.pool.kills, it.lost) == (1, ["deadline"])
        await until_gone(before["pid"])

    one.run(story())


def test_the_deadline_counts_from_the_question_and_who_only_waited_costs_no_worker(one: Shared, tmp_path: Path) -> None:
    async def story() -> None:
        it = one.it
        end = tmp_path / "end"
        long = await it.busy_at(tmp_path / "begun", until=end)
        with pytest.raises(Late):
            await it.ask("who", deadline=0.05)
        assert it.pool.waiting == 0
        end.touch()

        assert (await long)["pid"] == (await it.ask("who"))["pid"]
        assert (it.pool.kills, it.lost) == (0, [])

    one.run(story())


def test_when_as_many_wait_as_may_the_next_is_told_to_come_again(one: Shared, tmp_path: Path) -> None:
    async def story() -> None:
        it = one.it
        end = tmp_path / "end"
        begun = await it.busy_at(tmp_path / "begun", until=end)
        waiting = [asyncio.create_task(it.ask("echo", body)) for body in (b"1", b"2")]
        await asyncio.sleep(0)
        assert (it.pool.busy, it.pool.waiting) == (1, 2)
        with pytest.raises(Busy, match=r"^2 questions wait already \(server\.queue\)"):
            await it.ask("who")
        waiting[0].cancel()
        await asyncio.sleep(0)
        waiting.append(asyncio.create_task(it.ask("echo", b"3")))  # there is room again
        end.touch()

        assert list(await asyncio.gather(*waiting[1:])) == [2, 3]
        assert (await begun)["pid"] == (await it.ask("who"))["pid"]

    one.run(story())


def test_what_waits_takes_no_more_memory_than_it_may(
    one: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_MOST_BYTES", 1000)

    async def story() -> None:
        end = tmp_path / "end"
        begun = await one.it.busy_at(tmp_path / "begun", until=end)
        waiting = asyncio.create_task(one.it.pool.ask(Question("echo", b"x" * 1000), deadline=LONG))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match=r"^questions of 1,000 bytes wait already"):
            await one.it.ask("who")
        end.touch()

        assert (await waiting).body == b"x" * 1000
        await begun

    one.run(story())


def test_a_worker_whose_answer_nobody_waits_for_any_more_goes_on_to_the_next_question(
    one: Shared, tmp_path: Path
) -> None:
    async def story() -> None:
        it = one.it
        end = tmp_path / "end"
        given_up = await it.busy_at(tmp_path / "begun", until=end)
        given_up.cancel()
        following = asyncio.create_task(it.ask("who"))
        end.touch()

        assert (await following)["pid"] == int((tmp_path / "begun").read_text())
        forgotten = await it.busy_at(tmp_path / "looping", deadline=0.1)
        forgotten.cancel()
        await it.until_lost("deadline")  # and its deadline holds all the same
        assert await it.ask("echo", b"1") == 1

    one.run(story())


def test_a_worker_that_is_killed_costs_the_question_that_it_was_at(two: Shared, tmp_path: Path) -> None:
    async def story() -> None:
        it = two.it
        end = tmp_path / "end"
        other = await it.busy_at(tmp_path / "other", until=end)
        task = await it.busy_at(tmp_path / "begun")
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        with pytest.raises(Lost, match=r"^the worker that was at it died, perhaps for want of memory$"):
            await task
        end.touch()
        await other

        assert (it.pool.kills, it.lost) == (0, ["died"])
        first = await it.busy_at(tmp_path / "first", until=tmp_path / "later")
        second = await it.busy_at(tmp_path / "second", until=tmp_path / "later")  # there are two of them again
        (tmp_path / "later").touch()
        assert (await first)["pid"] != (await second)["pid"]

    two.run(story())


def test_a_worker_that_is_killed_while_it_is_idle_costs_nothing(one: Shared, tmp_path: Path) -> None:
    async def story() -> None:
        it = one.it
        os.kill((await it.ask("who"))["pid"], signal.SIGKILL)
        await it.until_lost("died")

        assert await it.ask("echo", b"1") == 1

    one.run(story())


def test_every_way_to_fail_is_said_plainly_and_costs_nothing_else(
    one: Shared, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: dict[str, Any] = {}

    async def story() -> None:
        it = one.it
        for way in ("bug", "panic", "usage", "undecided", "eat", "unpackable", "abort", "tear"):
            try:
                reply = await it.pool.ask(Question("fail", arguments={"way": way}), deadline=LONG)
                assert (reply.content_type, dict(reply.headers)) == ("application/problem+json", {})
                told[way] = (reply.status, json.loads(reply.body)["detail"])
            except Lost as error:
                told[way] = str(error)
            assert await it.ask("echo", b"1") == 1

    one.run(story())
    died = "the worker that was at it died, perhaps for want of memory"
    bug = (500, "the server came to no answer; its log says why")
    assert told == {
        "bug": bug,
        "panic": bug,
        "usage": (422, "component:default/x: no such entity; name another"),
        "undecided": (503, "the OPA at http://opa did not answer"),
        "eat": (503, "to answer this takes more than 256 MiB (policies.memory)"),
        "unpackable": bug,
        "abort": died,
        "tear": died,
    }
    traces = [vars(each)["trace"] for each in caplog.records if each.message == "a question came to no answer"]
    assert [each.splitlines()[-1].partition(":")[0] for each in traces] == [
        "ValueError",
        "SystemExit",
        "MemoryError",
        "TypeError",
    ]


@pytest.mark.parametrize("size", [0, 1, 300_000, 7 * 1024 * 1024])
def test_bodies_of_any_size_come_and_go_as_they_are(one: Shared, size: int) -> None:
    body = os.urandom(size)

    async def story() -> None:
        assert (await one.it.pool.ask(Question("echo", body), deadline=LONG)).body == body

    one.run(story())


@given(st.binary(max_size=40), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2))
def test_a_reply_is_whole_when_its_last_byte_is_there_and_not_before(body: bytes, headers: dict[str, str]) -> None:
    reply = Reply(200, body, headers=headers)
    frame = frames.pack_reply(reply)

    assert [crew._whole(frame[:end]) for end in range(len(frame))] == [None] * len(frame)
    assert crew._whole(frame) == crew._whole(bytearray(frame)) == reply
    with pytest.raises(ValueError, match="more than a reply"):
        crew._whole(frame + b"x")


def test_a_worker_has_little_of_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGPASSWORD", "not for workers")
    monkeypatch.setenv("BYLAW_BUNDLE_KEY", "for the bundle")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    folder = write(tmp_path / "catalog", "shop", more="server: {bundle_key_env: BYLAW_BUNDLE_KEY}\n")

    async def story() -> dict[str, Any]:
        async with opened(recipe(folder)) as it:
            found: dict[str, Any] = await it.ask("state")
            return found

    said = asyncio.run(story())
    seen = set(said.pop("environment"))
    assert {"PATH", "PYTHONPATH", "BYLAW_BUNDLE_KEY", "HTTPS_PROXY"} <= seen
    assert "PGPASSWORD" not in seen
    assert 200 <= said.pop("room") <= 256
    assert said == {
        "core": 0,
        "first to go": "500",
        "sockets": 1,
        "streams": ["/dev/null"] * 3,
        "batch": False,
    }
    assert capfd.readouterr() == ("", "")


def test_when_the_process_dies_from_which_all_workers_come_another_takes_over_without_the_sources(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            before, facts = await it.ask("who"), it.pool.facts
            task = await it.busy_at(tmp_path / "begun")
            (folder / "catalog-info.yaml").unlink()
            os.kill(before["zygote"], signal.SIGKILL)
            with pytest.raises(Lost, match=r"^the process that forks the workers died$"):
                await task
            after = await it.ask("who")  # waits until it can be answered

            assert after["zygote"] != before["zygote"]
            assert after["catalog"] == before["catalog"]
            assert facts is not None
            assert it.pool.facts is not None
            assert (it.pool.facts.made, it.pool.facts.checked, it.pool.facts.aged, it.pool.facts.source) == (
                facts.made,
                facts.checked,
                facts.aged,
                facts.source,
            )
            await until_gone(before["pid"], before["zygote"], int((tmp_path / "begun").read_text()))

    asyncio.run(story())


def test_a_process_that_hangs_and_kills_no_worker_is_killed_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_OBEDIENCE", 0.2)

    async def story() -> None:
        async with opened(recipe(write(tmp_path / "catalog", "shop")), workers=1) as it:
            before = await it.ask("who")
            os.kill(before["zygote"], signal.SIGSTOP)
            loop = await it.busy_at(tmp_path / "begun", deadline=0.1)
            with pytest.raises(Late):
                await loop
            await until_gone(before["zygote"], before["pid"])

            assert (await it.ask_again("who"))["zygote"] != before["zygote"]

    asyncio.run(story())


def test_what_waits_is_told_when_the_catalog_cannot_be_loaded_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder), workers=1) as it:
            before = await it.ask("who")
            (folder / "bylaw.yaml").write_text("version: 2")
            os.kill(before["zygote"], signal.SIGKILL)
            await until_gone(before["zygote"], before["pid"])
            task = await _waiting(it.pool.ask(Question("who"), deadline=LONG))
            with pytest.raises(Lost, match=r"^the server has lost its catalog and cannot load it again; its log"):
                await task
            (folder / "bylaw.yaml").write_text(SETTINGS)

            assert (await it.ask("who"))["catalog"] == before["catalog"]  # it goes on trying

    asyncio.run(story())


async def _waiting(asked: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    task = asyncio.create_task(asked)
    await asyncio.sleep(0)
    return task


def test_a_refresh_loses_no_question_and_every_answer_is_of_one_generation(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    answers: list[str] = []

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            done = asyncio.Event()

            async def asking() -> None:
                while not done.is_set():
                    answers.append((await it.ask("who"))["catalog"])

            askers = [asyncio.create_task(asking()) for _ in range(4)]
            first = await it.ask("who")
            write(folder, "shop", "payments")
            assert await it.pool.swap(recipe(folder)) is True
            second = await it.ask("who")
            done.set()
            await asyncio.gather(*askers)

            assert first["catalog"] != second["catalog"]
            assert it.pool.facts is not None
            assert second["catalog"] == it.pool.facts.digests.catalog
            assert set(answers) == {first["catalog"], second["catalog"]}
            assert it.lost == []
            await until_gone(first["zygote"])

    asyncio.run(story())


def test_what_a_worker_is_at_during_a_refresh_it_finishes(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder), workers=1) as it:
            before = await it.ask("who")
            end = tmp_path / "end"
            old = await it.busy_at(tmp_path / "begun", until=end)
            write(folder, "payments")
            waiting = asyncio.create_task(it.ask("who"))
            await it.pool.swap(recipe(folder))

            assert (await waiting)["catalog"] != before["catalog"]  # it has not had to wait for the other
            assert is_running(before["zygote"])
            end.touch()
            assert (await old)["catalog"] == before["catalog"]
            await until_gone(before["pid"], before["zygote"])

    asyncio.run(story())


def test_a_deadline_holds_for_a_worker_of_the_generation_before(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder), workers=1) as it:
            loop = await it.busy_at(tmp_path / "begun", deadline=1.0)
            write(folder, "payments")
            await it.pool.swap(recipe(folder))
            with pytest.raises(Late):
                await loop
            await until_gone(int((tmp_path / "begun").read_text()))

            assert await it.ask("echo", b"1") == 1

    asyncio.run(story())


def test_a_generation_that_cannot_be_made_leaves_the_one_before_at_work(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            before, facts = await it.ask("who"), it.pool.facts
            (folder / "bylaw.yaml").write_text("version: 1\npolices: {}\n")
            with pytest.raises(RefreshError) as refused:
                await it.pool.swap(recipe(folder))

            assert str(refused.value) == (f"{folder}/bylaw.yaml: polices is not a setting (did you mean policies?)")
            assert refused.value.exit_code == 2
            assert it.pool.facts is facts
            assert (await it.ask("who"))["zygote"] == before["zygote"]

    asyncio.run(story())


def test_the_name_of_a_file_may_be_no_text(tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    folder = write(tmp_path / odd, "shop")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            assert it.pool.facts is not None
            assert it.pool.facts.source == f"the files at {tmp_path}/\\udcff"
            with pytest.raises(RefreshError) as refused:
                await it.pool.swap(recipe(folder, policies=(f"{odd}/none",)))
            assert str(refused.value) == f"policies.paths: {odd}/none does not exist"
            told = await it.pool.ask(Question("fail", arguments={"way": "no text"}), deadline=LONG)
            assert (told.status, json.loads(told.body)["detail"]) == (422, "\\udcff: no such file")

    asyncio.run(story())


def test_where_nothing_has_changed_the_processes_stay_and_only_the_age_begins_anew(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            before, facts = await it.ask("who"), it.pool.facts
            assert facts is not None
            assert await it.pool.swap(recipe(folder, known=facts.fingerprint)) is False

            after = it.pool.facts
            assert after is not None
            assert after.made > facts.made
            assert after.checked > facts.checked
            assert after.snapshot == facts.snapshot
            assert after.snapshot.is_file()
            assert (await it.ask("who"))["zygote"] == before["zygote"]

    asyncio.run(story())


def test_the_files_of_earlier_generations_do_not_pile_up(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            for name in ("a", "b"):
                write(folder, name)
                await it.pool.swap(recipe(folder))

        files = sorted(path.name for path in (tmp_path / "catalog-files").iterdir())
        assert files == ["generation-2.snapshot", "generation-3.snapshot"]

    asyncio.run(story())


def test_a_process_that_dies_while_it_loads_is_a_failed_refresh(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop", more="")
    rule = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"

    async def story() -> None:
        async with opened(recipe(folder)) as it:
            (folder / "deadly.py").write_text(rule)
            ended = r"^the process that loads the catalog and the policies was ended by SIGKILL, perhaps by the system"
            with pytest.raises(RefreshError, match=ended):
                await it.pool.swap(recipe(folder, policies=(str(folder / "deadly.py"),)))

            assert await it.ask("echo", b"1") == 1

    asyncio.run(story())


def test_a_rule_that_starts_threads_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write(tmp_path / "catalog", "shop")
    rule = tmp_path / "threads.py"
    rule.write_text(
        "import threading, time\nfrom bylaw.model import Severity\nfrom bylaw.rules import Rule\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        'RULE = Rule(id="tests/odd", title="t", description="d", remediation="r", severity=Severity.INFO,'
        " evaluate=lambda entity, context: ())\n"
    )

    async def story() -> None:
        async with opened(recipe(folder, policies=(str(rule),))) as it:
            assert await it.ask("echo", b"1") == 1

    asyncio.run(story())
    assert caplog.messages == [
        "what was loaded runs threads, beside which forked workers may hang: which rule starts them?"
    ]


def test_a_server_that_ends_leaves_no_process_and_says_so_to_whoever_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(recipe(write(tmp_path / "catalog", "shop")), workers=1) as it:
            zygote = (await it.ask("who"))["zygote"]
            looping = await it.busy_at(tmp_path / "begun")
            waiting = await _waiting(it.ask("who"))
            await it.pool.stop()
            for task in (looping, waiting):
                with pytest.raises(Lost, match=r"^the server ends$"):
                    await task
            with pytest.raises(Lost, match=r"^the server ends$"):
                await it.ask("who")
            await until_gone(zygote, int((tmp_path / "begun").read_text()))

    asyncio.run(story())


def test_a_server_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalog", "shop")
    script = f"""
        import asyncio
        from pathlib import Path
        from tests.serving.pools import opened, recipe

        async def story():
            async with opened(recipe(Path({str(folder)!r}))) as it:
                print((await it.ask("who"))["zygote"])
                await it.busy_at(Path({str(tmp_path / "begun")!r}))
                print("ready", flush=True)
                await asyncio.sleep(60)

        asyncio.run(story())
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdout is not None
        zygote = int(server.stdout.readline())
        assert server.stdout.readline() == "ready\n"
        server.kill()
    asyncio.run(until_gone(zygote, int((tmp_path / "begun").read_text())))


def test_before_there_is_a_catalog_nothing_is_answered(tmp_path: Path) -> None:
    empty = tmp_path / "catalog"
    write(empty)

    async def story() -> None:
        with pytest.raises(RefreshError, match=rf"^the files at {empty}: a catalog of no entity is not believed"):
            async with opened(recipe(empty)):
                pass

    asyncio.run(story())


def test_it_works_on_uvloop_as_well(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    folder = write(tmp_path / "catalog", "shop")

    async def story() -> None:
        async with opened(recipe(folder), workers=1) as it:
            assert (await it.pool.ask(Question("echo", b"x" * 2**20), deadline=LONG)).body == b"x" * 2**20
            loop = await it.busy_at(tmp_path / "begun", deadline=0.1)
            with pytest.raises(Late):
                await loop
            before = await it.ask("who")
            os.kill(before["zygote"], signal.SIGKILL)
            await until_gone(before["zygote"], before["pid"])
            assert (await it.ask_again("who"))["zygote"] != before["zygote"]

    run: Callable[..., None] = uvloop.run
    run(story())
