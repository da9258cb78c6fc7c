"""A checkout with everything in it that a stranger may send: each gives one finding, and the rest is judged."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.command import TEAM_A, Ran, entity, run, same, write

if TYPE_CHECKING:
    from pathlib import Path

NAME = "catalog-info.yaml"
MIB = 1024 * 1024
BAD_OWNER = {"type": "service", "lifecycle": "experimental", "owner": "team-b"}


def laughs(levels: int) -> str:
    """The billion laughs: each list holds nine times the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


TEXTS = {
    "alias-bomb": laughs(9),
    "aliases-of-a-text": f"a: &a {'x' * MIB}\nb: [{', '.join(['*a'] * 50)}]\n",
    "bad-owner": entity("bad-owner", **BAD_OWNER),
    "behind-a-bom": b"\xef\xbb\xbf" + entity("behind-a-bom", **BAD_OWNER).encode(),
    "binary": bytes(range(256)) * 64,
    "broken": "kind: [Component\n",
    "broken-then-good": "a: [\n---\n" + entity("after-a-broken-one", **BAD_OWNER),
    "comments-only": "# nothing\n---\n# here\n",
    "deep": "[" * 100_000,
    "deep-blocks": "".join(f"{' ' * n}a:\n" for n in range(2_000)),
    "duplicate-keys": "kind: Component\nkind: API\n",
    "empty": "",
    "good": entity("good"),
    "huge-numbers": entity("huge-numbers").replace('"service"', "9" * 10_000),
    "invalid-utf-8": b"kind: Comp\xffonent\n",
    "large-value": entity("large-value").replace('"service"', f'"{"x" * 8 * MIB}"'),
    "list": "- kind: Component\n",
    "many-documents": "".join(f"--- [{n}\n" for n in range(10_000)),
    "many-keys": "".join(f"k{n}: 0\n" for n in range(1_000_000)),
    "merge-key": entity("merge-key").replace('"metadata": {', '"<<": {"a": 1}, "metadata": {'),
    "nul": b"kind: Comp\0onent\n",
    "org": TEAM_A,
    "python-object": "kind: !!python/object/apply:os.system ['touch pwned']\n",
    "python-object-root": "!!python/object/apply:os.system ['touch pwned']\n",
    "scalar": "9" * 10_000,
    "surrogate": 'kind: "\\ud800"\n',
    "utf-16": entity("utf-16").encode("utf-16"),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(
        tmp_path_factory.mktemp("hostile") / "checkout", {f"{name}/{NAME}": text for name, text in TEXTS.items()}
    )
    outside = write(folder.parent / "outside", {NAME: entity("outside", **BAD_OWNER), f"inner/{NAME}": entity("inner")})

    def place(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name / NAME

    with place("huge-file").open("wb") as file:
        file.truncate(100 * MIB)
    place("folder").mkdir()
    (write(place("folder-with-file"), {NAME: entity("in-a-folder", **BAD_OWNER)}))
    place("unreadable").write_text(entity("unreadable"))
    place("unreadable2")
    (folder / "unreadable" / NAME).chmod(0)
    place("link-loop").symlink_to(NAME)
    place("link-circle").symlink_to("other")
    (folder / "link-circle" / "other").symlink_to(NAME)
    place("link-dangling").symlink_to("nowhere.yaml")
    place("link-to-passwd").symlink_to("/etc/passwd")
    place("link-to-zero").symlink_to("/dev/zero")
    place("link-outside").symlink_to(outside / NAME)
    place("link-inside").symlink_to(f"../bad-owner/{NAME}")
    place("link-to-folder").symlink_to("..")
    (folder / "link-folder-outside").symlink_to(outside)
    os.mkfifo(place("pipe"))
    listening = socket.socket(socket.AF_UNIX)
    here = os.open(place("socket").parent, os.O_RDONLY)
    listening.bind(f"/proc/self/fd/{here}/{NAME}")
    os.close(here)
    listening.close()
    write(folder, {f"new\nline\x1b[31m/{NAME}": entity("new-line", **BAD_OWNER)})
    write(folder, {f"ein Name – 名前/{NAME}": entity("unicode", **BAD_OWNER)})
    os.makedirs(os.fsencode(folder) + b"/latin-\xe9")
    with open(os.fsencode(folder) + b"/latin-\xe9/" + NAME.encode(), "w") as text:
        text.write(entity("latin-1"))
    write(folder, {"/".join(["long" * 50] * 15) + f"/{NAME}": entity("long", **BAD_OWNER)})
    return folder


@pytest.fixture(scope="module")
def ran(checkout: Path) -> Ran:
    return run("check", "--format", "json", cwd=checkout)


def test_each_gives_one_finding_at_its_place_and_the_rest_is_judged(ran: Ran) -> None:
    same("hostile.txt", "".join(f"{line}\n" for line in ran.findings))
    assert (ran.code, ran.err) == (1, "")
