"""The cover sheet of an exported batch, made from the frozen file, and made again to check it.

Count and totals are read back out of the file's bytes; the names are those of the day of the export; the ledger's
head is the seal of the export's own entry.
"""

from __future__ import annotations

import io

from payments import cover_sheet
from payments.batches import PayeeAccount
from payments.cover_sheet import CoverSheet, Signer
from payments.rails import mobile_money, pain001, table_file
from payments.rails.profiles import MobileMoneyProfile, TableProfile, profile
from pricing.money import Money
from server.accounts import service as people_who_sign_in
from server.batches import approvals
from server.batches.models import BatchRow, PayingAccount
from server.runtime import Tx


def signers(tx: Tx, row: BatchRow) -> list[dict[str, str]]:
    """Who prepared and who approved, as their names are now: the batch keeps them."""
    given = approvals.of_batch(tx, row).given
    names = people_who_sign_in.names(tx, {row.prepared_by, *(a.approved_by for a in given)})
    found = [_signer(names.get(row.prepared_by, ""), "finance")]
    return found + [_signer(names.get(a.approved_by, ""), a.roles or "approver") for a in given]


def _signer(name: str, role: str) -> dict[str, str]:
    return {"name": name[:100], "role": role}


def file_totals(account: PayingAccount, content: bytes) -> tuple[int, tuple[Money, ...]]:
    """Number of payments and the total of each currency, counted in the file."""
    found = profile(account.profile)
    if isinstance(found, MobileMoneyProfile):
        of = table_file if isinstance(found, TableProfile) else mobile_money
        read = of.read_totals(content, found)
        count, totals = read.count, read.total_minor
    else:
        written = pain001.read_totals(io.BytesIO(content))
        count, totals = written.count, written.total_minor
    return count, tuple(Money(minor, currency) for currency, minor in sorted(totals.items()))


def write(tx: Tx, row: BatchRow, account: PayingAccount, content: bytes, *, seq: int, head: str) -> bytes:
    """The sheet for a frozen file. seq, head: the seal of the export's entry."""
    count, totals = file_totals(account, content)
    given, names = approvals.of_batch(tx, row).given, row.signers or []
    signed = [Signer(each["name"], each["role"], row.prepared_at) for each in names[:1]]
    approved = tuple(
        Signer(name["name"], name["role"], each.approved_at)
        for name, each in zip(names[1:], given, strict=True)
    )
    kind = "wallet" if account.rail == "mobile_money" else "rib"
    return cover_sheet.write(
        CoverSheet(
            reference=row.reference, holder=account.holder_name,
            account=PayeeAccount(kind, account.identifier, account.agent).masked(),  # type: ignore[arg-type]
            rail=account.profile, execution_date=row.execution_date, count=count, totals=totals,
            file_name=row.file_name or "", file_sha256=row.file_sha256 or "",
            content_sha256=row.content_sha256 or "", ledger_seq=seq, ledger_head=head, prepared=signed[0],
            approved=approved,
        )
    )  # fmt: skip
