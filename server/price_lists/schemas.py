"""Documents of price lists."""

from __future__ import annotations

from marshmallow import fields

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
    retired_at = d.moment("When it was retired.", required=True, allow_none=True)


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
    observed_on = d.day("When it was asked.", required=True, allow_none=True)
    observer = d.plain("Who asked.", required=True)


class PricePoint(Price):
    """A price that counted or counts, and the list it is from."""

    list = d.plain("The list's code.", required=True)
    list_id = d.plain("The list's id.", required=True)
    status = d.plain("approved or retired.", required=True)


class PriceHistory(d.Document):
    """The prices of an item in a region and above, oldest first."""

    prices = d.many(PricePoint, "Each price of an approved or retired list.", required=True)


class NewMinimumWage(d.Document):
    """The statutory minimum wage of a region from a day on."""

    region = d.code("Code of the region.", required=True)
    amount = d.decimal("Major units for one unit of time.", required=True)
    currency = fields.String(
        required=True, validate=d.Pattern(r"^[A-Z]{3}$"), metadata={"description": "ISO 4217 code."}
    )
    unit = d.word(("MON", "DAY", "HUR"), "Of a month, a working day or an hour.", load_default="MON")
    monthly_hours = d.decimal("Legal working hours of a month; 520/3 when left out.", load_default=None,
                              allow_none=True)  # fmt: skip
    valid_from = d.day("From this day.", required=True)
    source = d.line(500, "The law or decree.", load_default="")


class MinimumWage(d.Document):
    """A minimum wage as it counts."""

    region = d.plain("Code of the region.", required=True)
    amount = d.MoneyText(required=True, metadata={"description": "Major units for one unit of time."})
    currency = d.plain("ISO 4217 code.", required=True)
    unit = d.plain("MON, DAY or HUR.", required=True)
    valid_from = d.day("From this day.", required=True)
    source = d.plain("The law or decree.", required=True)


class MinimumWages(d.Document):
    """All minimum wages."""

    minimum_wages = d.many(MinimumWage, "By region and day.", required=True)


class CellProblem(d.SingleProblem):
    """One mistake of a file, at its cell."""

    row = d.number(
        "Row of the file, 1 is the first; null for the whole file.", required=True, allow_none=True
    )
    column = d.plain("Heading of the column, as the file has it.", required=True)
    field = d.plain("The column as the format calls it, such as typical.", required=True)
    value = d.plain("What the cell holds.", required=True)
    messages = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "The message by language: en, fr, es."},
    )  # fmt: skip


class Import(d.Document):
    """What importing a file did, or would do."""

    imported = d.yes_no("Whether the list is stored now, as a draft.", required=True)
    price_list = d.one(PriceList, "The list; null for a dry run.", required=True, allow_none=True)
    prices = d.number("How many prices can be used.", required=True)
    problems = d.many(CellProblem, "Mistakes and warnings, each at its cell.", required=True)
