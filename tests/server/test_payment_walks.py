"""Any order of paying, answering, advancing and claiming back, with crashes: nobody is paid twice, nothing is lost.

A state machine over the service functions. A crash is an exception just before or just after a commit: of the second
kind the caller does not know that the step was taken, and takes it again. After each step the books are compared with
each other, and at the end with everything that `franchise verify` recomputes. Long in `make soak`.
"""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event
from sqlalchemy.orm import Session

from pricing.money import Money
from server.batches import reports
from server.batches import service as batches
from server.deliveries import service as deliveries
from server.demo.world import FUND
from server.ledger import claims
from server.ledger import service as ledger
from workflows.errors import RunError

SPACE = "urn:iso:std:iso:20022:tech:xsd:camt"
NAMES = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
LIVE = ("draft", "in_transit", "settled")
chances = st.integers(0, 10_000)
amounts = st.integers(1, 9_000)


class Crash(BaseException):
    """The process died. Not an Exception: nothing may catch it."""


def movement(payment, credit):
    """A booked line of a statement: the payment went out, or came back."""
    back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if credit else ""
    return (
        f'<Ntry><Amt Ccy="XOF">{payment.amount}</Amt><CdtDbtInd>{"CRDT" if credit else "DBIT"}</CdtDbtInd><Sts>'
        f"<Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-04-03</Dt></BookgDt><AcctSvcrRef>{payment.id[-12:]}{credit:d}"
        f"</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>{payment.end_to_end_id}</EndToEndId></Refs>"
        f"{back}</TxDtls></NtryDtls></Ntry>"
    )


def fee(number):
    return (
        '<Ntry><Amt Ccy="XOF">250</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>'
        f"<Dt>2026-04-03</Dt></BookgDt><AcctSvcrRef>FEE{number}</AcctSvcrRef><BkTxCd/></Ntry>"
    )


