"""Rules over entities, in workers: Rego and Python behind one signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.engine.cases import Case, Part
from bylaw.engine.evaluate import evaluate, evaluate_each, serve
from bylaw.engine.lint import check
from bylaw.engine.parts import Ready
from bylaw.engine.rego import NAME

if TYPE_CHECKING:
    from bylaw.catalog import Kinds
    from bylaw.config import Settings
    from bylaw.engine.opa_rules import Served
    from bylaw.rules import Policies

__all__ = ["NAME", "Case", "Part", "Ready", "check", "evaluate", "evaluate_each", "name", "ready"]


def name(settings: Settings) -> str:
    """What evaluates Rego under these settings, as reports name it: ``regorus 0.13.0`` or ``opa 1.22.0``.

    Raises:
        ConfigError, UndecidedError: the OPA server that they name cannot be asked.
    """
    engine = settings.policies.engine
    if engine == "embedded":
        return NAME
    from bylaw.engine import opa

    return opa.name(engine.opa)


def ready(policies: Policies, kinds: Kinds, settings: Settings) -> Ready | Served:
    """Rules that are compiled once, here or on the OPA server that the settings name, to judge many parts of a catalog.

    They judge in the process that asks, which somebody has to bound. Whoever makes them closes them.

    Raises:
        ConfigError: a policy does not compile, or the OPA server that the settings name is none.
        UndecidedError: it cannot be asked.
    """
    return serve(policies, settings, lasting=True) or Ready(policies, kinds)
