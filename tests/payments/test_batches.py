import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import errors
from payments.batches import (
    TRANSITIONS,
    CreditTransfer,
    Limits,
    Payable,
    PayeeAccount,
    batch_state,
    check_account,
    check_transfers,
    collect,
    content_sha256,
    next_state,
)
from pricing.money import Money

WALLET = PayeeAccount("wallet", "2290197000001", "MTN")
DAY = date(2026, 11, 1)


def transfer(number=1, **changes):
    values = {
        "payment_id": f"p{number}",
        "end_to_end_id": f"RUN-{number}",
        "uetr": f"00000000-0000-4000-8000-{number:012x}",
        "payee_id": f"person{number}",
        "payee_name": "Séna Dossou",
        "account": WALLET,
        "amount": Money(1000 * number, "XOF"),
        "reference": "RF18539007547034",
        "town": "Copargo",
        "country": "BJ",
    }
    return CreditTransfer(**(values | changes))


def payable(number, minor, payee="sena", due=DAY, account=WALLET, currency="XOF"):
    return Payable(f"y{number}", payee, account, Money(minor, currency), due)


def test_good_transfers_have_no_problem():
    assert check_transfers([transfer(1), transfer(2)]) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Money(0, "XOF")}, "amount-not-positive"),
        ({"amount": Money(-5, "XOF")}, "amount-not-positive"),
        ({"end_to_end_id": "a//b"}, "invalid-end-to-end-id"),
        ({"uetr": "x"}, "invalid-uetr"),
        ({"account": PayeeAccount("iban", "DE88370400440532013000")}, "invalid-iban"),
        ({"account": PayeeAccount("rib", "BJ0610100100144390000768")}, "wrong-rib-key"),
        ({"account": PayeeAccount("wallet", "123")}, "invalid-msisdn"),
        ({"account": PayeeAccount("wallet", "22997000001", "MTN")}, "account-not-normal"),
        ({"payee_name": "محمد"}, "invalid-name"),
        ({"town": ""}, "incomplete-address"),
        ({"country": "Benin"}, "incomplete-address"),
        ({"payment_id": ""}, "invalid-payment-id"),
    ],
)
def test_each_mistake_of_a_transfer_is_named(change, code):
    assert code in [p.code for p in check_transfers([transfer(1, **change)])]


def test_all_mistakes_come_at_once_with_their_payments():
    problems = check_transfers([transfer(1, town=""), transfer(2, uetr="x", payee_name="")])
    assert [(p.place, p.code) for p in problems] == [
        ("p1", "incomplete-address"),
        ("p2", "invalid-uetr"),
        ("p2", "invalid-name"),
    ]
    assert all(p.text() for p in problems)


def test_nothing_is_paid_twice_in_one_batch():
    problems = check_transfers([transfer(1), transfer(1)])
    assert [p.params["name"] for p in problems] == ["payment id", "EndToEndId", "UETR"]


def test_a_batch_has_one_currency():
    problems = check_transfers([transfer(1), transfer(2, amount=Money(5, "EUR"))])
    assert [p.code for p in problems] == ["mixed-currencies"]


def test_accounts_have_one_normal_form():
    assert check_account(PayeeAccount("wallet", "+22997000001", "MTN")) == WALLET
    spaced = PayeeAccount("rib", "bj061 01001 001443900007 69")
    assert check_account(spaced).identifier == "BJ0610100100144390000769"


def test_the_digest_is_of_the_content_not_of_the_order():
    transfers = [transfer(n) for n in range(1, 20)]
    shuffled = random.Random(1).sample(transfers, len(transfers))
    assert content_sha256(transfers) == content_sha256(shuffled)


@pytest.mark.parametrize(
    "change",
    [
        {"payment_id": "q"},
        {"end_to_end_id": "q"},
        {"uetr": "q"},
        {"payee_id": "q"},
        {"payee_name": "q"},
        {"account": replace(WALLET, identifier="2290197000002")},
        {"account": replace(WALLET, kind="rib")},
        {"account": replace(WALLET, agent="Moov")},
        {"amount": Money(1001, "XOF")},
        {"amount": Money(1000, "EUR")},
        {"reference": "q"},
        {"town": "q"},
        {"country": "TG"},
    ],
)
def test_an_approval_binds_to_every_field(change):
    assert content_sha256([transfer(1)]) != content_sha256([transfer(1, **change)])


def test_an_approval_binds_to_the_terms_and_the_number_of_transfers():
    one = content_sha256([transfer(1)])
    assert one != content_sha256([transfer(1), transfer(1)])
    assert one != content_sha256([transfer(1)], {"execution_date": "2026-11-21"})
    assert one != content_sha256([])


def test_payables_of_one_payee_become_one_payment():
    collection = collect([payable(1, 300), payable(2, 200), payable(3, 50, payee="kora")], Limits())
    assert [(p.payee_id, p.amount.minor) for p in collection.payments] == [("kora", 50), ("sena", 500)]
    assert [a.payable_id for a in collection.payments[1].allocations] == ["y1", "y2"]
    assert collection.carried_over == ()


