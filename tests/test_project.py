"""The set-up: its locks agree with each other, name no machine, and its commands do what `make help` says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import bylaw

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
SETUP_FILES = (
    ".ci/run",
    ".dockerignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "Makefile",
    "NOTICE",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements-server.lock",
    "requirements.lock",
    "scripts/node/package-lock.json",
    "scripts/node/package.json",
    "uv.lock",
)
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ]+)[^\n]*((?:\n +--hash=\S+(?: \\)?)+)", re.M)

Pins = dict[tuple[str, str], set[str]]


def pins_of_requirements(name: str) -> Pins:
    """(package, version) -> the hashes that pip accepts for it."""
    text = (ROOT / name).read_text()
    return {(m[1], m[2]): set(re.findall(r"--hash=(\S+)", m[3])) for m in PINNED.finditer(text)}


def pins_of_uv() -> Pins:
    return {(p["name"], p["version"]): {f["hash"] for f in files_of(p)} for p in strangers()}


def strangers() -> list[dict[str, Any]]:
    """The packages of uv.lock that come from an index: all but bylaw itself."""
    return [package for package in LOCK["package"] if "registry" in package["source"]]


def files_of(package: dict[str, Any]) -> list[dict[str, str]]:
    return [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]


def needed_to_run() -> set[str]:
    """The names that bylaw needs, directly or not, without the development group."""
    needs: dict[str, set[str]] = {}
    for package in LOCK["package"]:
        needs.setdefault(package["name"], set()).update(d["name"] for d in package.get("dependencies", []))
    found: set[str] = set()
    left = ["bylaw"]
    while left:
        for name in needs[left.pop()] - found:
            found.add(name)
            left.append(name)
    return found


def make(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """make, as from a new shell: the tests may themselves run under a make whose variables would leak in."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_uv_lock_names_one_index_and_no_mirror() -> None:
    indexes = {package["source"]["registry"] for package in strangers()}
    hosts = {urlsplit(file["url"]).netloc for package in strangers() for file in files_of(package)}
    # The public index keeps its files on a host of their own; a mirror serves both. Cure: take uv.lock back
    # from git, then `make lock`.
    assert (len(indexes), len(hosts)) == (1, 1)
    assert hosts.isdisjoint({urlsplit(index).netloc for index in indexes})
    assert not next(iter(indexes)).endswith("/")


def test_uv_lock_was_made_from_this_pyproject() -> None:
    locked = next(package for package in LOCK["package"] if package["name"] == "bylaw")["metadata"]

    def wanted(requirements: list[str]) -> set[str]:
        return {requirement.partition(";")[0].lower() for requirement in requirements}

    def seen(requirements: list[dict[str, Any]]) -> set[str]:
        return {
            each["name"] + (f"[{','.join(each['extras'])}]" if "extras" in each else "") + each.get("specifier", "")
            for each in requirements
        }

    extras = [each for some in PROJECT["project"]["optional-dependencies"].values() for each in some]
    assert seen(locked["requires-dist"]) == wanted([*PROJECT["project"]["dependencies"], *extras])
    assert seen(locked["requires-dev"]["dev"]) == wanted(PROJECT["dependency-groups"]["dev"])


def test_requirements_dev_lock_pins_what_uv_lock_pins() -> None:
    assert pins_of_requirements("requirements-dev.lock") == pins_of_uv()


def test_requirements_lock_pins_what_bylaw_needs_to_run_and_nothing_else() -> None:
    needed = needed_to_run()
    assert pins_of_requirements("requirements.lock") == {
        pin: hashes for pin, hashes in pins_of_uv().items() if pin[0] in needed
    }


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-server.lock", "requirements-dev.lock"])
def test_a_requirements_lock_names_no_place_to_download_from(name: str) -> None:
    assert re.findall(r"://|^ *-(?!-hash=).*", (ROOT / name).read_text(), re.M) == []


@pytest.mark.parametrize("name", SETUP_FILES)
def test_a_set_up_file_names_no_machine(name: str) -> None:
    assert re.findall(r"/(?:root|home|Users|opt/wheels|work/main)\b.*", (ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", [name for name in SETUP_FILES if name != "uv.lock"])
def test_a_set_up_file_links_to_known_hosts_only(name: str) -> None:
    hosts = set(re.findall(r"\w+://([^/\s\"')]+)", (ROOT / name).read_text()))
    assert hosts <= {"github.com", "keepachangelog.com", "semver.org"}


def test_the_newest_version_in_the_changelog_is_the_version_of_the_package() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == bylaw.__version__


def test_make_alone_lists_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert phony is not None
    listed = re.findall(r"^make ([a-z-]+) +\S", make(cwd=ROOT).stdout, re.M)
    assert listed == phony[1].split()


def test_make_refuses_a_python_that_is_too_old_and_says_what_to_do(tmp_path: Path) -> None:
    copy_of_makefile(tmp_path)
    old = tmp_path / "python3.9"
    pretend = "import sys; sys.version_info = (3, 9, 1); exec(sys.argv[1])"
    old.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{pretend}' \"$2\"\n")
    old.chmod(0o755)
    done = make(f"PYTHON={old}", "setup", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{old} is Python 3.9; bylaw needs 3.11 or newer: make PYTHON=python3.12 setup" in done.stderr


@pytest.mark.parametrize(("exit_code", "expected"), [(0, 2), (1, 0), (2, 2), (3, 2)])
def test_make_demo_succeeds_only_when_the_catalog_is_denied(tmp_path: Path, exit_code: int, expected: int) -> None:
    copy_of_makefile(tmp_path)
    command = tmp_path / ".venv/bin/bylaw"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\necho "asked: $*"\nexit {exit_code}\n')
    command.chmod(0o755)
    (tmp_path / ".venv/.ready-pip-python3").touch()
    done = make("PYTHON=python3", "UV=", "demo", cwd=tmp_path)
    assert "asked: check fixtures/catalogs/acme\n" in done.stdout
    assert done.returncode == expected


def test_make_does_no_set_up_again_until_a_lock_changes(tmp_path: Path) -> None:
    copy_of_makefile(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.ready-pip-python3").touch()
    assert make("PYTHON=python3", "UV=", "-q", "setup", cwd=tmp_path).returncode == 0
    assert make("PYTHON=python3", "UV=", "-q", "setup", "-W", "uv.lock", cwd=tmp_path).returncode == 1


def test_the_image_is_built_from_all_that_the_wheel_is_built_from() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    parts = [*wheel["packages"], *wheel["force-include"], *PROJECT["project"]["license-files"]]
    wanted = {Path(part).parts[0] for part in [*parts, PROJECT["project"]["readme"]]}
    assert kept == wanted | {"pyproject.toml", "requirements-server.lock"}


def copy_of_makefile(folder: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "uv.lock", "requirements-dev.lock"):
        shutil.copyfile(ROOT / name, folder / name)
