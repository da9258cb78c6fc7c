"""Which catalog files feel a change: never fewer than reading both states would show."""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from bylaw.config import CatalogSettings, LimitSettings
from bylaw.errors import UsageError
from bylaw.sources import files, proposed, reading, touched
from tests.command import entity, git, write
from tests.shared import examples
from tests.sources.trees import Tree, changes, hermetic, put

if TYPE_CHECKING:
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.proposed import Proposed

SETTINGS = CatalogSettings()
NAME = "catalog-info.yaml"


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    hermetic(monkeypatch)


def documents(checkout: Checkout, only: frozenset[str] | None = None) -> dict[str, list[Any]]:
    """The documents by path."""
    found = defaultdict(list)
    read = (
        files.read(["."], SETTINGS, checkout=checkout) if only is None else files.only(only, SETTINGS, checkout)
    ).documents
    for each in sorted(read, key=lambda each: each.order):
        found[each.path or ""].append(each)
    return found


def nothing_is_missed(change: Proposed) -> None:
    before, after = touched.by(change, SETTINGS)
    old, new = documents(change.before), documents(change.after)
    assert before <= old.keys()
    assert after <= new.keys()
    assert before & new.keys() == after & old.keys() == before & after
    differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    assert differing <= before | after
    assert documents(change.before, before) == {path: old[path] for path in before}
    assert documents(change.after, after) == {path: new[path] for path in after}


@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@given(changes())
def test_no_document_differs_but_those_of_touched_files(both: tuple[Tree, Tree]) -> None:
    before, after = both
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder), "checkout")
        put(root, before)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "x")
        put(root, after)
        nothing_is_missed(proposed.from_git("main", root, {}))
        put(root.parent / "before", before)
        put(root.parent / "after", after)
        nothing_is_missed(proposed.from_folders(root.parent / "before", root.parent / "after"))


# -- what is touched


def touch(
    folder: Path, before: dict[str, str], after: dict[str, str | None], settings: CatalogSettings = SETTINGS
) -> tuple[list[str], list[str]]:
    """What a change touches: ``after`` holds the files that differ, None being one that is gone."""
    git(folder, "init", "-q", "-b", "main")
    write(folder, before)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    for path, text in after.items():
        (folder / path).unlink() if text is None else write(folder, {path: text})
    old, new = touched.by(proposed.from_git("main", folder, {}), settings)
    return sorted(old), sorted(new)


def location(*targets: str) -> str:
    return json.dumps({"kind": "Location", "spec": {"targets": targets}})


def documented(target: str) -> str:
    said = f"backstage.io/techdocs-ref: {target}"
    return f"kind: Component\nmetadata:\n  annotations:\n    {said}\n  name: x\nspec: {{}}\n"


def with_text(target: str) -> str:
    return f"kind: API\nmetadata: {{name: x}}\nspec:\n  definition:\n    $text: {target}\n"


def test_a_catalog_file_is_touched_where_it_is_added_edited_deleted_or_moved(tmp_path: Path) -> None:
    before = {f"{name}/{NAME}": entity(name) for name in ("edited", "deleted", "moved", "same")}
    after = {
        f"edited/{NAME}": entity("other"),
        f"deleted/{NAME}": None,
        f"moved/{NAME}": None,
        f"there/{NAME}": entity("moved"),
        f"added/{NAME}": entity("added"),
        "other.yaml": entity("other"),
    }
    assert touch(tmp_path, before, after) == (
        [f"deleted/{NAME}", f"edited/{NAME}", f"moved/{NAME}"],
        [f"added/{NAME}", f"edited/{NAME}", f"there/{NAME}"],
    )


def test_what_is_ignored_or_lies_in_another_folder_is_no_catalog_file(tmp_path: Path) -> None:
    before = {".gitignore": "build/\n", f"a/{NAME}": entity("a")}
    after = {f"build/{NAME}": entity("b"), f"node_modules/{NAME}": entity("c"), f".hidden/{NAME}": entity("d")}
    assert touch(tmp_path, before, {**after}) == ([], [f".hidden/{NAME}"])


