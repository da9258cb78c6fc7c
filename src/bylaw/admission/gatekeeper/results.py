"""What came of test suites, and how it is told: as `gator verify` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: nothing is wrong without an error."""

    name: str
    skipped: bool = False
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of a test."""

    __test__ = False  # nothing for pytest

    name: str
    skipped: bool = False
    error: str | None = None
    cases: tuple[CaseResult, ...] = ()
    seconds: float = 0.0
    lost: bool = False
    """Whether a worker was lost over it."""

    @property
    def failed(self) -> bool:
        return self.error is not None or any(each.error is not None for each in self.cases)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What came of a suite."""

    path: str
    tests: tuple[TestResult, ...] = ()

    @property
    def failed(self) -> bool:
        return any(each.failed for each in self.tests)

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.tests)


def as_text(results: Iterable[SuiteResult], *, verbose: bool) -> str:
    """The results as `gator verify` prints them."""
    return "".join(f"{line}\n" for line in _lines(list(results), verbose))


def _lines(results: Sequence[SuiteResult], verbose: bool) -> Iterator[str]:
    for suite in results:
        for test in suite.tests:
            yield from _of_test(test, verbose)
        yield f"{'FAIL' if suite.failed else 'ok'}\t{suite.path}\t{suite.seconds:.3f}s"
    yield "FAIL" if any(each.failed for each in results) else "PASS"


def _of_test(test: TestResult, verbose: bool) -> Iterator[str]:
    if verbose and test.skipped:
        yield f"=== SKIP  {test.name}"
        return
    if verbose:
        yield f"=== RUN   {test.name}"
    for case in test.cases:
        if verbose and case.skipped:
            yield f"    === SKIP  {case.name}"
            continue
        if verbose:
            yield f"    === RUN   {case.name}"
        if case.error is not None:
            yield f"    --- FAIL: {case.name}\t({case.seconds:.3f}s)"
            yield f"        {case.error}"
        elif verbose:
            yield f"    --- PASS: {case.name}\t({case.seconds:.3f}s)"
    if test.failed:
        yield f"--- FAIL: {test.name}\t({test.seconds:.3f}s)"
        if test.error is not None:
            yield f"  {test.error}"
    elif verbose:
        yield f"--- PASS: {test.name}\t({test.seconds:.3f}s)"
