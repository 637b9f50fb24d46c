"""What boundaries say of the neighbourhood of an edge: one change, a few, or changes at most scales."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.neighbourhoods import KINDS, changes_seen
from eos_sweep.spec.making import make
from helpers.kernel_and_numpy import COUNTS

SIMPLE, SEVERAL, FRACTAL = (KINDS[name] for name in ("simple", "several", "fractal"))


def still(alpha):
    """A sweep over alpha in which nothing moves, so that alpha_final is alpha."""
    parameters = {"lambda1": 100.0, "lambda2": 0.01, "radius": "liu2025", "eta": 1e-60}
    return make(
        "bivariate", {"alpha": alpha}, parameters, {"beta1": 0.001, "beta2": 0.5}, steps=1, observables=list(COUNTS)
    )


def edges_of(holds, rtol=1e-6, cells=(0.0, 1.0)):
    """Return the changes and the kinds of the edges of a condition on alpha."""
    found = eos_sweep.boundary(still(list(cells)), "alpha", lambda o: holds(o.alpha_final), rtol=rtol)
    return found.changes.values.tolist(), found.kind.values.tolist()


def cantor(x, levels):
    """Whether the gap of the Cantor set that x is in is of an even level; not, if it is in none of these levels."""
    held, open_ = np.zeros(x.shape, bool), np.ones(x.shape, bool)
    for level in range(levels):
        x = 3 * x
        digit = np.clip(np.floor(x), 0, 2)
        held |= open_ & (digit == 1) & (level % 2 == 0)
        open_ &= digit != 1
        x = x - digit
    return held


@given(st.floats(0.01, 0.99), st.sampled_from([1e-2, 1e-6, 1e-12]))
@settings(max_examples=20)
def test_a_condition_that_changes_once_has_a_simple_edge(level, rtol):
    assert edges_of(lambda x: x > level, rtol) == ([1], [SIMPLE])


@given(st.floats(0.3, 0.6), st.floats(-3.5, -0.9), st.floats(0.6, 1.6), st.sampled_from([1e-6, 1e-9, 1e-12]))
@settings(max_examples=30)
def test_three_edges_are_several_however_narrow_the_bracket(first, size, share, rtol):
    """No gap is narrower than half of its distance from any of the edges, so probes meet each."""
    second = first + 10**size
    third = second + share * 10**size
    assert edges_of(lambda x: (x > first) ^ (x > second) ^ (x > third), rtol) == ([3], [SEVERAL])


def test_a_cantor_set_is_a_fractal_and_its_first_levels_are_not():
    for rtol in (1e-4, 1e-6, 1e-9):
        (changes,), (kind,) = edges_of(lambda x: cantor(x, 30), rtol, cells=(0.2, 0.4))
        assert kind == FRACTAL and changes > 5
        (few,), (kind,) = edges_of(lambda x: cantor(x, 4), rtol / 100, cells=(0.2, 0.4))
        assert kind == SEVERAL and few < changes


def test_changes_of_a_fractal_grow_in_number_as_the_bracket_shrinks():
    numbers = [edges_of(lambda x: cantor(x, 30), rtol, cells=(0.2, 0.4))[0][0] for rtol in (1e-3, 1e-6, 1e-9, 1e-12)]
    assert (np.diff(numbers) > 5).all()
    bounded = [edges_of(lambda x: cantor(x, 4), rtol, cells=(0.2, 0.4))[0][0] for rtol in (1e-6, 1e-9, 1e-12)]
    assert np.ptp(bounded) <= 2


def test_changes_beyond_the_neighbours_on_the_grid_are_edges_of_their_own():
    turns = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    found = edges_of(lambda x: np.searchsorted(turns, x) % 2 == 1, cells=np.linspace(0, 1, 6).tolist())
    assert found == ([1] * 5, [SIMPLE] * 5)


def test_probes_keep_between_the_neighbours_and_outside_of_the_bracket():
    met = []

    def evaluate(rows, at):
        met.append((rows, at))
        return at > 1.0

    bracket, ends = (np.array([1.0, 0.999]), np.array([1.001, 1.0])), (np.array([0.5, 0.0]), np.array([1.1, 4.0]))
    changes, kinds = changes_seen(evaluate, np.array([7, 8]), bracket, ends, np.ones(2, bool))
    assert changes.tolist() == [1, 1] and kinds.tolist() == [SIMPLE, SIMPLE]
    for row, low, high, first, last in ((7, 1.0, 1.001, 0.5, 1.1), (8, 0.999, 1.0, 0.0, 4.0)):
        at = np.concatenate([values[rows == row] for rows, values in met])
        assert ((at > first) & (at < last) & ((at < low) | (at > high))).all() and at.size > 10
        nearest = np.min(np.maximum(low - at, at - high))
        assert nearest == pytest.approx(high - low, rel=1e-9)


# Real strips

UNBOUNDED = {
    "model": "bivariate",
    "axes": {"lambda1": {"log": [10, 1000, 5]}, "eta": {"log": [0.003, 1, 60]}},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
    "steps": 3000,
}


def test_in_strips_of_sign_flips_edges_are_many_and_where_the_start_is_above_the_edge_they_are_one():
    spec = make(**UNBOUNDED, parameters={"lambda2": 0.01})
    found = eos_sweep.boundary(spec, "eta", "sign_flip")
    kinds = found.kind.values[found.side.values > 0]
    assert (kinds == FRACTAL).sum() >= 3 and (kinds != SIMPLE).mean() > 0.5
    assert (found.changes.values[found.kind.values == FRACTAL] >= 5).all()
    start = eos_sweep.boundary(spec, "eta", "first_crossing == 0")
    assert start.changes.values.tolist() == [[1]] * 5 and (start.kind == SIMPLE).all()
    again = eos_sweep.boundary(spec, "eta", "sign_flip", threads=1)
    assert again.identical(found)


def test_absent_edges_have_no_kind_and_pictures_mark_those_that_are_not_simple():
    spec = make(**UNBOUNDED, parameters={"lambda2": 0.01})
    found = eos_sweep.boundary(spec, "eta", "sign_flip")
    absent = found.side.values == 0
    assert absent.any() and (found.kind.values[absent] == 0).all() and (found.changes.values[absent] == 0).all()
    assert found.kind.attrs["flag_meanings"] == "none simple several fractal"
    assert found.kind.attrs["flag_values"] == [0, 1, 2, 3]
    drawn = plot.boundary_dots(found, "eta", "lambda1", Figure().subplots()).lines
    crosses = [line for line in drawn if line.get_label().endswith(", one of several")]
    assert {line.get_marker() for line in crosses} == {"X"}
    places = np.concatenate([line.get_xdata() for line in crosses])
    np.testing.assert_array_equal(np.sort(places), np.sort(found.edge.values[found.kind.values > SIMPLE]))
