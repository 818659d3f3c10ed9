"""What each event of the house posts to the ledger: pure functions from the event to its `Entry`.

| event             | budget book                                     | actual book                                        | idempotency key            |
| ----------------- | ----------------------------------------------- | -------------------------------------------------- | -------------------------- |
| grant             | Dr appropriation / Cr fund                      |                                                    | `grant:<id>`               |
| earmark           | Dr fund / Cr fund of the purpose                |                                                    | `earmark:<id>`             |
| reserve           | Dr fund / Cr reserve of a region                |                                                    | `reserve:<id>`             |
| exchange          | Dr fund / Cr exchange, Dr exchange / Cr fund    |                                                    | `exchange:<id>`            |
| commitment        | Dr fund / Cr reservation (and contingency)      |                                                    | `commitment:<id>`          |
| release           | Dr reservation (and contingency) / Cr fund      |                                                    | `release:<id>`             |
| delivery accepted | Dr sources in order, then unfunded, Cr consumed | Dr expense / Cr withholding, Cr payable;           | `delivery:<id>`            |
|                   |                                                 | Dr contribution receivable / Cr contribution income |                           |
|                   |                                                 | memo: Dr in-kind use / Cr in-kind contribution     |                            |
| obligation funded | Dr fund / Cr unfunded                           |                                                    | `funding:<id>`             |
| contribution in   |                                                 | Dr bank / Cr contribution receivable               | `contribution:<id>`        |
| advance           |                                                 | Dr advance / Cr payable                            | `advance:<id>`             |
| repayment         | of a clawback: Dr consumed / Cr fund            | Dr bank / Cr advance or payee receivable           | `repayment:<claim>:<id>`   |
| in kind           |                                                 | memo: Dr in-kind use / Cr in-kind contribution     | `in-kind:<id>`             |
| clawback          |                                                 | Dr payee receivable / Cr expense                   | `clawback:<id>`            |
| recovery          | of a clawback: Dr consumed / Cr fund            | Dr payable / Cr advance or payee receivable        | `recovery:<id>`            |
| withholding due   |                                                 | Dr withholding / Cr payable of the tax office      | `withholding:<id>`         |
| overhead          | Dr reservation / Cr consumed                    | Dr expense / Cr payable                            | `overhead:<id>`            |
| fee               |                                                 | Dr fee / Cr bank                                   | `fee:<id>`                 |
| batch exported    |                                                 | Dr payable / Cr clearing                           | `batch:<id>:exported`      |
| payment settled   |                                                 | Dr clearing / Cr bank                              | `payment:<id>:settled`     |
| payment rejected  |                                                 | Dr clearing / Cr payable                           | `payment:<id>:rejected`    |
| payment returned  |                                                 | Dr bank / Cr payable                               | `payment:<id>:returned`    |
| reversal          | every line with the other sign                  | every line with the other sign                     | `reversal:<entry id>`      |

The budget book carries only the fund's share of a delivery; what third parties contribute in cash is a
receivable, what they give in kind a memo. An accepted delivery is always owed, even where no budget is left.
"""  # noqa: E501 - the table is easier to read than to wrap

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from payments import ledger
from payments.errors import (
    ContributionTooLarge,
    NotPositive,
    ReversalOfReversal,
    WithholdingTooLarge,
)
from payments.ledger import Account, Entry, Posting
from payments.tax import Withholding
from pricing.money import Money, total

ComponentKind = Literal["honorarium", "expenses"]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of what a payee earned with one delivery; each becomes one payable of its `net`.

    gross: before tax, not negative.
    withholdings: taxes kept back from this part (payments.tax.withholding).
    """

    kind: ComponentKind
    gross: Money
    withholdings: tuple[Withholding, ...] = ()

    @property
    def withheld(self) -> Money:
        return total((w.amount for w in self.withholdings), self.gross.currency)

    @property
    def net(self) -> Money:
        return self.gross - self.withheld


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a third party gives to one delivery; in kind: its value."""

    party: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Source:
    """A budget account to draw on and what is left in it: positive, although its balance is credit."""

    account: Account
    available: Money


@dataclass(frozen=True, slots=True)
class Drawing:
    """How an amount is covered: a positive part of each source used, in their order, and the rest."""

    parts: tuple[tuple[Account, Money], ...]
    unfunded: Money


