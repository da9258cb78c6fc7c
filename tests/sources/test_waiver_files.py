"""Waiver files: what their entries say, where they stand, and what is wrong with them."""

from __future__ import annotations

import os
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import ConfigError, UsageError
from bylaw.model import Location, Waiver
from bylaw.sources import waiver_files
from bylaw.sources.waiver_files import Broken

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """\
- id: W-1
  rule: ownership/owner-unknown
  entities: [component:default/orders]
  reason: the team is being founded
  requested_by: ann
  approved_by: jane
  expires: 2027-01-10
"""
DIGITS = "a list of fingerprints of 64 hexadecimal digits"
MORE = ENTRY + f"  ticket: SHOP-12\n  approved_at: 2026-11-01\n  fingerprints: [{'0a' * 32}]\n"


def waiver(line: int = 1, column: int = 3, path: str = "waivers.yaml") -> Waiver:
    """What the entry says, where it is the only one in its file."""
    return Waiver(
        id="W-1",
        rule="ownership/owner-unknown",
        entities=("component:default/orders",),
        reason="the team is being founded",
        requested_by="ann",
        approved_by="jane",
        expires=date(2027, 1, 10),
        location=Location(path, line, column, line, column + len("id: W-1")),
    )


def faults(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The places and faults of what is no waiver."""
    found = waiver_files.parse(text.encode(), "waivers.yaml")
    return [(_place(each.waiver), each.faults) for each in found if isinstance(each, Broken)]


def _place(each: Waiver) -> str:
    assert each.location is not None
    return f"{each.location.path}:{each.location.line}:{each.location.column}"


# -- what is right


def test_an_entry_is_a_waiver_with_its_place() -> None:
    assert waiver_files.parse(b"# ours\n" + ENTRY.encode(), "waivers.yaml") == (waiver(2),)


def test_an_entry_may_say_more() -> None:
    (found,) = waiver_files.parse(MORE.encode(), "waivers.yaml")

    assert isinstance(found, Waiver)
    assert (found.ticket, found.approved_at, found.fingerprints) == ("SHOP-12", date(2026, 11, 1), ("0a" * 32,))


@pytest.mark.parametrize("text", ["", "# none yet\n", "[]\n", "---\n", "null\n"])
def test_a_file_may_hold_none(text: str) -> None:
    assert waiver_files.parse(text.encode(), "waivers.yaml") == ()


def test_every_document_of_a_file_may_hold_some() -> None:
    found = waiver_files.parse(f"{ENTRY}---\n{ENTRY}".encode(), "waivers.yaml")

    assert found == (waiver(1), waiver(9))


# -- what is wrong


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            ENTRY.replace("approved_by", "aproved_by"),
            "aproved_by is not a field of a waiver (did you mean approved_by?); approved_by is missing",
        ),
        (ENTRY + "  forever: true\n", "forever is not a field of a waiver"),
        (ENTRY.replace("  expires: 2027-01-10\n", ""), "expires is missing"),
        (ENTRY.replace("jane", ""), "approved_by is missing"),
        (ENTRY.replace("jane", '"  "'), 'approved_by: expected a text, found "  "'),
        (ENTRY.replace("W-1", "12"), "id: expected a text, found 12"),
        (ENTRY.replace("2027-01-10", "soon"), 'expires: expected a date such as 2026-12-31, found "soon"'),
        (ENTRY.replace("2027-01-10", "2027-02-30"), 'expires: expected a date such as 2026-12-31, found "2027-02-30"'),
        (ENTRY.replace("2027-01-10", "20270110"), "expires: expected a date such as 2026-12-31, found 20270110"),
        (ENTRY.replace("2027-01-10", '"20270110"'), 'expires: expected a date such as 2026-12-31, found "20270110"'),
        (ENTRY.replace("2027-01-10", "2027-W01-1"), 'expires: expected a date such as 2026-12-31, found "2027-W01-1"'),
        (
            ENTRY.replace("[component:default/orders]", "component:default/orders"),
            "entities: expected a list of references or globs, such as [component:default/orders], "
            'found "component:default/orders"',
        ),
        (
            ENTRY.replace("[component:default/orders]", "[1]"),
            "entities: expected a list of references or globs, such as [component:default/orders], found a list",
        ),
        (ENTRY + "  fingerprints: []\n", f"fingerprints: expected {DIGITS}, found an empty list"),
        (ENTRY + "  fingerprints: [abc]\n", f"fingerprints: expected {DIGITS}, found a list"),
        (ENTRY + "  ticket: {a: 1}\n", "ticket: expected a text, found a mapping"),
        ("- W-1\n", 'expected a waiver with an id, a rule and entities, found "W-1"'),
        ("- [W-1]\n", "expected a waiver with an id, a rule and entities, found a list"),
        ("-\n", "expected a waiver with an id, a rule and entities, found null"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_it(text: str, fault: str) -> None:
    ((_, said),) = faults(text)

    assert "; ".join(said) == fault


def test_what_is_wrong_with_one_entry_leaves_the_others_alone() -> None:
    found = waiver_files.parse(f"- nothing\n{ENTRY}- {{}}\n".encode(), "waivers.yaml")

    assert found[1] == waiver(2)
    assert [_place(each.waiver) for each in found if isinstance(each, Broken)] == [
        "waivers.yaml:1:3",
        "waivers.yaml:9:3",
    ]


def test_an_entry_without_an_id_goes_by_its_place_and_one_with_an_id_by_that() -> None:
    unnamed, named = waiver_files.parse(b"- {}\n- id: W-2\n", "waivers.yaml")

    assert isinstance(unnamed, Broken)
    assert isinstance(named, Broken)
    assert (unnamed.waiver.id, named.waiver.id) == ("waivers.yaml:1:3", "W-2")


@pytest.mark.parametrize(
    ("text", "place", "fault"),
    [
        ("waivers: []\n", "waivers.yaml:1:1", "expected a list of waivers, each with an id, "),
        ("root:x:0:0\n", "waivers.yaml:1:1", "expected a list of waivers, each with an id, "),
        (f"{ENTRY}- {{\n", "waivers.yaml:9:1", "the file cannot be read from here on: "),
        ("- id: a\n  id: b\n", "waivers.yaml:2:3", 'the file cannot be read from here on: duplicate key "id"'),
        ("\x00", "waivers.yaml:1:1", "the file cannot be read from here on: "),
        ("- &a [*a]\n", "waivers.yaml:1:7", "the file cannot be read from here on: "),
    ],
)
def test_a_file_that_is_no_list_is_told_with_its_place(text: str, place: str, fault: str) -> None:
    (found,) = faults(text)

    assert found[0] == place
    assert found[1][0].startswith(fault)


def test_a_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 30)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    ((_, (fault,)),) = faults(bomb)

    assert "the file cannot be read from here on" in fault


def test_a_secret_in_an_entry_is_read_by_nobody() -> None:
    token = "glpat-" + "aB3dE5gH7jK9mN2pQ4sT"
    (found,) = waiver_files.parse(ENTRY.replace("the team", token).encode(), "waivers.yaml")

    assert isinstance(found, Waiver)
    assert found.reason == "[secret] is being founded"


def test_a_secret_among_the_entities_makes_no_glob_of_them() -> None:
    text = ENTRY.replace("orders]", "glpat-" + "aB3dE5gH7jK9mN2pQ4sT]")

    assert faults(text) == [("waivers.yaml:1:3", ("entities: one holds a secret, so it is not read",))]


def test_of_many_faults_the_first_are_told() -> None:
    ((_, said),) = faults(ENTRY + "".join(f"  key{number}: 1\n" for number in range(13)))

    assert said[9:] == ("key9 is not a field of a waiver", "and 3 faults more")


# -- files


def test_places_count_from_the_root_where_a_file_lies_inside(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "checkout"
    for folder in (root / "law", tmp_path / "else"):
        folder.mkdir(parents=True)
        (folder / "w.yaml").write_text(ENTRY)
    inside, outside = str(root / "law" / "w.yaml"), str(tmp_path / "else" / "w.yaml")

    assert waiver_files.read([inside, outside], root) == (waiver(path="law/w.yaml"), waiver(path=outside))


def test_a_file_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        waiver_files.read([str(tmp_path / "none.yaml")])

    assert str(told.value) == (
        f"waivers.paths: {tmp_path}/none.yaml does not exist; write the file (a list, `[]` for none) or take it out"
    )


def test_what_is_no_file_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, fault in (("", "is a folder, expected a file"), ("pipe", "is not a regular file, expected a file")):
        with pytest.raises(ConfigError) as told:
            waiver_files.read([str(tmp_path / name)])
        assert str(told.value) == f"waivers.paths: {tmp_path / name} {fault}"


def test_the_digest_is_of_what_the_entries_say_wherever_they_stand() -> None:
    one, other = (waiver_files.parse(text.encode(), "w.yaml") for text in (ENTRY, MORE))
    moved = waiver_files.parse(f"# moved\n\n{ENTRY}".encode(), "other.yaml")

    assert waiver_files.digest(()) == f"sha256:{sha256(b'[]').hexdigest()}"
    assert waiver_files.digest(one) == waiver_files.digest(moved)
    assert waiver_files.digest([*one, *other]) == waiver_files.digest([*other, *one])
    assert len({waiver_files.digest(each) for each in ((), one, other, [*one, *one])}) == 4


# -- one entry more


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ENTRY),
        ("# ours\n", f"# ours\n{ENTRY}"),
        ("# ours\n[]\n", f"# ours\n{ENTRY}"),
        ("# ours\n[] # none yet\n", f"# ours\n# none yet\n{ENTRY}"),
        (MORE, f"{MORE}{ENTRY}"),
        (f"{MORE}# the end", f"{MORE}# the end\n{ENTRY}"),
        (f"---\n{MORE}", f"---\n{MORE}{ENTRY}"),
        (f"{MORE}---\n{MORE}", f"{MORE}---\n{MORE}{ENTRY}"),
        ("- >-\n  a text", f"- >-\n  a text\n{ENTRY}"),
        ("  - {}\n", "  - {}\n" + "".join(f"  {line}\n" for line in ENTRY.splitlines())),
        (MORE.replace("\n", "\r\n"), (MORE + ENTRY).replace("\n", "\r\n")),
    ],
)
def test_an_entry_is_put_at_the_end_and_the_rest_stays(before: str, after: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_bytes(before.encode())
    waiver_files.append(str(file), ENTRY)

    assert file.read_bytes().decode() == after
    assert [each.name for each in tmp_path.iterdir()] == ["waivers.yaml"]


@pytest.mark.parametrize("before", ["[{}]\n", "a: 1\n", "- {}\n...\n", "- a: |\n    text\n  b: {\n"])
def test_a_file_that_no_lines_can_be_put_behind_stays_as_it_is(before: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(before)
    with pytest.raises(UsageError) as told:
        waiver_files.append(str(file), ENTRY)

    assert str(told.value) == (
        f"{file}: the entry cannot be put at its end, since it is not a list of lines that begin with a dash; "
        "leave out --write and put the entry where it belongs"
    )
    assert file.read_text() == before


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("[]\n")
    (tmp_path / "waivers.yaml").symlink_to("real.yaml")
    with pytest.raises(UsageError, match="is reached through a symbolic link"):
        waiver_files.append(str(tmp_path / "waivers.yaml"), ENTRY)

    assert (tmp_path / "real.yaml").read_text() == "[]\n"
