"""Rules on an OPA server: the answers of ``Parts``, from elsewhere.

The rules stand there in a place of their own. One request asks about many entities: a rule of ours goes through its
input and asks the rules named there. What they see of the catalog either lies there as well, or, where it is small
beside the number of requests, travels with each.

A question that OPA cannot answer spoils the whole request, and so does a rule that loops. Such a request is cut in
halves until the one question stands alone; it is then that rule's error, and nobody else's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.engine import parts
from bylaw.engine.opa import UNDEFINED, LateError, Place, Server
from bylaw.engine.parts import Asked
from bylaw.engine.rego import RegoError
from bylaw.errors import UndecidedError
from bylaw.rules.metadata import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bylaw.config import OpaEngine, PolicySettings
    from bylaw.rules import Policies

_MOST = 512  # questions of one request
_REQUEST = 64  # entities that one request asks about, roughly
_TRAVELLING = 8 * 1024 * 1024  # bytes that may travel in all, rather than lie there
_PATIENCE = 3  # times that a rule may be late before it is not asked any more
_SHARE = 0.8  # of the time that a rule has: the rest is for what lies between it and the clock

_ASKED = "bylaw.internal.asked"
_GIVEN = ("catalog", "bylaw.parameters", "bylaw.kinds", "bylaw.today", "bylaw.now_ns")
_GIVEN_TO_CHANGES = ("base", "change")


class Served:
    """The rules of a run, on the server that the settings name, until they are closed.

    Those that are ``lasting`` are put there at once, for any number of small parts of a catalog; the others when it
    is known what they judge.

    Raises:
        ConfigError: the address or the token is none, or the server refuses a rule.
        UndecidedError: the server cannot be asked.
    """

    def __init__(
        self, policies: Policies, settings: PolicySettings, engine: OpaEngine, *, lasting: bool = False
    ) -> None:
        packages = {rule.package for rule in policies.rules if rule.package}
        self._modules = [*parts.needed(policies.modules, packages), _wrapper()]
        self._seconds = min(engine.opa.timeout, _SHARE * settings.deadline)
        self._server = Server(engine.opa)
        self._is_lasting = lasting
        self._places: list[Place] = []
        self._shared: Place | None = None
        self._server.version()  # does it answer at all? What follows may take its time
        if lasting:
            self._share()

    def over(self, data: bytes, subjects: int) -> Over:
        """The rules over a catalog, or a part of one: ``data`` as rules see it, and how many they are to judge."""
        if self._is_lasting or len(data) * (1 + subjects // _REQUEST) <= _TRAVELLING:
            return Over(self._shared or self._share(), self._seconds, data)
        return Over(self._put(data), self._seconds)

    def close(self) -> None:
        """Take the rules away from the server, and all that was put beside them."""
        for each in self._places:
            each.remove()
        self._places.clear()

    def _share(self) -> Place:
        self._shared = self._put()
        return self._shared

    def _put(self, data: bytes = b"{}") -> Place:
        self._places.append(Place(self._server, self._modules, data))
        return self._places[-1]


class Over:
    """Answers as ``Parts`` does. What will be asked can be said ahead, and then costs one request.

    It pickles, for a worker that is spawned.
    """

    def __init__(self, place: Place, seconds: float, data: bytes | None = None) -> None:
        self._place, self._seconds = place, seconds
        self._travelling = data
        self._data: Mapping[str, Any] | None = orjson.loads(data) if data else None
        self._late: Counter[str] = Counter()
        self._answers: dict[tuple[bytes, str], Any] = {}
        self._entity = b""

    def __reduce__(self) -> tuple[type[Over], tuple[Place, float, bytes | None]]:
        return Over, (self._place, self._seconds, self._travelling)

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        self._entity = entity

    def findings(self, package: str) -> list[Any]:
        """What the ``findings`` set of a package holds.

        Raises:
            RegoError: as ``Rego.findings`` does, and where no answer came in time.
            UndecidedError: the server cannot be asked.
        """
        key = self._entity, package
        if key not in self._answers:
            self.ahead([Asked(0, *key)])
        answer = self._answers[key]
        if isinstance(answer, RegoError):
            raise answer
        if answer is UNDEFINED:
            raise RegoError(f"data.{package}.findings is undefined")
        if not isinstance(answer, list):
            raise RegoError(f"data.{package}.findings is {type(answer).__name__}, expected a set")
        return answer

    def ahead(self, asked: Iterable[Asked], mark: Callable[[int], None] = lambda part: None) -> None:
        """Ask all of this now; before each request ``mark`` is told the part of its first question.

        Raises:
            UndecidedError: the server cannot be asked.
        """
        self._answers.clear()
        questions = list({(each.entity, each.package): each for each in asked}.values())
        waiting = [questions[start : start + _MOST] for start in range(0, len(questions), _MOST)]
        waiting.reverse()
        while waiting:
            batch = [each for each in waiting.pop() if not self._is_given_up(each)]
            if not batch:
                continue
            mark(batch[0].part)
            try:
                self._ask(batch)
            except (RegoError, LateError) as error:
                if len(batch) > 1:
                    middle = len(batch) // 2
                    waiting += [batch[middle:], batch[:middle]]
                else:
                    self._answers[batch[0].entity, batch[0].package] = self._fault(batch[0], error)

    def _is_given_up(self, asked: Asked) -> bool:
        """Whether a rule was late too often: then this is its answer."""
        if self._late[asked.package] < _PATIENCE:
            return False
        fault = f"it was given up after OPA gave no answer within {self._seconds:g} s {_PATIENCE} times"
        self._answers[asked.entity, asked.package] = RegoError(fault)
        return True

    def _fault(self, asked: Asked, error: Exception) -> RegoError:
        """What became of a question that stood alone."""
        if not isinstance(error, LateError):
            return RegoError(str(error))
        try:
            self._ask([])  # was it the rule, or the server?
        except (RegoError, LateError):
            raise UndecidedError(f"{error}, not even to a question about no rule") from None
        self._late[asked.package] += 1
        return RegoError(str(error))

    def _ask(self, batch: Sequence[Asked]) -> None:
        """One request.

        Raises:
            RegoError: one of the questions could not be answered.
            LateError: not in time.
            UndecidedError: the server cannot be asked, or has not what was put there.
        """
        numbers = {entity: number for number, entity in enumerate(dict.fromkeys(each.entity for each in batch))}
        given: dict[str, Any] = {
            "entities": list(map(orjson.loads, numbers)),
            "questions": [[*each.package.split(".")[1:], numbers[each.entity]] for each in batch],
        }
        rule = "loaded"
        if self._data is not None:
            given["data"] = self._data
            rule = "travelling_with_change" if "change" in self._data else "travelling"
        answers = self._place.query(f"{_ASKED}.{rule}", given, seconds=self._seconds)
        if not isinstance(answers, dict):
            raise UndecidedError(
                f"{self._place.url}: the policies that were put there are gone; was the OPA server started anew?"
            )
        for number, each in enumerate(batch):
            self._answers[each.entity, each.package] = answers.get(str(number), UNDEFINED)


def _wrapper() -> Module:
    """The rule that goes through the questions, over the data that lies there or that came with them."""
    rules = [_asking("loaded", ())]
    rules.append(_asking("travelling", _GIVEN))
    rules.append(_asking("travelling_with_change", (*_GIVEN, *_GIVEN_TO_CHANGES)))
    return Module("(asked).rego", _ASKED, "\n".join([f"package {_ASKED}", "import rego.v1", *rules]))


def _asking(name: str, paths: Iterable[str]) -> str:
    instead = "".join(f" with data.{path} as input.data.{path}" for path in paths)
    return (
        f"{name} := {{number: found |\n"
        "\tsome number, question in input.questions\n"
        f"\tfound := data.bylaw[question[0]][question[1]].findings with input as input.entities[question[2]]{instead}\n"
        "}\n"
    )