class Paying(RuleBasedStateMachine):
    """The steps people, banks and crashes take; refusals (RunError) are answers, anything else is a fault."""

    def __init__(self, world):
        super().__init__()
        self.world, self.number, self.crash = world, 0, ""
        self.answers = []  # (batch, file) as they came
        self.reports = []
        self.refused = Counter()
        event.listen(Session, "before_commit", self._before)
        event.listen(Session, "after_commit", self._after)

    def teardown(self):
        event.remove(Session, "before_commit", self._before)
        event.remove(Session, "after_commit", self._after)
        assert self.world.verify() == []

    @initialize(fates=st.lists(st.sampled_from("srp"), min_size=4, max_size=4), mixed=st.randoms())
    def begin(self, fates, mixed):
        """Both rails have paid once, so that even a short walk comes far."""
        self.pay(True, fates, mixed)
        self.pay(False, fates[::-1], mixed)

    # Crashes --------------------------------------------------------------------------------------

    def _before(self, session):
        self._die("before")

    def _after(self, session):
        self._die("after")

    def _die(self, when):
        if self.crash == when:
            self.crash = ""
            raise Crash

    @rule(when=st.sampled_from(["before", "after"]))
    def crash_at_the_next_commit(self, when):
        self.crash = when

    def step(self, who, operation, *args, **given):
        """Take a step; after a crash once more, as a person does who saw no answer. None where it was refused."""
        self.world.clock.advance(minutes=1)
        for _ in range(2):
            try:
                return self.world.run(who, operation, *args, **given)
            except Crash:
                continue
            except RunError as error:
                self.refused[error.code] += 1
                return None
            finally:
                self.crash = ""
        raise AssertionError("it crashes once")

    # Work and money in ----------------------------------------------------------------------------

    @rule(which=chances)
    def work(self, which):
        tasks = [t for i in self.world.instance_ids for t in self.world.ready_tasks(i)]
        if tasks:
            self.crash = ""
            done = self.world.deliver(tasks[which % len(tasks)])
            self.step("coordinator", deliveries.accept_delivery, done)

    @rule(amount=amounts)
    def grant(self, amount):
        self.step("finance", ledger.receive_grant, funder="alfter", fund=FUND, amount=Money(amount, "XOF"))

    @rule(which=chances, who=st.sampled_from(["finance", "approver"]))
    def reverse(self, which, who):
        entries = self.world.entries()
        self.step(who, claims.reverse, entries[which % len(entries)].id, reason="wrong")

    # Batches --------------------------------------------------------------------------------------

    def batches(self, *states):
        return [b.id for b in self.world.read(batches.batches) if b.state in states]

    def payments(self, *states):
        rows = [p for b in self.world.read(batches.batches) for p in self.world.payments(b.id)]
        return sorted((p for p in rows if p.state in states), key=lambda p: p.id)

    @rule(bank=st.booleans())
    def collect(self, bank):
        account = self.world.bank_account if bank else self.world.momo_account
        day = self.world.clock.now().date()
        self.step("finance", batches.collect, account, execution_date=day)

    @rule(which=chances)
    def submit(self, which):
        if found := self.batches("draft"):
            self.step("finance", batches.submit, found[which % len(found)])

    @rule(which=chances, who=st.sampled_from(["approver", "approver", "finance"]))
    def approve(self, which, who):
        if found := self.batches("submitted"):
            row = self.world.read(batches.batch, found[which % len(found)])
            self.step(who, batches.approve, row.id, content=row.content_sha256)

    @rule(which=chances)
    def export(self, which):
        if found := self.batches("approved", "exported", "settled"):
            self.step("finance", batches.export, found[which % len(found)])

    @rule(which=chances)
    def cancel(self, which):
        if found := self.batches("draft", "submitted", "exported"):
            self.step("finance", batches.cancel, found[which % len(found)])

    @rule(
        bank=st.booleans(), fates=st.lists(st.sampled_from("srp"), min_size=4, max_size=4), mixed=st.randoms()
    )
    def pay(self, bank, fates, mixed):
        """A whole round at once, so that short walks also come far."""
        self.collect(bank)
        for name in ("submit", "approve", "export"):
            getattr(self, name)(*((0, "approver") if name == "approve" else (0,)))
        self.answer(0, fates, mixed)

    # Answers --------------------------------------------------------------------------------------

    @rule(which=chances, fates=st.lists(st.sampled_from("srp"), min_size=4, max_size=4), mixed=st.randoms())
    def answer(self, which, fates, mixed):
        found = self.batches("exported", "acknowledged", "settled", "partly_settled", "failed")
        if not found:
            return
        batch_id = found[which % len(found)]
        file = self.world.read(batches.file_of, batch_id, who="finance")[1]
        moved = self.world.payments(batch_id)
        mixed.shuffle(moved)
        by_fate = {f: [p.end_to_end_id for n, p in enumerate(moved) if fates[n % 4] == f] for f in "srp"}
        refused = dict.fromkeys(by_fate["r"], "AC04")
        self.number += 1
        if self.world.read(batches.batch, batch_id).paying_account_id == self.world.bank_account:
            answer = self.world.bank_answer(file, f"A{self.number}", rejections=refused, pending=by_fate["p"])
        else:
            answer = self.world.momo_answer(file, failures=refused, pending=by_fate["p"])
        self.answers.append((batch_id, answer))
        self.step("finance", batches.read_answer, batch_id, answer, name="answer")

    @precondition(lambda self: self.answers)
    @rule(which=chances)
    def answer_again(self, which):
        batch_id, answer = self.answers[which % len(self.answers)]
        self.step("finance", batches.read_answer, batch_id, answer, name="again")

    @rule(kind=st.sampled_from(["053", "054"]), fates=st.lists(st.sampled_from("or-b"), min_size=5, max_size=5),
          mixed=st.randoms())  # fmt: skip
    def report(self, kind, fates, mixed):
        """A statement or notification of the bank account: went out, returned, nothing, both; in any order."""
        account = self.world.bank_account
        moved = self.payments("in_transit", "settled", "rejected", "returned")
        lines = [fee(self.number)]
        for number, payment in enumerate(p for p in moved if self._from(p, account)):
            fate = fates[number % 5]
            lines += [movement(payment, False)] * (fate in "ob") + [movement(payment, True)] * (fate in "rb")
        mixed.shuffle(lines)
        self.number += 1
        body, part = NAMES[kind]
        identifier = self.world.read(batches.paying_account, account).identifier
        data = (
            f'<Document xmlns="{SPACE}.{kind}.001.08"><{body}><GrpHdr><MsgId>R{self.number}</MsgId></GrpHdr>'
            f"<{part}><Id>R{self.number}</Id><Acct><Id><Othr><Id>{identifier}</Id></Othr></Id><Ccy>XOF</Ccy></Acct>"
            f"{''.join(lines)}</{part}></{body}></Document>"
        ).encode()
        self.reports.append(data)
        self.step("finance", reports.read_file, account, data, name="report.xml")

    def _from(self, payment, account):
        return self.world.read(batches.batch, payment.batch_id).paying_account_id == account

    @precondition(lambda self: self.reports)
    @rule(which=chances)
    def report_again(self, which):
        data = self.reports[which % len(self.reports)]
        self.step("finance", reports.read_file, self.world.bank_account, data, name="again.xml")

    @rule(which=chances, what=st.sampled_from(["assign", "fee", "not ours"]), of=chances)
    def decide(self, which, what, of):
        if not (lines := self.world.read(reports.open_lines, who="finance")):
            return
        line = lines[which % len(lines)]
        about = [p.id for p in line.candidates] or [p.id for p in self.payments("in_transit", "settled")]
        chosen = about[of % len(about)] if about and what == "assign" else None
        self.step(
            "finance", reports.decide, line.entry.id, payment_id=chosen, note="asked", fee=what == "fee"
        )

    # Advances and what was paid too much ----------------------------------------------------------

    @rule(which=chances, amount=amounts, percent=st.integers(1, 100))
    def advance(self, which, amount, percent):
        person = self.world.members[which % len(self.world.members)]
        self.step(
            "finance", claims.propose_advance, person_id=person, amount=Money(amount, "XOF"),
            share=Fraction(percent, 100), reason="Fuel",
        )  # fmt: skip

    @rule(which=chances, amount=amounts)
    def claim_back(self, which, amount):
        if paid := [p for p in self.world.payables() if p.settled]:
            self.step(
                "finance", claims.propose_clawback, payable_id=paid[which % len(paid)].id,
                amount=Money(amount, "XOF"), reason="Counted twice", project=self.world.project_id, fund=FUND,
                region=self.world.villages[0],
            )  # fmt: skip

    @rule(which=chances, who=st.sampled_from(["approver", "approver", "finance"]), agreed=st.booleans())
    def decide_claim(self, which, who, agreed):
        if found := [c.id for c in self.world.read(claims.claims) if c.state == "proposed"]:
            self.step(who, claims.approve if agreed else claims.refuse, found[which % len(found)])

    @rule(which=chances, of=chances, amount=amounts)
    def keep_back(self, which, of, amount):
        found = [c for c in self.world.read(claims.claims) if c.recovered < c.amount]
        if found:
            claim = found[which % len(found)]
            owed = [p.id for p in self.world.payables() if p.person_id == claim.person_id]
            if owed:
                self.step(
                    "finance", claims.plan_recovery, claim.id, payable_id=owed[of % len(owed)],
                    amount=Money(amount, "XOF"),
                )  # fmt: skip

    @rule(which=chances, agreed=st.booleans())
    def decide_recovery(self, which, agreed):
        if found := self.world.read(claims.planned_recoveries):
            self.step("approver", claims.decide_recovery, found[which % len(found)].id, approved=agreed)

    # What always holds ----------------------------------------------------------------------------

    @invariant()
    def nobody_is_paid_more_than_owed(self):
        owed, live = Counter(), Counter()
        for payable in self.world.payables():
            assert 0 <= payable.settled <= payable.allocated <= payable.amount
            owed[payable.person_id] += payable.amount
        for row in self.payments(*LIVE):
            live[row.person_id] += row.amount
        for claim in self.world.read(claims.claims):
            assert 0 <= claim.recovered <= claim.amount
            live[claim.person_id] += claim.recovered
        assert all(live[person] <= owed[person] for person in live)

    @invariant()
    def the_books_balance_and_agree_with_the_payments(self):
        sums, kinds = Counter(), Counter()
        for account in self.world.read(ledger.accounts):
            sums[account.book, account.currency] += account.balance
            kinds[account.kind] += account.balance
        assert not any(sums.values())
        paid = sum(p.amount for p in self.payments("settled"))
        assert kinds["clearing"] == -sum(p.amount for p in self.payments("in_transit"))
        assert kinds["bank"] == -paid - kinds["fee"]
        kept = sum(c.recovered for c in self.world.read(claims.claims))
        left = paid + sum(p.amount for p in self.payments("in_transit")) + kept
        assert kinds["payable"] == left - sum(p.amount for p in self.world.payables())


def walk(opened, walks, steps):
    run_state_machine_as_test(
        lambda: Paying(opened("owing")),
        settings=settings(
            max_examples=walks, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
def test_no_order_of_steps_and_crashes_pays_twice_or_loses_money(opened):
    walk(opened, 4, 25)


@pytest.mark.soak
@pytest.mark.parametrize("databases", ["sqlite", "postgresql"], indirect=True, scope="session")
def test_no_long_order_of_steps_and_crashes_pays_twice_or_loses_money(opened):
    walk(opened, 40, 60)
