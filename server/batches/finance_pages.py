"""Finance beside the batches: what to decide, advances and claims, reserves, approvers, payees, tax and overheads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import partial
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payments.batches import PayeeAccount as AccountValue
from pricing.money import Money
from server.accounts import service as people_who_sign_in
from server.actor import Action, Object, can
from server.batches import approvals, reach, typed, worklist
from server.batches import service as batches
from server.batches.pages import owed_lines
from server.errors import NotFound
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext
from server.http.navigation import N_
from server.http.security import permission
from server.instances import service as instances
from server.ledger import claims as owing
from server.ledger import service as ledger
from server.people import service as people
from server.price_lists import service as price_lists
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import RunError

pages = Blueprint("finance", __name__)
Page = str | tuple[str, int]
_ID = re.compile(r"[0-9a-f-]{36}")
KINDS = {"advance": N_("Advance"), "clawback": N_("Paid too much")}
STATES = {"proposed": N_("Waits for approval"), "approved": N_("Approved"), "refused": N_("Refused")}
APPROVERS = {"any": N_("whoever may approve"), "approver": N_("Approver"), "finance": N_("Finance officer")}
RECOVERIES = {"planned": N_("Waits for approval"), "posted": N_("Kept back"), "dropped": N_("Dropped")}


@pages.app_context_processor
def _words() -> dict[str, Any]:
    tables = {
        "claim_kind": KINDS, "claim_state": STATES, "recovery_state": RECOVERIES, "approver": APPROVERS,
    }  # fmt: skip
    return {f"{name}_word": partial(_word, table) for name, table in tables.items()}


def _word(table: Mapping[str, str], key: str) -> str:
    return gettext(table[key]) if key in table else str(key)


def _money(field: str, currency: str) -> Money:
    """An amount as a person types it. Raises what `typed.amount` raises."""
    return typed.amount(request.form.get(field, ""), currency, field)


def _percent(field: str) -> Fraction:
    """A percentage as a fraction; 0 for what is none."""
    try:
        value = Decimal(request.form.get(field, "").strip().replace(",", "."))
    except InvalidOperation:
        return Fraction(0)
    return Fraction(value) / 100 if value.is_finite() and abs(value) <= 1000 else Fraction(0)


def _day(field: str) -> date:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        return date.min


def _said(error: RunError) -> list[tuple[str, str, str]]:
    texts = locale.current_catalogue().texts
    found = [(p.place, str(p.severity), p.text(texts)) for p in problems.problems_of(error)]
    return found or [("", "error", problems.message_of(error, locale.current_catalogue()))]


def _do(
    step: Callable[[Tx], object], page: Callable[..., Page], address: str, notice: str
) -> Page | BaseResponse:
    """Carry a step out; back to `address` with a notice, or the page again with what was wrong."""
    try:
        g.runtime.run(g.actor, step)
    except NotFound:
        raise
    except RunError as error:
        return page(_said(error), problems.status_of(error))
    return go(address, notice)


# The list of the day ------------------------------------------------------------------------------------


@pages.get("/finance", endpoint="worklist")
@permission(Action.BATCH_READ)
def day() -> str:
    """What do I have to decide today?"""
    found = g.runtime.read(g.actor, worklist.items)
    groups = [
        (gettext("Look at this first"), [i for i in found if i.kind == "alert"]),
        (gettext("Waits for your approval"), [i for i in found if i.kind == "approve"]),
        (gettext("Next steps of payments"), [i for i in found if i.kind == "next"]),
        (gettext("Still owed"), [i for i in found if i.kind == "owed"]),
    ]
    return render_template("finance/worklist.html", groups=[(name, some) for name, some in groups if some])


# Advances and claims ------------------------------------------------------------------------------------


def _visible(tx: Tx, region: str) -> bool:
    return can(tx.actor, Action.BATCH_READ, regions.place(tx, region))


@pages.get("/finance/claims", endpoint="claims")
@permission(Action.BATCH_READ)
def claims_page() -> Page:
    """Advances and what was paid too much: what waits, what is left."""
    return _claims_page()


def _claims_page(said: object = (), status: int = 200) -> Page:
    return render_template("finance/claims.html", **g.runtime.read(g.actor, _claims), problems=said), status


def _claims(tx: Tx) -> dict[str, Any]:
    rows = [row for row in owing.claims(tx) if _visible(tx, row.region_code)]
    kept: dict[str, list[owing.Recovery]] = {}
    for recovery in owing.recoveries(tx, [row.id for row in rows]):
        kept.setdefault(recovery.claim_id, []).append(recovery)
    names = people.people(tx, [row.person_id for row in rows])
    known = [p for p in people.people(tx).values() if p.kind == "individual" and _visible(tx, p.region_code)]
    signed = {row.proposed_by for row in rows} | {r.planned_by for some in kept.values() for r in some}
    return {
        "rows": rows, "kept": kept, "names": {k: p.name for k, p in names.items()},
        "people": sorted(known, key=lambda p: p.name), "currencies": _currencies(tx),
        "signed": people_who_sign_in.names(tx, signed), "repaid": owing.repayments(tx, [row.id for row in rows]),
        "accounts": list(batches.visible_accounts(tx).values()), "may_receive": can(tx.actor, Action.ANSWER_IMPORT),
        "may_propose": can(tx.actor, Action.CLAIM_PROPOSE), "may_approve": can(tx.actor, Action.CLAIM_APPROVE),
        "once": tx.new_id(),
    }  # fmt: skip


def _currencies(tx: Tx) -> list[str]:
    return sorted({account.currency for account in batches.visible_accounts(tx).values()})


@pages.post("/finance/advances")
@permission(Action.CLAIM_PROPOSE)
def propose_advance() -> Page | BaseResponse:
    """Propose to pay a facilitator before the work."""

    def step(tx: Tx) -> None:
        owing.propose_advance(
            tx, person_id=request.form.get("person", ""),
            amount=_money("amount", request.form.get("currency", "")), share=_percent("share"),
            reason=request.form.get("reason", ""), claim_id=_once(),
        )  # fmt: skip

    notice = gettext("Proposed. Somebody else has to approve it now.")
    return _do(step, _claims_page, url_for("finance.claims"), notice)


@pages.post("/finance/claims/<claim_id>/<any(approve, refuse):verdict>")
@permission(Action.CLAIM_APPROVE)
def decide_claim(claim_id: str, verdict: str) -> Page | BaseResponse:
    """Approve or refuse what somebody else proposed."""
    step = owing.approve if verdict == "approve" else owing.refuse
    return _do(lambda tx: step(tx, claim_id), _claims_page, url_for("finance.claims"), gettext("Decided."))


@pages.post("/finance/recoveries/<recovery_id>/<any(approve, drop):verdict>")
@permission(Action.CLAIM_APPROVE)
def decide_recovery(recovery_id: str, verdict: str) -> Page | BaseResponse:
    """Approve or drop what somebody else wants to keep back."""
    return _do(
        lambda tx: owing.decide_recovery(tx, recovery_id, approved=verdict == "approve"),
        _claims_page, url_for("finance.claims"), gettext("Decided."),
    )  # fmt: skip


@pages.get("/finance/payables/<payable_id>/claim", endpoint="claim")
@permission(Action.CLAIM_PROPOSE)
def claim_form(payable_id: str) -> Page:
    """Claim part of what was paid back, and say out of what it is kept back."""
    return _claim_page(payable_id)


def _claim_page(payable_id: str, said: object = (), status: int = 200) -> Page:
    page = g.runtime.read(g.actor, _claim, payable_id)
    return render_template("finance/claim.html", **page, problems=said), status


def _claim(tx: Tx, payable_id: str) -> dict[str, Any]:
    payable, _, _, region = _paid_work(tx, payable_id)
    if not can(tx.actor, Action.CLAIM_PROPOSE, regions.place(tx, region)):
        raise NotFound(what="payable", key=payable_id)
    rows = [
        row for row in ledger.payables_of_person(tx, payable.person_id)
        if row.currency == payable.currency and row.allocated < row.amount
    ]  # fmt: skip
    return {
        "payable": payable, "line": owed_lines(tx, [payable])[0], "open_lines": owed_lines(tx, rows),
        "person": people.person(tx, payable.person_id), "once": tx.new_id(),
    }  # fmt: skip


def _paid_work(tx: Tx, payable_id: str) -> tuple[ledger.Payable, str, str, str]:
    """A payable of a delivery, its project, that one's fund, and the region."""
    payable = ledger.payable(tx, payable_id)
    if payable is None or payable.instance_id is None:
        raise NotFound(what="payable", key=payable_id)
    instance = instances.instance(tx, payable.instance_id)
    project = instance.project_id or instance.id
    fund = projects.project(tx, project).fund if instance.project_id else ""
    return payable, project, fund, instance.region_code


