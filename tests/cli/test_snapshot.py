"""The real command: a checkout into a snapshot, and what is said of one."""

from __future__ import annotations

import json
import re
import string
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.sources.snapshot import open_snapshot
from tests.command import TEAM_A, entity, git, run, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Ran

NAME = "catalog-info.yaml"
SHOP = "https://gitlab.example.com/shop/orders"
NOBODY = (
    "bylaw: nobody says which repository this is, so that a gate cannot tell which entities are its own: "
    "name it with --repository\n"
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A repository of a team and two components."""
    folder = write(tmp_path / "here", {f"org/{NAME}": TEAM_A, f"a/{NAME}": entity("a"), f"b/{NAME}": entity("b")})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://gitlab-ci-token:s3cr3t@gitlab.example.com/shop/orders.git")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "as it is")
    return folder


def taken(*arguments: str | bytes, cwd: Path, **more: Any) -> Ran:
    return run("snapshot", *arguments, "--output", "base.db", cwd=cwd, **more)


def shown(cwd: Path) -> Any:
    ran = run("snapshot", "--show", "base.db", "--format", "json", cwd=cwd)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def commit(folder: Path) -> str:
    return (folder / ".git/refs/heads/main").read_text().strip()


# -- writing


def test_one_line_says_what_was_written(here: Path) -> None:
    ran = taken(cwd=here)
    file = here / "base.db"
    with open_snapshot(file) as found:
        size = file.stat().st_size
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"wrote 3 entities to base.db: {size:,} bytes, {found.digest}\n"
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", found.digest)
        assert sorted(map(str, found.refs())) == ["component:default/a", "component:default/b", "group:default/team-a"]
        assert found.files(SHOP) == [f"a/{NAME}", f"b/{NAME}", f"org/{NAME}"]


def test_the_repository_and_commit_are_what_git_says_and_no_password_is_kept(here: Path) -> None:
    taken(cwd=here)
    assert (shown(here)["repository"], shown(here)["commit"]) == (SHOP, commit(here))
    assert b"s3cr3t" not in (here / "base.db").read_bytes()


def test_what_is_said_counts_more_than_what_ci_says_and_that_more_than_the_remote(here: Path) -> None:
    ci = {"CI_PROJECT_DIR": str(here.resolve()), "CI_PROJECT_URL": "https://gitlab.example.com/ci/orders"}
    taken(cwd=here, environment=ci)
    assert shown(here)["repository"] == "https://gitlab.example.com/ci/orders"
    write(here, {"bylaw.yaml": "catalog: {repository: https://gitlab.example.com/law/orders}\n"})
    taken(cwd=here, environment=ci)
    assert shown(here)["repository"] == "https://gitlab.example.com/law/orders"
    taken("--repository", "git@gitlab.example.com:said/orders.git", "--commit", "1a2b", cwd=here, environment=ci)
    assert (shown(here)["repository"], shown(here)["commit"]) == ("https://gitlab.example.com/said/orders", "1a2b")


def test_a_folder_that_nobody_knows_the_repository_of_is_written_with_a_warning(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain", {f"org/{NAME}": TEAM_A})
    ran = taken(cwd=folder)
    assert (ran.code, ran.err) == (0, NOBODY)
    assert (shown(folder)["repository"], shown(folder)["commit"]) == (None, None)


def test_the_day_can_be_said_and_the_digest_does_not_depend_on_it(here: Path) -> None:
    taken("--now", "2026-12-01", cwd=here)
    first = shown(here)
    taken("--now", "2026-12-02", "--commit", "other", cwd=here)
    second = shown(here)
    assert (first["made"], second["made"]) == ("2026-12-01T00:00:00+00:00", "2026-12-02T00:00:00+00:00")
    assert first["digest"] == second["digest"]
    write(here, {f"b/{NAME}": entity("c")})
    taken(cwd=here)
    assert shown(here)["digest"] != first["digest"]


def test_what_was_written_can_be_had_as_json(here: Path) -> None:
    ran = taken("--format", "json", cwd=here)
    assert json.loads(ran.out) == shown(here)


def test_only_what_is_named_is_read(here: Path) -> None:
    taken("a", "org", cwd=here)
    assert shown(here)["kinds"] == {"Component": 1, "Group": 1}


def test_files_that_cannot_be_read_are_told_and_the_rest_is_written(here: Path) -> None:
    write(here, {f"{name}/{NAME}": "a: [\n" for name in ("v", "w", "x\x1b[31m", "y")})
    ran = taken(cwd=here)
    assert (ran.code, ran.out.startswith("wrote 3 entities to base.db: ")) == (0, True)
    assert ran.err == (
        "bylaw: 4 files hold what cannot be read, and the entities that it may describe are missing: "
        f"v/{NAME}, w/{NAME}, x\\x1b[31m/{NAME} and 1 more; bylaw check says why\n"
    )


def test_secrets_are_left_out_and_counted(here: Path) -> None:
    token = "glpat-" + "".join(Random(7).choices(string.ascii_letters + string.digits, k=20))
    write(here, {f"b/{NAME}": entity("b", owner="team-a", type=token, lifecycle=f"x {token}")})
    ran = taken(cwd=here)
    assert ran.err == "bylaw: 2 secrets were left out: bylaw check . --rule secret-in-descriptor says where\n"
    assert token.encode() not in (here / "base.db").read_bytes()
    assert (ran.code, shown(here)["redacted"]) == (0, 2)
    with open_snapshot(here / "base.db") as found:
        spec = found.entities(["component:default/b"])["component:default/b"].spec
    assert spec == {"owner": "team-a", "type": "[secret]", "lifecycle": "x [secret]"}


def test_a_snapshot_of_nothing_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, {"catalog-info.yaml": "kind: Component\n"})
    ran = taken(cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "bylaw: there is nothing to write: no entity was read; say where the catalog files are\n"
    assert not (tmp_path / "base.db").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--output", "nowhere/base.db"], "nowhere/base.db: cannot be written (no such file or directory)"),
        (["--output", "a"], "a: is no file, and a snapshot is written to one"),
        (
            ["--output", "x.db", "--repository", "../orders"],
            "--repository ../orders: names no repository; expected an address such as "
            "https://gitlab.example.com/shop/orders",
        ),
        (["--show", "base.db"], "--show base.db: no such file"),
        (["a", "--show", "base.db"], "--show says what is in a file, and nothing is read: leave out a"),
    ],
)
def test_what_does_not_fit_is_told(arguments: list[str], reason: str, here: Path) -> None:
    ran = run("snapshot", *arguments, cwd=here)
    assert (ran.code, ran.out, ran.err) == (2, "", f"bylaw: {reason}\n")


def test_a_setting_that_names_no_repository_is_told(here: Path) -> None:
    write(here, {"bylaw.yaml": "catalog: {repository: orders}\n"})
    ran = taken(cwd=here)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("bylaw: catalog.repository: orders names no repository; expected an address such as ")


@pytest.mark.parametrize("arguments", [[], ["--output", "a.db", "--show", "b.db"]])
def test_either_a_file_to_write_or_one_to_show_is_wanted(arguments: list[str], here: Path) -> None:
    ran = run("snapshot", *arguments, cwd=here)
    assert (ran.code, ran.out) == (2, "")
    assert "--output" in ran.err.splitlines()[-1]
    assert "--show" in ran.err.splitlines()[-1]


# -- showing


def test_what_is_in_a_snapshot_is_shown(here: Path) -> None:
    taken("--now", "2026-12-01", cwd=here)
    with open_snapshot(here / "base.db") as found:
        digest = found.digest
    ran = run("snapshot", "--show", "base.db", cwd=here)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"file        base.db, {(here / 'base.db').stat().st_size:,} bytes\n"
        "made        2026-12-01 00:00 UTC\n"
        "source      files of a checkout\n"
        f"repository  {SHOP} at {commit(here)}\n"
        "entities    3: 2 Component, 1 Group\n"
        "complete    yes: it holds 1 Group\n"
        f"digest      {digest}\n"
    )


def test_nothing_in_a_snapshot_acts_on_a_terminal(here: Path) -> None:
    write(here, {f"b/{NAME}": entity("b", "K\x1b[31mind")})
    taken("--commit", "\x1b]0;x\x07", cwd=here)
    ran = run("snapshot", "--show", "base.db", cwd=here)
    assert "\x1b" not in ran.out
    assert "1 K\\x1b[31mind" in ran.out


def test_arguments_may_be_any_bytes(here: Path) -> None:
    assert taken("--commit", b"a\xff", cwd=here).code == 0
    assert shown(here)["commit"] == "a?"
    ran = taken("--repository", b"https://gitlab.example.com/a/\xff", cwd=here)
    assert (ran.code, ran.err) == (
        2,
        "bylaw: --repository https://gitlab.example.com/a/\\udcff: names no repository; expected an address such as "
        "https://gitlab.example.com/shop/orders\n",
    )


def test_a_damaged_snapshot_is_undecided(here: Path) -> None:
    taken(cwd=here)
    file = here / "base.db"
    file.write_bytes(file.read_bytes()[:-1])
    ran = run("snapshot", "--show", "base.db", cwd=here)
    size = file.stat().st_size
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == (
        f"bylaw: base.db: is damaged: it has {size:,} bytes, expected {size + 1:,}; "
        "fetch it again, or make it anew: bylaw snapshot --output FILE\n"
    )


def test_a_web_page_is_no_snapshot(here: Path) -> None:
    write(here, {"base.db": "<!DOCTYPE html><title>Sign in</title>"})
    ran = run("snapshot", "--show", "base.db", cwd=here)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("bylaw: base.db: is no snapshot but a web page: the server that it came from has ")
