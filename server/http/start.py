"""The start page of each role, and the first page a visitor sees."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action, can
from server.catalogue import service as catalogue
from server.http import frame
from server.http.needs import needs_of
from server.http.security import permission
from server.regions import service as regions
from server.runtime import Tx

pages = Blueprint("start", __name__)
pages.app_context_processor(frame.context)
pages.app_template_filter("exact")(frame.exact)
pages.after_app_request(frame.forget_notice)


@pages.get("/")
@permission(Action.PUBLIC)
def today() -> str | BaseResponse:
    """What a person has to decide today: a facilitator's tasks; what this site is, for a visitor."""
    if not g.actor.signed_in:
        return render_template("start/visitor.html", services=g.runtime.read(g.actor, _published))
    if frame.is_field():
        return redirect(url_for("submissions.my_tasks", lang=request.args.get("lang")), 303)
    needs, going_on = g.runtime.read(g.actor, needs_of)
    return render_template("start/today.html", needs=needs, going_on=going_on)


@pages.get("/search")
@permission(Action.SIGNED_IN)
def search() -> str:
    """Services and places whose name or code has the words looked for."""
    words = request.args.get("q", "").strip()[:100]
    services, places = g.runtime.read(g.actor, _search, words) if words else ([], [])
    return render_template("start/search.html", words=words, services=services, places=places)


def _published(tx: Tx) -> list[catalogue.ServiceVersionRow]:
    """The newest version of every service."""
    newest: dict[str, catalogue.ServiceVersionRow] = {}
    for row in catalogue.versions(tx):
        if row.status == "published":
            newest.setdefault(row.service_code, row)
    return list(newest.values())


def _search(
    tx: Tx, words: str
) -> tuple[list[catalogue.ServiceVersionRow], list[tuple[regions.RegionRow, list[regions.RegionRow]]]]:
    wanted = words.casefold()

    def fits(code: str, names: dict[str, str]) -> bool:
        return any(wanted in text.casefold() for text in (code, *names.values()))

    services = [row for row in _published(tx) if fits(row.service_code, row.names)]
    if not can(tx.actor, Action.PRICE_READ):
        return services, []
    known = regions.regions(tx)
    found = [row for row in known.values() if fits(row.code, row.names)][:30]
    return services, [(row, [known[c] for c in row.path.split("/")[:-2]]) for row in found]
