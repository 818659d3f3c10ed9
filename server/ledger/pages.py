"""The ledger as people read it: the chart of accounts of both books, and every entry with its seal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import service as people_who_sign_in
from server.actor import Action, Object, can
from server.batches import reach
from server.batches import service as batches
from server.errors import NotFound
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext
from server.http.navigation import N_
from server.http.security import permission
from server.http.words import fund_word, party_word, rail_word
from server.instances import service as instances
from server.ledger import claims
from server.ledger import service as ledger
from server.ledger.models import LedgerAccount
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import RunError

pages = Blueprint("ledger", __name__)
PAGE = 50

ACCOUNTS = {
    "appropriation": N_("Granted by %(name)s"),
    "fund": N_("Free in %(name)s"),
    "reservation": N_("Set aside for %(name)s"),
    "contingency": N_("Contingency of %(name)s"),
    "reserve": N_("Reserve of %(name)s"),
    "consumed": N_("Used by %(name)s"),
    "unfunded": N_("Promised without money: %(name)s"),
    "exchange": N_("Exchange %(name)s"),
    "expense": N_("Work of %(name)s"),
    "payable": N_("Owed to %(name)s"),
    "withholding": N_("Tax withheld: %(name)s"),
    "clearing": N_("Ordered from %(name)s, not yet answered"),
    "bank": N_("Account: %(name)s"),
    "advance": N_("Advanced to %(name)s"),
    "payee_receivable": N_("Owed back by %(name)s"),
    "fee": N_("Fees of %(name)s"),
    "contribution_receivable": N_("Promised by %(name)s"),
    "contribution_income": N_("Contributed by %(name)s"),
    "in_kind_use": N_("Received in kind by %(name)s"),
    "in_kind_contribution": N_("Given in kind by %(name)s"),
}
"""What the accounts of payments.ledger are called."""
KINDS = {
    "grant": N_("Grant"), "earmark": N_("Earmark"), "commitment": N_("Commitment"), "release": N_("Release"),
    "reserve": N_("Reserve"),
    "obligation_funded": N_("Funding of a promise"), "exchange": N_("Exchange"), "delivery": N_("Accepted delivery"),
    "export": N_("Payment file"), "settlement": N_("Payment arrived"), "rejection": N_("Payment refused"),
    "return": N_("Payment came back"),
    "contribution": N_("Contribution received"), "advance": N_("Advance"),
    "clawback": N_("Claim for money paid too much"),
    "repayment": N_("Paid back"), "in_kind": N_("Given in kind"),
    "recovery": N_("Kept back"), "withholding_due": N_("Tax owed to the tax office"), "overhead": N_("Overhead"),
    "fee": N_("Fee"), "reversal": N_("Reversal"),
}  # fmt: skip


@pages.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "entry_word": lambda kind: gettext(KINDS[kind]) if kind in KINDS else kind.replace("_", " "),
    }


def _payee_names(tx: Tx) -> dict[str, str]:
    """People by id: their names, or only the country for those who have nothing to do with their region."""
    known = regions.regions(tx)
    found = {}
    for person in people.people(tx).values():
        path = known[person.region_code].path
        if can(tx.actor, Action.LEDGER_READ, Object(path)):
            found[person.id] = person.name
        else:
            country = regions.name(known[path.partition("/")[0]], locale.current_locale())
            found[person.id] = gettext("a payee in %(place)s", place=country)
    return found


def account_names(tx: Tx, codes: Iterable[str]) -> dict[str, str]:
    """Accounts by code in words; people, projects and paying accounts by their names.

    A person's name only for those whose grant covers the person's region.
    """
    holders = _payee_names(tx)
    holders |= {p.id: p.code for p in projects.projects(tx)}
    language = locale.current_locale()
    places = {code: regions.name(row, language) for code, row in regions.regions(tx).items()}
    holders |= {a.code: f"{rail_word(a.rail)}, {a.holder_name}" for a in batches.paying_accounts(tx)}
    found = {}
    for code in codes:
        kind, _, name = code.partition(":")
        words = ACCOUNTS.get(kind)
        known = places if kind == "reserve" else holders
        holder = known.get(name) or (fund_word(name) if kind == "fund" else party_word(name))
        found[code] = gettext(words, name=holder) if words else code
    return found


@pages.get("/ledger", endpoint="accounts")
@permission(Action.LEDGER_READ)
def chart() -> str:
    """The chart of accounts: where every franc is, in both books."""
    return render_template("ledger/accounts.html", **g.runtime.read(g.actor, _chart))


def _chart(tx: Tx) -> dict[str, Any]:
    rows = ledger.accounts(tx)
    books: dict[tuple[str, str], list[LedgerAccount]] = {}
    for row in rows:
        books.setdefault((row.book, row.currency), []).append(row)
    return {
        "books": books, "names": account_names(tx, [r.code for r in rows]), "sum": ledger.postings_sum(tx),
        "head": ledger.head(tx),
    }  # fmt: skip


@pages.get("/ledger/entries")
@permission(Action.LEDGER_READ)
def entries() -> str:
    """The entries, newest first; those of one account with `account`."""
    before = request.args.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    page = g.runtime.read(g.actor, _entries, number, request.args.get("account") or None)
    return render_template("ledger/entries.html", **page)


def _entries(tx: Tx, before: int | None, account: str | None) -> dict[str, Any]:
    row = None
    if account is not None:
        row = next((a for a in ledger.accounts(tx) if a.id == account), None)
        if row is None:
            raise NotFound(what="account", key=account[:80])
    found = ledger.entries(tx, limit=PAGE + 1, before_seq=before, account=account)
    codes = {code for e in found for code, _, _ in e.lines}
    return {
        "entries": found[:PAGE], "more": found[PAGE - 1].seq if len(found) > PAGE else None,
        "account": row, "names": account_names(tx, {*codes, *([row.code] if row else [])}),
    }  # fmt: skip


@pages.get("/ledger/entries/<entry_id>")
@permission(Action.LEDGER_READ)
def entry(entry_id: str) -> str:
    """One entry: its lines, what it is for, and its link in the chain."""
    return render_template("ledger/entry.html", **g.runtime.read(g.actor, _entry, entry_id))


def _entry(tx: Tx, entry_id: str) -> dict[str, Any]:
    view, seal = ledger.entry(tx, entry_id)
    who = people_who_sign_in.names(tx, [view.actor])
    return {
        "entry": view, "seal": seal, "names": account_names(tx, [code for code, _, _ in view.lines]),
        "who": who.get(view.actor, ""), "about": _about(tx, view.key), "village": _village(tx, view.id),
        "reversed_by": claims.reversal_of(tx, entry_id),
        "may_reverse": view.kind in claims.REVERSIBLE and view.actor != tx.actor.user_id
        and reach.may_reverse(tx, view.lines),
    }  # fmt: skip


@pages.post("/ledger/entries/<entry_id>/reverse")
@permission(Action.LEDGER_REVERSE)
def reverse(entry_id: str) -> BaseResponse:
    """Take an entry back: a new one with the other signs, by another person, with a reason."""
    address = url_for("ledger.entry", entry_id=entry_id)
    try:
        g.runtime.run(g.actor, reach.reverse, entry_id, reason=request.form.get("reason", ""))
    except NotFound:
        raise
    except RunError as error:
        return go(address, problems.message_of(error, locale.current_catalogue()), "fail")
    return go(address, gettext("Taken back. Enter it anew if something is right in its place."))


def _village(tx: Tx, entry_id: str) -> tuple[str, str]:
    """The instance whose work an entry owes, and its village's name; ("", "") for other entries."""
    owed = ledger.payables_of_entry(tx, entry_id)
    instance_id = next((row.instance_id for row in owed if row.instance_id), None)
    if instance_id is None:
        return "", ""
    row = regions.region(tx, instances.instance(tx, instance_id).region_code)
    return instance_id, regions.name(row, locale.current_locale())


def _about(tx: Tx, key: str) -> tuple[str, str]:
    """What an entry is for, by its idempotency key: (delivery, batch or quote, its id), ("", "") for others."""
    kind, _, rest = key.partition(":")
    subject = rest.partition(":")[0]
    if kind == "payment":
        payment = batches.payment(tx, subject)
        return ("batch", payment.batch_id) if payment else ("", "")
    known = {"delivery": "delivery", "batch": "batch", "commitment": "quote"}
    return (known[kind], subject) if kind in known else ("", "")
