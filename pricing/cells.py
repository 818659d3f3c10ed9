"""What people write into the cells of a price list: amounts, dates, units and codes, read strictly.

An amount may be written 1 234,56, 1,234.56 or 1'234.56 with spaces of any kind and a currency; what could be
read in two ways is asked back, never guessed. A unit may be a UNECE code, a word in English, French or Spanish,
or a package of something ("5 KG", "25 l can"): then the price is of that many units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from pricing.money import MINOR_UNIT_DIGITS
from pricing.units import UNITS, canonical

_UNIT_WORDS: Final[Mapping[str, str]] = {
    "kg": "KGM", "kgs": "KGM", "kilo": "KGM", "kilos": "KGM", "g": "GRM", "gr": "GRM", "t": "TNE", "l": "LTR",
    "liter": "LTR", "liters": "LTR", "litres": "LTR", "litros": "LTR", "ml": "MLT", "km": "KMT", "m": "MTR",
    "m2": "MTK", "m3": "MTQ", "ha": "HAR", "day": "DAY", "days": "DAY", "jour": "DAY", "jours": "DAY",
    "dia": "DAY", "dias": "DAY", "h": "HUR", "heure": "HUR", "hora": "HUR", "u": "C62", "unit": "C62",
    "units": "C62", "unite": "C62", "unites": "C62", "unidad": "C62", "unidades": "C62", "pcs": "C62",
    "pc": "C62", "piece": "C62", "pieces": "C62", "month": "MON", "mois": "MON", "mes": "MON", "sac": "XBG",
    "saco": "XBG", "bag": "XBG", "forfait": "LS",
}  # fmt: skip
_SIGNS: Final[Mapping[str, str]] = {
    "€": "EUR", "$": "USD", "£": "GBP", "fcfa": "XOF", "f cfa": "XOF", "cfa": "XOF",
}  # fmt: skip
_MARKS: Final = tuple(sorted([*_SIGNS, *(c.casefold() for c in MINOR_UNIT_DIGITS)], key=len, reverse=True))
_PLAIN: Final = re.compile(r"-?\d+(?:\.\d+)?")
_NUMERIC: Final = re.compile(r"-?[\d.]+(e[-+]?\d{1,2})?")
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?")
_LOCAL: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_MULTIPLE: Final = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?) ?([^\W\d]\S*)(?: .{1,20})?")
_KEPT: Final = 32_768
_TO_1904: Final = 1_462
_YEARS: Final = range(1950, 2200)
LONGEST: Final = 200
"""Characters of a cell that can mean anything; so a hostile file cannot fill the memory of what was read."""


def normal(text: str) -> str:
    """Without accents, case and punctuation, for comparing words; of the first 200 characters."""
    return _normal(text[:LONGEST])


@lru_cache(maxsize=_KEPT)
def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(letters.split())


UNITS_BY_NAME: Final[Mapping[str, str]] = {
    **{normal(part): code for code, u in UNITS.items() for n in u.names.values() for part in n.split(",")},
    **{normal(part): code for code, u in UNITS.items() for n in u.plurals.values() for part in n.split(",")},
    **_UNIT_WORDS,
}


def is_filled(cell: object) -> bool:
    """Whether a cell holds anything but white space."""
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def text_of(cell: object) -> str:
    """A cell as text, without invisible characters."""
    if type(cell) is str:
        if cell.isprintable():
            return cell.strip()
    elif cell is None:
        return ""
    elif isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    elif isinstance(cell, datetime):
        return cell.date().isoformat() if not (cell.hour or cell.minute) else cell.isoformat(" ")
    return "".join(c for c in str(cell) if c.isprintable() or c == " ").strip()


def unit_of(text: str) -> tuple[str, Fraction] | None:
    """UNECE code and how many of it the price is of: "KGM" -> 1, "5 KG" -> 5; None for no unit we know."""
    return _unit_in(text[:LONGEST])


@lru_cache(maxsize=_KEPT)
def _unit_in(text: str) -> tuple[str, Fraction] | None:
    code = canonical(text.upper())
    if code in UNITS:
        return code, Fraction(1)
    named = UNITS_BY_NAME.get(normal(text))
    if named:
        return named, Fraction(1)
    several = _MULTIPLE.fullmatch(" ".join(text.split()))
    inner = unit_of(several[2]) if several else None
    number = Fraction(several[1].replace(",", ".")) if several else Fraction(0)
    return (inner[0], number * inner[1]) if inner and number > 0 else None


def currency_of(text: str) -> str:
    """The ISO 4217 code a cell means ("FCFA" -> XOF); "" for none we know."""
    code = _SIGNS.get(text.casefold(), text.upper())
    return code if code in MINOR_UNIT_DIGITS else ""


def currency_in(value: object) -> str:
    """The currency written into an amount ("12 €"), "" when there is none."""
    return _sign_in(value) if isinstance(value, str) and len(value) <= LONGEST else ""


@lru_cache(maxsize=_KEPT)
def _sign_in(value: str) -> str:
    if not any(c.isdigit() for c in value):
        return ""
    word = re.sub(r"[\d\s.,'’_\-]", " ", unicodedata.normalize("NFKC", value)).strip().casefold()
    return _SIGNS.get(word, word.upper() if word.upper() in MINOR_UNIT_DIGITS else "")


def heading_currency(heading: str) -> tuple[str, str]:
    """A heading without the currency it ends with, and that currency: "price_xof" -> ("price", "XOF")."""
    words = normal(heading).split()
    code = currency_of(words[-1]) if len(words) > 1 else ""
    return (" ".join(words[:-1]), code) if code else (" ".join(words), "")


def decimal_sign(value: object) -> str:
    """The decimal sign an amount proves, "" for none."""
    return _proven(value) if isinstance(value, str) and len(value) <= LONGEST else ""


@lru_cache(maxsize=_KEPT)
def _proven(value: str) -> str:
    text = _bare(value)
    if "," in text and "." in text:
        return max(",.", key=text.rfind)
    for sign, other in ((",", "."), (".", ",")):
        if text.count(sign) > 1:
            return other
        if text.count(sign) == 1 and not re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", text):
            return sign
    return ""


def amount_of(value: object, decimal: str) -> Fraction | str:
    """An exact amount, or the code of what is wrong with it. decimal: the sign of the file, "" = unknown."""
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 2**53:
            return Fraction(int(value))
        text = str(value)
        return Fraction(Decimal(text)) if _NUMERIC.fullmatch(text) else "not-a-number"
    if not isinstance(value, str) or len(value) > LONGEST:
        return "not-a-number"
    return _written(value, decimal)


@lru_cache(maxsize=_KEPT)
def _written(value: str, decimal: str) -> Fraction | str:
    text = _bare(value)
    own = _proven(value)
    if ("," in text or "." in text) and not own and not decimal:
        return "ambiguous-number"
    sign = own or decimal or "."
    thousands = "." if sign == "," else ","
    whole, _, part = text.partition(sign)
    if thousands in whole and not re.fullmatch(rf"-?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", whole):
        return "not-a-number"
    plain = whole.replace(thousands, "") + (f".{part}" if part else "")
    readable = _PLAIN.fullmatch(plain) and plain.isascii() and len(plain) < 40
    return Fraction(plain) if readable else "not-a-number"


def _bare(value: str) -> str:
    """The digits and signs of an amount, without spaces of any kind, apostrophes and a currency sign."""
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    for sign in _MARKS if text and not (text[0].isdigit() and text[-1].isdigit()) else ():
        if text.endswith(sign) or text.startswith(sign):
            text = text.removesuffix(sign).removeprefix(sign)
            break
    return re.sub(r"[\s'’_]", "", text.replace("\u2212", "-"))


def day_of(value: object, *, since_1904: bool = False) -> date | None:
    """ISO dates, 31/12/2026, 31.12.2026, and dates of a spreadsheet (day 1 = 1 January 1900).

    since_1904: a plain number is of a workbook that counts days from 1 January 1904 (ECMA-376 part 1, 18.17.4.1).
    """
    if isinstance(value, datetime):
        return _plausible(value.date())
    if isinstance(value, date):
        return _plausible(value)
    if since_1904 and isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100_000:
        return _day_in(text_of(value + _TO_1904))
    return _day_in(text_of(value)[:LONGEST])


@lru_cache(maxsize=_KEPT)
def _day_in(text: str) -> date | None:
    iso, local = _ISO.fullmatch(text), _LOCAL.fullmatch(text)
    try:
        if iso:
            return _plausible(date(int(iso[1]), int(iso[2]), int(iso[3])))
        if local:
            return _plausible(date(int(local[3]), int(local[2]), int(local[1])))
        if re.fullmatch(r"[3-6]\d{4}", text):
            return date.fromordinal(date(1899, 12, 30).toordinal() + int(text))
    except ValueError:
        return None
    return None


def _plausible(day: date) -> date | None:
    """A year such as 0026 or 2926 is a slip, and a price of it would hold for ever or never."""
    return day if day.year in _YEARS else None
