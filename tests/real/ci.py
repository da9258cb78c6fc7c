"""What the tests of the CI templates share: a project as a runner has it, and the pages to paste from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.command import TEAM_A, entity, git, scrubbed, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = "ci-templates/gitlab/gate.gitlab-ci.yml"
COMPONENT = "templates/gate.yml"
GITHUB = ROOT / "ci-templates" / "github"

RIGHT = entity("orders")
NO_TEAM = entity("cart", type="service", lifecycle="experimental", owner="team-payments")
OTHER_NO_TEAM = entity("invoices", type="service", lifecycle="experimental", owner="team-payments")
FAULT = {"services/cart/catalog-info.yaml": NO_TEAM}

CATALOG = {"teams/catalog-info.yaml": TEAM_A, "catalog-info.yaml": RIGHT}
UNDECIDED = {**CATALOG, "bylaw.yaml": "version: 1\ncatalog: {base: {snapshot: gone.db}}\n"}
CHANGE = {"services/invoices/catalog-info.yaml": entity("invoices")}


def environment(home: Path, **more: str) -> dict[str, str]:
    """The bylaw under test on PATH, before whatever else is there."""
    bin = home / "bin"
    bin.mkdir(exist_ok=True)
    command = bin / "bylaw"
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P -m bylaw \"$@\"\n")
    command.chmod(0o755)
    return scrubbed({"PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(home), "NO_COLOR": "1", **more})


def project(tmp_path: Path, ci: str, *, before: dict[str, str], after: dict[str, str]) -> Path:
    """A clone as a runner has it: `before` is on main, `after` on the branch of the merge request, checked out."""
    folder = tmp_path / "project"
    shipped = {name: (ROOT / name).read_text() for name in (TEMPLATE, COMPONENT)}
    write(folder, {**shipped, ".gitlab-ci.yml": ci, ".gitignore": ".gitlab-ci-local/\n", **before})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "git@gitlab.example.com:shop/orders.git")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "before")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    if after:
        git(folder, "checkout", "-q", "-b", "change")
        write(folder, after)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "after")
    return folder


def blocks(page: str, mark: str) -> list[str]:
    """The YAML of a page that stands under a mark: `<!-- tested -->`, `<!-- tested: settings -->`."""
    found = re.findall(rf"<!-- {re.escape(mark)} -->\n```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)
    assert found
    return list(found)


def conforms(schema: str, *files: Path | str, transform: str | None = None) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(
        [*command, *(["--data-transform", transform] if transform else [])],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
