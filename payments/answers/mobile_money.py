"""The answer of a mobile-money company: a result CSV with the columns of the rail's profile.

A status word the profile does not know is pending, never a failure. The registered name is reported, because
money sent to a wallet that belongs to somebody else seldom comes back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from payments.answers.matching import Answer, AnswerItem, without_repetition
from payments.rails.profiles import MobileMoneyProfile
from pricing.errors import PricingError
from pricing.money import Money
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
        missing = {profile.result_columns[c] for c in ("reference", "status")} - set(reader.fieldnames or ())
        if missing:
            return _refused(
                Problem(
                    "missing-column",
                    "The column %(columns)s is missing. Is this the result file of %(rail)s?",
                    place="line 1",
                    severity="fatal",
                    params={"columns": ", ".join(sorted(missing)), "rail": profile.name},
                )
            )
        for record in reader:
            if len(rows.items) >= ROWS_MAX:
                return _refused(
                    Problem(
                        "too-many-rows",
                        "The file has more than %(limit)s rows. Split it.",
                        severity="fatal",
                        params={"limit": ROWS_MAX},
                    )
                )
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
    items, contradictions = without_repetition(rows.items)
    return Answer(items, (*rows.problems, *contradictions)[:_PROBLEMS_MAX])


class _Rows:
    def __init__(self, profile: MobileMoneyProfile) -> None:
        self._profile = profile
        self.items: list[AnswerItem] = []
        self.problems: list[Problem] = []

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
        """The amount, where the file has one and the rail one currency; False when it cannot be read."""
        text = self._cell(record, "amount")
        if not text or len(self._profile.currencies) != 1:
            return None, True
        try:
            exact = Decimal(text)
            if not exact.is_finite() or len(text) > 20 or abs(exact.adjusted()) > 18:
                raise ValueError(text)
            return Money.parse(text, next(iter(self._profile.currencies))), True
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
