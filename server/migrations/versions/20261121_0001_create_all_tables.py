"""create all tables

Revision ID: 0001
Revises:
Create Date: 2026-11-21 07:47:10.690478
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_file",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_bank_file")),
    )
    op.create_table(
        "batch_transition",
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("pk_batch_transition")),
    )
    op.create_table(
        "exchange_rate",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_currency", sa.String(), nullable=False),
        sa.Column("to_currency", sa.String(), nullable=False),
        sa.Column("rate", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rate")),
        sa.UniqueConstraint(
            "from_currency",
            "to_currency",
            "valid_from",
            name=op.f("uq_exchange_rate_from_currency_to_currency_valid_from"),
        ),
    )
    op.create_table(
        "item",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_item")),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=True),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("commitments", sa.JSON(), nullable=False),
        sa.Column("row_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("id", name=op.f("uq_journal_id")),
        sa.UniqueConstraint("row_hash", name=op.f("uq_journal_row_hash")),
    )
    op.create_index(op.f("ix_journal_object_id"), "journal", ["object_id"], unique=False)
    op.create_index(op.f("ix_journal_region_code"), "journal", ["region_code"], unique=False)
    op.create_table(
        "journal_block",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("rows_hash", sa.String(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("ledger_hash", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal_block")),
        sa.UniqueConstraint("first_seq", name=op.f("uq_journal_block_first_seq")),
        sa.UniqueConstraint("hash", name=op.f("uq_journal_block_hash")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_journal_block_last_seq")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_journal_block_previous_hash")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("book IN ('budget','actual')", name=op.f("ck_ledger_account_book")),
        sa.CheckConstraint("ceiling IS NULL OR balance <= ceiling", name=op.f("ck_ledger_account_ceiling")),
        sa.CheckConstraint("floor IS NULL OR balance >= floor", name=op.f("ck_ledger_account_floor")),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_ledger_account_currency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("code", "currency", name=op.f("uq_ledger_account_code_currency")),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_ledger_seal_seq")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint("hash", name=op.f("uq_ledger_seal_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_ledger_seal_previous_hash")),
        sa.UniqueConstraint("seq", name=op.f("uq_ledger_seal_seq")),
    )
    op.create_table(
        "paying_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("holder_name", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("town", sa.String(), nullable=False),
        sa.CheckConstraint("rail IN ('bank','mobile_money')", name=op.f("ck_paying_account_rail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paying_account")),
        sa.UniqueConstraint("code", name=op.f("uq_paying_account_code")),
    )
    op.create_table(
        "payment_transition",
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("pk_payment_transition")),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('draft','approved','retired')", name=op.f("ck_price_list_status")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> imported_by", name=op.f("ck_price_list_four_eyes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
    )
    op.create_table(
        "region",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("latitude", sa.String(), nullable=True),
        sa.Column("longitude", sa.String(), nullable=True),
        sa.Column("illustrative", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["region.code"], name=op.f("fk_region_parent_code_region")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_region")),
        sa.UniqueConstraint("path", name=op.f("uq_region_path")),
    )
    op.create_index(op.f("ix_region_parent_code"), "region", ["parent_code"], unique=False)
    op.create_table(
        "service",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_service")),
    )
    op.create_table(
        "skill",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skill")),
    )
    op.create_table(
        "item_unit",
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("base_unit", sa.String(), nullable=False),
        sa.Column("factor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["item_code"], ["item.code"], name=op.f("fk_item_unit_item_code_item")),
        sa.PrimaryKeyConstraint("item_code", "unit", name=op.f("pk_item_unit")),
    )
    op.create_table(
        "journal_secret",
        sa.Column("journal_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journal.id"], name=op.f("fk_journal_secret_journal_id_journal")
        ),
        sa.PrimaryKeyConstraint("journal_id", "field", name=op.f("pk_journal_secret")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("reverses_id", sa.String(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'reversal' OR reverses_id IS NOT NULL", name=op.f("ck_ledger_entry_reversal")
        ),
        sa.ForeignKeyConstraint(
            ["id"],
            ["ledger_seal.entry_id"],
            name=op.f("fk_ledger_entry_id_ledger_seal"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_id_ledger_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_ledger_entry_idempotency_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_entry_reverses_id")),
    )
    op.create_table(
        "payment_batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("paying_account_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("execution_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("prepared_by", sa.String(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("file_sha256", sa.String(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft','cancelled') OR content_sha256 IS NOT NULL",
            name=op.f("ck_payment_batch_submitted_content"),
        ),
        sa.CheckConstraint(
            "state IN ('draft','submitted','approved','cancelled') OR file_sha256 IS NOT NULL",
            name=op.f("ck_payment_batch_exported"),
        ),
        sa.CheckConstraint(
            "state IN ('draft','submitted','approved','exported','acknowledged','partly_settled','settled','failed','cancelled')",
            name=op.f("ck_payment_batch_state"),
        ),
        sa.CheckConstraint(
            "state IN ('draft','submitted','cancelled') OR approved_by IS NOT NULL",
            name=op.f("ck_payment_batch_approved"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> prepared_by", name=op.f("ck_payment_batch_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["paying_account_id"],
            ["paying_account.id"],
            name=op.f("fk_payment_batch_paying_account_id_paying_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_batch_reference")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("tax_id", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("town", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_person_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_region_code"), "person", ["region_code"], unique=False)
    op.create_table(
        "price",
        sa.Column("price_list_id", sa.String(), nullable=False),
        sa.Column("row", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list_code", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("minimum", sa.String(), nullable=False),
        sa.Column("typical", sa.String(), nullable=False),
        sa.Column("maximum", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["item_code"], ["item.code"], name=op.f("fk_price_item_code_item")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_price_price_list_id_price_list")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_price_region_code_region")),
        sa.PrimaryKeyConstraint("price_list_id", "row", name=op.f("pk_price")),
    )
    op.create_index(op.f("ix_price_item_code"), "price", ["item_code"], unique=False)
    op.create_index(op.f("ix_price_region_code"), "price", ["region_code"], unique=False)
    op.create_table(
        "service_request",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('received','accepted','declined')", name=op.f("ck_service_request_status")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_service_request_region_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["service_code"], ["service.code"], name=op.f("fk_service_request_service_code_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_request")),
    )
    op.create_index(op.f("ix_service_request_region_code"), "service_request", ["region_code"], unique=False)
    op.create_table(
        "service_version",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("bpmn", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('published','deprecated','recalled')", name=op.f("ck_service_version_status")
        ),
        sa.ForeignKeyConstraint(
            ["service_code"], ["service.code"], name=op.f("fk_service_version_service_code_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_service_version_digest")),
        sa.UniqueConstraint("service_code", "version", name=op.f("uq_service_version_service_code_version")),
    )
    op.create_index(
        op.f("ix_service_version_service_code"), "service_version", ["service_code"], unique=False
    )
    op.create_table(
        "ledger_posting",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_posting_amount")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_posting_account_id_ledger_account")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_posting_entry_id_ledger_entry")
        ),
        sa.PrimaryKeyConstraint("entry_id", "line", name=op.f("pk_ledger_posting")),
    )
    op.create_index(
        "ix_ledger_posting_account_id_entry_id", "ledger_posting", ["account_id", "entry_id"], unique=False
    )
    op.create_table(
        "payee_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("holder_name", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('rib','iban','wallet')", name=op.f("ck_payee_account_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payee_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_account")),
    )
    op.create_index(op.f("ix_payee_account_person_id"), "payee_account", ["person_id"], unique=False)
    op.create_table(
        "person_skill",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("skill", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_skill_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "skill", name=op.f("pk_person_skill")),
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("charged_minor", sa.BigInteger(), nullable=False),
        sa.Column("fund_minor", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status <> 'accepted' OR accepted_by IS NOT NULL", name=op.f("ck_quote_accepted_by")
        ),
        sa.CheckConstraint(
            "status IN ('offered','accepted','expired','superseded')", name=op.f("ck_quote_status")
        ),
        sa.CheckConstraint(
            "fund_minor >= 0 AND fund_minor <= charged_minor", name=op.f("ck_quote_fund_share")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_quote_region_code_region")),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_quote_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    op.create_index(op.f("ix_quote_project_id"), "quote", ["project_id"], unique=False)
    op.create_index(op.f("ix_quote_region_code"), "quote", ["region_code"], unique=False)
    op.create_table(
        "service_form",
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("form_version", sa.String(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("xform", sa.LargeBinary(), nullable=False),
        sa.Column("md5", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_service_form_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("service_version_id", "ref", name=op.f("pk_service_form")),
        sa.UniqueConstraint("form_id", "form_version", name=op.f("uq_service_form_form_id_form_version")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_sign_ins", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_user_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
        sa.UniqueConstraint("person_id", name=op.f("uq_user_account_person_id")),
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("payee_account_id", sa.String(), nullable=False),
        sa.Column("account_kind", sa.String(), nullable=False),
        sa.Column("account_identifier", sa.String(), nullable=False),
        sa.Column("account_agent", sa.String(), nullable=False),
        sa.Column("payee_name", sa.String(), nullable=False),
        sa.Column("payee_country", sa.String(), nullable=False),
        sa.Column("payee_town", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("end_to_end_id", sa.String(), nullable=False),
        sa.Column("uetr", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure_reason", sa.String(), nullable=False),
        sa.Column("retries_id", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft','in_transit','settled','rejected','returned','cancelled')",
            name=op.f("ck_payment_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount")),
        sa.CheckConstraint("length(end_to_end_id) BETWEEN 1 AND 35", name=op.f("ck_payment_end_to_end_id")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payment_batch.id"], name=op.f("fk_payment_batch_id_payment_batch")
        ),
        sa.ForeignKeyConstraint(
            ["payee_account_id"], ["payee_account.id"], name=op.f("fk_payment_payee_account_id_payee_account")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payment_person_id_person")),
        sa.ForeignKeyConstraint(["retries_id"], ["payment.id"], name=op.f("fk_payment_retries_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_payment_end_to_end_id")),
        sa.UniqueConstraint("retries_id", name=op.f("uq_payment_retries_id")),
        sa.UniqueConstraint("uetr", name=op.f("uq_payment_uetr")),
    )
    op.create_index(op.f("ix_payment_batch_id"), "payment", ["batch_id"], unique=False)
    op.create_index(op.f("ix_payment_person_id"), "payment", ["person_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("fund", sa.String(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('planned','running','done','cancelled')", name=op.f("ck_project_status")
        ),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_project_quote_id_quote")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_project_region_code_region")),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_project_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("code", name=op.f("uq_project_code")),
    )
    op.create_index(op.f("ix_project_region_code"), "project", ["region_code"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region_path", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('expert','coordinator','facilitator','verifier','finance','approver','auditor','administrator')",
            name=op.f("ck_role_grant_role"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["user_account.id"], name=op.f("fk_role_grant_account_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "account_id", "role", "region_path", name=op.f("uq_role_grant_account_id_role_region_path")
        ),
    )
    op.create_index(op.f("ix_role_grant_account_id"), "role_grant", ["account_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["user_account.id"], name=op.f("fk_sign_in_account_id_user_account")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"], unique=False)
    op.create_table(
        "bank_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('settled','rejected','pending','unmatched','already_known')",
            name=op.f("ck_bank_entry_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["file_sha256"], ["bank_file.sha256"], name=op.f("fk_bank_entry_file_sha256_bank_file")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_bank_entry_payment_id_payment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_entry")),
        sa.UniqueConstraint("natural_key", name=op.f("uq_bank_entry_natural_key")),
    )
    op.create_index(op.f("ix_bank_entry_file_sha256"), "bank_entry", ["file_sha256"], unique=False)
    op.create_table(
        "process_instance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('running','work_done','accepted','evaluated','closed','cancelled')",
            name=op.f("ck_process_instance_status"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_process_instance_project_id_project")
        ),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_process_instance_quote_id_quote")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_process_instance_region_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_request.id"],
            name=op.f("fk_process_instance_request_id_service_request"),
        ),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_process_instance_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instance")),
        sa.UniqueConstraint("request_id", name=op.f("uq_process_instance_request_id")),
    )
    op.create_index(op.f("ix_process_instance_due_at"), "process_instance", ["due_at"], unique=False)
    op.create_index(op.f("ix_process_instance_project_id"), "process_instance", ["project_id"], unique=False)
    op.create_index(
        op.f("ix_process_instance_region_code"), "process_instance", ["region_code"], unique=False
    )
    op.create_table(
        "project_member",
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_project_member_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_member_project_id_project")
        ),
        sa.PrimaryKeyConstraint("project_id", "person_id", name=op.f("pk_project_member")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_incident_instance_id_process_instance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_instance_id"), "incident", ["instance_id"], unique=False)
    op.create_table(
        "project_village",
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_project_village_instance_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_village_project_id_project")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_project_village_region_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["service_request.id"], name=op.f("fk_project_village_request_id_service_request")
        ),
        sa.PrimaryKeyConstraint("project_id", "region_code", name=op.f("pk_project_village")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_project_village_instance_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_project_village_request_id")),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("engine_task_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("skill", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("assignee_id", sa.String(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready','waiting_review','completed','cancelled')", name=op.f("ck_task_state")
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_task_assignee_id_person")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_task_instance_id_process_instance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("instance_id", "engine_task_id", name=op.f("uq_task_instance_id_engine_task_id")),
        sa.UniqueConstraint(
            "instance_id", "node_id", "round", name=op.f("uq_task_instance_id_node_id_round")
        ),
    )
    op.create_index("ix_task_assignee_id_state", "task", ["assignee_id", "state"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("form_version", sa.String(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("deprecates_id", sa.String(), nullable=True),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_received", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('incomplete','faulty','complete','superseded')", name=op.f("ck_submission_status")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_submission_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index(op.f("ix_submission_task_id"), "submission", ["task_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("risk", sa.BigInteger(), nullable=False),
        sa.Column("second_check_required", sa.Boolean(), nullable=False),
        sa.Column("second_checked_by", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_sent_back", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state <> 'accepted' OR accepted_by IS NOT NULL", name=op.f("ck_delivery_accepted_by")
        ),
        sa.CheckConstraint("state IN ('waiting','sent_back','accepted')", name=op.f("ck_delivery_state")),
        sa.CheckConstraint(
            "accepted_by IS NULL OR accepted_by <> person_id", name=op.f("ck_delivery_not_own_work")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_delivery_instance_id_process_instance")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_delivery_person_id_person")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_delivery_region_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_delivery_submission_id_submission")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_delivery_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("task_id", name=op.f("uq_delivery_task_id")),
    )
    op.create_index(op.f("ix_delivery_instance_id"), "delivery", ["instance_id"], unique=False)
    op.create_index(op.f("ix_delivery_state"), "delivery", ["state"], unique=False)
    op.create_table(
        "submission_file",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_file_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("submission_id", "name", name=op.f("pk_submission_file")),
    )
    op.create_index(op.f("ix_submission_file_sha256"), "submission_file", ["sha256"], unique=False)
    op.create_table(
        "payable",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("component", sa.String(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("withheld", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("component IN ('honorarium','expenses')", name=op.f("ck_payable_component")),
        sa.CheckConstraint("allocated >= 0 AND allocated <= amount", name=op.f("ck_payable_allocated")),
        sa.CheckConstraint(
            "amount > 0 AND withheld >= 0 AND gross = amount + withheld", name=op.f("ck_payable_amount")
        ),
        sa.CheckConstraint("settled >= 0 AND settled <= allocated", name=op.f("ck_payable_settled")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_payable_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_payable_entry_id_ledger_entry")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_payable_instance_id_process_instance")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payable_person_id_person")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_payable_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payable")),
        sa.UniqueConstraint(
            "instance_id",
            "task_id",
            "person_id",
            "component",
            "part",
            name=op.f("uq_payable_instance_id_task_id_person_id_component_part"),
        ),
    )
    op.create_index(op.f("ix_payable_delivery_id"), "payable", ["delivery_id"], unique=False)
    op.create_index(op.f("ix_payable_person_id"), "payable", ["person_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict <> 'sent_back' OR reason <> ''", name=op.f("ck_review_reason")),
        sa.CheckConstraint(
            "verdict IN ('accepted','sent_back','second_check_asked','second_check_passed','second_check_failed')",
            name=op.f("ck_review_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_review_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_review_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_delivery_id"), "review", ["delivery_id"], unique=False)
    op.create_table(
        "allocation",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("payable_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_allocation_amount")),
        sa.ForeignKeyConstraint(
            ["payable_id"], ["payable.id"], name=op.f("fk_allocation_payable_id_payable")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_allocation_payment_id_payment")
        ),
        sa.PrimaryKeyConstraint("payment_id", "payable_id", name=op.f("pk_allocation")),
    )
    op.create_index(op.f("ix_allocation_payable_id"), "allocation", ["payable_id"], unique=False)
    _fill_transitions()
    run_sql("0001")


def _fill_transitions() -> None:
    """The legal steps of batches and payments, and the empty chain's head."""
    batch = {
        "draft": ("submitted", "cancelled"),
        "submitted": ("approved", "draft", "cancelled"),
        "approved": ("exported", "cancelled"),
        "exported": ("acknowledged", "partly_settled", "settled", "failed"),
        "acknowledged": ("partly_settled", "settled", "failed"),
        "partly_settled": ("settled", "failed"),
        "settled": ("partly_settled", "failed"),
    }
    payment = {
        "draft": ("in_transit", "cancelled"),
        "in_transit": ("settled", "rejected"),
        "settled": ("returned",),
    }
    for table, steps in (("batch_transition", batch), ("payment_transition", payment)):
        rows = [{"from_state": old, "to_state": new} for old, news in steps.items() for new in news]
        op.bulk_insert(
            sa.table(table, sa.column("from_state", sa.String), sa.column("to_state", sa.String)), rows
        )
    head = sa.table("ledger_head", sa.column("id"), sa.column("seq"), sa.column("hash", sa.String))
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def downgrade() -> None:
    raise NotImplementedError("The first migration is not undone: make a new database instead.")
