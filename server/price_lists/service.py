"""Price lists: importing what a coordinator filled in, approving it, and the price book made of it.

A list is never edited: draft, approved by another person, retired. Only approved lists count; the history of an
item's price also shows those that are retired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, func, insert, select

from pricing.importers import Import, read_price_list
from pricing.minimum_wage import check_minimum_wage
from pricing.money import minor_digits
from pricing.price_lists import ExchangeRate, Item, MinimumWage, PriceBook, PriceRow
from pricing.units import Packaging
from server.actor import Action, require
from server.errors import NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.price_lists.models import (
    ExchangeRateRow as ExchangeRateRow,
)
from server.price_lists.models import (
    ItemRow as ItemRow,
)
from server.price_lists.models import (
    ItemUnitRow as ItemUnitRow,
)
from server.price_lists.models import (
    MinimumWageRow as MinimumWageRow,
)
from server.price_lists.models import (
    PriceListRow as PriceListRow,
)
from server.price_lists.models import (
    PriceRowRow as PriceRowRow,
)
from server.regions import service as regions
from server.regions.service import RegionRow
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import blocking

_BOOKS: Final[WeakKeyDictionary[Pool, tuple[object, PriceBook]]] = WeakKeyDictionary()
"""The price book of each installation (known by its pool of connections), with what it was made of."""
_RESTRICTED: Final[WeakKeyDictionary[PriceBook, dict[tuple[str, str], PriceBook]]] = WeakKeyDictionary()
"""Of a book those with the prices of one list only in a region: by region and list."""
_TOUCHED: Final = "price_lists_touched"
"""Marks a session that changes what a price book is made of: its book is not kept, it may be rolled back."""


def add_items(tx: Tx, items: Iterable[Item], packagings: Iterable[Packaging] = ()) -> None:
    """Add items and packagings to the price catalogue; known codes are left as they are."""
    require(tx.actor, Action.PRICE_IMPORT)
    known = set(tx.session.scalars(select(ItemRow.code)))
    tx.session.add_all(
        ItemRow(code=i.code, unit=i.unit, category=i.category, names=dict(i.names))
        for i in items
        if i.code not in known
    )
    tx.session.flush()
    have = {(r.item_code, r.unit) for r in tx.session.scalars(select(ItemUnitRow))}
    tx.session.add_all(
        ItemUnitRow(item_code=p.item, unit=p.unit, base_unit=p.base, factor=str(p.factor))
        for p in packagings
        if (p.item, p.unit) not in have
    )
    _touch(tx)


def add_exchange_rate(tx: Tx, rate: ExchangeRate) -> None:
    """Add a dated exchange rate; the same pair and day again is ignored."""
    require(tx.actor, Action.PRICE_IMPORT)
    known = tx.session.scalar(
        select(ExchangeRateRow.id).where(
            ExchangeRateRow.from_currency == rate.base, ExchangeRateRow.to_currency == rate.counter,
            ExchangeRateRow.valid_from == rate.valid_from,
        )
    )  # fmt: skip
    if known:
        return
    tx.session.add(
        ExchangeRateRow(
            id=tx.new_id(), from_currency=rate.base, to_currency=rate.counter, rate=str(rate.rate),
            valid_from=rate.valid_from, source=rate.source,
        )
    )  # fmt: skip
    _touch(tx)


def add_minimum_wage(tx: Tx, wage: MinimumWage) -> bool:
    """Add a region's statutory minimum wage from a day on; False: that region and day has one, which stays.

    Raises UnknownCurrency, NotFound for a region that is nowhere, InvalidInput for a senseless amount or hours.
    """
    require(tx.actor, Action.PRICE_IMPORT, regions.place(tx, wage.region))
    minor_digits(wage.currency)
    wrong = check_minimum_wage(wage)
    if wrong:
        raise InvalidInput(wrong)
    if tx.session.get(MinimumWageRow, (wage.region, wage.valid_from)):
        return False
    tx.session.add(
        MinimumWageRow(
            region_code=wage.region, valid_from=wage.valid_from, valid_to=wage.valid_to, amount=str(wage.amount),
            currency=wage.currency, unit=wage.unit, monthly_hours=str(wage.monthly_hours), source=wage.source,
            added_at=tx.now, added_by=tx.actor.user_id,
        )
    )  # fmt: skip
    _touch(tx)
    return True


def minimum_wages(tx: Tx) -> list[MinimumWage]:
    """All minimum wages, by region and day."""
    rows = tx.session.scalars(
        select(MinimumWageRow).order_by(MinimumWageRow.region_code, MinimumWageRow.valid_from)
    )
    return [
        MinimumWage(
            r.region_code, Fraction(r.amount), r.currency, r.valid_from, r.unit, Fraction(r.monthly_hours),
            r.valid_to, r.source,
        )
        for r in rows
    ]  # fmt: skip


def _touch(tx: Tx) -> None:
    tx.session.flush()
    tx.session.info[_TOUCHED] = True


def items(tx: Tx) -> list[Item]:
    """The price catalogue, by code."""
    rows = tx.session.scalars(select(ItemRow).order_by(ItemRow.code))
    return [Item(r.code, r.unit, r.category, r.names) for r in rows]


def packagings(tx: Tx) -> list[Packaging]:
    """The packagings of items, by item and unit."""
    rows = tx.session.scalars(select(ItemUnitRow).order_by(ItemUnitRow.item_code, ItemUnitRow.unit))
    return [Packaging(r.item_code, r.unit, r.base_unit, Fraction(r.factor)) for r in rows]


def check_price_list(
    tx: Tx, data: bytes, *, filename: str, defaults: Mapping[str, str] | None = None
) -> Import:
    """What importing this file would do; stores nothing. defaults: of `read_price_list`.

    Raises Forbidden like the import itself, for a file that only somebody else could import.
    """
    require(tx.actor, Action.PRICE_IMPORT)
    found = read_price_list(
        data, filename=filename, items=items(tx), regions=regions.tree(tx), packaging=packagings(tx),
        existing=_rows(tx, ("approved",)), defaults=defaults,
    )  # fmt: skip
    for code in sorted({row.region for row in found.rows}):
        require(tx.actor, Action.PRICE_IMPORT, regions.place(tx, code))
    return found


def import_price_list(
    tx: Tx, data: bytes, *, filename: str, defaults: Mapping[str, str] | None = None
) -> PriceListRow:
    """Import a price list as a draft: all of it, or nothing.

    Raises InvalidInput with every problem of every cell. Warnings do not stop it.
    """
    require(tx.actor, Action.PRICE_IMPORT)
    found = check_price_list(tx, data, filename=filename, defaults=defaults)
    if blocking(found.problems):
        raise InvalidInput(found.problems)
    price_list = PriceListRow(
        id=tx.new_id(), code=found.rows[0].list, filename=filename, file_sha256=tx.files.put(data),
        row_count=len(found.rows), imported_at=tx.now, imported_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(price_list)
    tx.session.flush()
    tx.session.execute(insert(PriceRowRow), [_columns(price_list.id, row) for row in found.rows])
    journal.record(
        tx, Event.PRICES_IMPORTED, price_list.id,
        public={"list": price_list.code, "rows": len(found.rows), "file": price_list.file_sha256},
    )  # fmt: skip
    return price_list


def _columns(list_id: str, row: PriceRow) -> dict[str, object]:
    return {
        "price_list_id": list_id, "row": row.row, "list_code": row.list, "region_code": row.region,
        "item_code": row.item, "unit": row.unit, "minimum": str(row.minimum), "typical": str(row.typical),
        "maximum": str(row.maximum), "currency": row.currency, "valid_from": row.valid_from,
        "valid_to": row.valid_to, "quality": row.quality, "source": row.source,
        "observed_on": row.observed_on, "observer": row.observer,
    }  # fmt: skip


def approve_price_list(tx: Tx, list_id: str) -> None:
    """Let a draft count from now on; by somebody other than who imported it.

    Raises NotFound, WrongState (approved or retired already), SamePerson.
    """
    require(tx.actor, Action.PRICE_APPROVE)
    found = _locked(tx, list_id, Action.PRICE_APPROVE)
    if found.status != "draft":
        raise WrongState(what="price list", state=found.status)
    if found.imported_by == tx.actor.user_id:
        raise SamePerson(first="importing a price list", second="approving it")
    found.status, found.approved_at, found.approved_by = "approved", tx.now, tx.actor.user_id
    _touch(tx)
    journal.record(tx, Event.PRICES_APPROVED, list_id, public={"list": found.code})


def retire_price_list(tx: Tx, list_id: str) -> None:
    """Let a list no longer count: new prices do without it, quotes that were made keep theirs.

    By somebody other than who imported it, once it is approved. Raises NotFound, WrongState (retired already),
    SamePerson.
    """
    require(tx.actor, Action.PRICE_APPROVE)
    found = _locked(tx, list_id, Action.PRICE_APPROVE)
    if found.status == "retired":
        raise WrongState(what="price list", state=found.status)
    if found.status == "approved" and found.imported_by == tx.actor.user_id:
        raise SamePerson(first="importing a price list", second="retiring it")
    _retire(tx, found)


def withdraw_price_list(tx: Tx, list_id: str) -> None:
    """Take a draft back that nobody has approved yet: by whoever may import for its places.

    Raises NotFound, WrongState (approved or retired already).
    """
    require(tx.actor, Action.PRICE_IMPORT)
    found = _locked(tx, list_id, Action.PRICE_IMPORT)
    if found.status != "draft":
        raise WrongState(what="price list", state=found.status)
    _retire(tx, found)


def _locked(tx: Tx, list_id: str, action: Action) -> PriceListRow:
    """The list, for an actor who may do that in all its places."""
    found = tx.session.get(PriceListRow, list_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(what="price list", key=list_id)
    for code in sorted({row.region_code for row in prices_of_list(tx, list_id)}):
        require(tx.actor, action, regions.place(tx, code))
    return found


def _retire(tx: Tx, found: PriceListRow) -> None:
    found.status, found.retired_at, found.retired_by = "retired", tx.now, tx.actor.user_id
    _touch(tx)
    journal.record(tx, Event.PRICES_RETIRED, found.id, public={"list": found.code})


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A price of an item as a list stated it, with the list's state: one step of the history chart."""

    price: PriceRow
    list_id: str
    status: str
    approved_at: datetime | None


