"""Exchange rates of an installation: dated, with their source, never changed; a newer date takes over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from pricing.money import minor_digits
from pricing.price_lists import ExchangeRate
from server.actor import Action, require
from server.errors import Conflict
from server.journal import service as journal
from server.journal.service import Event
from server.price_lists import service as price_lists
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem

_FIRST: Final = date(1945, 1, 1)
_MOST_DIGITS: Final = 15


class RateStays(Conflict):
    code = "rate-stays"
    message = "There is another rate of %(pair)s from %(day)s on already; it stays. Add one from a later day."


def record_rate(tx: Tx, *, base: str, counter: str, rate: str, valid_from: date, source: str) -> bool:
    """Write down that 1 `base` = `rate` `counter` from a day on; False: exactly that is known already.

    rate: decimal text with a point. Raises UnknownCurrency, InvalidInput, RateStays.
    """
    require(tx.actor, Action.PRICE_IMPORT)
    minor_digits(base)
    minor_digits(counter)
    value, source = _positive(rate), " ".join(source.split())
    problems = []
    if value is None:
        words = "A rate is a number above zero with a point before its decimals, such as 655.957."
        problems.append(Problem("senseless-rate", words, "rate"))
    if base == counter:
        problems.append(Problem("same-currency", "A rate is of two different currencies.", "counter"))
    if not source or len(source) > 300:
        words = "Say where the rate comes from, such as the bank's notice and its day."
        problems.append(Problem("source-missing", words, "source"))
    if valid_from < _FIRST:
        problems.append(Problem("senseless-day", "No rate is that old. Look at the day again.", "valid_from"))
    if value is None or problems:
        raise InvalidInput(problems)
    for known in price_lists.exchange_rates(tx):
        if (known.base, known.counter, known.valid_from) == (base, counter, valid_from):
            if known.rate != value:
                raise RateStays(pair=f"{base}/{counter}", day=valid_from.isoformat())
            return False
    price_lists.add_exchange_rate(tx, ExchangeRate(base, counter, value, valid_from, None, source))
    journal.record(
        tx, Event.EXCHANGE_RATE_ADDED, f"{base}/{counter}/{valid_from.isoformat()}",
        public={"rate": str(value), "source": source},
    )  # fmt: skip
    return True


def _positive(text: str) -> Fraction | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    digits = len(value.as_tuple().digits)
    if not value.is_finite() or value <= 0 or digits > _MOST_DIGITS or abs(value.adjusted()) > _MOST_DIGITS:
        return None
    return Fraction(value)
