"""The bank's answer to a pain.001: customer payment status report, pain.002.001.03 and .10 (and between).

Read by local names, for the versions differ in what we do not need. A status may stand at the group, at a
payment information or at a transaction; PART says "look below", so it makes no item. ACSC and ACCC are
settled, RJCT (and CANC) definitively not; everything else is pending, also a code we do not know.

Source: ISO 20022 pain.002.001.03 and .10; external code set ExternalPaymentTransactionStatus1Code.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from lxml import etree

from payments.answers.iso20022 import (
    COUNT,
    DECIMAL,
    LIMITS,
    PROBLEMS_MAX,
    TEXT_MAX,
    child,
    children,
    money,
    text,
)
from payments.answers.matching import Answer, AnswerItem, Level, without_repetition
from payments.rails.profiles import Outcome
from pricing.money import Money
from workflows import xml
from workflows.problems import Problem

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


def outcome_of(status: str) -> Outcome:
    """What a status of the code set means; one that is not known is no answer yet."""
    return _OUTCOMES.get(status, "pending")


def read(data: bytes) -> Answer:
    """What the file says. Its mistakes are in `Answer.problems`; nothing is raised for a bad file."""
    try:
        root = xml.parse(data, limits=LIMITS)
    except xml.XmlRefused as refused:
        return Answer((), refused.problems)
    report = child(root, "CstmrPmtStsRpt")
    if report is None or not _NAMESPACE.fullmatch(etree.QName(root).namespace or ""):
        return Answer((), (_not_a_report(root),))
    reading = _Reading(report)
    items, contradictions = without_repetition(reading.items)
    return Answer(
        items=items,
        problems=(*reading.problems, *contradictions)[:PROBLEMS_MAX],
        message_id=text(report, "GrpHdr", "MsgId"),
        original_message_id=reading.original_message_id,
    )


def _not_a_report(root: etree._Element) -> Problem:
    return Problem(
        "not-pain002",
        "The file is no payment status report (pain.002) but %(found)s. Ask the bank for the pain.002.",
        severity="fatal",
        params={"found": str(root.tag)[:100]},
    )


class _Reading:
    """One pass over the report from group to transaction."""

    def __init__(self, report: etree._Element) -> None:
        self.items: list[AnswerItem] = []
        self.problems: list[Problem] = []
        group = child(report, "OrgnlGrpInfAndSts")
        self.original_message_id = "" if group is None else text(group, "OrgnlMsgId")
        if group is None:
            self.problems.append(
                Problem(
                    "no-original-message",
                    "The report does not say which file it answers (OrgnlGrpInfAndSts). Ask the bank.",
                )
            )
        else:
            self._level(group, "group", text(group, "GrpSts"), "")
        for information in children(report, "OrgnlPmtInfAndSts"):
            name = text(information, "OrgnlPmtInfId")
            self._level(information, "payment_information", text(information, "PmtInfSts"), name)
            for transaction in children(information, "TxInfAndSts"):
                self._transaction(transaction, name)
        # version .02 and some banks have transactions directly under the report
        for transaction in children(report, "TxInfAndSts"):
            self._transaction(transaction, text(transaction, "OrgnlPmtInfId"))

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
        return outcome_of(status)

    def _level(self, element: etree._Element, level: Level, status: str, name: str) -> None:
        if status in ("", "PART"):
            return
        reason, reason_text = _reason(element)
        count, control_sum = text(element, "OrgnlNbOfTxs"), text(element, "OrgnlCtrlSum")
        self.items.append(
            AnswerItem(
                level=level,
                status=status,
                outcome=self._outcome(status, element),
                original_message_id=self.original_message_id,
                payment_information_id=name,
                reason=reason,
                reason_text=reason_text,
                count=int(count) if COUNT.fullmatch(count) else None,
                control_sum=Decimal(control_sum) if DECIMAL.fullmatch(control_sum) else None,
            )
        )

    def _transaction(self, element: etree._Element, information_id: str) -> None:
        amount, readable = self._amount(element)
        status = text(element, "TxSts")
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
                instruction_id=text(element, "OrgnlInstrId"),
                end_to_end_id=text(element, "OrgnlEndToEndId"),
                uetr=text(element, "OrgnlUETR"),
                reason=reason,
                reason_text=reason_text,
                amount=amount,
            )
        )

    def _amount(self, element: etree._Element) -> tuple[Money | None, bool]:
        written = child(element, "OrgnlTxRef", "Amt", "InstdAmt")
        if written is None:
            return None, True
        try:
            return money(written), True
        except ValueError:
            self.problems.append(
                Problem(
                    "unreadable-amount",
                    "The amount %(amount)s of a transaction cannot be read. Ask the bank.",
                    place=_place(element),
                    params={"amount": f"{text(written)[:40]} {written.get('Ccy', '')[:10]}"},
                )
            )
            return None, False


def _place(element: etree._Element) -> str:
    named = text(element, "OrgnlEndToEndId") or text(element, "OrgnlInstrId")
    return f"line {element.sourceline} {named}".strip()


def _reason(element: etree._Element) -> tuple[str, str]:
    """Code (or proprietary word) and text of the first reason, and all additional texts."""
    code = ""
    texts: list[str] = []
    for information in children(element, "StsRsnInf"):
        code = code or text(information, "Rsn", "Cd") or text(information, "Rsn", "Prtry")
        texts += [(line.text or "").strip() for line in children(information, "AddtlInf")]
    return code, " ".join(texts)[:TEXT_MAX]
