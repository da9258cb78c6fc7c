"""``bylaw fix``, the real command."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.command import run, scrubbed, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Ran

NAME = "catalog-info.yaml"
SETTINGS = """\
enforcement:
  default: "off"   # whatever rules there may be one day
  rules:
    catalog/annotation-deprecated: observe
    catalog/entity-duplicate: deny
    catalog/entity-invalid: deny
    catalog/kind-unknown: deny
    catalog/reference-dangling: deny
    catalog/yaml-invalid: deny
    docs/techdocs-missing: warn
    lifecycle/lifecycle-unknown: deny
    ownership/owner-missing: deny
    ownership/owner-not-a-team: warn
    ownership/owner-unknown: deny
"""
COMPONENT = """\
# {name}, as its team wrote it
apiVersion: backstage.io/v1alpha1
kind: Component   # one of many
metadata:
    name: {name}
    description: What this is for, in a few words
    annotations:
        backstage.io/techdocs-ref: "dir:."
        backstage.io/source-location: url:https://git.example.com/{name}
spec:
    type: service
    lifecycle: experimental
    owner: {owner}   # whom to call
"""


def component(name: str, owner: str = "team-orders", **replaced: str) -> str:
    text = COMPONENT.format(name=name, owner=owner)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def group(name: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\n"
        "spec:\n  type: team\n  children: []\n  members: [jane]\n"
    )


JANE = (
    "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: jane\n"
    "spec:\n  memberOf: [team-orders, team-payments]\n"
)
ORG = "---\n".join([group("team-orders"), group("team-payments"), JANE])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A checkout of a small company, in which nothing is wrong."""
    files = {"bylaw.yaml": SETTINGS, f"org/{NAME}": ORG, f"orders/{NAME}": component("orders")}
    return write(tmp_path / "here", files)


def state(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, and what it holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def fix(folder: Path, *arguments: str) -> Ran:
    return run("fix", *arguments, cwd=folder)


# -- what is fixed


def test_where_nothing_is_wrong_nothing_is_done(here: Path) -> None:
    before = state(here)
    assert fix(here) == run("fix", ".", cwd=here)
    done = fix(here)
    assert (done.code, done.out, done.err) == (0, "nothing to fix\n", "")
    assert state(here) == before


def test_a_misspelt_owner_is_put_right_and_nothing_else_is_touched(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "'team-ordres'")})
    before = state(here)
    done = fix(here)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"cart/{NAME}\n"
        "  ownership/owner-unknown component:default/cart: /spec/owner team-ordres -> team-orders\n"
        "\n"
        "made 1 fix in 1 file\n"
    )
    assert state(here) == {**before, f"cart/{NAME}": before[f"cart/{NAME}"].replace(b"ordres", b"orders")}
    assert fix(here).out == "nothing to fix\n"


def test_every_kind_of_fix_is_made_in_one_go(here: Path) -> None:
    system = (
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: shopping\nspec:\n  owner: team-orders\n"
    )
    cart = component("cart", "team-orders\n    system: shoping\n    dependsOn:\n    - component:odrers")
    old = component(
        "old", **{"backstage.io/techdocs-ref": "backstage.io/github-actions-id: x/y\n        backstage.io/techdocs-ref"}
    )
    api = component(
        "lists",
        "team-orders\n    definition: openapi",
        **{"kind: Component": "kind: Api", "type: service": "type: other"},
    )
    write(
        here,
        {
            f"shop/{NAME}": f"{system}---\n{cart}",
            f"old/{NAME}": old,
            f"lists/{NAME}": api,
            f"stale/{NAME}": component("stale", experimental="Experimental"),
            f"none/{NAME}": component("none").replace(
                "    owner: team-orders   # whom to call\n", "    system: shopping\n"
            ),
        },
    )
    before = state(here)
    done = fix(here)
    assert done.code == 0
    after = {
        f"shop/{NAME}": before[f"shop/{NAME}"].replace(b"shoping", b"shopping").replace(b"odrers", b"orders"),
        f"old/{NAME}": before[f"old/{NAME}"].replace(b"backstage.io/github-actions-id", b"github.com/project-slug"),
        f"lists/{NAME}": before[f"lists/{NAME}"].replace(b"kind: Api", b"kind: API"),
        f"stale/{NAME}": before[f"stale/{NAME}"].replace(b"Experimental", b"experimental"),
        f"none/{NAME}": before[f"none/{NAME}"] + b"    owner: team-orders\n",
    }
    assert state(here) == {**before, **after}
    assert [line for line in done.out.splitlines() if line.startswith("  ")] == [
        "  catalog/kind-unknown api:default/lists: /kind Api -> API",
        "  ownership/owner-missing component:default/none: /spec/owner added: team-orders",
        "  catalog/annotation-deprecated component:default/old: "
        "/metadata/annotations/backstage.io~1github-actions-id -> /metadata/annotations/github.com~1project-slug",
        "  catalog/reference-dangling component:default/cart: /spec/dependsOn/0 component:odrers -> component:orders",
        "  catalog/reference-dangling component:default/cart: /spec/system shoping -> shopping",
        "  lifecycle/lifecycle-unknown component:default/stale: /spec/lifecycle Experimental -> experimental",
    ]


