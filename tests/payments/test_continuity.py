"""Statements of one account follow each other without a gap, and what is missing is told with what to do."""

from datetime import date

from payments.answers.continuity import StatementTold, check
from pricing.money import Money


def told(number, day, opening, closing, *, sequence="", moved=None, lines=()):
    def xof(minor):
        return None if minor is None else Money(minor, "XOF")

    moved = (closing or 0) - (opening or 0) if moved is None else moved
    return StatementTold(
        number,
        sequence,
        date(2026, 4, day),
        xof(opening),
        xof(closing),
        Money(moved, "XOF"),
        frozenset(lines),
    )


def codes(*statements):
    return [(p.code, p.place) for p in check(statements)]


def test_statements_that_follow_each_other_lack_nothing_in_any_order():
    one, two = told("A", 1, 0, 50, sequence="9"), told("B", 2, 50, 20, sequence="10")
    assert codes(one, two) == codes(two, one) == []
    assert codes(told("R-10", 1, 5, 9), told("R-9", 1, 0, 5)) == []
    assert codes() == codes(told("A", 1, None, None), told("B", 2, 5, 9)) == []


def test_a_statement_that_does_not_add_up_is_told():
    assert codes(told("A", 1, 10, 50, moved=39)) == [("statement-does-not-add-up", "A")]
    assert "opens with 10 XOF" in check([told("A", 1, 10, 50, moved=39)])[0].text()


def test_a_gap_between_balances_and_a_missing_number_are_told():
    assert codes(told("A", 1, 0, 50), told("B", 2, 60, 70)) == [("statements-gap", "B")]
    hole = (told("A", 1, 0, 50, sequence="7"), told("B", 3, 50, 70, sequence="9"))
    assert codes(*hole) == [("statement-missing", "B")]


def test_numbers_begin_again_with_the_year():
    old = StatementTold("A", "1", date(2025, 12, 31), None, None, Money(0, "XOF"))
    assert codes(old, told("B", 1, 0, 0, sequence="40")) == []
    assert codes(told("A", 1, 0, 0, sequence="x"), told("B", 2, 0, 0, sequence="9" * 400)) == []


def test_statements_that_tell_the_same_movements_overlap():
    found = check([told("A", 1, 0, 50, lines="xy"), told("B", 2, 20, 70, lines="yz")])
    assert [(p.code, p.params["count"]) for p in found] == [("statements-overlap", 1)]
