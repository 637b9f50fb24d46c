"""Two sweeps share the trajectories whose inputs have the same bits, whatever their axes are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.spec.kept_axes import adopted
from eos_sweep.spec.overlap import contains, obstacles, shared
from helpers.specs import sweep

NUMBERS = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]), min_size=1, max_size=4, unique=True)
NAMES = "eta", "lambda1", "clip"


@st.composite
def sweeps(draw):
    """Draw a sweep in which some of three inputs are axes, in any order, and the others are fixed numbers."""
    dims = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    fixed = {name: draw(NUMBERS)[0] for name in NAMES if name not in dims}
    parameters = {"lambda1": None, "lambda2": 1, **fixed}
    return sweep(axes={name: draw(NUMBERS) for name in dims}, parameters=parameters)


def cells(one):
    """Return the inputs of each cell of a sweep -> its index."""
    grid = np.stack(np.meshgrid(*(axis.values for axis in one.axes), indexing="ij"), axis=-1).reshape(one.size, -1)
    initial, parameters = one.inputs(dict(zip(one.dims, grid.T, strict=True)))
    points = np.stack([*parameters.values(), *initial.values()], axis=-1)
    return {point.tobytes(): np.unravel_index(at, one.shape) for at, point in enumerate(points)}


@settings(max_examples=30, deadline=None)
@given(sweeps(), sweeps())
def test_shared_cells_are_those_with_equal_inputs(old, new):
    there, here = cells(old), cells(new)
    if obstacles(old, new):
        assert not there.keys() & here.keys()
        return
    found = shared(old, new)
    assert found.size == len(there.keys() & here.keys())
    assert contains(old, new) == (there.keys() <= here.keys())
    if found.size:
        grid = np.meshgrid(*(range(found.here[name].size) for name in new.dims), indexing="ij")
        for places in zip(*(axis.ravel() for axis in grid), strict=True):
            at = dict(zip(new.dims, places, strict=True))
            cell = tuple(int(found.here[name][at[name]]) for name in new.dims)
            other = tuple(int(found.there[name][at.get(name, 0)]) for name in old.dims)
            (inputs,) = (inputs for inputs, index in here.items() if index == cell)
            assert there[inputs] == other


@pytest.mark.parametrize(("changes", "line"), [
    ({"steps": 11}, "steps: 10 -> 11"),
    ({"tolerance": 1e-9}, "tolerance: 1e-20 -> 1e-09"),
    ({"rule": "heavy_ball", "parameters": {"momentum": 0.9}}, "rule: none -> heavy_ball"),
    ({"initial": {"alpha": 2}}, "initial.alpha: 1 -> 2"),
    ({"parameters": {"radius": "2 / lambda1"}}, "parameters.radius: inf -> '2 / lambda1'"),
    ({"axes": {"q": [0.1]}, "parameters": {"eta": "q"}}, "has values there, and the other an expression"),
])  # fmt: skip
def test_what_is_in_the_way_is_named(changes, line):
    assert any(line in found for found in obstacles(sweep(), sweep(**changes))), obstacles(sweep(), sweep(**changes))
    assert not contains(sweep(), sweep(**changes))


def test_an_axis_that_no_expression_uses_changes_nothing():
    drawn = {"axes": {"eta": [0.1, 0.2], "seed": [0, 1, 2]}, "initial": {"alpha": "normal(0, 1)"}}
    assert shared(sweep(), sweep(axes={"eta": [0.1, 0.2], "seed": [0, 1, 2]})).size == 6
    assert obstacles(sweep(), sweep(**drawn))
    more = {**drawn, "axes": {"eta": [0.2, 0.3], "seed": [2, 3]}}
    assert shared(sweep(**drawn), sweep(**more)).size == 1


def test_variables_are_shared_by_their_formulas():
    old = sweep(observables={"stored": ["crossings"], "peak": "max(loss)", "low": "min(loss)"})
    new = sweep(observables={"stored": ["default"], "peak": "max(loss)", "low": "min(2 * loss)"})
    names = shared(old, new).variables
    assert "peak" in names and "low" not in names and "crossings" in names and "outcome" not in names
    assert not contains(old, new)


def test_fewer_bits_can_be_taken_from_more_but_do_not_contain_them():
    double, single = sweep(), sweep(dtype="float32")
    assert not obstacles(double, single) and obstacles(single, double)
    assert not contains(double, single) and contains(single, single)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["linear", "log"]),
    st.floats(0.01, 1),
    st.floats(1.5, 100),
    st.integers(2, 40),
    st.integers(2, 5),
    st.booleans(),
)
def test_axes_keep_the_stored_bits_of_shared_values(spacing, start, factor, count, times, listed):
    old = sweep(axes={"eta": {spacing: [start, start * factor, count]}})
    new = sweep(axes={"eta": {spacing: [start, start * factor, (count - 1) * times + 1]}})
    if listed:
        new = sweep(axes={"eta": new.axis("eta").values})
    kept = adopted(new, old)
    assert set(old.axis("eta").values) <= set(kept.axis("eta").values)
    np.testing.assert_allclose(kept.axis("eta").values, new.axis("eta").values, rtol=1e-13)
    assert contains(old, kept) and adopted(new, kept).hash == kept.hash, "a run of the same spec goes on"


def test_values_that_differ_by_more_than_rounding_stay():
    old = sweep(axes={"eta": [0.1, 0.2, 1.0]})
    for values in ([0.1 + 1e-9, 0.3], [0.15], [0.2 * (1 + 1e-12)]):
        assert adopted(sweep(axes={"eta": values}), old).axis("eta").values.tolist() == values
    zero = sweep(axes={"eta": [0.1], "alpha": {"linear": [-1, 1, 21]}}, initial={"alpha": None})
    finer = sweep(axes={"eta": [0.1], "alpha": {"linear": [-1, 1, 61]}}, initial={"alpha": None})
    assert contains(zero, adopted(finer, zero)), "rounding near zero follows the ends of the axis"


@pytest.mark.parametrize("values", [[np.inf, 0.5], [0.5, np.inf], [np.inf], [np.inf, 0.25], [0.5]])
@pytest.mark.parametrize("stored", [[np.inf, 0.5], [0.5], [np.inf]])
def test_infinite_values_are_near_no_other(values, stored):
    new = sweep(axes={"clip": values}, parameters={"eta": 0.1, "lambda1": 1, "lambda2": 1})
    old = sweep(axes={"clip": stored}, parameters={"eta": 0.1, "lambda1": 1, "lambda2": 1})
    fixed = sweep(parameters={"clip": stored[0], "lambda1": 1, "lambda2": 1})
    assert adopted(new, old) is new and adopted(new, fixed) is new
