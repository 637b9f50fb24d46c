"""Scales of axes, and the edges of cells on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.slices import cell_edges


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 2, 10, 500], ("log", False)),
        ([1, 2, 5], ("linear", False)),
        ([0, 1, 1000], ("linear", False)),
        ([1, np.inf], ("category", False)),
        ([3], ("category", False)),
        ([1, 1 + 2**-52], ("category", False)),
        ([1, 1 + 1e-13, 1 + 2e-13], ("category", False)),
        ([1, 1 + 1e-11, 1 + 2e-11], ("linear", True)),
        ([-1e301, 0, 1e301], ("category", False)),
        ([1e-310, 1e-300], ("category", False)),
    ],
)
def test_uneven_axes_are_logarithmic_from_two_decades_on(values, scale):
    assert scale_of(np.array(values, float)) == scale


increasing = arrays.arrays(float, st.integers(2, 40), elements=st.floats(0.01, 1e3)).map(np.cumsum)


@given(increasing, st.floats(-1e3, 1e3))
def test_each_cell_holds_its_value_and_the_next_begins_where_it_ends(values, shift):
    for axis in (values, values + shift):
        edges = cell_edges(axis)
        assert edges.size == axis.size + 1 and (np.diff(edges) > 0).all()
        assert (edges[:-1] < axis).all() and (axis < edges[1:]).all()


@given(st.floats(1e-8, 1e8), st.floats(1.01, 100), st.integers(3, 60))
def test_log_axes_have_geometric_edges_and_linear_ones_arithmetic(start, ratio, count):
    values = start * ratio ** np.arange(count)
    assert scale_of(values) == ("log", True)
    np.testing.assert_allclose(cell_edges(values), start * ratio ** (np.arange(count + 1) - 0.5), rtol=1e-9)
    values = start + ratio * np.arange(count)
    assert scale_of(values) == ("linear", True)
    np.testing.assert_allclose(cell_edges(values), start + ratio * (np.arange(count + 1) - 0.5), rtol=1e-9)


floats = st.lists(st.floats(allow_nan=False), min_size=1, max_size=20, unique=True)
neighbours = st.floats(1e-3, 1e3).map(lambda first: [first, np.nextafter(first, np.inf)])


@given(floats | neighbours)
def test_a_map_has_room_for_every_axis(unordered):
    values = np.array(sorted(unordered))
    with np.errstate(all="raise", under="ignore"):
        edges = cell_edges(values)
    assert np.isfinite(edges).all() and (np.diff(edges) >= 0).all() and edges[-1] - edges[0] > 1e-13 * abs(edges).max()
    if scale_of(values)[0] == "category":
        np.testing.assert_array_equal(edges, np.arange(values.size + 1) - 0.5)
    if scale_of(values)[0] == "log":
        assert edges[0] > 0
