"""Which files may be written: those that make nothing worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.fixes.fix import Edit, Fix, Judged
from bylaw.fixes.settle import settle
from bylaw.model import Enforcement, Finding, Outcome
from tests.engine.world import catalog, entity, graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# 000.yaml to 003.yaml; only a and b know one another
WORLD = catalog(
    entity("a", owner="x", dependsOn=["component:b"]), entity("b", owner="x"), entity("c", owner="x"), entity("d")
)
GRAPH = graph(WORLD)
WARN, OBSERVE = Enforcement.WARN, Enforcement.OBSERVE


def found(number: int | None, rule: str = "r/mended", pointer: str = "/x", **more: Any) -> Finding:
    """A finding in the file of a number; of an entity that stands in no file at all, None."""
    document = WORLD.documents[number] if number is not None else None
    name = f"component:default/{'abcd'[number]}" if number is not None else "component:default/elsewhere"
    return Finding(pointer, "m", rule=rule, document=document, **{"entity": name, **more})


def edits(*mended: Finding | int) -> list[Edit]:
    """An edit for each file; where a number stands in place of a finding, nobody finds fault with it."""
    made = []
    for each in mended:
        finding = None if isinstance(each, int) else each
        document = WORLD.documents[each] if isinstance(each, int) else each.document
        assert document and document.path
        fix = Fix(document, (), None, finding)
        made.append(Edit(document.path, b"", document.path.encode(), (fix,)))
    return made


class Judge:
    """Says what it finds in each state, and counts how often it was asked."""

    def __init__(self, finds: Callable[[set[int]], Iterable[Finding]]) -> None:
        self.finds, self.asked = finds, 0

    def __call__(self, overlay: Mapping[str, bytes]) -> Judged:
        assert overlay, "what is there has been judged already"
        assert all(text.decode() == path for path, text in overlay.items())
        self.asked += 1
        return Judged(WORLD, GRAPH, list(self.finds({int(path[:3]) for path in overlay})))


def settled(
    made: Sequence[Edit], before: Sequence[Finding], finds: Callable[[set[int]], Iterable[Finding]]
) -> tuple[list[str], list[str], int, int]:
    """The files that are written, why the others are not, what comes to light, and how often it was judged."""
    judge = Judge(finds)
    said = settle(made, Judged(WORLD, GRAPH, before), judge)
    reasons = [f"{each.fix.document.path} {each.reason}" for each in said.refusals]
    return [edit.path for edit in said.edits], reasons, said.revealed, judge.asked


def brings(rule: str) -> str:
    return f"is in a file whose fixes would bring about {rule}: m"


def test_what_is_mended_is_written() -> None:
    before = [found(0), found(1), found(2, "r/other")]
    assert settled(edits(before[0], before[1]), before, lambda made: [before[2]]) == (
        ["000.yaml", "001.yaml"],
        [],
        0,
        1,
    )


def test_without_edits_nothing_is_judged() -> None:
    assert settled([], [found(0)], lambda made: []) == ([], [], 0, 0)


def test_an_edit_that_leaves_its_finding_is_not_written() -> None:
    before = [found(0), found(1)]
    kept, reasons, _, asked = settled(edits(*before), before, lambda made: [before[0]])
    assert (kept, asked) == (["001.yaml"], 2)
    assert reasons == ["000.yaml is in a file of which a finding would stay in spite of its fix"]


def test_what_is_new_in_a_file_is_blamed_on_its_own_edit() -> None:
    before = [found(0), found(1)]

    def finds(made: set[int]) -> Iterable[Finding]:
        return [found(0, "r/new")] if 0 in made else [before[0]]

    assert settled(edits(*before), before, finds) == (["001.yaml"], [f"000.yaml {brings('r/new')}"], 0, 2)


def test_what_is_new_elsewhere_is_blamed_on_the_edits_of_its_neighbours() -> None:
    before = [found(0), found(2)]

    def finds(made: set[int]) -> Iterable[Finding]:
        return [found(1, "r/new")] if 0 in made else []

    assert settled(edits(*before), before, finds) == (["002.yaml"], [f"000.yaml {brings('r/new')}"], 0, 2)


def test_what_is_new_and_near_nobody_is_blamed_on_all() -> None:
    before = [found(0), found(2)]
    for new in (found(3, "r/new"), found(None, "r/new"), found(None, "r/new", entity=None)):
        kept, reasons, _, asked = settled(edits(*before), before, lambda made, new=new: [new])  # type: ignore[misc]
        assert (kept, asked) == ([], 1)
        assert reasons == [f"000.yaml {brings('r/new')}", f"002.yaml {brings('r/new')}"]


def test_after_three_judgements_what_is_left_is_given_up() -> None:
    before = [found(0), found(1), found(2), found(3)]

    def finds(made: set[int]) -> Iterable[Finding]:  # each time another one
        return [found(min(made), "r/new")]

    kept, reasons, _, asked = settled(edits(*before), before, finds)
    assert (kept, asked) == ([], 3)
    assert reasons == [
        *(f"00{number}.yaml {brings('r/new')}" for number in range(3)),
        "003.yaml is in one of several files that together make something worse",
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        ({"outcome": Outcome.UNKNOWN}, {"outcome": Outcome.UNKNOWN}, False),
        ({"outcome": Outcome.UNKNOWN}, {"enforcement": WARN}, True),
        ({"enforcement": OBSERVE}, {"enforcement": WARN}, True),
        ({"enforcement": WARN}, {"enforcement": WARN}, False),
        ({"enforcement": WARN}, {}, True),
        ({}, {"outcome": Outcome.ERROR}, True),
        ({}, {"outcome": Outcome.UNKNOWN}, False),
        ({}, {"message": "in other words"}, False),
        ({}, {"entity": "api:default/a"}, False),  # its kind was put right
        ({}, {"pointer": "/y"}, True),
        ({}, {"key": "another"}, True),
        ({}, {"rule": "r/another"}, True),
    ],
)
def test_worse_is_what_is_new_or_weighs_more(before: dict[str, Any], after: dict[str, Any], is_worse: bool) -> None:
    for number in (0, 1):
        old = Finding(**{"pointer": "/x", "message": "m", "rule": "r/r", "document": WORLD.documents[number], **before})
        new = Finding(**{"pointer": "/x", "message": "m", "rule": "r/r", "document": WORLD.documents[number], **after})
        kept, *_ = settled(edits(0), [old], lambda made, new=new: [new])  # type: ignore[misc]
        assert (kept == []) is is_worse


@pytest.mark.parametrize(
    ("mended", "new", "comes_to_light"),
    [
        ({}, {"enforcement": WARN}, True),
        ({}, {"enforcement": OBSERVE}, True),
        ({}, {"outcome": Outcome.UNKNOWN}, True),
        ({}, {}, False),
        ({}, {"outcome": Outcome.ERROR}, False),
        ({"enforcement": WARN}, {"enforcement": OBSERVE}, True),
        ({"enforcement": WARN}, {"enforcement": WARN}, False),
        ({"enforcement": OBSERVE}, {"outcome": Outcome.UNKNOWN}, True),
        ({"enforcement": OBSERVE}, {"enforcement": OBSERVE}, False),
    ],
)
def test_where_a_finding_is_put_right_a_lesser_one_may_come_to_light(
    mended: dict[str, Any], new: dict[str, Any], comes_to_light: bool
) -> None:
    old = found(0, **mended)
    for place in (0, 1, 2, None):  # in its own file, in that of a neighbour, and elsewhere
        lesser = found(place, "r/new", **new)
        kept, _, revealed, _ = settled(edits(old), [old], lambda made, lesser=lesser: [lesser])  # type: ignore[misc]
        assert (kept, revealed) == ((["000.yaml"], 1) if comes_to_light else ([], 0))


@pytest.mark.parametrize(
    ("new", "is_made"),
    [
        ({"outcome": Outcome.UNKNOWN}, True),
        ({"enforcement": OBSERVE}, True),
        ({"enforcement": WARN}, False),
        ({}, False),
    ],
)
def test_ownership_is_moved_unless_that_brings_about_a_warning(new: dict[str, Any], is_made: bool) -> None:
    assert bool(settled(edits(0), [], lambda made: [found(0, "r/new", **new)])[0]) is is_made


def test_of_several_suspects_those_are_blamed_that_put_no_more_right() -> None:
    before = [found(0, enforcement=OBSERVE), found(2)]

    def finds(made: set[int]) -> Iterable[Finding]:
        return [found(3, "r/new", enforcement=WARN)]

    assert settled(edits(*before), before, finds) == (["002.yaml"], [f"000.yaml {brings('r/new')}"], 1, 2)


def test_of_several_that_are_put_right_the_weightiest_counts() -> None:
    first, second = found(0, enforcement=OBSERVE), found(0, pointer="/y")
    (edit,) = edits(first)
    both = Edit(edit.path, edit.before, edit.after, (*edit.fixes, *edits(second)[0].fixes))
    assert settled([both], [first, second], lambda made: [found(0, "r/new", enforcement=WARN)])[0] == ["000.yaml"]


@given(
    st.sets(st.integers(0, 3), min_size=1), st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 3)), max_size=4)
)
def test_what_is_written_makes_nothing_worse_whoever_harms_whom(asked: set[int], harms: dict[int, set[int]]) -> None:
    """``harms``: what is found new in which files where a file is edited."""
    before = [found(number) for number in sorted(asked)]

    def finds(made: set[int]) -> Iterable[Finding]:
        yield from (each for each in before if int(str(each.document and each.document.path)[:3]) not in made)
        yield from (
            found(other, f"r/by-{number}") for number in sorted(made) for other in sorted(harms.get(number, ()))
        )

    kept, reasons, _, asked_times = settled(edits(*before), before, finds)
    written = {int(path[:3]) for path in kept}
    assert all(not harms.get(number) for number in written)
    assert len(kept) + len(reasons) == len(asked)
    assert asked_times <= 3
    if not any(harms.get(number) for number in asked):
        assert written == asked