def draw(amount: Money, sources: Iterable[Source]) -> Drawing:
    """Cover an amount from sources in their order; what none covers is `unfunded`.

    The usual order is the project's reservation, its contingency, its region's reserve. A source with
    nothing left is passed over. Raises CurrencyMismatch.
    """
    rest = amount
    parts: list[tuple[Account, Money]] = []
    for source in sources:
        part = min(rest, source.available)
        if part.minor > 0:
            parts.append((source.account, part))
            rest -= part
    return Drawing(tuple(parts), rest)


def _positive(amount: Money, what: str) -> int:
    if amount.minor <= 0:
        raise NotPositive(what=what, amount=amount)
    return amount.minor


def _debit(account: Account, minor: int) -> Posting:
    return Posting(account, minor)


def _credit(account: Account, minor: int) -> Posting:
    return Posting(account, -minor)


# Budget ------------------------------------------------------------------------------------------------


def grant(*, grant_id: str, funder: str, fund: str, amount: Money, memo: str = "") -> Entry:
    """A funder's money enters a fund."""
    minor, currency = _positive(amount, "A grant"), amount.currency
    return Entry(
        "grant",
        f"grant:{grant_id}",
        (_debit(ledger.appropriation(funder, currency), minor), _credit(ledger.fund(fund, currency), minor)),
        memo,
    )


def earmark(*, earmark_id: str, fund: str, purpose_fund: str, amount: Money, memo: str = "") -> Entry:
    """Part of a fund is set aside for a purpose, which is a fund of its own."""
    minor, currency = _positive(amount, "An earmark"), amount.currency
    return Entry(
        "earmark",
        f"earmark:{earmark_id}",
        (_debit(ledger.fund(fund, currency), minor), _credit(ledger.fund(purpose_fund, currency), minor)),
        memo,
    )


def reserve(*, reserve_id: str, fund: str, region: str, amount: Money, memo: str = "") -> Entry:
    """Part of a fund is kept for what projects of a region overrun beyond their contingency."""
    minor, currency = _positive(amount, "A reserve"), amount.currency
    return Entry(
        "reserve",
        f"reserve:{reserve_id}",
        (_debit(ledger.fund(fund, currency), minor), _credit(ledger.reserve(region, currency), minor)),
        memo,
    )


def commitment(
    *,
    commitment_id: str,
    fund: str,
    project: str,
    amount: Money,
    contingency: Money | None = None,
    memo: str = "",
) -> Entry:
    """A fund promises a project its share of the price, and keeps a contingency for overruns beside it."""
    currency = amount.currency
    lines = [_credit(ledger.reservation(project, currency), _positive(amount, "A commitment"))]
    whole = amount
    if contingency:
        lines.append(_credit(ledger.contingency(project, currency), _positive(contingency, "A contingency")))
        whole += contingency
    debit = _debit(ledger.fund(fund, currency), whole.minor)
    return Entry("commitment", f"commitment:{commitment_id}", (debit, *lines), memo)


def release(
    *,
    release_id: str,
    fund: str,
    project: str,
    amount: Money,
    contingency: Money | None = None,
    memo: str = "",
) -> Entry:
    """What a project did not use goes back to the fund.

    amount: from the reservation; may be zero when only contingency is released.
    """
    currency = amount.currency
    parts = [(ledger.reservation(project, currency), amount)]
    if contingency is not None:
        parts.append((ledger.contingency(project, currency), contingency))
    whole = total((part for _, part in parts), currency)
    _positive(whole, "A release")
    debits = tuple(_debit(account, _positive(part, "A release")) for account, part in parts if part)
    return Entry(
        "release", f"release:{release_id}", (*debits, _credit(ledger.fund(fund, currency), whole.minor)), memo
    )


def obligation_funded(*, funding_id: str, fund: str, project: str, amount: Money, memo: str = "") -> Entry:
    """A fund takes over an obligation that no budget covered."""
    minor, currency = _positive(amount, "The funding of an obligation"), amount.currency
    return Entry(
        "obligation_funded",
        f"funding:{funding_id}",
        (_debit(ledger.fund(fund, currency), minor), _credit(ledger.unfunded(project, currency), minor)),
        memo,
    )


