"""Quotes over the API."""

from __future__ import annotations

from decimal import Decimal

from flask import Response, g, url_for

from pricing.canonical import encode
from pricing.matrix import cells
from server.actor import Action
from server.catalogue import service as catalogue
from server.http import paging
from server.http.documents import PageQuery, Values, amount, page_of
from server.http.locale import current_catalogue
from server.http.operations import ApiBlueprint, attachment
from server.http.security import permission
from server.http.visibility import require_visible, visible
from server.quotes import schemas, terms
from server.quotes import service as quotes
from server.quotes.service import QuoteRow
from server.regions import service as regions
from server.runtime import Tx

api = ApiBlueprint("quotes_api", __name__, tag="Quotes", description="What a service costs somewhere.")
_ALL = 100_000


@api.operation("GET", "/quotes", query=PageQuery, answer=page_of(schemas.QuoteLine))
@permission(Action.PRICE_READ)
def list_quotes(query: Values) -> Values:
    """List the quotes for regions one may see, newest first."""
    return g.runtime.read(g.actor, _quotes, query)  # type: ignore[no-any-return]


def _quotes(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PRICE_READ, quotes.quotes(tx, limit=_ALL), lambda row: row.region_code)
    return paging.document(rows, lambda row: (row.id,), quote_line, descending=True, **query)


@api.operation("POST", "/quotes", body=schemas.NewQuote, answer=schemas.Quote, status=201)
@permission(Action.QUOTE_MAKE)
def create_quote(body: Values) -> Values:
    """Ask for a price, line by line with its provenance.

    When prices are missing, `problems` names each item, its region and what was tried. A quote never changes.
    """
    return g.runtime.run(g.actor, _make, body)  # type: ignore[no-any-return]


def _make(tx: Tx, body: Values) -> Values:
    version = catalogue.find_version(tx, body["service"], body["version"])
    row = quotes.make_quote(
        tx, version_id=version.id, region=body["region"], instances=body["instances"], **schemas.terms(body)
    )  # fmt: skip
    return quote_document(tx, row)


@api.operation("GET", "/quotes/<uuid:quote_id>", answer=schemas.Quote)
@permission(Action.PRICE_READ)
def read_quote(quote_id: str) -> Values:
    """Read a quote with everything it was calculated from."""
    return g.runtime.read(  # type: ignore[no-any-return]
        g.actor, lambda tx: quote_document(tx, find_quote(tx, quote_id))
    )


@api.operation("GET", "/quotes/<uuid:quote_id>/canonical", produces=("application/json",))
@permission(Action.PRICE_READ)
def download_quote(quote_id: str) -> Response:
    """Download the canonical bytes of a quote: their SHA-256 is its digest."""
    content = g.runtime.read(g.actor, lambda tx: find_quote(tx, quote_id).snapshot)
    return attachment(content, f"quote-{quote_id}.json", "application/json")


@api.operation(
    "POST", "/quotes/<uuid:quote_id>/requote", body=schemas.RequoteTerms, answer=schemas.Quote, status=201
)
@permission(Action.QUOTE_MAKE)
def requote(quote_id: str, body: Values) -> Values:
    """Offer the same again at other prices; the old quote is superseded, and `difference` says what changed."""
    return g.runtime.run(g.actor, _requote, quote_id, body)  # type: ignore[no-any-return]


def _requote(tx: Tx, quote_id: str, body: Values) -> Values:
    find_quote(tx, quote_id)
    return quote_document(tx, quotes.requote(tx, quote_id, on=body["on"]).row)


@api.operation("GET", "/quotes/<uuid:quote_id>/difference", answer=schemas.Difference)
@permission(Action.PRICE_READ)
def read_difference(quote_id: str) -> Values:
    """Read what changed from the quote that this one replaces."""
    return g.runtime.read(g.actor, _difference, quote_id)  # type: ignore[no-any-return]


def _difference(tx: Tx, quote_id: str) -> Values:
    row = find_quote(tx, quote_id)
    found = quotes.difference(tx, quote_id)
    return {"replaces": row.replaces, "difference": None if found is None else encode(found)}


@api.operation(
    "GET", "/quotes/<uuid:quote_id>/explanation", query=schemas.ExplanationQuery, answer=schemas.Explanation
)
@permission(Action.PRICE_READ)
def explain_number(quote_id: str, query: Values) -> Values:
    """Explain a number of a quote, down to the row of a price list."""
    return g.runtime.read(g.actor, _explain, quote_id, query)  # type: ignore[no-any-return]


