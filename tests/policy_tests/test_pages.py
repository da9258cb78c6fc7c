from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.config import PolicySettings, Settings
from bylaw.policy_tests import pages
from bylaw.rules import load
from tests.command import run, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
# METADATA
# title: Summary is missing
# description: Nobody knows what it is.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, API], spec.lifecycle: production}
#   remediation: Write one.
#   parameters:
#     words: {description: How many at least., type: integer, default: 3}
#     names: {description: Where it may stand., type: array, default: [a|b, c]}
#     others: {type: array, default: []}
package bylaw.docs.summary_missing

import rego.v1

findings contains {"pointer": "/metadata", "message": "no summary"} if input.metadata.name == "a"
"""
PAGE = """\
# docs/summary-missing

Summary is missing.

Nobody knows what it is.

**What to do.** Write one.

| | |
|---|---|
| severity | warning |
| judges | Component, API where spec.lifecycle is production |
| looks at | the entity alone |
| written in | Rego, `PATH` |

## Parameters

| name | default | |
|---|---|---|
| `words` | `3` | How many at least. |
| `names` | `a\\|b`, `c` | Where it may stand. |
| `others` | none |  |

They are set in `bylaw.yaml`:

```yaml
parameters:
  docs/summary-missing:
    words: 3
    names: ["a|b", "c"]
    others: []
```

## Example

```yaml
kind: Component
metadata: {name: a}
```

> fail: no summary
"""
FIXTURE = {
    "catalog.yaml": "# OK\nkind: Component\nmetadata: {name: b}\n---\n"
    "# NOT OK: a\nkind: Component\nmetadata: {name: a}\n",
    "expected.yaml": "findings: [{entity: component:default/a, pointer: /metadata, message: no summary}]\n",
}


def test_a_page_says_what_the_metadata_and_the_fixtures_say(tmp_path: Path) -> None:
    rule = tmp_path / "policies/summary.rego"
    write(tmp_path, {"policies/summary.rego": RULE})
    write(tmp_path / "fixtures/docs/summary-missing", FIXTURE)
    policies = load(Settings(policies=PolicySettings((str(rule),), bundled=False)))
    assert pages.render(policies, tmp_path / "fixtures") == {
        "README.md": "# Rules\n\n"
        "| rule | severity | written in | fails when |\n|---|---|---|---|\n"
        "| [docs/summary-missing](docs/summary-missing.md) | warning | Rego | Summary is missing |\n",
        "docs/summary-missing.md": PAGE.replace("PATH", str(rule)),
    }


def test_pages_of_a_users_own_rules_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    write(tmp_path, {"policies/summary.rego": RULE, "bylaw.yaml": "policies: {bundled: false, paths: [policies]}\n"})
    write(tmp_path / "fixtures/rules/docs/summary-missing", FIXTURE)
    done = run("rules", "--pages", "site/rules", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "wrote 1 page to site/rules\n", "")
    text = (tmp_path / "site/rules/docs/summary-missing.md").read_text()
    assert text == PAGE.replace("PATH", "policies/summary.rego")


def test_the_pages_on_the_rules_are_as_the_rules_are() -> None:
    """`make docs` writes them anew."""
    stale = list(pages.stale(ROOT / "docs/rules", pages.render(load(Settings()), ROOT / "fixtures/rules")))
    assert stale == []