@pages.post("/finance/payables/<payable_id>/claim")
@permission(Action.CLAIM_PROPOSE)
def propose_claim(payable_id: str) -> Page | BaseResponse:
    """Propose a claim with the parts of payables that are kept back for it."""

    def step(tx: Tx) -> None:
        payable, project, fund, region = _paid_work(tx, payable_id)
        kept = {
            name.removeprefix("keep-"): _money(name, payable.currency).minor
            for name, value in request.form.items()
            if name.startswith("keep-") and value.strip()
        }
        owing.propose_clawback(
            tx, payable_id=payable_id, amount=_money("amount", payable.currency),
            reason=request.form.get("reason", ""), project=project, fund=fund, region=region,
            kept_back={key: minor for key, minor in kept.items() if minor}, claim_id=_once(),
        )  # fmt: skip

    return _do(
        step, lambda said, status: _claim_page(payable_id, said, status), url_for("finance.claims"),
        gettext("Proposed. Somebody else has to approve it now."),
    )  # fmt: skip


@pages.post("/finance/claims/<claim_id>/recoveries")
@permission(Action.CLAIM_PROPOSE)
def plan_recovery(claim_id: str) -> Page | BaseResponse:
    """Keep part of what somebody is owed back for a claim; the oldest debts first."""

    def step(tx: Tx) -> None:
        row = next((c for c in owing.claims(tx) if c.id == claim_id), None)
        if row is None:
            raise NotFound(what="claim", key=claim_id)
        left = _money("amount", row.currency)
        for payable in ledger.payables_of_person(tx, row.person_id):
            free = payable.amount - payable.allocated
            if payable.currency == row.currency and free and left:
                part = min(left, Money(free, row.currency))
                owing.plan_recovery(tx, claim_id, payable_id=payable.id, amount=part)
                left -= part
        if left:
            raise owing.TooMuchKeptBack(amount=_money("amount", row.currency) - left)

    notice = gettext("Proposed. Somebody else has to approve it now.")
    return _do(step, _claims_page, url_for("finance.claims"), notice)


