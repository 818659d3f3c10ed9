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
from pricing.units import UNITS

NO_BREAK = "\u00a0"
COUNTED = frozenset({"C62", "H87", "EA"})
"""Units of things that are counted: the number says enough."""
_SYMBOLS = {
    "KMT": "km", "MTR": "m", "KGM": "kg", "GRM": "g", "LTR": "l", "HUR": "h", "MTK": "m²", "MTQ": "m³",
}  # fmt: skip
_TWO = 2
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


def unit(locale: str, code: str, quantity: float | Decimal | Fraction = 1) -> str:
    """A unit (UNECE Recommendation 20) as people say it of that quantity, without synonyms; else its code."""
    known = UNITS.get(code)
    if known is None:
        return code
    names = known.names if is_singular(locale, quantity) else known.plurals
    return localised(locale, names).partition(",")[0]


def is_singular(locale: str, quantity: float | Decimal | Fraction) -> bool:
    """Whether a quantity takes the singular: anything below two in French, only one in English and Spanish."""
    return -_TWO < quantity < _TWO if locale == "fr" else quantity == 1


def measure(locale: str, quantity: float | Decimal | Fraction, code: str, *, decimals: int = 2) -> str:
    """A quantity with its unit: "50 km", "4 working days"; things that are counted have none."""
    written = number(locale, quantity, decimals=decimals)
    if code in COUNTED:
        return written
    return f"{written}{NO_BREAK}{_SYMBOLS.get(code) or unit(locale, code, quantity)}"


def day(locale: str, value: date | datetime | None) -> str:
    """A day as "2 Mar 2026"; "" for none."""
    return "" if value is None else format_date(value, "d MMM y", locale=babel_locale(locale))


def month(locale: str, value: date) -> str:
    """A month as "Mar 26": short, for the axis of a drawing."""
    return format_date(value, "MMM yy", locale=babel_locale(locale))


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
