"""Where the findings of a change stand: in the files as they were, or as they are proposed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw.catalog import address
from bylaw.sources import files, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bylaw.config import CatalogSettings
    from bylaw.model import Finding
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.proposed import Proposed


def place(
    findings: Sequence[Finding],
    change: Proposed,
    settings: CatalogSettings,
    is_earlier: Callable[[Finding], bool],
    jobs: int | None = None,
) -> locate.Placed:
    """Give each finding its line and column, in the state before the change where it ``is_earlier``."""
    earlier = [each for each in findings if is_earlier(each)]
    later = [each for each in findings if not is_earlier(each)]
    found = [
        locate.place(_numbered(some, checkout, settings, jobs), checkout, settings.limits, jobs=jobs)
        for some, checkout in ((earlier, change.before), (later, change.after))
    ]
    return locate.Placed([each for one in found for each in one.findings], {**found[0].lines, **found[1].lines})


def _numbered(
    findings: Sequence[Finding], checkout: Checkout, settings: CatalogSettings, jobs: int | None
) -> list[Finding]:
    """The findings with the documents as they stand in their files: a server only knows the file."""
    told = {each.document.path for each in findings if each.document and each.document.url}
    if not (paths := sorted(path for path in told if path)):
        return list(findings)
    read = files.only(paths, settings, checkout, jobs=jobs).documents
    known = {(each.path, str(address(each.data) or "")): each for each in reversed(read)}

    def numbered(finding: Finding) -> Finding:
        document = finding.document
        if document is None or not document.url:
            return finding
        return replace(finding, document=known.get((document.path, finding.entity or ""), document))

    return list(map(numbered, findings))
