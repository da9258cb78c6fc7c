"""The errors that end a run. Each knows the exit code it ends it with (DESIGN 5.1)."""

from __future__ import annotations


class BylawError(Exception):
    """The root: something bylaw says to its user, never a crash.

    The message names the thing, the observed value, the expected one and the next step.
    """

    exit_code = 2


class UsageError(BylawError):
    """The command was called with something that does not exist or does not fit."""


class ConfigError(BylawError):
    """bylaw.yaml, a policy or a waiver file cannot be used as it stands."""


class UndecidedError(BylawError):
    """bylaw could not come to a verdict. Never to be read as "allowed"."""

    exit_code = 3
