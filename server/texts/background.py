"""What is known of how the translations of a draft came about; below drafts, so that publishing can ask it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from server.runtime import Tx
from server.texts.models import TranslatedTextRow
from service_library.package import ServicePackage
from service_library.texts import Background, Made, base_of


def background(tx: Tx, draft_id: str, published: ServicePackage | None) -> Background:
    """What the draft's translations were made of. published: the newest published version of the service."""
    rows = tx.session.scalars(select(TranslatedTextRow).where(TranslatedTextRow.draft_id == draft_id))
    return Background(
        base=base_of(published) if published is not None else {},
        made={(row.key, row.language): Made(row.source_sha256, row.text_sha256) for row in rows},
    )


def remember(tx: Tx, draft_id: str, made: Mapping[tuple[str, str], Made]) -> None:
    """Keep what translations were made of: by (key, language)."""
    for (key, language), each in made.items():
        row = tx.session.get(TranslatedTextRow, (draft_id, key, language))
        if row is None:
            row = TranslatedTextRow(draft_id=draft_id, key=key, language=language)
            tx.session.add(row)
        row.source_sha256, row.text_sha256 = each.source, each.text
        row.made_at, row.made_by = tx.now, tx.actor.user_id
    tx.session.flush()


def who_translated(tx: Tx, draft_id: str, key: str, language: str) -> TranslatedTextRow | None:
    """Who translated a text last."""
    return tx.session.get(TranslatedTextRow, (draft_id, key, language))
