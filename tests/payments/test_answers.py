import io
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from payments import errors, simulated_bank
from payments.answers import mobile_money as mobile_answers
from payments.answers import pain002
from payments.answers.matching import AnswerItem, TransferIndex, match, match_answer, name_differs
from payments.batches import CreditTransfer, PayeeAccount
from payments.rails import mobile_money, pain001
from payments.rails.profiles import bank_profile, mobile_money_profile
from pricing.money import Money

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PROFILE = mobile_money_profile("mobile_money")


def transfer(number, **changes):
    values = {
        "payment_id": f"p-{number}",
        "end_to_end_id": f"RUN-{number}",
        "uetr": f"00000000-0000-4000-8000-{number:012x}",
        "payee_id": f"person{number}",
        "payee_name": "Séna Dossou",
        "account": PayeeAccount("wallet", "2290197000001", "MTN"),
        "amount": Money(1000 + 5 * number, "XOF"),
        "reference": "RF18539007547034",
        "town": "Copargo",
        "country": "BJ",
    }
    return CreditTransfer(**(values | changes))


TRANSFERS = [transfer(n) for n in range(1, 6)]


def bank_file(transfers=TRANSFERS):
    debtor = pain001.Debtor("Fonds", PayeeAccount("rib", "BJ0610100100144390000769"), "Cotonou", "BJ")
    head = pain001.payment_information(
        "B1-1",
        transfers,
        execution_date=date(2026, 11, 23),
        debtor=debtor,
        profile=bank_profile("uemoa_bank"),
    )
    out = io.BytesIO()
    pain001.write(out, message_id="B1", created_at=NOW, initiator="Alfter", groups=[(head, transfers)])
    return out.getvalue()


def report(**changes):
    return simulated_bank.status_report(bank_file(), message_id="S1", created_at=NOW, **changes)


def answer_of(group="", information="", transactions="", version="10"):
    return pain002.read(
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>S1</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>B1</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>B1-1</OrgnlPmtInfId>{information}{transactions}"
        f"</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>".encode()
    )


def transaction(status="ACSC", **fields):
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<TxInfAndSts>{elements}<TxSts>{status}</TxSts></TxInfAndSts>"


def outcomes(matches):
    return {t.payment_id: m.item.outcome for m in matches for t in m.transfers}


def test_the_simulated_bank_answers_each_transfer():
    answer = pain002.read(report(rejections={"RUN-2": "AC04"}, pending=["RUN-3"]))
    assert answer.problems == ()
    assert (answer.message_id, answer.original_message_id) == ("S1", "B1")
    assert [(i.status, i.outcome, i.reason) for i in answer.items] == [
        ("ACSC", "settled", ""),
        ("RJCT", "rejected", "AC04"),
        ("PDNG", "pending", ""),
        ("ACSC", "settled", ""),
        ("ACSC", "settled", ""),
    ]
    assert [i.amount for i in answer.items] == [t.amount for t in TRANSFERS]
    matches = match_answer(answer, TRANSFERS, message_id="B1")
    assert all(m.by == "uetr" and not m.name_differs for m in matches)
    assert [m.transfers for m in matches] == [(t,) for t in TRANSFERS]


def test_the_simulated_bank_always_says_the_same():
    assert report(rejections={"RUN-2": "AC04"}) == report(rejections={"RUN-2": "AC04"})


def test_the_simulated_bank_refuses_a_broken_file():
    with pytest.raises(errors.RefusedTransfers):
        simulated_bank.status_report(
            bank_file().replace(b">1005<", b">10.05<"), message_id="S", created_at=NOW
        )
    with pytest.raises(errors.NaiveTime):
        simulated_bank.status_report(bank_file(), message_id="S", created_at=NOW.replace(tzinfo=None))


@pytest.mark.conformance
@pytest.mark.parametrize("rejections", [{}, {"RUN-2": "AC04"}, {f"RUN-{n}": "AC01" for n in range(1, 6)}])
def test_the_simulated_report_follows_the_official_schema(rejections):
    schema = Path(__file__).parents[2].parent / "shared/data/iso20022/xsd/pain.002.001.10.xsd"
    if not schema.exists():
        pytest.skip("../shared is absent")
    etree.XMLSchema(etree.parse(str(schema))).assertValid(
        etree.fromstring(report(rejections=rejections, pending=["RUN-3"]))
    )


def test_reading_twice_or_shuffled_gives_the_same_matches():
    answer = pain002.read(report(rejections={"RUN-2": "AC04"}))
    shuffled = random.Random(4).sample(TRANSFERS, 5)
    once = match_answer(answer, TRANSFERS)
    twice = match_answer(pain002.read(report(rejections={"RUN-2": "AC04"})), shuffled)
    assert outcomes(once) == outcomes(twice)
    assert {m.item.natural_key for m in once} == {m.item.natural_key for m in twice}


def test_an_answer_repeated_in_one_file_counts_once():
    line = transaction(OrgnlEndToEndId="RUN-1")
    answer = answer_of(transactions=line + line)
    assert len(answer.items) == 1
    assert answer.problems == ()