def test_another_account_or_currency_is_another_payment():
    other = PayeeAccount("rib", "BJ0610100100144390000769")
    collection = collect(
        [payable(1, 5), payable(2, 5, account=other), payable(3, 5, currency="EUR")], Limits()
    )
    assert len(collection.payments) == 3


def test_the_remainder_of_the_multiple_carries_over_from_the_latest_due():
    collection = collect(
        [payable(1, 103, due=date(2026, 11, 9)), payable(2, 4, due=DAY)], Limits(minimum=100, multiple=5)
    )
    assert collection.payments[0].amount.minor == 105
    assert [(a.payable_id, a.amount.minor) for a in collection.carried_over] == [("y1", 2)]


def test_what_is_below_the_minimum_waits():
    collection = collect([payable(1, 99)], Limits(minimum=100))
    assert collection.payments == ()
    assert collection.carried_over[0].amount.minor == 99


def test_a_batch_with_a_limit_takes_whom_it_fits_the_longest_waiting_first():
    owed = [
        payable(1, 400, payee="afi", due=date(2026, 11, 9)), payable(2, 700, payee="bio", due=DAY),
        payable(3, 300, payee="orou", due=date(2026, 11, 8)),
    ]  # fmt: skip
    collection = collect(owed, Limits(), most=800)
    assert min(p.due for p in owed) == owed[1].due, "bio waits longest"
    assert [p.payee_id for p in collection.payments] == ["bio"]
    assert [(a.payable_id, a.amount.minor) for a in collection.carried_over] == [("y1", 400), ("y3", 300)]
    assert [p.payee_id for p in collect(owed, Limits(), most=700 + 300).payments] == ["bio", "orou"]
    assert collect(owed, Limits(), most=299).payments == ()
    assert collect(owed, Limits(), most=1400) == collect(owed, Limits())


def test_what_exceeds_the_maximum_waits_for_the_next_batch():
    collection = collect([payable(1, 700), payable(2, 700)], Limits(maximum=1001, multiple=5))
    assert collection.payments[0].amount.minor == 1000
    assert sum(a.amount.minor for a in collection.carried_over) == 400


def test_a_payable_given_twice_counts_once():
    assert collect([payable(1, 5), payable(1, 5)], Limits()).payments[0].amount.minor == 5


@pytest.mark.parametrize(
    "values", [{"minimum": 0}, {"multiple": 0}, {"minimum": 10, "maximum": 9}, {"maximum": 4, "multiple": 5}]
)
def test_limits_that_allow_nothing_are_refused(values):
    with pytest.raises(errors.InvalidLimits):
        Limits(**values)


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.sampled_from("abc"), st.integers(1, 28)), max_size=15),
    st.integers(1, 300),
    st.integers(1, 30),
    st.integers(330, 4000),
    st.randoms(use_true_random=False),
)
def test_collecting_neither_makes_nor_loses_money(rows, minimum, multiple, maximum, shuffle):
    limits = Limits(minimum, maximum, multiple)
    payables = [payable(i, m, payee, date(2026, 11, d)) for i, (m, payee, d) in enumerate(rows)]
    collection = collect(payables, limits)
    owed = {p.payable_id: p.amount.minor for p in payables}
    for part in (*(a for p in collection.payments for a in p.allocations), *collection.carried_over):
        assert part.amount.minor > 0
        owed[part.payable_id] -= part.amount.minor
    assert not any(owed.values())
    for payment in collection.payments:
        assert minimum <= payment.amount.minor <= maximum
        assert payment.amount.minor % multiple == 0
        assert sum(a.amount.minor for a in payment.allocations) == payment.amount.minor
    assert len({p.payee_id for p in collection.payments}) == len(collection.payments)
    shuffle.shuffle(payables)
    assert collect(payables, limits) == collection


def test_a_batch_goes_its_way():
    state = "draft"
    for wanted in ("submitted", "approved", "exported", "acknowledged", "settled"):
        state = next_state("batch", state, wanted)
    assert state == "settled"


@pytest.mark.parametrize(
    ("subject", "current", "wanted"),
    [
        ("batch", "exported", "exported"),
        ("batch", "exported", "draft"),
        ("batch", "exported", "cancelled"),
        ("batch", "draft", "approved"),
        ("batch", "approved", "draft"),
        ("batch", "cancelled", "draft"),
        ("payment", "in_transit", "cancelled"),
        ("payment", "rejected", "settled"),
        ("payment", "settled", "rejected"),
        ("payment", "returned", "in_transit"),
        ("payment", "nonsense", "settled"),
    ],
)
def test_what_left_the_house_cannot_be_undone_by_a_step(subject, current, wanted):
    with pytest.raises(errors.IllegalTransition):
        next_state(subject, current, wanted)


def test_every_step_leads_to_a_known_state():
    for steps in TRANSITIONS.values():
        assert {target for targets in steps.values() for target in targets} <= set(steps)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["in_transit", "in_transit"], "exported"),
        (["in_transit", "settled"], "acknowledged"),
        (["in_transit", "rejected"], "acknowledged"),
        (["settled", "settled"], "settled"),
        (["settled", "rejected"], "partly_settled"),
        (["settled", "returned"], "partly_settled"),
        (["rejected", "returned"], "failed"),
    ],
)
def test_the_payments_say_how_the_batch_is(states, state):
    assert batch_state(states) == state
