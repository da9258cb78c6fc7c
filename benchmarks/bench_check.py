"""`bylaw check` beside conftest with the same rules, data and files; and by itself at 100,000 entities.

    make bench          # or: python benchmarks/bench_check.py [--small] [--rounds N]

conftest is taken from PATH or .cache/bin; without it its rows are left out, and that is said.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

import bylaw
import catalogs
import measure
from bylaw.config import Settings
from bylaw.engine import data
from bylaw.rules import bundled_policies, load

RULES = (
    "ownership/owner-missing",
    "ownership/owner-unknown",
    "catalog/reference-dangling",
    "lifecycle/depends-on-deprecated",
    "docs/techdocs-missing",
)
BYLAW = (str(Path(sys.executable).with_name("bylaw")),)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--small", action="store_true", help="without the 100,000 entities")
    arguments.add_argument("--rounds", type=int, default=5)
    args = arguments.parse_args()
    print(f"{measure.processors()} processors, medians of {args.rounds} rounds in turns, whole processes\n")
    with tempfile.TemporaryDirectory() as folder:
        start(Path(folder), args.rounds)
        against_conftest(Path(folder), args.rounds)
        growth(Path(folder), (1_000, 10_000) if args.small else (1_000, 10_000, 100_000))


def start(folder: Path, rounds: int) -> None:
    """What asking for the version costs."""
    runs = measure.interleaved(
        {
            "python -c pass": ((sys.executable, "-c", "pass"), folder),
            "bylaw --version": ((*BYLAW, "--version"), folder),
            "bylaw --help": ((*BYLAW, "--help"), folder),
        },
        rounds * 3,
    )
    print(measure.table(list(runs.items())), "\n")


def against_conftest(folder: Path, rounds: int) -> None:
    """The same five rules over the same files."""
    conftest = shutil.which("conftest") or shutil.which("conftest", path=str(Path(__file__).parents[1] / ".cache/bin"))
    if conftest is None:
        print("conftest is not here (make test-real installs it): its rows are left out\n")
    for title, total, per_file in (("1,000 files", 1_000, 1), ("1 file, 10,000 documents", 10_000, 10_000)):
        place = folder / title.replace(" ", "-").replace(",", "")
        files = catalogs.write(place, total, per_file)
        only = [part for rule in RULES for part in ("--rule", rule)]
        commands = {
            f"bylaw, all rules, {title}": ((*BYLAW, "check", "."), place),
            f"bylaw, five rules, {title}": ((*BYLAW, "check", *only, "."), place),
        }
        if conftest:
            prepared = prepare_conftest(place)
            names = [str(path.relative_to(place)) for path in files]
            commands[f"conftest, five rules, {title}"] = (
                (conftest, "test", "--no-color", "-p", str(prepared / "policy"), "-d", str(prepared / "data"), *names),
                place,
            )
        runs = measure.interleaved(commands, rounds)
        print(measure.table(list(runs.items()), f"conftest, five rules, {title}" if conftest else None), "\n")


def prepare_conftest(place: Path) -> Path:
    """The five rules behind conftest's `deny`, and the catalog as its data."""
    prepared = place.with_name(f"{place.name}-conftest")
    shutil.copytree(bundled_policies(), prepared / "policy", ignore=shutil.ignore_patterns("*_test.rego"))
    packages = [f"data.bylaw.{rule.replace('/', '.').replace('-', '_')}" for rule in RULES]
    bodies = "".join(f"deny contains finding.message if some finding in {each}.findings\n" for each in packages)
    (prepared / "policy/main.rego").write_text(f"package main\nimport rego.v1\n{bodies}")
    catalog = bylaw.read([place])
    everything = data.whole(catalog, bylaw.graph(catalog), load(Settings()), date(2026, 1, 1))
    (prepared / "data").mkdir()
    (prepared / "data/data.json").write_bytes(everything)
    return prepared


def growth(folder: Path, sizes: tuple[int, ...]) -> None:
    """Cost per entity, all rules."""
    rows = []
    for total in sizes:
        place = folder / f"growth-{total}"
        catalogs.write(place, total, max(1, total // 1_000))
        runs = measure.interleaved({"bylaw": ((*BYLAW, "check", "."), place)}, 3 if total < 100_000 else 2)["bylaw"]
        rows.append((f"bylaw, all rules, {total:,} entities", runs))
    print(measure.table(rows))
    for (name, runs), total in zip(rows, sizes, strict=True):
        print(f"{name:38} {1e6 * runs.median / total:9.1f} µs per entity")


if __name__ == "__main__":
    main()
