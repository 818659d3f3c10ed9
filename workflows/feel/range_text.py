"""The text form of ranges for the built-in range() (DMN 1.5, 10.3.4.1, grammar rule 66: range literal)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from workflows.feel import syntax
from workflows.feel.errors import FeelError
from workflows.feel.operators import compare
from workflows.feel.parser import parse_expression
from workflows.feel.temporal import parse_date, parse_date_time, parse_duration, parse_temporal, parse_time
from workflows.feel.values import FeelValue, Range

_CONSTRUCTORS: Final = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}
_LONGEST: Final = 500


def parse_range(text: str) -> Range | None:
    """The range, or None when the text is none or its ends are no literals of one ordered type."""
    if len(text) > _LONGEST:
        return None
    try:
        node = parse_expression(text)
    except FeelError:
        return None
    if not isinstance(node, syntax.RangeLiteral) or node.start is None or node.end is None:
        return None
    start, end = _literal(node.start), _literal(node.end)
    if compare(start, end) is None:
        return None
    return Range(start, end, node.start_included, node.end_included)


def _literal(node: syntax.Node) -> FeelValue:
    if isinstance(node, syntax.Literal) and isinstance(node.value, Decimal | str):
        return node.value
    if isinstance(node, syntax.Temporal):
        return parse_temporal(node.text)
    if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name) and len(node.arguments) == 1:
        constructor = _CONSTRUCTORS.get(node.function.name)
        argument = node.arguments[0]
        if constructor and isinstance(argument, syntax.Literal) and isinstance(argument.value, str):
            return constructor(argument.value)
    return None
