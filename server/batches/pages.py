"""Finance: what is owed to whom and for what, batches from draft to the bank's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import quote as url_quote

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payments.batches import PayeeAccount as AccountValue
from payments.errors import PaymentError
from payments.rails.profiles import profile
from pricing.money import Money
from server.accounts import service as accounts
from server.actor import Action, can, require
from server.batches import approvals, reports, typed
from server.batches import service as batches
from server.batches.models import BatchRow, PayingAccount, PaymentRow
from server.catalogue import service as catalogue
from server.errors import NotFound, ServerError, Unfunded
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext, ngettext
from server.http.navigation import N_
from server.http.security import permission
from server.instances import service as instances
from server.ledger import claims
from server.ledger import service as ledger
from server.ledger.service import Payable
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput, RunError
from workflows.problems import Problem

pages = Blueprint("batches", __name__)
Page = str | tuple[str, int]
MAX_ANSWER = 20_000_000
FILE_TYPES = {
    "xml": "application/xml", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
WORDS = {
    "draft": ("draft", N_("Draft")),
    "submitted": ("awaiting_approval", N_("Waits for approval")),
    "approved": ("approved", N_("Approved")),
    "exported": ("exported", N_("Sent to the bank")),
    "acknowledged": ("in_review", N_("Partly answered")),
    "partly_settled": ("flagged", N_("Paid, except failures")),
    "settled": ("settled", N_("Paid")),
    "failed": ("failed", N_("Failed")),
    "cancelled": ("cancelled", N_("Cancelled")),
}
"""States of batches: the badge, and its word."""
PAYMENTS = {
    "draft": ("prepared", N_("Prepared")),
    "settled": ("settled", N_("Paid")),
    "cancelled": ("cancelled", N_("Cancelled")),
    "in_transit": ("sent", N_("On its way")),
    "rejected": ("failed", N_("Refused by the bank")),
    "returned": ("failed", N_("Came back")),
}
"""States of payments: the badge, and its word."""
KINDS = {"rib": N_("Bank account (RIB)"), "iban": N_("Bank account (IBAN)"), "wallet": N_("Mobile wallet")}
COMPONENTS = {
    "honorarium": N_("Honorarium"), "expenses": N_("Expenses"), "advance": N_("Advance"), "tax": N_("Tax"),
    "overhead": N_("Overhead"),
}  # fmt: skip


def _word(table: Mapping[str, str], key: str) -> str:
    return gettext(table[key]) if key in table else key


@pages.app_context_processor
def _words() -> dict[str, Any]:
    """Words of money for every page's template."""
    return {
        "batch_badge": lambda state: WORDS.get(state, (state, state))[0],
        "batch_word": lambda state: gettext(WORDS[state][1]) if state in WORDS else str(state),
        "payment_badge": lambda state: PAYMENTS.get(state, (state, state))[0],
        "payment_word": lambda state: gettext(PAYMENTS[state][1]) if state in PAYMENTS else str(state),
        "kind_word": partial(_word, KINDS),
        "component_word": partial(_word, COMPONENTS),
    }


# What is owed -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payee:
    """What a person is owed and not yet in a payment. amount: minor units, net. oldest: since when."""

    person_id: str
    name: str
    account: str
    kind: str
    rail: str
    currency: str
    amount: int
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Rail:
    """A paying account and what a batch on it would hold now, in minor units."""

    account: PayingAccount
    payments: int
    total: int
    carried: int
    minimum: int
    maximum: int | None


@pages.get("/payables")
@permission(Action.BATCH_READ)
def payables() -> str:
    """What is owed now, by payee, and what each rail could pay."""
    page = g.runtime.read(g.actor, _payables)
    return render_template("batches/payables.html", **page)