def price_history(tx: Tx, item: str, region: str) -> list[PricePoint]:
    """Every price of an item that counted or counts in a place or above it, oldest first.

    Drafts are left out. The place's own prices and those of each level above come together: group by
    `price.region`. Raises NotFound for an unknown region or item.
    """
    require(tx.actor, Action.PRICE_READ, regions.place(tx, region))
    if tx.session.get(ItemRow, item) is None:
        raise NotFound(what="item", key=item)
    codes = regions.region(tx, region).path.strip("/").split("/")
    rows = tx.session.execute(
        select(PriceRowRow, PriceListRow)
        .join(PriceListRow, PriceListRow.id == PriceRowRow.price_list_id)
        .where(
            PriceRowRow.item_code == item, PriceRowRow.region_code.in_(codes), PriceListRow.status != "draft"
        )
        .order_by(PriceRowRow.valid_from, PriceListRow.id, PriceRowRow.row)
    )
    return [
        PricePoint(_price_row(price), listed.id, listed.status, listed.approved_at) for price, listed in rows
    ]


def price_lists(tx: Tx) -> list[PriceListRow]:
    """All lists, newest first."""
    return list(tx.session.scalars(select(PriceListRow).order_by(PriceListRow.id.desc())))


def price_list(tx: Tx, list_id: str) -> PriceListRow:
    """Raises NotFound."""
    row = tx.session.get(PriceListRow, list_id)
    if row is None:
        raise NotFound(what="price list", key=list_id)
    return row


