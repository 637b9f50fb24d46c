"""Following the largest eigenvalue: right where it moves, few products where it moves little, others are found soon."""

import numpy as np
import pytest

from eos_sweep.eigen import following
from eos_sweep.eigen.jacobi import eigen
from eos_sweep.eigen.lanczos import TOLERANCE
from eos_sweep.eigen.tracker import Tracker


class Counted:
    """A symmetric matrix with given eigenvalues, in a turned basis, that counts its products."""

    def __init__(self, size, seed=0):
        self.turn = np.linalg.qr(np.random.default_rng([seed, 7]).standard_normal((size, size)))[0]
        self.spectrum, self.calls = np.zeros(size), 0

    def __call__(self, vector):
        self.calls += 1
        return self.turn @ (self.spectrum * (vector @ self.turn))

    def tilt(self, angle, one=-1, other=-2):
        """Rotate two eigenvectors by an angle."""
        a, b = self.turn[:, one].copy(), self.turn[:, other].copy()
        self.turn[:, one], self.turn[:, other] = (
            np.cos(angle) * a - np.sin(angle) * b,
            np.sin(angle) * a + np.cos(angle) * b,
        )


@pytest.mark.parametrize("size", [1, 2, 3, 9, 40])
def test_jacobi_finds_all_eigenvalues_and_vectors(size):
    draw = np.random.default_rng(size)
    for scale in (1.0, 10.0 ** draw.uniform(-8, 8, size)):
        matrix = draw.standard_normal((size, size))
        matrix = scale * (matrix + matrix.T) * np.reshape(scale, (-1, 1) if np.ndim(scale) else ())
        values, vectors = np.empty(size), np.empty((size, size))
        eigen(size, matrix, np.empty((size, size)), values, vectors)
        largest = np.abs(matrix).max()
        np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix), rtol=0, atol=1e-14 * size * largest)
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(size), atol=1e-14 * size)
        np.testing.assert_allclose(vectors @ matrix, values[:, None] * vectors, rtol=0, atol=1e-14 * size * largest)


def smooth(matrix, t):
    matrix.spectrum[-3:] = 1.8, 2.0 + 0.1 * np.sin(0.3 * t), 3.0 + 0.02 * t
    matrix.tilt(0.01)
    matrix.tilt(0.02, -1, 5)


def swinging(matrix, t):
    """One side of a valley and the other, in turns."""
    matrix.spectrum[-3:] = 1.8, 2.0, 3.0 + 0.1 * (-1) ** t + 0.002 * t
    matrix.tilt(0.05 * (-1) ** t)
    matrix.tilt(0.05 * (-1) ** t, -2, 9)


@pytest.mark.parametrize("path", [smooth, swinging])
def test_on_a_path_that_goes_on_as_before_a_look_costs_few_products(path):
    matrix, counts = Counted(400), []
    matrix.spectrum[:] = np.linspace(-1.0, 1.0, 400)
    tracker = Tracker(400)
    for t in range(60):
        path(matrix, t)
        matrix.calls = 0
        assert tracker.top(matrix) == pytest.approx(matrix.spectrum.max(), rel=1e-9)
        counts.append(matrix.calls)
    assert np.mean(counts[4:]) <= 8
    assert counts[0] > 10, "the first look is a search"


def test_two_that_change_places_in_turns_are_both_followed():
    matrix, tracker = Counted(200), Tracker(200)
    matrix.spectrum[:] = np.linspace(-1.0, 1.0, 200)
    for t in range(80):
        matrix.spectrum[-2:] = 2.5 + 0.5 * np.sin(0.2 * t), 2.5 - 0.5 * np.sin(0.2 * t)
        assert tracker.top(matrix) == pytest.approx(matrix.spectrum.max(), rel=TOLERANCE)


def test_one_that_appears_out_of_nothing_is_found_within_one_period_of_searches():
    """300 times an eigenvalue that no kept vector sees becomes the largest one, by 0.01 % to a third."""
    draw, size = np.random.default_rng(0), 200
    matrix, before = Counted(size), Tracker(size)
    matrix.spectrum[:] = np.linspace(-1.0, 1.0, size)
    matrix.spectrum[-1] = 2.0
    for _ in range(2):
        before.top(matrix)
    for hidden in range(300):
        place, gap, tracker = hidden % (size - 3), 10 ** draw.uniform(-4, -0.5), Tracker(size)
        tracker.state[:] = before.state
        spectrum = np.linspace(-1.0, 1.0, size)
        spectrum[-1], spectrum[place] = 2.0, 2.0 * (1.0 + gap)
        axis = draw.standard_normal(size)  # the others point elsewhere each time, the kept ones stay
        axis -= matrix.turn[:, -1] * (matrix.turn[:, -1] @ axis)
        axis /= np.linalg.norm(axis)

        def product(vector, axis=axis, spectrum=spectrum):
            mirrored = vector - 2.0 * axis * (axis @ vector)
            found = matrix.turn @ (spectrum * (mirrored @ matrix.turn))
            return found - 2.0 * axis * (axis @ found)

        found = [tracker.top(product) for _ in range(following.EVERY)]
        assert found[-1] == pytest.approx(spectrum[place], rel=TOLERANCE)


def test_one_that_grows_steadily_past_the_others_is_found_as_soon_as_the_next_search():
    matrix, tracker = Counted(200), Tracker(200)
    matrix.spectrum[:] = np.linspace(-1.0, 1.0, 200)
    matrix.spectrum[-2:] = 1.5, 2.0
    wrong = []
    for t in range(100):
        matrix.spectrum[7] = 0.5 + 0.02 * t
        wrong.append(abs(tracker.top(matrix) / matrix.spectrum.max() - 1.0) > TOLERANCE)
    overtakes = next(t for t in range(100) if 0.5 + 0.02 * t > 2.0)
    assert not any(wrong[:overtakes]) and not any(wrong[overtakes + following.EVERY :])


def test_a_matrix_that_is_another_one_is_searched_at_once():
    one, other, tracker = Counted(150, 1), Counted(150, 2), Tracker(150)
    one.spectrum[:], other.spectrum[:] = np.linspace(-1, 3, 150), np.linspace(-5, 2, 150)
    for matrix in (one, one, other, one, other, other):
        assert tracker.top(matrix) == pytest.approx(matrix.spectrum.max(), rel=TOLERANCE)


def test_its_state_is_all_that_the_next_looks_depend_on():
    matrices = []
    for t in range(12):
        matrix = Counted(60)
        matrix.spectrum[:] = np.linspace(-1, 1, 60)
        smooth(matrix, t)
        matrices.append(matrix)
    tracker = Tracker(60)
    for matrix in matrices[:6]:
        tracker.top(matrix)
    saved = tracker.state.copy()
    found = [tracker.top(matrix) for matrix in matrices[6:]]
    another = Tracker(60)
    another.top(matrices[-1])
    another.state[:] = saved
    assert [another.top(matrix) for matrix in matrices[6:]] == found
    assert another.state.tobytes() == tracker.state.tobytes()


def test_where_many_are_close_more_products_are_taken_and_the_next_look_is_no_worse():
    spectrum = np.linspace(-1.0, 1.0, 1500) ** 3
    tracker = Tracker(1500)
    for _ in range(3):
        assert tracker.top(lambda vector: spectrum * vector) == pytest.approx(1.0, rel=TOLERANCE)
