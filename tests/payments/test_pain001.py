import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import errors
from payments.batches import CreditTransfer, PayeeAccount
from payments.rails import pain001
from payments.rails.profiles import bank_profile
from pricing.money import Money

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
RIB = PayeeAccount("rib", "BJ0610100100144390000769")
WALLET = PayeeAccount("wallet", "2290197000001", "MTN")
IBAN = PayeeAccount("iban", "DE89370400440532013000", "COBADEFFXXX")
DEBTOR = pain001.Debtor("Fonds de Transformation du Bénin", RIB, "Cotonou", "BJ")


def transfer(number=1, **changes):
    values = {
        "payment_id": f"019a-{number:028x}",
        "end_to_end_id": f"RUN-{number}",
        "uetr": f"00000000-0000-4000-8000-{number:012x}",
        "payee_id": f"person{number}",
        "payee_name": "Séna Dossou-Yovo",
        "account": WALLET,
        "amount": Money(85390, "XOF"),
        "reference": "RF18539007547034",
        "town": "Copargo",
        "country": "BJ",
    }
    return CreditTransfer(**(values | changes))


def head(transfers, profile="uemoa_bank", name="B1-1"):
    return pain001.payment_information(
        name, transfers, execution_date=date(2026, 11, 23), debtor=DEBTOR, profile=bank_profile(profile)
    )


def written(transfers, profile="uemoa_bank", **changes):
    out = io.BytesIO()
    values = {
        "message_id": "BATCH-1",
        "created_at": NOW,
        "initiator": "Alfter",
        "groups": [(head(transfers, profile), transfers)],
    }
    report = pain001.write(out, **(values | changes))
    return out.getvalue(), report


def read(data):
    return list(pain001.read_transfers(io.BytesIO(data)))


def problems(data):
    return [p.code for p in pain001.validate(io.BytesIO(data))]


def test_a_franc_has_no_cents():
    data, _ = written([transfer()])
    assert b'<InstdAmt Ccy="XOF">85390</InstdAmt>' in data
    assert b"<CtrlSum>85390</CtrlSum>" in data


def test_euros_have_two_decimals():
    data, report = written([transfer(amount=Money(5, "EUR"), account=IBAN)], "sepa")
    assert b'<InstdAmt Ccy="EUR">0.05</InstdAmt>' in data
    assert b"<SvcLvl><Cd>SEPA</Cd></SvcLvl>" in data
    assert report.control_sum == Decimal("0.05")


def test_the_file_follows_the_official_schema_for_every_account_kind():
    transfers = [
        transfer(1, account=RIB),
        transfer(2, account=WALLET),
        transfer(3, account=PayeeAccount("iban", "BJ66BJ0610100100144390000769")),
        transfer(4, account=replace(RIB, agent="Bank of Africa Bénin"), reference="Réunion du 3 & 4"),
        transfer(5, account=replace(RIB, agent="AFRIBJBJ"), reference=""),
    ]
    data, report = written(transfers)
    assert pain001.validate(io.BytesIO(data)) == ()
    assert report.count == 5
    assert report.size == len(data)


def test_a_wallet_is_written_as_account_and_as_proxy():
    data, _ = written([transfer()])
    assert b"<Othr><Id>2290197000001</Id><SchmeNm><Prtry>MSISDN</Prtry></SchmeNm></Othr>" in data
    assert b"<Prxy><Tp><Cd>TELE</Cd></Tp><Id>2290197000001</Id></Prxy>" in data


def test_a_reference_of_the_standard_travels_structured_any_other_as_text():
    structured, _ = written([transfer()])
    assert b"<Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp><Ref>RF18539007547034</Ref>" in structured
    free, _ = written([transfer(reference="Réunion <village> & fête")])
    assert b"<Ustrd>Reunion .village. + fete</Ustrd>" in free


def test_the_same_batch_gives_the_same_bytes_in_every_time_zone():
    transfers = [transfer(n) for n in range(1, 30)]
    data, report = written(transfers)
    again, report_again = written(
        transfers,
        created_at=NOW.astimezone(timezone(timedelta(hours=1))),
        groups=iter([(head(transfers), iter(transfers))]),
    )
    assert data == again
    assert report == report_again
    assert report.sha256.startswith("c17b46dcdf2a")