def approved_lists(tx: Tx) -> dict[str, str]:
    """The id of the newest approved list that has prices under each list code; one file may have several."""
    rows = tx.session.execute(
        select(PriceRowRow.list_code, PriceRowRow.price_list_id)
        .join(PriceListRow, PriceListRow.id == PriceRowRow.price_list_id)
        .where(PriceListRow.status == "approved")
        .distinct()
        .order_by(PriceRowRow.price_list_id)
    )
    return {row.list_code: row.price_list_id for row in rows}


def prices_of_list(tx: Tx, list_id: str) -> list[PriceRowRow]:
    """The prices of one list, in the order of its file."""
    return list(
        tx.session.scalars(
            select(PriceRowRow).where(PriceRowRow.price_list_id == list_id).order_by(PriceRowRow.row)
        )
    )


def price_book(tx: Tx) -> PriceBook:
    """Every approved price with its regions, packagings, exchange rates and minimum wages.

    The same book comes back until a list is approved or retired or anything else in it is added.
    """
    version = _version(tx)
    pool = tx.session.get_bind().engine.pool
    kept = _BOOKS.get(pool)
    if kept is not None and kept[0] == version:
        return kept[1]
    book = PriceBook(
        rows=_rows(tx, ("approved",)), regions=regions.tree(tx), items=items(tx), packaging=packagings(tx),
        rates=exchange_rates(tx), minimum_wages=minimum_wages(tx),
    )  # fmt: skip
    if _TOUCHED not in tx.session.info:
        _BOOKS[pool] = (version, book)
    return book


