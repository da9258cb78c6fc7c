"""How far a rule looks from what it judges: paths through the catalog, written as SPARQL writes property paths.

``ownedBy/childOf*``
    its owners, the groups above them, and whatever lies on the way;
``(dependsOn|consumesApi){3}``
    what it reaches in one to three steps of either relation;
``^dependsOn``
    what has that relation to it;
``.``
    what any one relation leads to; ``@`` only those relations that its own fields make;
``names(partOf/ownedBy)``
    the same, but only which refs there are and whether they exist: not what their entities say;
``spec.lifecycle of dependsOn/ownedBy``
    the same, and of what entities say no more than some fields, with commas between them;
``cycle(dependsOn|consumesApi)``
    all that lies on a cycle of these relations with it: which refs there are, and who makes the relations. A rule
    that looks at nothing but cycles does not look at what the entity itself says either;
``same(backstage.io/kubernetes-id)``
    all that has the same value of an annotation;
``named(bylaw.dev/successor)``
    the entity that an annotation of it names;
``kind(User)``
    whether there is any entity of a kind.

``$name`` stands for a parameter of the rule: relations (of several, any: ``(^$relations)/ownedBy``), how many steps
(``{$longest}``), or the names of annotations and kinds. What an empty list stands for leads nowhere.

Of the entity itself a rule sees what it says, and the relations with which a path of its reach begins.

A rule says its reach once, and two questions are answered by it: what must be at hand to judge an entity, and (the
other way round) whose verdict may change when an entity does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PARAMETER = re.compile(r"\$(\w+)")
_CALL = re.compile(r"(names|cycle|same|named|kind)\((.*)\)")
_STEP = re.compile(r"(?:([.@]|\^?\$?\w+)|\((\^?\$?\w+(?:\|\^?\$?\w+)*)\))(\*|\{(?:[1-9]\d{0,2}|\$\w+)\})?")
EXPECTED = (
    "a path such as ownedBy/childOf*, or spec.type of a path, names(path), cycle(relations), same(annotation), "
    "named(annotation), kind(Kind)"
)
ANY, OWN = ".", "@"


@dataclass(frozen=True, slots=True)
class Step:
    """One to ``most`` relations of some types; ``most`` None is any number, none included.

    ``^`` before a type is its other direction. Instead of types there may be ``ANY``, or ``OWN`` for all that the
    fields of the kind make.
    """

    types: tuple[str, ...]
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class Path:
    """Steps one after the other.

    Seen is all on the way; where ``names`` is set, only the refs and their relations, and where there are ``fields``,
    these besides.
    """

    steps: tuple[Step, ...]
    names: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a rule may look at besides the entity itself."""

    paths: frozenset[Path] = frozenset()
    cycles: frozenset[tuple[str, ...]] = frozenset()
    same: frozenset[str] = frozenset()
    """Annotations whose value it compares."""
    named: frozenset[str] = frozenset()
    """Annotations that name an entity."""
    kinds: frozenset[str] = frozenset()
    """Kinds of which there may be none."""

    def __or__(self, other: Reach) -> Reach:
        return Reach(
            self.paths | other.paths,
            self.cycles | other.cycles,
            self.same | other.same,
            self.named | other.named,
            self.kinds | other.kinds,
        )

    @property
    def is_cycles_alone(self) -> bool:
        """Whether it is about nothing but cycles, so that only a change of relations can matter."""
        return bool(self.cycles) and not (self.paths or self.same or self.named or self.kinds)


def parse(texts: Iterable[str], parameters: Mapping[str, Any]) -> Reach:
    """The reach that some texts say with the values of a rule's parameters.

    Raises:
        ValueError: one of them says none, or names a parameter that is none.
    """
    reach = Reach()
    for text in texts:
        reach |= _parsed(text, parameters)
    return reach


def _parsed(text: str, parameters: Mapping[str, Any]) -> Reach:
    if " of " in text:
        said, _, path = text.partition(" of ")
        fields = _fields(said, parameters)
        return Reach(paths=frozenset({Path(_steps(path, parameters), names=not fields, fields=fields)}))
    call = _CALL.fullmatch(text.strip())
    what, inside = call.groups() if call else ("", text)
    if what in {"", "names"}:
        return Reach(paths=frozenset({Path(_steps(inside, parameters), names=bool(what))}))
    if what == "cycle":
        steps = _steps(f"({inside})", parameters)
        if len(steps) != 1 or steps[0].most != 1:
            raise ValueError(f"{text!r} is no reach; expected relations such as cycle(dependsOn|consumesApi)")
        return Reach(cycles=frozenset({each.types for each in steps if each.types}))
    if not inside.strip():
        raise ValueError(f"{text!r} names nothing; expected {EXPECTED}")
    texts = frozenset(_texts(inside.strip(), parameters))
    return {"same": Reach(same=texts), "named": Reach(named=texts), "kind": Reach(kinds=texts)}[what]


def _steps(text: str, parameters: Mapping[str, Any]) -> tuple[Step, ...]:
    steps = []
    for part in text.strip().split("/"):
        found = _STEP.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{text!r} is no reach; expected {EXPECTED}")
        one, several, times = found.groups()
        types = {each for name in (one or several).split("|") for each in _types(name, parameters)}
        steps.append(Step(tuple(sorted(types)), _most(times, parameters)))
    return tuple(steps)


def _fields(said: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that are named, those with a parameter in them once for each of its values."""
    found: set[str] = set()
    for field in map(str.strip, said.split(",")):
        parameter = _PARAMETER.search(field)
        values = _texts(parameter[0], parameters) if parameter else [""]
        found |= {field.replace(parameter[0], value) if parameter else field for value in values}
    if not said.strip() or "" in found:
        raise ValueError(f"{said!r} names no fields; expected e.g. spec.lifecycle of dependsOn")
    return tuple(sorted(found))


def _types(name: str, parameters: Mapping[str, Any]) -> list[str]:
    """The types of relation that a name in a step means."""
    inverted, word = ("^", name[1:]) if name.startswith("^") else ("", name)
    return [f"{inverted}{each}" for each in _texts(word, parameters)]


def _most(times: str | None, parameters: Mapping[str, Any]) -> int | None:
    """How many relations a step takes at most; None: any number."""
    if times is None:
        return 1
    if times == "*":
        return None
    said = _value(times[1:-1], parameters) if times.startswith("{$") else int(times[1:-1])
    if not isinstance(said, int) or said < 1:
        raise ValueError(f"{times[1:-1]} is {said!r}, expected how many steps at most")
    return said


def _texts(word: str, parameters: Mapping[str, Any]) -> list[str]:
    """A word itself, or the texts that it stands for."""
    if not word.startswith("$"):
        return [word]
    said = _value(word, parameters)
    texts = [said] if isinstance(said, str) else said
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) for each in texts):
        raise ValueError(f"{word} is {said!r}, expected a text or a list of texts")
    return list(texts)


def _value(word: str, parameters: Mapping[str, Any]) -> Any:
    if word[1:] not in parameters:
        raise ValueError(f"{word} is no parameter of the rule")
    return parameters[word[1:]]


RELATIONS = parse([".", "names(./childOf*)", "names(./parentOf)", "names(./hasMember)"], {})
"""The reach of a rule that reads relations: its neighbours, and the place of each group among them."""
