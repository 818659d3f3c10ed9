"""keep drafts, reviews and adoptions

Drafts of services with their revisions, files and authors; comments and the steps of review; the steps that take
a published version out of use.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-21 14:10:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    drafts()
    reviews()
    lifecycle()
    adoptions()
    run_sql("0005")


def drafts() -> None:
    op.create_table(
        "draft_file",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_draft_file")),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("origin_name", sa.String(), nullable=False),
        sa.Column("base_version_id", sa.String(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("diagram_revision", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("published_version_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state = 'published') = (published_version_id IS NOT NULL)", name=op.f("ck_draft_published")
        ),
        sa.CheckConstraint("origin IN ('starter','copy','import')", name=op.f("ck_draft_origin")),
        sa.CheckConstraint(
            "state IN ('draft','in_review','approved','published','abandoned')", name=op.f("ck_draft_state")
        ),
        sa.ForeignKeyConstraint(
            ["base_version_id"], ["service_version.id"], name=op.f("fk_draft_base_version_id_service_version")
        ),
        sa.ForeignKeyConstraint(
            ["published_version_id"],
            ["service_version.id"],
            name=op.f("fk_draft_published_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_service_code"), "draft", ["service_code"])
    op.create_table(
        "draft_author",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_author_draft_id_draft")),
        sa.PrimaryKeyConstraint("draft_id", "user_id", name=op.f("pk_draft_author")),
    )
    op.create_table(
        "draft_revision",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("diagram_revision", sa.BigInteger(), nullable=False),
        sa.Column("bpmn_sha256", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bpmn_sha256"], ["draft_file.sha256"], name=op.f("fk_draft_revision_bpmn_sha256_draft_file")
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_revision_draft_id_draft")),
        sa.PrimaryKeyConstraint("draft_id", "number", name=op.f("pk_draft_revision")),
    )
    op.create_index(op.f("ix_draft_revision_bpmn_sha256"), "draft_revision", ["bpmn_sha256"])


def reviews() -> None:
    op.create_table(
        "draft_comment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("answers", sa.String(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("element", sa.String(), nullable=False),
        sa.Column("element_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.CheckConstraint("text <> ''", name=op.f("ck_draft_comment_text")),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by IS NULL)", name=op.f("ck_draft_comment_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["answers"], ["draft_comment.id"], name=op.f("fk_draft_comment_answers_draft_comment")
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_comment_draft_id_draft")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_comment")),
    )
    op.create_index(op.f("ix_draft_comment_draft_id"), "draft_comment", ["draft_id"])
    op.create_table(
        "draft_review",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.CheckConstraint("step <> 'sent_back' OR note <> ''", name=op.f("ck_draft_review_note")),
        sa.CheckConstraint(
            "step IN ('asked','withdrawn','sent_back','approved','voided','published','abandoned','reopened')",
            name=op.f("ck_draft_review_step"),
        ),
        sa.CheckConstraint(
            "step NOT IN ('approved','published') OR digest <> ''", name=op.f("ck_draft_review_digest")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id", "revision"],
            ["draft_revision.draft_id", "draft_revision.number"],
            name=op.f("fk_draft_review_draft_id_revision_draft_revision"),
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_review_draft_id_draft")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_review")),
        sa.UniqueConstraint("draft_id", "number", name=op.f("uq_draft_review_draft_id_number")),
    )


def lifecycle() -> None:
    op.create_table(
        "service_version_step",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_service_version_step_reason")),
        sa.CheckConstraint("step IN ('deprecated','recalled')", name=op.f("ck_service_version_step_step")),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_service_version_step_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_version_step")),
        sa.UniqueConstraint(
            "service_version_id", "step", name=op.f("uq_service_version_step_service_version_id_step")
        ),
    )
    op.create_index(
        op.f("ix_service_version_step_service_version_id"), "service_version_step", ["service_version_id"]
    )


# adoptions and translations (server.adoptions, server.texts) -------------------------------------------------


def adoptions() -> None:
    op.create_table(
        "work_calendar",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_work_calendar_region_code_region")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_work_calendar")),
    )
    op.create_index(op.f("ix_work_calendar_region_code"), "work_calendar", ["region_code"])
    op.create_table(
        "calendar_holiday",
        sa.Column("calendar_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_code"],
            ["work_calendar.code"],
            name=op.f("fk_calendar_holiday_calendar_code_work_calendar"),
        ),
        sa.PrimaryKeyConstraint("calendar_code", "day", name=op.f("pk_calendar_holiday")),
    )
    op.create_table(
        "service_adoption",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("price_list", sa.String(), nullable=False),
        sa.Column("terms_id", sa.String(), nullable=True),
        sa.Column("calendar_code", sa.String(), nullable=True),
        sa.Column("deadlines", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("adopted_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('superseded','withdrawn')) = (ended_by IS NOT NULL)",
            name=op.f("ck_service_adoption_ended_by"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed','adopted','superseded','withdrawn')",
            name=op.f("ck_service_adoption_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('adopted','superseded') OR adopted_by IS NOT NULL",
            name=op.f("ck_service_adoption_adopted_by"),
        ),
        sa.ForeignKeyConstraint(
            ["calendar_code"],
            ["work_calendar.code"],
            name=op.f("fk_service_adoption_calendar_code_work_calendar"),
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_service_adoption_region_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["replaces"], ["service_adoption.id"], name=op.f("fk_service_adoption_replaces_service_adoption")
        ),
        sa.ForeignKeyConstraint(
            ["service_code"], ["service.code"], name=op.f("fk_service_adoption_service_code_service")
        ),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_service_adoption_service_version_id_service_version"),
        ),
        sa.ForeignKeyConstraint(["terms_id"], ["terms.id"], name=op.f("fk_service_adoption_terms_id_terms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_adoption")),
    )
    for column in ("region_code", "service_code", "service_version_id"):
        op.create_index(op.f(f"ix_service_adoption_{column}"), "service_adoption", [column])
    op.create_index(
        "uq_service_adoption_in_force",
        "service_adoption",
        ["region_code", "service_code"],
        unique=True,
        sqlite_where=sa.text("status = 'adopted'"),
        postgresql_where=sa.text("status = 'adopted'"),
    )
    op.create_table(
        "translated_text",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_translated_text_draft_id_draft")),
        sa.PrimaryKeyConstraint("draft_id", "key", "language", name=op.f("pk_translated_text")),
    )
    op.add_column("quote", sa.Column("adoption_id", sa.String(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("RUN's schema only moves forward")
