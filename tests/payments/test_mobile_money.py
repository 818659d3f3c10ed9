import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import errors
from payments.batches import CreditTransfer, Limits, PayeeAccount
from payments.rails import mobile_money
from payments.rails.profiles import Column, mobile_money_profile
from pricing.money import Money

# a company that pays in fives, as hub2 and pawaPay publish for Côte d’Ivoire
PROFILE = replace(mobile_money_profile("mobile_money"), limits=Limits(100, 2_000_000, 5))
WALLET = PayeeAccount("wallet", "2290197000001", "MTN")


def transfer(number=1, **changes):
    values = {
        "payment_id": f"p{number}",
        "end_to_end_id": f"RUN-{number}",
        "uetr": f"00000000-0000-4000-8000-{number:012x}",
        "payee_id": f"person{number}",
        "payee_name": "Séna Dossou",
        "account": WALLET,
        "amount": Money(1500, "XOF"),
        "reference": "Réunion villageoise du 3 novembre",
        "town": "Copargo",
        "country": "BJ",
    }
    return CreditTransfer(**(values | changes))


def test_the_file_has_the_columns_of_its_profile():
    file = mobile_money.write([transfer()], PROFILE)
    assert file.content == (
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\r\n"
        b"BJ,MTN,XOF,2290197000001,1500,RUN-1,Reunion villageoise du,Sena Dossou\r\n"
    )
    assert (file.count, file.total_minor) == (1, {"XOF": 1500})


def test_the_same_transfers_give_the_same_bytes():
    transfers = [transfer(n) for n in range(1, 9)]
    assert mobile_money.write(transfers, PROFILE) == mobile_money.write(iter(transfers), PROFILE)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-Sena", "@SUM(1)", "\tx", "= 1"])
def test_no_cell_is_a_formula(name):
    file = mobile_money.write([transfer(payee_name=name, reference=name)], PROFILE)
    for row in csv.reader(io.StringIO(file.content.decode())):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_neutralised_name_is_read_back_as_it_was():
    file = mobile_money.write([transfer(payee_name="-Sena")], PROFILE)
    assert mobile_money.read_rows(file.content, PROFILE)[0].name == "-Sena"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(20, 400_000), st.text(max_size=80)), min_size=1, max_size=10))
def test_count_and_sum_recomputed_from_the_file_are_those_given(rows):
    transfers = [
        transfer(n, amount=Money(fives * 5, "XOF"), payee_name="K" + name, reference=name)
        for n, (fives, name) in enumerate(rows, 1)
    ]
    file = mobile_money.write(transfers, PROFILE)
    totals = mobile_money.read_totals(file.content, PROFILE)
    assert totals.count == file.count == len(rows)
    assert totals.total_minor == file.total_minor == {"XOF": sum(fives * 5 for fives, _ in rows)}
    assert [r.reference for r in mobile_money.read_rows(file.content, PROFILE)] == [
        t.end_to_end_id for t in transfers
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Money(95, "XOF")}, "amount-outside-limits"),
        ({"amount": Money(1501, "XOF")}, "amount-outside-limits"),
        ({"amount": Money(2_000_005, "XOF")}, "amount-outside-limits"),
        ({"amount": Money(1500, "EUR")}, "currency-not-on-rail"),
        ({"account": PayeeAccount("rib", "BJ0610100100144390000769", "MTN")}, "account-not-on-rail"),
        ({"account": replace(WALLET, identifier="+2290197000001")}, "account-not-on-rail"),
        ({"account": replace(WALLET, agent="")}, "no-telco"),
        ({"end_to_end_id": "-RUN"}, "invalid-end-to-end-id"),
        ({"end_to_end_id": "a,b\n"}, "invalid-end-to-end-id"),
        ({"payee_name": ""}, "invalid-name"),
        ({"end_to_end_id": "RUN-1"}, "repeated-identifier"),
    ],
)
def test_what_the_company_would_refuse_is_not_written(change, code):
    with pytest.raises(errors.RefusedTransfers) as caught:
        mobile_money.write([transfer(1), transfer(2, **change)], PROFILE)
    assert [(p.place, p.code) for p in caught.value.problems] == [("p2", code)]
    assert all(p.text() for p in caught.value.problems)


def test_a_file_has_at_least_one_row_and_not_too_many():
    for transfers, code in (([], "no-transfers"), ([transfer(n) for n in range(1, 1002)], "too-many-rows")):
        with pytest.raises(errors.RefusedTransfers) as caught:
            mobile_money.write(transfers, PROFILE)
        assert caught.value.problems[0].code == code


def test_a_company_may_want_other_columns_and_separators():
    columns = (Column("Téléphone", "msisdn"), Column("Montant", "amount"), Column("Réf", "reference"))
    other = replace(PROFILE, columns=columns, delimiter=";", line_end="\n", encoding="latin-1")
    file = mobile_money.write([transfer()], other)
    assert file.content == "Téléphone;Montant;Réf\n2290197000001;1500;RUN-1\n".encode("latin-1")
    assert mobile_money.read_totals(file.content, other).total_minor == {"XOF": 1500}


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"a,b\n1,2\n",
        b'Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\n"',
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\nBJ,MTN,XOF,229,1.5,R,D,N\n",
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\nBJ,MTN,XQQ,229,15,R,D,N\n",
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\nBJ,MTN,XOF,229,NaN,R,D,N\n",
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\nBJ,MTN,XOF,229,x,R,D,N\n",
        b"Country,Telco,Currency,MSISDN,Amount,Reference,Description,Name\nBJ,MTN\n",
    ],
)
def test_a_broken_file_is_refused_without_a_crash(content):
    with pytest.raises(errors.RefusedTransfers):
        mobile_money.read_totals(content, PROFILE)
