"""A real git repository in a temporary folder, and ``bylaw gate`` in it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.command import run, scrubbed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.command import Ran

DAY = ("--now", "2026-11-21")


@dataclass(frozen=True, slots=True)
class Repository:
    """``main`` is the target branch; a change is made on a branch of its own."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, files: Mapping[str, str]) -> Repository:
        """A repository whose first commit on ``main`` holds these files."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        made.git("init", "-q", "-b", "main")
        made.commit(files, "base")
        return made

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Jane", "-c", "user.email=jane@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, env=scrubbed(), capture_output=True, check=True
        )
        return done.stdout.decode()

    def write(self, files: Mapping[str, str | None]) -> None:
        """Put files there; None takes one away."""
        for path, text in files.items():
            place = self.folder / path
            if text is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)

    def commit(self, files: Mapping[str, str | None], message: str) -> None:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, "--allow-empty")

    def change(self, files: Mapping[str, str | None], branch: str = "change") -> None:
        """A commit on a branch that begins where ``main`` is."""
        self.git("checkout", "-q", "-B", branch, "main")
        self.commit(files, "change")

    def merge(self, branch: str = "change") -> None:
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--ff-only", branch)

    def gate(self, *arguments: str, **more: Any) -> Ran:
        base = () if "--base" in arguments or "--before" in arguments else ("--base", "main")
        return run("gate", *base, *DAY, *arguments, cwd=self.folder, **more)

    def judged(self, *arguments: str, **more: Any) -> Any:
        """The JSON report of the gate."""
        return self.gate("--format", "json", *arguments, **more).report


def told(report: Any, *statuses: str) -> list[tuple[str, str, str]]:
    """(status, rule, entity) of the findings that a gate could deny for, or of those of some statuses."""
    found = [each for each in report["findings"] if each["enforcement"] == "deny" or statuses]
    return [
        (each["status"], each["rule"], each["entity"]) for each in found if not statuses or each["status"] in statuses
    ]
