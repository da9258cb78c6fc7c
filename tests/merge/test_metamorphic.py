"""What means the same is nothing new: the same catalog in other files, with other words around it.

The subject is the demo company, which is full of faults, with some more of those that no entity bears.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bylaw import merge, workers
from bylaw.catalog import address
from bylaw.documents import load
from bylaw.model import Decision, Status
from tests.merge.repository import Repository
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bylaw.model import Report

TODAY = date(2026, 11, 21)
NAME = "catalog-info.yaml"
BOM = "\ufeff"
MORE = {
    "bylaw.yaml": "version: 1\nparameters: {catalog/descriptor-missing: {directories: ['services/*']}}\n",
    "services/undescribed/main.py": "print('Nobody says what this is.')\n",
    "services/broken/catalog-info.yaml": "kind: [Component\n---\nkind: {API\n",
    "services/nameless/catalog-info.yaml": "kind: Component\n---\nkind: Component\nspec: {}\n---\n- a list\n",
    "services/twice/catalog-info.yaml": """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: twice, description: Stands here twice and is wrong both times}
spec: {type: library, lifecycle: prod, owner: nobody}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: twice, description: Stands here twice and is wrong both times}
spec: {type: library, lifecycle: prod, owner: nobody}
""",
    "services/defined/catalog-info.yaml": """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: defined, description: Is defined and not well}
spec:
  type: openapi
  lifecycle: production
  owner: team-payments
  definition: |
    openapi: 3.0.3
    info: {title: Defined, version: 1.0.0}
    paths:
      /carts: {get: {responses: 3}}
