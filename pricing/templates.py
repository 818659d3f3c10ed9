"""The workbook a coordinator fills in: one row per item, prices left empty. Equal input gives equal bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

import xlsxwriter

from pricing.price_lists import Item

COLUMNS: Final = (
    "list", "region", "item", "name", "unit", "minimum", "typical", "maximum", "currency", "valid_from",
    "valid_to", "quality", "source", "observed_on", "observer",
)  # fmt: skip
HEADINGS: Final[Mapping[str, Mapping[str, str]]] = {
    language: dict(zip(COLUMNS, titles.split("|"), strict=True))
    for language, titles in {
        "en": "List|Region|Item|Name|Unit|Minimum|Typical price|Maximum|Currency|Valid from|Valid to|Quality|"
        "Source|Observed on|Observed by",
        "fr": "Liste|Région|Article|Désignation|Unité|Minimum|Prix courant|Maximum|Devise|Valable du|"
        "Valable jusqu'au|Qualité|Source|Observé le|Relevé par",
        "es": "Lista|Región|Artículo|Descripción|Unidad|Mínimo|Precio típico|Máximo|Moneda|Válido desde|"
        "Válido hasta|Calidad|Fuente|Observado el|Observado por",
    }.items()
}
PROBLEMS_HEADING: Final = {"en": "Problems", "fr": "Problèmes", "es": "Problemas"}
"""Of the column that a report adds and the importer does not read."""
MARKED: Final = {"en": "marked", "fr": "a-corriger", "es": "por-corregir"}
"""Ends the name of a marked workbook: prices.csv becomes prices-marked.xlsx and stays the list "prices"."""
_BANNERS: Final = {
    "en": "Fill in the prices. Leave rows empty for which there is no price here.",
    "fr": "Remplir les prix. Laisser vides les lignes pour lesquelles il n'y a pas de prix ici.",
    "es": "Rellene los precios. Deje vacías las filas para las que aquí no hay precio.",
}
CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Written into workbooks as their date, so that equal content gives equal bytes."""
_WIDTHS: Final = (14, 20, 18, 40, 8, 12, 14, 12, 10, 12, 12, 12, 24, 12, 20)


def template(
    items: Iterable[Item],
    region: str,
    *,
    list_code: str = "",
    currency: str = "",
    valid_from: date | None = None,
    language: str = "en",
) -> bytes:
    """An XLSX workbook with a row for each item in its usual unit; the importer reads it back."""
    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    workbook.set_properties({"created": CREATED})
    bold = workbook.add_format({"bold": True, "bottom": 1})
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    sheet = workbook.add_worksheet("prices")
    sheet.write_string(0, 0, _BANNERS.get(language, _BANNERS["en"]))
    headings = HEADINGS.get(language, HEADINGS["en"])
    for place, (column, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.write_string(1, place, headings[column], bold)
        sheet.set_column(place, place, width)
    sheet.freeze_panes(2, 4)
    last = 1
    for last, item in enumerate(items, start=2):
        name = item.names.get(language) or item.names.get("en", "")
        texts = {"list": list_code, "region": region, "item": item.code, "name": name, "unit": item.unit,
                 "currency": currency}  # fmt: skip
        for column, text in texts.items():
            sheet.write_string(last, COLUMNS.index(column), text)
        if valid_from is not None:
            moment = datetime(valid_from.year, valid_from.month, valid_from.day, tzinfo=UTC)
            sheet.write_datetime(last, COLUMNS.index("valid_from"), moment.replace(tzinfo=None), day)
    rule = {"validate": "decimal", "criteria": ">=", "value": 0}
    sheet.data_validation(2, COLUMNS.index("minimum"), max(last, 2), COLUMNS.index("maximum"), rule)
    workbook.close()
    return stream.getvalue()
