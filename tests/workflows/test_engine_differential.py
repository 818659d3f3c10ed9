"""Random diagrams on random paths: what the structure says, what we do in three ways, what stock SpiffWorkflow does.

Each seed grows a diagram (tests/engine_models.py) and walks through it; after every step everything that can be
seen must be what the diagram's structure says, whether the instance is saved as a document at every step, kept in
memory, or made anew from the rows that the engine said had changed. Stock SpiffWorkflow walks along; where it
differs, the structure decides, the walk goes on without it, and the case is counted:
`python -m tests.engine_models 1000` lists them. The other constructs (calls, signals, conditions, escalations,
transactions, ad hoc, event sub-processes) are in tests/engine_wide_models.py; stock does most of them otherwise.
"""

from __future__ import annotations

import pytest

from tests import engine_models, engine_wide_models
from tests.engine_models import Model, Stock

CHUNK = 25
SHORT = range(0, 200, CHUNK)
LONG = range(200, 5_200, 250)
AGREES = 0.8
"""At least this share of walks in which stock SpiffWorkflow must agree to the end, so that it is compared at all."""


def compare(seeds: range) -> None:
    report = engine_models.report(seeds, engine_models.ours)
    print(report)  # shown when it fails
    assert not report.failures, report.failures[0]
    assert report.agreed >= AGREES * len(seeds)


@pytest.mark.parametrize("first", SHORT)
def test_random_diagrams_run_as_their_structure_says_and_as_in_stock_spiffworkflow(first: int) -> None:
    compare(range(first, first + CHUNK))


@pytest.mark.soak
@pytest.mark.parametrize("first", LONG)
def test_thousands_of_random_diagrams_run_as_their_structure_says(first: int) -> None:
    compare(range(first, first + 250))


def compare_wide(seeds: range) -> None:
    report = engine_models.report(seeds, engine_wide_models.ours, engine_wide_models.model_of)
    print(report)  # shown when it fails
    assert not report.failures, report.failures[0]


@pytest.mark.parametrize("first", SHORT)
def test_random_diagrams_of_all_constructs_run_as_their_structure_says(first: int) -> None:
    compare_wide(range(first, first + CHUNK))


@pytest.mark.soak
@pytest.mark.parametrize("first", LONG)
def test_thousands_of_random_diagrams_of_all_constructs_run_as_their_structure_says(first: int) -> None:
    compare_wide(range(first, first + 250))


def test_the_comparison_finds_an_engine_that_is_wrong() -> None:
    """Stock SpiffWorkflow in our place, on diagrams with what it is known to do wrongly."""
    found = 0
    for seed in range(200):
        try:
            engine_models.walk(Model(seed), lambda model: [Stock(model)])
        except Exception:  # noqa: BLE001  (whatever it is, it was noticed)
            found += 1
    assert found > 50


def test_every_kind_of_block_is_met() -> None:
    kinds = sum((Model(seed).kinds for seed in SHORT), start=Model(0).kinds)
    assert set(kinds) == set(engine_models.BLOCKS)


def test_every_other_kind_of_block_is_met() -> None:
    kinds = sum((engine_wide_models.model_of(seed).kinds for seed in SHORT), start=Model(0).kinds)
    assert set(kinds) == set(engine_wide_models.BLOCKS)
