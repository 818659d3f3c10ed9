"""The bank file: customer credit transfer initiation, pain.001.001.09.

Written as text from a template, in pieces, while its SHA-256 is taken: bounded memory, and the same batch
gives the same bytes each time. (A tree or a generic writer is two to four times slower and, as in sepaxml
2.7, easily writes XOF with two decimals, a hundredth of what is owed, which the schema does not notice.)
Everything written is either of the SEPA character set, which needs no XML escapes, or checked by a pattern.

`validate` reads a finished file once, in pieces, against the official schema and against what the schema
cannot say: the currency's decimals, counts, sums, and nothing twice.

Sources: ISO 20022 pain.001.001.09 (schema in the sepaxml wheel); EPC132-08 for SEPA; structured address with
town and country as mandatory since November 2026 (SEPA, CBPR+). In .09 an account needs an Id, so a wallet
is written as Id/Othr (scheme MSISDN) and as a proxy of type TELE.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any, BinaryIO, Final, cast

from lxml import etree

from payments.batches import CreditTransfer, PayeeAccount
from payments.errors import ControlSumMismatch, NaiveTime, RefusedTransfers
from payments.identifiers import NOT_PROVIDED, is_creditor_reference, is_end_to_end_id, is_uetr, latin_text
from payments.rails.profiles import BankProfile
from pricing.errors import PricingError
from pricing.money import Money, minor_digits, total
from workflows.problems import Problem

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MESSAGE_NAME: Final = "pain.001.001.09"

_PIECE: Final = 500
_PROBLEMS_MAX: Final = 100
_AMOUNT_LIMIT: Final = 10**18
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_ACCOUNT: Final = re.compile(r"[A-Z0-9]{4,34}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


# Writing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays: the franchise and its account."""

    name: str
    account: PayeeAccount
    town: str
    country: str