text = st.text(min_size=1, max_size=80)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**12), text, text, st.sampled_from([RIB, WALLET])), min_size=1, max_size=8
    ),
    st.sampled_from(["XOF", "EUR", "TND"]),
)
def test_what_is_read_back_is_what_was_given(rows, currency):
    transfers = [
        transfer(
            n, amount=Money(minor, currency), payee_name="K " + name, reference=reference, account=account
        )
        for n, (minor, name, reference, account) in enumerate(rows, 1)
    ]
    profile = replace(bank_profile("uemoa_bank"), currencies=frozenset())
    group = replace(head(transfers), profile=profile)
    data, report = written(transfers, groups=[(group, transfers)])
    assert pain001.validate(io.BytesIO(data)) == ()
    assert [(t.end_to_end_id, t.uetr, t.amount, t.account) for t in read(data)] == [
        (t.end_to_end_id, t.uetr, t.amount, t.account.identifier) for t in transfers
    ]
    totals = pain001.read_totals(io.BytesIO(data))
    assert totals.count == report.count == len(rows)
    assert totals.total_minor == {currency: sum(t.amount.minor for t in transfers)}


def test_a_file_may_have_groups_of_several_currencies():
    francs, euros = [transfer(1), transfer(2)], [transfer(3, amount=Money(1050, "EUR"), account=IBAN)]
    groups = [(head(francs), francs), (head(euros, "sepa", "B1-2"), euros)]
    data, report = written(francs, groups=groups)
    assert report.control_sum == Decimal("170790.50")
    assert problems(data) == []
    assert pain001.read_totals(io.BytesIO(data)).total_minor == {"XOF": 170780, "EUR": 1050}


def test_transfers_that_differ_from_the_announced_sum_are_not_sent():
    transfers = [transfer(1), transfer(2)]
    for other in (
        transfers[:1],
        [*transfers, transfer(3)],
        [transfer(1), transfer(2, amount=Money(1, "XOF"))],
    ):
        with pytest.raises(errors.ControlSumMismatch):
            written(transfers, groups=[(head(transfers), other)])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"end_to_end_id": "a//b"}, "invalid-identification"),
        ({"end_to_end_id": "</EndToEndId>"}, "invalid-identification"),
        ({"uetr": "0197a0a0-0000-7000-8000-000000000001"}, "invalid-identification"),
        ({"payment_id": "<x>"}, "invalid-identification"),
        ({"payee_name": "محمد"}, "incomplete-payee"),
        ({"town": " "}, "incomplete-payee"),
        ({"country": "<>"}, "incomplete-payee"),
        ({"account": PayeeAccount("rib", "<Id>")}, "account-not-on-rail"),
        ({"amount": Money(10**18, "XOF")}, "amount-not-payable"),
        ({"amount": Money(0, "XOF")}, "amount-not-payable"),
    ],
)
def test_a_transfer_that_cannot_be_written_refuses_the_file(change, code):
    with pytest.raises(errors.RefusedTransfers) as caught:
        written([transfer(1), transfer(2, **change)])
    assert [p.code for p in caught.value.problems] == [code]
    assert caught.value.problems[0].place == transfer(2, **change).payment_id


def test_all_refusals_come_at_once_up_to_a_hundred():
    with pytest.raises(errors.RefusedTransfers) as caught:
        written([transfer(n, town="") for n in range(1, 1200)])
    assert len(caught.value.problems) == 100


def test_a_rail_takes_its_accounts_currencies_and_amounts_only():
    with pytest.raises(errors.RefusedTransfers) as caught:
        written([transfer()], "sepa")
    assert [p.code for p in caught.value.problems] == ["currency-not-on-rail"]
    with pytest.raises(errors.RefusedTransfers) as caught:
        written([transfer(amount=Money(5, "EUR"))], "sepa")
    assert [p.code for p in caught.value.problems] == ["account-not-on-rail"]
    with pytest.raises(errors.RefusedTransfers) as caught:
        written([transfer(amount=Money(10**12, "EUR"), account=IBAN)], "sepa")
    assert [p.code for p in caught.value.problems] == ["amount-outside-limits"]


