"""Values of expressions, how ODK converts and compares them, and what an evaluation may know and cost.

Source: XPath 1.0 sections 3.4, 4.2-4.4; ODK XForms specification, "Data types"; where they are silent:
JavaRosa.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from forms.errors import XPathError, XPathLimit
from forms.tree import Node

Value = bool | float | str | list[Node]
BUDGET = 3_000_000
"""Steps the rules of one submission may take together: about a second of one processor."""

DATE_PATTERN = re.compile(
    r"(-?\d{4})-(\d\d)-(\d\d)"
    r"(?:T(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"
)
NUMBER_PATTERN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def days_from_civil(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01, or None where the calendar has no such day."""
    try:
        return (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days
    except ValueError:
        return None


def to_days(text: str) -> float | None:
    """Days since 1970-01-01 of an ISO 8601 date or date-time, at the place it was written; else None.

    The offset from UTC is left out on purpose: a form compares what the person saw on the phone.
    """
    match = DATE_PATTERN.fullmatch(text)
    if match is None:
        return None
    days = days_from_civil(int(match[1]), int(match[2]), int(match[3]))
    if days is None or match[4] is None:
        return None if days is None else float(days)
    hour, minute, second = int(match[4]), int(match[5]), float(match[6] or 0)
    if hour > 24 or minute > 59 or second >= 61:
        return None
    return days + (hour * 3600 + minute * 60 + second) / 86400


def to_string(value: Value) -> str:
    """XPath string(); a node-set is its first node."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return value[0].string() if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)


def to_number(value: Value) -> float:
    """XPath number(), where a date is its days since 1970-01-01."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    text = (value if isinstance(value, str) else to_string(value)).strip()
    if not text:
        return math.nan
    if NUMBER_PATTERN.fullmatch(text):
        return float(text)
    days = to_days(text)
    return math.nan if days is None else days


def to_boolean(value: Value) -> bool:
    """XPath boolean()."""
    if isinstance(value, float):
        return value == value and value != 0
    return bool(value)


def atoms(value: Value) -> list[bool | float | str]:
    """What a comparison compares: the texts of a node-set (ODK: "" for an empty one), or the value itself."""
    if isinstance(value, list):
        return [node.string() for node in value] if value else [""]
    return [value]


def equal(left: bool | float | str, right: bool | float | str) -> bool:
    """The "=" of ODK: dates that name the same moment are equal however they are written."""
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    if isinstance(left, float) or isinstance(right, float):
        return to_number(left) == to_number(right)
    if left == right:
        return True
    days = to_days(left)
    return days is not None and days == to_days(right)


def _modulo(left: float, right: float) -> float:
    return math.fmod(left, right) if right and math.isfinite(left) and not math.isnan(right) else math.nan


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _divide,
    "mod": _modulo,
}
ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


@dataclass(slots=True)
class Context:
    """What the expressions of one submission share.

    document: nameless node above the root. origin: the node the expression belongs to, `current()`.
    today, now: ISO 8601 at the place of the phone. instances: secondary instances by id (the node above their
    root). choice_label: (path of a question, value) -> label. text: itext id -> text.
    seed: makes random() and uuid() repeatable. budget: nodes that may still be visited.
    """

    document: Node
    today: str = ""
    now: str = ""
    version: str = ""
    seed: str = ""
    instances: Mapping[str, Node] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    choice_label: Callable[[str, str], str] = lambda _path, value: value
    text: Callable[[str], str] = lambda identifier: identifier
    budget: int = BUDGET
    origin: Node = field(init=False)
    expression: str = ""

    def __post_init__(self) -> None:
        self.origin = self.document

    def spend(self, cost: int) -> None:
        """Pay for work; raises XPathLimit when the budget of the submission is used up."""
        self.budget -= cost
        if self.budget < 0:
            raise XPathLimit(expression=self.expression[:200], reason="it visits too many answers")

    def refuse(self, reason: str) -> XPathError:
        return XPathError(expression=self.expression[:200], reason=reason)