@pages.post("/finance/claims/<claim_id>/repayments")
@permission(Action.ANSWER_IMPORT)
def repay_claim(claim_id: str) -> Page | BaseResponse:
    """Book that somebody paid back in money what they owe."""

    def step(tx: Tx) -> None:
        row = next((c for c in owing.claims(tx) if c.id == claim_id), None)
        account = batches.visible_accounts(tx).get(request.form.get("account", ""))
        if row is None or account is None or account.currency != row.currency:
            raise NotFound(what="claim", key=claim_id)
        owing.repay(
            tx, claim_id, rail_account=account.code, amount=_money("amount", row.currency),
            memo=request.form.get("memo", ""), repayment_id=_once(),
        )  # fmt: skip

    notice = gettext("Booked. The next statement of the account has to show it.")
    return _do(step, _claims_page, url_for("finance.claims"), notice)


# What third parties give --------------------------------------------------------------------------------


@pages.get("/finance/contributions", endpoint="contributions")
@permission(Action.BATCH_READ)
def contributions() -> Page:
    """What third parties promised in cash and have paid, and what they gave in kind."""
    return _contributions_page()


def _contributions_page(said: object = (), status: int = 200) -> Page:
    page = g.runtime.read(g.actor, _contributions)
    return render_template("finance/contributions.html", **page, problems=said), status


