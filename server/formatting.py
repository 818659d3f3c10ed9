"""Numbers, money and dates written the way the readers of a language do.

Source: CLDR through Babel. The language comes first in every function, so that documents made outside a request
are written like the pages.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

from pricing.money import Money, minor_digits

NO_BREAK = "\u00a0"
_BABEL = {"en": "en_GB", "fr": "fr_FR", "es": "es_ES"}


def babel_locale(locale: str) -> str:
    """The CLDR locale a language is written in; that of English for one we do not have."""
    return _BABEL.get(locale, _BABEL["en"])


def number(locale: str, value: float | Decimal | Fraction, *, decimals: int = 2) -> str:
    """A number with the language's separators and at most `decimals` decimals."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return format_decimal(exact, format=pattern, locale=babel_locale(locale))


def minor(locale: str, amount: int, currency: str) -> str:
    """An amount in minor units as major units, with the currency's own decimals and without its sign."""
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(Decimal(amount).scaleb(-digits), format=pattern, locale=babel_locale(locale))


def money(locale: str, amount: Money) -> str:
    """An amount with its currency code behind a no-break space: the code says more than a sign."""
    return f"{minor(locale, amount.minor, amount.currency)}{NO_BREAK}{amount.currency}"


def share(locale: str, value: float | Fraction, *, decimals: int = 0) -> str:
    """A share (0 to 1) in per cent, with at most `decimals` decimals."""
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "") + " %"
    return format_percent(float(value), format=pattern, locale=babel_locale(locale))


def day(locale: str, value: date | datetime | None) -> str:
    """A day as "2 Mar 2026"; "" for none."""
    return "" if value is None else format_date(value, "d MMM y", locale=babel_locale(locale))


def moment(locale: str, value: datetime | None) -> str:
    """A day and a time to the minute; "" for none."""
    if value is None:
        return ""
    return format_datetime(value, "d MMM y, HH:mm", locale=babel_locale(locale))


def since(locale: str, value: datetime | None, now: datetime) -> str:
    """How long ago, in words: "3 days"."""
    return "" if value is None else format_timedelta(now - value, locale=babel_locale(locale))


def localised(locale: str, text: object) -> str:
    """A text in several languages in the reader's, else in English, else in any."""
    if isinstance(text, str):
        return text
    get = getattr(text, "get", None)
    if get is None:
        return ""
    return str(get(locale) or get("en") or next(iter(text.values()), ""))  # type: ignore[attr-defined]
