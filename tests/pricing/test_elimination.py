from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pricing.elimination import Elimination


@st.composite
def chains(draw):
    """Rows of whole weights in which every state can leave."""
    size = draw(st.integers(1, 7))
    rows = []
    for _ in range(size):
        weights = draw(st.dictionaries(st.integers(0, size - 1), st.integers(1, 9), max_size=size))
        below = sum(weights.values()) + draw(st.integers(1, 9))
        rows.append({state: Fraction(weight, below) for state, weight in weights.items()})
    return rows


@given(chains())
def test_visits_satisfy_their_equation(rows):
    start = {state: Fraction(1, len(rows)) for state in range(len(rows))}
    visits = Elimination(rows).visits(start)
    for state in range(len(rows)):
        passed = sum(visits[other] * row.get(state, 0) for other, row in enumerate(rows))
        assert visits[state] == start[state] + passed


@given(chains())
def test_an_entry_is_the_visits_from_one_state(rows):
    factors = Elimination(rows)
    for start in range(len(rows)):
        visits = factors.visits({start: Fraction(1)})
        assert [factors.entry(start, state) for state in range(len(rows))] == visits


def test_a_long_chain_needs_no_recursion():
    size = 3_000
    rows = [{state + 1: Fraction(9, 10), max(0, state - 1): Fraction(1, 20)} for state in range(size - 1)]
    factors = Elimination([*rows, {}])
    assert factors.entry(0, size - 1) > 0
