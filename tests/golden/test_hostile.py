"""A checkout with everything in it that a stranger may send: each gives one finding, and the rest is judged."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.command import BYLAW, TEAM_A, Ran, entity, run, same, scrubbed, without_privileges, write

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


TEXTS: dict[str, str | bytes] = {
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
    write(place("folder-with-file"), {NAME: entity("in-a-folder", **BAD_OWNER)})
    place("unreadable").write_text(entity("unreadable"))
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
    with contextlib.chdir(place("socket").parent):  # the path of a socket is short
        listening.bind(NAME)
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
    told = [
        {
            "place": [each["location"][key] for key in ("path", "line", "column")],
            "rule": each["rule"],
            "entity": each["entity"],
            "message": each["message"],
        }
        for each in ran.report["findings"]
    ]
    same("hostile.json", json.dumps(told, indent=1, ensure_ascii=True) + "\n")
    assert (ran.code, ran.err) == (1, "")


def test_nothing_of_what_lies_outside_is_read_and_nothing_that_is_said_is_done(ran: Ran, checkout: Path) -> None:
    assert ran.report["catalog"]["entities"] == 12
    assert "root:" not in ran.out
    assert "component:default/outside" not in ran.out
    assert not (checkout / "pwned").exists()


def test_the_order_of_the_paths_the_workers_and_the_hash_seed_change_nothing(ran: Ran, checkout: Path) -> None:
    folders = [each.name for each in os.scandir(checkout) if not each.is_symlink() and "latin" not in each.name]
    latin = os.fsdecode(b"latin-\xe9")
    for jobs, seed in (("1", "1"), ("3", "2")):
        folders.reverse()
        arguments = ["check", "--format", "json", "--jobs", jobs, *folders, latin]
        again = run(*map(os.fsencode, arguments), cwd=checkout, environment={"PYTHONHASHSEED": seed})
        assert again.out == ran.out


def test_memory_and_time_are_bounded(checkout: Path) -> None:
    # Far more than is needed (some 100 MiB), and far less than a file of this checkout could take.
    limit = 512 * MIB

    def bound() -> None:
        without_privileges()
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    done = subprocess.run(
        [*BYLAW, "check", "--jobs", "1"],
        cwd=checkout,
        env=scrubbed(),
        capture_output=True,
        preexec_fn=bound,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_text_report_lets_nothing_act_on_the_terminal(checkout: Path) -> None:
    shown = run("check", cwd=checkout)
    assert shown.code == 1
    assert "new\\nline\\x1b[31m/catalog-info.yaml:10:14" in shown.out
    assert all(character.isprintable() or character == "\n" for character in shown.out)
