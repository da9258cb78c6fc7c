"""Secrets in texts: of which kind, and where. The only module that knows bc-detect-secrets.

Kinds that ordinary texts are full of by accident (long words of random letters, anything behind "password:") are not
looked for, and no secret is ever tried out. The library is imported when a text holds a clue of one of its kinds,
since that takes a third of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REDACTED = "[secret]"
"""What stands in a report in place of a secret."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The place of a secret in a text, from one character up to another, and of which kind it is. Never its value."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """The place of a secret in a JSON value: its text, or the mapping of which it is a key.

    What stands below a key that holds a secret has the place of the mapping, so that no place holds one. ``line``
    counts from 1 inside a text of several lines.
    """

    place: tuple[str | int, ...]
    kind: str
    is_key: bool = False
    line: int | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind is known: by a detector of the library, by a pattern, or by a pattern if the detector agrees.

    One of the ``clues`` is found in the text without upper case wherever the detector or the pattern finds something.
    Each begins with letters that must be there: then Python's search is ten times as fast.
    """

    clues: tuple[re.Pattern[str], ...]
    detector: tuple[str, str] | None
    """Module and class."""
    pattern: re.Pattern[str] | None

    def is_hinted_at(self, folded: str) -> bool:
        """Whether a text without upper case holds a clue."""
        return any(clue.search(folded) for clue in self.clues)

    def finds(self, text: str) -> Iterator[re.Match[str]]:
        """Each place in a text that holds such a secret, or something made to look like one."""
        detector: Any = _detector(*self.detector) if self.detector else None
        patterns: list[re.Pattern[str]] = [self.pattern] if self.pattern else detector.denylist
        for match in chain.from_iterable(each.finditer(text) for each in patterns):
            if detector is None or _agrees(detector, match[0]):
                yield match


def _kind(*clues: str, detector: tuple[str, str] | None = None, pattern: str = "") -> _Kind:
    return _Kind(tuple(map(re.compile, clues)), detector, re.compile(pattern) if pattern else None)


_IN_A_URL = "password in a URL"
_KINDS = {
    "Anthropic key": _kind("sk-ant-", pattern=r"sk-ant-[a-z]+\d\d-[\w-]{80,}"),
    "AWS key": _kind(
        "a(?:3t[a-z0-9]|bia|cca|kia|sia)[0-9a-z]{16}",
        "aws.{0,20}?(?:key|pwd|pw|pass|token).{0,24}?[0-9a-z/+]{40}",
        detector=("aws", "AWSKeyDetector"),
    ),
    "Azure storage key": _kind("accountkey=", pattern=r"AccountKey=[A-Za-z0-9+/]{86}=="),
    "Discord token": _kind(r"\.[a-z\d_-]{6}\.[a-z\d_-]{27}", detector=("discord", "DiscordBotTokenDetector")),
    "GitHub token": _kind("gh[oprsu]_", detector=("github_token", "GitHubTokenDetector")),
    "GitHub fine-grained token": _kind("github_pat_", pattern=r"github_pat_\w{82}"),
    "GitLab token": _kind(
        "gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-",
        pattern=r"\bgl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-[A-Za-z0-9_-]{20,}",
    ),
    "JSON Web Token": _kind(
        "eyj",
        detector=("jwt", "JwtTokenDetector"),
        pattern=r"(?<![\w-])eyJ[\w=-]+\.[\w=-]+\.?[\w.+/=-]*",  # its own takes time by the square of a text's length
    ),
    "Mailchimp key": _kind("-us[0-9]", detector=("mailchimp", "MailchimpDetector")),
    "npm token": _kind("npm_", "npm[ -]?token", "_authtoken", detector=("npm", "NpmDetector")),
    "OpenAI key": _kind("t3blbkfj", pattern=r"sk-(?:(?:admin|proj|svcacct)-)?[\w-]{20,200}T3BlbkFJ[\w-]{20,}"),
    _IN_A_URL: _kind(r"://[^\s/@:]*:[^\s/@]*@", detector=("basic_auth", "BasicAuthDetector")),
    "private key": _kind(
        "begin [a-z0-9 ]{0,40}private key", "putty-user-key", detector=("private_key", "PrivateKeyDetector")
    ),
    "PyPI token": _kind("pypi-", pattern=r"pypi-Ag[EIN][\w-]{70,}"),
    "SendGrid key": _kind(r"sg\.[a-z0-9_-]{22}\.", detector=("sendgrid", "SendGridDetector")),
    "Slack token": _kind("xox[abpors]-", r"hooks\.slack\.com", detector=("slack", "SlackDetector")),
    "Square secret": _kind("sq0csp-", detector=("square_oauth", "SquareOAuthDetector")),
    "Stripe key": _kind("k_live_", detector=("stripe", "StripeDetector")),
    "Vault token": _kind(r"hv[bs]\.", pattern=r"\bhv[bs]\.[\w-]{90,}"),
}

KINDS = tuple(_KINDS)
"""The kinds of secrets, as people call them."""

_EXAMPLE = re.compile(
    r"change[-_]?me|dummy|example|placeholder|redacted|sample|x{5}|your[-_]|1234567|abcdefg"
    r"|eyJzdWIiOiIxMjM0NTY3ODkw"  # the token that jwt.io shows
    r"|eyJpc3MiOiJqb2Ui"  # that of RFC 7519
    r"|16C7e42F292c6912E7710c838347Ae178B4a",  # that of GitHub's manuals
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z0-9]+")
_FEWEST = 6  # different letters and digits of something random
_SHORTEST_KEY = 80  # characters of a private key: an abbreviated one has fewer
_PASSWORDS = frozenset({"admin", "pass", "passwd", "password", "pwd", "pw", "secret", "test", "token"})
_REST = re.compile(r"[\w+/=-]*")
_INDENT = re.compile(r"\r?\n[ \t]*")


def suspected(text: str) -> bool:
    """Whether there is a clue of any kind. Nearly always there is none, and that is told fast."""
    folded = _plain(text).casefold()
    return any(kind.is_hinted_at(folded) for kind in _KINDS.values())


def find(text: str) -> list[Secret]:
    """The secrets in a text. What is plainly an example is none."""
    folded = text.casefold()
    return [
        Secret(name, match.start(), match.end() if name == _IN_A_URL else _end(text, match.end()))
        for name, kind in _KINDS.items()
        if kind.is_hinted_at(folded)
        for match in kind.finds(text)
        if not _is_example(name, match)
    ]


def find_in(value: Any) -> Iterator[Found]:
    """The secrets in a JSON value, its keys included.

    A text is looked at together with the key before it, which may say what it is.
    """
    if not suspected_in(value):
        return
    stack: list[tuple[tuple[str | int, ...], str, Any]] = [((), "", value)]
    while stack:
        place, name, each = stack.pop()
        if isinstance(each, list):
            stack.extend(((*place, index), name, item) for index, item in enumerate(each))
        elif isinstance(each, dict):
            for key, item in each.items():
                found = find(key)
                yield from (Found(place, secret.kind, is_key=True) for secret in found)
                stack.append((place if found else (*place, key), key, item))
        elif isinstance(each, str):
            text = f"{name}: {each}"
            for secret in find(text):
                if secret.end > len(name):
                    line = text.count("\n", 0, secret.start) + 1 if "\n" in each else None
                    yield Found(place, secret.kind, line=line)


def suspected_in(value: Any) -> bool:
    """Whether there is a clue in any text or key of a JSON value."""
    return suspected(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())  # a line for each: clues end with it


def redact(value: Any) -> Any:
    """A JSON value without the secrets in it: the value itself where there are none."""
    return _redacted(value) if (suspected(value) if isinstance(value, str) else suspected_in(value)) else value


def lines(text: str) -> set[int]:
    """The numbers, from 1, of the lines of a file that hold a secret or a part of one."""
    if not suspected(text):
        return set()
    flush = _INDENT.sub("\n", text)  # a key in several lines is indented in YAML, and nowhere else
    return {
        number
        for secret in find(flush)
        for number in range(flush.count("\n", 0, secret.start) + 1, flush.count("\n", 0, secret.end) + 2)
    }


def without_secret(pointer: str) -> str:
    """A JSON pointer, or as much of its beginning as holds no secret."""
    steps = pointer.split("/")
    secret = next((index for index, step in enumerate(steps) if find(_plain(step))), len(steps))
    return "/".join(steps[:secret])


def _plain(text: str) -> str:
    """The text with the slashes that are written otherwise in JSON pointers."""
    return text.replace("~1", "/")


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {_redacted(key): _redacted(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(each) for each in value]
    if not isinstance(value, str):
        return value
    if find(_plain(value)):
        value = _plain(value)
    found = find(value)
    if value.isascii():  # in a reference, letters that are upper case in all AWS keys are lower case
        found += [each for each in find(value.upper()) if each.kind == "AWS key"]
    parts, end = [], 0
    for secret in sorted(found, key=lambda each: each.start):
        if secret.start >= end:
            parts += [value[end : secret.start], REDACTED]
        end = max(end, secret.end)
    return "".join([*parts, value[end:]])


def _agrees(detector: Any, said: str) -> bool:
    """Whether a detector finds a secret in what its pattern matches: it may look closer, as into a JSON Web Token."""
    try:
        return bool(list(detector.analyze_string(said)))
    except RecursionError:  # JSON that is nested too deep, so no token
        return False


def _end(text: str, end: int) -> int:
    """Where a token ends that may be longer than its detector knows."""
    rest = _REST.match(text, end)
    return rest.end() if rest else end


def _is_example(kind: str, match: re.Match[str]) -> bool:
    said = match[0]
    if _EXAMPLE.search(said):
        return True
    if kind == _IN_A_URL:
        user, _, password = said.lower().removeprefix("://").removesuffix("@").partition(":")
        return password in {user, *_PASSWORDS} or _is_template(password)
    if kind == "private key":
        return len(said) < _SHORTEST_KEY
    secret = match[match.lastindex] if kind == "AWS key" and match.lastindex else said
    longest = max(_WORD.findall(secret), key=len, default="")
    if len(set(longest.lower())) < _FEWEST:
        return True
    mixed = (str.isdigit, str.islower, str.isupper)
    return secret is not said and not all(any(map(test, secret)) for test in mixed)  # a path behind "aws-key"


def _is_template(password: str) -> bool:
    """Whether a password is a variable, or made of stars and the like."""
    heuristic = import_module("detect_secrets.filters.heuristic")
    tests: list[Callable[[str], bool]] = [
        heuristic.is_templated_secret,
        heuristic.is_prefixed_with_dollar_sign,
        heuristic.is_not_alphanumeric_string,
    ]
    return any(test(password) for test in tests) or len(set(password)) == 1


@cache
def _detector(module: str, name: str) -> Any:
    return getattr(import_module(f"detect_secrets.plugins.{module}"), name)()