def test_an_answer_that_contradicts_itself_is_a_problem():
    lines = transaction(OrgnlEndToEndId="RUN-1") + transaction("RJCT", OrgnlEndToEndId="RUN-1")
    assert [p.code for p in answer_of(transactions=lines).problems] == ["contradictory-answer"]


@pytest.mark.parametrize("version", ["03", "10"])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("ACSC", "settled"),
        ("ACCC", "settled"),
        ("RJCT", "rejected"),
        ("ACTC", "pending"),
        ("ACCP", "pending"),
        ("ACSP", "pending"),
        ("PDNG", "pending"),
    ],
)
def test_what_a_status_means(status, outcome, version):
    answer = answer_of(transactions=transaction(status, OrgnlEndToEndId="RUN-1"), version=version)
    assert [i.outcome for i in answer.items] == [outcome]
    assert answer.problems == ()


def test_an_unknown_status_is_no_failure():
    answer = answer_of(transactions=transaction("WHAT", OrgnlEndToEndId="RUN-1"))
    assert answer.items[0].outcome == "pending"
    assert [(p.code, p.severity) for p in answer.problems] == [("unknown-status", "warning")]


def test_a_rejection_of_the_whole_group_rejects_each_transfer():
    answer = answer_of(
        group="<OrgnlNbOfTxs>5</OrgnlNbOfTxs><OrgnlCtrlSum>5075</OrgnlCtrlSum><GrpSts>RJCT</GrpSts>"
    )
    matches = match_answer(answer, TRANSFERS, message_id="B1")
    assert [m.by for m in matches] == ["group"]
    assert set(outcomes(matches).values()) == {"rejected"}
    assert len(outcomes(matches)) == 5


@pytest.mark.parametrize(
    "group",
    [
        "<OrgnlNbOfTxs>4</OrgnlNbOfTxs><GrpSts>RJCT</GrpSts>",
        "<OrgnlNbOfTxs>5</OrgnlNbOfTxs><OrgnlCtrlSum>5076</OrgnlCtrlSum><GrpSts>RJCT</GrpSts>",
    ],
)
def test_a_group_of_another_count_or_sum_is_for_a_human(group):
    matches = match_answer(answer_of(group=group), TRANSFERS, message_id="B1")
    assert [m.by for m in matches] == ["unmatched"]
    assert outcomes(matches) == {}


def test_a_group_without_count_needs_the_id_of_the_message():
    answer = answer_of(group="<GrpSts>RJCT</GrpSts>")
    assert len(outcomes(match_answer(answer, TRANSFERS, message_id="B1"))) == 5
    assert outcomes(match_answer(answer, TRANSFERS, message_id="B2")) == {}
    assert outcomes(match_answer(answer, TRANSFERS)) == {}


def test_a_transaction_is_believed_more_than_its_group():
    answer = answer_of(
        group="<GrpSts>PART</GrpSts>",
        information="<OrgnlNbOfTxs>5</OrgnlNbOfTxs><PmtInfSts>ACSC</PmtInfSts>",
        transactions=transaction("RJCT", OrgnlEndToEndId="RUN-4"),
    )
    found = outcomes(match_answer(answer, TRANSFERS, message_id="B1"))
    assert found.pop("p-4") == "rejected"
    assert found == {f"p-{n}": "settled" for n in (1, 2, 3, 5)}


def test_part_alone_says_nothing_about_those_not_named():
    answer = answer_of(group="<GrpSts>PART</GrpSts>", transactions=transaction("RJCT", OrgnlInstrId="p4"))
    assert outcomes(match_answer(answer, TRANSFERS, message_id="B1")) == {"p-4": "rejected"}


def item(**fields):
    return AnswerItem("transaction", "ACSC", "settled", **fields)


def test_the_order_of_matching_is_uetr_end_to_end_id_instruction_id():
    one = TRANSFERS[0]
    assert match(item(uetr=one.uetr.upper()), TRANSFERS).by == "uetr"
    assert match(item(end_to_end_id="RUN-1", uetr="f" * 36), TRANSFERS).by == "end_to_end_id"
    assert match(item(end_to_end_id="NOTPROVIDED", instruction_id="p1"), TRANSFERS).by == "instruction_id"
    assert match(item(end_to_end_id="NOTPROVIDED"), TRANSFERS).by == "unmatched"
    assert match(item(), TransferIndex(TRANSFERS)).by == "unmatched"


@pytest.mark.parametrize(
    "fields",
    [
        {"uetr": TRANSFERS[0].uetr, "end_to_end_id": "RUN-2"},
        {"uetr": TRANSFERS[0].uetr, "end_to_end_id": "SOMEBODY-ELSE"},
        {"end_to_end_id": "RUN-1", "amount": Money(1006, "XOF")},
        {"end_to_end_id": "RUN-1", "amount": Money(1005, "EUR")},
    ],
)
def test_a_contradiction_makes_a_candidate_of_a_match(fields):
    found = match(item(**fields), TRANSFERS)
    assert (found.by, found.transfers, found.candidates) == ("unmatched", (), (TRANSFERS[0],))


