"""Random draws have the distributions that they should, and are independent; all seeds are fixed."""

import itertools
import math

import numpy as np
import pytest

from eos_sweep.functions import normal_distribution, normal_draw, sign_draw, uniform_draw

SIDE = 2**8  # steps, and coordinates
SEEDS = 0.0, 12345.0, 2.0**53 - 1.0
ERRORS = 4.5  # standard errors at most, which chance exceeds in one of 150 000 tests


def field(draw, seed):
    """Return the draws of a seed, a row for each step."""
    return draw(seed, np.arange(SIDE, dtype=float)[:, None], np.arange(SIDE, dtype=float))


@pytest.mark.parametrize("seed", SEEDS)
def test_moments(seed):
    normal, sign, uniform = (field(draw, seed) for draw in (normal_draw, sign_draw, uniform_draw))
    limit = ERRORS / SIDE
    assert set(np.unique(sign)) == {-1.0, 1.0} and abs(sign.mean()) < limit
    assert 0.0 < uniform.min() < 1e-3 and 1 - 1e-3 < uniform.max() < 1.0
    for power, (right, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96), 6: (15, 10170)}.items():
        assert abs((normal**power).mean() - right) < limit * math.sqrt(variance)
    for power in (1, 2, 3, 4):
        variance = 1 / (2 * power + 1) - 1 / (power + 1) ** 2
        assert abs((uniform**power).mean() - 1 / (power + 1)) < limit * math.sqrt(variance)
    assert 3.6 < normal.max() < 5.8 and -5.8 < normal.min() < -3.6  # of 65536 numbers: with a probability of 0.999


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("draw", "below"), [(normal_draw, normal_distribution), (uniform_draw, lambda x: x)])
def test_the_distribution_by_kolmogorov_and_smirnov(draw, below, seed):
    drawn = field(draw, seed)
    for part in (drawn, drawn[:, 0], drawn[:, 1], drawn[3]):
        share = below(np.sort(part, axis=None))
        rank = np.arange(share.size + 1) / share.size
        apart = max((rank[1:] - share).max(), (share - rank[:-1]).max())
        assert apart * math.sqrt(share.size) < 2.0  # with a probability of 0.9993


def correlation(one, other):
    """Return the correlation of two arrays in standard errors."""
    return abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) * math.sqrt(one.size)


# Normal numbers from one pair of words have one radius: their squares must be independent, too.
FEATURES = {
    "normal": lambda seed: field(normal_draw, seed),
    "square": lambda seed: field(normal_draw, seed) ** 2,
    "sign": lambda seed: field(sign_draw, seed),
    "uniform": lambda seed: field(uniform_draw, seed),
}


@pytest.mark.parametrize("name", FEATURES)
def test_neighbours_are_independent(name):
    here = FEATURES[name](5.0)
    for steps, coordinates in ((0, 1), (0, 2), (0, 16), (1, 0), (2, 0), (16, 0), (1, 1)):
        assert correlation(here, np.roll(here, (steps, coordinates), (0, 1))) < ERRORS
    for seed in (4.0, 6.0, 5.0 + 2.0**52):
        assert correlation(here, FEATURES[name](seed)) < ERRORS
    above = np.triu_indices(SIDE, 1)
    assert correlation(here[above], here.T[above]) < ERRORS  # step and coordinate change places


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(FEATURES, 2)])
def test_kinds_of_draws_are_independent(one, other):
    assert correlation(FEATURES[one](5.0), FEATURES[other](5.0)) < ERRORS


def test_each_bit_of_seed_step_and_coordinate_changes_half_of_the_bits():
    base = np.random.default_rng(1).integers(0, 2**53, (3, 2000))
    before = (uniform_draw(*base.astype(float)) * 2.0**53).astype(np.int64)
    for place, bit in itertools.product(range(3), range(53)):
        flipped = base.copy()
        flipped[place] ^= 1 << bit
        after = (uniform_draw(*flipped.astype(float)) * 2.0**53).astype(np.int64)
        changed = np.bitwise_count(before ^ after).mean()
        assert abs(changed - 26) < ERRORS * math.sqrt(13 / 2000)  # of 52 bits