def exchange(*, exchange_id: str, fund: str, given: Money, received: Money, memo: str = "") -> Entry:
    """A fund's money changes its currency: `given` leaves, `received` enters; the rate is their quotient.

    memo: the rate and its source. Raises NotPositive, also for two amounts of one currency.
    """
    if given.currency == received.currency:
        raise NotPositive(what="An exchange between two currencies", amount=given)
    out, back = _positive(given, "An exchange"), _positive(received, "An exchange")
    pair = f"{given.currency}-{received.currency}"
    return Entry(
        "exchange",
        f"exchange:{exchange_id}",
        (
            _debit(ledger.fund(fund, given.currency), out),
            _credit(ledger.exchange_position(pair, given.currency), out),
            _debit(ledger.exchange_position(pair, received.currency), back),
            _credit(ledger.fund(fund, received.currency), back),
        ),
        memo,
    )


# Delivery ----------------------------------------------------------------------------------------------


def delivery_accepted(
    *,
    delivery_id: str,
    project: str,
    payee: str,
    components: Sequence[Component],
    sources: Sequence[Source],
    cash_contributions: Sequence[Contribution] = (),
    in_kind_contributions: Sequence[Contribution] = (),
    memo: str = "",
) -> Entry:
    """An accepted delivery is owed: cost, tax, payables, the budget used, and what third parties bear.

    components: what the payee earned; those of zero post nothing, but one must be positive.
    sources: where the fund's share (gross minus cash contributions) is drawn, in this order; what they do
        not cover becomes an unfunded obligation of the project.
    in_kind_contributions: beside the gross, which is cash only; a memo.

    The idempotency key is `delivery:<delivery_id>`: a second acceptance is the same entry. Raises
    NotPositive, WithholdingTooLarge, ContributionTooLarge, CurrencyMismatch.
    """
    if not components:
        raise NotPositive(what="A delivery", amount=0)
    currency = components[0].gross.currency
    gross = total((c.gross for c in components), currency)
    _positive(gross, "A delivery")
    contributed = total((c.amount for c in cash_contributions), currency)
    if gross < contributed:
        raise ContributionTooLarge(contributed=contributed, gross=gross)
    postings = (
        *_budget_used(project, gross - contributed, sources),
        *(line for c in components for line in _owed(project, payee, c)),
        *(line for c in cash_contributions for line in _cash_contribution(c)),
        *(line for c in in_kind_contributions for line in _in_kind_contribution(project, c)),
    )
    return Entry("delivery", f"delivery:{delivery_id}", postings, memo)


def _budget_used(project: str, share: Money, sources: Sequence[Source]) -> list[Posting]:
    if not share:
        return []
    drawing = draw(share, sources)
    lines = [_debit(account, part.minor) for account, part in drawing.parts]
    if drawing.unfunded:
        lines.append(_debit(ledger.unfunded(project, share.currency), drawing.unfunded.minor))
    lines.append(_credit(ledger.consumed(project, share.currency), share.minor))
    return lines


def _owed(project: str, payee: str, component: Component) -> list[Posting]:
    if not component.gross:
        return []
    gross, currency = _positive(component.gross, "A component of a delivery"), component.gross.currency
    if component.net.minor < 0 or any(w.amount.minor < 0 for w in component.withholdings):
        raise WithholdingTooLarge(withheld=component.withheld, gross=component.gross)
    lines = [_debit(ledger.expense(project, currency), gross)]
    lines += [
        _credit(ledger.withholding(w.tax, currency), w.amount.minor)
        for w in component.withholdings
        if w.amount
    ]
    if component.net:
        lines.append(_credit(ledger.payable(payee, currency), component.net.minor))
    return lines


def _cash_contribution(contribution: Contribution) -> tuple[Posting, Posting]:
    minor, currency = _positive(contribution.amount, "A contribution"), contribution.amount.currency
    return (
        _debit(ledger.contribution_receivable(contribution.party, currency), minor),
        _credit(ledger.contribution_income(contribution.party, currency), minor),
    )


def _in_kind_contribution(project: str, contribution: Contribution) -> tuple[Posting, Posting]:
    minor, currency = _positive(contribution.amount, "A contribution"), contribution.amount.currency
    return (
        _debit(ledger.in_kind_use(project, currency), minor),
        _credit(ledger.in_kind_contribution(contribution.party, currency), minor),
    )


