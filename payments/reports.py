"""What the ledger says to those who answer for the money: pure sums over its lines.

Every report is made of postings, so each of its totals is the balance or the movement of accounts, and each of its
amounts names the entry it comes from. Nothing here is stored; the same lines give the same report.

* statement of an account: opening, movements with the running balance, closing;
* aged payables, in the bands of accounts payable ageing (0-7, 8-14, 15-30, 31-60, more than 60 days);
* budget: granted, committed, from reserves, released, repaid, consumed, paid (budgetary accounting by commitments);
* statement of a fund by kind of movement; tax that was withheld; the share of overheads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from typing import Final, Literal

from payments.tax import TaxRow, shipped_table
from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """A posting with its entry. account: the code, `<kind>:<name>`. minor: debit positive, credit negative."""

    entry_id: str
    seq: int
    kind: str
    key: str
    memo: str
    posted_at: datetime
    book: str
    account: str
    currency: str
    minor: int

    @property
    def account_kind(self) -> str:
        return self.account.partition(":")[0]

    @property
    def name(self) -> str:
        return self.account.partition(":")[2]

    @property
    def day(self) -> date:
        return self.posted_at.date()

    @property
    def month(self) -> date:
        return self.posted_at.date().replace(day=1)


def by_entry(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines of each entry, in the order of the chain; lines come in that order."""
    for _, group in groupby(lines, key=lambda line: line.seq):
        yield list(group)


