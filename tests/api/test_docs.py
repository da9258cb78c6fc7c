"""docs/server.md says of every route what the table of routes says."""

from __future__ import annotations

import re

from bylaw.api.routes import ROUTES
from tests.shared import ROOT

ROW = re.compile(r"^\| `(\w+) (/\S*)` \| (?:`([\w:]+)`)? ?\|", re.MULTILINE)


def test_every_route_is_documented_with_its_scope() -> None:
    said = set(ROW.findall((ROOT / "docs" / "server.md").read_text()))
    assert said == {(route.method, route.template, route.scope) for route in ROUTES}
