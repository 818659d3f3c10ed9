"""Reads a bank file back, in pieces and bounded memory, and checks one before it is sent.

The version is told by the namespace of the root. Only what is looked at becomes a Python object: of a
transfer its identifications and its amount, which is what makes checking 100,000 of them a matter of seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import islice
from typing import Any, BinaryIO, Final, cast

from lxml import etree

from payments.errors import RefusedTransfers
from payments.identifiers import is_end_to_end_id
from payments.rails.pain001_versions import NEWEST, VERSIONS, schema
from pricing.errors import PricingError, UnknownCurrency
from pricing.money import Money, minor_digits
from workflows.problems import Problem

_PROBLEMS_MAX: Final = 100
_HEAD: Final = 4096
"""Bytes in which the root and its namespace must begin."""
_NAMESPACE: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:(pain\.001\.001\.[0-9]{2})")
_AMOUNT_DIGITS: Final = 18
_COUNT: Final = re.compile(r"[0-9]{0,15}")
_SUM: Final = re.compile(r"[-+]?[0-9.]{0,20}")


@dataclass(frozen=True, slots=True)
class FileTransfer:
    """One transfer as a file says it. uetr: "" in versions that have none."""

    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    uetr: str
    amount: Money
    payee_name: str
    account: str


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Counted from the transfers of a file, not taken from its header. total_minor: by currency.

    version: such as "pain.001.001.09".
    """

    message_id: str
    count: int
    total_minor: dict[str, int] = field(default_factory=dict)
    version: str = NEWEST


def _version(file: BinaryIO) -> str:
    """The version that the beginning of the file names; the newest where it names none that we know.

    (The parser then says what is wrong with it.)
    """
    head = file.read(_HEAD)
    file.seek(0)
    found = _NAMESPACE.search(head)
    name = found[1].decode("ascii") if found else NEWEST
    return name if name in VERSIONS else NEWEST


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2]


