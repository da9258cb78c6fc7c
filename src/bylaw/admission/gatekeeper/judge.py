"""Kubernetes objects judged by ConstraintTemplates and Constraints, as Gatekeeper judges them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.admission.gatekeeper import guards, load, rewrite
from bylaw.admission.gatekeeper import inventory as inventories
from bylaw.admission.gatekeeper.constraints import ACTIONS, Constraint
from bylaw.admission.gatekeeper.manifests import text_of
from bylaw.admission.gatekeeper.match import Match, MatchError, Subject, globbed
from bylaw.admission.gatekeeper.rewrite import ROOT
from bylaw.engine.rego import Machine, RegoError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bylaw.admission.gatekeeper.load import Compiled
    from bylaw.admission.gatekeeper.templates import Template

    Ask = Callable[[Template, Mapping[str, Any]], Any]
    """How another engine is asked: a template and its input, for what its violation set holds; or RegoError."""

GATOR = "gator.gatekeeper.sh"
"""The enforcement point of test suites."""
_WEBHOOK = "validation.gatekeeper.sh"
_HOOKS = "gatekeeper_hooks"
_GUARDED = "_guarded"
_PARAMETERS = "gatekeeper_parameters"
_EVERYTHING = Match()
_NO_OLD_OBJECT = "a DELETE without oldObject: there is nothing to judge"
_NO_OBJECT = "neither object nor oldObject is there to judge"
_ALWAYS: Mapping[str, Any] = {
    "kind": {"group": "", "kind": "", "version": ""},
    "object": None,
    "oldObject": None,
    "operation": "",
    "options": None,
    "resource": {"group": "", "resource": "", "version": ""},
    "uid": "",
    "userInfo": {},
}
"""What a review has even where the request does not say it."""
_SOMETIMES = ("subResource", "requestKind", "requestResource", "requestSubResource", "name", "namespace", "dryRun")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one constraint says of an object: a message, or why it came to no answer."""

    constraint: str
    """The name of the constraint, which is the id of the rule."""
    kind: str
    message: str
    details: Any
    action: str
    """deny, warn or dryrun."""
    error: str | None = None
    """Why it came to no answer. Never to be read as "nothing is wrong". Where Gatekeeper, too, takes the object for
    faulty then (a namespace that is not known), the message says the same."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """What judges Kubernetes objects."""

    digest: str
    """``sha256:…`` over templates, constraints, the enforcement point and the inventory."""
    point: str
    """The enforcement point whose actions hold."""
    compiled: tuple[Compiled, ...]
    constraints: tuple[Constraint, ...]
    inventory: Mapping[str, Any]
    exempt: tuple[str, ...] = ()
    """Namespaces, as globs, that Gatekeeper's Config takes away from the webhook."""

    @classmethod
    def load(
        cls,
        paths: Sequence[str],
        inventory: Sequence[str] = (),
        *,
        point: str,
        bundled: bool,
        foreign: bool = False,
    ) -> Constraints:
        """Templates and constraints of files and folders, and the objects that policies see as data.inventory.

        Where ``foreign`` is set an OPA server evaluates what the embedded engine would not evaluate as OPA does; those
        templates are in ``foreign`` then, and ``ready`` wants to know how to ask.

        Raises:
            ConfigError: every fault that was found, one a line, with file and line.
        """
        found = load.read(paths, inventory, bundled=bundled, foreign=foreign)
        said: list[Any] = [point, found.exempt, found.inventory]
        said += [[each.template.kind, each.refused, [one.text for one in each.modules]] for each in found.compiled]
        said += [[each.kind, each.name, repr(each.match), each.parameters, each.actions] for each in found.constraints]
        total = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
        return cls(
            digest=f"sha256:{total.hexdigest()}",
            point=point,
            compiled=found.compiled,
            constraints=found.constraints,
            inventory=found.inventory,
            exempt=found.exempt,
        )

    @property
    def foreign(self) -> tuple[Template, ...]:
        """The templates that an OPA server has to evaluate."""
        return tuple(each.template for each in self.compiled if each.refused)

    def ready(self, catalog_data: bytes | None = None, ask: Ask | None = None) -> Judge:
        """Compile everything into one engine, once per process. The judge belongs to the thread that made it.

        ``catalog_data`` is the JSON of data.catalog; ``ask`` evaluates a foreign template on another engine.

        Raises:
            ConfigError: there are foreign templates and nobody to ask.
        """
        return Judge(self, catalog_data, ask)


