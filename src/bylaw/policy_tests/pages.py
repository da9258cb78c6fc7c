"""A page on each rule, from its metadata and its fixtures: what is written once is not written again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bylaw.catalog import address
from bylaw.documents import load
from bylaw.policy_tests import expected
from bylaw.policy_tests.layout import AFTER, BEFORE, CATALOG, EXPECTED, FIXTURES
from bylaw.policy_tests.marks import documents
from bylaw.rules import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bylaw.rules import Policies, Rule

INDEX = "README.md"
_LONGEST = 40  # lines of an entity that are worth showing


def render(policies: Policies, fixtures: Path = FIXTURES) -> dict[str, str]:
    """The text of each page by its path (``ownership/owner-unknown.md``), and of a table of them all.

    An example is the first finding of a rule's fixtures, where there are any.
    """
    pages = {f"{rule.id}.md": _page(rule, fixtures / rule.id) for rule in policies.rules}
    return {INDEX: f"# Rules\n\n{table(policies.rules)}", **pages}


def table(rules: Sequence[Rule], pages: str = "") -> str:
    """A Markdown table of rules, their names linked to their pages in the folder ``pages``."""
    rows = (
        f"| [{each.id}]({pages}{each.id}.md) | {each.severity} | {words.language(each)} | {each.title} |"
        for each in rules
    )
    return "\n".join(["| rule | severity | written in | fails when |", "|---|---|---|---|", *rows, ""])


def _page(rule: Rule, fixtures: Path) -> str:
    return "\n".join([*_head(rule), *_parameters(rule), *_example(fixtures)])


def _head(rule: Rule) -> Iterator[str]:
    yield from (f"# {rule.id}", "", f"{rule.title}.", "", rule.description, "")
    yield from ("**What to do.** " + rule.remediation, "")
    yield from ("| | |", "|---|---|")
    yield f"| severity | {rule.severity} |"
    yield f"| judges | {words.judges(rule)} |"
    yield f"| looks at | {words.looks_at(rule)} |"
    yield f"| written in | {words.language(rule)}, `{rule.shown_source}` |"
    yield ""


def _parameters(rule: Rule) -> Iterator[str]:
    if not rule.parameters:
        return
    yield from ("## Parameters", "", "| name | default | |", "|---|---|---|")
    for name, schema in rule.parameters.items():
        yield f"| `{name}` | {_plain(schema.get('default'))} | {schema.get('description', '')} |"
    yield from ("", "They are set in `bylaw.yaml`:", "", "```yaml", "parameters:", f"  {rule.id}:")
    for name, schema in rule.parameters.items():
        yield f"    {name}: {json.dumps(schema.get('default'), ensure_ascii=False)}"
    yield from ("```", "")


def _example(fixtures: Path) -> Iterator[str]:
    """An entity of the fixtures with what the rule says of it."""
    for case in sorted(each.parent for each in fixtures.rglob(EXPECTED)):
        wanted = expected.read(case / EXPECTED)
        for said in wanted.findings:
            for state in (AFTER, BEFORE, "."):
                text = _entity(case / state / CATALOG, said["entity"])
                if text and len(text) <= _LONGEST:
                    yield from ("## Example", "", "```yaml", *text, "```", "")
                    yield from (f"> {said['outcome']}: {said['message']}", "")
                    return


def _entity(path: Path, key: str | None) -> list[str]:
    """The lines of an entity in a file, without its marks; nothing if it is not there."""
    if key is None or not path.is_file():
        return []
    data = path.read_bytes()
    for each in load(data):
        if str(address(each.value)) == key:
            lines = documents(data.decode("utf-8", "replace"))
            return [line for line in lines[each.index] if not line.startswith(("---", "# OK", "# NOT OK"))]
    return []


def _plain(value: Any) -> str:
    """A default in a table: a list without its brackets, nothing as such."""
    if isinstance(value, list | dict) and not value:
        return "none"
    if isinstance(value, list):
        return ", ".join(f"`{_flat(each)}`" for each in value)
    return f"`{_flat(value)}`"


def _flat(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|")


def stale(folder: Path, pages: dict[str, str]) -> Iterable[str]:
    """The pages in a folder that are not as they should be, those of no rule included."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
    for path in sorted(there | pages.keys()):
        if path not in there or path not in pages or (folder / path).read_text(encoding="utf-8") != pages[path]:
            yield path