def test_only_the_rules_named_are_fixed_and_all_are_judged(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "team-ordres", experimental="Experimental")})
    done = fix(here, "--rule", "lifecycle-unknown", "--rule", "catalog/kind-unknown")
    assert done.code == 0
    text = (here / f"cart/{NAME}").read_text()
    assert "lifecycle: experimental" in text
    assert "team-ordres" in text


def test_mode_and_line_ends_stay(here: Path) -> None:
    text = "\ufeff" + component("cart", "team-ordres").replace("\n", "\r\n").removesuffix("\r\n")
    path = here / "cart" / NAME
    path.parent.mkdir()
    path.write_bytes(text.encode())
    path.chmod(0o640)
    assert fix(here).code == 0
    assert path.read_bytes() == text.replace("ordres", "orders").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in path.parent.iterdir()] == [NAME]


def test_a_lesser_finding_that_was_hidden_behind_the_fault_does_not_stop_its_fix(here: Path) -> None:
    text = component("cart", experimental="Production").replace('        backstage.io/techdocs-ref: "dir:."\n', "")
    write(here, {f"cart/{NAME}": text})
    done = fix(here)
    assert done.code == 0
    assert "lifecycle: production" in (here / f"cart/{NAME}").read_text()
    assert done.out.endswith("made 1 fix in 1 file; 1 lesser finding comes to light\n")


# -- what is not fixed


def test_a_value_behind_an_alias_is_told_and_its_file_left_as_it_is(here: Path) -> None:
    text = component(
        "cart", "*team", **{"experimental": "Experimental", "name: cart": "name: cart\n    title: &team team-ordres"}
    )
    write(here, {f"cart/{NAME}": text, f"b/{NAME}": component("b", "team-ordres")})
    before = state(here)
    done = fix(here)
    assert done.code == 1
    assert done.out == (
        f"b/{NAME}\n"
        "  ownership/owner-unknown component:default/b: /spec/owner team-ordres -> team-orders\n"
        "\n"
        f"not fixed: cart/{NAME}\n"
        "  lifecycle/lifecycle-unknown component:default/cart: /spec/lifecycle is in a file of which another fix "
        "cannot be made exactly\n"
        "  ownership/owner-unknown component:default/cart: /spec/owner is the alias *team: "
        "change it where its anchor is\n"
        "\n"
        "made 1 fix in 1 file; 2 fixes not made\n"
    )
    assert state(here) == {**before, f"b/{NAME}": before[f"b/{NAME}"].replace(b"ordres", b"orders")}


def test_a_fix_that_brings_about_something_as_bad_is_not_written(here: Path) -> None:
    write(
        here, {f"cart/{NAME}": component("cart", **{"kind: Component": "kind: Componnet", "    type: service\n": ""})}
    )
    before = state(here)
    done = fix(here)
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        f"not fixed: cart/{NAME}",
        "  catalog/kind-unknown componnet:default/cart: /kind is in a file whose fixes would bring about "
        "catalog/entity-invalid: /spec/type of component:default/cart is required",
    ]
    assert state(here) == before


def test_what_a_fix_does_to_another_entity_counts(here: Path) -> None:
    # As soon as the kind is right there are two of one name: the other one would be dead.
    write(
        here, {f"a/{NAME}": component("cart", **{"kind: Component": "kind: Componnet"}), f"b/{NAME}": component("cart")}
    )
    before = state(here)
    done = fix(here)
    assert (done.code, state(here)) == (1, before)
    assert "catalog/entity-duplicate: component:default/cart is already defined in a/catalog-info.yaml" in done.out


def test_what_comes_from_another_file_is_not_fixed(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "{$text: ./owner}"), "cart/owner": "team-ordres"})
    before = state(here)
    done = fix(here)
    assert (done.code, state(here)) == (1, before)
    assert "/spec/owner comes from another file, by a placeholder\n" in done.out


def test_standard_input_is_not_fixed(here: Path) -> None:
    done = run("fix", "org", "-", cwd=here, stdin=component("cart", "team-ordres").encode())
    assert done.code == 1
    assert "not fixed: -\n" in done.out
    assert "/spec/owner comes from standard input\n" in done.out


