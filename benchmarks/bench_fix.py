"""`bylaw fix` of files that each have a fault, and of one that has as many.

    make bench          # or: python benchmarks/bench_fix.py [--files N] [--rounds N]

Before each run the files are written anew. A check of the same files says how much of it is reading and judging, which
a fix does twice.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import catalogs
import measure

BYLAW = str(Path(sys.executable).with_name("bylaw"))
FIRST = (
    "orders",
    "payments",
    "shipping",
    "billing",
    "returns",
    "pricing",
    "catalogue",
    "loyalty",
    "delivery",
    "refunds",
)
SECOND = ("platform", "services", "insights", "frontend", "experience")
TEAMS = [f"{first}-{second}" for first in FIRST for second in SECOND]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=1_000)
    arguments.add_argument("--rounds", type=int, default=5)
    args = arguments.parse_args()
    print(f"{measure.processors()} processors, medians of {args.rounds} rounds in turns, whole processes\n")
    total = args.files
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = {
            f"check, {total:,} files": ("check", ".", folder / "check"),
            f"fix --dry-run, {total:,} files": ("fix", "--dry-run", folder / "dry"),
            f"fix, {total:,} files": ("fix", ".", folder / "many"),
            f"fix --owner, {total:,} files": ("fix", f"--owner={TEAMS[0]}={TEAMS[1]}", folder / "owner"),
            f"fix, 1 file, {total:,} documents": ("fix", ".", folder / "one"),
        }
        runs = measure.interleaved(
            {title: ((BYLAW, command, option), place) for title, (command, option, place) in commands.items()},
            args.rounds,
            lambda place: write(place, total),
        )
        print(measure.table(list(runs.items()), f"check, {total:,} files"), "\n")
        for title, each in runs.items():
            print(f"{title:38} {each.output.decode().strip().splitlines()[-1]}")


def write(folder: Path, total: int) -> None:
    """A company of fifty teams, and ``total`` components of which each misspells its owner."""
    shutil.rmtree(folder, ignore_errors=True)
    jane: dict[str, object] = {"kind": "User", "metadata": {"name": "jane"}, "spec": {"memberOf": TEAMS}}
    groups: list[dict[str, object]] = [
        {"kind": "Group", "metadata": {"name": team}, "spec": {"type": "team", "children": []}} for team in TEAMS
    ]
    put(folder / "org", [as_text(each) for each in (jane, *groups)])
    components = [as_text(component(number, folder.name == "owner")) for number in range(total)]
    if folder.name == "one":
        put(folder / "all", components)
    else:
        for number, text in enumerate(components):
            put(folder / f"{number // 100:03}" / f"{number:05}", [text])


def component(number: int, owned: bool) -> dict[str, object]:
    """A component of a team whose name lacks a letter, or of the first team."""
    team = TEAMS[number % len(TEAMS)]
    owner = TEAMS[0] if owned else team[:3] + team[4:]
    metadata = {
        "name": f"component-{number}",
        "description": f"Component {number} of many that misspell their owner",
        "annotations": {"backstage.io/source-location": f"url:https://git.example.com/c{number}"},
        "tags": ["java", f"tier-{number % 4}"],
    }
    spec = {"type": "service", "lifecycle": "experimental", "owner": owner}
    return {"kind": "Component", "metadata": metadata, "spec": spec}


def as_text(entity: dict[str, object]) -> str:
    """An entity in YAML as people write it, with a comment."""
    return f"# an entity\n{catalogs.as_yaml({'apiVersion': 'backstage.io/v1alpha1', **entity})}"


def put(folder: Path, texts: list[str]) -> None:
    """One catalog file."""
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text("---\n".join(texts))


if __name__ == "__main__":
    main()
