"""Gatekeeper's test suites (`kind: Suite` of test.gatekeeper.sh), read and run as `gator verify` does.

Each test runs in a worker that can be killed. Its template is compiled once, whatever number of cases it has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bylaw import workers
from bylaw.admission.gatekeeper import constraints as constraining
from bylaw.admission.gatekeeper import inventory as inventories
from bylaw.admission.gatekeeper import load, manifests, rewrite, templates
from bylaw.admission.gatekeeper.judge import GATOR, Constraints, Judge
from bylaw.admission.gatekeeper.load import Compiled
from bylaw.admission.gatekeeper.manifests import Manifest
from bylaw.admission.gatekeeper.results import CaseResult, SuiteResult, TestResult
from bylaw.admission.gatekeeper.schema import Kind
from bylaw.engine.rego import Machine, RegoError
from bylaw.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

GROUP = "test.gatekeeper.sh"
_DEADLINE = workers.Bounds(deadline=10.0, memory=1024)
_SETTING_UP = 0
"""The part of a test before its first case."""
_REQUEST = frozenset(
    (
        *("uid", "kind", "resource", "subResource", "requestKind", "requestResource", "requestSubResource", "name"),
        *("namespace", "operation", "userInfo", "object", "oldObject", "dryRun", "options"),
    )
)


class FailedError(Exception):
    """A case or a test did not come out as it should. The message is for a person."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """How many violations there have to be: a number, `yes` or `no`; with a message that a pattern fits."""

    violations: Any = "yes"
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An object, and what has to come of it."""

    name: str
    object: str
    inventory: tuple[str, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A template, a constraint, and cases for both."""

    __test__ = False  # nothing for pytest

    name: str
    template: str = ""
    constraint: str = ""
    expansion: str = ""
    cases: tuple[Case, ...] = ()
    invalid: bool = False
    """Whether the constraint must not fit the schema of its template."""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of tests."""

    path: Path
    shown: str
    tests: tuple[Test, ...]
    skip: bool = False


class Filter:
    """Which tests and cases run: `pattern`, or `pattern of tests//pattern of cases`, as with `gator verify --run`.

    Raises:
        UsageError: it is no such thing.
    """

    def __init__(self, said: str = "") -> None:
        parts = said.split("//")
        if len(parts) > 2:
            raise UsageError(f"--run {said}: at most one // is expected, between the tests and their cases")
        self._patterns = [Pattern(each) for each in parts] if said else []

    def takes(self, test: Test) -> bool:
        if not self._patterns:
            return True
        if self._patterns[0].fits(test.name):
            return True
        return len(self._patterns) == 1 and any(self.takes_case(test.name, each.name) for each in test.cases)

    def takes_case(self, test: str, case: str) -> bool:
        if not self._patterns:
            return True
        if len(self._patterns) == 1:
            return self._patterns[0].fits(case) or self._patterns[0].fits(test)
        return self._patterns[0].fits(test) and self._patterns[1].fits(case)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as Go has them: the engine of Rego looks for it, in time that does not explode.

    Raises:
        UsageError: it is none.
    """

    text: str

    def __post_init__(self) -> None:
        self.fits("")

    def fits(self, text: str) -> bool:
        machine = _matcher()
        machine.set_input(orjson.dumps([self.text, text]))
        try:
            return bool(machine.ask("data.matcher.fits"))
        except RegoError:
            raise UsageError(f"{self.text!r} is no regular expression") from None


@cache
def _matcher() -> Machine:
    machine = Machine()
    machine.add("(matcher).rego", "package matcher\nfits = regex.match(input[0], input[1])", v0=True)
    return machine


def find(path: str) -> list[Suite]:
    """The suites of a file, of a folder, or with `folder/...` of a folder and all below it.

    Raises:
        UsageError: there is no such file or folder.
        ConfigError: a suite cannot be read.
    """
    deep = path.endswith("/...") or path == "..."
    given = path[: -len("...")] if deep else path
    root = Path(given or ".")
    if not root.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    if root.is_dir():
        files = sorted(each for each in (root.rglob("*") if deep else root.iterdir()) if _is_yaml(each))
    elif deep:
        raise UsageError(f"{path}: {given.rstrip('/')} is a file; `...` goes through a folder")
    elif _is_yaml(root):
        files = [root]
    else:
        raise UsageError(f"{path}: expected a file that ends with {' or '.join(manifests.SUFFIXES)}")
    found = (_suite(each) for each in files)
    return [each for each in found if each is not None]


def _is_yaml(path: Path) -> bool:
    return path.suffix in manifests.SUFFIXES and path.is_file()


def _suite(path: Path) -> Suite | None:
    """The suite that a file is; None for a file that is none."""
    data = manifests.read_bytes(path, str(path))
    if GROUP.encode() not in data:
        return None
    value = next((value for value, _ in manifests.values(data, "gator", str(path))), None)
    if not isinstance(value, dict) or manifests.group_version(value)[0] != GROUP or value.get("kind") != "Suite":
        return None
    reader = _Reader(str(path))
    tests = tuple(reader.test(each) for each in reader.list(value, "tests"))
    return Suite(path, str(path), tests, reader.flag(value, "skip"))


class _Reader:
    """Reads the fields of a suite, and says what is wrong with one."""

    def __init__(self, path: str) -> None:
        self._path = path

    def test(self, value: Any) -> Test:
        value = self._mapping(value, "tests")
        cases = tuple(self._case(each) for each in self.list(value, "cases"))
        template, constraint, expansion = (self._text(value, each) for each in ("template", "constraint", "expansion"))
        invalid, skip = (self.flag(value, each) for each in ("invalid", "skip"))
        return Test(self._text(value, "name"), template, constraint, expansion, cases, invalid, skip)

    def _case(self, value: Any) -> Case:
        value = self._mapping(value, "cases")
        inventory = self.list(value, "inventory")
        if not all(isinstance(each, str) for each in inventory):
            self._refuse("inventory", "a list of files")
        assertions = tuple(self._assertion(each) for each in self.list(value, "assertions"))
        name, of = self._text(value, "name"), self._text(value, "object")
        return Case(name, of, tuple(inventory), assertions, self.flag(value, "skip"))

    def _assertion(self, value: Any) -> Assertion:
        value = self._mapping(value, "assertions")
        count = value.get("violations")
        if count is not None and (isinstance(count, bool) or not isinstance(count, int | str)):
            self._refuse("violations", "a number, yes or no")
        message = value.get("message")
        if message is not None and not isinstance(message, str):
            self._refuse("message", "a regular expression")
        return Assertion("yes" if count is None else count, message)

    def list(self, value: Mapping[str, Any], name: str) -> list[Any]:
        found = value.get(name)
        if found is not None and not isinstance(found, list):
            self._refuse(name, "a list")
        return found or []

    def flag(self, value: Mapping[str, Any], name: str) -> bool:
        found = value.get(name)
        if found is not None and not isinstance(found, bool):
            self._refuse(name, "true or false")
        return bool(found)

    def _text(self, value: Mapping[str, Any], name: str) -> str:
        found = value.get(name)
        if found is not None and not isinstance(found, str):
            self._refuse(name, "a text")
        return found or ""

    def _mapping(self, value: Any, name: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._refuse(name, "a list of mappings")
        return value  # type: ignore[no-any-return]  # a mapping, as was just seen

    def _refuse(self, name: str, expected: str) -> None:
        raise ConfigError(f"{self._path}: {name} is not as expected: {expected}")


def run(suites: Sequence[Suite], only: Filter | None = None, *, jobs: int | None = None) -> list[SuiteResult]:
    """Run suites, each test in a worker."""
    chosen = only or Filter()
    tasks = [
        [suite, test, {}]
        for suite, each in enumerate(suites)
        for test, one in enumerate(each.tests)
        if not (each.skip or one.skip) and chosen.takes(one)
    ]
    results: dict[tuple[int, int], TestResult] = {}

    def on_failure(task: Any, failure: workers.Failure) -> Iterable[Any]:
        suite, test, lost = task
        one = suites[suite].tests[test]
        if failure.part == _SETTING_UP:
            results[suite, test] = TestResult(one.name, error=failure.reason, lost=True)
            return []
        return [[suite, test, {**lost, str(failure.part - 1): failure.reason}]]

    handler = _Running(tuple(suites), chosen)
    most = jobs or workers.available()
    for suite, test, error, seconds, cases, lost in workers.run(
        handler, tasks, jobs=most, bounds=_DEADLINE, on_failure=on_failure
    ):
        one = suites[suite].tests[test]
        made = tuple(CaseResult(*each) for each in cases)
        results[suite, test] = TestResult(one.name, False, error, made, seconds, lost)
    return [
        SuiteResult(
            each.shown,
            tuple(results.get((suite, test), TestResult(one.name, skipped=True)) for test, one in enumerate(each.tests))
            if not each.skip
            else (),
        )
        for suite, each in enumerate(suites)
    ]


@dataclass(frozen=True, slots=True)
class _Running:
    """Opens the handler that runs tests; each case is a part of its own."""

    suites: tuple[Suite, ...]
    only: Filter

    def __call__(self) -> workers.Handler:
        def handle(task: Any, mark: Callable[[int], None]) -> Any:
            suite, test, lost = task
            return [suite, test, *_ran(self.suites[suite], self.suites[suite].tests[test], self.only, lost, mark)]

        return handle


def _ran(suite: Suite, test: Test, only: Filter, lost: Mapping[str, str], mark: Callable[[int], None]) -> list[Any]:
    mark(_SETTING_UP)
    started = time.perf_counter()
    folder = suite.path.parent
    cases: list[list[Any]] = []
    error = None
    try:
        judge = _judge(folder, test)
        if judge is not None:
            for number, case in enumerate(test.cases):
                mark(number + 1)
                cases.append(_ran_case(folder, test, case, judge, only, lost.get(str(number))))
    except (FailedError, ConfigError) as failed:
        error = str(failed)
    return [error, time.perf_counter() - started, cases, bool(lost)]


def _ran_case(folder: Path, test: Test, case: Case, judge: Judge, only: Filter, lost: str | None) -> list[Any]:
    if case.skip or not only.takes_case(test.name, case.name):
        return [case.name, True, None, 0.0]
    started = time.perf_counter()
    error = lost
    if lost is None:
        try:
            _check(folder, case, judge)
        except (FailedError, ConfigError, UsageError) as failed:
            error = str(failed)
    return [case.name, False, error, time.perf_counter() - started]


def _judge(folder: Path, test: Test) -> Judge | None:
    """What judges the cases of a test; None for one whose constraint must not fit, and does not."""
    if not test.template:
        raise FailedError("invalid Suite: missing template")
    file = folder / test.template
    compiled, kind = _template(str(file), manifests.read_bytes(file, str(file)))
    template = compiled.template
    if not test.constraint:
        raise FailedError("invalid Suite: missing constraint")
    file = folder / test.constraint
    manifest = _whole(str(file), manifests.read_bytes(file, str(file)))
    if manifest is None or not constraining.is_constraint(manifest):
        raise FailedError(f"{file}: not a Constraint")
    if manifest.kind.lower() != template.kind.lower():
        raise FailedError(f"{file}: {manifest.kind} is not what {test.template} defines, which is {template.kind}")
    try:
        constraint = constraining.read(manifest, kind)
    except constraining.SchemaError:
        if test.invalid:
            return None
        raise
    if test.invalid:
        raise FailedError("constraint should have failed schema validation")
    if test.expansion:
        raise FailedError(f"{test.expansion}: bylaw does not expand workloads into what they make (ExpansionTemplate)")
    return Judge(Constraints("", GATOR, (compiled,), (constraint,), {}), None, None)


@lru_cache(maxsize=16)
def _template(path: str, data: bytes) -> tuple[Compiled, Kind]:
    """A template, compiled, and the schema of its kind: once for all tests that have it one after the other."""
    manifest = _whole(path, data)
    if manifest is None or not templates.is_template(manifest):
        raise FailedError(f"{path}: not a ConstraintTemplate")
    template = templates.read(manifest)
    return Compiled(template, rewrite.modules(template, load.name(0))), Kind(template)


def _whole(path: str, data: bytes) -> Manifest | None:
    """The first document of a file."""
    for value, line in manifests.values(data, "gator", path):
        return Manifest(value, path, line, data) if isinstance(value, dict) else None
    return None


def _objects(path: Path) -> list[Manifest]:
    """The objects of a file as gator takes it apart: at `---`, without empty lines and comments, even in texts."""
    text = manifests.read_bytes(path, str(path)).decode("utf-8", "replace")
    found = []
    for part in text.split("\n---"):
        lines = [line for line in part.split("\n") if line.strip() and not line.strip().startswith("#")]
        data = "".join(f"{line}\n" for line in lines).encode()
        if not data:
            continue
        value = next((value for value, _ in manifests.values(data, "gator", str(path))), None)
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str) or not value["kind"]:
            raise FailedError(f"{path}: holds something that is no Kubernetes object: it has no kind")
        found.append(Manifest(value, str(path), 1, data))
    if not found:
        raise FailedError(f"missing objects: {path} defines no YAML objects")
    return found


def _check(folder: Path, case: Case, judge: Judge) -> None:
    """Judge the object of a case, and hold the outcome against what is asserted."""
    if not case.object:
        raise FailedError("invalid Case: must define object")
    if not case.assertions:
        raise FailedError("invalid Case: assertions must be non-empty")
    objects = _objects(folder / case.object)
    if len(objects) != 1:
        raise FailedError(
            f"object file must contain exactly one object: {folder / case.object} defines {len(objects)} objects"
        )
    synced = [each for path in case.inventory for each in _objects(folder / path)]
    judge.use(inventories.build(synced, last_wins=True))
    verdicts = judge.judge(_request(objects[0]))
    for each in verdicts:
        if each.error is not None and not each.message:
            raise FailedError(f"cannot be judged: {each.error}")
    messages = [each.message for each in verdicts]
    for assertion in case.assertions:
        _assert(assertion, messages)


def _request(manifest: Manifest) -> Mapping[str, Any]:
    """What is asked about an object; what an AdmissionReview asks, where it is one."""
    value = manifest.value
    if manifest.kind == "AdmissionReview" and manifest.group == "admission.k8s.io":
        request = value.get("request")
        if not isinstance(request, dict):
            raise FailedError("missing an AdmissionRequest object: there is no request")
        unknown = sorted(request.keys() - _REQUEST)
        if unknown:
            raise FailedError(f"not a valid AdmissionReview object: unknown field {', '.join(unknown)} in request")
        there = [request[each] for each in ("object", "oldObject") if request.get(each) is not None]
        if not there:
            raise FailedError("no object or oldObject found to review")
        if not all(isinstance(each, dict) and each.get("kind") for each in there):
            raise FailedError("object or oldObject cannot be unmarshalled: it has no kind")
        if request.get("operation") == "DELETE" and request.get("oldObject") is None:
            raise FailedError("oldObject cannot be nil for DELETE operations")
        return request
    return {
        "kind": {"group": manifest.group, "version": manifest.version, "kind": manifest.kind},
        "object": value,
        "name": manifest.name,
        "namespace": manifest.namespace,
    }


def _assert(assertion: Assertion, messages: Sequence[str]) -> None:
    containing = ""
    count = len(messages)
    if assertion.message is not None:
        pattern = Pattern(assertion.message)
        count = sum(pattern.fits(each) for each in messages)
        containing = f' containing "{assertion.message}"'
    wanted = assertion.violations
    if wanted == "yes":
        fits, said = count > 0, "at least 1"
    elif wanted == "no":
        fits, said = count == 0, "none"
    elif isinstance(wanted, int) and wanted >= 0:
        fits, said = count == wanted, f"exactly {wanted}"
    else:
        raise FailedError('assertion.violation, if set, must be a nonnegative integer, "yes", or "no"')
    if not fits:
        raise FailedError(
            f"unexpected number of violations: got {count} violations{containing} but want {said}: "
            f"got messages [{' '.join(messages)}]"
        )