class Judge:
    """Judges one object after the other."""

    def __init__(self, constraints: Constraints, catalog_data: bytes | None, ask: Ask | None) -> None:
        self._inventory = constraints.inventory
        self._exempt = constraints.exempt
        self._ask = ask
        templates = {each.template.kind: (number, each) for number, each in enumerate(constraints.compiled)}
        self._rules = [
            _Rule(number, each, *templates[each.kind], _action(each, constraints.point))
            for number, each in enumerate(constraints.constraints)
            if each.kind in templates and each.actions_at(constraints.point)
        ]
        self._point = constraints.point
        self._catalog = catalog_data
        self._machine = Machine(self._data())
        rewrite.fill(self._machine, (module for each in constraints.compiled for module in each.modules))
        for rule in self._rules:
            if not rule.compiled.refused:
                self._machine.add(f"(hook {rule.number}).rego", _hook(rule, load.name(rule.template)), v0=True)
        self._guarded: set[int] = set()  # templates whose guarded form has been added
        self._machine.check()

    def use(self, inventory: Mapping[str, Any]) -> None:
        """Go by another inventory from now on."""
        if inventory != self._inventory:
            self._inventory = inventory
            self._machine.set_data(self._data())

    def _data(self) -> bytes:
        parameters = {str(rule.number): rule.constraint.parameters for rule in self._rules}
        data = [b'{"inventory":', orjson.dumps(self._inventory), b',"', _PARAMETERS.encode(), b'":']
        data.append(orjson.dumps(parameters))
        if self._catalog is not None:
            data += [b',"catalog":', self._catalog]
        return b"".join((*data, b"}"))

    def judge(self, request: Mapping[str, Any], namespace: Mapping[str, Any] | None = None) -> list[Verdict]:
        """What the constraints say of an AdmissionRequest, by constraint and message.

        ``namespace`` is the Namespace that the object is in, if somebody knows it; else it is looked for in the
        inventory. Messages of a constraint are sorted, each different one is there once.
        """
        review, subjects, wrong = _review(request, namespace, self._inventory, self._point)
        if subjects and _exempted(subjects[0], self._exempt):
            return []
        verdicts: list[Verdict] = []
        asked = False
        for rule in self._rules:
            operations = rule.compiled.template.operations
            if self._point == _WEBHOOK and operations and not {"*", review["operation"]}.intersection(operations):
                continue
            try:
                if wrong is None and not _matched(rule.constraint.match, subjects):
                    continue
            except MatchError as error:
                verdicts.append(rule.failed(str(error), said=True))
                continue
            if wrong is not None:
                verdicts.append(rule.failed(wrong))
                continue
            if not asked:
                wrong = self._told(review)
                asked = True
            verdicts.extend(self._answers(rule, review) if wrong is None else [rule.failed(wrong)])
        return verdicts

    def _told(self, review: Mapping[str, Any]) -> str | None:
        """Give the engine what it is asked about; or say why it does not take it."""
        try:
            self._machine.set_input(orjson.dumps({"review": review}))
        except (TypeError, RegoError) as error:  # a number beyond 64 bits, half of a character
            return f"the object cannot be given to the engine: {error}"
        return None

    def _answers(self, rule: _Rule, review: Mapping[str, Any]) -> list[Verdict]:
        try:
            return rule.verdicts(self._asked(rule, review) if rule.compiled.refused else self._here(rule))
        except RegoError as error:
            return [rule.failed(str(error))]

    def _here(self, rule: _Rule) -> Any:
        """What the violation set of a rule holds; in guarded calls where a built-in function fails."""
        try:
            return self._machine.ask(f"data.{_HOOKS}.c{rule.number}.answer")
        except RegoError:
            if rule.template not in self._guarded:
                self._guard(rule.template)
            return self._machine.ask(f"data.{_HOOKS}.c{rule.number}{_GUARDED}.answer")

    def _guard(self, template: int) -> None:
        """Add the guarded form of a template, and what asks it for each of its rules."""
        if not self._guarded:
            self._machine.add(guards.module().path, guards.module().text, v0=True)
        self._guarded.add(template)
        rules = [each for each in self._rules if each.template == template]
        name, compiled = load.guarded_name(template), rules[0].compiled
        for each in compiled.guarded or rewrite.modules(compiled.template, name, guarded=True):
            self._machine.add(each.path, each.text, v0=each.v0)
        for rule in rules:
            hook = _hook(rule, name, _GUARDED)
            self._machine.add(f"(guarded hook {rule.number}).rego", hook, v0=True)

    def _asked(self, rule: _Rule, review: Mapping[str, Any]) -> Any:
        if self._ask is None:
            raise RegoError(rule.compiled.refused)
        return self._ask(rule.compiled.template, {"review": review, "parameters": rule.constraint.parameters})


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    constraint: Constraint
    template: int
    compiled: Compiled
    action: str

    def failed(self, error: str, *, said: bool = False) -> Verdict:
        message = error if said else ""
        return Verdict(self.constraint.name, self.constraint.kind, message, None, self.action, error)

    def verdicts(self, said: Any) -> list[Verdict]:
        """The different messages of a violation set. What has no message is none, as in Gatekeeper.

        Raises:
            RegoError: a message is no text.
        """
        found: dict[tuple[str, bytes], Verdict] = {}
        for each in said:
            if not isinstance(each, dict) or "msg" not in each:
                continue
            message, details = each["msg"], each.get("details", {})
            if not isinstance(message, str):
                raise RegoError(f"{self.constraint.kind} has a msg that is {type(message).__name__}, expected a text")
            key = (message, orjson.dumps(details, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
            found[key] = Verdict(self.constraint.name, self.constraint.kind, message, details, self.action)
        return [found[key] for key in sorted(found)]


def _action(constraint: Constraint, point: str) -> str:
    """The strictest of the actions at a point."""
    actions = constraint.actions_at(point)
    return next((each for each in ACTIONS if each in actions), actions[0] if actions else "deny")


def _hook(rule: _Rule, template: str, form: str = "") -> str:
    return f"""package {_HOOKS}.c{rule.number}{form}

answer = {{found |
  data.{ROOT}.{template}.template.violation[found] with input.parameters as data.{_PARAMETERS}["{rule.number}"]
}}
"""


def _review(
    request: Mapping[str, Any], namespace: Mapping[str, Any] | None, inventory: Mapping[str, Any], point: str
) -> tuple[dict[str, Any], list[Subject], str | None]:
    """`input.review`, the objects that a match looks at, and what is wrong with the request, if anything.

    A DELETE is judged by the object that goes. The namespace is the one that the cluster names in the request, whatever
    the object says; gator knows of no cluster and goes by the object.
    """
    review = {name: request[name] if request.get(name) is not None else empty for name, empty in _ALWAYS.items()}
    review.update({name: request[name] for name in _SOMETIMES if request.get(name) not in (None, "", False)})
    if review["operation"] == "DELETE":
        review["object"] = review["oldObject"]
    name = text_of(review, "namespace")
    if namespace is None and name:
        namespace = inventories.namespace(inventory, name)
    review["namespaceObject"] = namespace or {}
    objects = [each for each in (review["object"], review["oldObject"]) if isinstance(each, dict)]
    wrong = None
    if not objects:
        wrong = _NO_OLD_OBJECT if review["operation"] == "DELETE" else _NO_OBJECT
    requested = "" if point == GATOR else name
    return review, [Subject.of(each, namespace, requested) for each in objects], wrong


def _matched(match: Match, subjects: Sequence[Subject]) -> bool:
    return match == _EVERYTHING or any(match.fits(each) for each in subjects)


def _exempted(subject: Subject, exempt: Sequence[str]) -> bool:
    name = subject.belongs_to if exempt else None
    return name is not None and any(globbed(each, name) for each in exempt)