@dataclass(frozen=True, slots=True)
class PaymentInformation:
    """The head of one PmtInf: transfers of one debtor account, currency, day and profile.

    count, total: announced before the transfers are read; a file that turns out otherwise is refused.
    """

    payment_information_id: str
    execution_date: date
    debtor: Debtor
    profile: BankProfile
    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What was written. control_sum: the sum of all amounts irrespective of currency, as in the file."""

    sha256: str
    size: int
    count: int
    control_sum: Decimal


def payment_information(
    payment_information_id: str,
    transfers: Sequence[CreditTransfer],
    *,
    execution_date: date,
    debtor: Debtor,
    profile: BankProfile,
) -> PaymentInformation:
    """The head for transfers that are all at hand; they must be of one currency (else CurrencyMismatch).

    Raises RefusedTransfers for none.
    """
    if not transfers:
        raise RefusedTransfers([_no_transfers(payment_information_id)])
    currency = transfers[0].amount.currency
    whole = total((t.amount for t in transfers), currency)
    return PaymentInformation(payment_information_id, execution_date, debtor, profile, len(transfers), whole)


def write(
    out: BinaryIO,
    *,
    message_id: str,
    created_at: datetime,
    initiator: str,
    groups: Iterable[tuple[PaymentInformation, Iterable[CreditTransfer]]],
) -> WrittenFile:
    """Write a whole file to `out`, transfers in the order given.

    message_id: MsgId, an EndToEndId-like text of at most 35 characters (the batch's reference).
    created_at: when the batch was approved, not when it is written, so that a second writing gives the same
        bytes; aware.

    Raises RefusedTransfers with all problems (at most 100) or ControlSumMismatch; what was written until then
    is not a file and must be thrown away. Raises NaiveTime.
    """
    if created_at.tzinfo is None:
        raise NaiveTime(time=created_at.isoformat())
    parts = list(groups)
    problems = _header_problems(message_id, initiator, [head for head, _ in parts])
    if problems:
        raise RefusedTransfers(problems)
    count = sum(head.count for head, _ in parts)
    control_sum = sum((head.total.major() for head, _ in parts), Decimal(0))
    writer = _HashingWriter(out)
    writer.write(_group_header(message_id, created_at, initiator, count, control_sum))
    for head, transfers in parts:
        problems += _write_group(writer, head, transfers)
        if len(problems) >= _PROBLEMS_MAX:
            break
    if problems:
        raise RefusedTransfers(problems[:_PROBLEMS_MAX])
    writer.write("</CstmrCdtTrfInitn></Document>\n")
    return WrittenFile(writer.hexdigest(), writer.size, count, control_sum)


class _HashingWriter:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, text: str) -> None:
        data = text.encode("ascii")
        self._hash.update(data)
        self.size += len(data)
        self._out.write(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _no_transfers(place: str) -> Problem:
    return Problem(
        "no-transfers", "There is nothing to pay. A file needs at least one transfer.", place=place
    )


def _header_problems(message_id: str, initiator: str, heads: list[PaymentInformation]) -> list[Problem]:
    problems = [] if heads else [_no_transfers(message_id)]
    ids = [message_id, *(head.payment_information_id for head in heads)]
    problems += [
        Problem(
            "invalid-message-id",
            "%(id)s cannot name a message. Use 1 to 35 basic Latin characters.",
            place=identifier,
            params={"id": identifier[:60]},
        )
        for identifier in ids
        if not is_end_to_end_id(identifier)
    ]
    if len(set(ids[1:])) < len(heads):
        problems.append(
            Problem("repeated-identifier", "Two payment informations have the same id.", place=message_id)
        )
    if not latin_text(initiator, 70):
        problems.append(
            Problem("invalid-name", "The initiating party needs a name in Latin letters.", place=message_id)
        )
    for head in heads:
        problems += _debtor_problems(head)
    return problems


def _debtor_problems(head: PaymentInformation) -> Iterator[Problem]:
    place, debtor = head.payment_information_id, head.debtor
    if head.count < 1:
        yield _no_transfers(place)
    if head.profile.currencies and head.total.currency not in head.profile.currencies:
        yield Problem(
            "currency-not-on-rail",
            "The rail %(rail)s does not pay in %(currency)s. Choose another rail.",
            place=place,
            params={"rail": head.profile.name, "currency": head.total.currency},
        )
    if not latin_text(debtor.name, 70) or not _ACCOUNT.fullmatch(debtor.account.identifier):
        yield Problem("invalid-debtor", "The paying account needs a name and an account number.", place=place)
    if not _COUNTRY.fullmatch(debtor.country) or not latin_text(debtor.town, 35):
        yield Problem(
            "incomplete-address", "The paying account's holder needs a town and a country.", place=place
        )


def _group_header(
    message_id: str, created_at: datetime, initiator: str, count: int, control_sum: Decimal
) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId>"
        f"<CreDtTm>{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{control_sum:f}</CtrlSum>"
        f"<InitgPty><Nm>{latin_text(initiator, 70)}</Nm></InitgPty></GrpHdr>"
    )


def _write_group(
    writer: _HashingWriter, head: PaymentInformation, transfers: Iterable[CreditTransfer]
) -> list[Problem]:
    writer.write(_group_head(head))
    template = _TransferTemplate(head)
    problems: list[Problem] = []
    count = minor = 0
    iterator = iter(transfers)
    while piece := list(islice(iterator, _PIECE)):
        count += len(piece)
        minor += sum(t.amount.minor for t in piece)
        written = [template.fill(t, problems) for t in piece]
        if len(problems) >= _PROBLEMS_MAX:
            return problems
        writer.write("".join(written))
    if not problems and (count, minor) != (head.count, head.total.minor):
        raise ControlSumMismatch(
            group=head.payment_information_id,
            announced_count=head.count,
            announced_total=head.total,
            count=count,
            total=Money(minor, head.total.currency),
        )
    writer.write("</PmtInf>")
    return problems


def _group_head(head: PaymentInformation) -> str:
    profile, debtor, currency = head.profile, head.debtor, head.total.currency
    level = profile.service_level
    payment_type = f"<PmtTpInf><SvcLvl><Cd>{level}</Cd></SvcLvl></PmtTpInf>" if level else ""
    agent = _agent(debtor.account) or f"<FinInstnId><Othr><Id>{NOT_PROVIDED}</Id></Othr></FinInstnId>"
    return (
        f"<PmtInf><PmtInfId>{head.payment_information_id}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>{'true' if profile.batch_booking else 'false'}</BtchBookg>"
        f"<NbOfTxs>{head.count}</NbOfTxs><CtrlSum>{head.total.text()}</CtrlSum>{payment_type}"
        f"<ReqdExctnDt><Dt>{head.execution_date.isoformat()}</Dt></ReqdExctnDt>"
        f"<Dbtr><Nm>{latin_text(debtor.name, 70)}</Nm>{_address(profile, debtor.town, debtor.country)}</Dbtr>"
        f"<DbtrAcct>{_account_id(debtor.account)}<Ccy>{currency}</Ccy></DbtrAcct>"
        f"<DbtrAgt>{agent}</DbtrAgt><ChrgBr>{profile.charge_bearer}</ChrgBr>"
    )


def _address(profile: BankProfile, town: str, country: str) -> str:
    if profile.address == "none":
        return ""
    return f"<PstlAdr><TwnNm>{latin_text(town, 35)}</TwnNm><Ctry>{country}</Ctry></PstlAdr>"


def _account_id(account: PayeeAccount) -> str:
    if account.kind == "iban":
        return f"<Id><IBAN>{account.identifier}</IBAN></Id>"
    scheme = "<Cd>BBAN</Cd>" if account.kind == "rib" else "<Prtry>MSISDN</Prtry>"
    return f"<Id><Othr><Id>{account.identifier}</Id><SchmeNm>{scheme}</SchmeNm></Othr></Id>"


def _agent(account: PayeeAccount) -> str:
    """FinInstnId by BIC, else by name, else by the bank code that begins a RIB; "" when nothing is known."""
    if _BIC.fullmatch(account.agent):
        return f"<FinInstnId><BICFI>{account.agent}</BICFI></FinInstnId>"
    name = latin_text(account.agent, 140)
    if name:
        return f"<FinInstnId><Nm>{name}</Nm></FinInstnId>"
    if account.kind == "rib":
        bank_code = account.identifier[:5]
        return f"<FinInstnId><ClrSysMmbId><MmbId>{bank_code}</MmbId></ClrSysMmbId></FinInstnId>"
    return ""


def _remittance(reference: str) -> str:
    if is_creditor_reference(reference):
        return (
            "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp>"
            f"<Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"
        )
    text = latin_text(reference, 140)
    return f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""


def _decimal_text(minor: int, digits: int) -> str:
    """As Money.text(), without a Decimal per transfer."""
    if digits == 0:
        return str(minor)
    whole, part = divmod(minor, 10**digits)
    return f"{whole}.{part:0{digits}d}"


class _TransferTemplate:
    """Writes the transfers of one group and notes what forbids it."""

    def __init__(self, head: PaymentInformation) -> None:
        self._profile = head.profile
        self._currency = head.total.currency
        self._digits = minor_digits(self._currency)

    def fill(self, transfer: CreditTransfer, problems: list[Problem]) -> str:
        name = latin_text(transfer.payee_name, 70)
        fault = self._fault(transfer, name)
        if fault is not None:
            problems.append(fault)
            return ""
        account = transfer.account
        agent = _agent(account)
        proxy = (
            f"<Prxy><Tp><Cd>TELE</Cd></Tp><Id>{account.identifier}</Id></Prxy>"
            if account.kind == "wallet"
            else ""
        )
        return (
            f"<CdtTrfTxInf><PmtId><InstrId>{transfer.instruction_id}</InstrId>"
            f"<EndToEndId>{transfer.end_to_end_id}</EndToEndId><UETR>{transfer.uetr}</UETR></PmtId>"
            f'<Amt><InstdAmt Ccy="{self._currency}">{_decimal_text(transfer.amount.minor, self._digits)}'
            f"</InstdAmt></Amt>{f'<CdtrAgt>{agent}</CdtrAgt>' if agent else ''}"
            f"<Cdtr><Nm>{name}</Nm>{_address(self._profile, transfer.town, transfer.country)}</Cdtr>"
            f"<CdtrAcct>{_account_id(account)}<Ccy>{self._currency}</Ccy>{proxy}</CdtrAcct>"
            f"{_remittance(transfer.reference)}</CdtTrfTxInf>"
        )

    def _fault(self, transfer: CreditTransfer, name: str) -> Problem | None:
        """The first thing that keeps a transfer out of the file; payments.batches finds all of them."""
        place = transfer.payment_id
        amount = transfer.amount
        if amount.currency != self._currency or not 0 < amount.minor < _AMOUNT_LIMIT:
            return Problem(
                "amount-not-payable",
                "%(amount)s cannot be paid in this group of %(currency)s.",
                place=place,
                params={"amount": amount, "currency": self._currency},
            )
        if self._profile.limits.payable_part(amount.minor) != amount.minor:
            return Problem(
                "amount-outside-limits",
                "%(amount)s is outside what the rail %(rail)s takes. Collect the batch again.",
                place=place,
                params={"amount": amount, "rail": self._profile.name},
            )
        account = transfer.account
        if account.kind not in self._profile.accounts or not _ACCOUNT.fullmatch(account.identifier):
            return Problem(
                "account-not-on-rail",
                "The rail %(rail)s does not pay to the account %(account)s (%(kind)s). Choose another rail.",
                place=place,
                params={"rail": self._profile.name, "account": account.masked(), "kind": account.kind},
            )
        if not (
            is_end_to_end_id(transfer.end_to_end_id)
            and is_uetr(transfer.uetr)
            and is_end_to_end_id(transfer.instruction_id)
        ):
            return Problem(
                "invalid-identification",
                "The payment's EndToEndId, UETR or id cannot be written.",
                place=place,
            )
        if not name or not _COUNTRY.fullmatch(transfer.country) or not latin_text(transfer.town, 35):
            return Problem(
                "incomplete-payee",
                "The payee needs a name, a town and a country in Latin letters.",
                place=place,
            )
        return None


# Reading back ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileTransfer:
    """One transfer as a file says it."""

    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    uetr: str
    amount: Money
    payee_name: str
    account: str


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Counted from the transfers of a file, not taken from its header. total_minor: by currency."""

    message_id: str
    count: int
    total_minor: dict[str, int] = field(default_factory=dict)


@cache
def _schema() -> etree.XMLSchema:
    file = resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd"
    with file.open("rb") as stream:
        # the schema is trusted package data of our own dependency, no input
        return etree.XMLSchema(etree.parse(stream))  # noqa: TID251


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(_qualified(path)) or "").strip()


