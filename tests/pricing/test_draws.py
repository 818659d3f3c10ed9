from fractions import Fraction
from math import comb, sqrt

import numpy as np
import pytest

from pricing.draws import Draws, quantiles

MANY = 200_000


def test_the_generator_gives_the_published_numbers():
    assert [int(n) for n in Draws(1234567).whole(5)] == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip


def test_numbers_do_not_depend_on_how_many_are_taken_at_once():
    together, apart = Draws(7, "ways"), Draws(7, "ways")
    assert list(together.uniform(5)) == [*apart.uniform(2), *apart.uniform(3)]


def test_names_and_seeds_give_other_streams():
    firsts = {float(Draws(seed, name).uniform(1)[0]) for seed in (1, 2, -1) for name in ("", "a", "b")}
    assert len(firsts) == 9


def test_uniform_numbers_are_even():
    numbers = Draws(46).uniform(MANY)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert ((counts - MANY / 20) ** 2 / (MANY / 20)).sum() < 45  # 99.9 % of chi-square with 19 degrees


@pytest.mark.parametrize("mode", [0, 0.1, 1 / 3, 0.5, 0.9, 1])
def test_a_pert_variable_has_the_mean_and_spread_of_its_beta(mode):
    left, right = 1 + 4 * mode, 5 - 4 * mode
    values = quantiles((np.arange(MANY) + 0.5) / MANY, mode, "pert")
    assert values.mean() == pytest.approx((1 + 4 * mode) / 6, abs=1e-6)
    assert values.var() == pytest.approx(left * right / (36 * 7), rel=0.01)
    assert (np.diff(values) >= 0).all()


def test_a_symmetric_pert_variable_has_the_quantiles_of_beta_3_3():
    # distribution function of beta(3, 3): 10 x^3 - 15 x^4 + 6 x^5
    shares = np.array([10 * x**3 - 15 * x**4 + 6 * x**5 for x in (0.1, 0.25, 0.5, 0.8, 0.95)])
    assert quantiles(shares, 0.5, "pert") == pytest.approx([0.1, 0.25, 0.5, 0.8, 0.95], abs=1e-3)


def test_a_triangular_variable_has_its_quantiles():
    assert quantiles(np.array([0.0, 0.25, 1.0]), 0.25, "triangular") == pytest.approx([0, 0.25, 1])


@pytest.mark.parametrize(("trials", "chance"), [(1, 0.3), (7, 0.3), (46, 0.97), (5000, 0.02)])
def test_successes_are_binomial(trials, chance):
    found = Draws(3, "binomial").binomial(np.full(MANY, trials), chance)
    spread = sqrt(trials * chance * (1 - chance))
    assert abs(found.mean() - trials * chance) < 4 * spread / sqrt(MANY)
    assert found.std() == pytest.approx(spread, rel=0.02)
    assert found.min() >= 0
    assert found.max() <= trials


def test_successes_have_the_binomial_probabilities():
    found = Draws(3, "binomial").binomial(np.full(MANY, 6), 0.3)
    for k in range(7):
        exact = comb(6, k) * Fraction(3, 10) ** k * Fraction(7, 10) ** (6 - k)
        error = sqrt(exact * (1 - exact) / MANY)
        assert abs((found == k).mean() - float(exact)) < 4 * error


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_certain_trials_need_no_chance(chance):
    assert set(Draws(1).binomial(np.arange(5), chance) - chance * np.arange(5)) == {0}


@pytest.mark.parametrize(("successes", "failing"), [(1, 0.1), (3, 0.5), (46, 0.2), (900, 0.9)])
def test_failures_before_successes_are_negative_binomial(successes, failing):
    found = Draws(3, "failures").failures(np.full(MANY, successes), failing)
    mean, variance = successes * failing / (1 - failing), successes * failing / (1 - failing) ** 2
    assert abs(found.mean() - mean) < 4 * sqrt(variance / MANY)
    assert found.var() == pytest.approx(variance, rel=0.03)


def test_nobody_tries_nothing():
    draws = Draws(1)
    nothing = np.zeros(3, dtype=np.int64)
    assert not draws.binomial(nothing, 0.5).any()
    assert not draws.failures(nothing, 0.5).any()
    assert len(draws.uniform(0)) == 0
