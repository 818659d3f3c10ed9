"""Answers that come as a workbook: the same columns as a CSV, nothing lost in silence, nothing unpacked unmeasured."""

import datetime
import io
import zipfile

import openpyxl
import pytest

from payments.answers import bank_files, mobile_money
from payments.rails.profiles import MobileMoneyProfile, names, profile
from pricing.money import Money

TABLE, WALLETS = profile("table_xlsx"), profile("mobile_money")
HEAD = ["Reference", "Result", "Reason", "Currency", "Amount"]
PAID = ["RUN-1-0001", "PAID", "", "XOF", 85_390]
REFUSED = ["RUN-1-0002", "rejete", "wrong account", "XOF", 500]


def book(*sheets, **hidden):
    """A workbook of sheets of rows; hidden: by title, the state of a sheet that is not shown and its rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    for title, (state, rows) in hidden.items():
        sheet = made.create_sheet(title)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(*sheets, rail=TABLE, **hidden):
    return mobile_money.read(book(*sheets, **hidden), rail)


def codes(found):
    return [p.code for p in found.problems]


def outcomes(found):
    return {i.end_to_end_id: i.outcome for i in found.items}


def test_a_workbook_is_read_by_the_same_columns_as_a_csv():
    text = "\r\n".join(";".join(map(str, row)) for row in (HEAD, PAID, REFUSED)).encode()
    assert read([HEAD, PAID, REFUSED]) == mobile_money.read(text, profile("table_csv"))
    assert outcomes(read([HEAD, PAID, REFUSED])) == {"RUN-1-0001": "settled", "RUN-1-0002": "rejected"}
    assert read([HEAD, PAID]).items[0].amount == Money(85_390, "XOF")


def test_a_wallet_company_may_answer_with_a_workbook():
    head = ["Status", "Reference", "Name registered", "Amount"]
    found = read([head, ["SUCCESS", "RUN-1", "Sabi Orou", 1500.0]], rail=WALLETS)
    assert found.problems == ()
    assert (found.items[0].amount, found.items[0].registered_name) == (Money(1500, "XOF"), "Sabi Orou")


def test_titles_may_stand_above_and_totals_below():
    found = read([["Bank of the North"], [], ["Answer of", datetime.date(2026, 4, 3)], HEAD, PAID, [],
                  [None, None, "Total", "XOF", 85_390]])  # fmt: skip
    assert outcomes(found) == {"RUN-1-0001": "settled"}
    assert codes(found) == ["row-left-out"]


def test_all_sheets_with_the_columns_are_read_and_another_is_told():
    found = read([HEAD, PAID], [["Notes"], ["Call us"]], [HEAD, REFUSED], [])
    assert len(found.items) == 2
    assert [(p.code, p.place) for p in found.problems] == [("sheet-not-read", "S1")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_says_nothing(state):
    lie = ["RUN-1-0001", "REJECTED", "", "XOF", 85_390]
    assert outcomes(read([HEAD, PAID], Old=(state, [HEAD, lie]))) == {"RUN-1-0001": "settled"}
    assert codes(read([["nothing"]], Old=(state, [HEAD, lie]))) == ["missing-column"]


def test_a_formula_without_a_value_is_told_and_not_taken_for_empty():
    for column in range(5):
        row = list(PAID)
        row[column] = "=A1"
        found = read([HEAD, row, REFUSED])
        assert [(p.code, p.severity, p.place) for p in found.problems] == [
            ("formula-without-value", "error", "S0 row 2")
        ]
        assert outcomes(found) == {"RUN-1-0002": "rejected"}


def test_a_formula_outside_the_columns_does_not_matter():
    assert read([[*HEAD, "Sum"], [*PAID, "=1+1"]]).problems == ()


@pytest.mark.parametrize(
    ("cell", "said"),
    [(85_390, "85390"), (85_390.0, "85390"), ("85390", "85390"), (0.1 + 0.2, "0.3"), (1e22, "1" + 22 * "0"),
     (True, "TRUE"), (datetime.datetime(2026, 4, 3, 9, 30), "2026-04-03T09:30:00"),
     (datetime.date(2026, 4, 3), "2026-04-03"), ("  x\n", "x"), (None, "")],
)  # fmt: skip
def test_cells_are_read_as_a_person_sees_them(cell, said):
    found = read([HEAD, ["RUN-1-0001", "PAID", cell, "", ""]])
    assert found.items[0].reason == said


@pytest.mark.parametrize("amount", [0.5, "1e3x", "85 390", 1e30, "NaN", datetime.date(2026, 1, 1)])
def test_an_amount_that_is_none_keeps_the_file_out(amount):
    found = read([HEAD, ["RUN-1-0001", "PAID", "", "XOF", amount]])
    assert [(p.code, p.severity) for p in found.problems] == [("unreadable-amount", "error")]
    assert found.items == ()


def test_two_columns_of_one_name_are_refused_in_both_forms():
    assert codes(read([[*HEAD, "Result"], [*PAID, "REJECTED"]])) == ["column-twice"]
    text = b"Reference;Result;Result\r\nRUN-1;PAID;REJECTED\r\n"
    assert codes(mobile_money.read(text, profile("table_csv"))) == ["column-twice"]


def test_the_same_payment_paid_and_refused_is_a_contradiction():
    assert codes(read([HEAD, PAID], [HEAD, ["RUN-1-0001", "REJECTED", "", "XOF", 85_390]])) == [
        "contradictory-answer"
    ]


def repacked(data, change):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return out.getvalue()


def bomb():
    """Half a megabyte that unpacks to 130."""
    return repacked(
        book([HEAD, PAID]), lambda name, data: b" " * 130_000_000 if name.endswith("styles.xml") else data
    )


def far_away():
    return repacked(book([HEAD, PAID]), lambda _, data: data.replace(b'r="E2"', b'r="XFD1048576"'))


GOOD = book([HEAD, PAID])
HOSTILE = {
    "cut off": (GOOD[:-200], "broken-workbook"), "only a sign": (b"PK\x03\x04", "broken-workbook"),
    "old": (b"\xd0\xcf\x11\xe0" + bytes(600), "old-workbook"), "bomb": (bomb(), "workbook-too-large"),
    "far away": (far_away(), "workbook-too-large"), "too large": (GOOD + bytes(20_000_001), "file-too-large"),
    "another zip": (repacked(GOOD, lambda n, d: d).replace(b"workbook.xml", b"w0rkb00k.xml"), "no-table"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_with_its_reason(name):
    data, code = HOSTILE[name]
    found = mobile_money.read(data, TABLE)
    assert (codes(found), found.problems[0].severity, found.items) == ([code], "fatal", ())
    assert [p.code for p in bank_files.read(data, profiles={"t": TABLE}).answer.problems] == [code]


def test_of_several_profiles_that_understand_it_best_reads_a_workbook():
    known = {n: p for n in names() if isinstance(p := profile(n), MobileMoneyProfile)}
    found = bank_files.read(GOOD, profiles=known)
    assert (found.message, outcomes(found.answer)) == ("xlsx", {"RUN-1-0001": "settled"})
    other = bank_files.read(book([["Something", "else"]]), profiles=known)
    assert codes(other.answer) == ["unknown-bank-file"]