def _contributions(tx: Tx) -> dict[str, Any]:
    rows = [row for row in projects.projects(tx) if _visible(tx, row.region_code)]
    return {
        "promised": owing.promised(tx), "in_kind": owing.given_in_kind(tx), "projects": rows,
        "accounts": list(batches.visible_accounts(tx).values()), "currencies": _currencies(tx),
        "may_receive": can(tx.actor, Action.ANSWER_IMPORT), "may_value": can(tx.actor, Action.FUND_GRANT),
        "once": tx.new_id(),
    }  # fmt: skip


@pages.post("/finance/contributions")
@permission(Action.ANSWER_IMPORT)
def receive_contribution() -> Page | BaseResponse:
    """Book that a third party paid what it promised."""

    def step(tx: Tx) -> None:
        account = batches.visible_accounts(tx).get(request.form.get("account", ""))
        if account is None or not can(tx.actor, Action.ANSWER_IMPORT, batches.place(account)):
            raise NotFound(what="paying account", key=request.form.get("account", "")[:80])
        owing.receive_contribution(
            tx, rail_account=account.code, party=request.form.get("party", ""),
            amount=_money("amount", account.currency), memo=request.form.get("memo", ""), contribution_id=_once(),
        )  # fmt: skip

    notice = gettext("Booked. The next statement of the account has to show it.")
    return _do(step, _contributions_page, url_for("finance.contributions"), notice)


@pages.post("/finance/contributions/in-kind")
@permission(Action.FUND_GRANT)
def receive_in_kind() -> Page | BaseResponse:
    """Write down what a third party gave in kind, and its value."""
    form = request.form

    def step(tx: Tx) -> None:
        row = projects.project(tx, form.get("project", ""))
        owing.receive_in_kind(
            tx, project=row.id, region=row.region_code, party=form.get("party", "")[:60],
            amount=_money("value", form.get("currency", "")), memo=form.get("what", ""),
            contribution_id=_once(),
        )  # fmt: skip

    return _do(
        step, _contributions_page, url_for("finance.contributions"), gettext("Written down with your name.")
    )


# Money that comes into funds ----------------------------------------------------------------------------


@pages.get("/finance/funds", endpoint="funds")
@permission(Action.BATCH_READ)
def funds() -> Page:
    """What each fund has free; a grant that came in, and money that is changed."""
    return _funds_page()


def _funds_page(said: object = (), status: int = 200) -> Page:
    return render_template("finance/funds.html", **g.runtime.read(g.actor, _funds), problems=said), status


def _funds(tx: Tx) -> dict[str, Any]:
    held = ledger.funds(tx)
    currencies = {c for _, c, _ in held} | {
        row.currency for row in regions.regions(tx).values() if row.currency
    }
    today = tx.now.date()
    in_force = {(r.base, r.counter): r for r in price_lists.exchange_rates(tx) if r.valid_from <= today}
    return {
        "funds": held, "currencies": [(code, code) for code in sorted(currencies)], "once": tx.new_id(),
        "rates": [in_force[pair] for pair in sorted(in_force)],
        "may_set": can(tx.actor, Action.FUND_GRANT),
    }  # fmt: skip


def _once() -> str | None:
    """The id that a page gave its form: sent twice, it is booked once."""
    given = request.form.get("once", "")
    return given if _ID.fullmatch(given) else None


@pages.post("/finance/grants")
@permission(Action.FUND_GRANT)
def receive_grant() -> Page | BaseResponse:
    """Book a funder's money into a fund."""
    form = request.form

    def step(tx: Tx) -> None:
        if not form.get("memo", "").strip():
            raise people.ReasonMissing
        reach.receive_grant(
            tx, funder=form.get("funder", "").strip()[:80], fund=form.get("fund", "").strip()[:80],
            amount=_money("amount", form.get("currency", "")), memo=form.get("memo", "").strip()[:100],
            grant_id=_once(),
        )  # fmt: skip

    return _do(step, _funds_page, url_for("finance.funds"), gettext("Booked. The fund can promise it now."))


