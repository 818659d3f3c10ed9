"""Documents of price lists."""

from __future__ import annotations

from server.http import documents as d


class PriceList(d.Document):
    """A list of prices as a coordinator sent it."""

    id = d.plain("The list's id.", required=True)
    code = d.plain("The code written in the list.", required=True)
    filename = d.plain("Name of the file.", required=True)
    file_sha256 = d.plain("SHA-256 of the file.", required=True)
    rows = d.number("How many prices.", required=True)
    status = d.plain("draft, approved or retired; only approved prices count.", required=True)
    imported_at = d.moment("When it was imported.", required=True)
    approved_at = d.moment("When it was approved.", required=True, allow_none=True)


class Price(d.Document):
    """One price, exactly as in the file; amounts are major units per unit of the item."""

    row = d.number("Row of the file.", required=True)
    region = d.plain("Code of the region.", required=True)
    item = d.plain("Code of the item.", required=True)
    unit = d.plain("UNECE Recommendation 20 code.", required=True)
    minimum = d.MoneyText(
        required=True, metadata={"description": "The least; a number or a fraction like 25/23."}
    )
    typical = d.MoneyText(required=True, metadata={"description": "The most likely."})
    maximum = d.MoneyText(required=True, metadata={"description": "The most."})
    currency = d.plain("ISO 4217 code.", required=True)
    valid_from = d.day("From this day.", required=True)
    valid_to = d.day("To this day.", required=True, allow_none=True)
    quality = d.plain("How sure the price is.", required=True)
    source = d.plain("Where it comes from.", required=True)


class Import(d.Document):
    """What importing a file did, or would do."""

    imported = d.yes_no("Whether the list is stored now, as a draft.", required=True)
    price_list = d.one(PriceList, "The list; null for a dry run.", required=True, allow_none=True)
    prices = d.number("How many prices can be used.", required=True)
    problems = d.many(d.SingleProblem, "Mistakes and warnings, each with its row and column.", required=True)
