"""A table of payments for a bank or company that has no form of its own: CSV or XLSX, with the profile's columns.

The same transfers give the same bytes. What was written is read back and compared before it is given out, so a
file that would say another amount or reference is refused. No cell is a formula to a spreadsheet.

Sources: RFC 4180; ECMA-376 (Office Open XML), by xlsxwriter; a number of a workbook is an IEEE 754 double, exact up
to 15 digits; OWASP CSV injection.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from payments.batches import CreditTransfer
from payments.errors import RefusedTransfers
from payments.rails import mobile_money
from payments.rails.mobile_money import FileRow, FileTotals, WrittenCsv, cell, neutralised, plain
from payments.rails.profiles import TableProfile
from pricing.errors import PricingError
from pricing.money import Money, minor_digits
from workflows.problems import Problem

_CREATED: Final = datetime(2026, 1, 1)  # noqa: DTZ001  (xlsxwriter wants none); fixed, for equal bytes
_EXACT: Final = 10**15
_SIZE_MAX: Final = 20_000_000


def write(transfers: Iterable[CreditTransfer], profile: TableProfile) -> WrittenCsv:
    """The whole file, rows in the order given. Raises RefusedTransfers with all problems (at most 100)."""
    rows = list(transfers)
    written = mobile_money.write(rows, profile)  # checks the transfers, also of a workbook
    if profile.form == "xlsx":
        content = _workbook(rows, profile)
        digest = hashlib.sha256(content).hexdigest()
        written = WrittenCsv(content, digest, written.count, written.total_minor)
    said = [(row.reference, row.msisdn, row.amount) for row in read_rows(written.content, profile)]
    if said != [(t.end_to_end_id, t.account.identifier, t.amount) for t in rows]:
        raise RefusedTransfers([_unreadable("file", "it does not say what was approved")])
    return written


def _workbook(rows: Sequence[CreditTransfer], profile: TableProfile) -> bytes:
    too_large = [t for t in rows if abs(t.amount.minor) >= _EXACT]
    if too_large:
        raise RefusedTransfers(
            [
                Problem(
                    "amount-outside-limits",
                    "%(amount)s is outside what the rail %(rail)s takes. Collect the batch again.",
                    place=t.payment_id,
                    params={"amount": t.amount, "rail": profile.name},
                )
                for t in too_large[:100]
            ]
        )
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _CREATED})
        sheet, text = book.add_worksheet("Payments"), book.add_format({"num_format": "@"})
        for number, column in enumerate(profile.columns):
            sheet.write_string(0, number, neutralised(column.header), text)
        formats: dict[str, Any] = {}
        for at, transfer in enumerate(rows, start=1):
            for number, column in enumerate(profile.columns):
                if column.content == "amount":
                    money = _format(book, formats, transfer.amount.currency)
                    sheet.write_number(at, number, transfer.amount.major(), money)
                else:
                    sheet.write_string(at, number, neutralised(cell(transfer, column.content, profile)), text)
    return out.getvalue()


def _format(book: Any, formats: dict[str, Any], currency: str) -> Any:  # noqa: ANN401  (of xlsxwriter)
    if currency not in formats:
        digits = minor_digits(currency)
        formats[currency] = book.add_format({"num_format": "0" + ("." + "0" * digits if digits else "")})
    return formats[currency]


def read_rows(content: bytes, profile: TableProfile) -> tuple[FileRow, ...]:
    """The payments of a file written by `write`, in its order. Raises RefusedTransfers with the row."""
    if profile.form == "csv":
        return mobile_money.read_rows(content, profile)
    if len(content) > _SIZE_MAX:
        raise RefusedTransfers([_unreadable("file", "it is too large")])
    place = "row 1"
    try:
        table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        at = {c.content: [plain(str(h)) for h in table[0]].index(c.header) for c in profile.columns}
        only = next(iter(profile.currencies)) if len(profile.currencies) == 1 else ""
        rows = []
        for number, row in enumerate(table[1:], start=2):
            place = f"row {number}"
            currency = str(row[at["currency"]]) if "currency" in at else only
            rows.append(
                FileRow(
                    reference=plain(str(row[at["reference"]])),
                    msisdn=plain(str(row[at["account"]])),
                    amount=_amount(row[at["amount"]], currency),
                    name=plain(str(row[at["name"]])) if "name" in at else "",
                )
            )
    except (CalamineError, LookupError, TypeError, ValueError, InvalidOperation, PricingError) as error:
        raise RefusedTransfers([_unreadable(place, str(error))]) from error
    return tuple(rows)


def _amount(value: object, currency: str) -> Money:
    """A number of a workbook, rounded to the currency's decimals: a double is exact to 15 digits."""
    exact = round(Decimal(repr(value)), minor_digits(currency))
    return Money.from_major(exact, currency)


def read_totals(content: bytes, profile: TableProfile) -> FileTotals:
    """Count and sums of a file, recomputed from its rows. Raises RefusedTransfers."""
    sums: dict[str, int] = {}
    rows = read_rows(content, profile)
    for row in rows:
        sums[row.amount.currency] = sums.get(row.amount.currency, 0) + row.amount.minor
    return FileTotals(len(rows), sums)


def _unreadable(place: str, reason: str) -> Problem:
    return Problem(
        "unreadable-table",
        "The table of payments cannot be used: %(reason)s",
        place=place,
        severity="fatal",
        params={"reason": reason[:300]},
    )