def test_nothing_is_written_through_links(here: Path) -> None:
    write(here.parent, {f"outside/{NAME}": component("cart", "team-ordres"), "secret": component("x", "team-ordres")})
    write(here, {"real/entity.yaml": component("cart", "team-ordres")})
    (here / "link").mkdir()
    (here / "link" / NAME).symlink_to("../real/entity.yaml")
    (here / "out").mkdir()
    (here / "out" / NAME).symlink_to(f"../../outside/{NAME}")
    before = state(here.parent)
    done = fix(here)
    assert (done.code, state(here.parent)) == (1, before)
    assert "/spec/owner is in a file that is reached through a symbolic link\n" in done.out
    location = (
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets: ['../../secret']\n"
    )
    write(here, {f"all/{NAME}": location})
    before = state(here.parent)
    assert fix(here).code == 1
    assert state(here.parent) == before


def test_a_file_that_may_not_be_written_is_told(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "team-ordres")})
    (here / "cart" / NAME).chmod(0o444)
    before = state(here)
    done = fix(here)
    assert (done.code, state(here)) == (1, before)
    assert "/spec/owner is in a file that cannot be written (permission denied)\n" in done.out
    (here / "cart" / NAME).chmod(0o644)
    (here / "cart").chmod(0o555)
    try:
        done = fix(here)
    finally:
        (here / "cart").chmod(0o755)
    assert (done.code, state(here)) == (1, before)


def test_a_rule_without_an_answer_leaves_everything_undecided(here: Path) -> None:
    rule = (
        "# METADATA\n# title: T\n# description: D\n# custom: {severity: info, remediation: R, reads: entity}\n"
        "package bylaw.a.b\nimport rego.v1\nimport future.keywords.not\n"
        'findings contains {"pointer": "/kind", "message": upper(input.metadata)}\n'
    )
    write(
        here,
        {
            f"cart/{NAME}": component("cart", "team-ordres"),
            "bylaw.yaml": f"policies: {{paths: [r]}}\n{SETTINGS}    a/b: observe\n",
            "r/b.rego": rule,
        },
    )
    before = state(here)
    done = fix(here)
    assert (done.code, done.out, state(here)) == (3, "", before)
    assert done.err.startswith(
        "bylaw: nothing was changed, since not all could be judged: rule a/b came to no answer: "
    )


# -- hostile


def test_the_name_of_a_file_does_nothing_to_the_terminal(here: Path) -> None:
    name = "evil\x1b[2J\n--- a b"
    write(here, {f"{name}/{NAME}": component("cart", "team-ordres")})
    before = state(here)
    done = fix(here, "--dry-run")
    assert done.code == 1
    assert done.out.splitlines()[0] == f'--- "a/evil\\033[2J\\n--- a b/{NAME}"'
    subprocess.run(["git", "apply"], cwd=here, input=done.out.encode(), env=scrubbed(), check=True, capture_output=True)
    assert state(here)[f"{name}/{NAME}"] == component("cart").encode()
    write(here, {f"{name}/{NAME}": component("cart", "team-ordres")})
    done = fix(here)
    assert done.out.splitlines()[0] == f"evil\\x1b[2J\\n--- a b/{NAME}"
    assert state(here) == {**before, f"{name}/{NAME}": component("cart").encode()}


def test_many_fixes_in_one_file_take_one_reading(here: Path) -> None:
    many = "---\n".join(component(f"cart-{number}", "team-ordres") for number in range(500))
    write(here, {f"cart/{NAME}": many})
    done = run("fix", cwd=here, timeout=60)
    assert done.code == 0
    assert (here / f"cart/{NAME}").read_text() == many.replace("ordres", "orders")


def test_a_text_that_multiplies_is_left_alone(here: Path) -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    write(here, {f"cart/{NAME}": f"{component('cart', 'team-ordres')}{bomb}"})
    before = state(here)
    assert fix(here).out == "nothing to fix; 1 finding has no safe fix\n"
    assert state(here) == before


# -- dry run