@cache
def _qualified(path: str) -> str:
    """The path with the namespace in each step; there are a dozen paths."""
    return "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))


def _elements(file: BinaryIO, schema: etree.XMLSchema | None) -> Iterator[etree._Element]:
    """GrpHdr, CdtTrfTxInf, PmtInf in the order they end; transfers are forgotten once the next is read.

    Entities are not resolved and a DOCTYPE ends the reading, as in workflows.xml, which is for files that fit
    in memory as a tree.
    """
    tags = [f"{{{NAMESPACE}}}{name}" for name in ("GrpHdr", "CdtTrfTxInf", "PmtInf", "Document")]
    events = etree.iterparse(
        file,
        events=("end",),
        tag=tags,
        schema=schema,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    started = ended = False
    for _, element in events:
        name = _local(element)
        if not started:
            started = True
            _refuse_doctype(element)
        ended = ended or name == "Document"
        yield element
        previous, parent = element.getprevious(), element.getparent()
        if name == "CdtTrfTxInf":
            if parent is not None and previous is not None and previous.tag == element.tag:
                parent.remove(previous)
        elif name == "PmtInf":
            element.clear()
    if not started:
        raise RefusedTransfers([_unreadable(f"it is not {MESSAGE_NAME}")])
    if not ended:
        # lxml 6.1 with a schema ends silently where a file is cut off
        raise RefusedTransfers([_unreadable("its end is missing")])


def _refuse_doctype(element: etree._Element) -> None:
    if cast("Any", element.getroottree().docinfo).doctype:
        raise RefusedTransfers([Problem("xml-doctype", "A bank file has no DOCTYPE.", severity="fatal")])


def _amount(element: etree._Element) -> Money:
    amount = element.find(_qualified("Amt/InstdAmt"))
    if amount is None or amount.text is None:
        raise ValueError("no amount")
    return Money.parse(amount.text.strip(), str(amount.get("Ccy")))


def _file_transfer(element: etree._Element) -> FileTransfer:
    parent = element.getparent()
    return FileTransfer(
        payment_information_id="" if parent is None else _text(parent, "PmtInfId"),
        instruction_id=_text(element, "PmtId/InstrId"),
        end_to_end_id=_text(element, "PmtId/EndToEndId"),
        uetr=_text(element, "PmtId/UETR"),
        amount=_amount(element),
        payee_name=_text(element, "Cdtr/Nm"),
        account=_text(element, "CdtrAcct/Id/IBAN") or _text(element, "CdtrAcct/Id/Othr/Id"),
    )


def read_transfers(file: BinaryIO) -> Iterator[FileTransfer]:
    """The transfers of a valid file, in its order and in bounded memory. Raises RefusedTransfers."""
    try:
        for element in _elements(file, None):
            if _local(element) == "CdtTrfTxInf":
                yield _file_transfer(element)
    except (etree.XMLSyntaxError, PricingError, ValueError, InvalidOperation) as error:
        raise RefusedTransfers([_unreadable(str(error))]) from error


def read_totals(file: BinaryIO) -> FileTotals:
    """Count and sums of a valid file, recomputed from its transfers. Raises RefusedTransfers."""
    message_id, count = "", 0
    sums: dict[str, int] = {}
    try:
        for element in _elements(file, None):
            if _local(element) == "GrpHdr":
                message_id = _text(element, "MsgId")
            elif _local(element) == "CdtTrfTxInf":
                amount = _amount(element)
                count += 1
                sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    except (etree.XMLSyntaxError, PricingError, ValueError, InvalidOperation) as error:
        raise RefusedTransfers([_unreadable(str(error))]) from error
    return FileTotals(message_id, count, sums)


def _unreadable(reason: str) -> Problem:
    return Problem(
        "unreadable-bank-file",
        "The file cannot be read: %(reason)s",
        severity="fatal",
        params={"reason": reason[:300]},
    )


# Validation --------------------------------------------------------------------------------------------


def validate(file: BinaryIO) -> tuple[Problem, ...]:
    """What is wrong with a pain.001.001.09 file, at most 100 problems; () when it may be sent.

    One pass in bounded memory. Checks the official schema, amounts against their currency's decimals, counts
    and sums of both headers, that no EndToEndId or UETR occurs twice, and the form of EndToEndIds.
    """
    check = _Validation()
    try:
        for element in _elements(file, _schema()):
            check.element(element)
    except etree.XMLSyntaxError as error:
        return tuple(_schema_problems(error))
    except RefusedTransfers as error:
        return error.problems
    check.end()
    return tuple(check.problems[:_PROBLEMS_MAX])


def _schema_problems(error: etree.XMLSyntaxError) -> Iterator[Problem]:
    log = cast("Iterable[Any]", error.error_log)
    entries = [(str(entry.message), int(entry.line)) for entry in islice(log, _PROBLEMS_MAX)]
    for message, line in entries or [(str(error), 0)]:
        yield Problem(
            "not-valid-pain001",
            "The file breaks the schema of pain.001.001.09: %(reason)s",
            place=f"line {line}" if line else "",
            params={"reason": message.replace(f"{{{NAMESPACE}}}", "")[:300]},
        )


class _Validation:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._seen: dict[str, set[str]] = {"EndToEndId": set(), "UETR": set()}
        self._announced: tuple[str, str] = ("", "")
        self._count = self._group_count = 0
        self._sum = self._group_sum = Decimal(0)
        self._by_tag: dict[str, Callable[[etree._Element], None]] = {
            "GrpHdr": self._header,
            "CdtTrfTxInf": self._transfer,
            "PmtInf": self._group,
        }

    def element(self, element: etree._Element) -> None:
        rule = self._by_tag.get(_local(element))
        if rule is not None and len(self.problems) < _PROBLEMS_MAX:
            rule(element)

    def _header(self, element: etree._Element) -> None:
        self._announced = (_text(element, "NbOfTxs"), _text(element, "CtrlSum"))

    def _transfer(self, element: etree._Element) -> None:
        identifier = _text(element, "PmtId/EndToEndId")
        if not is_end_to_end_id(identifier):
            self.problems.append(
                Problem(
                    "invalid-end-to-end-id",
                    "This EndToEndId is not handed through by all banks.",
                    place=identifier,
                )
            )
        for name, value in (("EndToEndId", identifier), ("UETR", _text(element, "PmtId/UETR"))):
            if value and value in self._seen[name]:
                self.problems.append(
                    Problem(
                        "repeated-identifier",
                        "The %(name)s %(value)s occurs twice. Each payment has its own.",
                        place=identifier,
                        params={"name": name, "value": value},
                    )
                )
            self._seen[name].add(value)
        self._check_amount(element, identifier)
        self._group_count += 1

    def _check_amount(self, element: etree._Element, identifier: str) -> None:
        written = _text(element, "Amt/InstdAmt")
        try:
            amount = _amount(element)
        except (PricingError, ValueError, InvalidOperation):
            amount = None
        if amount is None or written != amount.text():
            self.problems.append(
                Problem(
                    "wrong-decimals",
                    "The amount %(amount)s is not written with the decimals of its currency.",
                    place=identifier,
                    params={"amount": written},
                )
            )
        if amount is None:
            return
        if amount.minor <= 0:
            self.problems.append(
                Problem("amount-not-positive", "A payment is more than zero.", place=identifier)
            )
        self._group_sum += amount.major()

    def _group(self, element: etree._Element) -> None:
        announced = (_text(element, "NbOfTxs"), _text(element, "CtrlSum"))
        self._compare(announced, self._group_count, self._group_sum, _text(element, "PmtInfId"))
        self._count += self._group_count
        self._sum += self._group_sum
        self._group_count, self._group_sum = 0, Decimal(0)

    def end(self) -> None:
        self._compare(self._announced, self._count, self._sum, "GrpHdr")

    def _compare(self, announced: tuple[str, str], count: int, whole: Decimal, place: str) -> None:
        count_text, sum_text = announced
        if (count_text and int(count_text) != count) or (sum_text and Decimal(sum_text) != whole):
            self.problems.append(
                Problem(
                    "control-sum-mismatch",
                    "The header announces %(announced)s, the transfers are %(count)s with a sum of %(sum)s.",
                    place=place,
                    params={"announced": " / ".join(announced), "count": count, "sum": whole},
                )
            )
