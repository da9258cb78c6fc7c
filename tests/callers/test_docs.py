"""What docs/callers.md says is so."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from bylaw.callers import SCOPES, Callers
from bylaw.config import ServerSettings, parse
from tests.callers.provider import running
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (ROOT / "docs" / "callers.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(# bylaw.yaml\n.*?)```", TEXT, re.S)


def settings(text: str) -> ServerSettings:
    return parse(text.encode(), ROOT / "bylaw.yaml").server


def rows() -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^\| `([a-z]+:[a-z]+)` \| (.*) \|$", TEXT, re.M)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_can_be_used(text: str) -> None:
    assert not Callers.of(settings(text), {}, loopback=False).open


def test_there_is_an_example_of_each_way_to_be_known() -> None:
    ways = [[name for name in ("token_sha256", "client_ca", "issuer") if name in text] for text in EXAMPLES]
    assert ways == [["token_sha256"], ["client_ca"], ["issuer"]]


def test_every_scope_is_explained() -> None:
    assert dict(rows()) == dict(SCOPES)


def test_a_token_as_keycloak_makes_it_is_believed_with_the_example_for_keycloak() -> None:
    with running() as provider:
        text = EXAMPLES[2].replace("https://id.example.com/realms/platform", provider.issuer)
        token = provider.token(
            aud=["bylaw", "account"],
            sub="6f1ed2a4-5a0e-4b7e-9d0a-3d2f0c1b7a55",
            typ="Bearer",
            azp="orders-pipeline",
            realm_access={"roles": ["default-roles-platform", "offline_access", "bylaw-ci"]},
            scope="profile email",
        )
        callers = Callers.of(settings(text), {}, loopback=False)
        caller = asyncio.run(callers.identify(f"Bearer {token}", None))
    assert caller.name == f"{provider.issuer}#6f1ed2a4-5a0e-4b7e-9d0a-3d2f0c1b7a55"
    assert caller.scopes == {"check:run", "catalog:read"}
