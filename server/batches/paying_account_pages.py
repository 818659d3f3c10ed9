"""The page of the organisation's own accounts, which batches are paid from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payments import identifiers
from payments.rails import profiles
from server.actor import Action, Object, can
from server.batches import paying_accounts
from server.batches import service as batches
from server.errors import NotFound
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext
from server.http.security import permission
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import RunError

pages = Blueprint("paying_accounts", __name__)
Shown = list[tuple[str, str, str]]


@pages.get("/finance/paying-accounts", endpoint="accounts")
@permission(Action.BATCH_READ)
def own_accounts() -> str:
    """The accounts that the actor may see, and a form for another one."""
    return _page([])


@pages.post("/finance/paying-accounts")
@permission(Action.BATCH_PREPARE)
def add_account() -> BaseResponse | tuple[str, int]:
    """Register an account that batches are paid from."""
    try:
        g.runtime.run(g.actor, _register)
    except NotFound:
        raise
    except RunError as error:
        texts = locale.current_catalogue().texts
        said = [(p.place, str(p.severity), p.text(texts)) for p in problems.problems_of(error)]
        said = said or [("", "error", problems.message_of(error, locale.current_catalogue()))]
        return _page(said), problems.status_of(error)
    return go(url_for("paying_accounts.accounts"), gettext("Added. Batches may be paid from it now."))


def _register(tx: Tx) -> str:
    form = request.form
    return paying_accounts.register(
        tx, code=form.get("code", "").strip(), profile_name=form.get("profile", ""),
        currency=form.get("currency", ""), holder_name=form.get("holder_name", ""),
        identifier=form.get("identifier", "")[:80], agent=form.get("agent", ""), country=form.get("country", ""),
        town=form.get("town", ""),
    )  # fmt: skip


def _page(said: Shown) -> str:
    found = g.runtime.read(g.actor, _own_accounts)
    return render_template("finance/paying_accounts.html", **found, typed=request.form, problems=said)


def _own_accounts(tx: Tx) -> dict[str, Any]:
    known = regions.regions(tx)
    currencies = sorted({row.currency for row in known.values() if row.currency})
    return {
        "held": [(row, identifiers.mask(row.identifier)) for row in batches.visible_accounts(tx).values()],
        "countries": [
            (code, regions.name(row, locale.current_locale()))
            for code, row in known.items()
            if row.parent_code is None and can(tx.actor, Action.BATCH_PREPARE, Object(row.path))
        ],
        "currencies": [(code, code) for code in currencies],
        "rails": [(name, name) for name in profiles.names()],
    }
