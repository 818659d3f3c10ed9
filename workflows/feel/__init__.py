"""FEEL, the expression language of DMN 1.5: conditions, timers, quantities, prefilled answers, decisions.

    >>> evaluate("if visit count > 2 then 0.9 * price else price", {"visit count": 3, "price": 50})
    Decimal('45.0')

Our own implementation: an expression is compiled once to closures and evaluated often. It reaches nothing but
its context, and ends within a bound of steps, depth and sizes. What is wrong at evaluation gives null and a
warning.
"""

from __future__ import annotations

from workflows.feel.errors import FeelError, FeelLimitExceeded, FeelSyntaxError, FeelValueUnsupported
from workflows.feel.evaluation import DEFAULT_LIMITS, Limits
from workflows.feel.expression import Expression, Outcome, UnaryTests, compile, evaluate, unary_tests  # noqa: A004
from workflows.feel.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time
from workflows.feel.values import FeelValue, FunctionValue, Range

__all__ = [
    "DEFAULT_LIMITS",
    "Date",
    "DateTime",
    "DaysDuration",
    "Expression",
    "FeelError",
    "FeelLimitExceeded",
    "FeelSyntaxError",
    "FeelValue",
    "FeelValueUnsupported",
    "FunctionValue",
    "Limits",
    "MonthsDuration",
    "Outcome",
    "Range",
    "Time",
    "UnaryTests",
    "compile",
    "evaluate",
    "unary_tests",
]
