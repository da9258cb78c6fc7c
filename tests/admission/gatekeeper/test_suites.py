"""Gatekeeper's suites, run as `gator verify` runs them; `tests/real/test_gator.py` compares with gator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bylaw import workers
from bylaw.admission.gatekeeper import suites
from bylaw.admission.gatekeeper.suites import Filter
from bylaw.errors import ConfigError, UsageError
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.admission.gatekeeper.results import SuiteResult

FIXTURES = ROOT / "fixtures" / "gatekeeper"
TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: kind}
spec:
  crd: {spec: {names: {kind: Kind}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package kind

        violation[{"msg": msg}] { msg := input.review.object.say }
        violation[{"msg": "done"}] {
          input.review.object.loop
          many := numbers.range(1, 3000)
          many[a] + many[b] + many[c] == 0
        }
"""
CONSTRAINT = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Kind\nmetadata: {name: rule}\n"
SUITE = "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests:\n"
TEST = "  - {name: %s, template: template.yaml, constraint: constraint.yaml%s}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "constraint.yaml").write_text(CONSTRAINT)
    (tmp_path / "object.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata: {name: a}\nsay: hello\n")
    return tmp_path


def run(folder: Path, tests: str, only: str = "") -> SuiteResult:
    (folder / "suite.yaml").write_text(SUITE + tests)
    (result,) = suites.run(suites.find(str(folder)), Filter(only), jobs=1)
    return result


def case(name: str, assertions: str, more: str = "") -> str:
    return f"{{name: {name}, object: object.yaml, assertions: [{assertions}]{more}}}"


def cases(*those: str) -> str:
    return f", cases: [{', '.join(those)}]"


def errors(result: SuiteResult) -> list[str | None]:
    return [each.error for test in result.tests for each in test.cases]


@pytest.mark.parametrize("name", sorted(each.name for each in FIXTURES.iterdir()))
def test_every_suite_of_ours_passes(name: str) -> None:
    (result,) = suites.run(suites.find(str(FIXTURES / name)))

    said = [
        (test.name, test.error, [(each.name, each.error) for each in test.cases if each.error]) for test in result.tests
    ]
    assert [each for each in said if each[1] or each[2]] == []
    assert sum(not each.skipped for test in result.tests for each in test.cases) >= 3


def test_the_matrix_of_matches_has_a_case_for_each_kind_of_match() -> None:
    (suite,) = suites.find(str(FIXTURES / "match"))

    assert sum(len(each.cases) for each in suite.tests) > 150


@pytest.mark.parametrize(
    ("assertion", "error"),
    [
        ("{}", None),
        ("{violations: yes}", None),
        ("{violations: 1}", None),
        ("{violations: 1, message: ^hel+o$}", None),
        ("{violations: no, message: bye}", None),
        ("{violations: 0, message: bye}", None),
        ("{violations: no}", "unexpected number of violations: got 1 violations but want none: got messages [hello]"),
        (
            "{violations: 2}",
            "unexpected number of violations: got 1 violations but want exactly 2: got messages [hello]",
        ),
        (
            "{message: bye}",
            'unexpected number of violations: got 0 violations containing "bye" but want at least 1: '
            "got messages [hello]",
        ),
        ("{violations: -1}", 'assertion.violation, if set, must be a nonnegative integer, "yes", or "no"'),
        ("{violations: some}", 'assertion.violation, if set, must be a nonnegative integer, "yes", or "no"'),
        ("{message: '('}", "'(' is no regular expression"),
    ],
)
def test_an_assertion_says_how_many_and_with_which_message(folder: Path, assertion: str, error: str | None) -> None:
    assert errors(run(folder, TEST % ("t", cases(case("c", assertion))))) == [error]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "missing objects: {0}/object.yaml defines no YAML objects"),
        ("# only a comment\n---\n", "missing objects: {0}/object.yaml defines no YAML objects"),
        (
            "kind: A\napiVersion: v1\n---\nkind: B\napiVersion: v1\n",
            "object file must contain exactly one object: {0}/object.yaml defines 2 objects",
        ),
        ("a: 1\n", "{0}/object.yaml: holds something that is no Kubernetes object: it has no kind"),
        ("kind: [", "{0}/object.yaml:2:1: expected a value"),
        (
            "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\n",
            "missing an AdmissionRequest object: there is no request",
        ),
        (
            "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\nrequest: {colour: red}\n",
            "not a valid AdmissionReview object: unknown field colour in request",
        ),
        (
            "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\nrequest: {operation: CREATE}\n",
            "no object or oldObject found to review",
        ),
        (
            "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\nrequest: {operation: DELETE, object: {kind: A}}\n",
            "oldObject cannot be nil for DELETE operations",
        ),
    ],
)
def test_an_object_that_is_none_fails_its_case(folder: Path, text: str, error: str) -> None:
    (folder / "object.yaml").write_text(text)

    assert errors(run(folder, TEST % ("t", cases(case("c", "{}"))))) == [error.format(folder)]


