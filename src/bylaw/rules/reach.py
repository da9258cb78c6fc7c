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
``cycle(dependsOn|consumesApi)``
    all that lies on a cycle of these relations with it: which refs there are, and who makes the relations. A rule
    that looks at nothing but cycles does not look at what the entity itself says either;
``same(backstage.io/kubernetes-id)``
    all that has the same value of an annotation;
``named(bylaw.dev/successor)``
    the entity that an annotation of it names;
``kind(User)``
    whether there is any entity of a kind.

``$name`` stands for a parameter of the rule, a list of relations being alternatives: ``(^$relations)/ownedBy``.

Of the entity itself a rule sees what it says, and the relations with which a path of its reach begins.

A rule says its reach once, and two questions are answered by it: what must be at hand to judge an entity, and (the
other way round) whose verdict may change when an entity does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CALL = re.compile(r"(names|cycle|same|named|kind)\((.*)\)")
_STEP = re.compile(r"(?:([.@]|\^?\w+)|\((\^?\w+(?:\|\^?\w+)*)\))(\*|\{[1-9]\d{0,2}\})?")
_PARAMETER = re.compile(r"(\^?)\$(\w+)")
EXPECTED = (
    "a path such as ownedBy/childOf*, or names(path), cycle(relations), same(annotation), named(annotation), kind(Kind)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One to ``most`` relations of some types, without types of any; ``^`` before a type is its other direction, and
    ``@`` stands for all that the fields of the kind make.

    ``most`` None is any number, none included.
    """

    types: tuple[str, ...]
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class Path:
    """Steps one after the other. Seen is all on the way; where ``names`` is set, only the refs and their relations."""

    steps: tuple[Step, ...]
    names: bool = False


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
        ValueError: one of them says none.
    """

    def value(found: re.Match[str]) -> str:
        said = parameters.get(found[2])
        if said is None:
            raise ValueError(f"${found[2]} is no parameter of the rule")
        return "|".join(f"{found[1]}{each}" for each in (said if isinstance(said, list | tuple) else [said]))

    reach = Reach()
    for text in texts:
        reach |= _parsed(_PARAMETER.sub(value, text))
    return reach


@lru_cache(maxsize=256)
def _parsed(text: str) -> Reach:
    call = _CALL.fullmatch(text.strip())
    if call is None:
        return Reach(paths=frozenset({Path(_steps(text))}))
    what, inside = call.groups()
    if what == "names":
        return Reach(paths=frozenset({Path(_steps(inside), names=True)}))
    if what == "cycle":
        (step,) = steps if len(steps := _steps(f"({inside})")) == 1 else (None,)
        if step is None or step.most != 1:
            raise ValueError(f"{text!r} is no reach; expected relations such as cycle(dependsOn|consumesApi)")
        return Reach(cycles=frozenset({step.types}))
    if not inside.strip():
        raise ValueError(f"{text!r} names nothing; expected {EXPECTED}")
    said = frozenset({inside.strip()})
    return {"same": Reach(same=said), "named": Reach(named=said), "kind": Reach(kinds=said)}[what]


def _steps(text: str) -> tuple[Step, ...]:
    steps = []
    for part in text.strip().split("/"):
        found = _STEP.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{text!r} is no reach; expected {EXPECTED}")
        one, several, times = found.groups()
        types = () if one == "." else (one,) if one else tuple(sorted(several.split("|")))
        steps.append(Step(types, None if times == "*" else int(times[1:-1]) if times else 1))
    return tuple(steps)


OWN = "@"

RELATIONS = parse([".", "names(./childOf*)", "names(./parentOf)", "names(./hasMember)"], {})
"""The reach of a rule that reads relations: its neighbours, and the place of each group among them."""
