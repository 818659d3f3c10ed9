"""The accounting journal of the whole ledger, in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from payments import accounting_journal
from payments.reports import Line, Period, by_entry
from server.errors import NotFound
from server.ledger import reports as ledger_lines
from server.runtime import Tx

FORMS: Final = {
    "csv": "text/csv; charset=utf-8",
    "beancount": "text/plain; charset=utf-8",
    "json": "application/json",
}
"""Media types by form."""


def text(tx: Tx, form: str, period: Period) -> str:
    """The journal of a period, oldest entry first, the same for the same entries. Raises NotFound (form)."""
    return "".join(parts(tx, form, period))


def parts(tx: Tx, form: str, period: Period) -> Iterator[str]:
    """As `text`, in parts as they are read: a long ledger needs no more memory than a short one."""
    if form not in FORMS:
        raise NotFound(what="format", key=form[:20])
    lines = ledger_lines.lines(tx, first=period.first, last=period.last)
    if form == "csv":
        return accounting_journal.journal_csv(lines)
    if form == "beancount":
        return accounting_journal.beancount(lines)
    return _json(lines)


def _json(lines: Iterable[Line]) -> Iterator[str]:
    """A list of entries with their lines; amounts in whole minor units, debit positive."""
    before = "[\n"
    for entry in by_entry(lines):
        first = entry[0]
        document = {
            "seq": first.seq, "id": first.entry_id, "kind": first.kind, "key": first.key, "memo": first.memo,
            "posted_at": first.posted_at,
            "lines": [
                {"book": x.book, "account": x.account, "currency": x.currency, "minor": x.minor} for x in entry
            ],
        }  # fmt: skip
        yield before + orjson.dumps(document).decode()
        before = ",\n"
    yield ("[" if before == "[\n" else "\n") + "]\n"