@pages.post("/finance/exchanges")
@permission(Action.FUND_GRANT)
def exchange() -> Page | BaseResponse:
    """Change money of a fund at the rate of the day."""
    fund, _, currency = request.form.get("fund", "").rpartition("/")

    def step(tx: Tx) -> None:
        reach.exchange(
            tx, fund=fund, given=_money("given", currency), currency=request.form.get("into", ""),
            exchange_id=_once(),
        )  # fmt: skip

    return _do(
        step, _funds_page, url_for("finance.funds"), gettext("Changed, at the rate that is written down.")
    )


# Reserves -----------------------------------------------------------------------------------------------


@pages.get("/finance/reserves", endpoint="reserves")
@permission(Action.BATCH_READ)
def reserves() -> Page:
    """What each region keeps for overruns, and what the funds have free."""
    return _reserves_page()


def _reserves_page(said: object = (), status: int = 200) -> Page:
    return render_template(
        "finance/reserves.html", **g.runtime.read(g.actor, _reserves), problems=said
    ), status


def _reserves(tx: Tx) -> dict[str, Any]:
    known = {code: row for code, row in regions.regions(tx).items() if _visible(tx, code)}
    held = [
        (regions.name(known[name], locale.current_locale()), account.currency, -account.balance)
        for account in ledger.accounts(tx)
        if account.kind == "reserve" and (name := account.code.partition(":")[2]) in known
    ]
    names = [
        (code, regions.name(row, locale.current_locale()))
        for code, row in known.items()
        if row.path.count("/") <= 3
    ]
    return {
        "held": held, "regions": names, "funds": ledger.funds(tx), "may_set": can(tx.actor, Action.FUND_GRANT),
        "once": tx.new_id(),
    }  # fmt: skip


@pages.post("/finance/reserves")
@permission(Action.FUND_GRANT)
def set_reserve() -> Page | BaseResponse:
    """Keep part of a fund for the overruns of a region."""
    fund, _, currency = request.form.get("fund", "").rpartition("/")

    def step(tx: Tx) -> None:
        region = regions.region(tx, request.form.get("region", "")).code
        ledger.set_reserve_aside(
            tx, fund=fund, region=region, amount=_money("amount", currency),
            memo=request.form.get("memo", "")[:100], reserve_id=_once(),
        )  # fmt: skip

    notice = gettext("Set aside. Overruns beyond a project’s contingency draw on it.")
    return _do(step, _reserves_page, url_for("finance.reserves"), notice)


# Who approves -------------------------------------------------------------------------------------------


@pages.get("/finance/approvers", endpoint="policies")
@permission(Action.BATCH_READ)
def policies() -> Page:
    """How many people approve a batch, by currency, fund and amount."""
    return _policies_page()


def _policies_page(said: object = (), status: int = 200) -> Page:
    return render_template(
        "finance/policies.html", **g.runtime.read(g.actor, _policies), problems=said
    ), status


def _policies(tx: Tx) -> dict[str, Any]:
    rows = approvals.policies(tx)
    return {
        "rows": rows, "currencies": _currencies(tx), "funds": sorted({fund for fund, _, _ in ledger.funds(tx)}),
        "roles": approvals.APPROVING, "may_change": can(tx.actor, Action.POLICY_CHANGE), "today": tx.now.date(),
        "signed": people_who_sign_in.names(tx, {r.proposed_by for r in rows} | {r.approved_by or "" for r in rows}),
    }  # fmt: skip


@pages.post("/finance/approvers")
@permission(Action.POLICY_CHANGE)
def propose_policy() -> Page | BaseResponse:
    """Propose who approves from which amount on; steps without an amount are left out."""
    currency = request.form.get("currency", "")

    def step(tx: Tx) -> None:
        steps = []
        for number in range(1, 6):
            roles = [r for r in request.form.getlist(f"roles-{number}") if r]
            if request.form.get(f"from-{number}", "").strip() and roles:
                steps.append((_money(f"from-{number}", currency).minor, roles))
        approvals.propose_policy(
            tx, currency=currency, fund=request.form.get("fund", ""), valid_from=_day("valid_from"), steps=steps,
            note=request.form.get("note", ""),
        )  # fmt: skip

    notice = gettext("Proposed. Somebody else has to approve it now.")
    return _do(step, _policies_page, url_for("finance.policies"), notice)


