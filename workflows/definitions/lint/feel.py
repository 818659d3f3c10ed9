"""Asking FEEL about a text, for the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from workflows import feel
from workflows.errors import WorkflowError
from workflows.feel import syntax
from workflows.feel.evaluation import Limits
from workflows.feel.parser import parse_expression
from workflows.feel.values import FeelValue

LONGEST: Final = 10_000
"""Characters of an expression that the engine compiles."""
_MOMENTS: Final = (datetime(2001, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2098, 11, 30, 21, 47, 56, tzinfo=UTC))
"""What gives the same at both does not depend on when it is asked."""
_EFFORT: Final = Limits(steps=2_000, depth=100, text=10_000, items=2_000, pattern_steps=2_000)
"""Lint asks about each expression of a file; what takes longer is taken for unknown."""
_FOREIGN: Final = re.compile(r"\s*[$#]\{.*\}\s*", re.DOTALL)
_TRUTHS: Final = frozenset({"and", "or", "=", "!=", "<", "<=", ">", ">="})
_NO_TRUTHS: Final = frozenset(
    {
        "abs", "ceiling", "concatenate", "count", "date", "date and time", "day of week", "distinct values",
        "duration", "floor", "index of", "lower case", "mean", "median", "modulo", "now", "number", "product",
        "round", "split", "string", "string length", "substring", "sum", "time", "today", "upper case",
        "years and months duration",
    }
)  # fmt: skip
"""Functions that never give true or false."""


@dataclass(frozen=True, slots=True)
class Constant:
    """What an expression always gives. reason: why that is null, in English; "" when FEEL does not say."""

    value: FeelValue
    reason: str = ""


def fault(text: str) -> str:
    """Why `text` is no FEEL expression, in English; "" when it is one."""
    if len(text) > LONGEST:
        return "It is too long."
    try:
        feel.compile(text)
    except feel.FeelError as error:
        return _hint(text) or str(error)
    return ""


def _hint(text: str) -> str:
    """What is written around FEEL, or instead of it, in other tools."""
    if text.lstrip().startswith("="):
        return "Leave out the sign = at its beginning."
    return "Leave out the signs ${ } around it." if _FOREIGN.fullmatch(text) else ""


def is_feel(text: str) -> bool:
    """Whether `text` is a FEEL expression."""
    return not fault(text)


def names(text: str) -> frozenset[str]:
    """The variables a valid expression reads."""
    return frozenset(feel.compile(text).names)


@lru_cache(maxsize=1024)
def constant(text: str) -> Constant | None:
    """What `text` gives whenever it is asked; None when that is not known, or it is no expression."""
    if not text.strip() or fault(text) or names(text):
        return None
    expression = feel.compile(text)
    try:
        first, second = (expression.run(now=moment, limits=_EFFORT) for moment in _MOMENTS)
    except WorkflowError:
        return None
    if type(first.value) is not type(second.value) or first.value != second.value:
        return None
    return Constant(first.value, first.warnings[0].text() if first.warnings else "")


def is_never_boolean(text: str) -> bool:
    """Whether an expression cannot give true or false, seen from its outermost operator."""
    tree = _tree(text)
    return tree is not None and _is_no_truth(tree)


def is_never_context(text: str) -> bool:
    """Whether an expression cannot give a context, seen from its outermost operator."""
    tree = _tree(text)
    kinds = (
        syntax.Literal, syntax.Temporal, syntax.ListLiteral, syntax.RangeLiteral, syntax.Chain, syntax.Negation,
        syntax.Between, syntax.In, syntax.InstanceOf, syntax.For, syntax.Quantified, syntax.Function,
    )  # fmt: skip
    return isinstance(tree, kinds)


def _tree(text: str) -> syntax.Node | None:
    return None if not text.strip() or fault(text) else parse_expression(text)


def _is_no_truth(node: syntax.Node) -> bool:
    if isinstance(node, syntax.Literal):
        return not isinstance(node.value, bool)
    if isinstance(node, syntax.Chain):
        return not _TRUTHS.intersection(operator for operator, _ in node.rest)
    if isinstance(node, syntax.If):
        return _is_no_truth(node.then) and _is_no_truth(node.otherwise)
    if isinstance(node, syntax.Call):
        return isinstance(node.function, syntax.Name) and node.function.name in _NO_TRUTHS
    kinds = (
        syntax.Temporal, syntax.ListLiteral, syntax.ContextLiteral, syntax.RangeLiteral, syntax.Negation, syntax.For,
        syntax.Function,
    )  # fmt: skip
    return isinstance(node, kinds)
