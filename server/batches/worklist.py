"""What finance has to decide today, the most urgent first: alerts, approvals, next steps, then what is merely owed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from pricing.money import Money
from server.actor import Action, can
from server.batches import approvals, reports
from server.batches import service as batches
from server.http.locale import format_money, gettext, ngettext
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx


@dataclass(frozen=True, slots=True)
class Item:
    """Something to decide. kind: alert, approve, next, owed. since: None where waiting has no beginning."""

    kind: str
    words: str
    address: str
    since: datetime | None = None


def items(tx: Tx) -> list[Item]:
    """Everything that waits for the actor, as far as they may see and do it."""
    return [*_alerts(tx), *_approvals(tx), *_next_steps(tx), *_owed(tx)]


def _alerts(tx: Tx) -> Iterator[Item]:
    if can(tx.actor, Action.FUND_GRANT):
        for gap in ledger.obligations(tx):
            row = projects.project(tx, gap.project)
            if can(tx.actor, Action.BATCH_READ, regions.place(tx, row.region_code)):
                words = gettext(
                    "%(project)s owes %(amount)s without a budget: its fund starts nothing new",
                    project=row.code, amount=format_money(gap.amount),
                )  # fmt: skip
                yield Item("alert", words, url_for("batches.payables"))
    held = visible_held_accounts(tx)
    if held and can(tx.actor, Action.PAYEE_CONFIRM):
        words = ngettext(
            "%(number)s changed account waits for a check: nothing is paid to it",
            "%(number)s changed accounts wait for a check: nothing is paid to them", len(held),
        )  # fmt: skip
        since = min(account.valid_from for account in held.values())
        yield Item("alert", words, url_for("finance.payees"), since)
    if can(tx.actor, Action.ANSWER_IMPORT):
        lines = reports.open_lines(tx)
        if lines:
            words = ngettext(
                "%(number)s line of the bank fits no payment",
                "%(number)s lines of the bank fit no payment", len(lines),
            )  # fmt: skip
            yield Item(
                "alert", words, url_for("batches.bank_files"), min(line.file.received_at for line in lines)
            )


def visible_held_accounts(tx: Tx) -> dict[str, people.PayeeAccount]:
    """Changed accounts nobody has checked yet, by person, of people in the actor's regions."""
    held = people.held_accounts(tx)
    known = people.people(tx, list(held))
    return {
        person_id: account
        for person_id, account in held.items()
        if people.account_check(tx, account.id) is None
        and can(tx.actor, Action.PERSON_READ, regions.place(tx, known[person_id].region_code))
    }


def _approvals(tx: Tx) -> Iterator[Item]:
    if can(tx.actor, Action.BATCH_APPROVE):
        seen = batches.visible_accounts(tx)
        for row in batches.batches(tx):
            if row.paying_account_id not in seen or row.state != "submitted":
                continue
            given = {a.approved_by for a in approvals.of_batch(tx, row).given}
            if tx.actor.user_id not in given | {row.prepared_by}:
                words = gettext("Batch %(reference)s waits for your approval", reference=row.reference)
                address = url_for("batches.batch", batch_id=row.id)
                yield Item("approve", words, address, row.submitted_at)
    if can(tx.actor, Action.CLAIM_APPROVE):
        waiting = [
            row for row in claims.claims(tx)
            if row.state == "proposed" and row.proposed_by != tx.actor.user_id
            and can(tx.actor, Action.CLAIM_APPROVE, regions.place(tx, row.region_code))
        ]  # fmt: skip
        seen_claims = {
            row.id for row in claims.claims(tx)
            if can(tx.actor, Action.CLAIM_APPROVE, regions.place(tx, row.region_code))
        }  # fmt: skip
        planned = [
            r for r in claims.planned_recoveries(tx)
            if r.planned_by != tx.actor.user_id and r.claim_id in seen_claims
        ]  # fmt: skip
        for count, words in (
            (len(waiting), ngettext("%(number)s advance or claim waits for your approval",
                                    "%(number)s advances or claims wait for your approval", len(waiting))),
            (len(planned), ngettext("%(number)s amount to be kept back waits for your approval",
                                    "%(number)s amounts to be kept back wait for your approval", len(planned))),
        ):  # fmt: skip
            if count:
                yield Item("approve", words, url_for("finance.claims"))
    if can(tx.actor, Action.POLICY_CHANGE):
        for policy in approvals.policies(tx):
            mine = policy.proposed_by == tx.actor.user_id
            if policy.approved_by is None and not mine and approvals.may_change(tx, policy.currency):
                words = gettext(
                    "A rule for approving payments in %(currency)s waits for you", currency=policy.currency
                )
                yield Item("approve", words, url_for("finance.policies"), policy.proposed_at)


def _next_steps(tx: Tx) -> Iterator[Item]:
    if not can(tx.actor, Action.BATCH_PREPARE):
        return
    seen = batches.visible_accounts(tx)
    for row in [row for row in batches.batches(tx) if row.paying_account_id in seen]:
        said: dict[str, tuple[str, datetime | None]] = {
            "draft": (gettext("Batch %(reference)s is not yet handed over", reference=row.reference), row.prepared_at),
            "approved": (
                gettext("Batch %(reference)s is approved: send its file", reference=row.reference), row.approved_at,
            ),
        }  # fmt: skip
        words, since = said.get(row.state, ("", None))
        if words:
            yield Item("next", words, url_for("batches.batch", batch_id=row.id), since)
    failed = batches.failed_and_owed(tx)
    if failed:
        words = ngettext(
            "%(number)s payment failed and is owed again: correct the account first",
            "%(number)s payments failed and are owed again: correct the accounts first", failed,
        )  # fmt: skip
        yield Item("next", words, url_for("batches.payables"))


def _owed(tx: Tx) -> Iterator[Item]:
    if not can(tx.actor, Action.BATCH_PREPARE):
        return
    waiting = [row for row in ledger.all_payables(tx) if row.allocated < row.amount]
    payables = batches.visible_payables(tx, waiting)
    if payables:
        words = ngettext("%(number)s amount is owed", "%(number)s amounts are owed", len(payables))
        yield Item("owed", words, url_for("batches.payables"), min(row.created_at for row in payables))
    for tax, amount in claims.withheld(tx):
        words = gettext(
            "%(amount)s of %(tax)s were kept back and are not paid over yet",
            amount=format_money(amount),
            tax=tax,
        )
        yield Item("owed", words, url_for("finance.dues"))


def owes_back(tx: Tx, person_id: str) -> list[tuple[claims.Claim, Money]]:
    """The approved claims on a person that are not recovered, with what is left of each."""
    return [
        (row, Money(row.amount - row.recovered, row.currency))
        for row in claims.claims(tx, person_id=person_id)
        if row.state == "approved" and row.recovered < row.amount
    ]
