"""Trees of files in which much depends on one another: for tests that compare ways of reading them."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.command import scrubbed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

Tree = dict[str, tuple[str, str]]
"""``("file", its text)`` or ``("link", where it leads)`` by path."""

_NAMES = ("catalog-info.yaml", "catalog-info.yaml", "a.yaml", "b c.yaml", "x.txt", "é.txt", "n\nl.json", "mkdocs.yml")
_PAGES = ("README.md", "docs/index.md", "docs/more.md", "pages/index.md")
_FOLDERS = ("", "a/", "a/b/", "c d/", ".hidden/", "node_modules/m/", "catalog-info.yaml/")
_TARGETS = (
    *(
        "./x.txt",
        "x.txt",
        "../x.txt",
        "/a/x.txt",
        "b/../x.txt",
        "../../x.txt",
        "é.txt",
        "n\nl.json",
        "b c.yaml",
        "a.yaml",
    ),
    *("*.yaml", "**/a.yaml", "/a/*/*.yaml", "node_modules/m/*", "nowhere/*", "/**/*.txt", "link", "link/x.txt"),
    *(
        "link/a.yaml",
        "other",
        ".",
        "..",
        "",
        "a",
        "./catalog-info.yaml",
        "a/catalog-info.yaml",
        "https://example.com/x",
    ),
)
_LEADS = (
    "x.txt",
    "a",
    "../a",
    "a/b/../x.txt",
    "link",
    "other",
    "/etc/passwd",
    "../../outside",
    ".",
    "nowhere",
    "a.yaml",
)
_MKDOCS = (
    "site_name: x\n",
    "docs_dir: ../pages\n",
    "nav: [index.md, more.md]\n",
    "nav: [../../pages/index.md]\nplugins: [techdocs-core]\n",
)

_targets = st.sampled_from(_TARGETS)


@st.composite
def _document(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["Component", "API", "Location", "Location"]))
    data: dict[str, object] = {"apiVersion": "backstage.io/v1alpha1", "kind": kind}
    metadata: dict[str, object] = {"name": draw(st.sampled_from("abc"))}
    if draw(st.booleans()):
        metadata["annotations"] = {"backstage.io/techdocs-ref": f"dir:{draw(_targets)}"}
    spec: dict[str, object] = {}
    if kind == "Location":
        spec["targets"] = draw(st.lists(_targets, max_size=3))
        if draw(st.booleans()):
            spec["presence"] = "optional"
    elif draw(st.booleans()):
        spec["definition"] = {draw(st.sampled_from(["$text", "$yaml", "$json"])): draw(_targets)}
    elif draw(st.booleans()):
        data["kind"] = {"$text": draw(_targets)}
    data |= {"metadata": metadata, "spec": spec}
    return draw(st.sampled_from([_block(data), json.dumps(data) + "\n", json.dumps(data, indent=2) + "\n"]))


def _block(data: Mapping[str, object], indent: str = "") -> str:
    """As people write it."""
    lines = ""
    for key, value in data.items():
        if isinstance(value, dict) and value:
            lines += f"{indent}{key}:\n{_block(value, indent + '  ')}"
        else:
            plain = isinstance(value, str) and value.replace(":", "").replace("/", "").replace(".", "").isalnum()
            lines += f"{indent}{key}: {value if plain else json.dumps(value)}\n"
    return lines


_texts = st.one_of(
    st.lists(_document(), min_size=1, max_size=2).map("---\n".join),
    st.sampled_from(["Location", "x", "a: 1\n", "{}", "", "kind: Location\nspec: {target: ./x.txt}\n", "\x01"]),
)
_files = st.one_of(
    st.tuples(st.sampled_from([f + n for f in _FOLDERS for n in _NAMES]), st.tuples(st.just("file"), _texts)),
    st.tuples(
        st.sampled_from([f + n for f in _FOLDERS[:3] for n in (*_PAGES, "mkdocs.yml")]),
        st.tuples(st.just("file"), st.sampled_from(_MKDOCS)),
    ),
    st.tuples(
        st.sampled_from([f + n for f in _FOLDERS[:3] for n in ("link", "other", "catalog-info.yaml", "x.txt")]),
        st.tuples(st.just("link"), st.sampled_from(_LEADS)),
    ),
)


def _possible(files: list[tuple[str, tuple[str, str]]]) -> Tree:
    """Without what would stand below a file."""
    tree: Tree = {}
    for path, content in files:
        above = path.split("/")
        parents = {"/".join(above[:at]) for at in range(1, len(above))}
        if not parents & tree.keys() and not any(each.startswith(f"{path}/") for each in tree):
            tree[path] = content
    return tree


trees = st.lists(_files, max_size=14).map(_possible)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """A tree, and what became of it: some of its files gone or moved, and others added or edited."""
    before = draw(trees)
    paths = sorted(before)
    gone = draw(st.sets(st.sampled_from(paths), max_size=3)) if paths else set()
    kept = [(path, before[path]) for path in paths if path not in gone]
    moved = [(f"moved/{path}", before[path]) for path in gone if draw(st.booleans())]
    return before, _possible([*draw(st.lists(_files, max_size=3)), *kept, *moved])


def put(folder: Path, tree: Tree) -> None:
    """Make a folder hold these files and links, and nothing else but git's own."""
    folder.mkdir(exist_ok=True)
    for each in folder.iterdir():
        if each.name != ".git":
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    for path, (kind, content) in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            place.symlink_to(content)
        else:
            place.write_bytes(content.encode())


def hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's environment is left to git."""
    environment = scrubbed()
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
