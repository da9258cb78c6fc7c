"""The real command, in a world of its own: a scrubbed environment, no home, no network, nothing of this machine.

What it says is compared with files in tests/golden. After a change that is meant:
``BYLAW_UPDATE_GOLDEN=1 python -m pytest tests/golden tests/cli tests/test_readme.py``, then read what ``git diff``
shows.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bylaw
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BYLAW = (sys.executable, "-P", "-m", "bylaw")
GOLDEN = ROOT / "tests" / "golden"
_PR_CAPBSET_DROP = 24  # linux/prctl.h
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2  # linux/capability.h


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the command came to. Folders of this machine are ``<cwd>`` and ``<bylaw>`` in the texts."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        """The JSON report."""
        return json.loads(self.out)

    @property
    def findings(self) -> list[str]:
        """The findings of the JSON report, a line each: ``path:line:column rule message``."""
        return [_line(each) for each in self.report["findings"]]


def run(
    *arguments: str | bytes,
    cwd: Path,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Ran:
    """Run ``bylaw`` with these arguments. Root reads no more than anybody else would."""
    done = subprocess.run(
        [*BYLAW, *arguments],
        cwd=cwd,
        input=stdin,
        env=scrubbed(environment),
        capture_output=True,
        check=False,
        timeout=timeout,
        preexec_fn=without_privileges,
    )
    return Ran(done.returncode, _placed(done.stdout, cwd), _placed(done.stderr, cwd))


def scrubbed(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing in it but the way to programs."""
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {"PATH": os.environ["PATH"], **git, **(more or {})}


def without_privileges() -> None:
    """Take root's right to read everything from a process that is about to start."""
    if sys.platform == "linux" and os.geteuid() == 0:
        library = ctypes.CDLL(None)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def same(name: str, shown: str) -> None:
    """Compare with a golden file, or write it (see above)."""
    file = GOLDEN / name
    if os.environ.get("BYLAW_UPDATE_GOLDEN"):
        file.write_bytes(shown.encode())
    assert shown == file.read_bytes().decode()


def stable(shown: str) -> str:
    """A report without what changes with every release and every word of a rule."""
    shown = shown.replace(f'"version": "{bylaw.__version__}"', '"version": "<version>"')
    shown = re.sub(r'"engine": "regorus [\d.]+"', '"engine": "<engine>"', shown)
    return re.sub(r'("policies": \{\s*"digest": )"sha256:[0-9a-f]{64}"', r'\1"<digest>"', shown)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and give the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def entity(name: str, kind: str = "Component", **spec: Any) -> str:
    """A descriptor that is right: by default of a component of ``team-a``."""
    spec = spec or {"type": "service", "lifecycle": "experimental", "owner": "team-a"}
    said = {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    described = ', "description": "Something that tests are about"\n  },\n  "spec"'  # on the line of its name
    return json.dumps(said, indent=2).replace('\n  },\n  "spec"', described, 1) + "\n"


TEAM_A = entity("team-a", "Group", type="team", children=[])


def git(folder: Path, *arguments: str) -> None:
    """Run git there, as somebody."""
    who = {f"GIT_{role}_{what}": "x@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, env=scrubbed(who), check=True, capture_output=True)


def _line(finding: Mapping[str, Any]) -> str:
    place = finding["location"]
    return f"{place['path']}:{place['line']}:{place['column']} {finding['rule']} {finding['message']}"


def _placed(said: bytes, cwd: Path) -> str:
    text = said.decode("utf-8", "surrogateescape")
    for folder, name in ((str(cwd.resolve()), "<cwd>"), (str(cwd), "<cwd>"), (str(ROOT), "<bylaw>")):
        text = text.replace(folder, name)
    return text
