"""A table of payments: what was approved, readable again, the same bytes, no formula."""

import io
import json
from dataclasses import replace
from importlib import resources

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.answers import mobile_money as answers
from payments.batches import CreditTransfer, PayeeAccount
from payments.errors import InvalidProfile, RefusedTransfers
from payments.rails import table_file
from payments.rails.profiles import TableProfile, profile, read_profile
from pricing.money import Money

FORMS = ("table_csv", "table_xlsx")


def transfer(number=1, minor=85_390, currency="XOF", **changed):
    uetr = f"{number:08x}-0000-4000-8000-000000000000"
    made = CreditTransfer(
        f"p{number}", f"RUN-1-{number:04d}", uetr, "x", "Sabi Orou", PayeeAccount("wallet", "2290197000001", "MTN"),
        Money(minor, currency), "RF18539007547034", "Copargo", "BJ",
    )  # fmt: skip
    return replace(made, **changed)


@pytest.mark.parametrize("name", FORMS)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**14), st.sampled_from(["XOF", "EUR", "TND"])), min_size=1, max_size=5
    )
)
def test_what_is_written_is_read_again_and_is_the_same_each_time(name, amounts):
    rows = [transfer(n, minor, currency) for n, (minor, currency) in enumerate(amounts)]
    rail = profile(name)
    written = table_file.write(rows, rail)
    assert [r.amount for r in table_file.read_rows(written.content, rail)] == [t.amount for t in rows]
    totals = table_file.read_totals(written.content, rail)
    assert (totals.count, totals.total_minor) == (written.count, written.total_minor)
    assert table_file.write(rows, rail).sha256 == written.sha256


@pytest.mark.parametrize("name", FORMS)
def test_no_cell_is_a_formula(name):
    rows = [transfer(1, payee_name="=cmd"), transfer(2, payee_name="@SUM(A1)")]
    content = table_file.write(rows, profile(name)).content
    if name == "table_csv":
        cells = [c for line in content.decode().splitlines() for c in line.split(";")]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        found = [c for row in sheet.iter_rows() for c in row if c.value is not None]
        assert {c.data_type for c in found} == {"s", "n"}
        cells = [c.value for c in found if c.data_type == "s"]
    assert not [c for c in cells if str(c).startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_workbook_takes_no_amount_that_a_double_cannot_hold():
    with pytest.raises(RefusedTransfers):
        table_file.write([transfer(1, 10**15)], profile("table_xlsx"))


@pytest.mark.parametrize("name", FORMS)
def test_what_a_file_cannot_say_is_refused(name):
    rail = profile(name)
    wrong = [
        transfer(1, 0), transfer(2, payee_name="李"), transfer(3, end_to_end_id="=1"),
        transfer(4, account=PayeeAccount("wallet", "not a number")),
    ]  # fmt: skip
    with pytest.raises(RefusedTransfers) as refused:
        table_file.write(wrong, rail)
    assert {p.place for p in refused.value.problems} >= {"p1", "p3", "p4"}
    with pytest.raises(RefusedTransfers):
        table_file.write([], rail)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\x00" * 50])
def test_another_file_is_no_table(content):
    with pytest.raises(RefusedTransfers):
        table_file.read_rows(content, profile("table_xlsx"))


def test_the_limits_of_a_table_hold():
    rail = replace(profile("table_csv"), rows_max=1)
    with pytest.raises(RefusedTransfers):
        table_file.write([transfer(1), transfer(2)], rail)


def test_the_answer_is_read_as_of_a_mobile_money_company():
    found = answers.read(
        b"Reference;Result;Reason\r\nRUN-1-0001;PAID;\r\nRUN-1-0002;rejete;wrong account\r\nRUN-1-0003;what;\r\n",
        profile("table_csv"),
    )
    assert [i.outcome for i in found.items] == ["settled", "rejected", "pending"]


def document(**changed):
    text = (resources.files("payments.rails.profiles") / "table_csv.json").read_text("utf-8")
    return json.dumps(json.loads(text) | changed)


def test_a_table_profile_has_columns_of_its_own():
    columns = [
        {"header": h, "content": c} for h, c in (("IBAN", "account"), ("Sum", "amount"), ("Ref", "reference"))
    ]
    rail = read_profile("own", document(columns=columns, currencies=["XOF"]))
    assert isinstance(rail, TableProfile)
    text = table_file.write([transfer()], rail).content.decode()
    assert text == "IBAN;Sum;Ref\r\n2290197000001;85390;RUN-1-0001\r\n"


@pytest.mark.parametrize(
    "changed", [{"form": "ods"}, {"columns": []}, {"columns": [{"header": "x", "content": "secret"}]}]
)
def test_a_table_profile_that_makes_no_sense_is_refused(changed):
    with pytest.raises(InvalidProfile):
        read_profile("own", document(**changed))