@pytest.mark.parametrize(
    ("test", "error"),
    [
        ("  - {name: t, constraint: constraint.yaml}\n", "invalid Suite: missing template"),
        ("  - {name: t, template: template.yaml}\n", "invalid Suite: missing constraint"),
        ("  - {name: t, template: constraint.yaml}\n", "{0}/constraint.yaml: not a ConstraintTemplate"),
        ("  - {name: t, template: gone.yaml}\n", "{0}/gone.yaml: cannot be read (No such file or directory)"),
        (TEST % ("t", ", invalid: true"), "constraint should have failed schema validation"),
        (
            TEST % ("t", ", expansion: expansion.yaml"),
            "expansion.yaml: bylaw does not expand workloads into what they make (ExpansionTemplate)",
        ),
    ],
)
def test_a_test_that_cannot_be_set_up_fails(folder: Path, test: str, error: str) -> None:
    (result,) = run(folder, test).tests

    assert result.error == error.format(folder)
    assert result.failed


def test_an_endless_case_is_ended_and_the_others_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "_DEADLINE", workers.Bounds(deadline=0.5, memory=1024))
    (folder / "loop.yaml").write_text("kind: Pod\napiVersion: v1\nloop: true\n")
    loop = "{name: loop, object: loop.yaml, assertions: [{}]}"

    result = run(folder, TEST % ("t", cases(case("a", "{}"), loop, case("b", "{}"))))

    assert errors(result) == [None, "no answer within 0.5 s", None]
    assert result.tests[0].lost


@pytest.mark.parametrize(
    ("only", "ran"),
    [
        ("", ["one/red", "one/blue", "two/red"]),
        ("one", ["one/red", "one/blue"]),
        ("red", ["one/red", "two/red"]),
        ("^two$//", ["two/red"]),
        ("//blue", ["one/blue"]),
        ("o//^r", ["one/red", "two/red"]),
        ("none", []),
    ],
)
def test_what_runs_is_what_fits(folder: Path, only: str, ran: list[str]) -> None:
    tests = TEST % ("one", cases(case("red", "{}"), case("blue", "{}"))) + TEST % ("two", cases(case("red", "{}")))

    result = run(folder, tests, only)

    assert [f"{test.name}/{each.name}" for test in result.tests for each in test.cases if not each.skipped] == ran


@pytest.mark.parametrize(("only", "said"), [("a//b//c", "at most one //"), ("(", "'(' is no regular expression")])
def test_a_filter_that_is_none_is_wrong_usage(only: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        Filter(only)


def test_what_is_skipped_is_not_run(folder: Path) -> None:
    tests = TEST % ("t", cases(case("c", "{violations: 7}", ", skip: true"))) + TEST % ("gone", ", skip: true")

    result = run(folder, tests)

    assert not result.failed
    assert [(each.name, each.skipped) for each in result.tests] == [("t", False), ("gone", True)]


def test_three_dots_look_into_folders_and_a_folder_alone_does_not(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "suite.yml").write_text(SUITE)
    (folder / "suite.yaml").write_text(SUITE)

    assert [each.shown for each in suites.find(str(folder))] == [f"{folder}/suite.yaml"]
    assert [each.shown for each in suites.find(f"{folder}/...")] == [f"{folder}/deep/suite.yml", f"{folder}/suite.yaml"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("gone", "gone: there is no such file or folder"),
        ("template.yaml/...", "template.yaml is a file; `...` goes through a folder"),
        ("text.txt", "expected a file that ends with .yaml or .yml"),
    ],
)
def test_a_path_that_leads_to_no_suites_is_wrong_usage(folder: Path, path: str, said: str) -> None:
    (folder / "text.txt").write_text("")

    with pytest.raises(UsageError) as refused:
        suites.find(str(folder / path))

    assert str(refused.value).endswith(said)


@pytest.mark.parametrize(
    "text", ["tests: 7", "tests: [7]", "tests: [{name: 7}]", "tests: [{cases: [{inventory: [7]}]}]"]
)
def test_a_suite_of_another_shape_is_refused(folder: Path, text: str) -> None:
    (folder / "suite.yaml").write_text(f"kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\n{text}\n")

    with pytest.raises(ConfigError, match=r"suite\.yaml: \w+ is not as expected: "):
        suites.find(str(folder))
