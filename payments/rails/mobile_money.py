"""The bulk file of a mobile-money company: CSV with the columns of its profile.

Deterministic bytes. Cells that a spreadsheet would run as a formula are neutralised with an apostrophe. The
reference column carries the EndToEndId, which the company's answer brings back.

Sources: RFC 4180; published bulk templates (pawaPay, hub2): MSISDN without plus, amounts in multiples of 5;
OWASP CSV injection.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import InvalidOperation
from typing import Final

from payments.batches import CreditTransfer
from payments.errors import RefusedTransfers
from payments.identifiers import is_end_to_end_id, latin_text
from payments.rails.profiles import Content, MobileMoneyProfile
from pricing.errors import PricingError
from pricing.money import Money
from workflows.problems import Problem

_PROBLEMS_MAX: Final = 100
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_MSISDN: Final = re.compile(r"[0-9]{8,15}")
_SIZE_MAX: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class WrittenCsv:
    """What was written; total by currency in minor units."""

    content: bytes
    sha256: str
    count: int
    total_minor: dict[str, int]


@dataclass(frozen=True, slots=True)
class FileRow:
    """One payment as a bulk file says it."""

    reference: str
    msisdn: str
    amount: Money
    name: str = ""


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Counted from the rows of a file. total_minor: by currency."""

    count: int
    total_minor: dict[str, int] = field(default_factory=dict)


def neutralised(cell: str) -> str:
    """The cell, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def plain(cell: str) -> str:
    """What was given to `neutralised`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def check(transfers: Sequence[CreditTransfer], profile: MobileMoneyProfile) -> tuple[Problem, ...]:
    """What the company would refuse, with the payment id as place; () when the file can be written."""
    problems: list[Problem] = []
    if not transfers:
        problems.append(
            Problem("no-transfers", "There is nothing to pay. A file needs at least one transfer.")
        )
    if len(transfers) > profile.rows_max:
        problems.append(
            Problem(
                "too-many-rows",
                "%(count)s payments do not fit in one file of at most %(limit)s. Make several batches.",
                params={"count": len(transfers), "limit": profile.rows_max},
            )
        )
    seen: set[str] = set()
    for transfer in transfers:
        problems += _row_problems(transfer, profile)
        if transfer.end_to_end_id in seen:
            problems.append(
                Problem(
                    "repeated-identifier",
                    "The reference %(value)s occurs twice. Each payment has its own.",
                    place=transfer.payment_id,
                    params={"value": transfer.end_to_end_id},
                )
            )
        seen.add(transfer.end_to_end_id)
    return tuple(problems[:_PROBLEMS_MAX])


def _row_problems(transfer: CreditTransfer, profile: MobileMoneyProfile) -> Iterator[Problem]:
    place, amount, account = transfer.payment_id, transfer.amount, transfer.account
    is_number = account.kind != "wallet" or _MSISDN.fullmatch(account.identifier)
    if account.kind not in profile.accounts or not is_number:
        yield Problem(
            "account-not-on-rail",
            "The rail %(rail)s does not pay to the account %(account)s (%(kind)s). Choose another rail.",
            place=place,
            params={"rail": profile.name, "account": account.masked(), "kind": account.kind},
        )
    if profile.currencies and amount.currency not in profile.currencies:
        yield Problem(
            "currency-not-on-rail",
            "The rail %(rail)s does not pay in %(currency)s. Choose another rail.",
            place=place,
            params={"rail": profile.name, "currency": amount.currency},
        )
    if amount.minor <= 0 or profile.limits.payable_part(amount.minor) != amount.minor:
        yield Problem(
            "amount-outside-limits",
            "%(amount)s is outside what the rail %(rail)s takes. Collect the batch again.",
            place=place,
            params={"amount": amount, "rail": profile.name},
        )
    # an apostrophe in front of the reference would come back as another reference
    if not is_end_to_end_id(transfer.end_to_end_id) or not transfer.end_to_end_id[0].isalnum():
        yield Problem(
            "invalid-end-to-end-id",
            "%(identifier)s cannot be a reference. It begins with a letter or digit and has at most 35 basic "
            "Latin characters.",
            place=place,
            params={"identifier": transfer.end_to_end_id[:60]},
        )
    if not latin_text(transfer.payee_name, profile.name_max):
        yield Problem(
            "invalid-name",
            "The name %(name)s cannot be written in the file. Give the payee's name in Latin letters as the "
            "wallet knows it.",
            place=place,
            params={"name": transfer.payee_name[:70]},
        )
    if not latin_text(account.agent, 30) and any(c.content == "telco" for c in profile.columns):
        yield Problem(
            "no-telco", "The wallet's company is not known. Complete the payee's account.", place=place
        )


