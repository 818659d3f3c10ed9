r"""Regular expressions of FEEL (XPath and XQuery Functions 3.1, clause 5.6; XML Schema part 2, appendix G).

Our own engine, for two reasons. The syntax is not Python's: `[a-z-[aeiou]]`, `\i`, `\p{L}`, the flags smixq.
And `re` cannot be stopped: a pattern like `(a+)+b` runs for years while it holds the interpreter. This one is
a small backtracking machine (after Thompson and Cox) that counts its steps.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workflows.feel.errors import FeelLimitExceeded
from workflows.feel.evaluation import Evaluation

Match = tuple[int, int, tuple[int, ...]]
"""Start, end and the bounds of the groups: those of group n at 2n and 2n + 1, -1 where it took no part."""

_CharacterTest = Callable[[str], bool]

PATTERN_LENGTH: Final = 2000
_PROGRAM_LENGTH: Final = 10_000
_NESTING: Final = 60
_REPETITIONS: Final = 1000
_FLAGS: Final = frozenset("smixq")
_METACHARACTERS: Final = frozenset("\\|.?*+(){}[]^$-/")
_CHARACTER, _SPLIT, _JUMP, _SAVE, _LINE_START, _LINE_END, _REFERENCE, _MARK, _PROGRESS, _DONE = range(10)
_BLOCKS: Final = {
    "BasicLatin": (0x0, 0x7F),
    "Latin-1Supplement": (0x80, 0xFF),
    "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F),
    "Greek": (0x370, 0x3FF),
    "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
}
_CATEGORIES: Final = frozenset("LMNPZSC") | frozenset(
    major + minor
    for major, minors in {
        "L": "ultmo",
        "M": "nce",
        "N": "dlo",
        "P": "cdseifo",
        "Z": "slp",
        "S": "mcko",
        "C": "cfon",
    }.items()
    for minor in minors
)


class PatternError(Exception):
    """The text is no regular expression."""


_Instruction = tuple[int, object, object]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression of so many groups."""

    program: tuple[_Instruction, ...]
    groups: int
    marks: int
    multiline: bool
    ignore_case: bool
    literal: bool

    def search(self, run: Evaluation, text: str, start: int) -> Match | None:
        """The first match from the position on. Raises FeelLimitExceeded when it takes too many steps."""
        budget = [run.limits.pattern_steps]
        try:
            for position in range(start, len(text) + 1):
                match = self._match(text, position, budget)
                if match is not None:
                    return match
        finally:
            run.step((run.limits.pattern_steps - max(budget[0], 0)) // 2)
        return None

    def matches(self, run: Evaluation, text: str) -> Iterator[Match]:
        """All matches from left to right that do not overlap."""
        position = 0
        while position <= len(text):
            run.step()
            match = self.search(run, text, position)
            if match is None:
                return
            yield match
            position = match[1] if match[1] > match[0] else match[1] + 1

    def expand(self, match: Match, text: str, replacement: str) -> str | None:
        r"""The replacement with its $n filled; None when it has a lone $ or \."""
        if self.literal:
            return replacement
        pieces: list[str] = []
        at = 0
        while at < len(replacement):
            character = replacement[at]
            if character == "\\":
                if replacement[at + 1 : at + 2] not in ("\\", "$"):
                    return None
                pieces.append(replacement[at + 1])
                at += 2
            elif character == "$":
                number, at = self._group_number(replacement, at + 1)
                if number is None:
                    return None
                pieces.append(_group(match, text, number))
            else:
                pieces.append(character)
                at += 1
        return "".join(pieces)

    def _group_number(self, replacement: str, at: int) -> tuple[int | None, int]:
        """As many digits as still name a group."""
        if not _is_digit(replacement[at : at + 1]):
            return None, at
        number = int(replacement[at])
        at += 1
        while _is_digit(replacement[at : at + 1]) and number * 10 + int(replacement[at]) <= self.groups:
            number = number * 10 + int(replacement[at])
            at += 1
        return number, at

    def _match(self, text: str, start: int, budget: list[int]) -> Match | None:
        """Run the program from one position: a loop with a stack of alternatives, not recursion."""
        program, length = self.program, len(text)
        saved: tuple[int, ...] = (-1,) * (2 * (self.groups + 1) + self.marks)
        alternatives: list[tuple[int, int, tuple[int, ...]]] = [(0, start, saved)]
        steps = budget[0]
        while alternatives:
            counter, position, saved = alternatives.pop()
            while True:
                steps -= 1
                if steps < 0:
                    budget[0] = 0
                    raise FeelLimitExceeded(limit="steps of a regular expression", maximum=200_000)
                kind, first, second = program[counter]
                if kind == _CHARACTER:
                    if position < length and first(text[position]):  # type: ignore[operator]
                        position += 1
                        counter += 1
                        continue
                    break
                if kind == _SPLIT:
                    alternatives.append((second, position, saved))  # type: ignore[arg-type]
                    counter = first  # type: ignore[assignment]
                    continue
                if kind == _JUMP:
                    counter = first  # type: ignore[assignment]
                    continue
                if kind == _DONE:
                    budget[0] = steps
                    return start, position, saved
                advanced = self._special(kind, first, text, position, saved)
                if advanced is None:
                    break
                position, saved = advanced
                counter += 1
        budget[0] = steps
        return None

    def _special(
        self, kind: int, argument: object, text: str, position: int, saved: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]] | None:
        """Anchors, groups, back-references: the new position and groups, or None when it does not match."""
        assert isinstance(argument, int)
        if kind in (_SAVE, _MARK):
            return position, (*saved[:argument], position, *saved[argument + 1 :])
        if kind == _PROGRESS:
            return None if saved[argument] == position else (position, saved)
        if kind == _LINE_START:
            after_break = self.multiline and 0 < position < len(text) and text[position - 1] == "\n"
            return (position, saved) if position == 0 or after_break else None
        if kind == _LINE_END:
            before_break = self.multiline and text[position : position + 1] == "\n"
            return (position, saved) if position == len(text) or before_break else None
        referenced = (
            text[saved[2 * argument] : saved[2 * argument + 1]] if saved[2 * argument + 1] >= 0 else ""
        )
        found = text[position : position + len(referenced)]
        alike = found == referenced or (self.ignore_case and found.casefold() == referenced.casefold())
        return (position + len(found), saved) if alike else None


