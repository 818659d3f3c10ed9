"""What the API's documents have in common: amounts, ids, texts, times, problems, pages.

Every document refuses unknown fields, so a misspelt one is told, not ignored. Amounts are whole minor units
with their currency; decimal numbers are texts, since JSON's numbers are floats to most programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from pricing.money import Money
from server.http import locale
from server.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from workflows.problems import Problem

Values = dict[str, Any]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
_LINE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
DECIMAL = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$"


class Document(ma.Schema):
    """The parent of every schema of the API."""

    class Meta:
        """Unknown fields are refused."""

        unknown = ma.RAISE


class Pattern(validate.Regexp):
    """A regular expression for the whole text; Python's own `$` would let a line feed through."""

    def __call__(self, value: Any) -> Any:  # noqa: ANN401
        if not self.regex.fullmatch(value):
            raise ma.ValidationError(self._format_error(value))
        return value


class MoneyText(fields.String):
    """An exact decimal number as text, in OpenAPI too: "12.30", "1500"."""


def line(maximum: int, description: str, *, minimum: int = 1, **options: Any) -> fields.String:  # noqa: ANN401
    """A text on one line."""
    checks = [validate.Length(minimum, maximum), Pattern(_LINE)]
    return fields.String(validate=checks, metadata={"description": description}, **options)


def text(maximum: int, description: str, **options: Any) -> fields.String:  # noqa: ANN401
    """A text of any number of lines."""
    checks = [validate.Length(0, maximum), Pattern(_TEXT)]
    return fields.String(validate=checks, metadata={"description": description}, **options)


def code(description: str, **options: Any) -> fields.String:  # noqa: ANN401
    """A code: letters, digits and . _ - only."""
    check = Pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    return fields.String(validate=check, metadata={"description": description}, **options)


def decimal(description: str, **options: Any) -> MoneyText:  # noqa: ANN401
    """A decimal number, not negative, as text."""
    return MoneyText(validate=Pattern(DECIMAL), metadata={"description": description}, **options)


def identifier(description: str, **options: Any) -> fields.UUID:  # noqa: ANN401
    """An id (UUID)."""
    return fields.UUID(metadata={"description": description}, **options)


def moment(description: str, **options: Any) -> fields.AwareDateTime:  # noqa: ANN401
    """A time with its offset, ISO 8601, UTC."""
    return fields.AwareDateTime(
        format="iso", default_timezone=UTC, metadata={"description": description}, **options
    )


def day(description: str, **options: Any) -> fields.Date:  # noqa: ANN401
    """A day of this century."""
    return fields.Date(
        validate=validate.Range(FIRST_DAY, LAST_DAY), metadata={"description": description}, **options
    )


def sha256(description: str, **options: Any) -> fields.String:  # noqa: ANN401
    """64 hexadecimal digits."""
    check = Pattern(r"^[0-9a-f]{64}$")
    return fields.String(validate=check, metadata={"description": description}, **options)


def word(words: Iterable[str], description: str, **options: Any) -> fields.String:  # noqa: ANN401
    """One of a few words."""
    return fields.String(
        validate=validate.OneOf(list(words)), metadata={"description": description}, **options
    )


def plain(description: str, **options: Any) -> fields.String:  # noqa: ANN401
    """A text we answer."""
    return fields.String(metadata={"description": description}, **options)


def number(description: str, **options: Any) -> fields.Integer:  # noqa: ANN401
    """A whole number we answer."""
    return fields.Integer(metadata={"description": description}, **options)


def yes_no(description: str, **options: Any) -> fields.Boolean:  # noqa: ANN401
    """True or false."""
    return fields.Boolean(metadata={"description": description}, **options)


def texts(description: str) -> fields.Dict:
    """A text in several languages: {"en": …, "fr": …, "es": …}."""
    return fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": description})


def many(schema: type[ma.Schema], description: str, **options: Any) -> fields.List[Any]:  # noqa: ANN401
    """A list of documents."""
    return fields.List(fields.Nested(schema), metadata={"description": description}, **options)


def one(schema: type[ma.Schema], description: str, **options: Any) -> fields.Nested:  # noqa: ANN401
    """A document within a document."""
    return fields.Nested(schema, metadata={"description": description}, **options)


class Amount(Document):
    """An amount of money."""

    minor = number("Whole minor units of the currency: 1500 for XOF 1500, 1230 for EUR 12.30.", required=True)
    currency = fields.String(
        required=True, validate=Pattern(r"^[A-Z]{3}$"), metadata={"description": "ISO 4217 code."}
    )
    text = MoneyText(required=True, metadata={"description": "The same in major units, as exact text."})


def amount(minor: int, currency: str) -> Values:
    """An amount as the API answers it."""
    return {"minor": minor, "currency": currency, "text": Money(minor, currency).text()}


class SingleProblem(Document):
    """One mistake and where it is."""

    code = plain("Stable name in kebab-case.", required=True)
    severity = plain("fatal, error, warning or info.", required=True)
    place = plain(
        "Where: an element of the diagram, a row and column, a field; empty for the whole.", required=True
    )
    message = plain("What is wrong and what to do, in the reader's language.", required=True)


def problem(found: Problem) -> Values:
    """A problem in the reader's language."""
    return {
        "code": found.code, "severity": found.severity, "place": found.place,
        "message": found.text(locale.current_catalogue().texts),
    }  # fmt: skip


class ProblemDocument(Document):
    """Why a request was refused (RFC 9457)."""

    type = plain("Address of the explanation.", required=True)
    title = plain("What happened and what to do, in the reader's language.", required=True)
    status = number("The HTTP status.", required=True)
    code = plain("Stable name of the error.", required=True)
    instance = plain("The address that was asked for.", required=True)
    problems = many(SingleProblem, "The single mistakes, when there are several.")


class PageQuery(Document):
    """Which part of a list is wanted."""

    limit = fields.Integer(
        strict=False, load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT),
        metadata={"description": "How many items at most."},
    )  # fmt: skip
    cursor = fields.String(
        load_default=None,
        validate=[validate.Length(1, 500), Pattern(r"^[A-Za-z0-9_-]+$")],
        metadata={"description": "`next` of the page before; leave it out for the first page."},
    )


class DryRunQuery(Document):
    dry_run = yes_no("Only check and say what would happen; nothing is stored.", load_default=False)


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a page of a list."""
    members = {
        "items": many(item, "The items of this page.", required=True),
        "next": plain("Cursor of the next page; null at the end.", required=True, allow_none=True),
        "__doc__": "A page of a list.",
    }
    return type(f"{item.__name__}Page", (Document,), members)


def is_line(value: str) -> bool:
    """Whether a text from elsewhere (a file's name) is one line without control characters."""
    return re.fullmatch(_LINE, value) is not None and "\n" not in value
