"""Compiled expressions and unary tests, the public face of FEEL.

Compiling needs no context: words side by side are one name. A context key with an operator or a keyword in it
(`unit-price`, `terms and conditions`) cannot be recognised that way; when a context has such keys and the
text has them too, a variant of the expression that knows them is compiled, once, and kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from workflows.feel import syntax
from workflows.feel.compiler import NO_NAMES, Code, Compiler, any_of, compile_test, references
from workflows.feel.errors import FeelLimitExceeded, FeelSyntaxError
from workflows.feel.evaluation import DEFAULT_LIMITS, Evaluation, Limits, Scope
from workflows.feel.operators import is_in
from workflows.feel.parser import canonical_name, needs_to_be_known, parse_expression, parse_unary_tests
from workflows.feel.values import FeelValue
from workflows.problems import Problem

_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_CACHED_EXPRESSIONS: Final = 4096
_KEYS_LIMIT: Final = 500
_KEY_LEVELS: Final = 8
_AMBIGUOUS: Final = frozenset("+-*/.'’&%#§\"")
_INPUT: Final = "?"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value and why parts of it are null."""

    value: FeelValue
    warnings: tuple[Problem, ...]


class Expression:
    """A compiled expression.

    text: as written.
    names: the names it asks of the context.
    filter_names: those of them that are in filters only, where they may also mean entries of the items.
    """

    __slots__ = ("_known", "code", "filter_names", "names", "text")

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self.text = text
        self._known = known
        compiler = Compiler()
        try:
            self.code: Code = compiler.compile(parse_expression(text, known))
        except RecursionError:
            raise _too_deep() from None
        self.names = frozenset(compiler.free | compiler.filtered)
        self.filter_names = frozenset(compiler.filtered - compiler.free)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(
        self, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
    ) -> FeelValue:
        """The value alone; see `run`."""
        return self.run(context, now=now).value

    def run(
        self,
        context: Mapping[str, Any] = _EMPTY,
        *,
        now: datetime.datetime | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Outcome:
        """Evaluate with the values of a context; whole numbers, float and Fraction become Decimal.

        now: what now() and today() tell; without it they are null.
        Raises FeelLimitExceeded; FeelValueUnsupported for a value of the context FEEL has no type for.
        """
        code = self.code
        if not self._known and context:
            known = known_names(self.text, context)
            if known:
                code = compile(self.text, known).code
        evaluation = Evaluation(context, limits, now)
        value = _guarded(code, evaluation)
        return Outcome(value, tuple(evaluation.warnings))


class UnaryTests:
    """The condition of a decision table's cell: `< 10`, `"a", "b"`, `not([1..5])`, `? > 3 and ? < 9`, `-`."""

    __slots__ = ("_known", "_negated", "_tests", "names", "text")

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self.text = text
        self._known = known
        compiler = Compiler()
        try:
            nodes, self._negated = parse_unary_tests(text, known)
            self._tests = [_compile_unary(compiler, node) for node in nodes]
        except RecursionError:
            raise _too_deep() from None
        self.names = frozenset((compiler.free | compiler.filtered) - {_INPUT})

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"

    def matches(
        self, value: FeelValue, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
    ) -> bool | None:
        """Whether the input value passes; None when the tests cannot tell."""
        if not self._known and context:
            known = known_names(self.text, context)
            if known:
                return unary_tests(self.text, known).matches(value, context, now=now)
        if not self._tests:
            return True
        evaluation = Evaluation(context, DEFAULT_LIMITS, now)
        evaluation.values[_INPUT] = tested = evaluation.convert(value, _INPUT)
        tests = self._tests
        outcome = _guarded(lambda scope: any_of([test(scope, tested) for test in tests]), evaluation)
        if outcome is None:
            return None
        return not outcome if self._negated else bool(outcome)


@lru_cache(maxsize=_CACHED_EXPRESSIONS)
def compile(text: str, known: frozenset[str] = frozenset()) -> Expression:  # noqa: A001
    """Compile an expression; kept for the next time.

    known: names with operators or keywords in them that the expression may use; those of a context are found
    at evaluation.
    Raises FeelSyntaxError, FeelLimitExceeded.
    """
    return Expression(text, known)


def evaluate(
    text: str, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
) -> FeelValue:
    """Compile and evaluate.

    Raises FeelSyntaxError, FeelLimitExceeded, FeelValueUnsupported.
    """
    try:
        expression = compile(text)
    except FeelSyntaxError:
        known = known_names(text, context)
        if not known:
            raise
        expression = compile(text, known)
    return expression.evaluate(context, now=now)


@lru_cache(maxsize=_CACHED_EXPRESSIONS)
def unary_tests(text: str, known: frozenset[str] = frozenset()) -> UnaryTests:
    """Compile the unary tests of a decision table's cell; kept for the next time.

    Raises FeelSyntaxError, FeelLimitExceeded.
    """
    return UnaryTests(text, known)


def known_names(text: str, context: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the context, and of contexts in it, that are in the text and must be known to be recognised."""
    if not _may_be_ambiguous(text):
        return frozenset()
    written = canonical_name(text)
    found = set()
    for key in _keys(context):
        if _is_special(key) and canonical_name(key) in written:
            found.add(canonical_name(key))
    return frozenset(found)


def _keys(context: Mapping[str, Any]) -> Iterable[str]:
    """The first keys of the context and of what it holds, level by level, of lists the first element."""
    count = 0
    level: list[Any] = [context]
    for _ in range(_KEY_LEVELS):
        following: list[Any] = []
        for part in level:
            if isinstance(part, Mapping):
                for key, value in part.items():
                    count += 1
                    if count > _KEYS_LIMIT:
                        return
                    if isinstance(key, str):
                        yield key
                    if isinstance(value, Mapping | list):
                        following.append(value)
            elif isinstance(part, list) and part:
                following.append(part[0])
        level = following


@lru_cache(maxsize=_CACHED_EXPRESSIONS)
def _may_be_ambiguous(text: str) -> bool:
    words = text.split()
    keywords = ("and", "or", "in", "between", "then", "else", "return", "satisfies")
    return not _AMBIGUOUS.isdisjoint(text) or any(keyword in words for keyword in keywords)


@lru_cache(maxsize=_CACHED_EXPRESSIONS)
def _is_special(key: str) -> bool:
    return needs_to_be_known(key)


def _compile_unary(compiler: Compiler, node: syntax.Node) -> Callable[[Scope, FeelValue], bool | None]:
    """A test with `?` is a condition of its own; any other is compared with the input."""
    if not references(node, _INPUT):
        return compile_test(compiler, node, NO_NAMES, 0)
    code = compiler.compile(node)

    def test(scope: Scope, value: FeelValue) -> bool | None:
        outcome = code(scope)
        passes: bool | None = outcome
        if outcome is not None and not isinstance(outcome, bool):
            passes = is_in(scope.run, value, outcome)
        return passes

    return test


def _guarded(code: Code, evaluation: Evaluation) -> FeelValue:
    try:
        return evaluation.measured(code(Scope(evaluation, {})))
    except RecursionError:
        raise _too_deep() from None
    except MemoryError:
        raise FeelLimitExceeded(limit="bytes of memory", maximum=0) from None


def _too_deep() -> FeelLimitExceeded:
    return FeelLimitExceeded(limit="levels of nesting", maximum=DEFAULT_LIMITS.depth)
