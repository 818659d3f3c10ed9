"""Regular expressions in time linear in the text, for `regex()` in forms.

A form is written by one person and its expressions run on the server for everybody: a backtracking engine
would let `(a+)+$` stop us. This is Thompson's construction (Thompson 1968; Cox, "Regular Expression
Matching Can Be Simple And Fast", 2007): the pattern becomes an automaton whose states all advance at once.
The syntax is the part of java.util.regex that forms use, with ASCII classes as there. Look-around and
back-references are not regular and are refused. As in JavaRosa the whole text must match.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from forms.errors import RegexError

MAX_PATTERN = 1_000
MAX_STATES = 5_000
MAX_TEXT = 10_000
MAX_DEPTH = 50

Matcher = Callable[[str], bool]

_DIGITS = frozenset("0123456789")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPACE = frozenset(" \t\n\x0b\f\r")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "a": "\a", "e": "\x1b"}
_POSIX: dict[str, Matcher] = {
    "Alpha": lambda c: c.isascii() and c.isalpha(),
    "Digit": lambda c: c in _DIGITS,
    "Alnum": lambda c: c.isascii() and c.isalnum(),
    "Upper": lambda c: c.isascii() and c.isupper(),
    "Lower": lambda c: c.isascii() and c.islower(),
    "Punct": lambda c: c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "Space": lambda c: c in _SPACE,
    "XDigit": lambda c: c in "0123456789abcdefABCDEF",
    "ASCII": str.isascii,
}


@dataclass(slots=True)
class _State:
    """kind: consume a character, split to two states, hold at an edge, or accept."""

    kind: Literal["consume", "split", "start", "end", "boundary", "not-boundary", "accept"]
    matches: Matcher | None = None
    out: int = -1
    other: int = -1


@dataclass(frozen=True, slots=True)
class _Part:
    """A parsed piece: op with its operands."""

    op: Literal["char", "edge", "sequence", "choice", "repeat"]
    parts: tuple[_Part, ...] = ()
    matches: Matcher | None = None
    edge: Literal["start", "end", "boundary", "not-boundary"] = "start"
    least: int = 0
    most: int | None = None


def _literal(char: str, *, fold: bool) -> Matcher:
    if fold:
        return lambda c: c.casefold() == char.casefold()
    return lambda c: c == char


def _members(chars: frozenset[str], *, inside: bool) -> Matcher:
    return (lambda c: c in chars) if inside else (lambda c: c not in chars)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0
        self.fold = False
        if pattern.startswith("(?i)"):
            self.fold = True
            self.at = 4

    def refuse(self, reason: str) -> RegexError:
        return RegexError(pattern=self.pattern[:80], reason=reason)

    @property
    def char(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def take(self) -> str:
        if self.at >= len(self.pattern):
            raise self.refuse("it ends too early")
        char = self.pattern[self.at]
        self.at += 1
        return char

    def parse(self) -> _Part:
        part = self.choice()
        if self.at < len(self.pattern):
            raise self.refuse(f"unexpected {self.char} at position {self.at + 1}")
        return part

    def choice(self) -> _Part:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refuse("its groups are nested too deeply")
        branches = [self.sequence()]
        while self.char == "|":
            self.at += 1
            branches.append(self.sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else _Part("choice", tuple(branches))

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.char and self.char not in "|)":
            parts.append(self.quantified())
        return _Part("sequence", tuple(parts))

    def quantified(self) -> _Part:
        part = self.atom()
        if not self.char or self.char not in "*+?{":
            return part
        sign = self.take()
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self.bounds()
        if self.char and self.char in "?+":  # lazy or possessive: read as greedy, the whole text must match
            self.at += 1
        if self.char and self.char in "*+?{":
            raise self.refuse("two repetitions follow each other; put the first in brackets")
        return _Part("repeat", (part,), least=least, most=most)

    def bounds(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.at)
        text = self.pattern[self.at : end] if end >= 0 else ""
        low, comma, high = text.partition(",")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            raise self.refuse("a { must be followed by numbers as in {2} or {2,5}")
        self.at = end + 1
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if least > MAX_STATES or (most is not None and (most > MAX_STATES or most < least)):
            raise self.refuse(f"the repetition {{{text}}} is not possible")
        return least, most

    def atom(self) -> _Part:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return _Part("char", matches=self.set())
        if char == ".":
            return _Part("char", matches=lambda c: c not in "\n\r\x85\u2028\u2029")
        if char == "^":
            return _Part("edge", edge="start")
        if char == "$":
            return _Part("edge", edge="end")
        if char == "\\":
            return self.escape()
        if char in "*+?":
            raise self.refuse(f"{char} has nothing to repeat")
        return _Part("char", matches=_literal(char, fold=self.fold))

    def group(self) -> _Part:
        if self.char == "?":
            if not self.pattern.startswith("?:", self.at):
                raise self.refuse("look-around and named groups are not supported")
            self.at += 2
        part = self.choice()
        if self.take() != ")":
            raise self.refuse("a ( is not closed")
        return part

    def escape(self) -> _Part:
        char = self.char
        edges: dict[str, Literal["start", "end", "boundary", "not-boundary"]] = {
            "b": "boundary",
            "B": "not-boundary",
            "A": "start",
            "z": "end",
            "Z": "end",
        }
        if char in edges and char:
            self.at += 1
            return _Part("edge", edge=edges[char])
        if char.isdigit():
            raise self.refuse("back-references are not supported")
        return _Part("char", matches=self.escaped_class())

    def escaped_class(self) -> Matcher:
        """What follows a backslash where one character is meant, in and out of brackets."""
        char = self.take()
        for letter, chars in (("d", _DIGITS), ("w", _WORD), ("s", _SPACE)):
            if char.lower() == letter:
                return _members(chars, inside=char == letter)
        if char in "pP":
            return self.category(inside=char == "p")
        if char in "ux":
            return _literal(self.code_point(4 if char == "u" else 2), fold=self.fold)
        if char in _CONTROL:
            return _literal(_CONTROL[char], fold=False)
        if char.isascii() and char.isalnum():
            raise self.refuse(f"\\{char} is not supported")
        return _literal(char, fold=False)

    def code_point(self, digits: int) -> str:
        text = self.pattern[self.at : self.at + digits]
        try:
            point = int(text, 16) if len(text) == digits else -1
        except ValueError:
            point = -1
        if point < 0:
            raise self.refuse(f"{digits} hexadecimal digits are missing")
        self.at += digits
        return chr(point)

    def category(self, *, inside: bool) -> Matcher:
        if self.char == "{":
            end = self.pattern.find("}", self.at)
            if end < 0:
                raise self.refuse("a { is not closed")
            name = self.pattern[self.at + 1 : end]
            self.at = end + 1
        else:
            name = self.take()
        if name in _POSIX:
            test = _POSIX[name]
            return test if inside else (lambda c: not test(c))
        name = name.removeprefix("Is") if len(name) > 2 else name
        if not name or name[0] not in "LMNPSZC" or len(name) > 2:
            raise self.refuse(f"the class \\p{{{name}}} is not known")
        return lambda c: unicodedata.category(c).startswith(name) == inside

    def set(self) -> Matcher:
        """A bracket expression; the opening bracket is taken already."""
        negated = self.char == "^"
        self.at += negated
        tests: list[Matcher] = []
        first = True
        while self.char != "]" or first:
            tests.append(self.set_member())
            first = False
        self.at += 1
        if negated:
            return lambda c: not any(test(c) for test in tests)
        return lambda c: any(test(c) for test in tests)

    def set_member(self) -> Matcher:
        char = self.take()
        if char == "[" or (char == "&" and self.char == "&"):
            raise self.refuse("sets within sets are not supported; write \\[ for a bracket")
        if char == "\\" and self.char and (self.char in "dDwWsSpPux" or self.char in _CONTROL):
            return self.escaped_class()
        low = self.take() if char == "\\" else char
        if self.char == "-" and self.at + 1 < len(self.pattern) and self.pattern[self.at + 1] != "]":
            self.at += 1
            high = self.take()
            high = self.take() if high == "\\" else high
            if high < low:
                raise self.refuse(f"the range {low}-{high} is backwards")
            if self.fold:
                return lambda c: low <= c.lower() <= high or low <= c.upper() <= high
            return lambda c: low <= c <= high
        return _literal(low, fold=self.fold)


class Regex:
    """A compiled pattern; `matches` is true when the whole text matches."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise RegexError(pattern=pattern[:80] + "…", reason=f"it is longer than {MAX_PATTERN} characters")
        self.pattern = pattern
        self._states: list[_State] = []
        self._built = 0
        accept = self._add(_State("accept"))
        self._first = self._build(_Parser(pattern).parse(), accept)

    def matches(self, text: str) -> bool:
        """True when the whole text matches; a text longer than MAX_TEXT never does."""
        if len(text) > MAX_TEXT:
            return False
        current = self._closure([self._first], text, 0)
        for index, char in enumerate(text):
            moved = []
            for number in current:
                state = self._states[number]
                if state.matches is not None and state.matches(char):
                    moved.append(state.out)
            current = self._closure(moved, text, index + 1)
            if not current:
                return False
        return any(self._states[number].kind == "accept" for number in current)

    def cost(self, text: str) -> int:
        """How many steps a match takes at most."""
        return (len(text) + 1) * len(self._states)

    def _add(self, state: _State) -> int:
        if len(self._states) >= MAX_STATES:
            raise RegexError(pattern=self.pattern[:80], reason="its repetitions make it too large")
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, part: _Part, after: int) -> int:
        """Add the states of a part, ending in state `after`; gives its first state."""
        self._built += 1  # `((){999}){999}` has few states and many parts
        if self._built > 4 * MAX_STATES:
            raise RegexError(pattern=self.pattern[:80], reason="its repetitions make it too large")
        if part.op == "char":
            return self._add(_State("consume", part.matches, after))
        if part.op == "edge":
            return self._add(_State(part.edge, None, after))
        if part.op == "sequence":
            for piece in reversed(part.parts):
                after = self._build(piece, after)
            return after
        if part.op == "choice":
            first = self._build(part.parts[-1], after)
            for branch in reversed(part.parts[:-1]):
                first = self._add(_State("split", None, self._build(branch, after), first))
            return first
        return self._repeat(part, after)

    def _repeat(self, part: _Part, after: int) -> int:
        piece = part.parts[0]
        if part.most is None:
            loop = self._add(_State("split", None, -1, after))
            self._states[loop].out = self._build(piece, loop)
            after = loop
        else:
            end = after
            for _ in range(part.most - part.least):
                after = self._add(_State("split", None, self._build(piece, after), end))
        for _ in range(part.least):
            after = self._build(piece, after)
        return after

    def _closure(self, numbers: list[int], text: str, index: int) -> list[int]:
        """The states reachable without consuming a character."""
        seen: set[int] = set()
        waiting = list(numbers)
        reached: list[int] = []
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            state = self._states[number]
            if state.kind in ("consume", "accept"):
                reached.append(number)
            elif state.kind == "split":
                waiting += (state.other, state.out)
            elif _at_edge(state.kind, text, index):
                waiting.append(state.out)
        return reached


def _at_edge(kind: str, text: str, index: int) -> bool:
    if kind == "start":
        return index == 0
    if kind == "end":
        return index == len(text)
    before = index > 0 and text[index - 1] in _WORD
    after = index < len(text) and text[index] in _WORD
    return (before != after) == (kind == "boundary")


@lru_cache(maxsize=512)
def compile_regex(pattern: str) -> Regex:
    """Compile a pattern; raises RegexError when it is malformed, not regular or too large."""
    return Regex(pattern)