def _explain(tx: Tx, quote_id: str, query: Values) -> Values:
    find_quote(tx, quote_id)
    found = quotes.explanation(tx, quote_id, query["number"])
    template = current_catalogue().gettext(found.message)
    return {
        "number": found.number, "amount_minor": found.amount_minor,
        "exact": None if found.exact is None else str(found.exact), "text": template % found.params,
        "params": dict(found.params), "parts": [encode(part) for part in found.parts],
    }  # fmt: skip


@api.operation(
    "GET",
    "/regions/<code:region>/catalogue",
    query=schemas.CataloguePricesQuery,
    answer=schemas.CataloguePrices,
)
@permission(Action.PRICE_READ)
def list_catalogue_prices(region: str, query: Values) -> Values:
    """List what one instance of every service costs in a region, or in each region of a level below it."""
    return g.runtime.read(g.actor, _catalogue_prices, region, query)  # type: ignore[no-any-return]


def _catalogue_prices(tx: Tx, region: str, query: Values) -> Values:
    by_service = {version.service_code: version for version in reversed(catalogue.versions(tx))}
    newest = {version.id: version for version in by_service.values()}
    places = regions.below(tx, region, query["level"]) if query["level"] else [regions.region(tx, region)]
    codes = [row.code for row in visible(tx, Action.PRICE_READ, places, lambda row: row.code)]
    found = quotes.catalogue_prices(tx, version_ids=list(newest), region_codes=codes, on=query["on"])
    money = dict(zip(found.regions, found.currencies, strict=True))
    return {
        "prices": [
            {
                "service": newest[id_].service_code, "version": newest[id_].version, "region": code,
                "price": None if minor is None else amount(minor, money[code]),
                "missing": [] if minor is not None else [item for item, _ in found.missing(id_, code)],
            }
            for id_, code, minor in cells(found)
        ]
    }  # fmt: skip


@api.operation("GET", "/terms", query=PageQuery, answer=page_of(schemas.AgreedTerms))
@permission(Action.PRICE_READ)
def list_terms(query: Values) -> Values:
    """List the overheads and contributions agreed for regions one may see, newest first."""
    return g.runtime.read(g.actor, _terms, query)  # type: ignore[no-any-return]


def _terms(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PRICE_READ, terms.all_terms(tx), lambda row: row.region_code)
    return paging.document(
        rows, lambda row: (row.id,), lambda row: _terms_document(tx, row), descending=True, **query
    )


@api.operation("POST", "/terms", body=schemas.NewTerms, answer=schemas.AgreedTerms, status=201)
@permission(Action.PRICE_IMPORT)
def propose_terms(body: Values) -> Values:
    """Propose overheads and contributions for a region; they count when another person has approved them."""
    return g.runtime.run(g.actor, _propose_terms, body)  # type: ignore[no-any-return]


def _propose_terms(tx: Tx, body: Values) -> Values:
    row = terms.propose_terms(
        tx, region=body["region"], fund=body["fund"], valid_from=body["valid_from"], valid_to=body["valid_to"],
        source=body["source"], overheads=schemas.overheads(body["overheads"]) or (),
        contributions=schemas.contributions(body["contributions"]) or (),
    )  # fmt: skip
    return _terms_document(tx, row)


@api.operation("POST", "/terms/<uuid:terms_id>/approval", answer=schemas.AgreedTerms)
@permission(Action.PRICE_APPROVE)
def approve_terms(terms_id: str) -> Values:
    """Approve terms: they count from their first day. By somebody other than who proposed them."""
    return g.runtime.run(g.actor, _approve_terms, terms_id)  # type: ignore[no-any-return]


def _approve_terms(tx: Tx, terms_id: str) -> Values:
    terms.approve_terms(tx, terms_id)
    return _terms_document(tx, terms.terms_row(tx, terms_id))


@api.operation("POST", "/terms/<uuid:terms_id>/retirement", answer=schemas.AgreedTerms)
@permission(Action.PRICE_APPROVE)
def retire_terms(terms_id: str) -> Values:
    """Retire terms: they no longer count; quotes that were made keep theirs."""
    return g.runtime.run(g.actor, _retire_terms, terms_id)  # type: ignore[no-any-return]


def _retire_terms(tx: Tx, terms_id: str) -> Values:
    terms.retire_terms(tx, terms_id)
    return _terms_document(tx, terms.terms_row(tx, terms_id))


@api.operation("POST", "/terms/<uuid:terms_id>/withdrawal", answer=schemas.AgreedTerms)
@permission(Action.PRICE_IMPORT)
def withdraw_terms(terms_id: str) -> Values:
    """Withdraw proposed terms that nobody has approved yet."""
    return g.runtime.run(g.actor, _withdraw_terms, terms_id)  # type: ignore[no-any-return]


def _withdraw_terms(tx: Tx, terms_id: str) -> Values:
    terms.withdraw_terms(tx, terms_id)
    return _terms_document(tx, terms.terms_row(tx, terms_id))


