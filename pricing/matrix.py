"""The catalogue price matrix: what every service costs in every region on a day, in one calculation.

A price is linear in the prices of its items, so a service is reduced once to weights (units of each item in one
instance, expected) and a catalogue is one product of matrices, `weights @ prices`. All results are exact: the
product is computed in floating point together with a bound of its error (Higham 2002, section 3.1; all terms
are positive, so the bound is relative), and every cell that the bound leaves undecided - those that lie near
half a minor unit, ties above all - is computed again in whole numbers: in 64 bits where they cannot overflow,
else in Python's. No cell is ever rounded from a float that might be on the other side.

A cell is the expected cost of one instance with the percentage overheads of its region, before contributions
and contingency: the `catalogue_minor` of a quote with the same numbers, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pricing.contributions import Overhead, catalogue_factor
from pricing.exact import exact_product_sum, numerators
from pricing.money import minor_digits, round_half_up
from pricing.price_lists import PriceBook
from pricing.quantities import read_parameters
from pricing.regions import RegionTree
from pricing.service_costs import ServiceCosts
from pricing.units import factor
from workflows.problems import Problem, blocking

Column = tuple[str, str]
"""An item and the unit a service needs it in."""
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
NO_PRICE: Final = -1
_HALF_ULP: Final = 2.0**-53
_SAFE: Final = 2**62


@dataclass(frozen=True, slots=True)
class _Weights:
    """What one service needs: columns, and units of each as numerators over one denominator."""

    columns: NDArray[np.intp]
    exact: tuple[Fraction, ...]
    numerators: tuple[int, ...]
    denominator: int


class Catalogue:
    """Services reduced to what they need of each item; make it once with `compile_catalogue`."""

    def __init__(
        self, columns: Sequence[Column], weights: Mapping[str, _Weights],
        problems: Mapping[str, tuple[Problem, ...]],
    ) -> None:  # fmt: skip
        self.columns = tuple(columns)
        self.services = tuple(weights)
        self.problems = dict(problems)
        """Services that cannot be priced anywhere, with the reasons; their rows are empty."""
        self.weights = tuple(weights.values())
        self.dense: Floats = np.zeros((len(self.services), len(self.columns)))
        for row, found in zip(self.dense, self.weights, strict=True):
            row[found.columns] = [n / found.denominator for n in found.numerators]


def compile_catalogue(
    services: Mapping[str, ServiceCosts], parameters: Mapping[str, Mapping[str, Decimal | int]] | None = None
) -> Catalogue:
    """Reduce services to their weights, at the default numbers of each or those given by its key.

    A service that cannot be priced (a number without a default, a diagram that is not sound) has no weights;
    `Catalogue.problems` says why.
    """
    columns: dict[Column, int] = {}
    weights: dict[str, _Weights] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    for key, service in services.items():
        found, wrong = _needs(service, (parameters or {}).get(key, {}))
        if wrong:
            problems[key] = wrong
        places = [columns.setdefault(column, len(columns)) for column in found]
        exact = tuple(found.values())
        over, common = numerators(exact)
        weights[key] = _Weights(np.array(places, dtype=np.intp), exact, tuple(over), common)
    return Catalogue(tuple(columns), weights, problems)


def _needs(
    service: ServiceCosts, given: Mapping[str, Decimal | int]
) -> tuple[dict[Column, Fraction], tuple[Problem, ...]]:
    values, problems = read_parameters(service.definition.service.parameters, given)
    paths, quantities = service.paths(values), service.quantities(values)
    problems += [*service.problems, *paths.analysis.problems]
    problems += [q for q in quantities if isinstance(q, Problem)]
    if blocking(problems):
        return {}, blocking(problems)
    pairs: dict[Column, list[tuple[Fraction, Fraction]]] = {}
    for line, often, amount in zip(service.lines, paths.executions, quantities, strict=True):
        if isinstance(amount, Fraction):
            pairs.setdefault((line.item, line.unit), []).append((often, amount))
    return {column: exact_product_sum(both) for column, both in pairs.items()}, ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """The catalogue: what one instance of each service costs in each region.

    minor: whole minor units of the region's currency, shape (services, regions); NO_PRICE where `priced` is
    False. currencies: of the regions.
    """

    services: tuple[str, ...]
    regions: tuple[str, ...]
    currencies: tuple[str, ...]
    minor: Whole
    priced: NDArray[np.bool_]
    problems: Mapping[str, tuple[Problem, ...]]
    _grid: _Grid = field(repr=False)
    _catalogue: Catalogue = field(repr=False)
    _others: Mapping[tuple[str, str], Matrix] = field(default_factory=dict, repr=False)
    """Cells that were calculated elsewhere, by service and region; see `with_cells`."""

    def with_cells(self, others: Iterable[Matrix]) -> Matrix:
        """The matrix with the cells of others in place of its own: where other prices or overheads count.

        Services and regions of the others must be some of these, in the same currencies. A later one counts.
        """
        minor, priced, kept = self.minor.copy(), self.priced.copy(), dict(self._others)
        for other in others:
            rows = [self.services.index(service) for service in other.services]
            columns = [self.regions.index(region) for region in other.regions]
            assert [self.currencies[c] for c in columns] == list(other.currencies), "other currencies"
            minor[np.ix_(rows, columns)], priced[np.ix_(rows, columns)] = other.minor, other.priced
            kept |= {(service, region): other for service in other.services for region in other.regions}
        return replace(self, minor=minor, priced=priced, _others=kept)

    def amount(self, service: str, region: str) -> int | None:
        """The price of one instance in whole minor units; None when a price is missing or the service unusable."""
        row, column = self.services.index(service), self.regions.index(region)
        return int(self.minor[row, column]) if self.priced[row, column] else None

    @property
    def prices(self) -> Floats:
        """The price of each of `Catalogue.columns` in each region, roughly; shape (regions, columns).

        Those of this matrix's own book, not of `with_cells`.
        """
        return self._grid.floats

    def missing(self, service: str, region: str) -> tuple[Column, ...]:
        """The items (with the unit needed) that have no price there; the quote says what was tried."""
        if (service, region) in self._others:
            return self._others[service, region].missing(service, region)
        weights = self._catalogue.weights[self.services.index(service)]
        here = self._grid.index[self.regions.index(region)]
        return tuple(self._catalogue.columns[c] for c in weights.columns if here[c] < 0)


def price_matrix(
    catalogue: Catalogue,
    book: PriceBook,
    regions: Sequence[str],
    *,
    on: date,
    currencies: Mapping[str, str],
    overheads: Mapping[str, Sequence[Overhead]] | None = None,
) -> Matrix:
    """What every service costs in every region on a day.

    currencies, overheads: by region code; only percentages count, and not the one called contingency.
    Raises UnknownCurrency, KeyError for a region without a currency or outside the book's tree.
    """
    grid = _grid(catalogue.columns, book, regions, on, [currencies[code] for code in regions])
    factors = _factors(regions, grid.currencies, overheads or {})
    with np.errstate(over="ignore", invalid="ignore"):
        approximate = catalogue.dense @ grid.floats.T
        approximate *= np.array([float(f) for f in factors])
    terms = len(catalogue.columns) + 8
    minor, decided = _round_where_certain(approximate, terms)
    priced = _priced(catalogue, grid)
    minor[~priced] = NO_PRICE
    for row, weights in enumerate(catalogue.weights):
        open_cells = np.flatnonzero(priced[row] & ~decided[row])
        if len(open_cells):
            minor[row, open_cells] = _exactly(weights, grid, open_cells, factors)
    return Matrix(
        catalogue.services, grid.regions, grid.currencies, minor, priced, catalogue.problems, grid, catalogue
    )


def _round_where_certain(approximate: Floats, terms: int) -> tuple[Whole, NDArray[np.bool_]]:
    """Round half up, and whether the error bound allows no other result.

    A sum of n positive products, each factor rounded once, is within (n + 3) half units in the last place.
    """
    floor = np.floor(approximate)
    part = approximate - floor
    decided = np.abs(part - 0.5) > approximate * (terms * 1.01 * _HALF_ULP)
    decided &= approximate < 2.0**51
    rounded = np.where(decided, floor + (part > 0.5), 0.0).astype(np.int64)
    return rounded, decided


def _priced(catalogue: Catalogue, grid: _Grid) -> NDArray[np.bool_]:
    """Where every item that a service needs has a price; nowhere for a service that cannot be priced."""
    usable = np.array([service not in catalogue.problems for service in catalogue.services])
    missing = grid.index < 0
    if not missing.any():
        return np.broadcast_to(usable[:, None], (len(usable), len(grid.regions))).copy()
    needed = np.zeros_like(catalogue.dense, dtype=np.float32)
    for row, weights in zip(needed, catalogue.weights, strict=True):
        row[weights.columns] = 1
    return np.asarray((needed @ missing.T.astype(np.float32) == 0) & usable[:, None])


def _exactly(
    weights: _Weights, grid: _Grid, cells: NDArray[np.intp], factors: Sequence[Fraction]
) -> list[int]:
    """Cells of one service in whole numbers: of 64 bits when no intermediate result can overflow them."""
    own = [factors[cell] for cell in cells]
    up, down = max(f.numerator for f in own), max(f.denominator for f in own)
    most = sum(weights.numerators) * grid.largest * up * 2
    common = weights.denominator * grid.denominator * down * 2
    if grid.whole is None or most + common >= _SAFE:
        return [grid.amount(weights, cell, factors[cell]) for cell in cells]
    prices = grid.whole[grid.index[np.ix_(cells, weights.columns)]]
    sums = prices @ np.array(weights.numerators, dtype=np.int64)
    above = np.array([f.numerator for f in own], dtype=np.int64)
    below = np.array([f.denominator for f in own], dtype=np.int64) * (weights.denominator * grid.denominator)
    return [int(n) for n in (2 * sums * above + below) // (2 * below)]


def _factors(
    regions: Sequence[str], currencies: Sequence[str], overheads: Mapping[str, Sequence[Overhead]]
) -> list[Fraction]:
    """Minor units per major unit of direct cost in each region, with its percentage overheads."""
    found = []
    known: dict[tuple[int, str], Fraction] = {}  # by identity: most regions share one sequence of rules
    for region, currency in zip(regions, currencies, strict=True):
        rules = overheads.get(region, ())
        key = (id(rules), currency)
        if key not in known:
            known[key] = catalogue_factor(rules) * 10 ** minor_digits(currency)
        found.append(known[key])
    return found


# --- prices of all regions ----------------------------------------------------------------------------------


@dataclass
class _Grid:
    """The price of each column in each region: `values[index[region, column]]`, index < 0 = missing."""

    regions: tuple[str, ...]
    currencies: tuple[str, ...]
    index: NDArray[np.int32]
    values: list[Fraction]

    @cached_property
    def floats(self) -> Floats:
        """Prices as floats, shape (regions, columns); zero where missing."""
        every = np.array([n / d for n, d in (v.as_integer_ratio() for v in self.values)] + [0.0])
        return every[self.index]

    @cached_property
    def denominator(self) -> int:
        """Common to all prices."""
        return lcm(*{v.denominator for v in self.values})

    @cached_property
    def largest(self) -> int:
        """The greatest price times `denominator`."""
        return max(self._numerators, default=0)

    @cached_property
    def whole(self) -> Whole | None:
        """Every price times `denominator`; None when one does not fit into 64 bits."""
        return None if self.largest >= _SAFE else np.array(self._numerators, dtype=np.int64)

    @cached_property
    def _numerators(self) -> list[int]:
        common = self.denominator
        return [n * (common // d) for n, d in (v.as_integer_ratio() for v in self.values)]

    def amount(self, weights: _Weights, cell: int, overheads: Fraction) -> int:
        """One cell in exact fractions."""
        prices = (self.values[place] for place in self.index[cell, weights.columns])
        return round_half_up(exact_product_sum(zip(weights.exact, prices, strict=True)) * overheads)


def _grid(
    columns: Sequence[Column], book: PriceBook, regions: Sequence[str], on: date, currencies: Sequence[str]
) -> _Grid:
    tree = _Descent(book.regions)
    wanted = np.array([tree.place[code] for code in regions], dtype=np.intp)
    values: list[Fraction] = []
    index = np.full((len(regions), len(columns)), NO_PRICE, dtype=np.int32)
    for currency in dict.fromkeys(currencies):
        here = np.array([c == currency for c in currencies])
        own = _own_prices(columns, book, tree, on, currency, values)
        index[here] = tree.inherit(own)[wanted[here]]
    return _Grid(tuple(regions), tuple(currencies), index, values)


def _own_prices(
    columns: Sequence[Column],
    book: PriceBook,
    tree: _Descent,
    on: date,
    currency: str,
    values: list[Fraction],
) -> NDArray[np.int32]:
    """What each region's own rows say, as `PriceBook.resolve` would use them; adds to `values`."""
    by_item: dict[str, list[tuple[int, str]]] = {}
    for column, (item, unit) in enumerate(columns):
        if item in book.items:
            by_item.setdefault(item, []).append((column, unit))
    scales: dict[tuple[int, str, str], Fraction | None] = {}
    places: list[int] = []
    place, width = tree.place, len(columns)
    for region, item, rows in book.all_rows():
        needed = by_item.get(item)
        if needed is None or region not in place:
            continue
        for column, unit in needed:
            for row in rows:
                if row.valid_from > on or (row.valid_to is not None and on > row.valid_to):
                    continue
                key = (column, row.unit, row.currency)
                if key not in scales:
                    scales[key] = _scale(book, item, unit, row.unit, row.currency, currency, on)
                scale = scales[key]
                if scale is None:
                    continue
                values.append(row.typical if scale == 1 else row.typical * scale)
                places.append(place[region] * width + column)
                break
    own = np.full(len(place) * width, NO_PRICE, dtype=np.int32)
    own[places] = np.arange(len(values) - len(places), len(values), dtype=np.int32)
    return own.reshape(len(place), width)


