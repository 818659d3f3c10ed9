"""Price lists: what a thing costs in a place, and where that number comes from.

A price is looked for from the place upwards; the first level with a price that is valid on the date and
convertible in unit and currency is used. Nothing falls back silently to zero: a price that is not found
comes back as `MissingPrice`, with every level that was tried and why it did not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal

from pricing.canonical import LATER, lasting
from pricing.regions import Region, RegionTree
from pricing.units import Packaging, canonical, factor
from workflows.problems import Problem

Failure = Literal["none", "date", "unit", "currency", "unknown-item", "unknown-region"]
"""Why a level gave no price: it has none; not valid then; unit or currency do not convert; unknown code."""
KEPT_PLACES: Final = 512
"""Places (of a day and a currency) whose prices a book remembers."""


@dataclass(frozen=True, slots=True)
class Item:
    """A thing or work with a price. unit: UNECE Rec 20 code it is usually priced in."""

    code: str
    unit: str
    category: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of a price list: a price of one `unit`, in major units of `currency`.

    row: number of the row in its list or file. valid_to: last day, None = open.
    quality: "quote", "survey", "public", "illustrative" or what the list's author wrote.
    observed_on, observer: when and by whom the price was asked.
    """

    list: str
    row: int
    region: str
    item: str
    unit: str
    minimum: Fraction
    typical: Fraction
    maximum: Fraction
    currency: str
    valid_from: date
    valid_to: date | None = None
    quality: str = ""
    source: str = ""
    observed_on: date | None = None
    observer: str = ""

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of `base` costs `rate` units of `counter`, from a day until a newer rate or `valid_to`."""

    base: str
    counter: str
    rate: Fraction
    valid_from: date
    valid_to: date | None = None
    source: str = ""
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """An exchange rate that was used: exact rate and where it came from, "EUR/XOF 655.957 (1999-01-01)"."""

    rate: Fraction
    source: str


@lasting
@dataclass(frozen=True, slots=True)
class Resolved:
    """A price in the asked unit and currency, with the way it was found.

    minimum, typical, maximum: exact major units of `currency` per asked `unit`.
    region, level, depth: where it was found; depth 0 is the asked place itself.
    listed: typical amount as the list has it, per `listed_unit` in `listed_currency`.
    unit_factor: listed units in one asked unit; typical = listed x unit_factor x exchange_rate.
    """

    item: str
    unit: str
    currency: str
    minimum: Fraction
    typical: Fraction
    maximum: Fraction
    list: str
    row: int
    region: str
    level: str
    depth: int
    listed: Fraction
    listed_unit: str
    listed_currency: str
    unit_factor: Fraction
    exchange_rate: Fraction
    exchange_source: str
    valid_from: date
    valid_to: date | None
    quality: str
    source: str
    observed_on: date | None
    observer: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One level that gave no price. detail: the row's validity, unit or currency; "" when there was none."""

    region: str
    reason: Failure
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.region}: {self.reason} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class MissingPrice:
    """No price was found; `tried` says where it was looked for, from the place upwards, and why not."""

    item: str
    unit: str
    region: str
    on: date
    currency: str
    tried: tuple[Attempt, ...]

    def problem(self, place: str = "") -> Problem:
        """The missing price as an author's mistake; place: id of the task that needs it."""
        return Problem(
            "missing-price",
            "There is no price of %(item)s per %(unit)s in %(currency)s for %(region)s on %(on)s. "
            "Tried: %(tried)s. Add the price to a list of the region or of a region it lies in.",
            place=place,
            params={
                "item": self.item,
                "unit": self.unit,
                "currency": self.currency,
                "region": self.region,
                "on": self.on.isoformat(),
                "tried": "; ".join(str(attempt) for attempt in self.tried),
            },
        )


@dataclass(frozen=True, slots=True)
class MinimumWage:
    """The statutory minimum wage of a region from a day until a newer one or `valid_to`.

    amount: major units of `currency` per `unit` (MON, DAY or HUR). monthly_hours: legal working hours of a
    month, which make a monthly wage comparable (40 hours a week are 520/3).
    """

    region: str
    amount: Fraction
    currency: str
    valid_from: date
    unit: str = "MON"
    monthly_hours: Fraction = Fraction(520, 3)
    valid_to: date | None = None
    source: str = ""


class LocalPrices:
    """The prices of one place on one day in one currency; each is looked for once."""

    def __init__(self, book: PriceBook, region: str, on: date, currency: str) -> None:
        self.region, self.on, self.currency = region, on, currency
        self._book = book
        self._found: dict[tuple[str, str], Resolved | MissingPrice] = {}

    def price(self, item: str, unit: str) -> Resolved | MissingPrice:
        """The price of one `unit` of `item`; see `PriceBook.resolve`."""
        key = (item, unit)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._book.resolve(item, unit, self.region, self.on, self.currency)
        return found