def test_a_file_is_touched_by_what_its_placeholders_name(tmp_path: Path) -> None:
    before = {
        f"{name}/{NAME}": with_text(target)
        for name, target in {"a": "./openapi.yaml", "b": "../a/openapi.yaml", "c": "./other.yaml", "d": "gone"}.items()
    }
    before |= {"a/openapi.yaml": "1", "c/other.yaml": "1", "d/gone": "1", f"e/{NAME}": entity("e")}
    after = {"a/openapi.yaml": "2", "d/gone": None, "unrelated": "new"}
    expected = [f"a/{NAME}", f"b/{NAME}", f"d/{NAME}"]
    assert touch(tmp_path, before, {**after}) == (expected, expected)


@pytest.mark.parametrize(
    "name", ["my file (1).txt", "it's.txt", "日本", "日本.txt", "tab\there.txt", "nbsp\xa0x.txt", 'quote".txt', "-"]
)
def test_a_name_of_any_kind_is_recognised_in_a_placeholder(name: str, tmp_path: Path) -> None:
    before = {f"{number}/{NAME}": with_text(said) for number, said in enumerate(spellings(name))}
    expected = sorted(before)
    before |= {f"{number}/{name}": "1" for number in range(len(expected))}
    before[f"x/{NAME}"] = entity("x")
    after = {path: "2" for path in before if not path.endswith(NAME)}
    nothing = touch(tmp_path, before, {**after})
    assert nothing == (expected, expected)


def spellings(name: str) -> list[str]:
    """A name in the styles of YAML."""
    escaped = json.dumps(name)
    coded = "".join(f"\\u{ord(letter):04x}" for letter in name)
    single = "'{}'".format(name.replace("'", "''"))
    folded = '"{}"'.format(json.dumps(name)[1:-1].replace(" ", "\n        "))
    broken = (
        f'"./{json.dumps(name)[1:2]}\\\n      {json.dumps(name)[2:-1]}"'
        if name.isascii() and name[0] != '"'
        else escaped
    )
    return [
        escaped,
        f'"{coded}"',
        json.dumps(name, ensure_ascii=False),
        *([single] if name.isprintable() else []),
        folded,
        broken,
    ]


def test_a_placeholder_that_is_hidden_is_found(tmp_path: Path) -> None:
    hidden = 'kind: API\nmetadata: {name: x}\nspec: {definition: {"\\x24text": "\\u0061.txt"}}\n'
    before = {f"a/{NAME}": hidden, "a/a.txt": "1", f"b/{NAME}": entity("b")}
    assert touch(tmp_path, before, {"a/a.txt": "2"}) == ([f"a/{NAME}"], [f"a/{NAME}"])


def test_a_target_of_a_location_is_a_catalog_file(tmp_path: Path) -> None:
    before = {
        NAME: location("./org/all.yaml"),
        "org/all.yaml": location("./teams/*.yaml"),
        "org/teams/a.yaml": "a: 1\n",
    }
    before |= {"org/other.yaml": "a: 1\n"}
    after = {"org/teams/a.yaml": "a: 2\n", "org/teams/b.yaml": "a: 1\n", "org/other.yaml": "a: 2\n"}
    assert touch(tmp_path, before, {**after}) == (["org/teams/a.yaml"], ["org/teams/a.yaml", "org/teams/b.yaml"])


def test_a_location_is_touched_where_a_target_comes_or_goes_and_not_where_one_is_edited(tmp_path: Path) -> None:
    before = {
        f"{name}/{NAME}": location(target)
        for name, target in {"come": "/new.yaml", "gone": "/old.yaml", "glob": "/?ld.yaml", "edited": "/x.yaml"}.items()
    }
    before |= {"old.yaml": "a: 1\n", "x.yaml": "a: 1\n"}
    old, new = touch(tmp_path, before, {"new.yaml": "a: 1\n", "old.yaml": None, "x.yaml": "a: 2\n"})
    assert old == [f"come/{NAME}", f"glob/{NAME}", f"gone/{NAME}", "old.yaml", "x.yaml"]
    assert new == [f"come/{NAME}", f"glob/{NAME}", f"gone/{NAME}", "new.yaml", "x.yaml"]


