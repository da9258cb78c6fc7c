"""Whether anybody can be known to be a member of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.rules.rule import Context


def known_people(context: Context, most: int) -> Mapping[str, tuple[str, ...]] | None:
    """The members of each group and of the groups below it, of many no more than ``most``; of nobody, no entry.

    None where that cannot be known: in a part of a catalog, and in one without Users. People often come from
    LDAP or GitHub, even where their groups stand in files.
    """
    if context.catalog.complete and context.catalog.bears("User"):
        return context.graph.people(most)
    return None
