"""Whose rights reach which money: a fund or an entry names no region, what it pays does.

The ledger stands below projects and paying accounts and cannot ask where they are; who books by hand comes here.

* An entry belongs to its paying accounts' countries, and to the regions of its projects, people and reserves.
* A fund, and an entry of funds alone, belongs to the regions of all projects that the fund pays. As long as it pays
  none, whoever pays out of an account of its currency in any country may book; where there is no such account,
  every finance officer.
"""

from __future__ import annotations

from collections.abc import Iterable

from pricing.money import Money
from server.actor import Action, Object, can
from server.batches import service as batches
from server.errors import Forbidden
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx

Lines = Iterable[tuple[str, str, int]]
"""Lines of an entry as `ledger.EntryView` has them: account, currency, minor units."""


def _require(tx: Tx, action: Action, reached: bool) -> None:
    if not (reached and can(tx.actor, action)):
        raise Forbidden(action=action.value)


def fund_reached(tx: Tx, action: Action, fund: str, currency: str) -> bool:
    """Whether the actor's right to `action` reaches everything that a fund pays in a currency."""
    paid = {row.region_code for row in projects.projects(tx) if row.fund == fund}
    if paid:
        return all(can(tx.actor, action, regions.place(tx, code)) for code in sorted(paid))
    paying = [batches.place(row) for row in batches.paying_accounts(tx) if row.currency == currency]
    return any(can(tx.actor, action, each) for each in paying) if paying else can(tx.actor, action)


def may_reverse(tx: Tx, lines: Lines) -> bool:
    """Whether the actor's rights reach all money of an entry, so that the actor may take it back."""
    lines = list(lines)
    places = _places(tx, [code for code, _, _ in lines])
    if places:
        return all(can(tx.actor, Action.LEDGER_REVERSE, each) for each in places)
    of_funds = {(code.partition(":")[2], currency) for code, currency, _ in lines if code.startswith("fund:")}
    return all(fund_reached(tx, Action.LEDGER_REVERSE, *each) for each in sorted(of_funds))


def _places(tx: Tx, codes: Iterable[str]) -> list[Object]:
    paying = {row.code: batches.place(row) for row in batches.paying_accounts(tx)}
    owners = {row.id: row.region_code for row in projects.projects(tx)}
    owners |= {row.id: row.region_code for row in people.people(tx).values()}
    known = regions.regions(tx)
    found = []
    for code in codes:
        kind, _, name = code.partition(":")
        if kind in ("bank", "clearing", "fee"):
            found += [paying[name]] if name in paying else []
            continue
        region = name if kind == "reserve" else owners.get(name, "")
        found += [Object(known[region].path)] if region in known else []
    return found


def reverse(tx: Tx, entry_id: str, *, reason: str) -> str:
    """Take an entry back whose money the actor's rights reach; see `claims.reverse`. Raises Forbidden."""
    view, _ = ledger.entry(tx, entry_id)
    _require(tx, Action.LEDGER_REVERSE, may_reverse(tx, view.lines))
    return claims.reverse(tx, entry_id, reason=reason)


def receive_grant(
    tx: Tx, *, funder: str, fund: str, amount: Money, memo: str, grant_id: str | None = None
) -> str:
    """Book a grant into a fund that the actor's rights reach; see `ledger.receive_grant`. Raises Forbidden."""
    _require(tx, Action.FUND_GRANT, fund_reached(tx, Action.FUND_GRANT, fund, amount.currency))
    return ledger.receive_grant(tx, funder=funder, fund=fund, amount=amount, memo=memo, grant_id=grant_id)


def exchange(tx: Tx, *, fund: str, given: Money, currency: str, exchange_id: str | None = None) -> Money:
    """Change money of a fund that the actor's rights reach; see `ledger.exchange`. Raises Forbidden."""
    _require(tx, Action.FUND_GRANT, fund_reached(tx, Action.FUND_GRANT, fund, given.currency))
    return ledger.exchange(tx, fund=fund, given=given, currency=currency, exchange_id=exchange_id)
