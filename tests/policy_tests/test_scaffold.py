from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from bylaw.config import Settings
from bylaw.errors import ConfigError, UsageError
from bylaw.model import Severity
from bylaw.policy_tests import layout, scaffold
from bylaw.rules import Policies, Reads, Rule, bundled_policies, load

POLICIES, FIXTURES = Path("policies"), Path("fixtures/rules")


def new(
    rule_id: str = "docs/summary-missing",
    title: str | None = None,
    severity: Severity = Severity.WARNING,
    reads: Reads = "entity",
    language: Literal["rego", "python"] = "rego",
) -> Rule:
    return scaffold.rule(rule_id, title=title, severity=severity, reads=reads, language=language)


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policies:
    """The rules that come with bylaw; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    return load(Settings())


def test_a_rego_rule_has_its_file_its_test_and_its_fixture(known: Policies) -> None:
    assert scaffold.write(new(), POLICIES, FIXTURES, known) == [
        Path("policies/docs/summary_missing/summary_missing.rego"),
        Path("policies/docs/summary_missing/summary_missing_test.rego"),
        Path("fixtures/rules/docs/summary-missing/catalog.yaml"),
        Path("fixtures/rules/docs/summary-missing/expected.yaml"),
    ]


def test_a_python_rule_has_its_file_and_its_fixture(known: Policies) -> None:
    assert scaffold.write(new(language="python"), POLICIES, FIXTURES, known) == [
        Path("policies/docs/summary_missing/summary_missing.py"),
        Path("fixtures/rules/docs/summary-missing/catalog.yaml"),
        Path("fixtures/rules/docs/summary-missing/expected.yaml"),
    ]


@pytest.mark.parametrize("language", ["rego", "python"])
@pytest.mark.parametrize(
    "title", [None, "Plain words, (really)", 'It: is "odd" # - {} $title %s', "Ä 'quoted' — título"]
)
@pytest.mark.parametrize(("severity", "reads"), [("error", "entity"), ("info", "relations"), ("warning", "graph")])
def test_what_was_asked_for_is_what_is_loaded(
    known: Policies, language: Any, title: str | None, severity: str, reads: Any
) -> None:
    asked = new("my-docs/no-summary", title, Severity(severity), reads, language)
    scaffold.write(asked, POLICIES, FIXTURES, known)
    found = load(layout.loading(Settings(), [POLICIES])).find("my-docs/no-summary")
    assert (found.id, found.title, found.severity, found.reads, found.applies_to, found.language) == (
        "my-docs/no-summary",
        title or "No summary",
        severity,
        reads,
        {"kind": ("Component",)},
        language,
    )


@pytest.mark.parametrize("rule_id", ["Docs/summary", "docs", "docs/a/b", "docs/two_words", "docs/", "../x", "docs/-a"])
def test_an_id_of_another_form_is_refused_with_the_form_expected(rule_id: str) -> None:
    with pytest.raises(ConfigError) as error:
        new(rule_id, title="t")
    assert str(error.value) == f"{rule_id}: rule id '{rule_id}', expected category/problem-in-kebab-case"


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [
        ("docs/to-test", "docs/to-test: a name that ends in -test would look like the test of another rule"),
        (
            "lib/words",
            "lib/words: the category lib is for what rules import (data.bylaw.lib); choose another",
        ),
        ("docs/default", "docs/default: default is a word of Rego and cannot be part of a package; choose another"),
        ("import/x", "import/x: import is a word of Rego and cannot be part of a package; choose another"),
    ],
)
def test_an_id_that_cannot_be_a_package_is_refused(rule_id: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        new(rule_id)
    assert str(error.value) == message


@pytest.mark.parametrize("title", ["two\nlines", "x" * 101, "bell \a"])
def test_a_title_that_does_not_fit_on_a_line_is_refused(title: str) -> None:
    with pytest.raises(UsageError) as error:
        new(title=title)
    assert str(error.value) == f"--title {title[:40]!r}: expected one line of at most 100 characters"


def test_the_last_part_of_an_id_is_taken_once(known: Policies) -> None:
    with pytest.raises(UsageError) as error:
        scaffold.write(new("cost/owner-unknown"), POLICIES, FIXTURES, known)
    assert str(error.value) == (
        "cost/owner-unknown: the last part of an id is unique, and ownership/owner-unknown "
        "(policies/ownership/owner_unknown/owner_unknown.rego) has this one; choose another"
    )
    assert list(Path().iterdir()) == []


def test_a_rule_that_is_there_is_named(known: Policies) -> None:
    with pytest.raises(UsageError) as error:
        scaffold.write(new("ownership/owner-unknown"), POLICIES, FIXTURES, known)
    assert str(error.value) == (
        "ownership/owner-unknown: there is such a rule already, policies/ownership/owner_unknown/owner_unknown.rego"
    )


def test_nothing_is_overwritten_and_nothing_else_written_then(known: Policies) -> None:
    there = FIXTURES / "docs/summary-missing/expected.yaml"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    with pytest.raises(UsageError) as error:
        scaffold.write(new(), POLICIES, FIXTURES, known)
    assert (
        str(error.value) == "fixtures/rules/docs/summary-missing/expected.yaml: is there already; nothing was written"
    )
    assert there.read_text() == "mine"
    assert not POLICIES.exists()


def test_a_link_that_leads_nowhere_is_something_too(known: Policies) -> None:
    there = FIXTURES / "docs/summary-missing/expected.yaml"
    there.parent.mkdir(parents=True)
    there.symlink_to("outside")
    with pytest.raises(UsageError, match="is there already"):
        scaffold.write(new(), POLICIES, FIXTURES, known)


def test_a_folder_that_cannot_be_made_is_told(known: Policies) -> None:
    POLICIES.write_text("a file")
    with pytest.raises(UsageError) as error:
        scaffold.write(new(), POLICIES, FIXTURES, known)
    assert str(error.value) == "policies/docs/summary_missing/summary_missing.rego: cannot be written (Not a directory)"


def test_rules_of_bylaws_own_in_python_stand_elsewhere(known: Policies) -> None:
    with pytest.raises(UsageError) as error:
        scaffold.write(new(language="python"), bundled_policies(), FIXTURES, known)
    assert str(error.value) == (
        f"{bundled_policies()}: holds the Rego that comes with bylaw; name another folder with --policies"
    )