def test_a_file_that_a_location_no_longer_names_leaves_unless_another_still_does(tmp_path: Path) -> None:
    before = {f"a/{NAME}": location("/x.yaml", "/y.yaml"), f"b/{NAME}": location("/x.yaml")}
    before |= {"x.yaml": "a: 1\n", "y.yaml": "a: 1\n"}
    after = {f"a/{NAME}": location()}
    assert touch(tmp_path, before, {**after}) == ([f"a/{NAME}", "y.yaml"], [f"a/{NAME}"])


@pytest.mark.parametrize(
    "text",
    [
        "kind: {$text: ./kind.txt}\nspec: {target: ./x.yaml}\n",
        "kind:\n  # definition:\n  $text: ./kind.txt\nspec: {target: ./x.yaml}\n",
        "$yaml: ./location.yaml\n",
        "# definition:\n$yaml: ./location.yaml\n",
        'kind: "Loc\\x61tion"\nspec: {target: ./x.yaml}\n',
        'kind: "Loc\\\n  ation"\nspec: {target: ./x.yaml}\n',
        "a: &k {$text: ./kind.txt}\nkind: *k\nspec: {target: ./x.yaml}\n",
    ],
)
def test_a_location_that_is_hidden_is_followed(text: str, tmp_path: Path) -> None:
    before = {NAME: text, "kind.txt": "Location", "location.yaml": location("./x.yaml"), "x.yaml": "a: 1\n"}
    assert touch(tmp_path, before, {"x.yaml": "a: 2\n"}) == (["x.yaml"], ["x.yaml"])


@pytest.mark.parametrize(
    ("target", "changed", "is_touched"),
    [
        ("dir:.", "a/src/main.py", True),
        ("dir:.", "b/README.md", False),
        ("dir:./docs", "a/docs/x.md", True),
        ("dir:./docs", "a/src/x.md", False),
        ('"dir:../b"', "b/mkdocs.yml", True),
        ("dir:../b # the other", "c/x", True),
        ("url:https://example.com", "a/README.md", False),
        ("{$text: /c/x}", "c/x", True),
        ("{$text: ./ref.txt}", "c/x", False),
        ("dir:./more\n      docs", "c/x", True),
    ],
)
def test_a_file_is_touched_by_the_documentation_beside_it(
    target: str, changed: str, is_touched: bool, tmp_path: Path
) -> None:
    before = {f"a/{NAME}": documented(target), "a/docs/index.md": "", "b/README.md": "", "a/README.md": ""}
    expected = [f"a/{NAME}"] if is_touched else []
    assert touch(tmp_path, before, {changed: "changed"}) == (expected, expected)


@pytest.mark.parametrize(
    "config", ["docs_dir: /pages\n", "nav: [../../pages/x.md]\n", 'nav: ["\\x2e./../pages/x.md"]\n']
)
def test_pages_that_stand_somewhere_else_count_as_well(config: str, tmp_path: Path) -> None:
    before = {f"a/{NAME}": documented("dir:."), "a/mkdocs.yml": config, "a/docs/index.md": "", "pages/x.md": ""}
    assert touch(tmp_path, before, {"pages/x.md": None}) == ([f"a/{NAME}"], [f"a/{NAME}"])


def test_what_stands_behind_a_link_may_have_changed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / NAME).symlink_to("../real.yaml")
    (tmp_path / "text").symlink_to("real.txt")
    before = {"real.yaml": "a: 1\n", "real.txt": "1", f"b/{NAME}": with_text("/text"), f"c/{NAME}": entity("c")}
    expected = [f"a/{NAME}", f"b/{NAME}"]
    assert touch(tmp_path, before, {"real.txt": "2", "real.yaml": "a: 2\n"}) == (expected, expected)


def test_a_target_behind_a_link_is_touched_by_what_the_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    before = {NAME: location("./link/x.yaml"), "real/x.yaml": "a: 1\n", "real/y.yaml": "a: 1\n"}
    assert touch(tmp_path, before, {"real/x.yaml": "a: 2\n"}) == (["link/x.yaml"], ["link/x.yaml"])