@pytest.mark.parametrize(
    "change",
    [{"message_id": ""}, {"message_id": "<x>"}, {"message_id": "a" * 36}, {"initiator": ""}, {"groups": []}],
)
def test_a_header_that_cannot_be_written_refuses_the_file(change):
    with pytest.raises(errors.RefusedTransfers):
        written([transfer()], **change)


def test_a_file_has_transfers_and_a_time_zone():
    with pytest.raises(errors.RefusedTransfers):
        head([])
    with pytest.raises(errors.NaiveTime):
        written([transfer()], created_at=NOW.replace(tzinfo=None))


MUTATIONS = {
    "uetr": (
        rb"<UETR>[^<]*</UETR>",
        b"<UETR>0197a0a0-0000-7000-8000-000000000001</UETR>",
        "not-valid-pain001",
    ),
    "iban": (
        rb"<Ctry>BJ</Ctry></PstlAdr></Cdtr>",
        b"<Ctry>Benin</Ctry></PstlAdr></Cdtr>",
        "not-valid-pain001",
    ),
    "order": (rb"<PmtMtd>TRF</PmtMtd>", b"", "not-valid-pain001"),
    "date": (rb"2026-11-23", b"23.11.2026", "not-valid-pain001"),
    "unknown element": (rb"<RmtInf>", b"<Tip>1</Tip><RmtInf>", "not-valid-pain001"),
    "long id": (rb"<EndToEndId>", b"<EndToEndId>" + b"x" * 35, "not-valid-pain001"),
    "decimals": (rb">85390</InstdAmt>", b">853.90</InstdAmt>", "wrong-decimals"),
    "currency": (rb'InstdAmt Ccy="XOF"', b'InstdAmt Ccy="XQQ"', "wrong-decimals"),
    "amount": (rb">85390</InstdAmt>", b">85391</InstdAmt>", "control-sum-mismatch"),
    "zero": (rb">85390</InstdAmt>", b">0</InstdAmt>", "amount-not-positive"),
    "count": (rb"<NbOfTxs>3<", b"<NbOfTxs>4<", "control-sum-mismatch"),
    "sum": (rb"<CtrlSum>256170<", b"<CtrlSum>256171<", "control-sum-mismatch"),
    "twice": (rb"RUN-2<", b"RUN-1<", "repeated-identifier"),
    "id": (rb"RUN-2<", b"/RUN-2<", "invalid-end-to-end-id"),
    "cut": (rb"</PmtInf>.*", b"", "unreadable-bank-file"),
    "last tag cut": (rb"</Document>\s*", b"", "unreadable-bank-file"),
    "doctype": (rb"<Document", b"<!DOCTYPE Document [<!ENTITY a 'b'>]><Document", "xml-doctype"),
    "other version": (rb"pain\.001\.001\.09", b"pain.001.001.08", "not-valid-pain001"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_file_is_refused(name):
    pattern, replacement, code = MUTATIONS[name]
    data, _ = written([transfer(n) for n in (1, 2, 3)])
    mutated, times = re.subn(pattern, lambda _: replacement, data, count=1, flags=re.DOTALL)
    assert times == 1
    assert problems(data) == []
    assert code in problems(mutated)


@pytest.mark.parametrize("data", [b"", b"<a/>", b"\x00\xff", b"hello", b"<a", "<é/>".encode("utf-16")])
def test_what_is_no_bank_file_is_refused_without_a_crash(data):
    assert problems(data)
    with pytest.raises(errors.RefusedTransfers):
        read(data)
    with pytest.raises(errors.RefusedTransfers):
        pain001.read_totals(io.BytesIO(data))


def test_entities_are_not_expanded():
    bomb = (
        b'<!DOCTYPE Document [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">&b;</Document>'
    )
    with pytest.raises(errors.RefusedTransfers) as caught:
        read(bomb)
    assert caught.value.problems[0].code == "xml-doctype"


def test_a_file_of_many_pieces_is_whole():
    transfers = [transfer(n) for n in range(1, 1502)]
    data, report = written(transfers)
    assert report.count == 1501
    assert [t.end_to_end_id for t in read(data)] == [t.end_to_end_id for t in transfers]
    assert problems(data) == []


# pain.001.001.03 ----------------------------------------------------------------------------------------


def old_file(*transfers):
    return written(list(transfers), "older_bank")


def old_transfer(number=1, **changes):
    return transfer(number, **({"account": RIB} | changes))


def test_an_older_bank_gets_the_older_message():
    data, report = old_file(old_transfer(1, account=replace(RIB, agent="AFRIBJBJ")), old_transfer(2))
    assert pain001.validate(io.BytesIO(data)) == ()
    assert b'xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"' in data
    assert b"<ReqdExctnDt>2026-11-23</ReqdExctnDt>" in data
    assert b"<BIC>AFRIBJBJ</BIC>" in data
    assert not re.search(rb"UETR|Prxy|BICFI", data)
    assert report.count == 2


def test_what_is_read_back_from_the_older_message_has_no_uetr():
    data, _ = old_file(old_transfer(1), old_transfer(2, amount=Money(5, "XOF")))
    assert [(t.end_to_end_id, t.uetr, t.amount.minor) for t in read(data)] == [
        ("RUN-1", "", 85390),
        ("RUN-2", "", 5),
    ]
    totals = pain001.read_totals(io.BytesIO(data))
    assert (totals.version, totals.count, totals.total_minor) == ("pain.001.001.03", 2, {"XOF": 85395})


def test_an_older_bank_takes_no_wallet():
    with pytest.raises(errors.RefusedTransfers) as caught:
        old_file(transfer(1, account=WALLET))
    assert [p.code for p in caught.value.problems] == ["account-not-on-rail"]


@pytest.mark.parametrize(
    ("pattern", "replacement", "code"),
    [
        (
            rb"</EndToEndId>",
            b"</EndToEndId><UETR>00000000-0000-4000-8000-000000000001</UETR>",
            "not-valid-pain001",
        ),
        (rb"<ReqdExctnDt>", b"<ReqdExctnDt><Dt>2026-11-23</Dt>", "not-valid-pain001"),
        (rb"pain\.001\.001\.03", b"pain.001.001.09", "not-valid-pain001"),
        (rb">85390</InstdAmt>", b">853.90</InstdAmt>", "wrong-decimals"),
        (rb"<NbOfTxs>2<", b"<NbOfTxs>3<", "control-sum-mismatch"),
        (rb"RUN-2<", b"RUN-1<", "repeated-identifier"),
    ],
)
def test_a_mutated_older_file_is_refused_by_its_own_schema(pattern, replacement, code):
    data, _ = old_file(old_transfer(1), old_transfer(2))
    mutated, times = re.subn(pattern, lambda _: replacement, data, count=1)
    assert times == 1
    assert code in problems(mutated)


def test_one_file_is_of_one_version():
    new, old = [transfer(1, account=RIB)], [old_transfer(2)]
    with pytest.raises(errors.RefusedTransfers) as caught:
        written(new, groups=[(head(new), new), (head(old, "older_bank", "B1-2"), old)])
    assert [p.code for p in caught.value.problems] == ["mixed-versions"]


def test_an_amount_in_another_element_is_no_amount():
    data, _ = written([transfer()])
    other = data.replace(
        b'<InstdAmt Ccy="XOF">85390</InstdAmt>',
        b'<EqvtAmt><Amt Ccy="XOF">85390</Amt><CcyOfTrf>EUR</CcyOfTrf></EqvtAmt>',
    )
    assert "wrong-decimals" in problems(other)


@pytest.mark.parametrize("written_amount", ["085390", "+85390", "85390.", "8539e1", " 85390 ", "85390.0"])
def test_an_amount_is_written_in_one_way_only(written_amount):
    data, _ = written([transfer()])
    assert problems(data.replace(b">85390</InstdAmt>", f">{written_amount}</InstdAmt>".encode()))


def test_hostile_counts_and_identifiers_are_problems_not_crashes():
    data, _ = written([transfer()])
    for pattern in (rb"(<NbOfTxs>)1", rb"(<CtrlSum>)85390", rb"(<UETR>)[^<]*", rb"(<EndToEndId>)[^<]*"):
        for value in (b"9" * 6000, b"//", b""):
            assert problems(re.sub(pattern, lambda m, v=value: m[1] + v, data))
