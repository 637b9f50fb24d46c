"""Power laws by least squares, with their intervals."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eos_sweep.analysis import power_laws
from eos_sweep.errors import InputError


@given(st.floats(-3, 3), st.floats(1e-3, 1e3), st.integers(3, 20))
def test_power_laws_are_exact_on_power_laws(exponent, prefactor, count):
    x = np.geomspace(0.3, 70, count)
    law = power_laws.power_law(x, prefactor * x**exponent)
    assert law.exponent == pytest.approx(exponent, abs=1e-12)
    assert law.prefactor == pytest.approx(prefactor, rel=1e-11)
    assert law.exponent_low <= law.exponent <= law.exponent_high <= law.exponent_low + 1e-9
    assert law.deviation < 1e-11 and law.points == count


def noisy(correlation, count, times, seed=3):
    """Return x, and power laws of exponent -0.7 and prefactor 2 whose logarithms have noise like y_t = r y_t-1 + e."""
    draws = np.random.default_rng(seed).standard_normal((count + 100, times))
    for before, here in itertools.pairwise(draws):
        here += correlation * before
    x = np.geomspace(1, 1e3, count)
    return x, 2 * x**-0.7 * np.exp(0.1 * draws[100:].T)


def test_the_line_is_that_of_least_squares():
    x, (y,) = noisy(0.0, 12, 1)
    law, fit = power_laws.power_law(x, y), stats.linregress(np.log(x), np.log(y))
    assert law.exponent == pytest.approx(fit.slope, rel=1e-12)
    assert law.prefactor == pytest.approx(np.exp(fit.intercept), rel=1e-12)
    assert law.deviation == pytest.approx(max(abs(y / (law.prefactor * x**law.exponent) - 1)), rel=1e-12)
    curve = np.polyfit(np.log(x), np.log(y), 2)
    assert law.bend == pytest.approx(2 * curve[0] * np.ptp(np.log(x)), rel=1e-9)
    for low, middle, high in (
        (law.exponent_low, law.exponent, law.exponent_high),
        (law.bend_low, law.bend, law.bend_high),
    ):
        assert middle - low == pytest.approx(high - middle, rel=1e-9) and high > middle
    assert law.prefactor**2 == pytest.approx(law.prefactor_low * law.prefactor_high, rel=1e-9)


@pytest.mark.parametrize(
    ("correlation", "count", "least"),
    [
        (0.0, 200, 0.9),
        (0.0, 12, 0.9),
        (0.8, 200, 0.88),
        (0.8, 16, 0.8),
    ],
)
def test_intervals_cover_what_they_say(correlation, count, least):
    """95 % of them, also where neighbours deviate alike: intervals for independent points would cover 54 %."""
    x, samples = noisy(correlation, count, 200)
    laws = [power_laws.power_law(x, y) for y in samples]
    shares = (
        np.mean([law.exponent_low < -0.7 < law.exponent_high for law in laws]),
        np.mean([law.prefactor_low < 2 < law.prefactor_high for law in laws]),
        np.mean([law.bend_low < 0 < law.bend_high for law in laws]),
    )
    assert least <= min(shares) and max(shares) <= 0.995


def test_intervals_of_independent_points_are_hardly_wider_than_those_of_least_squares():
    x, samples = noisy(0.0, 200, 50)
    reach = stats.t.ppf(0.975, 198)
    ratios = []
    for y in samples:
        law, fit = power_laws.power_law(x, y), stats.linregress(np.log(x), np.log(y))
        ratios.append((law.exponent_high - law.exponent) / (reach * fit.stderr))
    assert 0.99 <= np.median(ratios) <= 1.15


@given(st.floats(-2, 2), st.floats(0.05, 2), st.integers(6, 60))
def test_a_bend_is_told_from_a_power_law(exponent, bend, count):
    x = np.geomspace(0.1, 10, count)
    law = power_laws.power_law(x, x**exponent * np.exp(bend * np.log(x) ** 2 / (4 * np.log(10))))
    assert law.bend == pytest.approx(bend, rel=1e-9) and law.bend_low > 0


def test_a_fit_keeps_to_its_range():
    x = np.geomspace(1, 100, 21)
    y = np.where(x <= 10, x, x**2 / 10)
    assert power_laws.power_law(x, y).bend_low > 0
    for within, exponent in (((1, 10), 1), ((10, 100), 2)):
        law = power_laws.power_law(x, y, within=within)
        assert law.points == 11 and law.exponent == pytest.approx(exponent, rel=1e-9) and abs(law.bend) < 1e-9
    for bad in ((10, 1), 3, ("a", "b"), (np.nan, 1)):
        with pytest.raises(InputError, match=r"within: got .*; give the smallest and the largest x of the fit"):
            power_laws.power_law(x, y, within=bad)
    with pytest.raises(InputError, match="got 1 points at 1 values of x from 1 to 1.1; give three or more"):
        power_laws.power_law(x, y, within=(1, 1.1))


def test_three_points_tell_no_bend():
    law = power_laws.power_law([1, 2, 4], [1, 2.1, 4])
    assert np.isnan([law.bend, law.bend_low, law.bend_high]).all() and law.exponent_low < 1 < law.exponent_high


@given(st.integers(1, 400), st.floats(0.5, 0.999))
def test_quantiles_are_those_of_students_distribution(degrees, share):
    assert power_laws.student_quantile(degrees, share) == pytest.approx(stats.t.ppf(0.5 + share / 2, degrees), rel=1e-9)


def test_columns_without_an_edge_are_left_out():
    x, y = xr.DataArray([1.0, 2.0, 4.0, 8.0]), xr.DataArray([3.0, np.nan, 48.0, 192.0])
    law = power_laws.power_law(x, y)
    assert (law.points, law.exponent) == (3, pytest.approx(2.0))
    for bad, words in (
        ([1, np.nan, np.nan, 2], "got 2 points"),
        ([1, 2, -3, 4], "got -3"),
        ([1, 2, np.inf, 4], "got inf"),
    ):
        with pytest.raises(InputError, match=words):
            power_laws.power_law(x, bad)
    with pytest.raises(InputError, match="4 points at 1 values of x"):
        power_laws.power_law(1.0, [1, 2, 3, 4])
