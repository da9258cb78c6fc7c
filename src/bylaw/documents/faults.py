"""Why a text cannot be read, in words for its author."""

from __future__ import annotations

from dataclasses import dataclass

_CLOSE_QUOTE = "a quoted text is not closed, or a line of it is not indented"
_TAB = "a tab cannot indent: use spaces"
_NO_TOKEN = "found character that cannot start any token"
MARKER_PROBLEM = "did not find expected <document start>"

_WORDS = {
    "block sequence entries are not allowed in this context": 'a list item "- " cannot start here: give it a line '
    "of its own",
    "could not find expected ':'": 'expected "key: value": the colon, or the space after it, is missing',
    "did not find expected ',' or ']'": 'expected "," or "]"',
    "did not find expected ',' or '}'": 'expected "," or "}"',
    "did not find expected '-' indicator": 'expected a list item "- ", indented as its list is',
    MARKER_PROBLEM: 'text behind the end of the document: a new one starts with "---"',
    "did not find expected alphabetic or numeric character": "the name of an anchor or alias is made of letters, "
    'digits, "-" and "_"',
    "did not find expected hexdecimal number": "an escape sequence lacks its hexadecimal digits",
    "did not find expected key": 'expected "key: value", indented as its mapping is',
    "did not find expected node content": "expected a value",
    "found a tab character that violates indentation": _TAB,
    "found a tab character where an indentation space is expected": _TAB,
    _NO_TOKEN: 'a value cannot start with "<>": put it in quotes',
    "found incompatible YAML document": "%YAML can only be 1.2",
    "found invalid Unicode character escape code": "an escape sequence stands for half a character or none",
    "found undefined tag handle": "the prefix of a tag is not declared",
    "found unexpected document indicator": _CLOSE_QUOTE,
    "found unexpected end of stream": _CLOSE_QUOTE,
    "found unknown directive name": "a directive other than %YAML and %TAG",
    "found unknown escape character": "an escape sequence that YAML does not have: double the backslash, or use "
    "single quotes",
    "mapping keys are not allowed in this context": 'a key "? " cannot start here: give it a line of its own',
    "mapping values are not allowed in this context": 'a ": " that cannot stand here: put the value in quotes, or '
    "check the indentation",
}
"""What libyaml says, and what that means to a person; ``<>`` is the character it stopped at. What it says
beyond these is passed on: fixed sentences, which never hold a piece of the file."""

AT_THE_START = {"could not find expected ':'", "found unexpected document indicator", "found unexpected end of stream"}
"""The complaints that libyaml raises where an end was missed: they belong where the thing begins."""

TAB_PROBLEMS = {problem for problem, words in _WORDS.items() if words is _TAB} | {_NO_TOKEN}
"""The complaints that may be about a tab."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a document cannot be read, and where.

    Lines and columns count from 1, columns in characters; the end is the column after the last character.
    The message never holds more of the file than a short key.
    """

    message: str
    line: int
    column: int
    end_line: int
    end_column: int


class Refused(Exception):
    """A file, or one document of it, is not read; ``fault`` says why.

    The next document, if any, begins behind the character ``index`` of the file.
    """

    def __init__(self, fault: Fault, index: int = 0) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.index = index


def words(problem: str, character: str) -> str:
    """What libyaml's ``problem`` means, and ``character`` is where it stopped."""
    if character == "\t" and problem in TAB_PROBLEMS:
        return _TAB
    return _WORDS.get(problem, problem).replace("<>", character)


def fault_at(message: str, text: str, index: int) -> Fault:
    """A fault of one character of a file's text."""
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return Fault(message, line, column, line, column + 1)
