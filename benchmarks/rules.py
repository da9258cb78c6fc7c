"""All rules over 10,000 entities, and which of them take the longest.

    make bench          # or: python benchmarks/rules.py [--entities N] [--rounds N]

Each catalog is measured as whole processes. The rules are then timed one by one, in this process and without
workers: what a rule takes by itself, its own findings included.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bylaw
import catalogs
import measure
from bylaw.config import Settings
from bylaw.engine import data
from bylaw.engine.parts import Parts
from bylaw.rules import Context, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.catalog import Catalog
    from bylaw.model import Entity
    from bylaw.rules import Rule

BYLAW = str(Path(sys.executable).with_name("bylaw"))
TODAY = date(2026, 1, 1)
SLOWEST = 10


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entities", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    args = arguments.parse_args()
    print(f"{measure.processors()} processors, medians of {args.rounds} rounds, whole processes\n")
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for title, described in (("bare", False), ("described", True)):
            place = Path(folder, title)
            catalogs.write(place, args.entities, 1, described=described)
            runs = measure.interleaved({title: ((BYLAW, "check", ".", "--now", str(TODAY)), place)}, args.rounds)
            rows.append((f"bylaw, all rules, {args.entities:,} {title}", runs[title]))
        print(measure.table(rows), "\n")
        for (name, runs_of), title in zip(rows, ("bare", "described"), strict=True):
            print(f"{name:38} {1e6 * runs_of.median / args.entities:9.1f} µs per entity")
            print(slowest(bylaw.read([Path(folder, title)])), "\n")


def slowest(catalog: Catalog) -> str:
    """The rules that take the longest, in µs for each entity of the catalog."""
    policies, graph = load(Settings()), bylaw.graph(catalog)
    rules = [rule for rule in policies.rules if rule.subject != "change"]
    packages = [rule.package for rule in rules if rule.package]
    rego = Parts(policies.modules, packages, data.whole(catalog, graph, policies, TODAY))
    contexts = {rule.id: Context(catalog, graph, policies.parameters[rule.id], TODAY) for rule in rules}
    taken: defaultdict[str, int] = defaultdict(int)
    gc.disable()
    for entity in catalog.entities.values():
        rego.set_input(data.document(entity))
        for rule, subject in subjects(rules, entity):
            start = time.perf_counter_ns()
            if rule.package:
                rego.findings(rule.package)
            elif rule.evaluate:
                list(rule.evaluate(subject, contexts[rule.id]))
            taken[rule.id] += time.perf_counter_ns() - start
    gc.enable()
    entities = len(catalog.entities)
    each = sorted(((nanoseconds / 1000 / entities, name) for name, nanoseconds in taken.items()), reverse=True)
    lines = [f"{name:38} {microseconds:9.1f}" for microseconds, name in each[:SLOWEST]]
    total = sum(microseconds for microseconds, _ in each)
    middle = statistics.median(microseconds for microseconds, _ in each)
    return "\n".join([*lines, f"{f'all {len(each)} rules, the middle one {middle:.1f}':38} {total:9.1f}"])


def subjects(rules: list[Rule], entity: Entity) -> Iterator[tuple[Rule, Any]]:
    """The rules that judge an entity or its document."""
    for rule in rules:
        if rule.subject == "entity" and rule.applies(entity):
            yield rule, entity
        elif rule.subject == "document" or (rule.subject == "problem" and entity.document.problems):
            yield rule, entity.document


if __name__ == "__main__":
    main()
