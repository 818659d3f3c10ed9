"""Whether the statements of one account follow each other without a gap.

Each closes where the next opens, and their electronic sequence numbers (ElctrncSeqNb of camt.053, which begins again
each year) have no holes. A movement is on one statement only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from payments.answers.iso20022 import COUNT
from pricing.money import Money
from workflows.problems import Problem


@dataclass(frozen=True, slots=True)
class StatementTold:
    """What a statement says of itself. sequence: "" = none. lines: what tells its movements from all others."""

    number: str
    sequence: str
    day: date | None
    opening: Money | None
    closing: Money | None
    moved: Money
    lines: frozenset[str] = frozenset()


def check(statements: Iterable[StatementTold]) -> list[Problem]:
    """What does not add up, is missing or is told twice; the statements are of one account and currency."""
    ordered = sorted(statements, key=_order)
    found = [p for each in ordered for p in _sum(each)]
    for earlier, later in pairwise(ordered):
        found += _between(earlier, later)
    return found


def _order(each: StatementTold) -> tuple[date, int, str]:
    numbers = re.findall(r"[0-9]{1,15}", each.number)  # of several on one day, 9 is before 10
    last = _number(each.sequence) or (int(numbers[-1]) if numbers else 0)
    return (each.day or date.min, last, each.number)


def _number(sequence: str) -> int | None:
    return int(sequence) if COUNT.fullmatch(sequence) else None


def _sum(each: StatementTold) -> Iterator[Problem]:
    if each.opening is None or each.closing is None or each.opening + each.moved == each.closing:
        return
    yield Problem(
        "statement-does-not-add-up",
        "Statement %(id)s opens with %(opening)s and moves %(moved)s, but closes with %(closing)s. Entries are missing "
        "or too many: ask the bank for the statement again and read it.",
        each.number,
        "warning",
        {"id": each.number, "opening": each.opening, "moved": each.moved, "closing": each.closing},
    )


def _between(earlier: StatementTold, later: StatementTold) -> Iterator[Problem]:
    both = {"earlier": earlier.number, "later": later.number}
    shared = len(earlier.lines & later.lines)
    if shared:
        yield Problem(
            "statements-overlap",
            "Statements %(earlier)s and %(later)s both tell of %(count)s movements. Each is booked once; ask the bank "
            "which of the two statements stands.",
            later.number, "warning", {**both, "count": shared},
        )  # fmt: skip
        return
    first, last = _number(earlier.sequence), _number(later.sequence)
    is_same_year = earlier.day is not None and later.day is not None and earlier.day.year == later.day.year
    if first is not None and last is not None and is_same_year and last > first + 1:
        yield Problem(
            "statement-missing",
            "Between statements %(earlier)s (number %(first)s) and %(later)s (number %(last)s) the bank sent others "
            "that were not read. Ask the bank for them and read them here.",
            later.number, "warning", {**both, "first": first, "last": last},
        )  # fmt: skip
    elif earlier.closing is not None and later.opening is not None and earlier.closing != later.opening:
        yield Problem(
            "statements-gap",
            "Statement %(earlier)s closes with %(closing)s, the next one, %(later)s, opens with %(opening)s. What "
            "moved between them was not read: ask the bank for the statements between them.",
            later.number, "warning", {**both, "closing": earlier.closing, "opening": later.opening},
        )  # fmt: skip
