"""Lanczos finds the largest eigenvalue, as a dense solver does, and follows another one that becomes the largest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.eigen.lanczos import MAX_PRODUCTS, RESOLUTION, TOLERANCE, top
from eos_sweep.eigen.tracker import Tracker

SPECTRA = {
    "one stands out": lambda n: np.append(np.linspace(-1, 1, n - 1), 5.0),
    "evenly spaced": lambda n: np.linspace(-1.0, 1.0, n),
    "double top": lambda n: np.append(np.linspace(0, 1, n)[2:], [2.0, 2.0]),
    "close top": lambda n: np.append(np.linspace(0, 1, n)[2:], [2.0, 2.0 - 1e-3]),
    "negative": lambda n: -np.geomspace(1e-6, 1.0, n),
    "largest in size is negative": lambda n: np.append(np.linspace(0, 1, n - 1), -50.0),
    "small beside a huge negative one": lambda n: np.append(np.linspace(-0.32, 0.3, n - 2), [0.5, -1e5]),
    "small beside many negative ones": lambda n: np.append(-np.geomspace(0.3, 1e5, n - 1), 0.5),
    "lone beside equal negative ones": lambda n: np.append(np.full(n - 2, -0.32), [0.5, -1e5]),
    "cluster beside a huge negative one": lambda n: np.append(0.5 - 1e-7 * np.arange(n - 1), -1e5),
    "nothing above zero": lambda n: np.append(np.zeros(n // 2), -np.linspace(0.1, 1, n - n // 2)),
    "below what doubles resolve": lambda n: np.append(np.linspace(-1e-9, 1e-10, n - 1), -1e5),
    "decades": lambda n: np.geomspace(1e-12, 1e3, n),
    "equal": lambda n: np.full(n, 0.3),
    "zero": np.zeros,
}


def matrix(spectrum, seed=0):
    turn = np.linalg.qr(np.random.default_rng([seed, 7]).standard_normal((len(spectrum), len(spectrum))))[0]
    return (turn * spectrum) @ turn.T


def allowed(spectrum, tolerance=TOLERANCE):
    """Return the error that is promised: of the eigenvalue itself, or what rounding leaves of the largest in size."""
    return max(tolerance * abs(spectrum.max()), RESOLUTION * np.abs(spectrum).max())


@pytest.mark.parametrize("size", [3, 30, 300])
@pytest.mark.parametrize("kind", SPECTRA)
def test_it_is_the_largest_eigenvalue_of_a_dense_solver(kind, size):
    spectrum = SPECTRA[kind](size)
    given_ = matrix(spectrum)
    value, vector = top(given_.dot, np.random.default_rng(1).standard_normal((1, size)))
    room = allowed(spectrum)
    assert abs(value - spectrum.max()) <= room, "within the tolerance that is stated"
    assert np.linalg.norm(given_ @ vector - value * vector) <= 1.01 * room + 1e-14
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-12)


part = st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(-8, 8), st.floats(0, 4), st.integers(1, 30))


@settings(max_examples=60)
@given(st.lists(part, min_size=1, max_size=4), st.booleans(), st.integers(0, 10**6))
def test_it_is_right_or_nan_whatever_the_spectrum(parts, diagonal, seed):
    draw = np.random.default_rng(seed)
    clusters = [sign * 10.0 ** (size - width * draw.random(count)) for sign, size, width, count in parts]
    spectrum = np.concatenate(clusters)
    given_ = np.diag(spectrum) if diagonal else matrix(spectrum, seed)
    value, vector = top(given_.dot, draw.standard_normal((2, spectrum.size)))
    assert abs(value - spectrum.max()) <= 3 * allowed(spectrum), "the matrix itself is rounded"
    assert np.linalg.norm(given_ @ vector - value * vector) <= 3 * allowed(spectrum)


@pytest.mark.slow
def test_it_is_nan_where_the_products_do_not_suffice():
    spectrum, calls = -np.geomspace(1e-6, 1.0, 2 * MAX_PRODUCTS), []

    def product(vector):
        calls.append(1)
        return spectrum * vector

    value, vector = top(product, np.random.default_rng(0).standard_normal((2, spectrum.size)))
    assert np.isnan(value) and not vector.any() and len(calls) == MAX_PRODUCTS


@given(st.integers(1, 12), st.integers(0, 10**6))
def test_a_small_matrix_comes_out_to_rounding_once_its_span_is_whole(size, seed):
    draw = np.random.default_rng(seed)
    given_ = draw.standard_normal((size, size))
    given_ += given_.T
    value, _ = top(given_.dot, draw.standard_normal((2, size)), tolerance=0.0)
    np.testing.assert_allclose(value, np.linalg.eigvalsh(given_)[-1], atol=1e-13 * size)


def test_where_one_stands_out_the_eigenvalue_is_far_closer_than_the_tolerance():
    spectrum = SPECTRA["one stands out"](300)
    assert abs(top(matrix(spectrum).dot, np.ones((1, 300)))[0] - 5.0) < 10 * TOLERANCE**2 * 5.0


def test_a_tracker_finds_an_eigenvalue_that_overtakes_the_last_one():
    tracker = Tracker(200)
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((200, 200)))[0]
    for share in np.linspace(0.0, 1.0, 41):
        spectrum = np.concatenate([np.linspace(-1, 1, 198), [3.0 - share, 2.0 + share]])
        value = tracker.top(lambda vector, spectrum=spectrum: turn @ (spectrum * (vector @ turn)))
        assert value == pytest.approx(spectrum.max(), rel=TOLERANCE)


def test_one_that_is_hidden_from_an_exact_eigenvector_is_found():
    draw = np.random.default_rng(0)
    for _ in range(300):
        size, gap = int(draw.choice([50, 200, 800])), 10 ** draw.uniform(-4, -0.5)
        spectrum = np.append(np.linspace(-1, 1, size - 2), [2.0, 2.0 * (1 + gap)])
        axis = draw.standard_normal(size)
        axis /= np.linalg.norm(axis)

        def mirror(vector, axis=axis):
            return vector - 2 * axis * (axis @ vector)

        starts = np.stack([mirror(np.eye(size)[-2]), draw.standard_normal(size)])
        value, _ = top(lambda vector, spectrum=spectrum, mirror=mirror: mirror(spectrum * mirror(vector)), starts)
        assert value == pytest.approx(spectrum[-1], rel=TOLERANCE)


def test_a_start_near_the_end_saves_products():
    calls, given_ = [], matrix(SPECTRA["evenly spaced"](300))

    def product(vector):
        calls.append(1)
        return given_ @ vector

    tracker = Tracker(300)
    counts = []
    for _ in range(2):
        calls.clear()
        tracker.top(product)
        counts.append(len(calls))
    assert counts[1] < counts[0] < 300


def test_what_is_not_finite_gives_nan_and_is_forgotten():
    tracker = Tracker(5)
    assert np.isnan(tracker.top(lambda vector: vector * np.inf))
    assert tracker.top(lambda vector: 2.0 * vector) == pytest.approx(2.0, rel=1e-15)
