import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from payments import cover_sheet
from payments.cover_sheet import CoverSheet, Signer, figures, qr_text, write
from payments.words import in_words
from pricing.money import Money

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
SHEET = CoverSheet(
    reference="RUN-20260302-01", holder="Transformation Fund", account="BJ06…0769", rail="pain.001",
    execution_date=date(2026, 3, 3), count=12, totals=(Money(5_095_722, "XOF"),),
    file_name="RUN-20260302-01.pain001.xml", file_sha256="ab" * 32, content_sha256="cd" * 32, ledger_seq=77,
    ledger_head="ef" * 32, prepared=Signer("Finance Officer", "finance", AT),
    approved=(Signer("Aïcha Œuvrard", "approver", AT), Signer("Sɛ́na Kpɔ", "finance", AT)),
)  # fmt: skip


def texts(pdf):
    """The strings a PDF of ours draws, as one text."""
    found = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf)
    plain = [re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), part) for part in found]
    return " ".join(re.sub(rb"\\(.)", rb"\1", part).decode("cp1252") for part in plain)


def test_the_same_facts_give_the_same_bytes():
    assert write(SHEET) == write(replace(SHEET))
    assert write(SHEET).startswith(b"%PDF-1.")
    assert write(replace(SHEET, count=13)) != write(SHEET)


def test_the_total_stands_in_figures_and_in_words_of_three_languages():
    said = texts(write(SHEET))
    assert "5 095 722 XOF" in said
    for language in ("en", "fr", "es"):
        assert in_words(SHEET.totals[0], language) in said


def test_each_currency_has_its_own_total_with_its_decimals():
    said = texts(write(replace(SHEET, totals=(Money(10_05, "EUR"), Money(7, "XOF")))))
    assert "10.05 EUR" in said
    assert "7 XOF" in said
    assert "ten euros and 05/100" in said


@pytest.mark.parametrize(
    "fact",
    [SHEET.reference, SHEET.account, "2026-03-03", "12", SHEET.file_name, SHEET.file_sha256, SHEET.content_sha256,
     SHEET.ledger_head, "77", "Finance Officer", "Aïcha Œuvrard", "2026-03-02 10:30 UTC"],
)  # fmt: skip
def test_everything_that_can_be_compared_is_on_the_sheet(fact):
    assert fact in texts(write(SHEET))


def test_each_signer_has_a_box_and_other_letters_are_spelled():
    said = texts(write(SHEET))
    assert said.count("Date et signature") == 3
    assert "Sena Kpo" in said


def test_the_labels_are_in_three_languages():
    said = texts(write(SHEET))
    for word in ("Number of payments", "Nombre de paiements", "Número de pagos"):
        assert word in said


def test_the_code_says_what_a_bank_would_compare():
    assert qr_text(SHEET).splitlines() == [
        "RUN-PAYMENT-1", "reference=RUN-20260302-01", "count=12", "total=5095722 XOF", f"sha256={'ab' * 32}",
        f"ledger=77:{'ef' * 32}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (0, "XOF", "0 XOF"),
        (1_234_567, "XOF", "1 234 567 XOF"),
        (1_234_05, "EUR", "1 234.05 EUR"),
        (5, "TND", "0.005 TND"),
    ],
)
def test_figures_have_the_decimals_of_their_currency(minor, currency, shown):
    assert figures(Money(minor, currency)) == shown


def test_hostile_names_neither_break_the_sheet_nor_leave_it():
    long = Signer("(" * 50 + "\\" * 40 + "\x00\n)" + "x" * 4_000, "approver", AT)
    pdf = write(replace(SHEET, approved=(long,) * 5))
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 2 or pdf.count(b"/Page") > 2
    assert pdf.rstrip().endswith(b"%%EOF")
    assert cover_sheet.write(replace(SHEET, holder="Кириллица")).startswith(b"%PDF")
