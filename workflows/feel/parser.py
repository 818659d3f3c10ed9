"""FEEL text to syntax tree (DMN 1.5, 10.3.1.2), by precedence climbing.

Names may have spaces and even operators and keywords in them (`unit price`, `a-b`, `date and time`). Words
side by side are always one name. A name with an operator or a keyword in it is only recognised when known:
declared in the expression (a context entry, a parameter, an iterator) or given by the caller; the longest one
wins.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

from workflows.feel.errors import FeelLimitExceeded, FeelSyntaxError
from workflows.feel.syntax import (
    Between,
    Call,
    Chain,
    ContextLiteral,
    EqualityTest,
    FeelType,
    Filter,
    For,
    Function,
    If,
    In,
    InstanceOf,
    Iterator,
    ListLiteral,
    Literal,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    Temporal,
)
from workflows.feel.tokens import Token, syntax_error, tokenize, without_lone_surrogates

NESTING_LIMIT: Final = 48
"""Expressions within expressions."""

_OR, _AND, _COMPARISON, _ADDITION, _MULTIPLICATION, _POWER, _UNARY, _INSTANCE = range(1, 9)

_BINARY: Final = {
    "or": _OR,
    "and": _AND,
    "=": _COMPARISON,
    "!=": _COMPARISON,
    "<": _COMPARISON,
    "<=": _COMPARISON,
    ">": _COMPARISON,
    ">=": _COMPARISON,
    "between": _COMPARISON,
    "in": _COMPARISON,
    "+": _ADDITION,
    "-": _ADDITION,
    "*": _MULTIPLICATION,
    "/": _MULTIPLICATION,
    "**": _POWER,
}
_COMPARATORS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_SEPARATORS: Final = frozenset({"and", "or", "in", "between", "then", "else", "return", "satisfies"})
"""Keywords that end a name."""

_BUILTIN_NAMES_WITH_KEYWORDS: Final = ("date and time", "years and months duration", "days and time duration")
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_CLOSES_RANGE: Final = frozenset({")", "]", "["})
_AFTER_OPEN_END: Final = frozenset({")", "]", "}", ",", "["})

_DECIMAL128: Final = Context(prec=34, Emin=-6143, Emax=6144, traps=[])


def needs_to_be_known(name: str) -> bool:
    """Whether the name has an operator or keyword in it, so that it is only recognised when known."""
    try:
        tokens = tokenize(name)[:-1]
    except (FeelSyntaxError, FeelLimitExceeded):
        return False
    if not tokens or any(token.kind not in ("name", "number", "operator") for token in tokens):
        return False
    return any(
        token.kind == "operator" or token.value in _SEPARATORS or not _is_integer_or_name(token)
        for token in tokens
    )


def canonical_name(name: str) -> str:
    """The name as the parser writes it: NFC, straight apostrophes, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).replace("’", "'").split())


def parse_expression(text: str, known: Iterable[str] = ()) -> Node:
    """The tree of one expression.

    known: names with operators or keywords that the expression may use.
    Raises FeelSyntaxError; FeelLimitExceeded for deep nesting and long texts.
    """
    parser = _Parser(text, known)
    node = parser.expression()
    parser.expect_end()
    return node


def parse_unary_tests(text: str, known: Iterable[str] = ()) -> tuple[tuple[Node, ...], bool]:
    """The tests of a decision table's cell, and whether not(...) negates them; no tests mean any value."""
    parser = _Parser(text, known)
    tests, negated = parser.unary_tests()
    parser.expect_end()
    return tests, negated


def _is_integer_or_name(token: Token) -> bool:
    return token.kind == "name" or token.text.isdigit()


