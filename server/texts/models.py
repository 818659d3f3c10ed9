"""What translations in drafts were made of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class TranslatedTextRow(Base):
    """A translation in a draft, with fingerprints of its source then and of itself; the newest one of each."""

    __tablename__ = "translated_text"
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    source_sha256: Mapped[str]
    text_sha256: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
