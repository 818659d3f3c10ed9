"""The ledger as an accountant's programs read it: a journal as CSV with account numbers, and beancount text.

Account numbers come from a dated map (`account_maps/syscohada.csv`): a plan of accounts changes by law, so it is
data with a period. Its rows are *to be confirmed by an accountant*. Both books are written; the budget book has
numbers of commitments (class 9), which stand outside the balance sheet.

Sources: SYSCOHADA revised (Uniform Act on accounting law, AUDCIF 2017), the plan of accounts; beancount's language
syntax: accounts below five roots, each part a capital letter or digit, then letters, digits and hyphens; a
transaction's postings sum to zero. RFC 4180; OWASP CSV injection.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Final

from payments.errors import InvalidAccountMap
from payments.rails.mobile_money import neutralised
from payments.reports import Line, by_entry
from pricing.money import Money

HEADER: Final = (
    "entry", "date", "kind", "book", "account", "account_title", "ledger_account", "currency", "debit", "credit",
    "text", "entry_id",
)  # fmt: skip
_ROOTS: Final = {
    "expense": "Expenses", "fee": "Expenses:Fees", "payable": "Liabilities:Payable",
    "withholding": "Liabilities:Withholding", "clearing": "Assets:Clearing", "bank": "Assets:Bank",
    "advance": "Assets:Advance", "payee_receivable": "Assets:PayeeReceivable",
    "contribution_receivable": "Assets:ContributionReceivable", "contribution_income": "Income:Contribution",
    "in_kind_use": "Expenses:InKind", "in_kind_contribution": "Income:InKind",
}  # fmt: skip
"""Where the accounts of the actual book stand in beancount; those of the budget book below Equity:Budget."""


@dataclass(frozen=True, slots=True)
class MappedAccount:
    """The number of a kind of account, from a day to a day, both included (None = still)."""

    kind: str
    account: str
    title: str
    valid_from: date
    valid_to: date | None


def read_map(text: str) -> tuple[MappedAccount, ...]:
    """Read a map of accounts from CSV. Raises InvalidAccountMap, naming the line."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows: list[MappedAccount] = []
    for record in reader:
        place = f"line {reader.line_num}"
        try:
            row = MappedAccount(
                record["kind"], record["account"], record["title"], date.fromisoformat(record["valid_from"]),
                date.fromisoformat(record["valid_to"]) if record["valid_to"] else None,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidAccountMap(place=place, reason=str(error)) from error
        if any(_overlap(row, earlier) for earlier in rows):
            raise InvalidAccountMap(place=place, reason="another account is in force for this kind then")
        rows.append(row)
    return tuple(rows)


def _overlap(one: MappedAccount, other: MappedAccount) -> bool:
    return (
        one.kind == other.kind
        and (one.valid_to is None or other.valid_from <= one.valid_to)
        and (other.valid_to is None or one.valid_from <= other.valid_to)
    )


@cache
def shipped_map() -> tuple[MappedAccount, ...]:
    """The map that comes with the product."""
    file = resources.files("payments") / "account_maps" / "syscohada.csv"
    return read_map(file.read_text(encoding="utf-8"))


def mapped(kind: str, on: date, table: Sequence[MappedAccount] | None = None) -> tuple[str, str]:
    """Number and title of a kind of account on a day; ("", "") where the map has none."""
    for row in shipped_map() if table is None else table:
        if row.kind == kind and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to):
            return row.account, row.title
    return "", ""


def journal_csv(lines: Iterable[Line], table: Sequence[MappedAccount] | None = None) -> Iterator[str]:
    """The journal line by line as CSV, oldest first; amounts as exact text in major units, without grouping."""
    yield _csv(HEADER)
    for line in lines:
        account, title = mapped(line.account_kind, line.day, table)
        amount = Money(abs(line.minor), line.currency).text()
        debit, credit = (amount, "") if line.minor > 0 else ("", amount)
        yield _csv(
            (
                str(line.seq), line.day.isoformat(), line.kind, line.book, account, title, line.account,
                line.currency, debit, credit, line.memo, line.entry_id,
            )
        )  # fmt: skip


def _csv(cells: Sequence[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow([neutralised(cell) for cell in cells])
    return out.getvalue()


def beancount(lines: Iterable[Line]) -> Iterator[str]:
    """The journal as beancount text, oldest first; each account is opened on the day it is first used."""
    yield 'option "title" "RUN ledger"\n'
    opened: set[str] = set()
    for entry in by_entry(lines):
        day = entry[0].day.isoformat()
        for line in entry:
            name = beancount_account(line)
            if name not in opened:
                opened.add(name)
                yield f"{day} open {name}\n"
        yield f'\n{day} * "{entry[0].kind}" "{_quoted(entry[0].memo)}"\n'
        yield f'  entry: "{entry[0].entry_id}"\n  seq: {entry[0].seq}\n'
        for line in entry:
            yield f"  {beancount_account(line)}  {Money(line.minor, line.currency).text()} {line.currency}\n"


_PLAIN: Final = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")


def beancount_account(line: Line) -> str:
    """The account's name; two accounts never have one, since what had to be changed gets a digest."""
    root = (
        _ROOTS.get(line.account_kind) or f"Equity:Budget:{line.account_kind.replace('_', '-').capitalize()}"
    )
    if _PLAIN.fullmatch(line.name):
        return f"{root}:{line.name}"
    digest = hashlib.sha256(line.name.encode()).hexdigest()[:8]
    return f"{root}:X-{re.sub(r'[^A-Za-z0-9]+', '-', line.name).strip('-')[:60]}-{digest}"


def _quoted(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("\\", "\\\\").replace('"', '\\"')
