"""What regorus refuses or fails on where OPA does not, said in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.admission.gatekeeper.tokens import Edit, on_one_line
from bylaw.admission.gatekeeper.trees import COMPREHENSIONS, Tree, span_of
from bylaw.engine import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.engine.syntax import Node

_SCOPES = frozenset((*COMPREHENSIONS, "Every", "Spec"))


def lowered(tree: Tree) -> Iterator[Edit]:
    """Values of heads that go through a collection, as expressions of the body: OPA evaluates them there.

    regorus fails on `x := input.xs[_].y` where there is no `input.xs`.
    """
    text = tree.text
    with_if = not tree.module.v0 or tree.has_import("rego.v1", "future.keywords", "future.keywords.if")
    begins = b" if { " if with_if else b" { "
    for rule in tree.rules:
        if "Spec" not in rule:
            continue
        head = next(iter(rule["Spec"]["head"].values()))
        bodies = rule["Spec"]["bodies"]
        parts = [(head, head.get("key") or (head.get("assign") or {}).get("value"), _main(bodies))]
        parts += [(each, each["assign"]["value"], each) for each in bodies if each["is_else"] and each["assign"]]
        for owner, value, body in parts:
            if value is None or not _goes_through(value):
                continue
            span = span_of(value)
            local = f"bylaw_head_{span['start']}"
            written = text[span["start"] : span["end"]]
            added = b"%s := %s" % (local.encode(), on_one_line(written))
            yield Edit(span["start"], span["end"], local + "\n" * written.count(b"\n"))
            if body is None or not body["query"]["stmts"]:
                end = owner["span"]["end"]
                yield Edit(end, end, (begins + added + b" }").decode())
                continue
            statements = body["query"]["stmts"]
            first, last = statements[0]["span"]["start"], statements[-1]["span"]["end"]
            bare = text[body["query"]["span"]["start"] : body["query"]["span"]["start"] + 1] != b"{"
            if bare:
                yield Edit(first, first, "{ ")
            yield Edit(last, last, (b"; " + added + (b" }" if bare else b"")).decode())


def _main(bodies: list[Node]) -> Node | None:
    return bodies[0] if bodies and not bodies[0]["is_else"] else None


def _goes_through(value: Node) -> bool:
    """Whether an expression has a reference with a variable in brackets, outside of comprehensions."""
    pending: list[Any] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict) and COMPREHENSIONS.isdisjoint(node):
            if "RefBrack" in node and "Var" in node["RefBrack"]["index"]:
                return True
            pending.extend(node.values())
    return False


def shadowing(tree: Tree) -> Iterator[Edit]:
    """Other names for what `some x in xs` declares where a rule is called `x`, too: regorus refuses that."""
    text, rules = tree.text, tree.names
    done: set[tuple[int, int]] = set()
    pending: list[tuple[Any, Node | None]] = [(tree.rules, None)]
    while pending:
        node, scope = pending.pop()
        if isinstance(node, list):
            pending.extend((each, scope) for each in node)
        elif isinstance(node, dict):
            if not _SCOPES.isdisjoint(node):
                scope = node
            if "SomeIn" in node and scope is not None:
                declared = syntax.variables([node["SomeIn"]["key"], node["SomeIn"]["value"]])
                for name in rules.intersection(declared):
                    for start, end in _uses(scope, name, text):
                        if (start, end) not in done:
                            done.add((start, end))
                            yield Edit(start, end, f"bylaw_{name}")
            pending.extend((each, scope) for each in node.values())


def _uses(scope: Node, name: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Where a variable stands in a scope: not where a function of that name is called."""
    called = {id(node["Call"]["fcn"]) for node, _ in syntax.nodes(scope) if "Call" in node}
    defined = {id(head["refr"]) for node, _ in syntax.nodes(scope) for head in _heads(node)}
    for node, span in syntax.nodes(scope):
        if "Var" in node and node["Var"]["value"] == name and id(node) not in called | defined and span:
            yield span["start"], span["end"]
        spans = [*node.get("SomeVars", {}).get("vars", ())]
        spans += [node["Every"][each] for each in ("key", "value") if "Every" in node and node["Every"][each]]
        for each in spans:
            if syntax.written(each, text) == name:
                yield each["start"], each["end"]


def _heads(node: Node) -> Iterator[Node]:
    if "Spec" in node:
        yield next(iter(node["Spec"]["head"].values()))
