"""What a person types into a form of finance: amounts and days."""

from __future__ import annotations

import re
from datetime import date

from pricing.money import Money, minor_digits
from workflows.errors import InvalidInput
from workflows.problems import Problem

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")


def amount(text: str, currency: str, field: str) -> Money:
    """An amount; groups may be spaced, a comma stands for a point.

    More decimals than the currency has are refused even when they are zeros: whoever types 5,000 for francs means
    five thousand, and must not get five. Raises InvalidInput, UnknownCurrency.
    """
    typed = "".join(text.split()).replace(",", ".")
    if not _AMOUNT.fullmatch(typed):
        raise InvalidInput(
            [
                Problem(
                    "not-an-amount", "%(text)s is not an amount. Write digits, with a point before cents.",
                    field, params={"text": typed[:40] or "–"},
                )
            ]
        )  # fmt: skip
    digits = minor_digits(currency)
    if len(typed.partition(".")[2]) > digits:
        raise InvalidInput(
            [
                Problem(
                    "not-an-amount",
                    "%(text)s could be read in two ways: %(currency)s has %(digits)s decimals. Write thousands without "
                    "a point or a comma.",
                    field, params={"text": text.strip()[:40], "currency": currency, "digits": digits},
                )
            ]
        )  # fmt: skip
    return Money.parse(typed, currency)


def optional_minor(text: str, currency: str, field: str) -> int | None:
    """An amount in minor units; None where nothing was typed. Raises what `amount` raises."""
    return amount(text, currency, field).minor if text.strip() else None


def optional_day(text: str, field: str) -> date | None:
    """A day as date fields send it; None where nothing was typed. Raises InvalidInput."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            [
                Problem(
                    "not-a-day",
                    "%(text)s is not a day. Choose one from the calendar.",
                    field,
                    params={"text": text[:40]},
                )
            ]
        ) from None
