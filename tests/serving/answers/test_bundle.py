"""`GET /v1/bundles/{name}.tar.gz`: built once, and not sent to who has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bylaw import bundles
from bylaw.config import CallerSetting, ServerSettings, Settings
from bylaw.model import Digests
from bylaw.rules import load
from bylaw.serving.answers import bundle
from bylaw.serving.frames import Question
from bylaw.serving.generation import Generation
from tests.engine.world import catalog, entity, graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.serving.frames import Reply

MADE = catalog(entity("orders", owner="team"), entity("shop", "Domain", owner="team"))


def generation(**server: object) -> Generation:
    settings = Settings(server=ServerSettings(**server))  # type: ignore[arg-type]  # whatever a test sets
    digests = Digests(MADE.digest(), "sha256:", "sha256:")
    return Generation(
        settings, MADE, graph(MADE), load(settings), (), None, Path("none"), datetime.now(UTC), digests, "", "a test"
    )


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """As in a process of its own: a worker answers from one generation."""
    bundle._built.clear()
    yield
    bundle._built.clear()


def asked(made: Generation, name: str = "all", known: str = "") -> Reply:
    arguments = {"name": name, **({"if-none-match": known} if known else {})}
    return bundle.answer(made, Question("bundle", b"", arguments))


def test_a_bundle_is_sent_with_its_etag() -> None:
    made = generation()
    wanted = bundles.build("all", MADE, graph(MADE), made.policies)
    reply = asked(made)
    assert (reply.status, reply.content_type, reply.headers) == (200, "application/gzip", {"ETag": wanted.etag})
    assert reply.body == wanted.content


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_bundle_that_is_known_is_not_sent_again(form: str) -> None:
    made = generation()
    etag = asked(made).headers["ETag"]
    reply = asked(made, known=form.format(etag))
    assert (reply.status, reply.body, reply.headers) == (304, b"", {"ETag": etag})


@pytest.mark.parametrize("known", ['"other"', "x", '"', '"*"'])
def test_a_bundle_that_is_another_is_sent(known: str) -> None:
    assert asked(generation(), known=known).status == 200


@pytest.mark.parametrize("name", ["", "al", "domain-none", "../../etc/passwd", "domain-", "ALL", "x" * 10_000])
def test_a_name_that_is_none_is_not_found(name: str) -> None:
    reply = asked(generation(), name)
    assert (reply.status, reply.content_type) == (404, "application/problem+json")
    detail = json.loads(reply.body)["detail"]
    assert detail.startswith("there is no bundle ")
    assert len(detail) < 300


def test_a_domain_has_its_own() -> None:
    assert asked(generation(), "domain-shop").status == 200


def test_what_cannot_be_signed_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUNDLE_KEY", raising=False)
    reply = asked(generation(bundle_key_env="BUNDLE_KEY"))
    assert reply.status == 501
    assert "BUNDLE_KEY is not set" in json.loads(reply.body)["detail"]


def test_it_is_built_ahead_where_somebody_may_fetch_it() -> None:
    bundle.warm(generation())
    assert bundle._built == {}
    bundle.warm(generation(callers=(CallerSetting("opa", ("bundle:read",), "0" * 64),)))
    assert list(bundle._built) == ["all"]
