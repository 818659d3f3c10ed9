"""Withholding taxes from a dated table: the law changes, so a rate is data with a period, never a constant.

The table shipped (`tax_tables/withholding.csv`) is keyed by country, nature of the supply, type of the payer
and whether the payee has a tax number. Its rows name their source and are *to be confirmed by an accountant*
before real money is withheld. What the table does not know is not withheld: reimbursed expenses, for one,
are no supply and have no row.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Literal

from payments.errors import InvalidTaxTable, NotPositive
from pricing.money import Money

Nature = Literal["services", "works", "goods", "reimbursement"]
PayerType = Literal["state", "private"]

_NATURES = ("services", "works", "goods", "reimbursement")
_PAYER_TYPES = ("state", "private")
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Withholding:
    """Tax kept back from a payment.

    tax: its code, such as AIB.
    rate: share of the base (Fraction(3, 100) for 3 %).
    amount: rounded half up to the currency's minor unit.
    """

    tax: str
    rate: Fraction
    amount: Money


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One rule of the table, in force from `valid_from` to `valid_to`, both included (None = still)."""

    country: str
    tax: str
    nature: str
    payer_type: str
    payee_has_tax_id: bool
    rate: Fraction
    valid_from: date
    valid_to: date | None
    source: str
    note: str

    @property
    def key(self) -> tuple[str, str, str, bool]:
        return self.country, self.nature, self.payer_type, self.payee_has_tax_id

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def overlaps(self, other: TaxRow) -> bool:
        return (
            self.key == other.key
            and (self.valid_to is None or other.valid_from <= self.valid_to)
            and (other.valid_to is None or self.valid_from <= other.valid_to)
        )


def read_table(text: str) -> tuple[TaxRow, ...]:
    """Read a withholding table from CSV.

    Raises InvalidTaxTable, naming the line, for a bad value or two rules in force at the same time.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows: list[TaxRow] = []
    for record in reader:
        place = f"line {reader.line_num}"
        try:
            row = _row(record)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise InvalidTaxTable(place=place, reason=str(error)) from error
        if any(row.overlaps(earlier) for earlier in rows):
            raise InvalidTaxTable(place=place, reason="another rule for the same case is in force then")
        rows.append(row)
    return tuple(rows)


def _row(record: dict[str, str]) -> TaxRow:
    rate = Fraction(record["rate_percent"]) / 100
    valid_from = date.fromisoformat(record["valid_from"])
    valid_to = date.fromisoformat(record["valid_to"]) if record["valid_to"] else None
    if not 0 <= rate <= 1:
        raise ValueError("a rate is from 0 to 100 percent")
    if valid_to is not None and valid_to < valid_from:
        raise ValueError("the period ends before it begins")
    if record["nature"] not in _NATURES or record["payer_type"] not in _PAYER_TYPES:
        raise ValueError("unknown nature or payer type")
    return TaxRow(
        country=record["country"],
        tax=record["tax"],
        nature=record["nature"],
        payer_type=record["payer_type"],
        payee_has_tax_id=_YES_NO[record["payee_has_tax_id"]],
        rate=rate,
        valid_from=valid_from,
        valid_to=valid_to,
        source=record["source"],
        note=record["note"],
    )


@cache
def shipped_table() -> tuple[TaxRow, ...]:
    """The table that comes with the product."""
    file = resources.files("payments") / "tax_tables" / "withholding.csv"
    return read_table(file.read_text(encoding="utf-8"))


def withholding(
    country: str,
    nature: Nature,
    payee_has_tax_id: bool,
    payer_type: PayerType,
    on: date,
    base: Money,
    *,
    table: tuple[TaxRow, ...] | None = None,
) -> Withholding | None:
    """The tax to keep back from `base` on a day, or None where the table has no rule.

    on: the day the tax falls due, for AIB the day of payment or of acceptance as the accountant decides.
    base: gross of the taxed part, not negative. Raises NotPositive for a negative base.
    """
    if base.minor < 0:
        raise NotPositive(what="A tax base", amount=base)
    key = (country, nature, payer_type, payee_has_tax_id)
    for row in shipped_table() if table is None else table:
        if row.key == key and row.is_in_force(on):
            return Withholding(
                row.tax, row.rate, Money.from_major(Fraction(base.major()) * row.rate, base.currency)
            )
    return None
