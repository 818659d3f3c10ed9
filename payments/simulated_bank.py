"""A bank and a mobile-money company that exist only here, for `franchise demo`, training and tests.

They answer a file of ours the way real ones do, with the refusals they are told. Nothing here pays anybody,
and nothing outside demonstrations and tests may use it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape

from payments.errors import NaiveTime, RefusedTransfers
from payments.rails import mobile_money, pain001
from payments.rails.profiles import MobileMoneyProfile, Outcome
from pricing.money import Money

STATEMENT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


def status_report(
    pain001_file: bytes,
    *,
    message_id: str,
    created_at: datetime,
    rejections: Mapping[str, str] | None = None,
    pending: Collection[str] = (),
) -> bytes:
    """A pain.002.001.10 that answers a pain.001, one status per transaction, in the file's order.

    rejections: ISO 20022 reason code (such as AC01, AC04) by EndToEndId; the rest is settled (ACSC).
    pending: EndToEndIds that get PDNG. Raises RefusedTransfers for an invalid pain.001, NaiveTime.
    """
    if created_at.tzinfo is None:
        raise NaiveTime(time=created_at.isoformat())
    problems = pain001.validate(io.BytesIO(pain001_file))
    if problems:
        raise RefusedTransfers(problems)
    refused = rejections or {}
    totals = pain001.read_totals(io.BytesIO(pain001_file))
    groups: dict[str, list[str]] = {}
    statuses: set[str] = set()
    for transfer in pain001.read_transfers(io.BytesIO(pain001_file)):
        reason = refused.get(transfer.end_to_end_id, "")
        status = "RJCT" if reason else "PDNG" if transfer.end_to_end_id in pending else "ACSC"
        statuses.add(status)
        lines = groups.setdefault(transfer.payment_information_id, [])
        lines.append(_transaction(transfer, status, reason, len(lines) + 1))
    group_status = statuses.pop() if len(statuses) == 1 else "PART"
    body = "".join(
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(name)}</OrgnlPmtInfId>{''.join(lines)}</OrgnlPmtInfAndSts>"
        for name, lines in groups.items()
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{escape(message_id)}</MsgId>"
        f"<CreDtTm>{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(totals.message_id)}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{totals.version}</OrgnlMsgNmId><OrgnlNbOfTxs>{totals.count}</OrgnlNbOfTxs>"
        f"<GrpSts>{group_status}</GrpSts></OrgnlGrpInfAndSts>{body}</CstmrPmtStsRpt></Document>\n"
    ).encode()


def _transaction(transfer: pain001.FileTransfer, status: str, reason: str, number: int) -> str:
    amount = transfer.amount
    why = f"<StsRsnInf><Rsn><Cd>{escape(reason)}</Cd></Rsn></StsRsnInf>" if reason else ""
    uetr = f"<OrgnlUETR>{transfer.uetr}</OrgnlUETR>" if transfer.uetr else ""
    return (
        f"<TxInfAndSts><StsId>{number}</StsId><OrgnlInstrId>{escape(transfer.instruction_id)}</OrgnlInstrId>"
        f"<OrgnlEndToEndId>{escape(transfer.end_to_end_id)}</OrgnlEndToEndId>{uetr}<TxSts>{status}</TxSts>{why}"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="{amount.currency}">{amount.text()}</InstdAmt></Amt>'
        f"</OrgnlTxRef></TxInfAndSts>"
    )


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of a statement. minor: negative for what left the account.

    end_to_end_id: of the payment it is about, "" = the bank does not say. returned: the reason code of a return.
    """

    minor: int
    reference: str
    end_to_end_id: str = ""
    returned: str = ""
    words: str = ""


def statement(
    account: str, currency: str, movements: Sequence[Movement], *, number: str, day: date, opening: Money
) -> bytes:
    """A camt.053.001.08 of one day of an account; the closing balance follows from the movements."""
    closing = Money(opening.minor + sum(m.minor for m in movements), currency)
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(amount)}<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in (("OPBD", opening), ("CLBD", closing))
    )
    lines = "".join(_movement(m, currency, day) for m in movements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{STATEMENT}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{escape(number)}</MsgId><CreDtTm>{day}T23:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{escape(number)}</Id><Acct><Id><Othr><Id>{escape(account)}</Id></Othr></Id>"
        f"<Ccy>{currency}</Ccy></Acct>{balances}{lines}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _signed(amount: Money) -> str:
    sign = "CRDT" if amount.minor >= 0 else "DBIT"
    text = Money(abs(amount.minor), amount.currency).text()
    return f'<Amt Ccy="{amount.currency}">{text}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _movement(movement: Movement, currency: str, day: date) -> str:
    refs = f"<EndToEndId>{escape(movement.end_to_end_id)}</EndToEndId>" if movement.end_to_end_id else ""
    why = f"<RtrInf><Rsn><Cd>{escape(movement.returned)}</Cd></Rsn></RtrInf>" if movement.returned else ""
    words = f"<RmtInf><Ustrd>{escape(movement.words)}</Ustrd></RmtInf>" if movement.words else ""
    details = f"<TxDtls><Refs>{refs}</Refs>{words}{why}</TxDtls>" if refs or why or words else ""
    return (
        f"<Ntry>{_signed(Money(movement.minor, currency))}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{escape(movement.reference)}</AcctSvcrRef><BkTxCd/>"
        f"{f'<NtryDtls>{details}</NtryDtls>' if details else ''}</Ntry>"
    )


def mobile_money_result(
    bulk_file: bytes,
    profile: MobileMoneyProfile,
    *,
    failures: Mapping[str, str] | None = None,
    registered_names: Mapping[str, str] | None = None,
    pending: Collection[str] = (),
) -> bytes:
    """A result CSV that answers a bulk file, one row per payment, in the file's order.

    failures: the company's reason by reference (EndToEndId), such as "NAME_MISMATCH"; the rest is paid.
    registered_names: the wallet's name by reference, where it is another than the payee's.
    pending: references without a result yet. Raises RefusedTransfers for an unreadable bulk file.
    """
    failed, names = failures or {}, registered_names or {}
    columns = profile.result_columns
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=profile.delimiter, lineterminator=profile.line_end)
    writer.writerow(columns.values())
    for row in mobile_money.read_rows(bulk_file, profile):
        reason = failed.get(row.reference, "")
        outcome: Outcome = "rejected" if reason else "pending" if row.reference in pending else "settled"
        cells = {
            "reference": row.reference,
            "status": _word(profile, outcome),
            "reason": reason,
            "registered_name": names.get(row.reference, row.name),
            "amount": row.amount.text(),
        }
        writer.writerow([mobile_money.neutralised(cells.get(column, "")) for column in columns])
    return text.getvalue().encode(profile.encoding)


def _word(profile: MobileMoneyProfile, outcome: Outcome) -> str:
    return next(word for word, meaning in profile.result_statuses.items() if meaning == outcome)
