"""The tree of regions: country, department, commune, arrondissement, village; any depth."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class RegionRow(Base):
    """A region. path: the codes from the root to it, each ended by '/' ("BJ/BJ-DO/")."""

    __tablename__ = "region"
    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    level: Mapped[str]
    path: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, Any]]
    currency: Mapped[str | None]
    """Of the region itself; inherited from the parent when empty."""
    latitude: Mapped[str | None]
    """Decimal degrees WGS 84 as text."""
    longitude: Mapped[str | None]
    illustrative: Mapped[bool] = mapped_column(default=False)
