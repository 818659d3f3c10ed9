"""The language of a request, and numbers, money and dates written the way its readers do."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from flask import g, request

from pricing.money import Money, minor_digits
from translations import LOCALES, Catalogue, catalogue

COOKIE = "language"
_BABEL = {"en": "en_GB", "fr": "fr_FR", "es": "es_ES"}


def choose_locale(default: str) -> str:
    """The language: asked for in the address, chosen before, the person's own, the browser's, the default."""
    asked = request.args.get("lang", "")
    if asked in LOCALES:
        return asked
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LOCALES:
        return chosen
    actor = g.get("actor")
    if actor is not None and actor.signed_in and actor.locale in LOCALES:
        return str(actor.locale)
    return request.accept_languages.best_match(LOCALES) or default


def current_locale() -> str:
    return str(g.get("locale", "en"))


def current_catalogue() -> Catalogue:
    return catalogue(current_locale())


def gettext(message: str, **values: object) -> str:
    """The text in the request's language, %(name)s places filled."""
    text = current_catalogue().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    text = current_catalogue().ngettext(singular, plural, number)
    return text % {"number": format_number(number), **values}


def format_number(value: float | Decimal | Fraction) -> str:
    """A number with the language's separators, at most two decimals."""
    number = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    return format_decimal(number, format="#,##0.##", locale=_BABEL[current_locale()])


def format_minor(minor: int, currency: str) -> str:
    """An amount in minor units as major units, with the currency's own decimals and without its sign."""
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(Decimal(minor).scaleb(-digits), format=pattern, locale=_BABEL[current_locale()])


def format_money(amount: Money) -> str:
    """An amount with its currency code behind a no-break space: the code says more than a sign."""
    return f"{format_minor(amount.minor, amount.currency)}\u00a0{amount.currency}"


def format_share(value: float | Fraction) -> str:
    return format_percent(float(value), format="#,##0 %", locale=_BABEL[current_locale()])


def format_day(value: date | datetime | None) -> str:
    return "" if value is None else format_date(value, "d MMM y", locale=_BABEL[current_locale()])


def format_moment(value: datetime | None) -> str:
    if value is None:
        return ""
    return format_datetime(value, "d MMM y, HH:mm", locale=_BABEL[current_locale()])


def format_since(value: datetime | None, now: datetime) -> str:
    """How long ago, in words: "3 days"."""
    return "" if value is None else format_timedelta(now - value, locale=_BABEL[current_locale()])


def localised(text: object) -> str:
    """A text in several languages in the reader's, else in English, else in any."""
    if isinstance(text, str):
        return text
    get = getattr(text, "get", None)
    if get is None:
        return ""
    return str(get(current_locale()) or get("en") or next(iter(text.values()), ""))  # type: ignore[attr-defined]
