"""Money: a whole number of minor units in one ISO 4217 currency.

Inside a calculation amounts are exact fractions (`fractions.Fraction`, major units); they become `Money`
once, at the currency's digits, by `Money.from_major`. What was one amount is divided by `split`, whose parts
sum to it (largest remainder). There is no float anywhere and no division.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Final

from pricing.errors import CurrencyMismatch, InexactAmount, UnknownCurrency

_DIGITS_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_DIGITS_3 = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS_4 = "CLF UYW"
_DIGITS_2 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
MINOR_UNIT_DIGITS: Final = MappingProxyType(
    {
        code: digits
        for digits, codes in ((0, _DIGITS_0), (2, _DIGITS_2), (3, _DIGITS_3), (4, _DIGITS_4))
        for code in codes.split()
    }
)
"""Digits after the decimal point by currency. Source: ISO 4217 list one (SIX), as of 2026.

Bank files need this table, not CLDR's, which shows IRR, IQD, MGA, LBP, RSD and others with fewer digits.
"""


def minor_digits(currency: str) -> int:
    """Digits of the minor unit of `currency` (XOF 0, EUR 2). Raises UnknownCurrency."""
    try:
        return MINOR_UNIT_DIGITS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes away from zero (what an accountant expects)."""
    magnitude = (abs(value) * 2 + 1) // 2
    return int(magnitude) if value >= 0 else -int(magnitude)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money.

    minor: whole minor units (XOF 1500 -> 1500, EUR 12.30 -> 1230); may be negative.
    currency: ISO 4217 alphabetic code.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {self.minor!r}")

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def from_major(cls, amount: Fraction | Decimal | int, currency: str) -> Money:
        """Round an exact amount in major units, half away from zero, at the currency's digits."""
        if isinstance(amount, float):
            raise TypeError("money is never a float")
        return cls(round_half_up(Fraction(amount) * 10 ** minor_digits(currency)), currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read '12.30' as written in a file, without rounding. Raises InexactAmount for '12.305' in EUR."""
        exact = Fraction(Decimal(text)) * 10 ** minor_digits(currency)
        if exact.denominator != 1:
            raise InexactAmount(amount=text, currency=currency, digits=minor_digits(currency))
        return cls(int(exact), currency)

    def major(self) -> Decimal:
        """The amount in major units, exactly, with the currency's digits (Decimal('12.30'))."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def text(self) -> str:
        """The amount as files write it: '12.30', '1500', no currency, no thousands separator."""
        return f"{self.major():f}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        """A whole multiple. For shares and rates use exact fractions and `from_major`, or `split`."""
        if type(count) is not int:
            raise TypeError("money is multiplied by whole numbers only")
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.text()} {self.currency}"


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in one currency; zero of `currency` for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result


def split_minor(whole: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Divide whole units in proportion to non-negative weights so that the parts sum to the whole.

    Largest remainder; equal remainders go to the earlier part, so the result is deterministic. All weights
    zero: everything goes to the first part. Raises ValueError for no or negative weights.
    """
    if not weights or any(w < 0 for w in weights):
        raise ValueError("weights must be given and not be negative")
    sign, magnitude = (-1, -whole) if whole < 0 else (1, whole)
    ratios = [weight.as_integer_ratio() for weight in weights]
    common = lcm(*(denominator for _, denominator in ratios))
    shares = [numerator * (common // denominator) for numerator, denominator in ratios]
    weight_sum = sum(shares)
    if weight_sum == 0:
        return [whole] + [0] * (len(weights) - 1)
    parts = [magnitude * share // weight_sum for share in shares]
    rest = magnitude - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: -(magnitude * shares[i] % weight_sum))
    for i in by_remainder[:rest]:
        parts[i] += 1
    return [sign * p for p in parts]


def split(whole: Money, weights: Sequence[Fraction | int]) -> list[Money]:
    """Divide an amount in proportion to weights; the parts sum to it. See `split_minor`."""
    return [Money(part, whole.currency) for part in split_minor(whole.minor, weights)]
