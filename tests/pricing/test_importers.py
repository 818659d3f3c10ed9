import io
import zipfile
from datetime import date
from fractions import Fraction

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.importers import read_price_list, template
from pricing.price_lists import Item, PriceRow
from pricing.regions import Region, RegionTree
from pricing.units import Packaging

PLACES = RegionTree([
    Region("BJ", None, "country", {"fr": "Bénin", "en": "Benin"}),
    Region("BJ-DO-COP", "BJ", "commune", {"fr": "Copargo"}),
])  # fmt: skip
ITEMS = [
    Item("FUEL.L", "LTR", "transport", {"en": "Petrol", "fr": "Essence", "es": "Gasolina"}),
    Item("NPK", "KGM", "inputs", {"en": "Fertiliser", "fr": "Engrais"}),
    Item("FEE", "DAY", "honorarium", {"fr": "Facilitateur"}),
]
HEAD = "list,region,item,unit,amount,currency,valid_from,valid_to"
GOOD = "L1,BJ,FUEL.L,LTR,700,XOF,2026-01-01,"


def read(data, filename="prices.csv", **options):
    data = data.encode() if isinstance(data, str) else data
    fields = {"items": ITEMS, "regions": PLACES, "packaging": [Packaging("NPK", "BG", "KGM", Fraction(50))]}
    return read_price_list(data, filename=filename, **{**fields, **options})


def lines(*rows, head=HEAD):
    return "\n".join([head, *rows])


def found(result):
    return [(p.code, p.place) for p in result.problems]


def codes(result):
    return [p.code for p in result.problems]