# Statements -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to a day, both included; None = without that end."""

    first: date | None = None
    last: date | None = None

    def is_before(self, day: date) -> bool:
        """Whether a day lies before the period."""
        return self.first is not None and day < self.first

    def __contains__(self, day: date) -> bool:
        return not self.is_before(day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of a statement. minor: as the reader counts (see `statement`). balance: after it."""

    line: Line
    minor: int
    balance: int


@dataclass(frozen=True, slots=True)
class Statement:
    """opening + the movements = closing, in minor units."""

    currency: str
    opening: int
    movements: tuple[Movement, ...]
    closing: int


def statement(lines: Iterable[Line], currency: str, period: Period, *, credit: bool = True) -> Statement:
    """The statement of the account whose lines are given, in one currency.

    credit: count credits as positive, as for what is owed to somebody or free in a fund.
    """
    sign, opening = (-1 if credit else 1), 0
    found: list[Movement] = []
    for line in lines:
        if line.currency != currency:
            continue
        if period.is_before(line.day):
            opening += sign * line.minor
        elif line.day in period:
            before = found[-1].balance if found else opening
            found.append(Movement(line, sign * line.minor, before + sign * line.minor))
    return Statement(currency, opening, tuple(found), found[-1].balance if found else opening)


@dataclass(frozen=True, slots=True)
class FundStatement:
    """A fund in one currency: opening + the movements by kind of entry = closing; minor units.

    spent: what accepted work of its projects has used in the period. committed: what is set aside for them at its end.
    """

    fund: str
    currency: str
    opening: int
    movements: Mapping[str, int]
    closing: int
    spent: int
    committed: int


def fund_statement(
    lines: Sequence[Line], fund: str, currency: str, period: Period, fund_of: Mapping[str, str]
) -> FundStatement:
    """The statement of a fund. lines: of the budget book. fund_of: each project's fund."""
    own = statement((x for x in lines if x.account == f"fund:{fund}"), currency, period)
    kinds: dict[str, int] = {}
    for movement in own.movements:
        kinds[movement.line.kind] = kinds.get(movement.line.kind, 0) + movement.minor
    spent = committed = 0
    for line in lines:
        if line.currency != currency or fund_of.get(line.name) != fund:
            continue
        if line.account_kind == "consumed" and line.day in period:
            spent -= line.minor
        if line.account_kind in _SET_ASIDE and (period.last is None or line.day <= period.last):
            committed -= line.minor
    return FundStatement(fund, currency, own.opening, kinds, own.closing, spent, committed)


# Aged payables ----------------------------------------------------------------------------------------

BANDS: Final = ((0, 7), (8, 14), (15, 30), (31, 60), (61, None))
"""Days that something is owed, from and to, both included."""


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """What is owed to a payee since a day and in no payment. project: "" for none. minor: positive."""

    payee: str
    project: str
    currency: str
    since: date
    minor: int


def band(days: int) -> int:
    """Which band a number of days falls into; what lies in the future counts as today."""
    return next(n for n, (_, last) in enumerate(BANDS) if last is None or days <= last)


def aged(
    amounts: Iterable[OpenAmount], on: date, key: Callable[[OpenAmount], str]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """Sums by band, in minor units, for each (key, currency), in their order."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in amounts:
        row = found.setdefault((key(each), each.currency), [0] * len(BANDS))
        row[band((on - each.since).days)] += each.minor
    return {name: tuple(row) for name, row in sorted(found.items())}


# Budget -----------------------------------------------------------------------------------------------

Measure = Literal[
    "granted", "committed", "from_reserve", "taken_over", "unfunded", "released", "repaid", "open", "consumed", "cost",
    "paid",
]  # fmt: skip
MEASURES: Final[tuple[Measure, ...]] = (
    "granted", "committed", "from_reserve", "taken_over", "unfunded", "released", "repaid", "open", "consumed", "cost",
    "paid",
)  # fmt: skip
COME, GONE = MEASURES[1:5], MEASURES[5:9]
"""What a project's budget came from, and where it is: the two sums are the same in every entry, so in every row."""
_SET_ASIDE: Final = ("reservation", "contingency")


@dataclass(frozen=True, slots=True)
class Flow:
    """An amount that a measure grew by, in minor units. project: "" for what belongs to a fund alone."""

    measure: Measure
    project: str
    fund: str
    month: date
    currency: str
    minor: int


def flows(lines: Iterable[Line], fund_of: Mapping[str, str]) -> Iterator[Flow]:
    """What the ledger says of each project and fund. fund_of: each project's fund.

    open: what is set aside and not yet used. consumed: of the fund's share, less what was repaid or kept back.
    taken_over: what a fund took over of work that was owed without a budget. cost: of accepted work before tax, whoever
    bears it. What is paid is of no project in the ledger: the caller adds it.
    """
    for entry in by_entry(lines):
        fund = next((line.name for line in entry if line.account_kind == "fund"), "")
        project = next((line.name for line in entry if line.account_kind == "consumed"), "")
        for line in entry:
            found = (*_measured(line), *_beside(line, fund, project))
            name = project if line.account_kind == "reserve" else line.name
            for measure, minor in found:
                if measure == "granted":
                    yield Flow(measure, "", fund, line.month, line.currency, minor)
                else:
                    yield Flow(measure, name, fund_of.get(name, fund), line.month, line.currency, minor)


def _beside(line: Line, fund: str, project: str) -> Iterator[tuple[Measure, int]]:
    """What a line means by the others of its entry: with a fund's, with those of work that is used."""
    if line.account_kind == "consumed" and fund:
        yield "repaid", line.minor
    elif line.account_kind == "unfunded" and fund:
        yield "taken_over", -line.minor
    elif line.account_kind == "reserve" and project:
        yield "from_reserve", line.minor


def _measured(line: Line) -> Iterator[tuple[Measure, int]]:
    if line.account_kind == "appropriation":
        yield "granted", line.minor
    elif line.account_kind in _SET_ASIDE:
        yield "open", -line.minor
        if line.kind == "commitment":
            yield "committed", -line.minor
        if line.kind == "release":
            yield "released", line.minor
    elif line.account_kind == "consumed":
        yield "consumed", -line.minor
    elif line.account_kind == "expense":
        yield "cost", line.minor
    elif line.account_kind == "unfunded":
        yield "unfunded", line.minor


def budget(
    found: Iterable[Flow], key: Callable[[Flow], str]
) -> dict[tuple[str, str], dict[Measure, int]]:  # fmt: skip
    """Each measure in minor units for each (key, currency), in their order."""
    sums: dict[tuple[str, str], dict[Measure, int]] = {}
    for flow in found:
        row = sums.setdefault((key(flow), flow.currency), dict.fromkeys(MEASURES, 0))
        row[flow.measure] += flow.minor
    return dict(sorted(sums.items()))


# Tax --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaxedPart:
    """A payable that tax was kept back of."""

    entry_id: str
    payee: str
    country: str
    gross: int
    withheld: int


@dataclass(frozen=True, slots=True)
class TaxLine:
    """What was withheld with one entry. rate: of the dated table where it gives this amount, else what it comes to."""

    entry_id: str
    country: str
    tax: str
    on: date
    payee: str
    base: Money
    rate: Fraction
    withheld: Money

    @property
    def month(self) -> date:
        return self.on.replace(day=1)


def tax_lines(
    lines: Iterable[Line], parts: Iterable[TaxedPart], *, table: tuple[TaxRow, ...] | None = None
) -> tuple[TaxLine, ...]:
    """Each tax of each entry that withheld one, in the order of the chain.

    lines: those of withholding accounts in entries that withhold (not those that pay it over).
    """
    of_entry: dict[str, list[TaxedPart]] = {}
    for part in parts:
        if part.withheld:
            of_entry.setdefault(part.entry_id, []).append(part)
    found: dict[tuple[str, str], TaxLine] = {}
    for line in lines:
        taxed = of_entry.get(line.entry_id, [])
        if not taxed:
            continue
        key = (line.entry_id, line.name)
        before = found[key].withheld.minor if key in found else 0
        base, withheld = sum(part.gross for part in taxed), before - line.minor
        found[key] = TaxLine(
            line.entry_id, taxed[0].country, line.name, line.day, taxed[0].payee, Money(base, line.currency),
            Fraction(withheld, base), Money(withheld, line.currency),
        )  # fmt: skip
    rows = shipped_table() if table is None else table
    return tuple(replace(each, rate=_rate(each, rows)) for each in found.values())


def _rate(line: TaxLine, table: tuple[TaxRow, ...]) -> Fraction:
    exact = Fraction(line.base.major())
    for row in table:
        fits = (row.country, row.tax) == (line.country, line.tax) and row.is_in_force(line.on)
        if fits and Money.from_major(exact * row.rate, line.base.currency) == line.withheld:
            return row.rate
    return line.rate


# Overheads --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OverheadShare:
    """How much of a project's money is not for work in villages, in minor units.

    charged: the whole accepted price. promised: its overheads. owed: of those, what is owed to somebody already.
    consumed: what the project has used so far, overheads included.
    """

    charged: int
    promised: int
    owed: int
    consumed: int

    @property
    def agreed(self) -> Fraction:
        """The share of the accepted price."""
        return Fraction(self.promised, self.charged) if self.charged else Fraction(0)

    @property
    def live(self) -> Fraction:
        """The share of what was used so far."""
        return Fraction(self.owed, self.consumed) if self.consumed > 0 else Fraction(0)

    def __add__(self, other: OverheadShare) -> OverheadShare:
        return OverheadShare(
            self.charged + other.charged, self.promised + other.promised, self.owed + other.owed,
            self.consumed + other.consumed,
        )  # fmt: skip
