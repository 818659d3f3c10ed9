"""Writes a bank file, while it is checked and its SHA-256 is taken.

Everything written is either of the SEPA character set, which needs no XML escapes, or checked by a pattern.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import BinaryIO, Final

from payments.batches import CreditTransfer, PayeeAccount
from payments.errors import ControlSumMismatch, NaiveTime, RefusedTransfers
from payments.identifiers import NOT_PROVIDED, is_creditor_reference, is_end_to_end_id, is_uetr, latin_text
from payments.rails.pain001_versions import VERSIONS, Version
from payments.rails.profiles import BankProfile
from pricing.money import Money, minor_digits, total
from workflows.problems import Problem

_PIECE: Final = 500
_PROBLEMS_MAX: Final = 100
_AMOUNT_LIMIT: Final = 10**18
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_ACCOUNT: Final = re.compile(r"[A-Z0-9]{4,34}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


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
    version = VERSIONS[parts[0][0].profile.version]
    writer = _HashingWriter(out)
    writer.write(_group_header(version, message_id, created_at, initiator, count, control_sum))
    for head, transfers in parts:
        problems += _write_group(writer, version, head, transfers)
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
    if len({head.profile.version for head in heads}) > 1:
        problems.append(
            Problem(
                "mixed-versions",
                "A file is of one version of pain.001. Make a file for each profile.",
                place=message_id,
            )
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
    version: Version,
    message_id: str,
    created_at: datetime,
    initiator: str,
    count: int,
    control_sum: Decimal,
) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{version.namespace}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId>"
        f"<CreDtTm>{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{control_sum:f}</CtrlSum>"
        f"<InitgPty><Nm>{latin_text(initiator, 70)}</Nm></InitgPty></GrpHdr>"
    )


def _write_group(
    writer: _HashingWriter, version: Version, head: PaymentInformation, transfers: Iterable[CreditTransfer]
) -> list[Problem]:
    writer.write(_group_head(version, head))
    template = _TransferTemplate(version, head)
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


def _group_head(version: Version, head: PaymentInformation) -> str:
    profile, debtor, currency = head.profile, head.debtor, head.total.currency
    level = profile.service_level
    payment_type = f"<PmtTpInf><SvcLvl><Cd>{level}</Cd></SvcLvl></PmtTpInf>" if level else ""
    agent = (
        _agent(version, debtor.account) or f"<FinInstnId><Othr><Id>{NOT_PROVIDED}</Id></Othr></FinInstnId>"
    )
    return (
        f"<PmtInf><PmtInfId>{head.payment_information_id}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>{'true' if profile.batch_booking else 'false'}</BtchBookg>"
        f"<NbOfTxs>{head.count}</NbOfTxs><CtrlSum>{head.total.text()}</CtrlSum>{payment_type}"
        f"<ReqdExctnDt>{version.day.format(head.execution_date.isoformat())}</ReqdExctnDt>"
        f"<Dbtr><Nm>{latin_text(debtor.name, 70)}</Nm>{_address(profile, debtor.town, debtor.country)}</Dbtr>"
        f"<DbtrAcct>{_account_id(debtor.account)}<Ccy>{currency}</Ccy></DbtrAcct>"
        f"<DbtrAgt>{agent}</DbtrAgt><ChrgBr>{profile.charge_bearer}</ChrgBr>"
    )


def _address(profile: BankProfile, town: str, country: str) -> str:
    if profile.address == "none":
        return ""
    return f"<PstlAdr><TwnNm>{_town(town)}</TwnNm><Ctry>{country}</Ctry></PstlAdr>"


@lru_cache(maxsize=1024)
def _town(town: str) -> str:
    """Many payees live in one town."""
    return latin_text(town, 35)


def _account_id(account: PayeeAccount) -> str:
    if account.kind == "iban":
        return f"<Id><IBAN>{account.identifier}</IBAN></Id>"
    scheme = "<Cd>BBAN</Cd>" if account.kind == "rib" else "<Prtry>MSISDN</Prtry>"
    return f"<Id><Othr><Id>{account.identifier}</Id><SchmeNm>{scheme}</SchmeNm></Othr></Id>"


def _agent(version: Version, account: PayeeAccount) -> str:
    """FinInstnId by BIC, else by name, else by the bank code that begins a RIB; "" when nothing is known."""
    if _BIC.fullmatch(account.agent):
        return f"<FinInstnId><{version.bic}>{account.agent}</{version.bic}></FinInstnId>"
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

    def __init__(self, version: Version, head: PaymentInformation) -> None:
        self._version = version
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
        agent = _agent(self._version, account)
        uetr = f"<UETR>{transfer.uetr}</UETR>" if self._version.has_uetr else ""
        proxy = (
            f"<Prxy><Tp><Cd>TELE</Cd></Tp><Id>{account.identifier}</Id></Prxy>"
            if account.kind == "wallet" and self._version.has_proxy
            else ""
        )
        return (
            f"<CdtTrfTxInf><PmtId><InstrId>{transfer.instruction_id}</InstrId>"
            f"<EndToEndId>{transfer.end_to_end_id}</EndToEndId>{uetr}</PmtId>"
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
        if not name or not _COUNTRY.fullmatch(transfer.country) or not _town(transfer.town):
            return Problem(
                "incomplete-payee",
                "The payee needs a name, a town and a country in Latin letters.",
                place=place,
            )
        return None
