"""Answers as banks never should send them: cut off, of another kind, impossible, contradictory. Nothing is raised."""

import pytest

from payments.answers import bank_files, camt, pain002
from payments.answers.matching import Answer, AnswerItem, distinct_keys, match_answer, without_repetition
from pricing.money import Money
from tests.payments.test_answers import TRANSFERS, answer_of, transaction
from tests.payments.test_camt import balance, entry, file
from tests.payments.test_camt import transaction as detail

GOOD = {
    "camt": file(entry(inner=detail())),
    "pain": b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId>'
    b"</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>B1</OrgnlMsgId><GrpSts>ACSC</GrpSts></OrgnlGrpInfAndSts>"
    b"</CstmrPmtStsRpt></Document>",
}  # fmt: skip


def codes(data):
    found = bank_files.read(data)
    return [p.code for p in found.answer.problems]


def refused(data):
    """The codes of a file of which nothing may be used."""
    found = bank_files.read(data)
    assert found.answer.items == ()
    assert [p.severity for p in found.answer.problems] == ["fatal"]
    return codes(data)


@pytest.mark.parametrize("kind", GOOD)
def test_a_file_that_is_cut_off_anywhere_is_refused(kind):
    data = GOOD[kind]
    assert bank_files.read(data).answer.items
    for end in range(0, len(data) - 1, 7):
        found = bank_files.read(data[:end]).answer
        assert found.items == ()
        assert found.problems[0].severity == "fatal", data[:end]


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told_as_xml_of_another_encoding(kind, encoding):
    assert set(codes(GOOD[kind].decode().encode(encoding))) <= {"xml-encoding"}  # or it is read


@pytest.mark.parametrize("kind", GOOD)
def test_a_doctype_is_refused(kind):
    evil = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    assert refused(evil + GOOD[kind].replace(b"S</MsgId>", b"&b;</MsgId>")) == ["xml-doctype"]


@pytest.mark.parametrize(
    "name", ["", "urn:x", "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", "urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"]
)  # fmt: skip
@pytest.mark.parametrize("kind", GOOD)
def test_another_namespace_is_another_file(kind, name):
    old = GOOD[kind].split(b"urn:", 1)[1].split(b"'" if kind == "camt" else b'"', 1)[0]
    assert refused(GOOD[kind].replace(b"urn:" + old, name.encode())) == ["unknown-bank-file"]


def test_a_body_under_the_namespace_of_another_message_is_refused():
    swapped = GOOD["camt"].replace(b"camt.053", b"pain.002")
    assert refused(swapped) == ["not-pain002"]
    assert refused(GOOD["pain"].replace(b"pain.002.001.10", b"camt.053.001.08")) == ["not-camt"]


IMPOSSIBLE = [
    "-1500", "1500.0000001", "1500.5", "+1500", "1 500", "1,500", "1e3", "", "NaN", "٣", "1" * 19, "1" + 15 * "0" + "1",
]  # fmt: skip


@pytest.mark.parametrize("amount", IMPOSSIBLE)
def test_an_impossible_amount_keeps_the_file_out_wherever_it_stands(amount):
    found = camt.read(file(entry(amount=amount, inner=detail())))
    assert [(p.code, p.severity) for p in found.problems][:1] == [("unreadable-amount", "error")]
    # within an entry it would leave the reference alone to match by
    data = file(entry(inner=detail(amount="1500").replace(">1500<", f">{amount}<")))
    assert ("unreadable-amount", "error") in [(p.code, p.severity) for p in camt.read(data).problems]


@pytest.mark.parametrize("currency", ["", "XXX", "xof", "EURO"])
def test_an_unknown_currency_is_no_amount(currency):
    data = file(entry(inner=detail())).replace(b"Ccy='XOF'", f"Ccy='{currency}'".encode())
    assert next((p.code, p.severity) for p in camt.read(data).problems) == ("unreadable-amount", "error")


def test_a_balance_without_a_sign_is_not_taken_for_money():
    signless = balance("CLBD", "1500").replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")
    found = camt.read(file(balance("OPBD", "1500"), signless))
    assert [p.code for p in found.problems] == ["no-direction", "no-balance"]


def group(reference="B1", count="", total="", message=""):
    parts = (("MsgId", message), ("PmtInfId", reference), ("NbOfTxs", count))
    written = f"<TtlAmt Ccy='XOF'>{total}</TtlAmt>" if total else ""
    return "<Btch>" + "".join(f"<{k}>{v}</{k}>" for k, v in parts if v) + written + "</Btch>"