def book_with(tx: Tx, region: str, code: str) -> PriceBook:
    """The price book in which, of the prices inside a region, only those of one list count."""
    book = price_book(tx)
    kept = _RESTRICTED.setdefault(book, {})
    if (region, code) not in kept:
        inside = {row.code for row in regions.below(tx, region)}
        rows = (
            row
            for place, _, rows in book.all_rows()
            for row in rows
            if place not in inside or row.list == code
        )
        kept[region, code] = PriceBook(
            rows=rows, regions=book.regions, items=book.items.values(), packaging=packagings(tx),
            rates=exchange_rates(tx), minimum_wages=book.minimum_wages,
        )  # fmt: skip
    return kept[region, code]


def _version(tx: Tx) -> tuple[object, ...]:
    """What a price book is made of: rows are only ever added, so the approved lists and counts say it."""
    counts = tx.session.execute(
        select(
            *(
                select(func.count()).select_from(table).scalar_subquery()
                for table in (RegionRow, ItemRow, ItemUnitRow, ExchangeRateRow, MinimumWageRow)
            ),
            select(func.max(RegionRow.path)).scalar_subquery(),
        )
    ).one()
    approved = select(PriceListRow.id).where(PriceListRow.status == "approved").order_by(PriceListRow.id)
    return (*counts, *tx.session.scalars(approved))


def exchange_rates(tx: Tx) -> list[ExchangeRate]:
    """All exchange rates, oldest first."""
    rows = tx.session.scalars(select(ExchangeRateRow).order_by(ExchangeRateRow.valid_from))
    return [
        ExchangeRate(r.from_currency, r.to_currency, Fraction(r.rate), r.valid_from, None, r.source)
        for r in rows
    ]


def exchange_rate(tx: Tx, base: str, counter: str, on: date) -> ExchangeRate:
    """The rate in force on a day. Raises NotFound."""
    known = [r for r in exchange_rates(tx) if (r.base, r.counter) == (base, counter) and r.valid_from <= on]
    if not known:
        raise NotFound(what="exchange rate", key=f"{base}/{counter}")
    return known[-1]


def _rows(tx: Tx, statuses: tuple[str, ...]) -> list[PriceRow]:
    rows = tx.session.scalars(
        select(PriceRowRow)
        .join(PriceListRow, PriceListRow.id == PriceRowRow.price_list_id)
        .where(PriceListRow.status.in_(statuses))
        .order_by(PriceRowRow.price_list_id, PriceRowRow.row)
    )
    return [_price_row(r) for r in rows]


def _price_row(r: PriceRowRow) -> PriceRow:
    return PriceRow(
        r.list_code, r.row, r.region_code, r.item_code, r.unit, Fraction(r.minimum), Fraction(r.typical),
        Fraction(r.maximum), r.currency, r.valid_from, r.valid_to, r.quality, r.source, r.observed_on, r.observer,
    )  # fmt: skip