@pages.post("/finance/approvers/<policy_id>/approve")
@permission(Action.POLICY_CHANGE)
def approve_policy(policy_id: str) -> Page | BaseResponse:
    """Approve a rule that somebody else proposed."""
    return _do(
        lambda tx: approvals.approve_policy(tx, policy_id), _policies_page, url_for("finance.policies"),
        gettext("Approved. It counts from its day on."),
    )  # fmt: skip


# Payees -------------------------------------------------------------------------------------------------


@pages.get("/payees", endpoint="payees")
@permission(Action.PERSON_READ)
def payees() -> Page:
    """Where people are paid: changed accounts that wait for a check, organisations, and a new account."""
    return _payees_page()


def _payees_page(said: object = (), status: int = 200) -> Page:
    return render_template("finance/payees.html", **g.runtime.read(g.actor, _payees), problems=said), status


def _payees(tx: Tx) -> dict[str, Any]:
    held = worklist.visible_held_accounts(tx)
    known = {
        key: person
        for key, person in people.people(tx).items()
        if can(tx.actor, Action.PERSON_READ, regions.place(tx, person.region_code))
    }
    latest = {key: rows[-1] for key, rows in people.payee_accounts(tx, list(known)).items()}
    signed = people_who_sign_in.names(tx, {account.created_by for account in held.values()})
    countries = [
        (code, regions.name(row, locale.current_locale()))
        for code, row in regions.regions(tx).items()
        if row.parent_code is None and can(tx.actor, Action.PERSON_EDIT, Object(row.path))
    ]
    return {
        "held": [
            (known[key], account, _masked(account), signed.get(account.created_by, ""),
             account.created_by == tx.actor.user_id)
            for key, account in held.items()
        ],
        "organisations": [(p, _masked(latest.get(p.id))) for p in people.organisations(tx) if p.id in known],
        "people": [(p, _masked(latest.get(p.id))) for p in sorted(known.values(), key=lambda p: p.name)],
        "countries": countries, "may_edit": can(tx.actor, Action.PERSON_EDIT),
        "may_confirm": can(tx.actor, Action.PAYEE_CONFIRM),
    }  # fmt: skip


def _masked(account: people.PayeeAccount | None) -> str:
    if account is None:
        return ""
    return AccountValue(account.kind, account.identifier, account.agent).masked()  # type: ignore[arg-type]


@pages.post("/payees/organisations")
@permission(Action.PERSON_EDIT)
def register_organisation() -> Page | BaseResponse:
    """Register a tax office or the bearer of an overhead."""
    form = request.form
    return _do(
        lambda tx: people.register_organisation(
            tx, name=form.get("name", ""), region=form.get("region", ""), town=form.get("town", "")
        ),
        _payees_page, url_for("finance.payees"), gettext("Registered. Now say where it is paid."),
    )  # fmt: skip


@pages.post("/payees/accounts")
@permission(Action.PERSON_EDIT)
def change_account() -> Page | BaseResponse:
    """Say where somebody is paid from now on."""
    form = request.form
    kind = form.get("kind", "") if form.get("kind") in ("rib", "iban", "wallet") else "rib"

    def step(tx: Tx) -> None:
        account = AccountValue(kind, form.get("identifier", ""), form.get("agent", "").strip()[:40])  # type: ignore[arg-type]
        people.set_payee_account(tx, form.get("person", ""), account, holder_name=form.get("holder_name", ""))

    notice = gettext("Written down. A changed account is paid to once somebody else has checked it.")
    return _do(step, _payees_page, url_for("finance.payees"), notice)


