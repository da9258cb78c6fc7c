"""What every store does: one suite, run over SQLite here and over PostgreSQL in ``tests/real``."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bylaw.errors import UsageError
from bylaw.model import Decision
from bylaw.store import Filter, Gap, Pushed, SnapshotInfo, StoreError, chain
from tests.store.making import LIFECYCLE, OWNED, Told, decided

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bylaw.model import Decided
    from bylaw.store import Store

MADE = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
GAP = Gap("2026-11-21T09:05:00.000000Z", "2026-11-21T09:04:00.000000Z", 12, "too many waited to be written")


class World(Protocol):
    """A database that is empty at first."""

    def open(self) -> Store:
        """One more store over it, as another process would have it."""

    def run(self, sql: str) -> None:
        """What somebody with all rights does to the tables behind our back."""


def together(work: Callable[[int], object], count: int) -> None:
    """Do something in so many threads, which begin at the same moment."""
    ready = threading.Barrier(count)

    def begin(number: int) -> None:
        ready.wait()
        work(number)

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(begin, range(count)))


def messages(store: Store, noted: str | None = None) -> list[str]:
    return [each.message for each in store.verify(noted)]


class Contract:
    """The tests. A subclass has a fixture ``world``."""

    # -- decisions

    def test_a_decision_comes_back_as_it_was(self, world: World) -> None:
        given = decided(rules=(LIFECYCLE, OWNED), reason="late", trace="4bf92f3577b34da6a3ce929d0e0e4736")
        store = world.open()
        store.append([given, GAP])
        assert [each.entry for each in store.rows()] == [given, GAP]
        assert [each.seq for each in store.rows()] == [1, 2]

    @pytest.mark.parametrize(
        "text",
        [
            "a NUL \0 inside",
            "\0",
            "a \\0 that is none",
            "emoji 🦜, 中文, e\u0301, \u202e turned",
            "quote ' \" \\ ` ; -- % ? $1 {}",
            "line\nends\r\n and \x1b[31m escapes",
            "x" * 5_000,
        ],
    )
    def test_any_text_of_strangers_comes_back(self, world: World, text: str) -> None:
        given = decided(
            subject=text,
            caller=text,
            gate=text,
            id=text,
            reason=text,
            rules=(text,),
            input={text: [text, {text: text}]},
        )
        store = world.open()
        store.append([given])
        (row,) = store.rows(where=Filter(id=text, gate=text, subject=text, rule=text))
        assert row.entry == given
        assert store.verify() == []

    def test_half_of_a_surrogate_pair_becomes_a_question_mark(self, world: World) -> None:
        store = world.open()
        store.append([decided(subject="a \ud800 b", input={"x": "\udfff"})])
        assert [each.entry for each in store.rows()] == [decided(subject="a ? b", input={"x": "?"})]
        assert store.verify() == []

    def test_an_input_that_is_nested_too_deep_is_left_out_and_the_decision_stays(self, world: World) -> None:
        deep: Any = "x"
        for _ in range(400):
            deep = [deep]
        store = world.open()
        store.append([decided(input={"a": deep})])
        assert [each.entry for each in store.rows()] == [decided(input=None)]

    def test_all_of_a_batch_is_written_or_none(self, world: World) -> None:
        store = world.open()
        store.append([decided(1)])
        world.run("alter table bylaw_head rename column hash to hidden")
        with pytest.raises(StoreError):
            store.append([decided(2), decided(3)])
        world.run("alter table bylaw_head rename column hidden to hash")
        store.append([decided(4)])
        assert [each.entry for each in store.rows()] == [decided(1), decided(4)]
        assert store.verify() == []

    def test_the_decision_before_is_told_by_gate_and_subject(self, world: World) -> None:
        store = world.open()
        allowed, denied = Decision.ALLOWED, Decision.DENIED
        first: list[Decided | Gap] = [decided(1), decided(2, decision=denied), decided(3, subject="other"), GAP]
        assert store.append(first) == [None, allowed, None, None]
        second = [decided(4), decided(5), decided(6, gate="merge"), decided(7, subject="other")]
        assert world.open().append(second) == [denied, allowed, None, allowed]

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Filter(), [1, 2, 3, 4, 5]),
            (Filter(decision="denied"), [2]),
            (Filter(gate="merge"), [3]),
            (Filter(subject="component:default/pay_ments"), [4]),
            (Filter(subject="component:default/payXments"), []),
            (Filter(rule=OWNED), [2, 4]),
            (Filter(rule="owner-unknown"), []),
            (Filter(rule="%"), []),
            (Filter(rule=OWNED.upper()), []),
            (Filter(rule=""), []),
            (Filter(id="d-3"), [3]),
            (Filter(since="2026-11-21T09:00:03"), [3, 4, 5]),
            (Filter(since="2026-11-21", until="2026-11-21T09:00:03"), [1, 2]),
            (Filter(until="2026-11-21"), []),
            (Filter(decision="allowed", rule=OWNED), [4]),
        ],
    )
    def test_rows_are_found_by_what_they_say(self, world: World, where: Filter, expected: list[int]) -> None:
        store = world.open()
        store.append(
            [
                decided(1),
                decided(2, decision=Decision.DENIED, rules=(LIFECYCLE, OWNED)),
                decided(3, gate="merge", rules=(LIFECYCLE,)),
                decided(4, subject="component:default/pay_ments", rules=(OWNED,)),
                GAP,
            ]
        )
        assert [each.seq for each in store.rows(where=where)] == expected

    def test_rows_come_a_page_at_a_time_either_way(self, world: World) -> None:
        store = world.open()
        store.append([decided(number) for number in range(1, 8)])
        assert [each.seq for each in store.rows(after=2, limit=3)] == [3, 4, 5]
        assert [each.seq for each in store.rows(newest=True, limit=3)] == [7, 6, 5]
        assert [each.seq for each in store.rows(newest=True, after=5, limit=3)] == [4, 3, 2]

    # -- the chain

    def test_an_empty_log_is_whole(self, world: World) -> None:
        store = world.open()
        assert store.verify() == []
        assert (store.head().seq, store.head().hash) == (0, chain.START)

    def test_several_at_once_make_one_chain_without_a_lost_row(self, world: World) -> None:
        stores = [world.open() for _ in range(4)]

        def write(number: int) -> None:
            for batch in range(10):
                stores[number].append([decided(1, id=f"{number}-{batch}-{each}") for each in range(5)])

        together(write, len(stores))
        rows = world.open().rows(limit=1_000)
        assert [each.seq for each in rows] == list(range(1, 201))
        ids = [each.entry.id for each in rows if not isinstance(each.entry, Gap)]
        assert sorted(ids) == sorted(f"{n}-{b}-{e}" for n in range(4) for b in range(10) for e in range(5))
        assert [one for one in ids if one.startswith("2-")] == [f"2-{b}-{e}" for b in range(10) for e in range(5)]
        assert world.open().verify() == []

    @pytest.fixture
    def written(self, world: World) -> Store:
        """A log of six rows."""
        store = world.open()
        store.append([decided(number) for number in range(1, 7)])
        return store

    def test_a_changed_row_is_found(self, world: World, written: Store) -> None:
        (row,) = written.rows(after=2, limit=1)
        text = row.text.replace('"caller":"ci"', '"caller":"me"')
        world.run(f"update bylaw_decisions set said = '{text}' where seq = 3")
        changed = chain.link(3, row.before, text)
        assert messages(written) == [f"row 3 was changed: it says that its hash is {row.hash}, but it is {changed}"]

    def test_a_row_that_was_changed_with_its_hash_is_found_by_the_next_one(self, world: World, written: Store) -> None:
        (row,) = written.rows(after=2, limit=1)
        text = row.text.replace('"caller":"ci"', '"caller":"me"')
        changed = chain.link(3, row.before, text)
        world.run(f"update bylaw_decisions set said = '{text}', hash = '{changed}' where seq = 3")
        assert messages(written) == [
            f"row 4 follows a row with the hash {row.hash}, but row 3 has {changed}: row 3 was changed or put in"
        ]

    @pytest.mark.parametrize(
        ("column", "value"), [("decision", "denied"), ("rules", "\nother\n"), ("subject", "x"), ("time", "2020")]
    )
    def test_a_row_that_is_found_by_what_it_does_not_say_is_found(
        self, world: World, written: Store, column: str, value: str
    ) -> None:
        world.run(f"update bylaw_decisions set {column} = '{value}' where seq = 3")
        assert messages(written) == [f"row 3 is found by another {column} than its text says"]

    def test_a_row_taken_out_of_the_middle_is_found(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_decisions where seq = 3")
        assert messages(written) == ["row 3 is missing"]

    def test_several_rows_taken_out_are_found(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_decisions where seq in (1, 2, 4, 5)")
        assert messages(written) == ["rows 1 to 2 are missing", "rows 4 to 5 are missing"]

    def test_rows_cut_off_at_the_end_are_found(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_decisions where seq > 4")
        assert messages(written) == ["rows 5 to 6 are missing at the end: the head record says that 6 were written"]

    def test_rows_cut_off_are_found_after_the_log_went_on(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_decisions where seq > 4")
        written.append([decided(7)])
        assert messages(written) == ["rows 5 to 6 are missing"]

    def test_all_rows_taken_out_are_found(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_decisions")
        assert messages(written) == ["rows 1 to 6 are missing at the end: the head record says that 6 were written"]

    def test_two_rows_in_each_others_place_are_found(self, world: World, written: Store) -> None:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            world.run(f"update bylaw_decisions set seq = {new} where seq = {old}")
        assert messages(written) == [
            "row 3 is what was row 4: rows were reordered",
            "row 4 is what was row 3: rows were reordered",
            messages(written)[2],
        ]
        assert messages(written)[2].startswith("row 5 follows a row with the hash ")

    def test_a_chain_made_anew_is_found_by_the_head_record(self, world: World, written: Store) -> None:
        rows = written.rows()
        before = rows[2].before
        for row in rows[2:]:
            text = row.text.replace('"caller":"ci"', '"caller":"me"')
            own = chain.link(row.seq, before, text)
            world.run(
                f"update bylaw_decisions set said = '{text}', before = '{before}', hash = '{own}' where seq = {row.seq}"
            )
            before = own
        assert messages(written) == [
            f"row 6 has the hash {before}, but the head record says {rows[5].hash}: rows were rewritten"
        ]

    def test_a_head_that_was_noted_elsewhere_finds_what_the_store_alone_cannot(
        self, world: World, written: Store
    ) -> None:
        noted, rows = written.head().hash, written.rows()
        world.run("delete from bylaw_decisions where seq > 4")
        world.run(f"update bylaw_head set seq = 4, hash = '{rows[3].hash}'")
        assert messages(written) == []
        assert messages(written, noted) == [
            f"no row has the hash {noted} that was noted: rows were rewritten or cut off"
        ]
        assert messages(written, rows[3].hash) == []
        assert messages(written, rows[0].hash) == []

    def test_a_head_that_is_gone_is_said_and_nothing_goes_on_behind_it(self, world: World, written: Store) -> None:
        world.run("delete from bylaw_head")
        told = r"the head record of the decision log is gone; restore it from a backup$"
        with pytest.raises(StoreError, match=told):
            written.verify()
        with pytest.raises(StoreError, match=told):
            written.append([decided(7)])

    def test_a_head_that_was_set_back_does_not_stop_the_log_and_is_found_ever_after(
        self, world: World, written: Store
    ) -> None:
        rows = written.rows()
        world.run(f"update bylaw_head set seq = 2, hash = '{rows[1].hash}'")
        assert messages(written) == [
            "rows 3 to 6 are beyond the head record, which says that 2 were written: put in, or set back"
        ]
        written.append([decided(7)])
        assert [each.seq for each in written.rows()] == [1, 2, 3, 4, 5, 6, 7]
        follows = f"row 7 follows a row with the hash {rows[1].hash}, but row 6 has {rows[5].hash}"
        assert messages(written) == [f"{follows}: row 6 was changed or put in"]

    def test_a_row_that_was_put_in_at_the_end_is_found_ever_after(self, world: World, written: Store) -> None:
        (row,) = written.rows(newest=True, limit=1)
        forged = chain.link(7, row.hash, row.text)
        keys = "'', '', '', '', '', ''"
        world.run(f"insert into bylaw_decisions values (7, '{row.text}', '{row.hash}', '{forged}', {keys})")
        beyond = "row 7 is beyond the head record, which says that 6 were written: put in, or set back"
        assert messages(written)[1:] == [beyond]
        written.append([decided(8)])
        follows = f"row 8 follows a row with the hash {row.hash}, but row 7 has {forged}"
        assert messages(written)[1:] == [f"{follows}: row 7 was changed or put in"]

    def test_a_last_row_that_was_made_anew_is_found_ever_after(self, world: World, written: Store) -> None:
        (row,) = written.rows(newest=True, limit=1)
        text = row.text.replace('"caller":"ci"', '"caller":"me"')
        own = chain.link(6, row.before, text)
        world.run(f"update bylaw_decisions set said = '{text}', hash = '{own}' where seq = 6")
        assert messages(written) == [
            f"row 6 has the hash {own}, but the head record says {row.hash}: rows were rewritten"
        ]
        written.append([decided(7)])
        assert messages(written) == [
            f"row 7 follows a row with the hash {row.hash}, but row 6 has {own}: row 6 was changed or put in"
        ]

    def test_a_row_that_no_decision_could_be_is_an_error_and_no_crash(self, world: World, written: Store) -> None:
        world.run("update bylaw_decisions set said = '[]' where seq = 3")
        with pytest.raises(StoreError, match=r"^row 3 of the decision log was changed: `bylaw decisions verify` says"):
            written.rows()
        assert messages(written)[1] == "row 3 has a text that no decision has"

    # -- snapshots

    def test_a_snapshot_comes_back_to_the_byte(self, world: World, tmp_path: Path) -> None:
        content = bytes(range(256)) * 20_000  # more than one part, even packed
        content += b"".join(number.to_bytes(4, "big") for number in range(500_000))
        (tmp_path / "given").write_bytes(content)
        world.open().save_snapshot("sha256:a", MADE, tmp_path / "given")
        store = world.open()
        assert store.latest_snapshot() == SnapshotInfo("sha256:a", MADE, len(content))
        store.load_snapshot("sha256:a", tmp_path / "taken")
        assert (tmp_path / "taken").read_bytes() == content
        assert sorted(each.name for each in tmp_path.glob("*taken*")) == ["taken"]

    def test_there_is_no_snapshot_at_first(self, world: World) -> None:
        assert world.open().latest_snapshot() is None

    def test_the_last_three_snapshots_are_kept(self, world: World, tmp_path: Path) -> None:
        store = world.open()
        for name in "abcde":
            (tmp_path / name).write_text(f"snapshot {name}")
            store.save_snapshot(name, MADE, tmp_path / name)
        store.save_snapshot("c", MADE, tmp_path / "c")  # again: now it is the latest
        latest = store.latest_snapshot()
        assert latest is not None
        assert latest.digest == "c"
        for name in "cde":
            store.load_snapshot(name, tmp_path / "taken")
            assert (tmp_path / "taken").read_text() == f"snapshot {name}"
        with pytest.raises(StoreError, match=r"has no snapshot b \(any more\): the last 3 are kept$"):
            store.load_snapshot("b", tmp_path / "taken")

    def test_a_damaged_snapshot_leaves_the_file_as_it_was(self, world: World, tmp_path: Path) -> None:
        store = world.open()
        (tmp_path / "a").write_text("snapshot a")
        store.save_snapshot("a", MADE, tmp_path / "a")
        world.run("update bylaw_snapshots set size = size + 1")
        (tmp_path / "taken").write_text("before")
        with pytest.raises(StoreError, match="has 10 bytes, expected 11"):
            store.load_snapshot("a", tmp_path / "taken")
        assert (tmp_path / "taken").read_text() == "before"
        assert sorted(each.name for each in tmp_path.glob("*taken*")) == ["taken"]

    def test_every_replica_that_listens_hears_of_each_snapshot(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("snapshot")
        writer, here, there = world.open(), world.open(), world.open()
        writer.save_snapshot("before", MADE, tmp_path / "a")
        told, elsewhere = Told(), Told()
        here.listen(told)
        there.listen(elsewhere)
        writer.save_snapshot("first", MADE, tmp_path / "a")
        assert (told.digests(1), elsewhere.digests(1)) == (["first"], ["first"])
        here.save_snapshot("second", MADE, tmp_path / "a")
        assert (told.digests(2), elsewhere.digests(2)) == (["first", "second"], ["first", "second"])

    # -- what is pushed

    def test_the_last_that_was_pushed_of_a_ref_counts(self, world: World) -> None:
        store = world.open()
        orders = {"kind": "Component", "metadata": {"name": "Orders"}, "spec": {"type": "service"}}
        newer = {"kind": "component", "metadata": {"namespace": "default", "name": "orders"}, "x": "a \0 NUL"}
        store.push([orders, {"kind": "API", "metadata": {"namespace": "shop", "name": "pay"}}])
        store.push([newer], deleted=["API:shop/PAY", "group:default/gone"])
        assert world.open().pushed() == Pushed((newer,), ("api:shop/pay", "group:default/gone"))
        store.push([], deleted=["component:default/orders"])
        assert store.pushed() == Pushed((), ("api:shop/pay", "component:default/orders", "group:default/gone"))

    @pytest.mark.parametrize(
        ("entities", "deleted", "told"),
        [
            ([{"kind": "API", "metadata": {}}], [], "has a kind, a metadata.name"),
            ([{"kind": 7, "metadata": {"name": "x"}}], [], "has a kind, a metadata.name"),
            ([{"kind": "API", "metadata": "x"}], [], "has a kind, a metadata.name"),
            ([{"kind": "API", "metadata": {"name": "x" * 600}}], [], "has at most 500 characters"),
            ([], ["api:shop/\0"], "no NUL"),
            ([], ["pay"], "has no kind"),
        ],
    )
    def test_what_has_no_ref_is_refused_and_nothing_is_kept(
        self, world: World, entities: list[Any], deleted: list[str], told: str
    ) -> None:
        store = world.open()
        with pytest.raises(UsageError, match=told):
            store.push([{"kind": "API", "metadata": {"name": "right"}}, *entities], deleted)
        assert store.pushed() == Pushed((), ())

    # -- tables

    def test_tables_of_a_newer_bylaw_are_not_touched(self, world: World) -> None:
        world.open().head()
        world.run("insert into bylaw_schema (version) values (99)")
        with pytest.raises(StoreError, match=r"its tables are of version 99, and this bylaw knows 2: use a newer one$"):
            world.open().head()

    def test_tables_are_made_once_by_many_that_start_together(self, world: World) -> None:
        stores = [world.open() for _ in range(6)]
        together(lambda number: stores[number].head(), len(stores))
        assert [each.head().seq for each in stores] == [0] * 6
