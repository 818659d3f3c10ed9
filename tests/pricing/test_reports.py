import io
from datetime import date

import openpyxl
import pytest

from pricing.importers import read_price_list
from pricing.price_lists import Item
from pricing.regions import Region, RegionTree
from pricing.reports import annotated, report
from pricing.templates import MARKED

PLACES = RegionTree([Region("BJ", None, "country", {"fr": "Bénin"})])
ITEMS = [
    Item("FEE", "DAY", "honorarium", {"fr": "Facilitateur"}),
    Item("RICE", "KGM", "catering", {"fr": "Riz"}),
]
FILE = (
    "Prix du Bénin;;;;;\n"
    "Région;Article;Prix;Devise;Valable du;Unité\n"
    "BJ;FEE;cher;XOF;01/01/2026;DAY\n"
    "BJ;RICE;600,5;XOF;32/01/2026;LTR\n"
    "BJ;GOLD;1;XOF;01/01/2026;\n"
)


def read(data):
    return read_price_list(data, filename="prices.csv", items=ITEMS, regions=PLACES)


def sheet(data, name="prices"):
    return openpyxl.load_workbook(io.BytesIO(data))[name]


def test_each_problem_is_told_with_its_cell():
    lines = report(read(FILE.encode()).problems)
    assert [(p.row, p.column, p.field, p.code, p.value) for p in lines] == [
        (3, "Prix", "typical", "not-a-number", "cher"),
        (4, "Unité", "unit", "unit-not-convertible", "LTR"),
        (4, "Valable du", "valid_from", "bad-date", "32/01/2026"),
        (5, "Article", "item", "unknown-item", "GOLD"),
    ]
    assert all(line.message and line.severity == "error" for line in lines)


def test_the_workbook_marks_each_faulty_cell_in_its_own_row():
    found = sheet(annotated(FILE.encode(), read(FILE.encode()).problems, language="fr"))
    marked = {c.coordinate for row in found for c in row if c.fill.fgColor.rgb == "FFF6C7C3"}
    assert marked == {"C3", "E4", "F4", "B5"}
    assert "cher is not a number" in found["C3"].comment.text
    assert (found["G2"].value, found["G3"].value) == ("Problèmes", found["C3"].comment.text)


def test_the_corrected_workbook_is_a_price_list_again():
    marked = annotated(FILE.encode(), read(FILE.encode()).problems)
    book = openpyxl.load_workbook(io.BytesIO(marked))
    cells = book["prices"]
    cells["C3"], cells["E4"], cells["F4"], cells["B5"] = 15000, "31/01/2026", "KGM", None
    for column in "ACDE":
        cells[f"{column}5"] = None
    stream = io.BytesIO()
    book.save(stream)
    again = read(stream.getvalue())
    assert [p.code for p in again.problems if p.severity != "info"] == []
    assert [(r.row, r.item, r.typical, r.valid_from) for r in again.rows] == [
        (3, "FEE", 15000, date(2026, 1, 1)), (4, "RICE", 600.5, date(2026, 1, 31)),
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\0\0", b"PK\x03\x04broken", b"a,b\n1,2"])
def test_a_file_that_cannot_be_read_still_gives_a_report(data):
    found = sheet(annotated(data, read(data).problems), "report")
    assert found["C2"].value in {"empty-file", "no-table", "broken-workbook", "no-header"}


def test_equal_files_give_equal_workbooks():
    problems = read(FILE.encode()).problems
    assert annotated(FILE.encode(), problems) == annotated(FILE.encode(), problems)


def test_a_formula_in_a_cell_stays_text():
    data = "Région;Article;Prix;Devise;Valable du\nBJ;=1+1;@x;XOF;01/01/2026\n".encode()
    found = sheet(annotated(data, read(data).problems))
    assert (found["B2"].value, found["B2"].data_type) == ("=1+1", "s")


def again(data, name="prices.csv", **more):
    """What a file says, and what its marked workbook says when it is sent again without a correction."""
    first = read_price_list(data, filename=name, items=ITEMS, regions=PLACES, **more)
    marked = annotated(data, first.problems)
    return first, read_price_list(marked, filename="prices-marked.xlsx", items=ITEMS, regions=PLACES, **more)


HEAD = "Région;Article;Prix;Devise;Valable du;Unité;Source\n"


@pytest.mark.parametrize(
    "rows",
    [
        "BJ;FEE;1,500;XOF;01/01/2026;DAY;\nBJ;RICE;2.500;XOF;01/01/2026;KGM;\n",
        'BJ;FEE;1 500 FCFA;XOF;01/01/2026;DAY;"two\nlines"\n1 rows;;;;;;\n',
        "BJ;FEE;1;XOF;01/01/2026;DAY;\nBJ;FEE;2;XOF;01/01/2026;DAY;\n",
        "BJ;FEE;=1+1;XOF;01/01/2026;DAY;=cmd|'/c calc'!A1\n",
        HEAD + "BJ;FEE;1;XOF;01/01/2026;DAY;\n",
        "BJ;GOLD;-1;EUR;01/01/26;KGM;\nNowhere;FEE;x;USD;;DAY;\n",
    ],
)  # fmt: skip
def test_a_marked_workbook_sent_again_says_the_same_of_the_same_list(rows):
    first, second = again((HEAD + rows).encode())
    assert second.rows == first.rows
    assert [(p.code, p.place) for p in second.problems if p.code != "unknown-column"] == [
        (p.code, p.place) for p in first.problems
    ]


def test_a_price_that_a_separator_divided_does_not_pass_the_second_time():
    head = "Région,Article,Devise,Valable du,Prix\n"
    first, second = again((head + "BJ,FEE,XOF,01/01/2026,1,500\n").encode())
    assert not first.usable
    assert not second.usable


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_a_marked_workbook_keeps_the_name_of_its_list(language):
    data = (HEAD + "BJ;FEE;1;XOF;01/01/2026;DAY;\n").encode()
    name = f"Prix 2026-{MARKED[language]} (2).xlsx"
    assert read_price_list(data, filename=name, items=ITEMS, regions=PLACES).rows[0].list == "Prix 2026"
