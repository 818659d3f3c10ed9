"""The answer of a mobile-money company: a result file, CSV or workbook, with the columns of the rail's profile.

A status word the profile does not know is pending, never a failure. The registered name is reported, because
money sent to a wallet that belongs to somebody else seldom comes back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from payments.answers import workbook
from payments.answers.matching import Answer, AnswerItem, without_repetition
from payments.rails.profiles import MobileMoneyProfile
from pricing.errors import PricingError
from pricing.money import Money
from pricing.tables import Table
from workflows.problems import Problem

SIZE_MAX: Final = 20_000_000
ROWS_MAX: Final = 100_000
_PROBLEMS_MAX: Final = 100
_TEXT_MAX: Final = 500


def read(data: bytes, profile: MobileMoneyProfile) -> Answer:
    """What the file says. Its mistakes are in `Answer.problems`; nothing is raised for a bad file."""
    if len(data) > SIZE_MAX:
        return _refused(
            Problem(
                "file-too-large",
                "The file has %(size)s bytes; at most %(limit)s are read.",
                severity="fatal",
                params={"size": len(data), "limit": SIZE_MAX},
            )
        )
    if workbook.is_workbook(data):
        sheets = workbook.open_workbook(data)
        return _refused(sheets) if isinstance(sheets, Problem) else read_workbook(sheets, profile)
    try:
        text = data.decode("utf-8-sig" if profile.encoding == "utf-8" else profile.encoding)
    except UnicodeDecodeError as error:
        return _refused(
            Problem(
                "wrong-encoding",
                "The file is not written in %(encoding)s. Save it again in that encoding.",
                place=f"byte {error.start}",
                severity="fatal",
                params={"encoding": profile.encoding},
            )
        )
    return _read_text(text, profile)


def _refused(problem: Problem) -> Answer:
    return Answer((), (problem,))


def _read_text(text: str, profile: MobileMoneyProfile) -> Answer:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=profile.delimiter, strict=True)
    rows = _Rows(profile)
    try:
        headers = [str(name).strip() for name in reader.fieldnames or ()]
        missing = {profile.result_columns[c] for c in ("reference", "status")} - set(headers)
        if missing:
            return _refused(workbook.missing_column(", ".join(sorted(missing)), profile.name, "line 1"))
        twice = [h for h in profile.result_columns.values() if headers.count(h) > 1]
        if twice:
            return _refused(workbook.column_twice(twice[0], "line 1"))
        reader.fieldnames = headers
        for record in reader:
            if len(rows.items) >= ROWS_MAX:
                return _refused(_too_many_rows())
            rows.add(record, f"line {reader.line_num}")
    except csv.Error as error:
        return _refused(
            Problem(
                "unreadable-csv",
                "The file is not a CSV that can be read: %(reason)s",
                place=f"line {reader.line_num}",
                severity="fatal",
                params={"reason": error},
            )
        )
    return rows.answer()


def _too_many_rows() -> Problem:
    return Problem(
        "too-many-rows",
        "The file has more than %(limit)s rows. Split it.",
        severity="fatal",
        params={"limit": ROWS_MAX},
    )


def read_workbook(sheets: Sequence[Table], profile: MobileMoneyProfile) -> Answer:
    """What the visible sheets of a workbook say, by the same columns as a CSV."""
    found = workbook.read_rows(sheets, profile)
    if len(found.rows) > ROWS_MAX:
        return _refused(_too_many_rows())
    rows = _Rows(profile)
    rows.problems += found.problems
    for row in found.rows:
        if row.broken:
            rows.problems.append(_formula(row.broken, row.place))
        elif any(row.cells[profile.result_columns[c]] for c in ("reference", "status")):
            rows.add({header: cell for header, cell in row.cells.items()}, row.place)  # noqa: C416  (wider keys)
        else:
            rows.problems.append(
                Problem(
                    "row-left-out",
                    "The row names no payment and says nothing of one; it was left out.",
                    place=row.place,
                    severity="warning",
                )
            )
    return rows.answer()


def _formula(headers: Sequence[str], place: str) -> Problem:
    return Problem(
        "formula-without-value",
        "The cell under %(columns)s is a formula without a value. Open the workbook, let it calculate, and save it.",
        place=place,
        params={"columns": ", ".join(headers)[:100]},
    )


class _Rows:
    def __init__(self, profile: MobileMoneyProfile) -> None:
        self._profile = profile
        self.items: list[AnswerItem] = []
        self.problems: list[Problem] = []

    def answer(self) -> Answer:
        items, contradictions = without_repetition(self.items)
        return Answer(items, (*self.problems, *contradictions)[:_PROBLEMS_MAX])

    def add(self, record: Mapping[str | None, object], place: str) -> None:
        if None in record or None in record.values():
            self.problems.append(
                Problem(
                    "wrong-number-of-cells", "The row has more or fewer cells than the header.", place=place
                )
            )
            return
        reference, status = self._cell(record, "reference"), self._cell(record, "status").upper()
        if not reference or not status:
            self.problems.append(
                Problem("empty-cell", "The row needs a reference and a status.", place=place)
            )
            return
        amount, readable = self._amount(record, place)
        if not readable:
            return
        if status not in self._profile.result_statuses:
            self.problems.append(
                Problem(
                    "unknown-status",
                    "The status %(status)s is not known; the payment stays pending.",
                    place=place,
                    severity="warning",
                    params={"status": status[:40]},
                )
            )
        self.items.append(
            AnswerItem(
                level="transaction",
                status=status[:40],
                outcome=self._profile.result_statuses.get(status, "pending"),
                end_to_end_id=reference,
                reason=self._cell(record, "reason"),
                amount=amount,
                registered_name=self._cell(record, "registered_name"),
            )
        )

    def _cell(self, record: Mapping[str | None, object], column: str) -> str:
        header = self._profile.result_columns.get(column)
        value = record.get(header, "") if header else ""
        return str(value).strip()[:_TEXT_MAX]

    def _amount(self, record: Mapping[str | None, object], place: str) -> tuple[Money | None, bool]:
        """The amount, where the file says one and its currency is known; False when it cannot be read."""
        text, only = self._cell(record, "amount"), self._profile.currencies
        currency = self._cell(record, "currency") or (next(iter(only)) if len(only) == 1 else "")
        if not text or not currency:
            return None, True
        try:
            exact = Decimal(text)
            if not exact.is_finite() or len(text) > 20 or abs(exact.adjusted()) > 18:
                raise ValueError(text)
            return Money.parse(text, currency), True
        except (InvalidOperation, PricingError, ValueError):
            self.problems.append(
                Problem(
                    "unreadable-amount",
                    "The amount %(amount)s cannot be read. Write digits only.",
                    place=place,
                    params={"amount": text[:40]},
                )
            )
            return None, False
