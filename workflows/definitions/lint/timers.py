"""Rules for timers: a time that can be read, not shorter than the house can keep.

Accepted are ISO 8601 durations, dates, dates with times and repetitions, and FEEL that gives one of them. What
FEEL gives without any data is known here already, so `duration("PT1S")` is too short as PT1S is.
Source: BPMN 2.0.2, 10.5.5.4 (timer); ISO 8601-1:2019, 5.4, 5.5.2 and 5.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from workflows.definitions.lint import feel
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Node
from workflows.feel.temporal import parse_date_time
from workflows.problems import Problem

SHORTEST_SECONDS: Final = 60
LONGEST_SECONDS: Final = 100 * 31_536_000
_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?",
    re.ASCII,
)
_SECONDS: Final = (31_536_000, 2_592_000, 604_800, 86_400, 3_600, 60, 1)
_CYCLE: Final = re.compile(r"R([0-9]{0,6})/(?:([^/]+)/)?([^/]+)", re.ASCII)
_LIKE_ISO: Final = re.compile(
    r"[Rr](-?[0-9]+(\s*/.*)?|\s*/.*)|[-+]?(P[0-9T]|p[0-9]|pt[0-9])\S*|[0-9]{4}-[0-9]{2}-[0-9]{2}(T\S*)?",
    re.ASCII | re.DOTALL,
)
"""What is written like ISO 8601: were it read as FEEL, 2027-13-45 would be a subtraction, and p5d a name."""


def timers(subject: Subject) -> Iterator[Problem]:
    """Each timer says when it rings, and not too soon."""
    for node in subject.definition.nodes.values():
        if node.event == "timer":
            yield from _timer(node)


def _timer(node: Node) -> Iterator[Problem]:
    text = node.detail.strip()
    if not text:
        yield Problem(
            "timer-without-time",
            "The timer “%(name)s” has no time. Give a duration, for example P5D for five days.",
            place=node.id,
            params={"name": shown(node)},
        )
        return
    constant = None if _LIKE_ISO.fullmatch(text) else feel.constant(text)
    if constant is not None and constant.value is None:
        yield Problem(
            "impossible-timer",
            "The timer “%(name)s” never rings: %(time)s always gives null. %(reason)s Correct it.",
            place=node.id,
            params={"name": shown(node), "time": text[:60], "reason": constant.reason},
        )
        return
    time = _known(text)
    if not _is_iso(time) and (time != text or _LIKE_ISO.fullmatch(text) or not feel.is_feel(text)):
        yield Problem(
            "invalid-timer",
            "“%(time)s” of the timer “%(name)s” is no duration (P5D, PT12H), date (2027-03-01) or repetition "
            "(R3/P7D). Write one of these.",
            place=node.id,
            params={"time": text[:60], "name": shown(node)},
        )
        return
    shortest = _interval(time)
    if shortest is not None and shortest > LONGEST_SECONDS:
        yield Problem(
            "impossible-timer",
            "The timer “%(name)s” rings after more than a hundred years (%(time)s). Correct it.",
            place=node.id,
            params={"name": shown(node), "time": text[:60]},
        )
    if shortest is not None and shortest < SHORTEST_SECONDS:
        yield Problem(
            "timer-too-short",
            "The timer “%(name)s” rings after less than a minute (%(time)s). Use at least PT1M.",
            place=node.id,
            params={"name": shown(node), "time": text[:60]},
        )


def _known(text: str) -> str:
    """The time that an expression always gives, as text; the text itself where that is not known."""
    constant = None if _LIKE_ISO.fullmatch(text) else feel.constant(text)
    if constant is None:
        return text
    value = constant.value
    return "" if value is None or isinstance(value, (bool, Decimal, list, dict)) else str(value)


def _is_iso(text: str) -> bool:
    cycle = _CYCLE.fullmatch(text)
    if cycle is None:
        return bool(_DURATION.fullmatch(text)) or parse_date_time(text) is not None
    times, start, every = cycle.groups()
    return (
        (times == "" or int(times) > 0)
        and (start is None or parse_date_time(start) is not None)
        and bool(_DURATION.fullmatch(every))
    )


def _interval(text: str) -> Decimal | None:
    cycle = _CYCLE.fullmatch(text)
    duration = _DURATION.fullmatch(cycle.group(3) if cycle else text)
    if duration is None:
        return None
    return sum(
        (
            Decimal(part) * seconds
            for part, seconds in zip(duration.groups(default="0"), _SECONDS, strict=True)
        ),
        Decimal(0),
    )


RULES: Final = (timers,)
