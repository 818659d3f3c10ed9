"""The terms of prices for people: overheads and contributions, proposed by one person and approved by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal, cast

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from pricing.contributions import Contribution, ContributionKind, Overhead
from server.accounts import service as accounts
from server.actor import Action, can
from server.errors import NotFound
from server.http.frame import go
from server.http.locale import current_locale, gettext, localised
from server.http.security import permission
from server.http.words import problem_text
from server.price_lists import service as price_lists
from server.quotes import terms
from server.quotes.models import TermsRow
from server.quotes.pages import Shown, visible_places
from server.quotes.words import OVERHEADS, scope_words
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput

pages = Blueprint("terms", __name__)
ROWS = 4
"""Rules of each kind that the form has room for; the API takes any number."""
_MOST_DIGITS = 18
KINDS = ("percent", "fixed", "in_kind")


@dataclass(frozen=True, slots=True)
class TermsPage:
    """Terms with their rules and who did what. may_approve, may_retire, may_withdraw: the actor, now."""

    row: TermsRow
    place: str
    content: terms.Terms
    currency: str
    people: Mapping[str, str]
    may_approve: bool
    may_retire: bool
    may_withdraw: bool


@dataclass(slots=True)
class Draft:
    """Terms as typed."""

    values: Mapping[str, str]
    problems: list[Shown] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A field as typed, cut to a length that makes sense."""
        return self.values.get(name, "").strip()[:300]

    def day(self, name: str) -> date | None:
        """A day, None when nothing is typed."""
        typed = self.text(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.problems.append((name, "error", gettext("Enter a day, for example 2027-03-14.")))
            return None

    def number(self, name: str) -> Fraction | None:
        """An exact number, None when nothing is typed."""
        typed = self.text(name).replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
        if not typed:
            return None
        try:
            value = Decimal(typed)
            if value.is_finite() and abs(value.adjusted()) <= _MOST_DIGITS:
                return Fraction(value)
        except InvalidOperation:
            pass
        self.problems.append((name, "error", gettext("Enter a number, for example 12.5.")))
        return None

    def overheads(self) -> list[Overhead]:
        """The overheads typed, in their order."""
        found = []
        for n in range(1, ROWS + 1):
            code, value = self.text(f"o_code_{n}"), self.number(f"o_value_{n}")
            if code not in OVERHEADS or value is None:
                if code in OVERHEADS:
                    self.problems.append(
                        (f"o_value_{n}", "error", gettext("Enter how much this overhead is."))
                    )
                continue
            kind = "fixed" if self.text(f"o_kind_{n}") == "fixed" else "percent"
            base = "running" if self.text(f"o_base_{n}") == "running" else "direct"
            named = self.text(f"o_name_{n}")
            names = {current_locale(): named} if named else {}
            found.append(
                Overhead(
                    code, cast(Literal["percent", "fixed"], kind), value,
                    cast(Literal["direct", "running"], base), names,
                )
            )  # fmt: skip
        return found

    def contributions(self) -> list[Contribution]:
        """The contributions typed, in their order."""
        found = []
        for n in range(1, ROWS + 1):
            party, value, cap = (
                self.text(f"c_party_{n}"),
                self.number(f"c_value_{n}"),
                self.number(f"c_cap_{n}"),
            )
            if not party:
                continue
            kind = self.text(f"c_kind_{n}")
            found.append(
                Contribution(
                    party, cast(ContributionKind, kind if kind in KINDS else "percent"),
                    self.text(f"c_scope_{n}") or "service", value, cap, self.text(f"c_memo_{n}") == "yes",
                )
            )  # fmt: skip
        return found


@pages.get("/terms", endpoint="terms")
@permission(Action.PRICE_READ)
def list_terms() -> str:
    """All terms, newest first: what counts, what waits, what is over."""
    return render_template("quotes/terms_list.html", lines=g.runtime.read(g.actor, _lines))


@pages.get("/terms/new")
@permission(Action.PRICE_IMPORT)
def new() -> str:
    """Propose terms."""
    return _form(Draft({}))


@pages.post("/terms")
@permission(Action.PRICE_IMPORT)
def propose() -> BaseResponse | tuple[str, int]:
    """Keep the proposal as a draft; it counts nothing until somebody else approves it."""
    draft = _draft(request.form)
    first, last = draft.day("valid_from"), draft.day("valid_to")
    overheads, contributions = draft.overheads(), draft.contributions()
    if first is None and not draft.problems:
        draft.problems.append(("valid_from", "error", gettext("Enter a day, for example 2027-03-14.")))
    if not overheads and not contributions and not draft.problems:
        draft.problems.append(("o_code_1", "error", gettext("Enter an overhead or a contribution.")))
    if draft.problems or first is None:
        return _form(draft), 422
    try:
        made = g.runtime.run(
            g.actor, terms.propose_terms, region=draft.text("region"), valid_from=first, valid_to=last,
            overheads=overheads, contributions=contributions, fund=draft.text("fund"),
            source=draft.text("source"),
        ).id  # fmt: skip
    except InvalidInput as refused:
        draft.problems += [(p.place, p.severity, problem_text(p)) for p in refused.problems]
        return _form(draft), 422
    words = gettext("The terms are proposed. Somebody else has to approve them before they count.")
    return go(url_for("terms.one", terms_id=made), words, "needs")


@pages.get("/terms/<terms_id>")
@permission(Action.PRICE_READ)
def one(terms_id: str) -> str:
    """One agreement with all its rules."""
    return render_template("quotes/terms.html", page=g.runtime.read(g.actor, _one, terms_id))


@pages.post("/terms/<terms_id>/approve")
@permission(Action.PRICE_APPROVE)
def approve(terms_id: str) -> BaseResponse:
    """Let them count from their first day."""
    g.runtime.run(g.actor, terms.approve_terms, terms_id)
    words = gettext("The terms are approved: new prices use them from their first day.")
    return go(url_for("terms.one", terms_id=terms_id), words)


@pages.post("/terms/<terms_id>/retire")
@permission(Action.PRICE_APPROVE)
def retire(terms_id: str) -> BaseResponse:
    """Let them no longer count."""
    g.runtime.run(g.actor, terms.retire_terms, terms_id)
    words = gettext("The terms are retired: new prices do without them, quotes that were made keep theirs.")
    return go(url_for("terms.one", terms_id=terms_id), words)


@pages.post("/terms/<terms_id>/withdraw")
@permission(Action.PRICE_IMPORT)
def withdraw(terms_id: str) -> BaseResponse:
    """Take a proposal back."""
    g.runtime.run(g.actor, terms.withdraw_terms, terms_id)
    return go(
        url_for("terms.one", terms_id=terms_id), gettext("The proposal is withdrawn. It never counted.")
    )


def _draft(values: MultiDict[str, str]) -> Draft:
    return Draft({name: values[name] for name in values})


def _form(draft: Draft) -> str:
    by_field = {place: text for place, _, text in draft.problems}
    places, scopes = g.runtime.read(g.actor, _choices)
    return render_template(
        "quotes/terms_form.html", draft=draft, problems=draft.problems, fields=tuple(by_field), rows=ROWS,
        places=places, scopes=scopes, problem_of=lambda name: by_field.get(name, ""),
        overheads=[(code, gettext(words)) for code, words in OVERHEADS.items()],
    )  # fmt: skip


def _choices(tx: Tx) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The places whose prices the actor may bring, and what an agreement may be about."""
    places = [
        (code, words)
        for code, words in visible_places(tx)
        if can(tx.actor, Action.PRICE_IMPORT, regions.place(tx, code))
    ]
    items = price_lists.items(tx)
    categories = sorted(f"category:{name}" for name in {item.category for item in items} if name)
    scopes = [(scope, scope_words(scope)) for scope in ["service", *categories]]
    scopes += [(f"item:{item.code}", localised(item.names) or item.code) for item in items]
    return places, scopes


def _lines(tx: Tx) -> list[tuple[TermsRow, str, terms.Terms]]:
    known = regions.regions(tx)
    return [
        (row, localised(known[row.region_code].names) or row.region_code, terms.content(tx, row.id))
        for row in terms.all_terms(tx)
        if can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code))
    ]


def _one(tx: Tx, terms_id: str) -> TermsPage:
    row = terms.terms_row(tx, terms_id)
    where = regions.place(tx, row.region_code)
    if not can(tx.actor, Action.PRICE_READ, where):
        raise NotFound(what="terms", key=terms_id)
    may, other = can(tx.actor, Action.PRICE_APPROVE, where), row.proposed_by != tx.actor.user_id
    return TermsPage(
        row, localised(regions.region(tx, row.region_code).names) or row.region_code, terms.content(tx, terms_id),
        regions.currency(tx, row.region_code),
        accounts.names(tx, {by for by in (row.proposed_by, row.approved_by, row.retired_by) if by}),
        may and other and row.status == "draft", may and (other or row.status == "draft") and row.status != "retired",
        can(tx.actor, Action.PRICE_IMPORT, where) and row.status == "draft",
    )  # fmt: skip