def _scale(
    book: PriceBook, item: str, unit: str, listed: str, source: str, target: str, on: date
) -> Fraction | None:
    units = factor(unit, listed, book.packaging(item))
    conversion = book.convert(source, target, on)
    return None if units is None or conversion is None else units * conversion.rate


class _Descent:
    """The regions from the countries down, so that a whole level inherits from the one above at once."""

    def __init__(self, regions: RegionTree) -> None:
        self.place = {region.code: number for number, region in enumerate(regions)}
        self.levels: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
        """Of each depth below the countries: the regions, and the region above each."""
        children: dict[str | None, list[str]] = {}
        for region in regions:
            children.setdefault(region.parent, []).append(region.code)
        level = [(child, parent) for parent in children.get(None, ()) for child in children.get(parent, ())]
        while level:
            below = [self.place[code] for code, _ in level]
            above = [self.place[code] for _, code in level]
            self.levels.append((np.array(below, dtype=np.intp), np.array(above, dtype=np.intp)))
            level = [(child, code) for code, _ in level for child in children.get(code, ())]

    def inherit(self, own: NDArray[np.int32]) -> NDArray[np.int32]:
        """Fill each region's gaps with what holds above it, shape (regions, columns)."""
        for places, above in self.levels:
            here = own[places]
            own[places] = np.where(here < 0, own[above], here)
        return own


def cells(matrix: Matrix) -> Iterable[tuple[str, str, int | None]]:
    """Every service, region and price in whole minor units (None = missing), service by service."""
    for row, service in enumerate(matrix.services):
        for column, region in enumerate(matrix.regions):
            priced = bool(matrix.priced[row, column])
            yield service, region, int(matrix.minor[row, column]) if priced else None