""",
}


@dataclass(frozen=True)
class Shop:
    """The demo company in a repository, and what is found in it."""

    repository: Repository
    found: Counter[tuple[str, str | None]] = field(default_factory=Counter, repr=False)

    def files(self) -> list[str]:
        """The catalog files that are found by their name: those that a Location names cannot be moved."""
        below = self.repository.folder
        return sorted(each.relative_to(below).as_posix() for each in below.rglob(NAME) if ".git" not in each.parts)

    def read(self, path: str) -> str:
        return (self.repository.folder / path).read_bytes().decode()

    def write(self, path: str, text: str) -> None:
        place = self.repository.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())

    def remove(self, path: str) -> None:
        (self.repository.folder / path).unlink()

    def again(self) -> None:
        """As it was."""
        self.repository.git("reset", "-q", "--hard", "main")
        self.repository.git("clean", "-qfdx")

    def judged(self, *, everything: bool) -> Report:
        self.repository.git("add", "-A")
        asked = merge.Asked(folder=self.repository.folder, base="main", now=TODAY, everything=everything)
        return merge.gate(asked, environment={})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("metamorphic") / "shop"
    shutil.copytree(ROOT / "fixtures" / "catalogs" / "acme", folder)
    made = Shop(Repository.at(folder, MORE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_may_fork", lambda: True)
        made.found.update((each.rule, each.entity) for each in made.judged(everything=True).findings)
        assert sum(made.found.values()) > 40
        yield made


def assert_nothing_is_new(shop: Shop, *, edited: bool = False) -> None:
    """All faults are the old ones; the entities are as they were, unless they were to be ``edited``."""
    report = shop.judged(everything=True)
    assert [_told(each) for each in report.findings if each.status is not Status.EXISTING] == []
    assert Counter((each.rule, each.entity) for each in report.findings) == shop.found
    assert report.proposal is not None
    assert (report.proposal.added, report.proposal.removed) == ((), ())
    if not edited:
        assert report.proposal.edited == ()


def assert_it_is_allowed(shop: Shop) -> None:
    """The same where only what the change can affect is judged."""
    report = shop.judged(everything=False)
    assert [_told(each) for each in report.findings if each.status is not Status.EXISTING] == []
    assert report.decision is Decision.ALLOWED


def _told(finding: Any) -> tuple[Any, ...]:
    return finding.status, finding.rule, finding.entity, finding.pointer, finding.message


# -- the same documents, written otherwise


def documents(text: str) -> list[Any] | None:
    """What a file says; None where some of it cannot be read."""
    found = load(text.encode())
    return None if any(each.fault for each in found) else [each.value for each in found]


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and not value.keys() >= CLASH:
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(each, chance) for each in value] if isinstance(value, list) else value


CLASH = {"team", "Team"}
"""Keys that differ only in case: which of them is the second is all that catalog/key-case-clash goes by."""


def rewritten(text: str, write: Callable[[Any], str]) -> str:
    read = documents(text)
    return text if read is None else "---\n".join(f"{write(each)}\n" for each in read)


def block(indent: int, **more: Any) -> Callable[[Any], str]:
    return lambda value: yaml.safe_dump(value, indent=indent, sort_keys=False, allow_unicode=True, **more)


MARKS = re.compile("^\ufeff?(---\r?\n)?")


def commented(text: str) -> str:
    between = re.sub(r"^---$", "# Below\n---\n# Above", text, flags=re.MULTILINE)
    return f"# One line\n\n# and another\n{between.removeprefix(BOM)}\n# The end\n"


WRITINGS: dict[str, Callable[[str, random.Random], str]] = {
    "comments": lambda text, _: commented(text),
    "marks": lambda text, _: f"\ufeff---\n{MARKS.sub('', text)}\n---\n",
    "carriage returns": lambda text, _: re.sub("\r?\n", "\r\n", text),
    "one line": lambda text, _: rewritten(text, json.dumps),
    "indented JSON": lambda text, _: rewritten(text, lambda each: json.dumps(each, indent=4)),
    "indented by six": lambda text, _: rewritten(text, block(6)),
    "narrow quotes": lambda text, _: rewritten(text, block(2, default_style='"', width=20)),
    "other order": lambda text, chance: rewritten(text, lambda each: block(2)(shuffled(each, chance))),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_nothing_is_new_in_files_that_are_written_otherwise(shop: Shop, writing: str) -> None:
    shop.again()
    for path in shop.files():
        shop.write(path, WRITINGS[writing](shop.read(path), random.Random(path)))

    assert_nothing_is_new(shop)


# -- the same documents, elsewhere

MOVABLE = re.compile(r"(services|websites|data|libraries|domains)/([^/]+)/")
BESIDE = re.compile(r"\./|dir:|\$(text|json|yaml)")


def move(shop: Shop, path: str, chance: random.Random, *, edit: bool) -> None:
    """Move the folder of a file, with all that stands beside it."""
    found = MOVABLE.match(path)
    if found is None:
        return
    target = shop.repository.folder / found[1] / f"{found[2]}-{chance.choice(['new', 'moved'])}"
    if not target.exists():
        shutil.move(shop.repository.folder / found[0], target)
        moved = (target / path.removeprefix(found[0])).relative_to(shop.repository.folder).as_posix()
        if edit:
            shop.write(moved, f"# It has moved.\n{shop.read(moved).removeprefix(BOM)}")


def parts(shop: Shop, path: str) -> list[str]:
    """The documents of a file that may stand in another one.

    Some name what stands beside them. Some can be addressed by nobody, so that their file is all they are known by.
    """
    text = shop.read(path).removeprefix(BOM)
    read = documents(text)
    if read is None or BESIDE.search(text) or not all(map(address, read)):
        return []
    return [part.lstrip() for part in re.split(r"^---\s", text, flags=re.MULTILINE) if part.strip()]


def split(shop: Shop, path: str, chance: random.Random) -> None:
    """Put the last documents of a file into another one."""
    found = parts(shop, path)
    if len(found) > 1:
        at = chance.randrange(1, len(found))
        shop.write(path, "---\n".join(found[:at]))
        shop.write(path.replace(NAME, f"z/{NAME}"), "---\n".join(found[at:]))


def join(shop: Shop, path: str, chance: random.Random) -> None:
    """Put the documents of a file behind those of another one."""
    others = [each for each in shop.files() if each < path and parts(shop, each)]
    if others and parts(shop, path):
        other = chance.choice(others)
        shop.write(other, "---\n".join([*parts(shop, other), *parts(shop, path)]))
        shop.remove(path)


MOVES: dict[str, Callable[[Shop, str, random.Random], None]] = {
    "moved": lambda shop, path, chance: move(shop, path, chance, edit=False),
    "moved and edited": lambda shop, path, chance: move(shop, path, chance, edit=True),
    "split": split,
    "joined": join,
}


@pytest.mark.parametrize("how", MOVES)
def test_nothing_is_new_in_files_that_are_elsewhere(shop: Shop, how: str) -> None:
    shop.again()
    before = shop.files()
    for path in before:
        MOVES[how](shop, path, random.Random(path))

    assert shop.files() != before
    assert_nothing_is_new(shop)


@settings(max_examples=4, derandomize=True, phases=[Phase.generate])
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from([*WRITINGS, *MOVES]), min_size=2, max_size=4))
def test_nothing_is_new_whatever_is_done_at_once(shop: Shop, chance: random.Random, done: list[str]) -> None:
    shop.again()
    for path in shop.files():
        for each in done:
            if not (shop.repository.folder / path).is_file() or chance.random() < 0.5:
                continue
            if each in MOVES:
                MOVES[each](shop, path, chance)
            else:
                shop.write(path, WRITINGS[each](shop.read(path), chance))

    assert_nothing_is_new(shop)
    assert_it_is_allowed(shop)


# -- the same faults, with something right beside them


FINE = """\
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: LOCATION, description: Points at nothing and is right}
spec: {type: url, targets: []}
---
"""


def test_nothing_is_new_below_documents_that_are(shop: Shop) -> None:
    shop.again()
    added = set()
    for path in shop.files():
        name = "fine-" + re.sub(r"\W+", "-", path.removesuffix(f"/{NAME}"))[:50].strip("-")
        added.add(f"location:default/{name}")
        shop.write(path, FINE.replace("LOCATION", name) + shop.read(path).removeprefix("---\n"))
    report = shop.judged(everything=True)

    assert report.proposal is not None
    assert set(report.proposal.added) == added
    assert [_told(each) for each in report.findings if each.status is not Status.EXISTING] == []


LISTS = {
    "services/search-indexer/catalog-info.yaml": ("tags:", "aaa"),
    "services/returns/catalog-info.yaml": ("consumesApis:", "customer-login-api"),
    "services/notifications/catalog-info.yaml": ("providesApis:", "defined"),
    "services/order-archive/catalog-info.yaml": ("dependsOn:", "resource:customer-accounts-db"),
    "platform/catalog-info.yaml": ("targets:", "./clusters.yaml"),
    "websites/mobile-app/catalog-info.yaml": ("consumesApis:", "defined"),
}


def test_nothing_is_new_below_an_item_that_is(shop: Shop) -> None:
    shop.again()
    for path, (key, item) in LISTS.items():
        text = shop.read(path)
        put = re.sub(rf"^( *){key}\n( *- )", rf"\1{key}\n\g<2>{item}\n\2", text, count=1, flags=re.MULTILINE)
        assert put != text, path
        shop.write(path, put)
    report = shop.judged(everything=True)

    assert [_told(each) for each in report.findings if each.status is Status.NEW] == []


CASES = {
    "services/refunds/catalog-info.yaml": ("team-paymnts", "Team-Paymnts"),
    "services/pricing/catalog-info.yaml": ("product-catalog\n", "Product-Catalog\n"),
    "services/shipping/catalog-info.yaml": ("component:route-planner", "COMPONENT:Route-Planner"),
    "websites/mobile-app/catalog-info.yaml": ("legacy-auth-api", "Legacy-Auth-API"),
    "services/scanner-sync/catalog-info.yaml": (
        "subcomponentOf: warehouse-scanner",
        "subcomponentOf: Warehouse-Scanner",
    ),
    "services/customer-accounts/catalog-info.yaml": (
        "owner: component:customer-accounts",
        "owner: Component:CUSTOMER-accounts",
    ),
}


def test_nothing_is_new_where_a_reference_is_spelt_in_another_case(shop: Shop) -> None:
    shop.again()
    for path, (before, after) in CASES.items():
        assert before in shop.read(path), path
        shop.write(path, shop.read(path).replace(before, after))

    assert_nothing_is_new(shop, edited=True)
    assert_it_is_allowed(shop)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("services/returns/catalog-info.yaml", "- notification-api", "- Notification-API"),
        ("services/notifications/catalog-info.yaml", "component:email-templates", "Component:Email-Templates"),
    ],
)
def test_nothing_is_new_where_a_reference_in_a_list_is_spelt_in_another_case(
    shop: Shop, path: str, before: str, after: str
) -> None:
    shop.again()
    assert before in shop.read(path)
    shop.write(path, shop.read(path).replace(before, after))

    assert_nothing_is_new(shop, edited=True)


def test_nothing_is_new_where_keys_that_clash_are_in_another_order(shop: Shop) -> None:
    shop.again()
    path = "services/stock-alerts/catalog-info.yaml"
    text = shop.read(path)
    lines = re.findall(r"^ +[tT]eam: .*\n", text, re.MULTILINE)
    assert len(lines) == 2
    shop.write(path, text.replace(lines[1], "").replace(lines[0], lines[1] + lines[0]))

    assert_nothing_is_new(shop)


@pytest.mark.xfail(strict=True, reason="a folder that nobody describes is known by its path, which no file of it says")
def test_nothing_is_new_where_a_folder_that_nobody_describes_is_moved(shop: Shop) -> None:
    shop.again()
    shop.repository.git("mv", "services/undescribed", "services/still-undescribed")

    assert_nothing_is_new(shop)


def test_nothing_is_new_where_a_name_is_spelt_in_another_case(shop: Shop) -> None:
    shop.again()
    for path in shop.files():
        shop.write(
            path,
            re.sub(r"^(  name: )([a-z])", lambda found: f"{found[1]}{found[2].upper()}", shop.read(path), flags=re.M),
        )
    report = shop.judged(everything=True)

    assert [_told(each) for each in report.findings if each.status is Status.NEW] == []


def test_what_is_new_is_told_among_all_that_is_not(shop: Shop) -> None:
    shop.again()
    for path in shop.files():
        shop.write(path, WRITINGS["other order"](shop.read(path), random.Random(path)))
    broken = "services/broken/catalog-info.yaml"
    shop.write(broken, f"{shop.read(broken)}---\nkind: [Location\n")
    twice = "services/twice/catalog-info.yaml"
    shop.write(twice, f"{shop.read(twice)}---\n{shop.read(twice)[: shop.read(twice).index('---')]}")
    report = shop.judged(everything=False)

    new = [(each.rule, each.entity) for each in report.findings if each.status is Status.NEW]
    assert ("catalog/entity-duplicate", "component:default/twice") in new
    assert ("catalog/yaml-invalid", None) in new
    assert {rule for rule, _ in new} <= {"catalog/entity-duplicate", "catalog/yaml-invalid"}
    assert report.decision is Decision.DENIED