def write(transfers: Iterable[CreditTransfer], profile: MobileMoneyProfile) -> WrittenCsv:
    """The whole file, rows in the order given. Raises RefusedTransfers with all problems (at most 100)."""
    rows = list(transfers)
    problems = check(rows, profile)
    if problems:
        raise RefusedTransfers(problems)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=profile.delimiter, lineterminator=profile.line_end)
    writer.writerow([neutralised(column.header) for column in profile.columns])
    sums: dict[str, int] = {}
    for transfer in rows:
        writer.writerow([neutralised(cell(transfer, c.content, profile)) for c in profile.columns])
        currency = transfer.amount.currency
        sums[currency] = sums.get(currency, 0) + transfer.amount.minor
    content = text.getvalue().encode(profile.encoding)
    return WrittenCsv(content, hashlib.sha256(content).hexdigest(), len(rows), sums)


def cell(transfer: CreditTransfer, content: Content, profile: MobileMoneyProfile) -> str:
    """What a column has for a transfer, not neutralised."""
    cells = {
        "country": transfer.country,
        "telco": latin_text(transfer.account.agent, 30),
        "currency": transfer.amount.currency,
        "msisdn": transfer.account.identifier,
        "amount": transfer.amount.text(),
        "reference": transfer.end_to_end_id,
        "description": latin_text(transfer.reference, profile.description_max),
        "name": latin_text(transfer.payee_name, profile.name_max),
        "payment_id": transfer.payment_id,
        "account": transfer.account.identifier,
        "account_kind": transfer.account.kind,
        "agent": latin_text(transfer.account.agent, 30),
        "town": latin_text(transfer.town, 35),
        "uetr": transfer.uetr,
    }
    return cells[content]


def read_rows(content: bytes, profile: MobileMoneyProfile) -> tuple[FileRow, ...]:
    """The payments of a file written by `write`, in its order. Raises RefusedTransfers with the line."""
    rows: list[FileRow] = []
    if len(content) > _SIZE_MAX:
        raise RefusedTransfers([_unreadable("line 1", "it is too large")])
    headers = {c.content: c.header for c in profile.columns}
    currency_header = headers.get("currency")
    only_currency = next(iter(profile.currencies)) if len(profile.currencies) == 1 else ""
    line = 1
    try:
        reader = csv.DictReader(
            io.StringIO(content.decode(profile.encoding), newline=""),
            delimiter=profile.delimiter,
            strict=True,
        )
        for record in reader:
            line = reader.line_num
            currency = record[currency_header] if currency_header else only_currency
            rows.append(
                FileRow(
                    reference=plain(record[headers["reference"]]),
                    msisdn=record[headers.get("msisdn") or headers["account"]],
                    amount=Money.parse(record[headers["amount"]], currency),
                    name=plain(record[headers["name"]]) if "name" in headers else "",
                )
            )
    except (
        csv.Error,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        InvalidOperation,
        PricingError,
    ) as error:
        raise RefusedTransfers([_unreadable(f"line {line}", str(error))]) from error
    return tuple(rows)


def read_totals(content: bytes, profile: MobileMoneyProfile) -> FileTotals:
    """Count and sums of a file, recomputed from its rows. Raises RefusedTransfers."""
    rows = read_rows(content, profile)
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.amount.currency] = sums.get(row.amount.currency, 0) + row.amount.minor
    return FileTotals(len(rows), sums)


def _unreadable(place: str, reason: str) -> Problem:
    return Problem(
        "unreadable-mobile-money-file",
        "The file cannot be read: %(reason)s",
        place=place,
        severity="fatal",
        params={"reason": reason[:300]},
    )
