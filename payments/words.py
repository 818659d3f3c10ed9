"""Amounts in words, as cheques and cover sheets say them, in English, French and Spanish.

A figure is easily changed by a stroke; words are not. Whole numbers from 0 to 10**15; what a currency has
behind the point is said as a fraction of it ("… and 05/100"), so that no word for a cent is needed.

Sources: English as in the style of cheques (hyphen from twenty-one on, no "and"); French of the traditional
spelling and of France and West Africa (soixante-dix, quatre-vingts; "cent" and "quatre-vingt" take an s only at
the end or before millions; "mille" never; "de" after a round million); Spanish by RAE, Ortografía 2010, ("un"
and "veintiún" before masculine nouns, "mil" without "un", 10**9 is "mil millones", 10**12 "un billón", "de"
after a round million).
"""

from __future__ import annotations

from typing import Final, Literal

from payments.errors import AmountNotInWords
from pricing.money import Money, minor_digits

Language = Literal["en", "fr", "es"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr", "es")
MAX: Final = 10**15

_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = [
    "-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]  # fmt: skip
_EN_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_FR = [
    "zéro",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
_FR_TENS = [
    "-",
    "-",
    "vingt",
    "trente",
    "quarante",
    "cinquante",
    "soixante",
    "soixante",
    "quatre-vingt",
    "quatre-vingt",
]
_FR_SCALES = ("", "mille", "million", "milliard", "billion", "billiard")
_ES = [
    "cero",
    "un",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiún",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
]
_ES_TENS = [
    "-", "-", "-", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa",
]  # fmt: skip
_ES_HUNDREDS = [
    "-",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
]
_ES_SCALES = (("", ""), ("millón", "millones"), ("billón", "billones"))


def number_in_words(number: int, language: Language) -> str:
    """A whole number in words, as it stands before a masculine noun ("veintiún", "un").

    Raises AmountNotInWords outside 0 to 10**15.
    """
    if not 0 <= number <= MAX:
        raise AmountNotInWords(amount=number)
    if number == 0:
        return {"en": _EN, "fr": _FR, "es": _ES}[language][0]
    return {"en": _english, "fr": _french, "es": _spanish}[language](number)


_NAMES: Final[dict[str, dict[Language, tuple[str, str]]]] = {
    "XOF": {"en": ("CFA franc", "CFA francs"), "fr": ("franc CFA", "francs CFA"), "es": ("franco CFA", "francos CFA")},
    "XAF": {
        "en": ("Central African CFA franc", "Central African CFA francs"),
        "fr": ("franc CFA d'Afrique centrale", "francs CFA d'Afrique centrale"),
        "es": ("franco CFA de África central", "francos CFA de África central"),
    },
    "EUR": {"en": ("euro", "euros"), "fr": ("euro", "euros"), "es": ("euro", "euros")},
    "USD": {"en": ("US dollar", "US dollars"), "fr": ("dollar américain", "dollars américains"),
            "es": ("dólar estadounidense", "dólares estadounidenses")},
    "GNF": {"en": ("Guinean franc", "Guinean francs"), "fr": ("franc guinéen", "francs guinéens"),
            "es": ("franco guineano", "francos guineanos")},
}  # fmt: skip
"""Singular and plural of the currencies we pay in; all masculine. Others are said by their code."""
_AND: Final[dict[Language, str]] = {"en": "and", "fr": "et", "es": "con"}


def in_words(amount: Money, language: Language) -> str:
    """The amount with its currency ("un million de francs CFA"; "twelve euros and 05/100").

    Raises AmountNotInWords for an amount that is negative or above 10**15 of the major unit.
    """
    digits = minor_digits(amount.currency)
    if amount.minor < 0:
        raise AmountNotInWords(amount=amount)
    whole, rest = divmod(amount.minor, 10**digits)
    said = f"{number_in_words(whole, language)} {_currency(whole, amount.currency, language)}"
    return f"{said} {_AND[language]} {rest:0{digits}d}/{10**digits}" if digits else said


def _currency(whole: int, currency: str, language: Language) -> str:
    names = _NAMES.get(currency)
    if names is None:
        return currency
    singular, plural = names[language]
    # French counts zero and one in the singular, English and Spanish one only
    name = singular if whole == 1 or (language == "fr" and whole == 0) else plural
    if language != "en" and whole and whole % 1_000_000 == 0:
        return f"d'{name}" if language == "fr" and name[0] in "aeiou" else f"de {name}"
    return name


def _groups(number: int) -> list[tuple[int, int]]:
    """(group of three digits, its power of a thousand), the largest first, without empty ones."""
    found = []
    power = 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            found.append((group, power))
        power += 1
    return found[::-1]


def _english(number: int) -> str:
    return " ".join(
        f"{_english_group(group)} {_EN_SCALES[power]}".strip() for group, power in _groups(number)
    )


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    words = [f"{_EN[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_EN_TENS[tens] + (f"-{_EN[ones]}" if ones else ""))
    elif rest:
        words.append(_EN[rest])
    return " ".join(words)


def _french(number: int) -> str:
    words = []
    for group, power in _groups(number):
        if power == 1:
            words.append("mille" if group == 1 else f"{_french_group(group, plural=False)} mille")
            continue
        scale = _FR_SCALES[power] + ("s" if power and group > 1 else "")
        words.append(f"{_french_group(group, plural=True)} {scale}".strip())
    return " ".join(words)


def _french_group(group: int, *, plural: bool) -> str:
    """plural: "cent" and "quatre-vingt" take their s when nothing follows; not before "mille"."""
    hundreds, rest = divmod(group, 100)
    words = []
    if hundreds:
        cent = "cents" if plural and hundreds > 1 and not rest else "cent"
        words.append(cent if hundreds == 1 else f"{_FR[hundreds]} {cent}")
    if rest:
        words.append(_french_below_hundred(rest, plural=plural))
    return " ".join(words)


def _french_below_hundred(number: int, *, plural: bool) -> str:
    if number < 20:
        return _FR[number]
    tens, ones = divmod(number, 10)
    if tens in (7, 9):
        ones += 10
    if ones == 0:
        return "quatre-vingts" if tens == 8 and plural else _FR_TENS[tens]
    if ones in (1, 11) and tens < 8:
        return f"{_FR_TENS[tens]} et {_FR[ones]}"
    return f"{_FR_TENS[tens]}-{_FR[ones]}"


def _spanish(number: int) -> str:
    """By millions: 10**9 is mil millones, 10**12 un billón."""
    words = []
    for power in (2, 1, 0):
        part = number // 10 ** (6 * power) % 1_000_000
        if part:
            singular, plural = _ES_SCALES[power]
            words.append(f"{_spanish_below_million(part)} {singular if part == 1 else plural}".strip())
    return " ".join(words)


def _spanish_below_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    words = []
    if thousands:
        words.append("mil" if thousands == 1 else f"{_spanish_group(thousands)} mil")
    if rest:
        words.append(_spanish_group(rest))
    return " ".join(words)


def _spanish_group(group: int) -> str:
    if group == 100:
        return "cien"
    hundreds, rest = divmod(group, 100)
    words = [_ES_HUNDREDS[hundreds]] if hundreds else []
    if 0 < rest < 30:
        words.append(_ES[rest])
    elif rest:
        tens, ones = divmod(rest, 10)
        words.append(_ES_TENS[tens] + (f" y {_ES[ones]}" if ones else ""))
    return " ".join(words)