class _Parser:
    def __init__(self, text: str, known: Iterable[str]) -> None:
        self._text = without_lone_surrogates(text)
        self._tokens = tokenize(self._text)
        self._at = 0
        self._nesting = 0
        self._range_ends = 0
        self._known: dict[str, tuple[str, ...]] = {}
        for name in (*_BUILTIN_NAMES_WITH_KEYWORDS, *known):
            self._declare(name, anyway=True)

    # Moving ahead

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _ahead(self, count: int = 1) -> Token:
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def _is(self, *texts: str) -> bool:
        """Whether the next token is one of these operators or keywords."""
        token = self._token
        return token.kind in ("operator", "name") and token.text in texts

    def _accept(self, *texts: str) -> str | None:
        if self._is(*texts):
            self._at += 1
            return self._tokens[self._at - 1].text
        return None

    def _expect(self, *texts: str) -> str:
        text = self._accept(*texts)
        if text is None:
            raise self._error(" or ".join(f"“{text}”" for text in texts))
        return text

    def expect_end(self) -> None:
        if self._token.kind != "end":
            raise self._error("an operator or the end of the expression")

    def _error(self, expected: str) -> FeelSyntaxError:
        token = self._token
        found = f"“{token.text[:40]}”" if token.text else ""
        return syntax_error(self._text, token.start, expected, found)

    # Names

    def _declare(self, name: str, *, anyway: bool = False) -> None:
        if anyway or needs_to_be_known(name):
            try:
                self._known[canonical_name(name)] = tuple(token.value for token in tokenize(name)[:-1])
            except (FeelSyntaxError, FeelLimitExceeded):
                return

    def _known_name(self) -> str | None:
        """The longest known name that begins here; moves behind it."""
        best, length = None, 0
        for name, words in self._known.items():
            if len(words) > length and self._spells(words):
                follower = self._ahead(len(words))
                if name in _BUILTIN_NAMES_WITH_KEYWORDS and follower.text not in ("(", ">", ",", ")", ""):
                    continue
                if follower.kind == "name" and follower.value not in _SEPARATORS | {"instance"}:
                    continue
                best, length = name, len(words)
        self._at += length
        return best

    def _spells(self, words: tuple[str, ...]) -> bool:
        tokens = self._tokens[self._at : self._at + len(words)]
        return tuple(token.value for token in tokens) == words and all(
            token.kind not in ("string", "temporal") for token in tokens
        )

    def _name(self, expected: str = "a name") -> str:
        """Words side by side, joined; stops before a keyword."""
        known = self._known_name()
        if known is not None:
            return known
        if self._token.kind != "name" or self._token.value in _SEPARATORS:
            raise self._error(expected)
        parts = [self._token.value]
        self._at += 1
        while self._continues_name():
            glued = self._token.start == self._tokens[self._at - 1].end
            parts.append(self._token.value if glued else " " + self._token.value)
            self._at += 1
        return "".join(parts)

    def _continues_name(self) -> bool:
        token = self._token
        if token.kind == "number":
            return token.text.isdigit()
        if token.kind != "name" or token.value in _SEPARATORS:
            return False
        return not (token.value == "instance" and self._ahead().value == "of")

    def _key(self) -> str:
        """The key of a context entry: a string or any tokens before the colon."""
        if self._token.kind == "string":
            self._at += 1
            return self._tokens[self._at - 1].value
        start = self._token.start
        end = start
        while not self._is(":"):
            if self._token.kind in ("end", "string", "temporal") or self._is(
                ",", "{", "}", "[", "]", "(", ")"
            ):
                raise self._error("“:” after the name of the entry")
            end = self._token.end
            self._at += 1
        if start == end:
            raise self._error("the name of an entry")
        return canonical_name(self._text[start:end])

    # Expressions

    def expression(self) -> Node:
        return self._binary(_OR)

    def _binary(self, lowest: int, left: Node | None = None) -> Node:
        self._nesting += 1
        if self._nesting > NESTING_LIMIT:
            raise FeelLimitExceeded(limit="levels of nesting", maximum=NESTING_LIMIT)
        left = left or self._unary()
        while True:
            precedence = self._operator_precedence()
            if precedence < lowest:
                break
            left = self._operation(left, precedence)
        self._nesting -= 1
        return left

    def _operator_precedence(self) -> int:
        token = self._token
        if token.kind == "operator" or token.kind == "name":
            if token.text == "instance" and self._ahead().text == "of":
                return _INSTANCE
            return _BINARY.get(token.text, 0)
        return 0

    def _operation(self, left: Node, precedence: int) -> Node:
        if precedence == _INSTANCE:
            self._at += 2
            return InstanceOf(left, self._type())
        if precedence == _COMPARISON:
            return self._comparison(left)
        rest: list[tuple[str, Node]] = []
        while self._operator_precedence() == precedence:
            operator = self._token.text
            self._at += 1
            rest.append((operator, self._binary(precedence + 1)))
        return Chain(left, tuple(rest))

    def _comparison(self, left: Node) -> Node:
        operator = self._token.text
        self._at += 1
        if operator == "between":
            low = self._binary(_ADDITION)
            self._expect("and")
            return Between(left, low, self._binary(_ADDITION))
        if operator == "in":
            return In(left, self._tests_after_in())
        return Chain(left, ((operator, self._binary(_COMPARISON + 1)),))

    def _unary(self) -> Node:
        negations = 0
        while self._accept("-"):
            negations += 1
        node = self._postfix(self._primary())
        if negations and isinstance(node, Literal) and isinstance(node.value, Decimal):
            return Literal(node.value.copy_negate() if negations % 2 else node.value)
        if negations > NESTING_LIMIT:
            raise FeelLimitExceeded(limit="levels of nesting", maximum=NESTING_LIMIT)
        for _ in range(negations):
            node = Negation(node)
        return node

    def _postfix(self, node: Node) -> Node:
        while True:
            if self._is("["):
                if self._range_ends and self._ends_range():
                    return node
                self._at += 1
                node = Filter(node, self._nested())
                self._expect("]")
            elif self._is("("):
                self._at += 1
                node = self._call(node)
            elif self._accept("."):
                node = Path(node, self._name("the name of an entry"))
            else:
                return node

    def _nested(self) -> Node:
        """An expression within brackets, where a “[” is a filter again."""
        saved, self._range_ends = self._range_ends, 0
        node = self.expression()
        self._range_ends = saved
        return node

    def _ends_range(self) -> bool:
        """Whether this “[” closes a range, as in ]1..3[, and begins no filter."""
        follower = self._ahead()
        return follower.kind == "end" or follower.text in _AFTER_OPEN_END or follower.text in _SEPARATORS

    def _call(self, function: Node) -> Node:
        arguments: list[Node] = []
        names: list[str] = []
        while not self._is(")"):
            name = self._argument_name()
            if bool(name) != bool(names) and arguments:
                raise self._error("either only named or only positional arguments")
            if name:
                names.append(name)
            arguments.append(self._nested())
            if not self._accept(","):
                break
        self._expect(")")
        return Call(function, tuple(arguments), tuple(names))

    def _argument_name(self) -> str:
        """The name before a colon, else nothing."""
        count = 0
        while self._ahead(count).kind in ("name", "number"):
            count += 1
        if count == 0 or self._ahead(count).text != ":":
            return ""
        text = self._text[self._token.start : self._ahead(count - 1).end]
        self._at += count + 1
        return canonical_name(text)

    def _primary(self) -> Node:
        token = self._token
        if token.kind == "number":
            number = self._number(token)
            self._at += 1
            return Literal(number)
        if token.kind == "string":
            self._at += 1
            return Literal(token.value)
        if token.kind == "temporal":
            self._at += 1
            return Temporal(token.value)
        if token.kind == "name":
            return self._word(token)
        if token.text == "(":
            return self._parenthesis()
        if token.text == "[":
            return self._brackets()
        if token.text == "]":
            self._at += 1
            return self._range(start_included=False)
        if token.text == "{":
            return self._context()
        known = self._known_name()
        if known is not None:
            return Name(known)
        raise self._error("an expression")

    def _number(self, token: Token) -> Decimal:
        value = _DECIMAL128.create_decimal(token.text)
        if not value.is_finite():
            raise self._error("a number below 1e6145")
        return value

    def _word(self, token: Token) -> Node:
        word = token.value
        known = self._known_name()
        if known is not None:
            return Name(known)
        if word in _CONSTANTS and not self._continues_name_after():
            self._at += 1
            return Literal(_CONSTANTS[word])
        if word == "if":
            return self._if()
        if word == "for":
            return self._for()
        if word in ("some", "every"):
            return self._quantified()
        if word == "function" and self._ahead().text == "(":
            return self._function()
        if word in _SEPARATORS:
            raise self._error("an expression")
        return Name(self._name())

    def _continues_name_after(self) -> bool:
        self._at += 1
        continues = self._continues_name()
        self._at -= 1
        return continues

    def _parenthesis(self) -> Node:
        self._expect("(")
        if self._is(*_COMPARATORS):
            test = self._comparator_test()
            self._expect(")")
            return test
        return self._close_parenthesis(self._nested())

    def _close_parenthesis(self, first: Node) -> Node:
        if self._accept(".."):
            return self._range_end(first, start_included=False)
        self._expect(")")
        return first

    def _range(self, *, start_included: bool) -> Node:
        start = self._nested()
        self._expect("..")
        return self._range_end(start, start_included=start_included)

    def _range_end(self, start: Node, *, start_included: bool) -> Node:
        self._range_ends += 1
        end = self.expression()
        self._range_ends -= 1
        closing = self._expect("]", ")", "[")
        return RangeLiteral(start, end, start_included, closing == "]")

    def _brackets(self) -> Node:
        self._expect("[")
        if self._accept("]"):
            return ListLiteral(())
        items = [self._list_item()]
        if self._accept(".."):
            return self._range_end(items[0], start_included=True)
        while self._accept(","):
            items.append(self._list_item())
        self._expect("]")
        return ListLiteral(tuple(items))

    def _list_item(self) -> Node:
        if self._is(*_COMPARATORS):
            return self._comparator_test()
        return self._nested()

    def _context(self) -> Node:
        self._expect("{")
        declared = dict(self._known)
        entries: list[tuple[str, Node]] = []
        while not self._is("}"):
            key = self._key()
            self._expect(":")
            entries.append((key, self._nested()))
            self._declare(key)
            if not self._accept(","):
                break
        self._expect("}")
        if not self._is(".", "["):
            self._known = declared
        return ContextLiteral(tuple(entries))

    def _if(self) -> Node:
        self._expect("if")
        condition = self._nested()
        self._expect("then")
        then = self._nested()
        self._expect("else")
        return If(condition, then, self.expression())

    def _for(self) -> Node:
        self._expect("for")
        declared = dict(self._known)
        iterators = self._iterators()
        self._expect("return")
        body = self.expression()
        self._known = declared
        return For(iterators, body)

    def _quantified(self) -> Node:
        every = self._expect("some", "every") == "every"
        declared = dict(self._known)
        iterators = self._iterators()
        self._expect("satisfies")
        condition = self.expression()
        self._known = declared
        return Quantified(every, iterators, condition)

    def _iterators(self) -> tuple[Iterator, ...]:
        iterators: list[Iterator] = []
        while not iterators or self._accept(","):
            name = self._name("the name of a variable")
            self._expect("in")
            source = self._nested()
            end = self._nested() if self._accept("..") else None
            iterators.append(Iterator(name, source, end))
        return tuple(iterators)

    def _function(self) -> Node:
        self._expect("function")
        self._expect("(")
        declared = dict(self._known)
        parameters: list[tuple[str, FeelType | None]] = []
        while not self._is(")"):
            name = self._name("the name of a parameter")
            parameters.append((name, self._type() if self._accept(":") else None))
            if not self._accept(","):
                break
        self._expect(")")
        external = self._accept("external") is not None
        body = self.expression()
        self._known = declared
        return Function(tuple(parameters), body, external)

    # Types

    def _type(self) -> FeelType:
        self._nesting += 1
        if self._nesting > NESTING_LIMIT:
            raise FeelLimitExceeded(limit="levels of nesting", maximum=NESTING_LIMIT)
        name = self._type_name()
        arguments: list[FeelType] = []
        fields: list[str] = []
        if name in ("list", "range", "context", "function") and self._accept("<"):
            while not self._is(">"):
                if name == "context":
                    fields.append(self._key())
                    self._expect(":")
                arguments.append(self._type())
                if not self._accept(","):
                    break
            self._expect(">")
        if name == "function" and self._accept("->"):
            arguments.append(self._type())
        self._nesting -= 1
        return FeelType(name, tuple(arguments), tuple(fields))

    def _type_name(self) -> str:
        for name in _BUILTIN_NAMES_WITH_KEYWORDS:
            words = tuple(name.split())
            if self._spells(words):
                self._at += len(words)
                return name
        name = self._name("the name of a type")
        while self._accept("."):
            name += "." + self._name("the name of a type")
        return name

    # Unary tests

    def _comparator_test(self) -> Node:
        operator = self._expect(*_COMPARATORS)
        operand = self._binary(_COMPARISON + 1)
        if operator in ("=", "!="):
            return EqualityTest(operand, operator == "!=")
        if operator in ("<", "<="):
            return RangeLiteral(None, operand, start_included=False, end_included=operator == "<=")
        return RangeLiteral(operand, None, operator == ">=", end_included=False)

    def _test(self) -> Node:
        if self._is(*_COMPARATORS):
            return self._comparator_test()
        return self.expression()

    def _tests_after_in(self) -> tuple[Node, ...]:
        if not self._is("("):
            if self._is(*_COMPARATORS):
                return (self._comparator_test(),)
            return (self._binary(_COMPARISON + 1),)
        self._at += 1
        saved, self._range_ends = self._range_ends, 0
        tests = [self._test()]
        while self._accept(","):
            tests.append(self._test())
        self._range_ends = saved
        if len(tests) > 1:
            self._expect(")")
            return tuple(tests)
        # One expression in parentheses may begin a larger one: x in (1..3), x in (a + b) * c
        first = self._postfix(self._close_parenthesis(tests[0]))
        return (self._binary(_COMPARISON + 1, first),)

    def unary_tests(self) -> tuple[tuple[Node, ...], bool]:
        if self._is("-") and self._ahead().kind == "end":
            self._at += 1
            return (), False
        if self._is("not") and self._ahead().text == "(":
            start = self._at
            self._at += 2
            tests = self._test_list()
            self._expect(")")
            if self._token.kind == "end":
                return tests, True
            self._at = start
        return self._test_list(), False

    def _test_list(self) -> tuple[Node, ...]:
        tests = [self._test()]
        while self._accept(","):
            tests.append(self._test())
        return tuple(tests)
