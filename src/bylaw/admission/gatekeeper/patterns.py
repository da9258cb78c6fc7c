"""Objects as patterns: to OPA `{"k": v} = x` fits an object of that one key, regorus lets objects with more keys pass.

Where it is plain that it makes no difference they stay, and where one is unified with something the keys of that are
compared as well; else they are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.admission.gatekeeper.tokens import Edit, on_one_line
from bylaw.admission.gatekeeper.trees import COMPREHENSIONS, Tree, UnsupportedError, span_of
from bylaw.engine import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.engine.syntax import Node

_Keys = frozenset[str] | None


def check(trees: Sequence[Tree]) -> None:
    """Refuse patterns that regorus would take for less than they say.

    Raises:
        UnsupportedError: there is one; the message has its place.
    """
    sets = {path: keys for tree in trees for path, keys in _sets(tree).items()}
    for tree in trees:
        for found in _patterns(tree, sets):
            raise UnsupportedError(
                f"{tree.module.path}:{span_of(found)['line']}: an object as a pattern: the embedded engine would let "
                "objects with more keys pass; compare its fields instead"
            )


def exact(tree: Tree) -> Iterator[Edit]:
    """`{"k": v} = x` with a look at the keys of `x`."""
    for node, _ in tree.nodes:
        found = _unified(node)
        if found:
            span, start, end = span_of(found[1]), node["span"]["start"], node["span"]["end"]
            other = tree.text[span["start"] : span["end"]]
            local = f"bylaw_whole_{start}"
            keys = ", ".join(f'"{each}"' for each in sorted(_keys(found[0]) or ()))
            yield Edit(start, start, f"{local} := {on_one_line(other).decode()}; ")
            yield Edit(span["start"], span["end"], local + "\n" * other.count(b"\n"))
            yield Edit(end, end, f"; object.keys({local}) == {{{keys}}}" if keys else f"; count({local}) == 0")


def _unified(node: Node) -> tuple[Node, Node] | None:
    """An object with variables and what it is unified with, for an expression that says just that."""
    literal = node.get("literal")
    body = literal["Expr"]["expr"].get("AssignExpr") if literal and "Expr" in literal else None
    if body is None or node.get("with_mods"):
        return None
    sides = [(body["lhs"], body["rhs"])]
    if body["op"] == "Eq":
        sides.append((body["rhs"], body["lhs"]))
    for pattern, other in sides:
        if _keys(pattern) is not None and "Var" not in other and not list(_objects(other)):
            fields = pattern["Object"]["fields"]
            return (pattern, other) if not any(True for each in fields for _ in _objects(each[2])) else None
    return None


def _patterns(tree: Tree, sets: dict[str, _Keys]) -> Iterator[Node]:
    for rule in tree.rules:
        head = next(iter(rule["Spec"]["head"].values())) if "Spec" in rule else {}
        yield from (found for each in head.get("args") or () for found in _objects(each))
    made_exact = {id(found[0]) for node, _ in tree.nodes if (found := _unified(node))}
    for node, _ in tree.nodes:
        if "SomeIn" in node:
            yield from (found for part in ("key", "value") for found in _objects(node["SomeIn"][part]))
        elif "AssignExpr" in node:
            yield from (each for each in _assigned(node["AssignExpr"]) if id(each) not in made_exact)
        elif "RefBrack" in node:
            yield from _looked_up(node["RefBrack"], tree, sets)
        elif "Call" in node and syntax.path(node["Call"]["fcn"]) == ["walk"]:
            yield from (found for each in node["Call"]["params"][1:] for found in _objects(each))


def _assigned(body: Node) -> Iterator[Node]:
    if body["op"] == "ColEq":
        yield from _objects(body["lhs"])
    elif "Var" not in body["lhs"] and "Var" not in body["rhs"]:
        for side in (body["lhs"], body["rhs"]):
            yield from (each for each in _objects(side) if _has_variables(each))


def _has_variables(node: Node) -> bool:
    return any(each not in ("input", "data") for each in syntax.variables(node))


def _looked_up(body: Node, tree: Tree, sets: dict[str, _Keys]) -> Iterator[Node]:
    """`faults[{"msg": m}]` of a set whose elements have just these keys is what it seems."""
    for found in _objects(body["index"]):
        if not _has_variables(found):
            continue
        path = syntax.path(body["refr"])
        keys = sets.get(tree.resolved(path)) if path else None
        if keys is None or found is not body["index"] or _keys(found) != keys:
            yield found


def _sets(tree: Tree) -> dict[str, _Keys]:
    """By path of a partial set: the keys that all its elements have; None where that cannot be seen."""
    made: dict[str, _Keys] = {}
    for rule in tree.rules:
        head: dict[str, Any] = rule["Spec"]["head"] if "Spec" in rule else {}
        for shape, body in head.items():
            path = ".".join([*tree.package, *(syntax.path(body["refr"]) or [])])
            keys = _keys(body["key"]) if shape == "Set" and body.get("key") else None
            made[path] = keys if made.get(path, keys) == keys else None
    return made


def _keys(node: Node) -> _Keys:
    """The keys of an object, where all of them are texts."""
    if "Object" not in node:
        return None
    keys = [field[1] for field in node["Object"]["fields"]]
    return frozenset(each["String"]["value"] for each in keys) if all("String" in each for each in keys) else None


def _objects(node: Any) -> Iterator[Node]:
    """The outermost objects of a pattern, also those in lists; not what comprehensions hold."""
    if not isinstance(node, dict) or not COMPREHENSIONS.isdisjoint(node):
        return
    if "Object" in node:
        yield node
    elif "Array" in node:
        for each in node["Array"]["items"]:
            yield from _objects(each)