class PriceBook:
    """Everything needed to find a price: rows of approved lists, places, items, packages, exchange rates.

    A book never changes; make a new one when a list is approved or retired.
    """

    def __init__(
        self,
        rows: Iterable[PriceRow],
        regions: RegionTree,
        items: Iterable[Item],
        packaging: Iterable[Packaging] = (),
        rates: Iterable[ExchangeRate] = (),
        minimum_wages: Iterable[MinimumWage] = (),
    ) -> None:
        self.regions = regions
        self.minimum_wages = tuple(minimum_wages)
        self.local = lru_cache(maxsize=KEPT_PLACES)(self._local)
        """The prices of a place on a day in a currency: `local(region, on, currency).price(item, unit)`."""
        self.items: Mapping[str, Item] = {item.code: item for item in items}
        self._rows: dict[tuple[str, str], list[PriceRow]] = {}
        for row in rows:
            self._rows.setdefault((row.region, row.item), []).append(row)
        for found in self._rows.values():
            # The newest first; list and row make the order, and so the price, independent of the order given.
            found.sort(key=lambda r: (-r.valid_from.toordinal(), r.list, r.row))
        self._packaging: dict[str, list[Packaging]] = {}
        for package in packaging:
            self._packaging.setdefault(package.item, []).append(package)
        self._rates = sorted(rates, key=lambda r: (-r.valid_from.toordinal(), r.base, r.counter))

    def packaging(self, item: str) -> tuple[Packaging, ...]:
        """The packages of one item."""
        return tuple(self._packaging.get(item, ()))

    def _local(self, region: str, on: date, currency: str) -> LocalPrices:
        return LocalPrices(self, region, on, currency)

    def rows(self, region: str, item: str) -> tuple[PriceRow, ...]:
        """The prices of an item in exactly that place, newest first."""
        return tuple(self._rows.get((region, item), ()))

    def resolve(self, item: str, unit: str, region: str, on: date, currency: str) -> Resolved | MissingPrice:
        """The price of one `unit` of `item` in `currency`, at the first level that has a usable one.

        When several rows of one place are valid, the one that became valid last is used.
        """
        tried: list[Attempt] = []
        if item not in self.items:
            tried.append(Attempt(item, "unknown-item"))
        if region not in self.regions:
            tried.append(Attempt(region, "unknown-region"))
        if not tried:
            for depth, place in enumerate(self.regions.chain(region)):
                rows = self._rows.get((place.code, item), ())
                if not rows:
                    tried.append(Attempt(place.code, "none"))
                for row in rows:
                    outcome = self._use(row, place, depth, unit, on, currency)
                    if isinstance(outcome, Resolved):
                        return outcome
                    tried.append(outcome)
        return MissingPrice(item, unit, region, on, currency, tuple(tried))

    def _use(
        self, row: PriceRow, place: Region, depth: int, unit: str, on: date, currency: str
    ) -> Resolved | Attempt:
        if not row.valid_on(on):
            until = row.valid_to.isoformat() if row.valid_to else ""
            return Attempt(place.code, "date", f"{row.valid_from.isoformat()}..{until}")
        listed_units = factor(unit, row.unit, self._packaging.get(row.item, ()))
        if listed_units is None:
            return Attempt(place.code, "unit", canonical(row.unit))
        conversion = self.convert(row.currency, currency, on)
        if conversion is None:
            return Attempt(place.code, "currency", row.currency)
        scale = listed_units * conversion.rate
        return Resolved(
            item=row.item, unit=unit, currency=currency,
            minimum=min(row.minimum, row.typical) * scale, typical=row.typical * scale,
            maximum=max(row.maximum, row.typical) * scale,
            list=row.list, row=row.row, region=place.code, level=place.level, depth=depth,
            listed=row.typical, listed_unit=row.unit, listed_currency=row.currency,
            unit_factor=listed_units, exchange_rate=conversion.rate, exchange_source=conversion.source,
            valid_from=row.valid_from, valid_to=row.valid_to,
            quality=row.quality, source=row.source, observed_on=row.observed_on, observer=row.observer,
        )  # fmt: skip

    def all_rows(self) -> Iterator[tuple[str, str, list[PriceRow]]]:
        """Every place and item that has prices of its own, with them, newest first."""
        return ((region, item, rows) for (region, item), rows in self._rows.items())

    def convert(self, source: str, target: str, on: date) -> Conversion | None:
        """The rate between two currencies on a day: as listed, its inverse, or over one third currency."""
        if source == target:
            return Conversion(Fraction(1), "")
        direct = self._leg(source, target, on)
        if direct is not None:
            return direct
        for middle in sorted({c for r in self._rates for c in (r.base, r.counter)} - {source, target}):
            first, second = self._leg(source, middle, on), self._leg(middle, target, on)
            if first is not None and second is not None:
                return Conversion(first.rate * second.rate, f"{first.source}; {second.source}")
        return None

    def _leg(self, source: str, target: str, on: date) -> Conversion | None:
        for rate in self._rates:
            if {rate.base, rate.counter} != {source, target} or rate.rate <= 0:
                continue
            if rate.valid_from <= on and (rate.valid_to is None or on <= rate.valid_to):
                exact = rate.rate if rate.base == source else 1 / rate.rate
                day = rate.valid_from.isoformat()
                return Conversion(
                    exact, f"{rate.base}/{rate.counter} {rate.rate} ({day}) {rate.source}".rstrip()
                )
        return None
