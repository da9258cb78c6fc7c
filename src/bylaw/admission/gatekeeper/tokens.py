"""Rego as tokens: what rewriting needs to know of a module before a parser has read it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["name", "number", "string", "op"]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>:=|==|!=|<=|>=|[-{}()\[\]<>=+*/%&|.,;:])""",
    re.VERBOSE,
)
_WORDS = frozenset(("as", "default", "else", "import", "in", "not", "package", "some", "with"))
_GO_ON = frozenset(("as", "contains", "else", "if", "in", "with"))
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands: characters from ``start`` to ``end``, ``line`` from 1."""

    kind: Kind
    text: str
    start: int
    end: int
    line: int

    @property
    def ends_operand(self) -> bool:
        """Whether a term may end with it."""
        if self.kind == "name":
            return self.text not in _WORDS
        return self.kind != "op" or self.text in (")", "]", "}")


class UnreadableError(Exception):
    """A character that begins no token. ``line`` and ``column`` count from 1."""

    def __init__(self, line: int, column: int, said: str) -> None:
        super().__init__(f"{line}:{column}: {said}")


@dataclass(frozen=True, slots=True)
class Edit:
    """In place of the characters from ``start`` to ``end`` comes ``text``."""

    start: int
    end: int
    text: str


def tokens(text: str) -> list[Token]:
    """The tokens of a module, without blanks and comments.

    Raises:
        UnreadableError: it has a character that no token begins with.
    """
    found: list[Token] = []
    line, at = 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            column = at - text.rfind("\n", 0, at)
            what = "a text that does not end" if text[at] in '"`' else f"{text[at]!r} is not understood"
            raise UnreadableError(line, column, what)
        kind = match.lastgroup
        if kind in ("name", "number", "string", "op"):
            found.append(Token(kind, match.group(), at, match.end(), line))  # type: ignore[arg-type]  # of the four
        line += match.group().count("\n")
        at = match.end()
    return found


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made, which do not overlap; of two at one place the first one comes first."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda each: each.start):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join((*parts, text[at:]))


def separated(found: list[Token]) -> list[Edit]:
    """A `;` where a line that begins with `(` or `[` follows the end of a term.

    OPA ends the expression there, regorus reads a call or an index.
    """
    edits = []
    stack: list[str] = []
    for before, token in zip([None, *found], found, strict=False):
        if (
            token.text in ("(", "[")
            and token.kind == "op"
            and before is not None
            and before.line + before.text.count("\n") < token.line
            and before.ends_operand
            and stack
            and stack[-1] != "("
        ):
            edits.append(Edit(before.end, before.end, ";"))
        _follow(stack, token)
    return edits


def unchained(text: str, found: list[Token]) -> list[Edit]:
    """The head again before each further body of a rule: `head { … } { … }` is two rules of one head.

    Behind `else` OPA takes no further body, nor is one made here.
    """
    edits = []
    stack: list[str] = []
    head: list[Token] = []  # the rule so far, up to its first body; or whatever else stands outside of bodies
    in_body = has_body = has_else = False
    for before, token in zip([None, *found], found, strict=False):
        if not stack:
            if token.text == "{" and before is not None and (before.text == "if" or _ends_head(before)):
                if has_body and not has_else and before.text == "}":
                    edits.append(Edit(token.start, token.start, f"{_written(text, head)} "))
                in_body = has_body = True
            elif token.text == "else":
                has_else = True
            elif before is None or _begins_rule(before, token, has_body):
                head, has_body, has_else = [token], False, False
        if not has_body and token is not head[0]:
            head.append(token)
        _follow(stack, token)
        if in_body and not stack:
            in_body = False
    return edits


def _ends_head(token: Token) -> bool:
    return token.ends_operand and token.text not in ("contains", "in")


def _begins_rule(before: Token, token: Token, has_body: bool) -> bool:
    """Whether a token outside of all brackets is the first of a rule or an import."""
    if token.kind != "name" or token.text in _GO_ON:
        return False
    if has_body and before.text == "}":
        return True
    return before.line < token.line and before.ends_operand and before.text not in _GO_ON


def _written(text: str, head: list[Token]) -> str:
    """The text of tokens on one line, without the comments between them."""
    parts = [head[0].text]
    for before, token in itertools.pairwise(head):
        parts.append((" " if text[before.end : token.start] else "") + token.text)
    return "".join(parts)


def _follow(stack: list[str], token: Token) -> None:
    if token.kind != "op":
        return
    if token.text in _OPENS:
        stack.append(token.text)
    elif token.text in _CLOSES and stack:
        stack.pop()


def on_one_line(text: bytes) -> bytes:
    """The same without comments and line breaks; a raw text that holds one keeps it."""

    if b"\n" not in text:
        return text
    said = text.decode()
    parts: list[str] = []
    at = 0
    for token in tokens(said):
        parts.append((" " if token.start > at and parts else "") + token.text)
        at = token.end
    return "".join(parts).encode()
