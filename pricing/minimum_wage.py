"""The statutory minimum wage as dated data: an honorarium below it is a warning at the quote.

Freelance facilitators are not employees, so the law may not bind; paying less than the law allows for a day
of work is still something that a person should decide knowingly. The wage of the nearest region that has one
counts, as with prices. Example: SMIG of Benin, 52,000 XOF a month since 1 January 2023, is 2,400 XOF for a
working day of eight hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from pricing.price_lists import MinimumWage, PriceBook, Resolved
from pricing.units import canonical, factor
from workflows.problems import Problem

MOST_MONTHLY_HOURS: Final = 744
_HOUR: Final = "HUR"
_MONTH: Final = "MON"


def minimum_wage(book: PriceBook, region: str, on: date) -> MinimumWage | None:
    """The wage in force in a place on a day: of the nearest region that has one, the newest; None = none."""
    for place in book.regions.chain(region) if region in book.regions else ():
        valid = [
            w
            for w in book.minimum_wages
            if w.region == place.code and w.valid_from <= on and (w.valid_to is None or on <= w.valid_to)
        ]
        if valid:
            return max(valid, key=lambda w: w.valid_from)
    return None


def check_minimum_wage(wage: MinimumWage) -> list[Problem]:
    """What is wrong with a wage as it was stated."""
    if wage.amount > 0 and 0 < wage.monthly_hours <= MOST_MONTHLY_HOURS and hourly(wage) is not None:
        return []
    return [
        Problem(
            "senseless-wage",
            "A minimum wage is an amount above zero of a month, a day or an hour, and a month has more than zero and "
            "at most %(most)s hours. Look at the law again.",
            place=wage.region,
            params={"most": MOST_MONTHLY_HOURS},
        )
    ]


def hourly(wage: MinimumWage) -> Fraction | None:
    """The wage per hour, exact major units of its currency; None when its unit is no time, or a month has none."""
    if canonical(wage.unit) == _MONTH:
        return wage.amount / wage.monthly_hours if wage.monthly_hours > 0 else None
    hours = factor(wage.unit, _HOUR)
    return wage.amount / hours if hours else None


def below_minimum_wage(
    honoraria: Sequence[tuple[str, Resolved]], book: PriceBook, region: str, on: date
) -> list[Problem]:
    """A warning for each honorarium (task, price) that pays less than the minimum wage for its time.

    Prices per anything but time, and wages in a currency without an exchange rate, are left alone.
    """
    wage = minimum_wage(book, region, on)
    per_hour = hourly(wage) if wage else None
    if wage is None or per_hour is None:
        return []
    found: list[Problem] = []
    for task, price in dict.fromkeys((task, price.unit) for task, price in honoraria):
        lowest = min(p.typical for t, p in honoraria if (t, p.unit) == (task, price))
        currency = next(p.currency for t, p in honoraria if t == task)
        hours = wage.monthly_hours if canonical(price) == _MONTH else factor(price, _HOUR)
        rate = book.convert(wage.currency, currency, on)
        if hours and rate and lowest < per_hour * hours * rate.rate:
            least = per_hour * hours * rate.rate
            found.append(_below(task, lowest, least, price, currency, wage))
    return found


def _below(
    task: str, paid: Fraction, least: Fraction, unit: str, currency: str, wage: MinimumWage
) -> Problem:
    return Problem(
        "honorarium-below-minimum-wage",
        "The honorarium of %(paid)s %(currency)s per %(unit)s is below the statutory minimum of %(least)s "
        "(%(region)s, from %(since)s). Raise the price of the work, or note why it may be less.",
        place=task,
        severity="warning",
        params={
            "paid": _text(paid), "least": _text(least), "unit": unit, "currency": currency,
            "region": wage.region, "since": wage.valid_from.isoformat(),
        },
    )  # fmt: skip


def _text(amount: Fraction) -> str:
    return f"{float(amount):.2f}".rstrip("0").rstrip(".")
