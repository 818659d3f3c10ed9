"""Any file of a bank, told by what is in it and not by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from payments.answers import camt, mobile_money, pain002, workbook
from payments.answers.camt import AccountReport
from payments.answers.iso20022 import LIMITS, message_type
from payments.answers.matching import Answer
from payments.rails.profiles import MobileMoneyProfile
from workflows import xml
from workflows.problems import Problem

_ACCOUNT_REPORTS: Final = frozenset({"camt.052", "camt.053", "camt.054"})


_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks."""


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file that was read.

    message: "pain.002", "camt.053" ..., "csv" or "xlsx"; "" = none that is known. answer: what it says about payments.
    report: what it says about accounts, for account reports.
    """

    message: str
    version: str
    answer: Answer
    report: AccountReport | None = None


def read(data: bytes, *, profiles: Mapping[str, MobileMoneyProfile] | None = None) -> BankFile:
    """Read a status report, an account report, or a result file of one of the profiles with columns.

    Of several profiles that fit a CSV or workbook the one that understands most of it is taken. Nothing is raised for a
    bad file; the problems say what is wrong with it.
    """
    if workbook.is_workbook(data):
        return _workbook(data, profiles or {})
    if not _is_xml(data):
        return _csv(data, profiles or {})
    try:
        root = xml.parse(data, limits=LIMITS)
    except xml.XmlRefused as refused:
        return BankFile("", "", Answer((), tuple(refused.problems)))
    message, version = message_type(root)
    if message == "pain.002":
        return BankFile(message, version, pain002.read(data))
    if message in _ACCOUNT_REPORTS:
        report = camt.read(data)
        return BankFile(message, version, camt.answer(report), report)
    return BankFile(message, version, Answer((), (_unknown(message or str(root.tag)),)))


def _is_xml(data: bytes) -> bool:
    """Whether it begins as XML does, also in UTF-16, about which the reader of XML has its own say."""
    head = data[:200].replace(b"\0", b"") if data[:2] in _UTF16 or b"\0" in data[:2] else data
    return head.lstrip(b"\xff\xfe\xef\xbb\xbf \t\r\n").startswith(b"<")


def _workbook(data: bytes, profiles: Mapping[str, MobileMoneyProfile]) -> BankFile:
    sheets = workbook.open_workbook(data)
    if isinstance(sheets, Problem):
        return BankFile("", "", Answer((), (sheets,)))
    return _fitting("xlsx", [mobile_money.read_workbook(sheets, each) for each in profiles.values()])


def _csv(data: bytes, profiles: Mapping[str, MobileMoneyProfile]) -> BankFile:
    return _fitting("csv", [mobile_money.read(data, profile) for profile in profiles.values()])


def _fitting(message: str, readings: Sequence[Answer]) -> BankFile:
    fitting = [each for each in readings if not any(p.severity == "fatal" for p in each.problems)]
    if not fitting:
        return BankFile("", "", Answer((), (_unknown("a file of another kind"),)))
    best = min(fitting, key=lambda each: (len(each.problems), -len(each.items)))
    return BankFile(message, "", best)


def _unknown(found: str) -> Problem:
    return Problem(
        "unknown-bank-file",
        "This is %(found)s. Only status reports (pain.002), account reports (camt.052, .053, .054) and result "
        "files (CSV, XLSX) with the columns of a known profile are read.",
        severity="fatal",
        params={"found": found[:100]},
    )
