"""Drafts of services: their revisions and files, who wrote them, what reviewers said and decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class DraftRow(Base):
    """A version of a service that is being written.

    service_code and names: as the diagram has them now, for lists. version: the number it is to be published
    as. content_sha256: of the newest revision; what is approved is approved for this content only.
    """

    __tablename__ = "draft"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_code: Mapped[str] = mapped_column(index=True)
    names: Mapped[dict[str, Any]]
    version: Mapped[str]
    languages: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(default="draft")
    origin: Mapped[str]
    origin_name: Mapped[str]
    base_version_id: Mapped[str | None] = mapped_column(ForeignKey("service_version.id"))
    revision: Mapped[int]
    diagram_revision: Mapped[int]
    content_sha256: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    published_version_id: Mapped[str | None] = mapped_column(ForeignKey("service_version.id"))
    __table_args__ = (
        CheckConstraint("state IN ('draft','in_review','approved','published','abandoned')", name="state"),
        CheckConstraint("origin IN ('starter','copy','import')", name="origin"),
        CheckConstraint("(state = 'published') = (published_version_id IS NOT NULL)", name="published"),
    )


class DraftFileRow(Base):
    """The bytes of a diagram, a form or a decision model, by their SHA-256: revisions share what is equal."""

    __tablename__ = "draft_file"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class DraftRevisionRow(Base):
    """A draft as somebody saved it. Never edited; old ones nobody decided about are thinned out.

    diagram_revision: the revision in which the diagram changed last. files: {"forms": {ref: {"sha256",
    "name"}}, "decisions": {...}}. reason: what was done: made, diagram, form, decision, texts, restored, version.
    """

    __tablename__ = "draft_revision"
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    diagram_revision: Mapped[int]
    bpmn_sha256: Mapped[str] = mapped_column(ForeignKey("draft_file.sha256"), index=True)
    files: Mapped[dict[str, Any]]
    version: Mapped[str]
    languages: Mapped[list[Any]]
    content_sha256: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]


class DraftAuthorRow(Base):
    """Somebody who changed a draft: they do not decide about it. Kept when revisions are thinned out."""

    __tablename__ = "draft_author"
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class DraftCommentRow(Base):
    """What somebody says about a draft, or about one element of its diagram (element: its id, "" = all)."""

    __tablename__ = "draft_comment"
    id: Mapped[str] = mapped_column(primary_key=True)
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"), index=True)
    answers: Mapped[str | None] = mapped_column(ForeignKey("draft_comment.id"))
    revision: Mapped[int]
    element: Mapped[str]
    element_name: Mapped[str]
    text: Mapped[str]
    said_at: Mapped[datetime]
    said_by: Mapped[str]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("(resolved_at IS NULL) = (resolved_by IS NULL)", name="resolved"),
        CheckConstraint("text <> ''", name="text"),
    )


class DraftReviewRow(Base):
    """A step on the way to publication, as it was taken; id: the command's, so a repeated one changes nothing.

    number: of the draft's steps, from 1. digest: of the package, where the step is about a package that can be
    published.
    """

    __tablename__ = "draft_review"
    id: Mapped[str] = mapped_column(primary_key=True)
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"))
    number: Mapped[int]
    step: Mapped[str]
    revision: Mapped[int]
    content_sha256: Mapped[str]
    digest: Mapped[str]
    note: Mapped[str]
    done_at: Mapped[datetime]
    done_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("draft_id", "number"),
        ForeignKeyConstraint(["draft_id", "revision"], ["draft_revision.draft_id", "draft_revision.number"]),
        CheckConstraint(
            "step IN ('asked','withdrawn','sent_back','approved','voided','published','abandoned','reopened')",
            name="step",
        ),
        CheckConstraint("step NOT IN ('approved','published') OR digest <> ''", name="digest"),
        CheckConstraint("step <> 'sent_back' OR note <> ''", name="note"),
    )
