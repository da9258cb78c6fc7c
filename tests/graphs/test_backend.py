"""networkx's functions on a view, found through the entry point that pyproject.toml declares.

networkx reads entry points once, when it is imported. So these tests put an installed distribution with
that entry point in front of the path and ask a fresh interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from bylaw.graphs import Graph, backend

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json
import networkx as nx
from bylaw.graphs import Graph

view = Graph.build([], [("a", "t", "b"), ("b", "t", "c"), ("c", "t", "a"), ("c", "t", "d")]).view("t")
said = {}
said["ancestors"] = sorted(nx.ancestors(view, "d"))
said["descendants"] = sorted(nx.descendants(view, "d"))
said["has_path"] = nx.has_path(view, "d", "a")
said["shortest_path"] = nx.shortest_path(view, "a", "d")
said["shortest_path by keyword"] = nx.shortest_path(G=view, target="c", source="b")
said["strong"] = sorted(map(sorted, nx.strongly_connected_components(view)))
said["strong count"] = nx.number_strongly_connected_components(view)
said["weak"] = sorted(map(sorted, nx.weakly_connected_components(view)))
said["acyclic"] = nx.is_directed_acyclic_graph(view)
for what, call in {
    "unknown node": lambda: nx.ancestors(view, "nobody"),
    "unknown end": lambda: nx.shortest_path(view, "a", "nobody"),
    "no path": lambda: nx.shortest_path(view, "d", "a"),
    "simple cycles, no fallback": lambda: list(nx.simple_cycles(view)),
    "all shortest paths from one, no fallback": lambda: nx.shortest_path(view, "d"),
}.items():
    try:
        call()
    except Exception as error:
        said[what] = type(error).__name__
said["converted before the fallback"] = "as_networkx" in vars(view)
with nx.config(fallback_to_nx=True):
    said["simple cycles"] = sorted(map(sorted, nx.simple_cycles(view)))
    converted = view.as_networkx
    said["all shortest paths from one"] = nx.shortest_path(view, "d")
    said["converted once"] = view.as_networkx is converted
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program says that knows nothing but networkx and a graph of bylaw."""
    path = tmp_path_factory.mktemp("installed")
    info = path / "bylaw-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bylaw\nVersion: 0\n")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["entry-points"]["networkx.backends"]
    lines = [f"{name} = {target}" for name, target in declared.items()]
    (info / "entry_points.txt").write_text("\n".join(["[networkx.backends]", *lines]))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), *filter(None, sys.path)])}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_functions_of_networkx_run_on_a_view_without_converting_it(said: dict[str, Any]) -> None:
    assert said["ancestors"] == ["a", "b", "c"]
    assert said["descendants"] == []
    assert said["has_path"] is False
    assert said["shortest_path"] == ["a", "b", "c", "d"]
    assert said["shortest_path by keyword"] == ["b", "c"]
    assert said["strong"] == [["a", "b", "c"], ["d"]]
    assert said["strong count"] == 2
    assert said["weak"] == [["a", "b", "c", "d"]]
    assert said["acyclic"] is False
    assert said["converted before the fallback"] is False


def test_errors_are_those_of_networkx(said: dict[str, Any]) -> None:
    assert said["unknown node"] == "NetworkXError"
    assert said["unknown end"] == "NodeNotFound"
    assert said["no path"] == "NetworkXNoPath"


def test_other_functions_are_refused_unless_networkx_may_fall_back(said: dict[str, Any]) -> None:
    assert said["simple cycles, no fallback"] == "NotImplementedError"
    assert said["all shortest paths from one, no fallback"] == "NotImplementedError"
    assert said["simple cycles"] == [["a", "b", "c"]]
    assert said["all shortest paths from one"] == {"d": ["d"]}


def test_falling_back_converts_a_view_once(said: dict[str, Any]) -> None:
    assert said["converted once"] is True


def test_the_converted_view_cannot_be_changed() -> None:
    converted = backend.convert_to_nx(Graph.build([], [("a", "t", "b")]).view("t"))
    with pytest.raises(nx.NetworkXError):
        converted.add_node("c")


def test_a_view_can_be_looked_through() -> None:
    view = Graph.build(["b"], [("b", "t", "a")]).view("t")
    assert (list(view), len(view)) == (["a", "b"], 2)
    assert "a" in view
    assert "c" not in view


def test_what_is_no_view_stays_with_networkx() -> None:
    assert backend.convert_to_nx({"a": 1}) == {"a": 1}
    with pytest.raises(NotImplementedError):
        backend.convert_from_nx(nx.DiGraph())
