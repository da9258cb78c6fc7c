"""argparse, as strict and as helpful as the rest of bylaw."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations, and names the nearest of what it knows where it does not know a word."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **more})

    def parse_known_args(  # type: ignore[override]  # typeshed's overloads are about other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Here and not in ``parse_args``: this is the parser that knows the options of the command."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            what = "option" if word.startswith("-") else "argument"
            self.error(f"there is no {what} {word} here{_hint(word, self._option_string_actions)}")
        return known, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(each) for each in action.choices]
            hint = _hint(str(value), choices)
            raise argparse.ArgumentError(action, f'"{value}" is not one of {", ".join(choices)}{hint}')


def _hint(word: str, known: Iterable[str]) -> str:
    from bylaw.model import did_you_mean

    return did_you_mean(word, known)