# What else is owed to somebody, or by somebody ----------------------------------------------------------


def contribution_received(
    *, contribution_id: str, rail_account: str, party: str, amount: Money, memo: str = ""
) -> Entry:
    """A third party pays what it promised; more than it owes cannot be booked."""
    minor, currency = _positive(amount, "A contribution"), amount.currency
    return Entry(
        "contribution",
        f"contribution:{contribution_id}",
        (
            _debit(ledger.bank(rail_account, currency), minor),
            _credit(ledger.contribution_receivable(party, currency), minor),
        ),
        memo,
    )


def contribution_in_kind(
    *, contribution_id: str, project: str, party: str, amount: Money, memo: str = ""
) -> Entry:
    """A third party gave a project something beside its deliveries; a memo of its value, for no money moves."""
    lines = _in_kind_contribution(project, Contribution(party, amount))
    return Entry("in_kind", f"in-kind:{contribution_id}", lines, memo)


def advance(*, advance_id: str, payee: str, amount: Money, memo: str = "") -> Entry:
    """A payee is owed money before the work, and owes it back out of what the work will earn."""
    minor, currency = _positive(amount, "An advance"), amount.currency
    return Entry(
        "advance",
        f"advance:{advance_id}",
        (_debit(ledger.advance(payee, currency), minor), _credit(ledger.payable(payee, currency), minor)),
        memo,
    )


def clawback(*, clawback_id: str, project: str, payee: str, amount: Money, memo: str = "") -> Entry:
    """What a payee was paid too much is owed back; the cost was not one. What was paid stays as it was booked."""
    minor, currency = _positive(amount, "A clawback"), amount.currency
    return Entry(
        "clawback",
        f"clawback:{clawback_id}",
        (
            _debit(ledger.payee_receivable(payee, currency), minor),
            _credit(ledger.expense(project, currency), minor),
        ),
        memo,
    )


def recovery(
    *,
    recovery_id: str,
    payee: str,
    amount: Money,
    owed_back: Account,
    budget: tuple[Account, Account, Money] | None = None,
    memo: str = "",
) -> Entry:
    """Part of what a payee is owed settles what the payee owes back.

    owed_back: the payee's `advance` or `payee_receivable`; its floor keeps the recovery within what is owed back,
    the ceiling of the payable within what is owed.
    budget: of a clawback, the consumed account, the fund that is free again, and how much of it. Raises NotPositive.
    """
    minor, currency = _positive(amount, "A recovery"), amount.currency
    lines = [_debit(ledger.payable(payee, currency), minor), _credit(owed_back, minor)]
    if budget is not None and budget[2]:
        used, fund_account, part = budget
        back = _positive(part, "The budget of a recovery")
        lines += [_debit(used, back), _credit(fund_account, back)]
    return Entry("recovery", f"recovery:{recovery_id}", tuple(lines), memo)


def repayment(
    *,
    claim_id: str,
    repayment_id: str,
    rail_account: str,
    amount: Money,
    owed_back: Account,
    budget: tuple[Account, Account, Money] | None = None,
    memo: str = "",
) -> Entry:
    """A payee pays back in money what the payee owes; more than that cannot be booked.

    owed_back, budget: as of a recovery.
    """
    minor, currency = _positive(amount, "A repayment"), amount.currency
    lines = [_debit(ledger.bank(rail_account, currency), minor), _credit(owed_back, minor)]
    if budget is not None and budget[2]:
        used, fund_account, part = budget
        back = _positive(part, "The budget of a repayment")
        lines += [_debit(used, back), _credit(fund_account, back)]
    return Entry("repayment", f"repayment:{claim_id}:{repayment_id}", tuple(lines), memo)


def withholding_due(*, release_id: str, tax: str, office: str, amount: Money, memo: str = "") -> Entry:
    """Tax that was kept back is now owed to the tax office, at most what was kept back."""
    minor, currency = _positive(amount, "A payment of tax"), amount.currency
    return Entry(
        "withholding_due",
        f"withholding:{release_id}",
        (_debit(ledger.withholding(tax, currency), minor), _credit(ledger.payable(office, currency), minor)),
        memo,
    )