def test_documentation_behind_a_link_is_touched_by_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("one")
    before = {f"a/{NAME}": documented("dir:../link/docs"), "one/docs/README.md": "", "two/x": ""}
    assert touch(tmp_path, before, {"link": None}) == ([f"a/{NAME}"], [f"a/{NAME}"])


def test_a_folder_that_comes_or_goes_is_told_from_nothing(tmp_path: Path) -> None:
    before = {f"a/{NAME}": with_text("./new"), f"b/{NAME}": with_text("./old"), f"c/{NAME}": with_text("./other")}
    before |= {"b/old/1.txt": "", "c/other/1.txt": "", "c/other/2.txt": ""}
    old, new = touch(tmp_path, before, {"a/new/1.txt": "", "b/old/1.txt": None, "c/other/2.txt": None})
    assert (old, new) == ([f"a/{NAME}"], [f"a/{NAME}"])
    (tmp_path / "b/old").rmdir()
    assert touched.by(proposed.from_git("main", tmp_path, {}), SETTINGS)[1] == {f"a/{NAME}", f"b/{NAME}"}


def test_a_folder_of_pages_that_goes_is_missed_by_what_names_it(tmp_path: Path) -> None:
    before = {f"a/{NAME}": documented("dir:."), "a/mkdocs.yml": "docs_dir: ../pages\n", "pages/x.txt": ""}
    git(tmp_path, "init", "-q", "-b", "main")
    assert touch(tmp_path, before, {}) == ([], [])
    (tmp_path / "pages/x.txt").unlink()
    (tmp_path / "pages").rmdir()
    assert touched.by(proposed.from_git("main", tmp_path, {}), SETTINGS)[0] == {f"a/{NAME}"}


def test_a_folder_that_stands_where_a_file_is_looked_for_is_told_while_it_does(tmp_path: Path) -> None:
    before = {f"a/{NAME}/x": "", f"b/{NAME}": entity("b")}
    old, new = touch(tmp_path, before, {f"a/{NAME}/x": None, f"c/{NAME}/x": ""})
    assert (old, new) == ([], [f"c/{NAME}"])  # the folder in a is still there, with nothing in it
    (tmp_path / "a" / NAME).rmdir()
    change = proposed.from_git("main", tmp_path, {})
    assert touched.by(change, SETTINGS) == (frozenset({f"a/{NAME}"}), frozenset({f"c/{NAME}"}))


def test_where_the_first_catalog_info_comes_other_files_are_no_longer_read(tmp_path: Path) -> None:
    text = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
    assert touch(tmp_path, {"x.yaml": text}, {NAME: text}) == (["x.yaml"], [NAME])


def test_a_change_that_no_catalog_file_feels_touches_none_and_parses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(paths: list[str], *_: Any, **__: Any) -> list[Any]:
        assert paths == []
        return []

    monkeypatch.setattr(reading, "read", read)
    before = {f"{number}/{NAME}": with_text("./openapi.yaml") for number in range(5)} | {"0/src/main.py": "1"}
    before[f"a/{NAME}"] = documented("dir:.")
    assert touch(tmp_path, before, {"0/src/main.py": "2", "1/src/new.py": "1"}) == ([], [])


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    few = CatalogSettings(limits=LimitSettings(files=1))
    with pytest.raises(UsageError, match=r"2 files to read, the limit is 1 \(catalog\.limits\.files\)"):
        touch(tmp_path, {f"a/{NAME}": entity("a"), f"b/{NAME}": entity("b")}, {"x": ""}, few)


def test_a_file_made_to_take_long_does_not(tmp_path: Path) -> None:
    blank, many = " " * 500_000, "techdocs-ref: url:"
    before = {
        f"a/{NAME}": f"  definition:{blank}x\n" * 3 + "$text",
        f"b/{NAME}": f"{many}{blank}{'x' * 500_000}\n" * 3,
        f"c/{NAME}": "techdocs-ref: dir:" * 50_000,
        f"d/{NAME}": f"\n{blank}definition" * 3 + "\n" * 500_000,
    }
    expected = [f"a/{NAME}", f"b/{NAME}", f"c/{NAME}"]
    old, new = touch(tmp_path, before, {"x": "1"})
    assert set(old) <= set(expected) and old == new
