"""Unary tests of a cell, of input values, of allowed values: closures, and their constants where they have such.

The constants are what the geometry of a decision table works with: `< 10`, `[1..5]`, `"a", "b"`, `not(true)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from workflows.feel import syntax
from workflows.feel.compiler import NO_NAMES, Compiler, any_of, compile_test, references
from workflows.feel.errors import FeelError
from workflows.feel.evaluation import Evaluation, Limits, Scope
from workflows.feel.functions import BUILTINS
from workflows.feel.operators import is_in
from workflows.feel.parser import parse_unary_tests
from workflows.feel.values import FeelValue

INPUT: Final = "?"
CHANGING: Final = frozenset({INPUT, "now", "today"})
"""Names whose value is not the same at every evaluation."""
_CONSTANT_LIMITS: Final = Limits(steps=10_000, items=2_000)
_Alternative = Callable[[Scope, FeelValue], bool | None]


@dataclass(frozen=True, slots=True)
class Test:
    """The tests of a cell.

    passes: whether a value passes; None when that cannot be told. constants: the value of each alternative
    (values and ranges), None when one of them depends on anything. No alternatives: every value passes.
    names: what it reads of its surroundings.
    """

    text: str
    passes: Callable[[Scope, FeelValue], bool | None]
    constants: tuple[FeelValue, ...] | None
    negated: bool
    names: frozenset[str]

    @property
    def is_any(self) -> bool:
        return self.constants == () and not self.negated


def _always(_: Scope, __: FeelValue) -> bool:
    return True


ANY: Final = Test("-", _always, (), negated=False, names=frozenset())


def compile_unary(
    text: str,
    visible: frozenset[str],
    known: frozenset[str],
    types: Mapping[str, syntax.FeelType],
) -> Test:
    """Compile the tests of one cell; an empty cell passes everything, as most modelers mean it.

    Raises FeelError, RecursionError.
    """
    if text in ("", "-"):
        return ANY
    nodes, negated = parse_unary_tests(text, known)
    compiler = Compiler(types=types)
    tests = [_alternative(compiler, node, visible) for node in nodes]
    mentioned = names_in(nodes)
    depends = bool(mentioned & visible)
    constants = tuple(_UNKNOWN if depends else _constant(node) for node in nodes)

    def passes(scope: Scope, value: FeelValue) -> bool | None:
        outcome = any_of([test(scope, value) for test in tests])
        return outcome if outcome is None or not negated else not outcome

    only = tests[0] if len(tests) == 1 and not negated else passes
    return Test(
        text,
        only if tests else _always,
        None if _UNKNOWN in constants else constants,
        negated,
        frozenset(compiler.free - BUILTINS.keys() - {INPUT}) | (mentioned & visible),
    )


def names_in(node: object) -> frozenset[str]:
    """Every name that the tree mentions, called functions among them."""
    found: set[str] = set()
    parts: list[object] = [node]
    while parts:
        part = parts.pop()
        if isinstance(part, syntax.Name):
            found.add(part.name)
        elif isinstance(part, tuple):
            parts.extend(part)
        elif isinstance(part, syntax.Node | syntax.Iterator):
            parts.extend(getattr(part, slot) for slot in part.__slots__)
    return frozenset(found)


class _Unknown:
    __slots__ = ()


_UNKNOWN: Final = _Unknown()


def _alternative(compiler: Compiler, node: syntax.Node, visible: frozenset[str]) -> _Alternative:
    """A test with `?` is a condition of its own; any other is compared with the value."""
    if not references(node, INPUT):
        return compile_test(compiler, node, NO_NAMES.declaring(*visible), 0)
    code = compiler.compile(node, NO_NAMES.declaring(*visible, INPUT))

    def test(scope: Scope, value: FeelValue) -> bool | None:
        outcome = code(scope.inner({INPUT: value}))
        if outcome is None or type(outcome) is bool:
            return outcome
        passes: bool | None = is_in(scope.run, value, outcome)
        return passes

    return test


def _constant(node: syntax.Node) -> FeelValue:
    """The value of a test that depends on nothing; `_UNKNOWN` of any other."""
    if names_in(node) & CHANGING:
        return _UNKNOWN
    compiler = Compiler()
    try:
        code = compiler.compile(node)
        if (compiler.free | compiler.filtered) - BUILTINS.keys():
            return _UNKNOWN
        run = Evaluation({}, _CONSTANT_LIMITS, None)
        value = code(Scope(run, {}))
    except (FeelError, RecursionError):
        return _UNKNOWN
    return _UNKNOWN if run.warnings else value
