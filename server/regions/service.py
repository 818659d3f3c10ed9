"""The tree of regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from pricing.regions import Region, RegionTree
from server.actor import Action, Object, require
from server.errors import NotFound
from server.regions.models import (
    RegionRow as RegionRow,
)
from server.runtime import Tx


@dataclass(frozen=True, slots=True)
class NewRegion:
    """A region to be added. currency None = the parent's. latitude, longitude: decimal degrees as text."""

    code: str
    parent: str | None
    level: str
    names: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    illustrative: bool = False


def add_regions(tx: Tx, regions: list[NewRegion]) -> int:
    """Add regions, parents before children; known codes are left as they are. Returns how many were new.

    Raises InvalidInput for circles, duplicates and unknown parents, NotFound for a parent that is nowhere.
    """
    require(tx.actor, Action.REGION_EDIT)
    known = {row.code: row.path for row in tx.session.execute(select(RegionRow.code, RegionRow.path))}
    added = 0
    for region in regions:
        if region.code in known:
            continue
        if region.parent is not None and region.parent not in known:
            raise NotFound(what="region", key=region.parent)
        path = (known[region.parent] if region.parent else "") + region.code + "/"
        known[region.code] = path
        tx.session.add(
            RegionRow(
                code=region.code, parent_code=region.parent, level=region.level, path=path,
                names=dict(region.names), currency=region.currency, latitude=region.latitude,
                longitude=region.longitude, illustrative=region.illustrative,
            )
        )  # fmt: skip
        tx.session.flush()
        added += 1
    return added


def region(tx: Tx, code: str) -> RegionRow:
    """Raises NotFound."""
    row = tx.session.get(RegionRow, code)
    if row is None:
        raise NotFound(what="region", key=code)
    return row


def regions(tx: Tx, codes: list[str] | None = None) -> dict[str, RegionRow]:
    """Regions by code; all of them without `codes`."""
    query = select(RegionRow).order_by(RegionRow.path)
    if codes is not None:
        query = query.where(RegionRow.code.in_(codes))
    return {row.code: row for row in tx.session.scalars(query)}


def below(tx: Tx, code: str, level: str | None = None) -> list[RegionRow]:
    """The region and all below it, by path; only those of `level` when given."""
    path = region(tx, code).path
    query = select(RegionRow).where(RegionRow.path.startswith(path, autoescape=True))
    if level is not None:
        query = query.where(RegionRow.level == level)
    return list(tx.session.scalars(query.order_by(RegionRow.path)))


def place(tx: Tx, code: str) -> Object:
    """The region as an object of `can`."""
    return Object(region_path=region(tx, code).path)


def currency(tx: Tx, code: str) -> str:
    """The currency of a region, its own or that of the nearest region above. Raises NotFound."""
    step: str | None = code
    while step is not None:
        row = region(tx, step)
        if row.currency:
            return row.currency
        step = row.parent_code
    raise NotFound(what="currency of region", key=code)


def country(tx: Tx, code: str) -> str:
    """The code of the root above a region: ISO 3166-1 alpha-2 by convention."""
    return region(tx, code).path.split("/", 1)[0]


def tree(tx: Tx) -> RegionTree:
    """All regions as the core's value."""
    return RegionTree(
        Region(row.code, row.parent_code, row.level, row.names)
        for row in tx.session.scalars(select(RegionRow).order_by(RegionRow.path))
    )


def name(row: RegionRow, locale: str) -> str:
    """The region's name in a language, else in any, else its code."""
    return str(row.names.get(locale) or next(iter(row.names.values()), row.code))