def _terms_document(tx: Tx, row: terms.TermsRow) -> Values:
    content = terms.content(tx, row.id)
    return {
        "id": row.id, "region": row.region_code, "fund": row.fund, "valid_from": row.valid_from,
        "valid_to": row.valid_to, "source": row.source, "status": row.status, "proposed_at": row.proposed_at,
        "approved_at": row.approved_at, "overheads": [encode(rule) for rule in content.overheads],
        "contributions": [encode(rule) for rule in content.contributions],
    }  # fmt: skip


@api.operation("GET", "/project-quotes", query=PageQuery, answer=page_of(schemas.ProjectQuoteLine))
@permission(Action.PRICE_READ)
def list_project_quotes(query: Values) -> Values:
    """List the prices of several services together, newest first."""
    return g.runtime.read(g.actor, _project_quotes, query)  # type: ignore[no-any-return]


def _project_quotes(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PRICE_READ, quotes.project_quotes(tx, limit=_ALL), lambda row: row.region_code)
    return paging.document(rows, lambda row: (row.id,), _project_quote_line, descending=True, **query)


@api.operation(
    "POST", "/project-quotes", body=schemas.NewProjectQuote, answer=schemas.ProjectQuote, status=201
)
@permission(Action.QUOTE_MAKE)
def price_services_together(body: Values) -> Values:
    """Ask for the price of several services together: month by month, party by party, the P80 of the sum."""
    return g.runtime.run(g.actor, _make_project_quote, body)  # type: ignore[no-any-return]


def _make_project_quote(tx: Tx, body: Values) -> Values:
    planned = [
        quotes.PlannedService(
            key=s["key"], version_id=catalogue.find_version(tx, s["service"], s["version"]).id,
            instances=s["instances"], duration_days=s["duration_days"], after=tuple(s["after"]),
            lag_days=s["lag_days"], region=s["region"],
            parameters={name: Decimal(value) for name, value in s["parameters"].items()},
        )
        for s in body["services"]
    ]  # fmt: skip
    row = quotes.make_project_quote(
        tx, name=body["name"], region=body["region"], starts_on=body["starts_on"], services=planned,
        on=body["on"], fund=body["fund"],
    )  # fmt: skip
    return _project_quote_document(tx, row)


@api.operation("GET", "/project-quotes/<uuid:project_quote_id>", answer=schemas.ProjectQuote)
@permission(Action.PRICE_READ)
def read_project_quote(project_quote_id: str) -> Values:
    """Read the price of several services together with everything it was calculated from."""
    return g.runtime.read(g.actor, _read_project_quote, project_quote_id)  # type: ignore[no-any-return]


def _read_project_quote(tx: Tx, project_quote_id: str) -> Values:
    row = quotes.project_quote_row(tx, project_quote_id)
    where = regions.place(tx, row.region_code)
    require_visible(tx, Action.PRICE_READ, where, what="project quote", key=project_quote_id)
    return _project_quote_document(tx, row)


def _project_quote_line(row: quotes.ProjectQuoteRow) -> Values:
    return {
        "id": row.id, "name": row.name, "region": row.region_code,
        "charged": amount(row.charged_minor, row.currency), "fund": amount(row.fund_minor, row.currency),
        "digest": row.digest, "made_at": row.made_at,
    }  # fmt: skip


def _project_quote_document(tx: Tx, row: quotes.ProjectQuoteRow) -> Values:
    return {**_project_quote_line(row), "snapshot": quotes.project_quote(tx, row.id).as_json()}


def find_quote(tx: Tx, quote_id: str) -> QuoteRow:
    """The quote. Raises NotFound, also for a region one may not see."""
    row = quotes.quote_row(tx, quote_id)
    where = regions.place(tx, row.region_code)
    require_visible(tx, Action.PRICE_READ, where, what="quote", key=quote_id)
    return row


def quote_line(row: QuoteRow) -> Values:
    """A quote as lists show it."""
    return {
        "id": row.id, "service_version_id": row.service_version_id, "region": row.region_code,
        "project_id": row.project_id, "instances": row.instances,
        "charged": amount(row.charged_minor, row.currency), "fund": amount(row.fund_minor, row.currency),
        "status": row.status, "valid_until": row.valid_until, "made_at": row.made_at, "digest": row.digest,
        "accepted_at": row.accepted_at, "number": row.number, "replaces": row.replaces,
    }  # fmt: skip


def quote_document(tx: Tx, row: QuoteRow) -> Values:
    """A quote with its snapshot."""
    return {
        **quote_line(row), "snapshot": quotes.quote(tx, row.id).as_json(),
        "canonical": url_for("quotes_api.download_quote", quote_id=row.id),
    }  # fmt: skip