def _payables(tx: Tx) -> dict[str, Any]:
    found: dict[tuple[str, str], list[Payable]] = {}
    for payable in batches.visible_payables(tx, ledger.open_payables(tx)):
        found.setdefault((payable.person_id, payable.currency), []).append(payable)
    names = people.people(tx, [person for person, _ in found])
    payees = [_payee(tx, names[person].name, rows) for (person, _), rows in found.items()]
    totals: dict[str, int] = {}
    for payee in payees:
        totals[payee.currency] = totals.get(payee.currency, 0) + payee.amount
    return {
        "payees": sorted(payees, key=lambda p: p.oldest), "totals": totals, "rails": _rails(tx),
        "oldest": min((p.oldest for p in payees), default=None),
        "may_prepare": can(tx.actor, Action.BATCH_PREPARE), "today": tx.now.date(),
        "gaps": _gaps(tx), "may_fund": can(tx.actor, Action.FUND_GRANT), "funds": ledger.funds(tx),
    }  # fmt: skip


def _gaps(tx: Tx) -> list[tuple[str, str, Money]]:
    """Project, its code, and what it owes without a budget; of projects the actor may see."""
    found = []
    for gap in ledger.obligations(tx):
        row = projects.project(tx, gap.project)
        if can(tx.actor, Action.BATCH_READ, regions.place(tx, row.region_code)):
            found.append((row.id, row.code, gap.amount))
    return found


@pages.post("/payables/obligations/<project_id>")
@permission(Action.FUND_GRANT)
def fund_obligation(project_id: str) -> BaseResponse:
    """A fund takes over what a project owes without a budget, all of it."""
    fund, currency = request.form.get("fund", ""), request.form.get("currency", "")

    def take_over(tx: Tx) -> None:
        row = projects.project(tx, project_id)
        require(tx.actor, Action.FUND_GRANT, regions.place(tx, row.region_code))
        for gap in ledger.obligations(tx, [project_id]):
            if gap.amount.currency == currency:
                ledger.fund_obligation(
                    tx, project=project_id, region=row.region_code, fund=fund, amount=gap.amount
                )

    try:
        g.runtime.run(g.actor, take_over)
    except Unfunded as error:
        return go(url_for("batches.payables"), _said(error), "needs")
    return go(url_for("batches.payables"), gettext("The fund has taken it over. New projects can start."))


def _payee(tx: Tx, name: str, rows: Sequence[Payable]) -> Payee:
    account = people.payee_account(tx, rows[0].person_id)
    rail = "" if account is None else ("mobile_money" if account.kind == "wallet" else "bank")
    return Payee(
        rows[0].person_id, name,
        AccountValue(account.kind, account.identifier, account.agent).masked() if account else "",  # type: ignore[arg-type]
        account.kind if account else "", rail, rows[0].currency,
        sum(r.amount - r.allocated for r in rows), len(rows), min(r.created_at for r in rows),
    )  # fmt: skip


