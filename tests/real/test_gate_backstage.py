"""The story of the merge gate with a real Backstage as the base: the same findings as over git."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.merge.repository import Repository, told
from tests.merge.test_story import BASE, BOTH_ENDS, FAULTY, RENAMED, WAIVERS
from tests.real.backstage import backstage, modules
from tests.real.test_backstage import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.backstage import Running

pytestmark = pytest.mark.real
FILES = ("orders/catalog-info.yaml", "legacy/catalog-info.yaml", "org/catalog-info.yaml")
BLOB = "shop/catalog/-/blob/main"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.at(tmp_path_factory.mktemp("story") / "shop", BASE)


@dataclass(frozen=True, slots=True)
class Read:
    """A Backstage that has read the files of the repository as they are on main, where a forge would show them."""

    running: Running
    repository: str


@pytest.fixture(scope="module")
def read(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    modules()
    forge = tmp_path_factory.mktemp("forge")
    for path in FILES:
        (forge / BLOB / path).parent.mkdir(parents=True)
        (forge / BLOB / path).write_text(BASE[path])
    with served(forge) as host:
        urls = [f"http://{host}/{BLOB}/{path}" for path in FILES]
        config = {"backend": {"reading": {"allow": [{"host": host}]}}}
        with backstage([], urls=urls, entities=6, config=config) as running:
            yield Read(running, f"http://{host}/shop/catalog")


@pytest.fixture
def over(read: Read, tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, ...], dict[str, str]]:
    """The options that name it and this repository, and the environment with its token."""
    cache = tmp_path_factory.mktemp("cache")
    environment = {"BACKSTAGE_TOKEN": read.running.token, "BYLAW_CACHE": str(cache)}
    options = ("--backstage", read.running.url, "--token-env", "BACKSTAGE_TOKEN", "--repository", read.repository)
    return options, environment


def both(repository: Repository, over: tuple[tuple[str, ...], dict[str, str]], *more: str) -> tuple[Any, Any]:
    """The reports of the same change over git and over Backstage."""
    options, environment = over
    return repository.judged(*more), repository.judged(*options, *more, environment=environment)


def facts(report: Any) -> list[tuple[Any, ...]]:
    """All that a finding says, but where its source was read."""
    names = ("rule", "status", "outcome", "enforcement", "entity", "message", "pointer", "location", "observed")
    return [tuple(str(each[name]) for name in (*names, "suggestion", "fingerprint")) for each in report["findings"]]


@pytest.mark.parametrize(
    "change",
    [
        {"org/catalog-info.yaml": RENAMED},
        {"org/catalog-info.yaml": RENAMED, "waivers.yaml": WAIVERS},
        {"legacy/catalog-info.yaml": FAULTY.replace("{name: legacy}", "{name: legacy, tags: [old]}")},
        {"legacy/catalog-info.yaml": FAULTY.replace("nobody-knows", "payments")},
        {"orders/catalog-info.yaml": None},
    ],
    ids=["renamed", "waiver in the same change", "an old fault", "an old fault is put right", "deleted"],
)
def test_the_same_change_has_the_same_findings(
    repository: Repository, over: tuple[tuple[str, ...], dict[str, str]], change: dict[str, str | None]
) -> None:
    repository.change(change)
    by_git, by_backstage = both(repository, over)

    assert facts(by_backstage) == facts(by_git)
    assert by_backstage["decision"] == by_git["decision"]
    for name in ("added", "edited", "removed", "blast_radius"):
        assert by_backstage["proposal"][name] == by_git["proposal"][name]
    assert by_backstage["proposal"]["surroundings"].startswith("Backstage http://127.0.0.1:")


def test_both_ends_are_named(repository: Repository, over: tuple[tuple[str, ...], dict[str, str]]) -> None:
    repository.change({"org/catalog-info.yaml": RENAMED})
    by_git, by_backstage = both(repository, over)

    assert told(by_backstage) == told(by_git) == BOTH_ENDS


def test_a_waiver_that_was_merged_first_counts(
    repository: Repository, over: tuple[tuple[str, ...], dict[str, str]]
) -> None:
    repository.change({"waivers.yaml": WAIVERS}, "waived")
    repository.git("checkout", "-q", "-B", "change", "waived")
    repository.commit({"org/catalog-info.yaml": RENAMED}, "rename")
    by_git, by_backstage = both(repository, over, "--base", "waived")

    assert by_git["decision"] == by_backstage["decision"] == "allowed"
    assert [each["waiver"] for each in by_backstage["findings"] if each["enforcement"] == "deny"] == ["W-1", "W-2"]


def test_without_its_token_nothing_is_decided(
    repository: Repository, over: tuple[tuple[str, ...], dict[str, str]]
) -> None:
    repository.change({"org/catalog-info.yaml": RENAMED})
    options, environment = over
    ran = repository.gate(*options, environment={**environment, "BACKSTAGE_TOKEN": ""})

    assert ran.code == 3
    assert "BACKSTAGE_TOKEN is not set" in ran.err
