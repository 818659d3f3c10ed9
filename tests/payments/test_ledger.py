import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import errors, ledger
from payments.ledger import GENESIS_HASH, Account, Entry, Posting, canonical_entry, hash_entry

FUND = ledger.fund("benin", "XOF")
RESERVATION = ledger.reservation("copargo", "XOF")
PAYABLE = ledger.payable("sena", "XOF")
NOW = datetime(2026, 11, 21, 8, 0, 0, 1500, tzinfo=UTC)


def entry(*postings, key="commitment:1", memo="Copargo"):
    return Entry("commitment", key, postings, memo)


def committed(minor=500):
    return entry(Posting(FUND, minor), Posting(RESERVATION, -minor))


def test_one_payee_has_an_account_per_currency():
    euros = ledger.payable("sena", "EUR")
    assert euros.code == PAYABLE.code == "payable:sena"
    assert euros != PAYABLE


def test_money_that_may_be_spent_has_a_ceiling_of_zero():
    bounded = [
        FUND,
        RESERVATION,
        PAYABLE,
        ledger.clearing("boa", "XOF"),
        ledger.contingency("p", "XOF"),
        ledger.reserve("r", "XOF"),
        ledger.withholding("AIB", "XOF"),
    ]
    assert all(account.ceiling == 0 and account.floor is None for account in bounded)
    assert ledger.unfunded("p", "XOF").floor == 0


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\nb", "a\x00", "x" * 121, "\u202eabc"])
def test_an_account_needs_a_printable_name(name):
    with pytest.raises(errors.InvalidAccount):
        ledger.payable(name, "XOF")


def test_an_account_needs_a_real_currency_and_book():
    with pytest.raises(Exception, match="ISO 4217"):
        ledger.payable("sena", "FCFA")
    with pytest.raises(errors.InvalidAccount):
        Account("x", "third", "x", "XOF")


def test_an_entry_of_one_line_does_not_exist():
    with pytest.raises(errors.TooFewPostings):
        entry(Posting(FUND, 1))
    with pytest.raises(errors.TooFewPostings):
        entry()


def test_a_posting_of_zero_does_not_exist():
    with pytest.raises(errors.ZeroPosting):
        Posting(FUND, 0)


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_a_posting_is_a_whole_number(minor):
    with pytest.raises(TypeError):
        Posting(FUND, minor)


def test_a_posting_fits_the_database():
    assert Posting(FUND, 2**63 - 1)
    with pytest.raises(errors.AmountOutOfRange):
        Posting(FUND, 2**63)
    with pytest.raises(errors.AmountOutOfRange):
        Posting(FUND, -(2**63))


def test_an_entry_balances_in_each_book():
    with pytest.raises(errors.UnbalancedEntry) as caught:
        entry(Posting(FUND, 5), Posting(PAYABLE, -5))
    assert caught.value.params["minor"] in (5, -5)


def test_an_entry_balances_in_each_currency():
    with pytest.raises(errors.UnbalancedEntry):
        entry(Posting(FUND, 5), Posting(ledger.reservation("copargo", "EUR"), -5))


def test_an_entry_needs_a_key():
    for key in ("", "x" * 201, "a\nb"):
        with pytest.raises(errors.InvalidEntry):
            entry(Posting(FUND, 5), Posting(RESERVATION, -5), key=key)


def test_only_a_reversal_reverses_and_it_names_what():
    lines = (Posting(FUND, 5), Posting(RESERVATION, -5))
    with pytest.raises(errors.InvalidEntry):
        Entry("reversal", "reversal:1", lines)
    with pytest.raises(errors.InvalidEntry):
        Entry("grant", "grant:1", lines, reverses="1")


@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=8), st.integers(-3, 3))
def test_an_entry_exists_exactly_when_it_balances(amounts, error):
    lines = [Posting(FUND, minor) for minor in amounts]
    rest = -sum(amounts) + error
    if rest:
        lines.append(Posting(RESERVATION, rest))
    if error == 0 and len(lines) >= 2:
        assert sum(entry(*lines).net().values()) == 0
    else:
        with pytest.raises(errors.LedgerError):
            entry(*lines)


def test_accounts_are_locked_in_one_order():
    assert [a.code for a in committed().accounts()] == ["fund:benin", "reservation:copargo"]
    other_way = entry(Posting(RESERVATION, -5), Posting(FUND, 5))
    assert other_way.accounts() == committed().accounts()


def test_the_net_change_joins_lines_of_one_account():
    both = entry(Posting(FUND, 5), Posting(FUND, 7), Posting(RESERVATION, -12))
    assert both.net() == {FUND: 12, RESERVATION: -12}


def test_the_sealed_form_is_as_documented():
    assert canonical_entry(1, GENESIS_HASH, "e1", committed(), NOW, "Séna") == (
        b'{"actor":"S\\u00e9na","entry":"e1","format":"run-ledger-entry-1","key":"commitment:1",'
        b'"kind":"commitment","memo":"Copargo","posted_at":"2026-11-21T08:00:00.001500Z",'
        b'"postings":[["budget","fund:benin","XOF",500],["budget","reservation:copargo","XOF",-500]],'
        b'"previous":"' + b"0" * 64 + b'","reverses":null,"seq":1}'
    )


def test_the_seal_is_the_same_in_every_time_zone():
    abroad = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert hash_entry(1, GENESIS_HASH, "e", committed(), abroad, "a") == hash_entry(
        1, GENESIS_HASH, "e", committed(), NOW, "a"
    )
    with pytest.raises(errors.NaiveTime):
        hash_entry(1, GENESIS_HASH, "e", committed(), NOW.replace(tzinfo=None), "a")


def test_every_part_of_an_entry_is_under_the_seal():
    seal = hash_entry(1, GENESIS_HASH, "e", committed(), NOW, "a")
    changed = [
        hash_entry(2, GENESIS_HASH, "e", committed(), NOW, "a"),
        hash_entry(1, "1" * 64, "e", committed(), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "f", committed(), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", committed(501), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", replace(committed(), memo="other"), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", replace(committed(), kind="grant"), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", replace(committed(), idempotency_key="commitment:2"), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", replace(committed(), kind="reversal", reverses="x"), NOW, "a"),
        hash_entry(1, GENESIS_HASH, "e", committed(), NOW + timedelta(microseconds=1), "a"),
        hash_entry(1, GENESIS_HASH, "e", committed(), NOW, "b"),
        hash_entry(1, GENESIS_HASH, "e", entry(*reversed(committed().postings)), NOW, "a"),
    ]
    assert len({seal, *changed}) == 12


@given(st.text())
def test_any_text_can_be_sealed(memo):
    assert len(hash_entry(1, GENESIS_HASH, "e", replace(committed(), memo=memo), NOW, memo)) == 64


def test_text_cannot_move_from_one_field_to_another():
    one = hash_entry(1, GENESIS_HASH, "e", replace(committed(), memo='a","x":"b'), NOW, "a")
    two = hash_entry(1, GENESIS_HASH, "e", replace(committed(), memo="a"), NOW, 'b","x":"a')
    assert one != two


@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=20),
    st.one_of(st.none(), st.text(max_size=9)),
)
def test_the_bytes_are_those_of_the_standard_json_encoder(memo, actor, entry_id, reverses):
    made = replace(committed(), memo=memo)
    object.__setattr__(made, "reverses", reverses)
    found = canonical_entry(7, "ab", entry_id, made, NOW, actor)
    document = json.loads(found)
    assert document["memo"] == memo
    assert document["reverses"] == reverses
    assert json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() == found