class _Document:
    """A file of one version, read as a stream of the elements one asks for."""

    def __init__(self, file: BinaryIO, names: Iterable[str], *, with_schema: bool = False) -> None:
        self.version = _version(file)
        self.namespace = VERSIONS[self.version].namespace
        self._file = file
        self._schema = schema(self.version) if with_schema else None
        self._tags = [f"{{{self.namespace}}}{name}" for name in (*names, "CdtTrfTxInf", "PmtInf", "Document")]

    def text(self, element: etree._Element, path: str) -> str:
        return (element.findtext(_qualified(self.namespace, path)) or "").strip()

    def amount(self, element: etree._Element) -> Money:
        amount = element.find(_qualified(self.namespace, "Amt/InstdAmt"))
        if amount is None or amount.text is None:
            raise ValueError("no amount")
        return Money.parse(amount.text.strip(), str(amount.get("Ccy")))

    def elements(self) -> Iterator[tuple[str, etree._Element]]:
        """Local name and element in the order they end; transfers are forgotten once the next is read.

        Entities are not resolved and a DOCTYPE ends the reading, as in workflows.xml, which is for files that
        fit in memory as a tree.
        """
        events = etree.iterparse(
            self._file,
            events=("end",),
            tag=self._tags,
            schema=self._schema,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        started = ended = False
        names = {tag: tag.rpartition("}")[2] for tag in self._tags}
        for _, element in events:
            tag = element.tag
            name = names[tag]
            if not started:
                started = True
                _refuse_doctype(element)
            ended = ended or name == "Document"
            yield name, element
            if name == "CdtTrfTxInf":
                previous, parent = element.getprevious(), element.getparent()
                if parent is not None and previous is not None and previous.tag == tag:
                    parent.remove(previous)
            elif name == "PmtInf":
                element.clear()
        if not started:
            raise RefusedTransfers([_unreadable(f"it is not {' or '.join(VERSIONS)}")])
        if not ended:
            # lxml 6.1 with a schema ends silently where a file is cut off
            raise RefusedTransfers([_unreadable("its end is missing")])


@cache
def _qualified(namespace: str, path: str) -> str:
    """The path with the namespace in each step; there are a dozen paths and two namespaces."""
    return "/".join(f"{{{namespace}}}{step}" for step in path.split("/"))


def _refuse_doctype(element: etree._Element) -> None:
    if cast("Any", element.getroottree().docinfo).doctype:
        raise RefusedTransfers([Problem("xml-doctype", "A bank file has no DOCTYPE.", severity="fatal")])


def _file_transfer(document: _Document, element: etree._Element) -> FileTransfer:
    parent, text = element.getparent(), document.text
    return FileTransfer(
        payment_information_id="" if parent is None else text(parent, "PmtInfId"),
        instruction_id=text(element, "PmtId/InstrId"),
        end_to_end_id=text(element, "PmtId/EndToEndId"),
        uetr=text(element, "PmtId/UETR"),
        amount=document.amount(element),
        payee_name=text(element, "Cdtr/Nm"),
        account=text(element, "CdtrAcct/Id/IBAN") or text(element, "CdtrAcct/Id/Othr/Id"),
    )


def read_transfers(file: BinaryIO) -> Iterator[FileTransfer]:
    """The transfers of a valid file, in its order and in bounded memory. Raises RefusedTransfers."""
    document = _Document(file, ())
    try:
        for name, element in document.elements():
            if name == "CdtTrfTxInf":
                yield _file_transfer(document, element)
    except (etree.XMLSyntaxError, PricingError, ValueError, InvalidOperation) as error:
        raise RefusedTransfers([_unreadable(str(error))]) from error


def read_totals(file: BinaryIO) -> FileTotals:
    """Count and sums of a valid file, recomputed from its transfers. Raises RefusedTransfers."""
    document = _Document(file, ("GrpHdr",))
    message_id, count = "", 0
    sums: dict[str, int] = {}
    try:
        for name, element in document.elements():
            if name == "GrpHdr":
                message_id = document.text(element, "MsgId")
            elif name == "CdtTrfTxInf":
                amount = document.amount(element)
                count += 1
                sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    except (etree.XMLSyntaxError, PricingError, ValueError, InvalidOperation) as error:
        raise RefusedTransfers([_unreadable(str(error))]) from error
    return FileTotals(message_id, count, sums, document.version)


def _unreadable(reason: str) -> Problem:
    return Problem(
        "unreadable-bank-file",
        "The file cannot be read: %(reason)s",
        severity="fatal",
        params={"reason": reason[:300]},
    )


# Validation --------------------------------------------------------------------------------------------


def validate(file: BinaryIO) -> tuple[Problem, ...]:
    """What is wrong with a pain.001 file (.03 or .09), at most 100 problems; () when it may be sent.

    One pass in bounded memory. Checks the official schema of the version that the file names, amounts against
    their currency's decimals, counts and sums of both headers, that no EndToEndId or UETR occurs twice, and
    the form of EndToEndIds.
    """
    document = _Document(file, ("GrpHdr", "EndToEndId", "UETR", "InstdAmt"), with_schema=True)
    check = _Validation(document)
    rules = check.rules()
    try:
        for name, element in document.elements():
            rule = rules.get(name)
            if rule is not None and len(check.problems) < _PROBLEMS_MAX:
                rule(element)
    except etree.XMLSyntaxError as error:
        return tuple(_schema_problems(error, document))
    except RefusedTransfers as error:
        return error.problems
    check.end()
    return tuple(check.problems[:_PROBLEMS_MAX])


def _schema_problems(error: etree.XMLSyntaxError, document: _Document) -> Iterator[Problem]:
    log = cast("Iterable[Any]", error.error_log)
    entries = [(str(entry.message), int(entry.line)) for entry in islice(log, _PROBLEMS_MAX)]
    for message, line in entries or [(str(error), 0)]:
        yield Problem(
            "not-valid-pain001",
            "The file breaks the schema of %(version)s: %(reason)s",
            place=f"line {line}" if line else "",
            params={
                "version": document.version,
                "reason": message.replace(f"{{{document.namespace}}}", "")[:300],
            },
        )


class _Validation:
    """Follows the file; the elements of a transfer come one by one, then its end."""

    def __init__(self, document: _Document) -> None:
        self.problems: list[Problem] = []
        self._document = document
        # numbers and hashes, not the texts: a third of the memory for 100,000 transfers
        self._seen: dict[str, set[int]] = {"EndToEndId": set(), "UETR": set()}
        self._announced: tuple[str, str] = ("", "")
        self._count = self._group_count = 0
        self._sum = self._group_sum = Decimal(0)
        self._group_minor: dict[str, int] = {}
        self._identifier = ""
        self._has_amount = False
        self._patterns: dict[str, re.Pattern[str] | None] = {}

    def rules(self) -> dict[str, Callable[[etree._Element], None]]:
        return {
            "GrpHdr": self._header,
            "EndToEndId": self._end_to_end_id,
            "UETR": self._uetr,
            "InstdAmt": self._amount,
            "CdtTrfTxInf": self._transfer,
            "PmtInf": self._group,
        }

    def _header(self, element: etree._Element) -> None:
        text = self._document.text
        self._announced = (text(element, "NbOfTxs"), text(element, "CtrlSum"))

    def _end_to_end_id(self, element: etree._Element) -> None:
        self._identifier = identifier = (element.text or "").strip()
        if not is_end_to_end_id(identifier):
            self.problems.append(
                Problem(
                    "invalid-end-to-end-id",
                    "This EndToEndId is not handed through by all banks.",
                    place=identifier,
                )
            )
        self._once("EndToEndId", identifier, int.from_bytes(identifier.encode(), "big"))

    def _uetr(self, element: etree._Element) -> None:
        written = (element.text or "").strip()
        try:
            number = int(written.replace("-", ""), 16)
        except ValueError:
            return  # the schema says it
        self._once("UETR", written, number)

    def _once(self, name: str, value: str, number: int) -> None:
        seen = self._seen[name]
        if value and number in seen:
            self.problems.append(
                Problem(
                    "repeated-identifier",
                    "The %(name)s %(value)s occurs twice. Each payment has its own.",
                    place=self._identifier,
                    params={"name": name, "value": value},
                )
            )
        seen.add(number)

    def _pattern(self, currency: str) -> re.Pattern[str] | None:
        """How an amount of the currency is written; None for a currency that there is not."""
        if currency not in self._patterns:
            try:
                digits = minor_digits(currency)
            except UnknownCurrency:
                self._patterns[currency] = None
            else:
                part = rf"\.[0-9]{{{digits}}}" if digits else ""
                self._patterns[currency] = re.compile(rf"(?:0|[1-9][0-9]*){part}")
        return self._patterns[currency]

    def _amount(self, element: etree._Element) -> None:
        self._has_amount = True
        written, currency = element.text or "", element.get("Ccy", "")
        pattern = self._pattern(currency)
        if pattern is None or len(written) > _AMOUNT_DIGITS + 1 or not pattern.fullmatch(written):
            self._wrong_decimals(written)
            return
        minor = int(written.replace(".", ""))
        if minor == 0:
            self.problems.append(
                Problem("amount-not-positive", "A payment is more than zero.", place=self._identifier)
            )
        self._group_minor[currency] = self._group_minor.get(currency, 0) + minor

    def _wrong_decimals(self, written: str) -> None:
        self.problems.append(
            Problem(
                "wrong-decimals",
                "The amount %(amount)s is not written with the decimals of its currency.",
                place=self._identifier,
                params={"amount": written},
            )
        )

    def _transfer(self, element: etree._Element) -> None:
        if not self._has_amount:
            self._wrong_decimals("")
        self._group_count += 1
        self._has_amount = False

    def _group(self, element: etree._Element) -> None:
        text = self._document.text
        announced = (text(element, "NbOfTxs"), text(element, "CtrlSum"))
        whole = sum((Money(m, c).major() for c, m in self._group_minor.items()), Decimal(0))
        self._compare(announced, self._group_count, whole, text(element, "PmtInfId"))
        self._count += self._group_count
        self._sum += whole
        self._group_count, self._group_minor = 0, {}

    def end(self) -> None:
        """Compare the whole file with its header."""
        self._compare(self._announced, self._count, self._sum, "GrpHdr")

    def _compare(self, announced: tuple[str, str], count: int, whole: Decimal, place: str) -> None:
        count_text, sum_text = announced
        if not _COUNT.fullmatch(count_text) or not _SUM.fullmatch(sum_text):
            return  # the schema says it
        if (count_text and int(count_text) != count) or (sum_text and Decimal(sum_text) != whole):
            self.problems.append(
                Problem(
                    "control-sum-mismatch",
                    "The header announces %(announced)s, the transfers are %(count)s with a sum of %(sum)s.",
                    place=place,
                    params={"announced": " / ".join(announced), "count": count, "sum": whole},
                )
            )