def test_an_unknown_payment_of_the_same_amount_is_shown_to_a_human():
    found = match(item(end_to_end_id="X", amount=Money(1010, "XOF")), TRANSFERS)
    assert (found.by, found.candidates) == ("unmatched", (TRANSFERS[1],))


def test_count_and_sum_of_a_group_are_read_exactly():
    answer = answer_of(information="<OrgnlCtrlSum>0.1</OrgnlCtrlSum><PmtInfSts>ACCP</PmtInfSts>")
    assert answer.items[0].control_sum == Decimal("0.1")


@pytest.mark.parametrize("amount", ["x", "1.5", "-5", "1e3", "", "9" * 40, "NaN"])
def test_an_amount_that_cannot_be_read_is_a_problem_and_not_applied(amount):
    text = f'<OrgnlTxRef><Amt><InstdAmt Ccy="XOF">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    answer = answer_of(
        transactions=f"<TxInfAndSts><OrgnlEndToEndId>RUN-1</OrgnlEndToEndId><TxSts>ACSC</TxSts>{text}</TxInfAndSts>"
    )
    assert answer.items == ()
    assert [p.code for p in answer.problems] == ["unreadable-amount"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<a/>",
        b"<Document><CstmrPmtStsRpt/></Document>",
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"/>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"\xff\xfe\x00",
        bank_file(),
    ],
)
def test_what_is_no_report_gives_one_fatal_problem(data):
    answer = pain002.read(data)
    assert answer.items == ()
    assert [p.severity for p in answer.problems] == ["fatal"]
    assert answer.problems[0].text()


def test_a_report_that_answers_nothing_is_a_problem():
    empty = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt/></Document>'
    assert [p.code for p in pain002.read(empty).problems] == ["no-original-message"]


def bulk_file():
    return mobile_money.write(TRANSFERS, PROFILE).content


def test_the_simulated_company_answers_each_payment():
    result = simulated_bank.mobile_money_result(
        bulk_file(),
        PROFILE,
        failures={"RUN-2": "NAME_MISMATCH"},
        registered_names={"RUN-2": "KOFFI Mensah"},
        pending=["RUN-3"],
    )
    answer = mobile_answers.read(result, PROFILE)
    assert answer.problems == ()
    matches = match_answer(answer, TRANSFERS)
    assert all(m.by == "end_to_end_id" for m in matches)
    assert list(outcomes(matches).values()) == ["settled", "rejected", "pending", "settled", "settled"]
    assert [m.name_differs for m in matches] == [False, True, False, False, False]
    assert answer.items[1].reason == "NAME_MISMATCH"
    assert answer.items[1].registered_name == "KOFFI Mensah"


HEADER = b"Reference,Status,Reason,Name registered,Amount\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "missing-column"),
        (b"Ref;State\n", "missing-column"),
        (HEADER + b'"RUN-1,FAILED', "unreadable-csv"),
        (HEADER + b"\xe9", "wrong-encoding"),
        (HEADER + b"RUN-1\n", "wrong-number-of-cells"),
        (HEADER + b"RUN-1,SUCCESS,,,1500,extra\n", "wrong-number-of-cells"),
        (HEADER + b",SUCCESS,,,1500\n", "empty-cell"),
        (HEADER + b"RUN-1,,,,1500\n", "empty-cell"),
        (HEADER + b"RUN-1,SUCCESS,,,15.5\n", "unreadable-amount"),
        (HEADER + b"RUN-1,SUCCESS,,,1e999999999\n", "unreadable-amount"),
        (HEADER + b"RUN-1,SUCCESS,,,NaN\n", "unreadable-amount"),
        (HEADER + b"RUN-1,SUCCESS,,,\nRUN-1,FAILED,x,,\n", "contradictory-answer"),
        (HEADER + b"x" * 200_000 + b",SUCCESS,,,1\n", "unreadable-csv"),
    ],
)
def test_a_broken_result_file_gives_problems_not_a_crash(data, code):
    answer = mobile_answers.read(data, PROFILE)
    assert code in [p.code for p in answer.problems]
    assert all(p.text() for p in answer.problems)


def test_an_unknown_word_of_the_company_is_pending():
    answer = mobile_answers.read(HEADER + b"RUN-1,en cours,,,\n", PROFILE)
    assert answer.items[0].outcome == "pending"
    assert [p.severity for p in answer.problems] == ["warning"]


def test_a_result_file_that_is_too_large_is_not_read():
    data = HEADER + b"x" * mobile_answers.SIZE_MAX
    assert [p.code for p in mobile_answers.read(data, PROFILE).problems] == ["file-too-large"]


@pytest.mark.parametrize(
    ("registered", "expected", "differs"),
    [
        ("DOSSOU SENA", "Séna Dossou", False),
        ("Dossou-Yovo, Séna", "Sena Dossou Yovo", False),
        ("Sena Marie Dossou", "Sena Dossou", False),
        ("Sena", "Sena Dossou", True),
        ("Koffi Mensah", "Sena Dossou", True),
    ],
)
def test_names_are_compared_as_people_do(registered, expected, differs):
    assert name_differs(registered, expected) is differs