@pages.post("/payees/accounts/<account_id>/<any(confirm, refuse):verdict>")
@permission(Action.PAYEE_CONFIRM)
def check_account(account_id: str, verdict: str) -> Page | BaseResponse:
    """Confirm or refuse a changed account, with how one knows."""
    return _do(
        lambda tx: people.check_payee_account(
            tx, account_id, confirmed=verdict == "confirm", note=request.form.get("note", "")
        ),
        _payees_page, url_for("finance.payees"), gettext("Decided, and written down with your name."),
    )  # fmt: skip


@pages.post("/payees/accounts/refuse")
@permission(Action.PAYEE_CONFIRM)
def refuse_account() -> Page | BaseResponse:
    """Write down that somebody's present account is not theirs: nothing is paid to it any more."""

    def step(tx: Tx) -> None:
        person_id = request.form.get("person", "")
        account = people.payee_account(tx, person_id)
        if account is None:
            raise NotFound(what="payee account", key=person_id[:80])
        people.check_payee_account(tx, account.id, confirmed=False, note=request.form.get("why", ""))

    notice = gettext(
        "Written down. Nothing is paid to this account; say where the person is paid from now on."
    )
    return _do(step, _payees_page, url_for("finance.payees"), notice)


# Tax and overheads --------------------------------------------------------------------------------------


@pages.get("/finance/dues", endpoint="dues")
@permission(Action.BATCH_READ)
def dues() -> Page:
    """Tax that was kept back, and overheads of projects: to whom they are owed."""
    return _dues_page()


def _dues_page(said: object = (), status: int = 200) -> Page:
    return render_template("finance/dues.html", **g.runtime.read(g.actor, _dues), problems=said), status


def _dues(tx: Tx) -> dict[str, Any]:
    return {
        "taxes": owing.withheld(tx), "overheads": _overheads(tx),
        "organisations": [p for p in people.organisations(tx) if _visible(tx, p.region_code)],
        "may_prepare": can(tx.actor, Action.BATCH_PREPARE), "once": tx.new_id(),
    }  # fmt: skip


def _overheads(tx: Tx) -> list[tuple[projects.ProjectRow, Money]]:
    """Funded projects with what is left of their quote's overheads."""
    return [
        (row, left)
        for row in projects.projects(tx)
        if row.quote_id and _visible(tx, row.region_code) and (left := _overhead_left(tx, row))
    ]


def _overhead_left(tx: Tx, row: projects.ProjectRow) -> Money:
    if row.quote_id is None:
        raise NotFound(what="quote of this project", key=row.id)
    quote = quotes.quote(tx, row.quote_id)
    promised = Money(sum(o.amount_minor for o in quote.overheads), quote.currency)
    return promised - owing.overheads_owed(tx, row.id, quote.currency)


@pages.post("/finance/dues/tax")
@permission(Action.BATCH_PREPARE)
def owe_tax() -> Page | BaseResponse:
    """Owe tax that was kept back to the tax office."""
    tax, _, currency = request.form.get("tax", "").rpartition("/")

    def step(tx: Tx) -> None:
        owing.owe_tax(
            tx, tax=tax, office=request.form.get("office", ""), amount=_money("amount", currency),
            memo=request.form.get("memo", ""), due_id=_once(),
        )  # fmt: skip

    notice = gettext("It is owed now, and goes out with the next batch.")
    return _do(step, _dues_page, url_for("finance.dues"), notice)


@pages.post("/finance/dues/overheads/<project_id>")
@permission(Action.BATCH_PREPARE)
def owe_overhead(project_id: str) -> Page | BaseResponse:
    """Owe part of a project's overheads to who bears it."""

    def step(tx: Tx) -> None:
        row = projects.project(tx, project_id)
        left = _overhead_left(tx, row)
        owing.owe_overhead(
            tx, project=project_id, region=row.region_code, payee=request.form.get("payee", ""),
            amount=_money("amount", left.currency), left=left, memo=row.code, due_id=_once(),
        )  # fmt: skip

    notice = gettext("It is owed now, and goes out with the next batch.")
    return _do(step, _dues_page, url_for("finance.dues"), notice)
