"""`bylaw gate`: a change over a base of 100,000 entities, and the reading of a base from a Backstage.

    python benchmarks/gate.py [--rounds N] [--entities N] [--backstage URL --token-env NAME]

Each repository holds a part of the catalog; the snapshot holds all of it. With ``--backstage`` a running one is read
by bylaw and by curl, page for page, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import catalogs
import measure
from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings, RemoteSetting
from bylaw.model import Document
from bylaw.sources import backstage
from bylaw.sources.snapshot import write

BYLAW = (str(Path(sys.executable).with_name("bylaw")),)
REPOSITORY = "https://git.example.com/shop/catalog"
FILES = 200
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com")
PAGE = 500


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--entities", type=int, default=100_000)
    arguments.add_argument("--backstage", metavar="URL")
    arguments.add_argument("--token-env", metavar="NAME")
    args = arguments.parse_args()
    print(f"{measure.processors()} processors, medians of {args.rounds} rounds in turns, whole processes\n")
    with tempfile.TemporaryDirectory() as folder:
        changes(Path(folder), args.entities, args.rounds)
    if args.backstage:
        reading(args.backstage, args.token_env, args.rounds)


def changes(folder: Path, total: int, rounds: int) -> None:
    """Changes of one file and of many, over a snapshot of everything."""
    snapshot = folder / "base.snapshot"
    numbers = [total // 2 + number for number in range(FILES)]
    repository = prepare(folder / "repository", numbers, total)
    documents = [Document(path(number), 0, catalogs.entity(number, total)) for number in range(total)]
    started = time.perf_counter()
    kinds = Kinds.of(CatalogSettings())
    made = build(documents, kinds, True)
    write(snapshot, made, repository=REPOSITORY, commit=None, made=datetime.now(UTC), source="bench")
    size = snapshot.stat().st_size / 2**20
    print(f"a snapshot of {total:,} entities: {size:.0f} MiB, written in {time.perf_counter() - started:.1f} s\n")
    gate = (*BYLAW, "gate", "--base", "main", "--snapshot", str(snapshot), "--repository", REPOSITORY)
    commands = {
        "python -c pass": ((sys.executable, "-c", "pass"), folder),
        "bylaw --version": ((*BYLAW, "--version"), folder),
        **{
            f"gate, {name}": (gate, change(repository, folder / name.replace(" ", "-"), edits, total))
            for name, edits in {
                "a description": {numbers[2]: "description"},
                "an owner": {numbers[2]: "owner"},
                "a lifecycle": {numbers[2]: "lifecycle"},
                "one dependency more": {numbers[2]: "dependsOn"},
                "one entity more": {total + 1: "new"},
                "200 files": dict.fromkeys(numbers, "description"),
            }.items()
        },
    }
    print(measure.table(list(measure.interleaved(commands, rounds).items())), "\n")


def path(number: int) -> str:
    """Where an entity stands."""
    return f"e{number}/catalog-info.yaml"


def prepare(folder: Path, numbers: list[int], total: int) -> Path:
    """A repository of some entities, a file each."""
    folder.mkdir()
    for number in numbers:
        put(folder, number, catalogs.entity(number, total))
    run(folder, "init", "-q", "-b", "main")
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "base")
    return folder


def change(repository: Path, folder: Path, edits: dict[int, str], total: int) -> Path:
    """A clone in which some entities are changed in one way."""
    subprocess.run([*GIT, "clone", "-q", str(repository), str(folder)], check=True)
    run(folder, "checkout", "-q", "-b", "change")
    for number, what in edits.items():
        made: dict[str, object] = json.loads(json.dumps(catalogs.entity(number, total)))
        spec, metadata = made["spec"], made["metadata"]
        if not isinstance(spec, dict) or not isinstance(metadata, dict):
            raise TypeError("an entity without metadata or spec")
        if what == "description":
            metadata["description"] = "another one"
        elif what == "owner":
            spec["owner"] = "e1"
        elif what == "lifecycle":
            spec["lifecycle"] = "deprecated"
        elif what == "dependsOn":
            spec["dependsOn"] = [*spec.get("dependsOn", []), f"component:e{total // 3 + 1}"]
        put(folder, number, made)
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "change")
    return folder


def put(folder: Path, number: int, entity: object) -> None:
    """Write an entity into its file."""
    place = folder / path(number)
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(entity, indent=1))


def run(folder: Path, *arguments: str) -> None:
    """git, in a folder."""
    subprocess.run([*GIT, *arguments], cwd=folder, check=True)


def reading(url: str, token_env: str | None, rounds: int) -> None:
    """A whole catalog, by bylaw and by curl."""
    token = os.environ[token_env] if token_env else None
    ours, theirs, count = [], [], 0
    for _ in range(rounds + 1):
        started = time.perf_counter()
        found = backstage.read(RemoteSetting(url, token_env), token)
        ours.append(time.perf_counter() - started)
        count = len(found.documents)
        started = time.perf_counter()
        by_curl(url, token)
        theirs.append(time.perf_counter() - started)
    one, other = median(ours[1:]), median(theirs[1:])  # the first round warms up
    print(f"{count:,} entities of {url}: bylaw {one:.3f} s, curl {other:.3f} s, {one / other:.2f}x")


def by_curl(url: str, token: str | None) -> None:
    """The same pages, each fetched by curl, which has to be told where the next one begins."""
    cursor: str | None = ""
    while cursor is not None:
        query = f"cursor={cursor}" if cursor else f"limit={PAGE}&totalItems=exclude"
        address = f"{url.rstrip('/')}/api/catalog/entities/by-query?{query}"
        header = ("-H", f"Authorization: Bearer {token}") if token else ()
        answer = subprocess.run(["curl", "-s", "--compressed", *header, address], capture_output=True, check=True)
        cursor = json.loads(answer.stdout)["pageInfo"].get("nextCursor")


if __name__ == "__main__":
    main()
