"""The language of a request, and numbers, money and dates written the way its readers do."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from flask import g, request

from pricing.money import Money
from server import formatting
from translations import LOCALES, Catalogue, catalogue

COOKIE = "language"


def choose_locale(default: str) -> str:
    """The language: asked for in the address, chosen before, the person's own, the browser's, the default."""
    asked = asked_locale()
    if asked:
        return asked
    actor = g.get("actor")
    if actor is not None and actor.signed_in and actor.locale in LOCALES:
        return str(actor.locale)
    return request.accept_languages.best_match(LOCALES) or default


def asked_locale() -> str:
    """The language the reader has chosen on the site, in the address or before; "" when nobody chose."""
    for asked in (request.args.get("lang", ""), request.cookies.get(COOKIE, "")):
        if asked in LOCALES:
            return asked
    return ""


def current_locale() -> str:
    """The language of the request."""
    return str(g.get("locale", "en"))


def current_catalogue() -> Catalogue:
    """The texts of the request's language."""
    return catalogue(current_locale())


def gettext(message: str, **values: object) -> str:
    """The text in the request's language, %(name)s places filled."""
    text = current_catalogue().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """The singular or plural text for a number, which fills %(number)s."""
    text = current_catalogue().ngettext(singular, plural, number)
    return text % {"number": format_number(number), **values}


def format_number(value: float | Decimal | Fraction) -> str:
    """A number with the language's separators, at most two decimals."""
    return formatting.number(current_locale(), value)


def format_minor(minor: int, currency: str) -> str:
    """An amount in minor units as major units, with the currency's own decimals and without its sign."""
    return formatting.minor(current_locale(), minor, currency)


def format_money(amount: Money) -> str:
    """An amount with its currency code behind a no-break space: the code says more than a sign."""
    return formatting.money(current_locale(), amount)


def format_share(value: float | Fraction) -> str:
    """A share (0 to 1) as a percentage."""
    return formatting.share(current_locale(), value)


def format_day(value: date | datetime | None) -> str:
    """A day in words, "" for None."""
    return formatting.day(current_locale(), value)


def format_moment(value: datetime | None) -> str:
    """A day and time in UTC, "" for None."""
    return formatting.moment(current_locale(), value)


def format_since(value: datetime | None, now: datetime) -> str:
    """How long ago, in words: "3 days"."""
    return formatting.since(current_locale(), value, now)


def localised(text: object) -> str:
    """A text in several languages in the reader's, else in English, else in any."""
    return formatting.localised(current_locale(), text)


def service_locale(adopted: str) -> str:
    """The language in which a service is read where a region has adopted it in one; "" = it has not.

    The reader's own choice on the site comes first; the account's and the browser's language do not.
    """
    return asked_locale() or (adopted if adopted in LOCALES else "") or current_locale()


def localised_in(language: str, text: object) -> str:
    """A text in several languages in that one, else in the reader's, else in English, else in any."""
    get = getattr(text, "get", None)
    return str((get(language) if get else "") or localised(text))
