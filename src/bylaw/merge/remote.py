"""``bylaw gate --server``: the change is read here and judged there, over the server's catalog and by the server's law.

What is sent are documents as they were read, so the server parses no file and looks for none. What comes back is the
report, to which the places in the files are added here.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from bylaw import catalog as catalogs
from bylaw.errors import UndecidedError, UsageError
from bylaw.merge import laws, placing, wire
from bylaw.merge.gate import proposal
from bylaw.model import Status
from bylaw.sources import files, places, surroundings, touched
from bylaw.sources.snapshot import documents as coding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bylaw.config import CatalogSettings, RemoteSetting
    from bylaw.merge.gate import Asked
    from bylaw.model import Document, Finding, Report
    from bylaw.sources.checkout import Checkout
    from bylaw.sources.proposed import Proposed

ROUTE = "/v1/changes"


def gate_at(
    server: RemoteSetting,
    asked: Asked,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Report:
    """Have a change judged by a server.

    Raises:
        UsageError: there is no such change, or something was asked for that is the server's to say.
        ConfigError: the settings of the base, by which catalog files are found, cannot be used.
        UndecidedError: the server cannot be had, does not let this caller in, or does not decide.
    """
    environment = os.environ if environment is None else environment
    if asked.policies or asked.as_proposed or asked.changed:
        name = "--policies" if asked.policies else "--as-proposed" if asked.as_proposed else "--changed"
        raise UsageError(f"{name}: with --server, a change of this checkout is judged by the server's own law")
    change = proposal(asked, environment)
    with TemporaryDirectory(prefix="bylaw-", ignore_cleanup_errors=True) as made:
        settings = laws.held(change, asked.config, False, Path(os.path.realpath(made)) / "base").settings.catalog
    some = touched.by(change, settings, jobs=asked.jobs)
    read = partial(_documents, settings=settings, jobs=asked.jobs, progress=partial(progress, "reading"))
    before, after = read(change.before, some[0]), read(change.after, some[1])
    root = change.after.root
    said = asked.repository or settings.repository or places.of_checkout(root, environment)
    report = _answered(server, environment, _question(asked, change, said, before, after))
    known = {_place(each): each for each in after}
    earlier = {_place(each): each for each in before}

    def own(finding: Finding) -> Finding:
        """The finding with the document as it was read here."""
        document = finding.document
        if document is None or document.url or document.path is None:
            return finding
        found = _is_of(finding, known.get(_place(document))) or earlier.get(_place(document))
        return replace(finding, document=found or document)

    before_them = {id(each) for each in before}
    placed = placing.place(
        list(map(own, report.findings)),
        change,
        settings,
        lambda each: each.status is Status.FIXED or id(each.document) in before_them,
        asked.jobs,
    )
    ordered = sorted(placed.findings, key=lambda finding: (finding.order, finding.status))
    return replace(report, findings=tuple(ordered), lines=placed.lines)


def _documents(
    checkout: Checkout,
    only: Collection[str],
    *,
    settings: CatalogSettings,
    jobs: int | None,
    progress: Callable[[int, int], None],
) -> list[Document]:
    found = files.only(sorted(only), settings, checkout, jobs=jobs, progress=progress).documents
    return sorted(found, key=lambda each: each.order)


def _question(
    asked: Asked, change: Proposed, repository: str | None, before: list[Document], after: list[Document]
) -> bytes:
    said: dict[str, Any] = {
        "version": 1,
        "form": wire.FORM,
        "base": change.name,
        "repository": repository,
        "branch": change.branch,
        "files": [{"before": each.before, "after": each.after} for each in change.files],
        "before": [orjson.Fragment(coding.dump(each)) for each in before],
        "after": [orjson.Fragment(coding.dump(each)) for each in after],
        "actor": asked.actor,
        "approvers": asked.approvers,
        "everything": asked.everything,
        "now": asked.now,
    }
    try:
        return orjson.dumps(said)
    except TypeError:  # a file whose name is no text
        shown = [{side: name and _shown(name) for side, name in each.items()} for each in said["files"]]
        return orjson.dumps({**said, "files": shown})


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _answered(server: RemoteSetting, environment: Mapping[str, str], question: bytes) -> Report:
    from bylaw.sources import web

    token = surroundings.token(server.token_env, environment)
    with web.Site(server.url, token) as site:
        answer = site.post_json(ROUTE, orjson.Fragment(question))
        try:
            return wire.read(answer.json())
        except ValueError as error:
            raise UndecidedError(
                f"{answer.place}: answered no report that this version of bylaw can read ({error}); server and "
                "client have to be of the same version"
            ) from None


def _place(document: Document) -> tuple[str | None, int]:
    return document.path, document.index


def _is_of(finding: Finding, document: Document | None) -> Document | None:
    """The document, if the finding is about it and not about one that stood in its place."""
    if document is None:
        return None
    ref = catalogs.address(document.data)
    return document if (str(ref) if ref else None) == finding.entity else None