def test_a_batch_total_that_is_not_the_money_moved_settles_nothing():
    whole = sum(t.amount.minor for t in TRANSFERS)
    for inner in (
        group(count="5", total=str(whole)),
        group(count="5", total=str(whole)) + group("B2", "1", "3"),
    ):
        report = camt.read(file(entry(amount=str(whole - 1), inner=inner)))
        assert [p.code for p in report.problems if p.code != "no-balance"] == ["batch-does-not-add-up"]
        answer = camt.answer(report)
        assert [m.by for m in match_answer(answer, TRANSFERS)] == ["unmatched"]
        assert "B1" in answer.items[0].reason_text


def test_several_batches_in_one_entry_need_their_sums():
    inner = group(count="5") + group("B2", "1")
    (item,) = camt.answer(camt.read(file(entry(inner=inner)))).items
    assert (item.level, str(item.amount)) == ("transaction", "1500 XOF")
    summed = group(count="5", total="1000") + group("B2", "1", "500")
    assert len(camt.answer(camt.read(file(entry(inner=summed)))).items) == 2


def test_a_return_is_known_by_the_code_of_its_transaction_too():
    data = file(entry(direction="CRDT", inner=detail())).replace(b"DMCT", b"RRTN")
    assert [i.outcome for i in camt.answer(camt.read(data)).items] == ["returned"]


@pytest.mark.parametrize(
    ("direction", "reversal", "said"),
    [("CRDT", False, "returned"), ("DBIT", True, "settled"), ("DBIT", False, None), ("CRDT", True, None)],
)
def test_a_movement_the_wrong_way_round_is_doubtful(direction, reversal, said):
    (found,) = (
        camt.read(file(entry(direction=direction, reversal=reversal, inner=detail()))).statements[0].entries
    )
    assert [i.outcome for i in camt.doubtful(found)] == ([said] if said else [])
    assert len(list(camt.items(found))) == (said is None)


def test_two_transactions_without_a_name_are_two():
    nameless = [transaction(OrgnlEndToEndId="NOTPROVIDED") for _ in range(2)]
    answer = answer_of(transactions="".join(nameless))
    assert len(answer.items) == 2
    assert len(set(distinct_keys(answer.items))) == 2
    named = transaction(OrgnlEndToEndId="RUN-1")
    assert len(answer_of(transactions=named * 2).items) == 1


def test_a_payment_of_the_amount_of_a_fee_is_still_in_its_batch():
    fee = AnswerItem("transaction", "BOOK", "settled", amount=TRANSFERS[0].amount)
    whole = AnswerItem("group", "ACSC", "settled", original_message_id="B1")
    kept, _ = without_repetition([fee, whole])
    matches = match_answer(Answer(kept), TRANSFERS, message_id="B1")
    assert [len(m.transfers) for m in matches] == [0, 5]


def test_a_group_of_another_message_or_payment_information_is_not_ours():
    def matched(**said):
        item = AnswerItem("payment_information", "RJCT", "rejected", **said)
        sent = {"message_id": "B1", "payment_information_id": "B1"}
        return match_answer(Answer((item,)), TRANSFERS, **sent)[0].by

    whole = sum((t.amount for t in TRANSFERS), Money(0, "XOF")).major()
    assert matched(original_message_id="B1", payment_information_id="B1") == "group"
    assert matched(original_message_id="B1", payment_information_id="OTHER") == "unmatched"
    assert matched(original_message_id="OTHER", payment_information_id="B1") == "unmatched"
    assert matched(count=5) == "unmatched"  # any batch of five
    assert matched(control_sum=whole) == "unmatched"
    assert matched(count=5, control_sum=whole) == "group"
    assert matched(count=4, control_sum=whole, original_message_id="B1") == "unmatched"


def test_the_same_name_with_two_amounts_needs_a_person():
    amounts = "<OrgnlTxRef><Amt><InstdAmt Ccy='XOF'>{}</InstdAmt></Amt></OrgnlTxRef>"
    said = [
        f"<TxInfAndSts><OrgnlEndToEndId>RUN-1</OrgnlEndToEndId><TxSts>ACSC</TxSts>{amounts.format(a)}</TxInfAndSts>"
        for a in (1005, 1006)
    ]
    first = match_answer(answer_of(transactions=said[0]), TRANSFERS)
    second = match_answer(answer_of(transactions=said[1]), TRANSFERS)
    assert ([m.by for m in first], [m.by for m in second]) == (["end_to_end_id"], ["unmatched"])
    assert second[0].candidates == (TRANSFERS[0],)


def test_paid_and_refused_in_one_file_keeps_it_out():
    both = transaction("ACSC", OrgnlEndToEndId="RUN-1") + transaction("RJCT", OrgnlEndToEndId="RUN-1")
    assert [p.code for p in answer_of(transactions=both).problems] == ["contradictory-answer"]


def test_too_many_elements_are_refused_before_a_tree_is_made():
    data = b"<Document>" + b"<a/>" * 3_000_001 + b"</Document>"
    assert [p.code for p in pain002.read(data).problems] == ["xml-too-large"]
