"""The templates that come with bylaw, in Gatekeeper itself: its own gator runs their suites."""

from __future__ import annotations

import subprocess

import pytest

from tests.real import components
from tests.shared import ROOT

pytestmark = pytest.mark.real

POLICIES = ROOT / "policies" / "kubernetes"


def test_gator_runs_the_suites_of_the_templates_that_come_with_bylaw() -> None:
    gator = components.program("gator")
    ran = subprocess.run([gator, "verify", f"{POLICIES}/..."], capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    suites = sorted(str(each.parent.name) for each in POLICIES.glob("*/suite.yaml"))
    assert sorted(line.split("/")[-2] for line in said.splitlines() if line.startswith("ok")) == suites


def test_what_the_templates_need_is_synced_by_the_sample_of_the_deployment() -> None:
    gator = components.program("gator")
    sync = ROOT / "deploy" / "gatekeeper-provider" / "catalog.yaml"
    templates = [f"--filename={each}" for each in sorted(POLICIES.glob("*/template.yaml"))]
    ask = [gator, "sync", "test", "--force-omit-gvk-manifest", *templates]
    with_it = subprocess.run([*ask, f"--filename={sync}"], capture_output=True, text=True, check=False)
    assert with_it.returncode == 0, with_it.stdout + with_it.stderr
    without = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert without.returncode == 1 and "bylaw.dev/v1:Catalog" in without.stdout + without.stderr
