"""Quotes over the API."""

from __future__ import annotations

from flask import Response, g, url_for

from server.actor import Action
from server.catalogue import service as catalogue
from server.http import paging
from server.http.documents import PageQuery, Values, amount, page_of
from server.http.operations import ApiBlueprint, attachment
from server.http.security import permission
from server.http.visibility import require_visible, visible
from server.quotes import schemas
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
        "accepted_at": row.accepted_at,
    }  # fmt: skip


def quote_document(tx: Tx, row: QuoteRow) -> Values:
    """A quote with its snapshot."""
    return {
        **quote_line(row), "snapshot": quotes.quote(tx, row.id).as_json(),
        "canonical": url_for("quotes_api.download_quote", quote_id=row.id),
    }  # fmt: skip