def workbook(*rows, merge=(), hidden=(), others=(), **options):
    """hidden, others: rows of another sheet before this one."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, **options})
    for before in (hidden, others):
        if before:
            sheet = book.add_worksheet()
            for number, row in enumerate(before):
                sheet.write_row(number, 0, row)
            if before is hidden:
                sheet.hide()
    sheet = book.add_worksheet()
    sheet.activate()
    sheet.set_first_sheet()
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value)
    for cells, value in merge:
        sheet.merge_range(cells, value)
    book.close()
    return stream.getvalue()


# --- what can be read ---------------------------------------------------------------------------------------


def test_a_clean_list_gives_its_rows():
    result = read(lines(GOOD, "L1,BJ-DO-COP,FEE,DAY,15000,XOF,2026-01-01,2026-12-31"))
    assert result.usable
    assert result.problems == ()
    assert [(r.row, r.item, r.typical, r.minimum, r.valid_to) for r in result.rows] == [
        (2, "FUEL.L", 700, 700, None), (3, "FEE", 15000, 15000, date(2026, 12, 31)),
    ]  # fmt: skip
    assert (result.counts.read, result.counts.prices) == (2, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_french_headings_names_and_encodings_are_understood(encoding):
    text = (
        "Liste des prix de la commune;;;;;;\n;;;;;;\n"
        "Région;Article;Unité;Prix unitaire;Devise;Valable à partir du;Désignation\n"
        "Copargo;Essence;litre;695,5;XOF;31/01/2026;été\n"
    )
    result = read(text.encode(encoding))
    assert result.problems == ()
    row = result.rows[0]
    assert (row.region, row.item, row.unit, row.typical) == ("BJ-DO-COP", "FUEL.L", "LTR", Fraction(1391, 2))
    assert (row.row, row.valid_from, row.list) == (4, date(2026, 1, 31), "prices")


def test_spanish_headings_and_tabs_are_understood():
    text = "Región\tArtículo\tUnidad\tPrecio\tMoneda\tVálido desde\nBJ\tGasolina\tlitro\t700\tXOF\t2026-01-01"
    assert read(text).usable


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1500", 1500), ("1 500", 1500), ("1\u00a0500", 1500), ("1\u202f500,50", Fraction(3001, 2)),
        ("1.234.567", 1234567), ("1,234,567.5", Fraction(2469135, 2)), ("1.234,5", Fraction(2469, 2)),
        ("0,125", Fraction(1, 8)), ("0.125", Fraction(1, 8)), ("12,50", Fraction(25, 2)), ("1'500", 1500),
        ("700 XOF", 700), ("700 F CFA", 700), ("+5", None), ("1e3", None), ("", None), ("abc", None),
        ("NaN", None), ("Infinity", None), ("--5", None), ("1,2,3", None), ("1.2.3", None), ("٣", None),
        ("7O0", None), ("9" * 50, None), ("1,234", None), ("=1+1", None), ("12,34,567.8", None),
    ],
)  # fmt: skip
def test_amounts_in_many_forms(written, amount):
    row = f'BJ,FUEL.L,LTR,"{written}",9,XOF,2026-01-01'
    result = read(lines(row, head="region,item,unit,amount,max,currency,valid_from").replace(",9,", ",,"))
    if amount is None:
        assert not result.usable
    else:
        assert [r.typical for r in result.rows] == [amount], codes(result)


def test_the_decimal_sign_of_the_file_settles_what_one_cell_leaves_open():
    french = lines(
        "L,BJ,FUEL.L,LTR,'695',XOF,2026-01-01,".replace("'695'", '"695,5"'),
        'L,BJ,NPK,KGM,"1,234",XOF,2026-01-01,',
    )
    assert read(french).rows[1].typical == Fraction(1234, 1000)
    alone = read(lines('L,BJ,NPK,KGM,"1,234",XOF,2026-01-01,'))
    assert found(alone) == [("ambiguous-number", "row 2, column typical")]


def test_numbers_and_dates_of_a_spreadsheet():
    book = workbook(
        ["Prix de Copargo"],
        ["Région", "Article", "Unité", "Min", "Prix", "Max", "Devise", "Valable du", "Observé le"],
        ["BJ", "FUEL.L", "LTR", 650, 695.5, 720.25, "XOF", 46023, "2026-01-05"],
    )
    result = read(book, "x.csv")  # the content decides, not the name
    assert result.problems == ()
    row = result.rows[0]
    assert (row.minimum, row.typical, row.maximum) == (650, Fraction(1391, 2), Fraction(2881, 4))
    assert (row.valid_from, row.observed_on) == (date(2026, 1, 1), date(2026, 1, 5))


def test_merged_cells_count_for_every_row_they_cover():
    head = ["region", "item", "unit", "amount", "currency", "valid_from"]
    rows = [
        [None, "FUEL.L", "LTR", 700, "XOF", "2026-01-01"],
        [None, "FEE", "DAY", 9000, "XOF", "2026-01-01"],
    ]
    result = read(workbook(head, *rows, merge=[("A2:A3", "BJ")]))
    assert [r.region for r in result.rows] == ["BJ", "BJ"]


def test_defaults_fill_what_the_file_leaves_out():
    result = read(
        "item,price\nFUEL.L,700",
        defaults={"region": "BJ", "currency": "XOF", "valid_from": "2026-01-01", "list": "L9"},
    )
    row = result.rows[0]
    assert (row.list, row.region, row.unit, row.currency) == ("L9", "BJ", "LTR", "XOF")


def test_a_footer_with_the_right_count_and_notes_below_it_end_the_table():
    for footer in ("1 rows", "Nombre de lignes : 1", "Total filas: 1"):
        result = read(lines(GOOD, f"{footer},,,,,,,", "Signed by the mayor,,,,,,,"))
        assert result.usable, codes(result)
        assert len(result.rows) == 1


# --- what is wrong, cell by cell ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("L,BJ,GOLD,LTR,1,XOF,2026-01-01,", ("unknown-item", "row 2, column item")),
        ("L,BJ,,LTR,1,XOF,2026-01-01,", ("unknown-item", "row 2, column item")),
        ("L,MARS,FUEL.L,LTR,1,XOF,2026-01-01,", ("unknown-region", "row 2, column region")),
        ("L,BJ,FUEL.L,KGM,1,XOF,2026-01-01,", ("unit-not-convertible", "row 2, column unit")),
        ("L,BJ,FUEL.L,bucket,1,XOF,2026-01-01,", ("unknown-unit", "row 2, column unit")),
        ("L,BJ,FUEL.L,LTR,abc,XOF,2026-01-01,", ("not-a-number", "row 2, column typical")),
        ("L,BJ,FUEL.L,LTR,-5,XOF,2026-01-01,", ("negative", "row 2, column typical")),
        ("L,BJ,FUEL.L,LTR,1,FRF,2026-01-01,", ("unknown-currency", "row 2, column currency")),
        ("L,BJ,FUEL.L,LTR,1 €,XOF,2026-01-01,", ("currency-mismatch", "row 2, column typical")),
        ("L,BJ,FUEL.L,LTR,1,XOF,31.02.2026,", ("bad-date", "row 2, column valid_from")),
        ("L,BJ,FUEL.L,LTR,1,XOF,12/31/2026,", ("bad-date", "row 2, column valid_from")),
        ("L,BJ,FUEL.L,LTR,1,XOF,,", ("missing-value", "row 2, column valid_from")),
        ("L,BJ,FUEL.L,LTR,1,XOF,2026-01-01,2025-01-01", ("bad-date", "row 2, column valid_to")),
        ("L,BJ,FUEL.L,LTR,1,XOF", ("row-shape", "row 2")),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_column(row, expected):
    result = read(lines(row))
    assert found(result) == [expected]
    assert result.rows == ()
    assert result.problems[0].text()


def test_a_problem_carries_row_heading_and_value():
    result = read("région;article;unité;montant;devise;valable du\nBJ;Esence;l;x;XOF;2026-01-01")
    unknown, number = result.problems
    assert dict(unknown.params) == {"row": 2, "column": "article", "value": "Esence", "hint": "FUEL.L"}
    assert number.params["column"] == "montant"


def test_all_mistakes_come_at_once_and_nothing_is_usable():
    result = read(lines("L,MARS,GOLD,x,y,Z,never,", GOOD))
    assert {p.place for p in result.problems} == {
        f"row 2, column {c}" for c in ("item", "region", "unit", "typical", "currency", "valid_from")
    }
    assert result.rows == ()
    assert not result.usable


def test_minimum_typical_and_maximum_must_rise():
    head = "region,item,unit,min,amount,max,currency,valid_from"
    result = read(
        lines("BJ,FUEL.L,LTR,800,700,900,XOF,2026-01-01", "BJ,FEE,DAY,1,5,4,XOF,2026-01-01", head=head)
    )
    assert found(result) == [
        ("range-order", "row 2, column minimum"),
        ("range-order", "row 3, column maximum"),
    ]


def test_duplicates_and_overlaps_name_the_first_row():
    overlap = "L1,BJ,FUEL.L,LTR,710,XOF,2026-06-01,"
    result = read(lines(GOOD, GOOD, overlap))
    assert found(result) == [("duplicate", "row 3, column item"), ("overlap", "row 4, column valid_from")]
    assert result.problems[0].params["first"] == 2


def test_prices_that_follow_each_other_do_not_overlap():
    ended = "L1,BJ,FUEL.L,LTR,700,XOF,2026-01-01,2026-05-31"
    assert read(lines(ended, "L1,BJ,FUEL.L,LTR,710,XOF,2026-06-01,")).problems == ()


def test_an_outlier_is_a_warning_that_does_not_stop_the_import():
    before = PriceRow(
        "L0", 1, "BJ", "NPK", "BG", Fraction(1), Fraction(17000), Fraction(1), "XOF", date(2025, 1, 1)
    )
    result = read(lines("L,BJ-DO-COP,NPK,KGM,3400,XOF,2026-01-01,"), existing=[before])
    assert found(result) == [("outlier", "row 2, column typical")]
    assert result.usable
    assert len(result.rows) == 1
    assert read(lines("L,BJ-DO-COP,NPK,KGM,400,XOF,2026-01-01,"), existing=[before]).problems == ()


def test_another_currency_than_the_lists_is_refused():
    assert found(read(lines(GOOD), currency="EUR")) == [("currency-mismatch", "row 2, column currency")]


def test_a_footer_with_another_count_means_a_cut_file():
    result = read(lines(GOOD, "Total rows: 3,,,,,,,"))
    assert found(result) == [("count-mismatch", "row 3")]
    assert (result.problems[0].params["stated"], result.problems[0].params["found"]) == (3, 1)


def test_missing_double_and_unknown_columns_are_said():
    result = read("item,article,price,wind\nFUEL.L,FUEL.L,700,x")
    assert codes(result).count("missing-column") == 3
    assert {"duplicate-column", "unknown-column"} <= set(codes(result))


def test_very_many_mistakes_are_cut_with_their_number():
    result = read(lines(*["L,MARS,GOLD,x,y,Z,never,"] * 600))
    assert len(result.problems) == 2001
    assert result.problems[-1].params["count"] == 600 * 6 - 2000


# --- hostile and broken files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b" \n \n", "empty-file"),
        (b"%PDF-1.7\n\x00\x01", "no-table"),
        (b"hello", "no-header"),
        (b"PK\x03\x04 but no archive", "broken-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old-workbook"),
        (b"x" * 20_000_001, "file-too-large"),
        (b'item,amount\n"' + b"y" * 200_000, "broken-csv"),
    ],
)
def test_a_file_that_is_no_table_is_one_fatal_problem(data, code):
    result = read(data)
    assert codes(result) == [code]
    assert not result.usable


def test_an_unclosed_quotation_mark_is_said():
    result = read(lines(GOOD, 'L1,BJ,"FEE,DAY,1,XOF,2026-01-01,\n' + GOOD))
    assert "row-shape" in codes(result)


def archive(parts, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return stream.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = archive({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * 130_000_000})
    assert len(bomb) < 200_000
    assert codes(read(bomb)) == ["workbook-too-large"]


def test_a_cell_a_billion_cells_away_is_refused():
    good = workbook(["item", "amount"], ["FUEL.L", 1])
    with zipfile.ZipFile(io.BytesIO(good)) as source:
        parts = {i.filename: source.read(i) for i in source.infolist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'r="B2"', b'r="XFD1048576"')
    assert codes(read(archive(parts))) == ["workbook-too-large"]


def test_one_long_text_repeated_very_often_is_refused():
    good = workbook(["item", "amount"], *[["z" * 30_000, 1] for _ in range(9000)])
    assert codes(read(good)) == ["workbook-too-large"]


def test_an_archive_of_thousands_of_parts_or_without_workbook_is_refused():
    assert codes(read(archive({f"p{i}": b"" for i in range(2500)}))) == ["workbook-too-large"]
    assert codes(read(archive({"word/document.xml": b"<x/>"}))) == ["no-table"]


def test_damaged_workbooks_are_problems_not_tracebacks():
    good = workbook(["item", "amount"], ["FUEL.L", 1])
    for cut in range(4, len(good), 97):
        assert codes(read(good[:cut])) == ["broken-workbook"]
    for place in range(30, len(good), 61):
        read(good[:place] + b"\xff\x00\x13" + good[place + 3 :])


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=' ;,\t|"\n0123456789-.€abcITEMitempricXOF', max_size=200))
def test_any_text_gives_problems_never_a_traceback(noise):
    result = read("item;amount\n" + noise)
    assert result.rows == () or result.usable


# --- the template -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_template_comes_back_filled_in(language):
    data = template(
        ITEMS, "BJ-DO-COP", list_code="L1", currency="XOF", valid_from=date(2026, 1, 1), language=language
    )
    empty = read(data, "t.xlsx")
    assert codes(empty) == ["no-prices"]
    assert empty.counts.unpriced == 3

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    book.active["G3"] = 700
    stream = io.BytesIO()
    book.save(stream)
    filled = read(stream.getvalue())
    assert [(r.list, r.region, r.item, r.typical, r.currency) for r in filled.rows] == [
        ("L1", "BJ-DO-COP", "FUEL.L", 700, "XOF")
    ]
    assert (filled.counts.read, filled.counts.unpriced, filled.counts.prices) == (3, 2, 1)
    assert filled.problems == ()


def test_equal_templates_have_equal_bytes():
    assert template(ITEMS, "BJ") == template(ITEMS, "BJ")
    assert template([Item("A", "C62", "x", {"en": '=HYPERLINK("http://x")'})], "BJ")


@pytest.mark.parametrize("cell", ["=A1", "=1+1", "", "?", "ZZZZ"])
@pytest.mark.parametrize("column", ["item", "region"])
def test_nothing_is_suggested_where_nothing_is_near(column, cell):
    row = GOOD.replace("FUEL.L" if column == "item" else "BJ", cell)
    [said] = [p for p in read(lines(row)).problems if p.code == f"unknown-{column}"]
    assert "Did you mean" not in said.text()


def test_what_is_near_is_suggested():
    [said] = [p for p in read(lines(GOOD.replace("FUEL.L", "Petrl"))).problems if p.code == "unknown-item"]
    assert "Did you mean FUEL.L?" in said.text()


# --- what strangers send ------------------------------------------------------------------------------------


def test_a_currency_in_the_heading_of_the_price_is_the_currency_of_the_list():
    result = read("region,item,price_xof,valid_from\nBJ,FUEL.L,700,2026-01-01")
    assert [(r.typical, r.currency) for r in result.rows] == [(700, "XOF")]
    result = read("Région;Article;Prix (FCFA);Valable du\nBJ;Essence;700;01/01/2026")
    assert [(r.typical, r.currency) for r in result.rows] == [(700, "XOF")]


@pytest.mark.parametrize(
    ("written", "unit", "price"),
    [
        ("5 KG", "KGM", 100),
        ("50 kg bag", "KGM", 10),
        ("500 G", "GRM", 1),
        ("2,5 kg", "KGM", 200),
        ("BG", "XBG", 500),
    ],
)
def test_a_price_of_several_units_is_the_price_of_one(written, unit, price):
    result = read(f"region;item;unit;price;currency;valid_from\nBJ;NPK;{written};500;XOF;2026-01-01")
    assert [(r.unit, r.typical) for r in result.rows] == [(unit, price)]


def test_a_column_that_is_missing_is_said_once_and_not_in_every_row():
    result = read("region,item,price,currency\nBJ,FUEL.L,700,XOF\nBJ,FEE,15000,XOF")
    assert found(result) == [("missing-column", "column valid_from")]
    assert result.rows == ()


def test_without_headings_the_first_row_is_shown():
    (problem,) = read("adm0_id,cm,cost\n1,Rice,700").problems
    assert problem.params["seen"] == "adm0_id, cm, cost"


def test_who_observed_a_price_is_kept():
    result = read(
        "region,item,price,currency,valid_from,observed on,observer\nBJ,FEE,1,XOF,2026-01-01,2025-12-24,Awa"
    )
    assert [(r.observed_on, r.observer) for r in result.rows] == [(date(2025, 12, 24), "Awa")]


def test_a_price_far_from_the_last_list_is_an_outlier_although_it_is_usual_above():
    above = PriceRow("L0", 1, "BJ", "FEE", "DAY", *[Fraction(15000)] * 3, "XOF", date(2025, 1, 1))
    older = PriceRow("L0", 2, "BJ-DO-COP", "FEE", "DAY", *[Fraction(15000)] * 3, "XOF", date(2024, 1, 1))
    last = PriceRow("L1", 1, "BJ-DO-COP", "FEE", "DAY", *[Fraction(4000)] * 3, "XOF", date(2025, 1, 1))
    text = lines("L,BJ-DO-COP,FEE,DAY,15000,XOF,2026-01-01,")
    (problem,) = read(text, existing=[above, older, last]).problems
    assert (problem.code, problem.params["usual"]) == ("outlier", "4000")
    assert "last list" in problem.message
    near = lines("L,BJ-DO-COP,FEE,DAY,4500,XOF,2026-01-01,")
    assert read(near, existing=[above, older, last]).problems == ()


@pytest.mark.parametrize("cell", ["9" * 5000, "x" * 30_000, "1," * 3000])
def test_endless_cells_are_only_wrong(cell):
    result = read(
        f"region;item;price;currency;valid_from\nBJ;FEE;{cell};XOF;2026-01-01\nBJ;{cell};1;XOF;{cell}"
    )
    assert not result.usable
    assert all(len(p.text()) < 400 for p in result.problems)


# --- what must not be lost in silence -----------------------------------------------------------------------

CELLS = HEAD.split(",")
ROW = ["L1", "BJ", "FUEL.L", "LTR", 987654, "XOF", "2026-01-01", ""]
OTHER = ["L1", "BJ", "NPK", "KGM", 700, "XOF", "2026-01-01", ""]


def changed(workbook, old, new):
    """A workbook with other bytes in its last sheet."""
    source, stream = zipfile.ZipFile(io.BytesIO(workbook)), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            target.writestr(
                name, source.read(name).replace(old, new) if "sheet1" in name else source.read(name)
            )
    return stream.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"<f>3+4</f>", "=3+4"),
        (b"<f>3+4</f><v></v>", "=3+4"),
        (b"<f>3&lt;4</f><v/>", "=3<4"),
        (b"<v>NaN</v>", "nan"),
        (b"<v>1e999</v>", "inf"),
    ],
)
def test_a_price_whose_formula_has_no_value_is_not_an_empty_price(value, shown):
    data = changed(workbook(CELLS, ROW, OTHER), b"<v>987654</v>", value)
    result = read(data)
    assert ("not-a-number", "row 2, column typical") in found(result)
    assert result.problems[0].params["value"] == shown


def test_a_price_whose_formula_failed_is_not_an_empty_price():
    good = workbook(CELLS, ROW, OTHER)
    data = changed(good, b'<c r="E2"><v>987654</v>', b'<c r="E2" t="e"><f>A9*2</f><v>#REF!</v>')
    assert read(data).problems[0].params["value"] == "#REF!"


def test_a_formula_counts_with_the_value_that_was_saved_and_an_empty_text_is_empty():
    good = workbook(CELLS, ROW, OTHER)
    saved = changed(good, b"<v>987654</v>", b"<f>3+4</f><v>7</v>")
    assert [row.typical for row in read(saved).rows] == [7, 700]
    empty = changed(good, b'<c r="E2"><v>987654</v>', b'<c r="E2" t="str"><f>IF(1,"")</f><v></v>')
    assert (read(empty).counts.unpriced, read(empty).usable) == (1, True)


def test_a_hidden_sheet_is_not_read():
    old = [[*CELLS, "source"], ["L1", "BJ", "FUEL.L", "LTR", 1, "XOF", "2020-01-01", "", "old"]]
    result = read(workbook(CELLS, ROW, hidden=old))
    assert [row.typical for row in result.rows] == [987654]


def test_prices_in_two_sheets_are_not_read_by_half():
    result = read(
        workbook(CELLS, ROW, others=[CELLS, ["L1", "BJ", "NPK", "KGM", 5, "XOF", "2026-01-01", ""]])
    )
    assert codes(result) == ["other-sheet"]
    assert read(workbook(CELLS, ROW, others=[CELLS])).usable


def test_prices_below_the_number_of_rows_are_not_dropped():
    result = read(
        lines(GOOD, "1 rows,,,,,,,", GOOD.replace("FUEL.L,LTR", "Engrais,KGM"), "Source: none,,,,,,,")
    )
    assert found(result) == [("below-footer", "row 4")]


@pytest.mark.parametrize("footer", ["1,839 rows", "Total : 1\u202f839 lignes", "1.839 filas", "Rows: 1839"])
def test_a_number_of_rows_may_have_separators(footer):
    result = read(workbook(CELLS, ROW, [footer]))
    assert [p.params["stated"] for p in result.problems] == [1839]


def test_a_reference_to_a_row_is_no_number_of_rows():
    assert read(workbook(CELLS, ROW, ["Voir ligne 12"])).usable


def test_headings_repeated_on_each_page_are_skipped():
    result = read(lines(GOOD, HEAD, GOOD.replace("FUEL.L,LTR", "NPK,KGM")))
    assert (codes(result), len(result.rows)) == (["repeated-heading"], 2)


def test_a_number_beside_the_table_is_asked_about_and_a_note_is_not():
    assert codes(read(workbook(CELLS, [*ROW, "asked on the market"]))) == []
    assert found(read(workbook(CELLS, [*ROW, 500]))) == [("without-heading", "row 2")]


def test_plain_numbers_of_days_count_from_1904_where_the_workbook_does():
    row = [*ROW[:6], 44561, ""]
    assert read(workbook(CELLS, row, date_1904=True)).rows[0].valid_from == date(2026, 1, 1)
    assert read(workbook(CELLS, row)).rows[0].valid_from == date(2021, 12, 31)


@pytest.mark.parametrize("year", ["0026", "1926", "2926"])
def test_a_year_that_must_be_a_slip_is_asked_back(year):
    assert codes(read(lines(GOOD.replace("2026", year)))) == ["bad-date"]


def test_hostile_markup_of_cells_is_read_in_linear_time():
    data = changed(workbook(CELLS, ROW), b"<v>987654</v>", b"<c " + b't="e" ' * 2_000_000)
    assert codes(read(data)) in (["broken-workbook"], ["workbook-too-large"])
