"""The bank's answer to a pain.001: customer payment status report, pain.002.001.03 and .10 (and between).

Read by local names, for the versions differ in what we do not need. A status may stand at the group, at a
payment information or at a transaction; PART says "look below", so it makes no item. ACSC and ACCC are
settled, RJCT (and CANC) definitively not; everything else is pending, also a code we do not know.

Source: ISO 20022 pain.002.001.03 and .10; external code set ExternalPaymentTransactionStatus1Code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from lxml import etree

from payments.answers.matching import Answer, AnswerItem, Level, without_repetition
from payments.rails.profiles import Outcome
from pricing.errors import PricingError
from pricing.money import Money
from workflows import xml
from workflows.problems import Problem

LIMITS: Final = xml.Limits(size=100_000_000, depth=40, elements=3_000_000)
"""A status report for 100,000 transfers has about 60 MB and 2 million elements."""

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(0[3-9]|1[0-9])")
_OUTCOMES: Final[dict[str, Outcome]] = {
    "ACSC": "settled",
    "ACCC": "settled",
    "RJCT": "rejected",
    "CANC": "rejected",
}
_PENDING: Final = frozenset(
    {"ACTC", "ACCP", "ACSP", "ACWC", "ACWP", "ACFC", "PDNG", "RCVD", "PATC", "BLCK", "PRES"}
)
_TEXT_MAX: Final = 500
_COUNT: Final = re.compile(r"[0-9]{1,15}")
_DECIMAL: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,17})?")
_PROBLEMS_MAX: Final = 100


def read(data: bytes) -> Answer:
    """What the file says. Its mistakes are in `Answer.problems`; nothing is raised for a bad file."""
    try:
        root = xml.parse(data, limits=LIMITS)
    except xml.XmlRefused as refused:
        return Answer((), refused.problems)
    report = _child(root, "CstmrPmtStsRpt")
    if report is None or not _NAMESPACE.fullmatch(etree.QName(root).namespace or ""):
        return Answer((), (_not_a_report(root),))
    reading = _Reading(report)
    items, contradictions = without_repetition(reading.items)
    return Answer(
        items=items,
        problems=(*reading.problems, *contradictions)[:_PROBLEMS_MAX],
        message_id=_text(report, "GrpHdr", "MsgId"),
        original_message_id=reading.original_message_id,
    )


def _not_a_report(root: etree._Element) -> Problem:
    return Problem(
        "not-pain002",
        "The file is no payment status report (pain.002) but %(found)s. Ask the bank for the pain.002.",
        severity="fatal",
        params={"found": str(root.tag)[:100]},
    )


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iterchildren(f"{{*}}{name}")


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(_children(element, name), None)


def _text(element: etree._Element, *path: str) -> str:
    for name in path:
        child = _child(element, name)
        if child is None:
            return ""
        element = child
    return (element.text or "").strip()[:_TEXT_MAX]


class _Reading:
    """One pass over the report from group to transaction."""

    def __init__(self, report: etree._Element) -> None:
        self.items: list[AnswerItem] = []
        self.problems: list[Problem] = []
        group = _child(report, "OrgnlGrpInfAndSts")
        self.original_message_id = "" if group is None else _text(group, "OrgnlMsgId")
        if group is None:
            self.problems.append(
                Problem(
                    "no-original-message",
                    "The report does not say which file it answers (OrgnlGrpInfAndSts). Ask the bank.",
                )
            )
        else:
            self._level(group, "group", _text(group, "GrpSts"), "")
        for information in _children(report, "OrgnlPmtInfAndSts"):
            name = _text(information, "OrgnlPmtInfId")
            self._level(information, "payment_information", _text(information, "PmtInfSts"), name)
            for transaction in _children(information, "TxInfAndSts"):
                self._transaction(transaction, name)
        # version .02 and some banks have transactions directly under the report
        for transaction in _children(report, "TxInfAndSts"):
            self._transaction(transaction, _text(transaction, "OrgnlPmtInfId"))

    def _outcome(self, status: str, element: etree._Element) -> Outcome:
        if status not in _OUTCOMES and status not in _PENDING:
            self.problems.append(
                Problem(
                    "unknown-status",
                    "The status %(status)s is not known; the payment stays pending.",
                    place=_place(element),
                    severity="warning",
                    params={"status": status[:20]},
                )
            )
        return _OUTCOMES.get(status, "pending")

    def _level(self, element: etree._Element, level: Level, status: str, name: str) -> None:
        if status in ("", "PART"):
            return
        reason, reason_text = _reason(element)
        count, control_sum = _text(element, "OrgnlNbOfTxs"), _text(element, "OrgnlCtrlSum")
        self.items.append(
            AnswerItem(
                level=level,
                status=status,
                outcome=self._outcome(status, element),
                original_message_id=self.original_message_id,
                payment_information_id=name,
                reason=reason,
                reason_text=reason_text,
                count=int(count) if _COUNT.fullmatch(count) else None,
                control_sum=Decimal(control_sum) if _DECIMAL.fullmatch(control_sum) else None,
            )
        )

    def _transaction(self, element: etree._Element, information_id: str) -> None:
        amount, readable = self._amount(element)
        status = _text(element, "TxSts")
        if not readable or not status:
            if not status:
                self.problems.append(
                    Problem(
                        "no-status",
                        "A transaction of the report has no status. Ask the bank.",
                        place=_place(element),
                        severity="warning",
                    )
                )
            return
        reason, reason_text = _reason(element)
        self.items.append(
            AnswerItem(
                level="transaction",
                status=status,
                outcome=self._outcome(status, element),
                original_message_id=self.original_message_id,
                payment_information_id=information_id,
                instruction_id=_text(element, "OrgnlInstrId"),
                end_to_end_id=_text(element, "OrgnlEndToEndId"),
                uetr=_text(element, "OrgnlUETR"),
                reason=reason,
                reason_text=reason_text,
                amount=amount,
            )
        )

    def _amount(self, element: etree._Element) -> tuple[Money | None, bool]:
        reference = _child(element, "OrgnlTxRef")
        choice = None if reference is None else _child(reference, "Amt")
        written = None if choice is None else _child(choice, "InstdAmt")
        if written is None:
            return None, True
        text = (written.text or "").strip()
        try:
            if not _DECIMAL.fullmatch(text):
                raise ValueError(text[:40])
            return Money.parse(text, written.get("Ccy", "")), True
        except (PricingError, ValueError):
            self.problems.append(
                Problem(
                    "unreadable-amount",
                    "The amount %(amount)s of a transaction cannot be read. Ask the bank.",
                    place=_place(element),
                    params={"amount": f"{text[:40]} {written.get('Ccy', '')[:10]}"},
                )
            )
            return None, False


def _place(element: etree._Element) -> str:
    named = _text(element, "OrgnlEndToEndId") or _text(element, "OrgnlInstrId")
    return f"line {element.sourceline} {named}".strip()


def _reason(element: etree._Element) -> tuple[str, str]:
    """Code (or proprietary word) and text of the first reason, and all additional texts."""
    code = ""
    texts: list[str] = []
    for information in _children(element, "StsRsnInf"):
        code = code or _text(information, "Rsn", "Cd") or _text(information, "Rsn", "Prtry")
        texts += [(line.text or "").strip() for line in _children(information, "AddtlInf")]
    return code, " ".join(texts)[:_TEXT_MAX]
