"""What changed between two quotes: totals, tasks and lines, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pricing.errors import CurrencyMismatch
from pricing.quotes import Quote, QuoteLine

Change = Literal["added", "removed", "changed"]
Cause = Literal["executions", "quantity", "price", "charge", "payer", "count"]
TOTALS: Final = (
    "expected_minor", "direct_minor", "contingency_minor", "charged_minor", "fund_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amounts:
    """The same amount in both quotes, in whole minor units; None = not in that quote."""

    before: int | None
    after: int | None

    @property
    def difference(self) -> int:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line that is in one quote only, or differs. causes: which of its factors changed."""

    task: str
    line: str
    item: str
    change: Change
    amount: Amounts
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteDifference:
    """The difference of two quotes in one currency; unchanged tasks and lines are left out."""

    currency: str
    totals: Mapping[str, Amounts]
    parties: Mapping[str, Amounts]
    """Third parties' cash."""
    overheads: Mapping[str, Amounts]
    tasks: Mapping[str, Amounts]
    lines: tuple[LineDifference, ...]

    @property
    def is_empty(self) -> bool:
        moved = [*self.totals.values(), *self.parties.values(), *self.overheads.values()]
        return not self.lines and not self.tasks and not any(a.difference for a in moved)


def compare_quotes(before: Quote, after: Quote) -> QuoteDifference:
    """What changed from one quote to another. Raises CurrencyMismatch when the currencies differ."""
    if before.currency != after.currency:
        raise CurrencyMismatch(left=before.currency, right=after.currency)
    tasks = _pairs(
        {task.id: task.amount_minor for task in before.tasks.values()},
        {task.id: task.amount_minor for task in after.tasks.values()},
    )
    return QuoteDifference(
        currency=before.currency,
        totals={name: Amounts(getattr(before, name), getattr(after, name)) for name in TOTALS},
        parties=_pairs(before.party_minor, after.party_minor),
        overheads=_pairs(
            {o.code: o.amount_minor for o in before.overheads},
            {o.code: o.amount_minor for o in after.overheads},
        ),
        tasks={task: pair for task, pair in tasks.items() if pair.before != pair.after},
        lines=_lines(before, after),
    )


def _pairs(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Amounts]:
    return {key: Amounts(before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after])}


def _lines(before: Quote, after: Quote) -> tuple[LineDifference, ...]:
    old = {(line.task, line.id): line for line in before.lines}
    new = {(line.task, line.id): line for line in after.lines}
    found = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if was is None and now is not None:
            found.append(_line(now, "added", Amounts(None, now.amount_minor)))
        elif was is not None and now is None:
            found.append(_line(was, "removed", Amounts(was.amount_minor, None)))
        elif was is not None and now is not None:
            causes = _causes(was, now)
            if before.count != after.count:
                causes = (*causes, "count")
            amounts = Amounts(was.amount_minor, now.amount_minor)
            if causes or amounts.difference:
                found.append(_line(now, "changed", amounts, causes))
    return tuple(found)


def _line(line: QuoteLine, change: Change, amount: Amounts, causes: tuple[Cause, ...] = ()) -> LineDifference:
    return LineDifference(line.task, line.id, line.item, change, amount, causes)


def _causes(was: QuoteLine, now: QuoteLine) -> tuple[Cause, ...]:
    changed: dict[Cause, bool] = {
        "executions": was.executions != now.executions,
        "quantity": (was.quantity, was.unit) != (now.quantity, now.unit),
        "price": (was.item, was.price.typical) != (now.item, now.price.typical),
        "charge": was.charge != now.charge,
        "payer": (was.payer, was.in_kind) != (now.payer, now.in_kind),
    }
    return tuple(cause for cause, holds in changed.items() if holds)