def test_a_dry_run_prints_a_diff_that_git_and_patch_take_and_writes_nothing(here: Path) -> None:
    write(
        here, {f"cart/{NAME}": component("cart", "team-ordres"), f"lists/{NAME}": component("lists", "&x team-ordres")}
    )
    before = state(here)
    done = fix(here, "--dry-run")
    assert done.code == 1
    assert done.out == (
        f"--- a/cart/{NAME}\n+++ b/cart/{NAME}\n@@ -10,4 +10,4 @@\n"
        " spec:\n     type: service\n     lifecycle: experimental\n"
        "-    owner: team-ordres   # whom to call\n+    owner: team-orders   # whom to call\n"
    )
    assert done.err == (
        f"not fixed: lists/{NAME}\n"
        "  ownership/owner-unknown component:default/lists: /spec/owner has an anchor or a tag\n"
        "would make 1 fix in 1 file; 1 fix not made\n"
    )
    assert state(here) == before
    for tool in (["git", "apply"], ["git", "apply", "-R"], ["patch", "-p1", "-s"]):
        subprocess.run(tool, cwd=here, input=done.out.encode(), env=scrubbed(), check=True, capture_output=True)
    assert state(here) == {**before, f"cart/{NAME}": component("cart").encode()}


def test_a_dry_run_of_nothing_is_well(here: Path) -> None:
    done = fix(here, "--dry-run")
    assert (done.code, done.out, done.err) == (0, "", "nothing to fix\n")


def test_a_dry_run_shows_what_a_run_does(here: Path) -> None:
    write(here, {f"{number}/{NAME}": component(f"c{number}", "team-ordres") for number in range(5)})
    said = fix(here, "--dry-run").out
    before = state(here)
    assert fix(here).code == 0
    after = state(here)
    write(here, {name: text.decode() for name, text in before.items()})
    subprocess.run(["git", "apply"], cwd=here, input=said.encode(), env=scrubbed(), check=True, capture_output=True)
    assert state(here) == after


def test_colours_only_if_asked_for(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "team-ordres")})
    assert "\x1b[1;31m-    owner" in fix(here, "--dry-run", "--color", "always").out
    assert "\x1b" not in fix(here, "--dry-run").out
    assert "\x1b[1m" in fix(here, "--color", "always").out


# -- ownership


def test_ownership_moves_across_the_catalog_each_in_its_own_style(here: Path) -> None:
    moved = {
        f"a/{NAME}": component("a", "team-orders"),
        f"b/{NAME}": component("b", "'group:default/team-orders'"),
        f"c/{NAME}": component("c", "default/team-orders", **{"name: c\n": "name: c\n    namespace: shop\n"}),
        f"d/{NAME}": component("d", "Group:Team-Orders") + "---\n" + component("e", "team-payments"),
    }
    write(here, moved)
    before = state(here)
    done = fix(here, "--owner", "group:default/team-orders=group:default/team-payments")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("made 5 fixes in 5 files\n")
    assert "  --owner component:shop/c: /spec/owner default/team-orders -> default/team-payments\n" in done.out
    after = {
        name: text.replace("team-orders", "team-payments").replace("Group:Team-Orders", "group:team-payments").encode()
        for name, text in {**moved, f"orders/{NAME}": component("orders")}.items()
    }
    assert state(here) == {**before, **after}


def test_the_old_owner_may_be_gone(here: Path) -> None:
    write(here, {f"cart/{NAME}": component("cart", "team-gone")})
    assert fix(here, "--owner", "team-gone=team-orders").code == 0
    assert (here / f"cart/{NAME}").read_text() == component("cart")


def test_a_move_that_makes_something_worse_is_not_made(here: Path) -> None:
    write(
        here, {f"guild/{NAME}": group("guild").replace("type: team", "type: guild").replace("  members: [jane]\n", "")}
    )
    before = state(here)
    done = fix(here, "--owner", "team-orders=guild")
    assert (done.code, state(here)) == (1, before)
    assert f"not fixed: orders/{NAME}\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["--owner", "team-orders=team-paymnts"],
            "--owner team-orders=team-paymnts: group:default/team-paymnts is not in the catalog "
            "(did you mean group:default/team-payments?)",
        ),
        (["--owner", "team-orders=team-orders"], "--owner team-orders=team-orders: both are group:default/team-orders"),
        (
            ["--owner", "a=team-orders", "--rule", "owner-unknown"],
            "--owner moves ownership and --rule fixes findings: run bylaw fix once for each",
        ),
        (["--rule", "owner-unknwn"], "no rule 'owner-unknwn' (did you mean owner-unknown?)"),
        (["nowhere"], "nowhere: no such file or folder"),
    ],
)
def test_wrong_usage_changes_nothing(here: Path, arguments: list[str], reason: str) -> None:
    write(here, {f"cart/{NAME}": component("cart", "team-ordres")})
    before = state(here)
    done = fix(here, *arguments)
    assert (done.code, done.out, state(here)) == (2, "", before)
    assert done.err.startswith(f"bylaw: {reason}")


def test_the_help_says_what_the_exit_codes_mean(here: Path) -> None:
    said = " ".join(fix(here, "--help").out.split())
    assert "With --dry-run, 1 also means that something would change." in said
