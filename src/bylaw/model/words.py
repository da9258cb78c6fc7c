"""The few words that findings, rules and gates say things with."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, in the eyes of the rule's author."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Outcome(StrEnum):
    """What one rule has to say about one entity (DESIGN 5.1)."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    ERROR = "error"


class Enforcement(StrEnum):
    """What a gate does with a finding."""

    OFF = "off"
    OBSERVE = "observe"
    WARN = "warn"
    DENY = "deny"


class Status(StrEnum):
    """How a finding relates to the base that a change is laid over."""

    NEW = "new"
    EXISTING = "existing"
    FIXED = "fixed"