def overhead_due(*, overhead_id: str, project: str, payee: str, amount: Money, memo: str = "") -> Entry:
    """An overhead of a project's price is owed to who bears it, out of what is reserved for the project."""
    minor, currency = _positive(amount, "An overhead"), amount.currency
    return Entry(
        "overhead",
        f"overhead:{overhead_id}",
        (
            _debit(ledger.reservation(project, currency), minor),
            _credit(ledger.consumed(project, currency), minor),
            _debit(ledger.expense(project, currency), minor),
            _credit(ledger.payable(payee, currency), minor),
        ),
        memo,
    )


def fee(*, fee_id: str, rail_account: str, amount: Money, memo: str = "") -> Entry:
    """The bank or the company took a fee from the account."""
    minor, currency = _positive(amount, "A fee"), amount.currency
    return Entry(
        "fee",
        f"fee:{fee_id}",
        (
            _debit(ledger.fee(rail_account, currency), minor),
            _credit(ledger.bank(rail_account, currency), minor),
        ),
        memo,
    )


def recoverable(*, payable: Money, taken: Money, outstanding: Money, share: Fraction) -> Money:
    """How much of one payable may be kept back for what its payee owes back: at most a share of the payable.

    payable: the whole payable; taken: what was kept back of it for the same claim before. Rounded down; zero
    when there is nothing.
    """
    most = int(payable.minor * share) - taken.minor
    return Money(max(0, min(most, outstanding.minor)), payable.currency)


# Payment -----------------------------------------------------------------------------------------------


def exported(
    *, batch_id: str, rail_account: str, payments: Sequence[tuple[str, Money]], memo: str = ""
) -> Entry:
    """A batch leaves the house: each (payee, amount) is no longer owed but ordered. One entry per batch.

    payments: in the order of the file, one currency, at least one.
    """
    if not payments:
        raise NotPositive(what="A batch", amount=0)
    currency = payments[0][1].currency
    whole = total((amount for _, amount in payments), currency)
    debits = (
        _debit(ledger.payable(payee, currency), _positive(amount, "A payment")) for payee, amount in payments
    )
    credit = _credit(ledger.clearing(rail_account, currency), whole.minor)
    return Entry("export", f"batch:{batch_id}:exported", (*debits, credit), memo)


def settled(*, payment_id: str, rail_account: str, amount: Money, memo: str = "") -> Entry:
    """The bank or operator has paid: the money left the account."""
    minor, currency = _positive(amount, "A settlement"), amount.currency
    return Entry(
        "settlement",
        f"payment:{payment_id}:settled",
        (
            _debit(ledger.clearing(rail_account, currency), minor),
            _credit(ledger.bank(rail_account, currency), minor),
        ),
        memo,
    )


def rejected(*, payment_id: str, rail_account: str, payee: str, amount: Money, memo: str = "") -> Entry:
    """The bank or operator refused the order: the payee is owed again."""
    minor, currency = _positive(amount, "A rejection"), amount.currency
    return Entry(
        "rejection",
        f"payment:{payment_id}:rejected",
        (
            _debit(ledger.clearing(rail_account, currency), minor),
            _credit(ledger.payable(payee, currency), minor),
        ),
        memo,
    )


def returned(*, payment_id: str, rail_account: str, payee: str, amount: Money, memo: str = "") -> Entry:
    """Settled money came back: the payee is owed again."""
    minor, currency = _positive(amount, "A return"), amount.currency
    return Entry(
        "return",
        f"payment:{payment_id}:returned",
        (
            _debit(ledger.bank(rail_account, currency), minor),
            _credit(ledger.payable(payee, currency), minor),
        ),
        memo,
    )


def reversal(entry: Entry, *, entry_id: str, reason: str) -> Entry:
    """Take an entry back with the same lines in the other sign; its key `reversal:<entry_id>` allows one.

    reason: becomes the memo. Raises ReversalOfReversal.
    """
    if entry.reverses is not None:
        raise ReversalOfReversal
    postings = tuple(Posting(p.account, -p.minor) for p in entry.postings)
    return Entry("reversal", f"reversal:{entry_id}", postings, reason, reverses=entry_id)
