"""Kubernetes YAML, as kubectl and gator read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bylaw.admission.gatekeeper import manifests
from bylaw.admission.gatekeeper.manifests import Dialect, ManifestError

if TYPE_CHECKING:
    from pathlib import Path


def one(text: str, dialect: Dialect) -> Any:
    """The value of the one document of a text."""
    ((value, _),) = manifests.values(text.encode(), dialect, "f.yaml")
    return value


@pytest.mark.parametrize(
    ("text", "kubectl", "gator"),
    [
        ("yes", True, "yes"),
        ("Off", False, "Off"),
        ("y", True, "y"),
        ("true", True, True),
        ("'yes'", "yes", "yes"),
        ("~", None, None),
        ("0644", 420, 420),
        ("0o644", 420, 420),
        ("08", 8, 8),
        ("0x1F", 31, 31),
        ("1_000", 1000, 1000),
        ("1e3", 1000, 1000),
        ("1.50", 1.5, 1.5),
        (".5", 0.5, 0.5),
        ("1.2.3", "1.2.3", "1.2.3"),
        ("18446744073709551615", 18446744073709551615, 18446744073709551615),
        ("2020-01-02", "2020-01-02", "2020-01-02T00:00:00Z"),
        ("2020-1-2T03:04:05.60Z", "2020-1-2T03:04:05.60Z", "2020-01-02T03:04:05.6Z"),
        ("2020-13-02", "2020-13-02", "2020-13-02"),
        ("!!str 7", "7", "7"),
        ("{y: 1, 2: a}", {"true": 1, "2": "a"}, None),
        (
            "{a: &x {b: 1}, c: {<<: *x, d: 2}}",
            {"a": {"b": 1}, "c": {"b": 1, "d": 2}},
            {"a": {"b": 1}, "c": {"b": 1, "d": 2}},
        ),
        ("{<<: [{a: 1}, {a: 2, b: 3}], b: 4}", {"a": 1, "b": 4}, {"a": 1, "b": 4}),
    ],
)
def test_a_scalar_means_what_the_tool_makes_of_it(text: str, kubectl: Any, gator: Any) -> None:
    assert one(text, "kubectl") == kubectl
    if gator is not None:
        assert one(text, "gator") == gator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "f.yaml:2:1: expected a value"),
        ("a: 1\na: 2", 'f.yaml:2:1: duplicate key "a"'),
        ("a: .nan", "f.yaml:1:4: .nan is no number of JSON"),
        ("<<: 1", "f.yaml:1:5: `<<` merges mappings; this is none"),
        ("? [1]\n: 2", "f.yaml:1:3: a mapping or list as a key"),
        ("[" * 200, "f.yaml:1:101: more than 100 collections in one another"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as refused:
        one(text, "kubectl")

    assert str(refused.value).startswith(said)


def test_the_objects_of_a_file_know_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("# first\nkind: A\napiVersion: g/v1\n---\n---\nkind: B\nmetadata: {name: b, namespace: ns}\n")

    found = manifests.read(file, "f.yaml")

    assert [(each.kind, each.group, each.version, each.line, each.index) for each in found] == [
        ("A", "g", "v1", 2, 0),
        ("B", "", "", 6, 2),
    ]
    assert (found[1].name, found[1].namespace) == ("b", "ns")


def test_a_document_that_is_no_object_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("- a\n")

    with pytest.raises(ManifestError, match=r"^f\.yaml:1: expected a Kubernetes object, found a list$"):
        manifests.read(file, "f.yaml")