def _rails(tx: Tx) -> list[Rail]:
    found = []
    for account in batches.visible_accounts(tx).values():
        plan, limits = batches.preview(tx, account.id), profile(account.profile).limits
        found.append(
            Rail(
                account, len(plan.payments), sum(p.amount.minor for p in plan.payments),
                sum(a.amount.minor for a in plan.carried_over), limits.minimum, limits.maximum,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Owed:
    """One line of what a person is owed, with what it is for."""

    payable: Payable
    title: str
    village: str
    payments: list[PaymentRow]
    kept_back: int
    """For what the payee owes back, minor units."""


@pages.get("/payables/<person_id>")
@permission(Action.BATCH_READ)
def payee(person_id: str) -> str:
    """What one person is owed and was paid, each amount beside its delivery."""
    return render_template("batches/payee.html", **g.runtime.read(g.actor, _owed_to, person_id))


def _owed_to(tx: Tx, person_id: str) -> dict[str, Any]:
    person = people.person(tx, person_id)
    account = people.payee_account(tx, person_id)
    rows = batches.visible_payables(tx, ledger.payables_of_person(tx, person_id))[::-1]
    if not rows and not can(tx.actor, Action.PERSON_READ, regions.place(tx, person.region_code)):
        raise NotFound(what="person", key=person_id)
    return {
        "person": person, "account": account, "lines": owed_lines(tx, rows),
        "masked": AccountValue(account.kind, account.identifier, account.agent).masked() if account else "",  # type: ignore[arg-type]
        "may_see": can(tx.actor, Action.DELIVERY_READ), "held": person_id in people.held_accounts(tx, [person_id]),
        "debts": [c for c in claims.claims(tx, person_id=person_id) if c.state == "approved"],
        "may_claim": can(tx.actor, Action.CLAIM_PROPOSE),
    }  # fmt: skip


def owed_lines(tx: Tx, rows: Sequence[Payable]) -> list[Owed]:
    """Each payable with its task, village and payments."""
    known = instances.instances(tx, list({r.instance_id for r in rows if r.instance_id}))
    codes = {i.region_code for i in known.values()} | {r.region_code for r in rows if r.region_code}
    places = regions.regions(tx, list(codes))
    kept = claims.kept_back(tx, [r.id for r in rows])
    paid = batches.payments_of_payables(tx, [r.id for r in rows])
    found = []
    for row in rows:
        title, code = payable_title(tx, row, known)
        village = regions.name(places[code], locale.current_locale())
        found.append(Owed(row, title, village, paid[row.id], kept.get(row.id, 0)))
    return found


def payable_title(tx: Tx, row: Payable, known: Mapping[str, instances.InstanceRow]) -> tuple[str, str]:
    """What a payable is for, and the code of its place: the task's title, else the word of its component."""
    if row.instance_id is None or row.task_id is None:
        return _word(COMPONENTS, row.component), row.region_code or ""
    instance = known[row.instance_id]
    node = instances.task_row(tx, row.task_id).node_id
    card = catalogue.package(tx, instance.service_version_id).definition.node(node).task
    return locale.localised(card.title) if card else node, instance.region_code


# Batches ------------------------------------------------------------------------------------------------


@pages.get("/batches", endpoint="batches")
@permission(Action.BATCH_READ)
def all_batches() -> str:
    """All batches with their state, and who acts next."""
    return render_template("batches/batches.html", **g.runtime.read(g.actor, _batches))


def _batches(tx: Tx) -> dict[str, Any]:
    seen = batches.visible_accounts(tx)
    rows = [row for row in batches.batches(tx) if row.paying_account_id in seen]
    names = accounts.names(tx, {r.prepared_by for r in rows})
    shown = []
    for row in rows:
        made = batches.payments(tx, row.id)
        account = seen[row.paying_account_id]
        failed = sum(p.state in ("rejected", "returned") for p in made)
        shown.append(
            (row, account, len(made), sum(p.amount for p in made), failed, names.get(row.prepared_by, ""))
        )
    return {
        "shown": shown, "rails": _rails(tx), "may_prepare": can(tx.actor, Action.BATCH_PREPARE),
        "today": tx.now.date(), "unmatched": batches.unmatched_lines(tx),
    }  # fmt: skip


@pages.get("/batches/new", endpoint="builder")
@permission(Action.BATCH_PREPARE)
def build() -> Page:
    """Choose what a batch pays, with its total beside."""
    return _builder_page(request.args)


def _builder_page(
    given: Mapping[str, str], said: Sequence[tuple[str, str, str]] = (), status: int = 200
) -> Page:
    page = g.runtime.read(g.actor, _builder, given)
    template = "batches/_plan.html" if request.headers.get("HX-Request") else "batches/builder.html"
    return render_template(template, **page, problems=[*said, *page["wrong"]]), status


def _builder(tx: Tx, given: Mapping[str, str]) -> dict[str, Any]:
    seen = batches.visible_accounts(tx)
    account = seen.get(given.get("account", "")) or next(iter(seen.values()), None)
    if account is None:
        raise NotFound(what="paying account", key=given.get("account", "")[:80] or "–")
    wrong: list[tuple[str, str, str]] = []
    plan, limits = None, profile(account.profile).limits
    try:
        plan = batches.preview(tx, account.id, selection(given, account.currency))
    except RunError as error:
        wrong = _told(error)
    names = people.people(
        tx, [p.payee_id for p in plan.payments] + [o.person_id for o in plan.left_out] if plan else []
    )
    return {
        "accounts": list(seen.values()), "account": account, "plan": plan, "limits": limits, "wrong": wrong,
        "funds": sorted({fund for fund, currency, _ in ledger.funds(tx) if currency == account.currency}),
        "names": {key: person.name for key, person in names.items()}, "given": given, "today": tx.now.date(),
    }  # fmt: skip


def selection(given: Mapping[str, str], currency: str) -> batches.Selection:
    """What a form chooses: fund ("*" or nothing: all, "-": of no fund), until, minimum, most. Raises InvalidInput."""
    fund = given.get("fund", "*") or "*"
    minimum, most = (
        typed.optional_minor(given.get(name, ""), currency, name) for name in ("minimum", "most")
    )
    return batches.Selection(
        fund=None if fund == "*" else "" if fund == "-" else fund,
        until=typed.optional_day(given.get("until", ""), "until"), minimum=minimum or 1, most=most,
    )  # fmt: skip


@pages.post("/batches")
@permission(Action.BATCH_PREPARE)
def collect() -> Page | BaseResponse:
    """Collect what is owed on a rail, or what was chosen of it, into a draft."""
    if request.form.get("show"):
        return _builder_page(request.form)
    if request.form.get("chosen"):
        return _collect_chosen()
    try:
        day = date.fromisoformat(request.form.get("execution_date", ""))
    except ValueError:
        day = None
    page = g.runtime.read(g.actor, _payables)
    if day is None or day < page["today"]:
        said = ("execution_date", "error", gettext("Choose a day of execution, today or later."))
        return render_template("batches/payables.html", **page, problems=[said]), 422
    try:
        batch_id = g.runtime.run(
            g.actor, batches.collect, request.form.get("account", ""), execution_date=day
        )
    except batches.NothingToPay as error:
        return render_template("batches/payables.html", **page, problems=[("", "error", _said(error))]), 409
    return go(
        url_for("batches.batch", batch_id=batch_id), gettext("The draft is made. Check it, then submit it.")
    )


def _collect_chosen() -> Page | BaseResponse:
    def make(tx: Tx) -> str:
        account = batches.paying_account(tx, request.form.get("account", ""))
        day = typed.optional_day(request.form.get("execution_date", ""), "execution_date")
        if day is None or day < tx.now.date():
            raise InvalidInput(
                [Problem("day-of-execution", "Choose a day of execution, today or later.", "execution_date")]
            )
        wanted = selection(request.form, account.currency)
        return batches.collect(tx, account.id, execution_date=day, wanted=wanted)

    try:
        batch_id = g.runtime.run(g.actor, make)
    except NotFound:
        raise
    except RunError as error:
        return _builder_page(request.form, _told(error), problems.status_of(error))
    return go(
        url_for("batches.batch", batch_id=batch_id), gettext("The draft is made. Check it, then submit it.")
    )


def _said(error: RunError) -> str:
    return problems.message_of(error, locale.current_catalogue())


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment of a batch with what it is for."""

    row: PaymentRow
    account: str
    lines: list[tuple[Owed, int]]


@pages.get("/batches/<batch_id>")
@permission(Action.BATCH_READ)
def batch(batch_id: str) -> Page:
    """One batch: what it holds, its digest, and the next step for whom."""
    return _batch_page(batch_id)


def _batch_page(batch_id: str, said: Sequence[tuple[str, str, str]] = (), status: int = 200) -> Page:
    page = g.runtime.read(g.actor, _batch, batch_id)
    return render_template("batches/batch.html", **page, problems=[*said, *page["checks"]]), status


def _batch(tx: Tx, batch_id: str) -> dict[str, Any]:
    row = batches.visible(tx, batch_id)
    made = batches.payments(tx, batch_id)
    account = batches.paying_account(tx, row.paying_account_id)
    names = accounts.names(tx, {row.prepared_by, row.approved_by or ""})
    approved = approvals.of_batch(tx, row)
    return {
        "row": row, "account": account, "transfers": _transfers(tx, made),
        "masked": _masked_account(account),
        "total": sum(p.amount for p in made), "counts": _counts(made), "checks": _checks(tx, row, made),
        "digest": row.content_sha256 or batches.content_sha256(tx, row),
        "prepared_by": names.get(row.prepared_by, ""), "approved_by": names.get(row.approved_by or "", ""),
        "same_person": row.prepared_by == tx.actor.user_id,
        "may_prepare": can(tx.actor, Action.BATCH_PREPARE),
        "may_approve": can(tx.actor, Action.BATCH_APPROVE)
        and tx.actor.user_id not in {row.prepared_by, *(a.approved_by for a in approved.given)},
        "approvals": approved, "approvers": accounts.names(tx, {a.approved_by for a in approved.given}),
        "may_export": can(tx.actor, Action.BATCH_EXPORT), "may_answer": can(tx.actor, Action.ANSWER_IMPORT),
    }  # fmt: skip


def _masked_account(account: PayingAccount) -> str:
    kind = "wallet" if account.rail == "mobile_money" else "rib"
    return AccountValue(kind, account.identifier, account.agent).masked()  # type: ignore[arg-type]


def _transfers(tx: Tx, made: Sequence[PaymentRow]) -> list[Transfer]:
    shares = batches.allocations(tx, [p.id for p in made])
    rows = [ledger.payable(tx, a.payable_id) for p in made for a in shares[p.id]]
    lines = {o.payable.id: o for o in owed_lines(tx, [r for r in rows if r is not None])}
    return [
        Transfer(
            p, AccountValue(p.account_kind, p.account_identifier, p.account_agent).masked(),  # type: ignore[arg-type]
            [(lines[a.payable_id], a.amount) for a in shares[p.id]],
        )
        for p in made
    ]  # fmt: skip


def _counts(made: Sequence[PaymentRow]) -> dict[str, tuple[int, int]]:
    """State -> number of payments and their sum in minor units."""
    found: dict[str, tuple[int, int]] = {}
    for payment in made:
        count, total = found.get(payment.state, (0, 0))
        found[payment.state] = (count + 1, total + payment.amount)
    return found


def _checks(tx: Tx, row: BatchRow, made: Sequence[PaymentRow]) -> list[tuple[str, str, str]]:
    """What would keep a batch from being sent, and what its approver should know, at the payee's name."""
    if row.state not in ("draft", "submitted", "approved"):
        return []
    names = {p.id: p.payee_name for p in made} | {"execution_date": ""}
    texts = locale.current_catalogue().texts
    return [(names.get(p.place, p.place), p.severity, p.text(texts)) for p in batches.check(tx, row.id)]


@pages.post("/batches/<batch_id>/submit")
@permission(Action.BATCH_PREPARE)
def submit(batch_id: str) -> Page | BaseResponse:
    """Freeze the draft and hand it to the other person."""
    return _step(batch_id, batches.submit, gettext("Submitted. Somebody else has to approve it now."))


@pages.post("/batches/<batch_id>/approve")
@permission(Action.BATCH_APPROVE)
def approve(batch_id: str) -> Page | BaseResponse:
    """Approve exactly what was shown: the digest comes with it."""
    content = request.form.get("content", "")
    return _step(
        batch_id, batches.approve, gettext("Approved. When nobody else has to, the file can be written."),
        content=content,
    )  # fmt: skip


@pages.post("/batches/<batch_id>/cancel")
@permission(Action.BATCH_PREPARE)
def cancel(batch_id: str) -> Page | BaseResponse:
    """Give the batch up; everything in it is owed again."""
    return _step(batch_id, batches.cancel, gettext("Cancelled. Everything in it is owed again."))


@pages.post("/batches/<batch_id>/export")
@permission(Action.BATCH_EXPORT)
def export(batch_id: str) -> Page | BaseResponse:
    """Write the file, once."""
    return _step(
        batch_id, batches.export, gettext("The file is written. Download it and give it to the bank.")
    )


def _step(batch_id: str, operation: Any, notice: str, **given: str) -> Page | BaseResponse:  # noqa: ANN401
    try:
        g.runtime.run(g.actor, operation, batch_id, **given)
    except NotFound:
        raise
    except InvalidInput as error:
        return _batch_page(batch_id, (), problems.status_of(error))
    except (ServerError, PaymentError) as error:
        return _batch_page(batch_id, [("", "error", _said(error))], problems.status_of(error))
    return go(url_for("batches.batch", batch_id=batch_id), notice)


@pages.get("/batches/<batch_id>/file")
@permission(Action.BATCH_EXPORT)
def download(batch_id: str) -> Response:
    """The frozen file, the same bytes each time."""
    name, content = g.runtime.read(g.actor, batches.file_of, batch_id)
    response = make_response(content)
    response.content_type = FILE_TYPES.get(name.rpartition(".")[2], "text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{url_quote(name, safe='')}"
    return response


@pages.get("/batches/<batch_id>/cover")
@permission(Action.BATCH_READ)
def cover(batch_id: str) -> Response:
    """The cover sheet that was made with the file."""
    name, content = g.runtime.read(g.actor, batches.cover_of, batch_id)
    response = make_response(content)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{url_quote(name, safe='')}"
    return response


@pages.post("/batches/<batch_id>/answer")
@permission(Action.ANSWER_IMPORT)
def read_answer(batch_id: str) -> Page | BaseResponse:
    """Book what the bank or the mobile-money company answered."""
    sent = request.files.get("answer")
    data = sent.read(MAX_ANSWER + 1) if sent else b""
    if not data:
        return _batch_page(
            batch_id, [("answer", "error", gettext("Choose the file that the bank sent."))], 422
        )
    name = (sent.filename or "")[:200] if sent else ""
    try:
        read = g.runtime.run(g.actor, batches.read_answer, batch_id, data, name=name)
    except NotFound:
        raise
    except (InvalidInput, ServerError, PaymentError) as error:
        return _batch_page(batch_id, _told(error), problems.status_of(error))
    return go(
        url_for("batches.batch", batch_id=batch_id),
        _summary(read),
        "needs" if read.rejected or read.unmatched else "done",
    )


# Files of the bank --------------------------------------------------------------------------------------


@pages.get("/bank-files")
@permission(Action.BATCH_READ)
def bank_files() -> Page:
    """What banks said of our accounts: lines that wait for a person, and statements beside our books."""
    return _bank_page()


def _bank_page(said: Sequence[tuple[str, str, str]] = (), status: int = 200) -> Page:
    return render_template(
        "batches/bank_files.html", **g.runtime.read(g.actor, _bank_files), problems=said
    ), status


def _bank_files(tx: Tx) -> dict[str, Any]:
    seen = batches.visible_accounts(tx)
    return {
        "accounts": list(seen.values()), "lines": reports.open_lines(tx),
        "movements": reports.other_movements(tx)[:100], "files": batches.bank_files(tx)[::-1][:50],
        "reconciliations": [reports.reconcile(tx, account_id) for account_id in seen],
        "said_of": _said_of,
        "may_answer": can(tx.actor, Action.ANSWER_IMPORT),
    }  # fmt: skip


@pages.post("/bank-files")
@permission(Action.ANSWER_IMPORT)
def import_bank_file() -> Page | BaseResponse:
    """Book what a bank's file says of an account."""
    sent = request.files.get("file")
    data = sent.read(MAX_ANSWER + 1) if sent else b""
    if not data:
        return _bank_page([("file", "error", gettext("Choose the file that the bank sent."))], 422)
    name = (sent.filename or "")[:200] if sent else ""
    try:
        read = g.runtime.run(g.actor, reports.read_file, request.form.get("account", ""), data, name=name)
    except NotFound:
        raise
    except (InvalidInput, ServerError, PaymentError) as error:
        return _bank_page(_told(error), problems.status_of(error))
    texts = locale.current_catalogue().texts
    if read.problems:  # booked, but the bank has to be asked
        return _bank_page([(p.place, str(p.severity), p.text(texts)) for p in read.problems])
    notice = gettext(
        "Paid: %(settled)s. Refused: %(rejected)s. Came back: %(returned)s. Known already: %(known)s. "
        "For you to decide: %(open)s.",
        settled=read.settled, rejected=read.rejected, returned=read.returned, known=read.already_known,
        open=read.unmatched,
    )  # fmt: skip
    return go(url_for("batches.bank_files"), notice, "needs" if read.unmatched or read.returned else "done")


@pages.post("/bank-files/lines/<entry_id>")
@permission(Action.ANSWER_IMPORT)
def decide_bank_line(entry_id: str) -> Page | BaseResponse:
    """A person says which payment, batch or booking a line is about, or that it is not ours."""
    about = _about(request.form.get("payment", ""))
    note = request.form.get("note", "")
    try:
        g.runtime.run(g.actor, reports.decide_about, entry_id, about, note=note)
    except NotFound:
        raise
    except (InvalidInput, ServerError, PaymentError) as error:
        return _bank_page(_told(error), problems.status_of(error))
    return go(url_for("batches.bank_files"), gettext("Decided, and written down with your name."))


def _about(chosen: str) -> reports.About:
    """What was chosen in the form: a payment's id, batch:ID, booking:ID, fee, or nothing of ours."""
    kind, _, chosen_id = chosen.rpartition(":")
    if kind == "batch":
        return reports.About(batch_id=chosen_id)
    if kind == "booking":
        return reports.About(ledger_entry_id=chosen_id)
    return reports.About(fee=True) if chosen == "fee" else reports.About(payment_id=chosen or None)


def _said_of(problem: Problem) -> str:
    """A problem's words, with its amounts as people write them."""
    params = {k: locale.format_money(v) if isinstance(v, Money) else v for k, v in problem.params.items()}
    return replace(problem, params=params).text(locale.current_catalogue().texts)


def _told(error: RunError) -> list[tuple[str, str, str]]:
    texts = locale.current_catalogue().texts
    found = [(p.place, str(p.severity), p.text(texts)) for p in problems.problems_of(error)]
    return found or [("", "error", _said(error))]


def _summary(read: batches.AnswerRead) -> str:
    said = [ngettext("%(number)s payment was paid.", "%(number)s payments were paid.", read.settled)]
    if read.rejected:
        said.append(
            ngettext(
                "%(number)s was refused and is owed again.",
                "%(number)s were refused and are owed again.",
                read.rejected,
            )
        )
    if read.pending:
        said.append(
            ngettext("%(number)s is still on its way.", "%(number)s are still on their way.", read.pending)
        )
    if read.already_known:
        said.append(
            ngettext("%(number)s was known already.", "%(number)s were known already.", read.already_known)
        )
    if read.unmatched:
        said.append(
            ngettext(
                "%(number)s line fits no payment.", "%(number)s lines fit no payment.", len(read.unmatched)
            )
        )
    return " ".join(said)
