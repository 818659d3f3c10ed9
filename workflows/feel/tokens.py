"""Tokens of FEEL (DMN 1.5, 10.3.1.2, grammar rules 27 to 41 and 66).

Names are cut at white space; the parser joins adjacent words to one name again, since two names side by side
mean nothing else in FEEL. An apostrophe between two letters belongs to the name (`client's name`, `l'heure`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from workflows.feel.errors import FeelLimitExceeded, FeelSyntaxError

Kind = Literal["name", "number", "string", "temporal", "operator", "end"]

TEXT_LIMIT: Final = 20_000
"""Characters of an expression."""

_NAME_START: Final = (
    "?_A-Za-zªº°\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2600-\u27bf\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
_NAME_PART: Final = _NAME_START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_STRING: Final = r'"(?:[^"\\]|\\.)*"'

_TOKEN: Final = re.compile(
    rf"""
      (?P<space>(?:[\s\ufeff\u180e\u200b]+|//[^\n\r]*|/\*.*?\*/)+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[{_NAME_START}](?:[{_NAME_PART}]|['’](?=[{_NAME_START}]))*)
    | (?P<string>{_STRING})
    | (?P<temporal>@\s*{_STRING})
    | (?P<operator>\*\*|\.\.|->|<=|>=|!=|[-+*/()\[\]{{}},:.<>=])
    """,
    re.VERBOSE | re.DOTALL,
)
_EXPECTED: Final = {
    '"': "the closing quotation mark",
    "@": "the closing quotation mark",
    "/": "the end of the comment",
}
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SIMPLE_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` as written, `value` its meaning (name in NFC, string without quotes and escapes)."""

    kind: Kind
    text: str
    value: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Cut the text into tokens; the last one is of kind `end`.

    Raises FeelSyntaxError at a character that begins no token, FeelLimitExceeded when the text is too long.
    """
    if len(text) > TEXT_LIMIT:
        raise FeelLimitExceeded(limit="characters of text", maximum=TEXT_LIMIT)
    text = without_lone_surrogates(text)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (match.group() == "/" and text.startswith("/*", position)):
            expected = _EXPECTED.get(text[position], "an expression")
            raise syntax_error(text, position, expected)
        if match.lastgroup != "space":
            tokens.append(_token(match))
        position = match.end()
    tokens.append(Token("end", "", "", len(text), len(text)))
    return tokens


def syntax_error(text: str, position: int, expected: str, found: str = "") -> FeelSyntaxError:
    """The error for `position`, an index into the text."""
    before = text[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    if not found and position < len(text):
        found = (
            f"“{text[position]}”" if text[position].isprintable() else f"character {ord(text[position]):#x}"
        )
    shown = found or "the end of the expression"
    return FeelSyntaxError(line=line, column=column, expected=expected, found=shown)


def _token(match: re.Match[str]) -> Token:
    text = match.group()
    kind: Kind = match.lastgroup  # type: ignore[assignment]
    value = text
    if kind == "name":
        value = unicodedata.normalize("NFC", text).replace("’", "'")
    elif kind == "string":
        value = _unescape(text[1:-1])
    elif kind == "temporal":
        value = _unescape(text[text.index('"') + 1 : -1])
    return Token(kind, text, value, match.start(), match.end())


def _unescape(body: str) -> str:
    if "\\" not in body:
        return body
    return without_lone_surrogates(_ESCAPE.sub(_unescape_one, body))


def without_lone_surrogates(text: str) -> str:
    """Two escapes may write a pair of surrogates: one character. A lone one could not be encoded."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape_one(match: re.Match[str]) -> str:
    escape = match.group(1)
    if escape[0] in "uU" and len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _SIMPLE_ESCAPES.get(escape, match.group())