@lru_cache(maxsize=512)
def compile_pattern(text: str, flags: str) -> Pattern:
    """Compile a regular expression. Raises PatternError."""
    if len(text) > PATTERN_LENGTH or not _FLAGS.issuperset(flags):
        raise PatternError
    return _PatternCompiler(text, flags).compile()


def _group(match: Match, text: str, number: int) -> str:
    if number == 0:
        return text[match[0] : match[1]]
    bounds = match[2]
    if 2 * number + 1 >= len(bounds) or bounds[2 * number + 1] < 0:
        return ""
    return text[bounds[2 * number] : bounds[2 * number + 1]]


def _is_digit(text: str) -> bool:
    return len(text) == 1 and text in "0123456789"


class _PatternCompiler:
    def __init__(self, text: str, flags: str) -> None:
        self._flags = flags
        self._text = text if "x" not in flags or "q" in flags else _without_blanks(text)
        self._at = 0
        self._program: list[_Instruction] = []
        self._groups = 0
        self._closed: set[int] = set()
        self._group_total = 0
        self._marks = 0
        self._nesting = 0

    def compile(self) -> Pattern:
        if "q" in self._flags:
            for character in self._text:
                self._emit(_CHARACTER, self._single(character))
        else:
            self._group_total = _count_groups(self._text)
            self._alternatives()
            if self._at < len(self._text):
                raise PatternError
        self._emit(_DONE)
        return Pattern(
            tuple(self._numbered(instruction) for instruction in self._program),
            self._groups,
            self._marks,
            "m" in self._flags,
            "i" in self._flags,
            "q" in self._flags,
        )

    def _numbered(self, instruction: _Instruction) -> _Instruction:
        """Marks stand behind the bounds of all groups."""
        kind, first, second = instruction
        if kind in (_MARK, _PROGRESS):
            assert isinstance(first, int)
            return kind, 2 * (self._groups + 1) + first, second
        return instruction

    def _emit(self, kind: int, first: object = 0, second: object = 0) -> int:
        if len(self._program) >= _PROGRAM_LENGTH:
            raise PatternError
        self._program.append((kind, first, second))
        return len(self._program) - 1

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise PatternError
        self._at += 1
        return self._text[self._at - 1]

    # a|b, pieces, quantifiers

    def _alternatives(self) -> None:
        self._nesting += 1
        if self._nesting > _NESTING:
            raise PatternError
        ends: list[int] = []
        begin = len(self._program)
        self._branch()
        while self._peek() == "|":
            self._at += 1
            end = self._emit(_JUMP)
            self._insert(begin, (_SPLIT, begin + 1, end + 2))
            ends.append(end + 1)
            begin = len(self._program)
            self._branch()
        for end in ends:
            self._program[end] = (_JUMP, len(self._program), 0)
        self._nesting -= 1

    def _insert(self, at: int, instruction: _Instruction) -> None:
        """Put an instruction before a piece of program; jumps behind the place move along."""
        self._program[at:] = [_moved(each, at, 1) for each in self._program[at:]]
        self._program.insert(at, instruction)
        if len(self._program) > _PROGRAM_LENGTH:
            raise PatternError

    def _branch(self) -> None:
        while self._peek() not in ("", "|", ")"):
            begin = len(self._program)
            self._atom()
            self._quantifier(begin)

    def _quantifier(self, begin: int) -> None:
        symbol = self._peek()
        if symbol not in ("?", "*", "+", "{") or not symbol:
            return
        self._at += 1
        low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(symbol) or self._bounds()
        lazy = self._peek() == "?"
        self._at += lazy
        if self._peek() in ("?", "*", "+", "{") and self._peek():
            raise PatternError
        piece = [_moved(each, 0, -begin) for each in self._program[begin:]]
        del self._program[begin:]
        for _ in range(low):
            self._place(piece)
        if high is None:
            self._loop(piece, lazy=lazy)
        else:
            self._options(piece, high - low, lazy=lazy)

    def _bounds(self) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at : end].partition(",") if end >= 0 else ("", "", "")
        if not low.isascii() or not low.isdigit() or (high and not (high.isascii() and high.isdigit())):
            raise PatternError
        self._at = end + 1
        if len(low) > 4 or len(high) > 4 or int(low) > _REPETITIONS or int(high or "0") > _REPETITIONS:
            raise PatternError
        if not comma:
            return int(low), int(low)
        if high and int(high) < int(low):
            raise PatternError
        return int(low), int(high) if high else None

    def _place(self, piece: list[_Instruction]) -> None:
        offset = len(self._program)
        if offset + len(piece) > _PROGRAM_LENGTH:
            raise PatternError
        self._program.extend(_moved(each, 0, offset) for each in piece)

    def _loop(self, piece: list[_Instruction], *, lazy: bool) -> None:
        mark = self._marks
        self._marks += 1
        split = self._emit(_SPLIT)
        self._emit(_MARK, mark)
        self._place(piece)
        self._emit(_PROGRESS, mark)
        self._emit(_JUMP, split)
        self._program[split] = self._split(split + 1, len(self._program), lazy=lazy)

    def _options(self, piece: list[_Instruction], count: int, *, lazy: bool) -> None:
        splits: list[int] = []
        for _ in range(count):
            splits.append(self._emit(_SPLIT))
            self._place(piece)
        for split in splits:
            self._program[split] = self._split(split + 1, len(self._program), lazy=lazy)

    @staticmethod
    def _split(body: int, after: int, *, lazy: bool) -> _Instruction:
        return (_SPLIT, after, body) if lazy else (_SPLIT, body, after)

    # Atoms

    def _atom(self) -> None:
        character = self._take()
        if character == "(":
            self._group()
        elif character == "[":
            self._emit(_CHARACTER, self._any_case(self._character_class()))
        elif character == ".":
            dot_all = "s" in self._flags
            self._emit(_CHARACTER, (lambda _: True) if dot_all else (lambda each: each not in "\n\r"))
        elif character in "^$":
            self._emit(_LINE_START if character == "^" else _LINE_END)
        elif character == "\\":
            self._escape()
        elif character in "?*+{}])":
            raise PatternError
        else:
            self._emit(_CHARACTER, self._single(character))

    def _group(self) -> None:
        capturing = True
        if self._peek() == "?":
            if self._peek(2) != "?:":
                raise PatternError
            self._at += 2
            capturing = False
        number = 0
        if capturing:
            self._groups += 1
            number = self._groups
            self._emit(_SAVE, 2 * number)
        self._alternatives()
        if self._take() != ")":
            raise PatternError
        if capturing:
            self._emit(_SAVE, 2 * number + 1)
            self._closed.add(number)

    def _escape(self) -> None:
        character = self._peek()
        if _is_digit(character):
            self._back_reference()
            return
        self._emit(_CHARACTER, self._any_case(self._escaped()))

    def _back_reference(self) -> None:
        number = int(self._take())
        while _is_digit(self._peek()) and number * 10 + int(self._peek()) <= self._group_total:
            number = number * 10 + int(self._take())
        if number not in self._closed:
            raise PatternError
        self._emit(_REFERENCE, number)

    def _escaped(self) -> _CharacterTest:
        """The characters an escape stands for, behind the backslash."""
        character = self._take()
        if character in _ESCAPED_SETS:
            return _ESCAPED_SETS[character]
        if character.lower() in _ESCAPED_SETS and character.isupper():
            return _negated(_ESCAPED_SETS[character.lower()])
        if character in "pP":
            test = self._category()
            return _negated(test) if character == "P" else test
        if character in "nrt":
            return _one({"n": "\n", "r": "\r", "t": "\t"}[character])
        if character in _METACHARACTERS:
            return _one(character)
        raise PatternError

    def _category(self) -> _CharacterTest:
        end = self._text.find("}", self._at)
        if self._peek() != "{" or end < 0:
            raise PatternError
        name = self._text[self._at + 1 : end]
        self._at = end + 1
        if name.startswith("Is") and name[2:] in _BLOCKS:
            low, high = _BLOCKS[name[2:]]
            return lambda each: low <= ord(each) <= high
        if name not in _CATEGORIES:
            raise PatternError
        return lambda each: unicodedata.category(each).startswith(name)

    # Character classes

    def _character_class(self) -> _CharacterTest:
        self._nesting += 1
        if self._nesting > _NESTING:
            raise PatternError
        negated = self._peek() == "^"
        self._at += negated
        tests: list[_CharacterTest] = []
        without: _CharacterTest | None = None
        while True:
            if self._peek() == "]" and tests:
                self._at += 1
                break
            if self._peek(2) == "-[" and tests:
                self._at += 2
                without = self._any_case(self._character_class())
                if self._take() != "]":
                    raise PatternError
                break
            tests.append(self._class_member())
        self._nesting -= 1
        return _class_test(tuple(tests), without, negated=negated)

    def _class_member(self) -> _CharacterTest:
        character = self._take()
        if character == "[" or character == "]":
            raise PatternError
        if character == "\\":
            low = self._peek()
            test = self._escaped()
            if low not in _METACHARACTERS and low not in "nrt":
                return test
            character = {"n": "\n", "r": "\r", "t": "\t"}.get(low, low)
        if self._peek() != "-" or self._peek(2) in ("-]", "-["):
            return _one(character)
        self._at += 1
        last = self._take()
        if last == "\\":
            escape = self._take()
            if escape not in _METACHARACTERS and escape not in "nrt":
                raise PatternError
            last = {"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)
        if last < character or last in "[]":
            raise PatternError
        return lambda each: character <= each <= last

    # Case

    def _single(self, character: str) -> _CharacterTest:
        return self._any_case(_one(character))

    def _any_case(self, test: _CharacterTest) -> _CharacterTest:
        if "i" not in self._flags:
            return test
        return lambda each: any(test(variant) for variant in _case_variants(each))


def _moved(instruction: _Instruction, behind: int, by: int) -> _Instruction:
    """The instruction with its jumps to places from `behind` on moved."""
    kind, first, second = instruction
    if kind in (_JUMP, _SPLIT):
        assert isinstance(first, int)
        assert isinstance(second, int)
        first = first + by if first >= behind else first
        second = second + by if kind == _SPLIT and second >= behind else second
    return kind, first, second


def _class_test(
    tests: tuple[_CharacterTest, ...], without: _CharacterTest | None, *, negated: bool
) -> _CharacterTest:
    def test(each: str) -> bool:
        if without is not None and without(each):
            return False
        return any(member(each) for member in tests) is not negated

    return test


def _one(character: str) -> _CharacterTest:
    return lambda each: each == character


def _negated(test: _CharacterTest) -> _CharacterTest:
    return lambda each: not test(each)


@lru_cache(maxsize=2048)
def _case_variants(character: str) -> frozenset[str]:
    folded = character.casefold()
    variants = {character, character.lower(), character.upper(), folded, folded.upper()}
    return frozenset(variant for variant in variants if len(variant) == 1)


def _is_name_start(character: str) -> bool:
    return character in ":_" or character.isalpha()


def _is_name_part(character: str) -> bool:
    return (
        _is_name_start(character)
        or character in "-.·"
        or unicodedata.category(character) in ("Nd", "Mn", "Mc", "Lm")
    )


_ESCAPED_SETS: Final[dict[str, _CharacterTest]] = {
    "s": lambda each: each in " \t\n\r",
    "d": lambda each: unicodedata.category(each) == "Nd",
    "w": lambda each: unicodedata.category(each)[0] not in "PZC",
    "i": _is_name_start,
    "c": _is_name_part,
}


def _without_blanks(text: str) -> str:
    """The flag x: white space outside character classes does not count."""
    kept: list[str] = []
    depth = 0
    escaped = False
    for character in text:
        if character in " \t\n\r" and depth == 0:
            continue
        if not escaped:
            depth += (character == "[") - (character == "]" and depth > 0)
        escaped = character == "\\" and not escaped
        kept.append(character)
    return "".join(kept)


def _count_groups(text: str) -> int:
    """An upper bound of the number of capturing groups."""
    return text.count("(")
