"""Reading ISO 20022 messages by local names: versions differ in what we do not need.

Source: ISO 20022 message definition reports of pain.002 and camt.052, .053, .054.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from lxml import etree

from pricing.errors import PricingError
from pricing.money import Money
from workflows import xml

LIMITS: Final = xml.Limits(size=100_000_000, depth=40, elements=3_000_000)
"""A status report for 100,000 transfers has about 60 MB and 2 million elements."""
TEXT_MAX: Final = 500
"""Characters kept of one text."""
PROBLEMS_MAX: Final = 100
"""Problems told of one file."""

MINOR_MAX: Final = 10**15
"""Minor units of one amount; a sum of many still fits into 64 bits."""
COUNT: Final = re.compile(r"[0-9]{1,15}")
DECIMAL: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,17})?")
_MESSAGE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3})\.([0-9]{3}\.[0-9]{2})")


def message_type(root: etree._Element) -> tuple[str, str]:
    """Message and version by the namespace: ("camt.053", "001.08"); ("", "") for anything else."""
    found = _MESSAGE.fullmatch(etree.QName(root).namespace or "")
    return ("", "") if found is None else (found[1], found[2])


def children(element: etree._Element, *path: str) -> Iterator[etree._Element]:
    """All children of that name; with more names, the children of the first of each step."""
    *steps, last = path
    start: etree._Element | None = element
    for name in steps:
        start = None if start is None else next(start.iterchildren(f"{{*}}{name}"), None)
    return iter(()) if start is None else start.iterchildren(f"{{*}}{last}")


def child(element: etree._Element, *path: str) -> etree._Element | None:
    """The first element along the path."""
    return next(children(element, *path), None)


def text(element: etree._Element, *path: str) -> str:
    """The stripped text at the end of the path; "" when there is none."""
    found = child(element, *path) if path else element
    return "" if found is None else (found.text or "").strip()[:TEXT_MAX]


def first_text(element: etree._Element, *paths: tuple[str, ...]) -> str:
    """The first text that is not empty."""
    return next((found for path in paths if (found := text(element, *path))), "")


def money(element: etree._Element) -> Money:
    """The amount of an element with a Ccy attribute; raises ValueError when it is none of its currency."""
    written = (element.text or "").strip()
    if not DECIMAL.fullmatch(written):
        raise ValueError(written[:40])
    try:
        read = Money.parse(written, element.get("Ccy", ""))
    except PricingError as error:
        raise ValueError(str(error)) from error
    if read.minor > MINOR_MAX:
        raise ValueError(written)
    return read


def day(element: etree._Element, name: str) -> date | None:
    """The date in a choice of Dt and DtTm; None when there is none that can be read."""
    written = first_text(element, (name, "Dt"), (name, "DtTm"))
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None
