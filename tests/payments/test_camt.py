"""Account reports: what they say, what they say about payments, and what does not add up in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from payments.answers import bank_files, camt
from payments.answers.camt import Entry

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "iso20022" / "samples"
ACCOUNT = "BJ66BJ0610100100144390000769"


def balance(kind: str, amount: str, direction: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='XOF'>{amount}</Amt>"
        f"<CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>2027-03-01</Dt></Dt></Bal>"
    )


def transaction(
    end_to_end: str = "E1", amount: str = "", returned: str = "", uetr: str = "", direction: str = ""
) -> str:
    return (
        f"<TxDtls><Refs><InstrId>I-{end_to_end}</InstrId><EndToEndId>{end_to_end}</EndToEndId>"
        + (f"<UETR>{uetr}</UETR>" if uetr else "")
        + "</Refs>"
        + (f"<Amt Ccy='XOF'>{amount}</Amt>" if amount else "")
        + (f"<CdtDbtInd>{direction}</CdtDbtInd>" if direction else "")
        + "<RltdPties><Cdtr><Pty><Nm>Afi DOSSOU</Nm></Pty></Cdtr></RltdPties>"
        + (f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>" if returned else "")
        + "</TxDtls>"
    )


def entry(
    amount: str = "1500", direction: str = "DBIT", inner: str = "", status: str = "<Cd>BOOK</Cd>",
    reference: str = "", reversal: bool = False,
) -> str:  # fmt: skip
    return (
        f"<Ntry><Amt Ccy='XOF'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>"
        + ("<RvslInd>true</RvslInd>" if reversal else "")
        + f"<Sts>{status}</Sts><BookgDt><Dt>2027-03-01</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else "")
        + "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        + (f"<NtryDtls>{inner}</NtryDtls>" if inner else "")
        + "</Ntry>"
    )


def file(*parts: str, message: str = "camt.053", version: str = "08", account: str = ACCOUNT) -> bytes:
    body, part = {
        "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
        "camt.053": ("BkToCstmrStmt", "Stmt"),
        "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[message]
    return (
        f"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:{message}.001.{version}'><{body}>"
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2027-03-01T20:00:00</CreDtTm></GrpHdr><{part}><Id>S1</Id>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{''.join(parts)}</{part}></{body}></Document>"
    ).encode()


def entries(data: bytes) -> tuple[Entry, ...]:
    return camt.read(data).statements[0].entries


def codes(data: bytes) -> list[str]:
    return [problem.code for problem in camt.read(data).problems]


@pytest.mark.parametrize("message", ["camt.052", "camt.053", "camt.054"])
@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_a_booked_debit_settles_its_payment(message: str, version: str) -> None:
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"
    data = file(entry(inner=transaction(uetr="u-1"), status=status), message=message, version=version)
    (item,) = camt.answer(camt.read(data)).items
    assert (item.outcome, item.end_to_end_id, item.uetr) == ("settled", "E1", "u-1")
    assert str(item.amount) == "1500 XOF"


def test_a_returned_credit_is_a_return_with_its_reason() -> None:
    data = file(entry(direction="CRDT", inner=transaction(returned="AC06")))
    (item,) = camt.answer(camt.read(data)).items
    assert (item.outcome, item.reason) == ("returned", "AC06")


def test_a_payment_and_its_return_in_one_file_are_two_answers() -> None:
    data = file(entry(inner=transaction()), entry(direction="CRDT", inner=transaction(), reversal=True))
    assert [item.outcome for item in camt.answer(camt.read(data)).items] == ["settled", "returned"]


def test_money_that_came_in_says_nothing_about_payments() -> None:
    assert camt.answer(camt.read(file(entry(direction="CRDT", inner=transaction())))).items == ()


def test_what_is_not_booked_is_pending() -> None:
    data = file(entry(inner=transaction(), status="<Cd>PDNG</Cd>"))
    assert [item.outcome for item in camt.answer(camt.read(data)).items] == ["pending"]


def test_a_batch_without_transactions_speaks_of_the_whole_group() -> None:
    batch = "<Btch><PmtInfId>B-7</PmtInfId><NbOfTxs>3</NbOfTxs></Btch>"
    (item,) = camt.answer(camt.read(file(entry("4500", inner=batch)))).items
    assert (item.level, item.payment_information_id, item.count, item.control_sum) == (
        "payment_information", "B-7", 3, 4500,
    )  # fmt: skip


def test_a_statement_that_adds_up_has_no_problem() -> None:
    assert codes(file(balance("OPBD", "5000"), balance("CLBD", "3500"), entry())) == []


def test_an_overdrawn_account_adds_up_too() -> None:
    data = file(balance("OPBD", "1000"), balance("CLBD", "500", "DBIT"), entry())
    assert codes(data) == []
    assert str(camt.read(data).statements[0].balances[1].amount) == "-500 XOF"


def test_a_missing_entry_is_noticed_by_the_balances() -> None:
    assert codes(file(balance("OPBD", "5000"), balance("CLBD", "2000"), entry())) == [
        "statement-does-not-add-up"
    ]


def test_pending_entries_do_not_count_in_the_balance() -> None:
    data = file(
        balance("OPBD", "5000"), balance("CLBD", "3500"), entry(), entry("70", status="<Cd>PDNG</Cd>")
    )
    assert codes(data) == []


def test_an_entry_is_the_sum_of_its_transactions() -> None:
    parts = transaction("E1", "1000") + transaction("E2", "400")
    data = file(balance("OPBD", "5000"), balance("CLBD", "3500"), entry(inner=parts))
    assert codes(data) == ["entry-does-not-add-up"]


def test_an_amount_with_centimes_of_a_currency_without_is_refused() -> None:
    data = file(balance("OPBD", "5000"), balance("CLBD", "5000"), entry("15.50"))
    reading = bank_files.read(data)
    assert [p.code for p in reading.answer.problems] == ["unreadable-amount"]
    assert reading.answer.problems[0].severity == "error"


def test_the_same_movement_has_one_key_in_a_notification_and_a_statement() -> None:
    told = entry(inner=transaction(), reference="BANK-1")
    assert entries(file(told, message="camt.054"))[0].key == entries(file(told, message="camt.053"))[0].key


def test_two_movements_that_look_alike_have_two_keys() -> None:
    first, second = entries(file(entry(), entry()))
    assert first.key != second.key


def test_the_key_of_a_movement_is_that_of_its_account() -> None:
    told = entry(reference="BANK-1")
    assert entries(file(told))[0].key != entries(file(told, account="BJ00"))[0].key


def test_only_the_account_asked_for_is_answered_for() -> None:
    report = camt.read(file(entry(inner=transaction())))
    assert camt.answer(report, account="another").items == ()
    assert len(camt.answer(report, account=ACCOUNT).items) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>", "unknown-bank-file"),
        (b"<!DOCTYPE a><a/>", "xml-doctype"),
        (b"<a", "xml-malformed"),
        (b"", "unknown-bank-file"),
        (b"\x00\xff\xfe", "unknown-bank-file"),
    ],
)
def test_what_is_no_bank_file_is_said(data: bytes, code: str) -> None:
    reading = bank_files.read(data)
    assert [(p.code, p.severity) for p in reading.answer.problems] == [(code, "fatal")]


@pytest.mark.conformance
@pytest.mark.skipif(not SAMPLES.exists(), reason="no ../shared")
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("oca_camt053.xml", ("camt.053", 3, 1)),
        ("oca_camt053_txdtls.xml", ("camt.053", 1, 0)),
        ("oca_camt054.xml", ("camt.054", 1, 0)),
        ("gs_camt053_001_02.xml", ("camt.053", 15, 8)),
    ],
)
def test_real_files_are_read(name: str, found: tuple[str, int, int]) -> None:
    reading = bank_files.read((SAMPLES / name).read_bytes())
    assert reading.report is not None
    counted = sum(len(s.entries) for s in reading.report.statements)
    assert (reading.message, counted, len(reading.answer.items)) == found
