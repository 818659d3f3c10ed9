"""A bank that takes back what it said is heard: never counted as known, never booked by itself."""

import pytest


@pytest.mark.parametrize(("first", "second"), [("rejected", "settled"), ("settled", "rejected")])
def test_an_answer_that_contradicts_an_earlier_one_waits_for_a_person(owing, first, second):
    from server.batches import service as batches

    batch_id, file = owing.exported(owing.bank_account)
    payment = owing.payments(batch_id)[0]

    def answer(number, outcome):
        refused = {payment.end_to_end_id: "AC04"} if outcome == "rejected" else {}
        return owing.bank_answer(file, message_id=f"BANK-{number}", rejections=refused)

    owing.read_answer(batch_id, answer(1, first))
    entries = len(owing.entries())
    read = owing.read_answer(batch_id, answer(2, second))
    assert len(read.unmatched) == 1
    assert read.already_known == len(owing.payments(batch_id)) - 1
    assert [e.payment_id for e in owing.read(batches.unmatched_entries)] == [payment.id]
    assert len(owing.entries()) == entries
    assert owing.payments(batch_id)[0].state == first
    assert owing.verify() == []
