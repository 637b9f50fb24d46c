"""Labels in pools: counted as by hand, however they are cut into chunks, and each chunk read once."""

import itertools
import math
import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import eos_sweep
from eos_sweep.analysis import pooling
from eos_sweep.analysis.opened import grown
from eos_sweep.errors import InputError

FLAGS = {"flag_values": [0, 1, 2, 3, 4], "flag_meanings": "not_computed a b c d", "long_name": "kind of cell"}
DIMS = "x", "y", "z"
few = settings(max_examples=25)  # dask takes milliseconds to make a graph


def labelled(codes, **coords):
    return xr.DataArray(codes, coords, DIMS[: codes.ndim], "kind", FLAGS)


def pools(codes, sides):
    """Yield (place, cells) of each pool."""
    for place in itertools.product(*(range(-(-n // side)) for n, side in zip(codes.shape, sides, strict=True))):
        cut = (slice(i * side, (i + 1) * side) for i, side in zip(place, sides, strict=True))
        yield place, codes[tuple(cut)].ravel()


@st.composite
def cases(draw):
    """Codes of one to three dims, the sides of pools, and the sizes of chunks along each axis."""
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=11))
    codes = draw(arrays.arrays(np.int8, shape, elements=st.integers(0, 4)))
    sides = draw(st.tuples(*(st.integers(1, n + 2) for n in shape)))
    chunks = []
    for n in shape:
        ends = sorted({*draw(st.lists(st.integers(1, n), max_size=4)), n})
        chunks.append(tuple(np.diff([0, *ends]).tolist()))
    return codes, sides, tuple(chunks)


@few
@given(cases())
def test_counts_are_those_by_hand_however_the_labels_are_cut(case):
    codes, sides, chunks = case
    labels, factors = labelled(codes), dict(zip(DIMS, sides, strict=False))
    whole = pooling.counts(labels, factors)
    for place, cells in pools(codes, sides):
        assert whole.values[place].tolist() == np.bincount(cells, minlength=5).tolist()
    lazy = pooling.counts(labels.chunk(dict(zip(DIMS, chunks, strict=False))), factors)
    assert lazy.chunks
    xr.testing.assert_identical(lazy.compute(scheduler="synchronous"), whole)


@few
@given(cases())
def test_pooling_takes_the_most_frequent_label_that_was_computed(case):
    codes, sides, chunks = case
    labels, factors = labelled(codes), dict(zip(DIMS, sides, strict=False))
    pooled = eos_sweep.coarsen(labels, factors)
    assert (pooled.dtype, pooled.name, pooled.attrs, pooled.dims) == (np.int8, "kind", FLAGS, labels.dims)
    for place, cells in pools(codes, sides):
        computed = cells[cells > 0]
        assert pooled.values[place] == (np.bincount(computed).argmax() if computed.size else 0)  # of equals the least
    lazy = eos_sweep.coarsen(labels.chunk(dict(zip(DIMS, chunks, strict=False))), factors)
    assert lazy.chunks and lazy.dtype == np.int8
    xr.testing.assert_identical(lazy.compute(scheduler="synchronous"), pooled)


@few
@given(cases(), st.sets(st.sampled_from(DIMS)))
def test_shares_are_those_of_the_computed_cells(case, kept):
    codes, _, chunks = case
    labels = labelled(codes)
    by = [dim for dim in reversed(labels.dims) if dim in kept]
    found = eos_sweep.shares(labels.chunk(dict(zip(DIMS, chunks, strict=False))), *by)
    assert found.dims == (*by, "kind") and found.chunks and found["kind"].values.tolist() == list("abcd")
    xr.testing.assert_identical(found.compute(scheduler="synchronous"), eos_sweep.shares(labels, *by))
    others = [dim for dim in labels.dims if dim not in by]
    for name, code in zip("abcd", range(1, 5), strict=True):
        with np.errstate(invalid="ignore"):
            expected = (labels == code).sum(others) / (labels > 0).sum(others)
        np.testing.assert_array_equal(found.sel(kind=name).transpose(*by), expected.transpose(*by))


@few
@given(cases(), st.tuples(*[st.integers(1, 3)] * 3))
def test_counts_come_back_from_shares_in_smaller_pools(case, again):
    codes, sides, _ = case
    labels = labelled(codes)
    small = pooling.counts(labels, dict(zip(DIMS, sides, strict=False)))
    share = (small / small.sum("code")).astype(np.float32)
    for dim, side in zip(labels.dims, sides, strict=True):
        share = share.assign_coords({dim: xr.Variable(dim, np.arange(share.sizes[dim]), {"pooled": side})})
    large = {dim: side * more for dim, side, more in zip(labels.dims, sides, again, strict=False)}
    for given_share in (share, share.chunk(x=2)):
        found = pooling.recount(labels, large, given_share)
        xr.testing.assert_identical(found.compute(scheduler="synchronous"), pooling.counts(labels, large))


def test_a_flag_that_is_no_gap_has_a_vote_and_an_unknown_value_is_an_error():
    codes = np.array([0, 0, 0, 1, 2], np.int8)
    about = {"flag_values": [2, 1, 0], "flag_meanings": "two one none"}
    labels = xr.DataArray(codes, dims="x", name="n", attrs=about)
    assert eos_sweep.coarsen(labels, {"x": 4}).values.tolist() == [0, 2]
    assert eos_sweep.shares(labels).values.tolist() == [0.6, 0.2, 0.2]
    assert eos_sweep.shares(labels)["n"].values.tolist() == ["none", "one", "two"]
    with pytest.raises(InputError, match="^labels: got 77, which is no flag; give codes that all have a meaning$"):
        eos_sweep.shares(labels.where(labels != 1, 77))


def test_pools_lie_in_the_middle_of_their_cells():
    coords = {"x": np.geomspace(1, 1e4, 9), "y": ("y", np.linspace(0, 1, 5), {"units": "m"}), "z": [5.0, np.inf, 1.0]}
    about = {"radius": ("x", np.arange(9.0)), "kept": ("z", [1, 2, 3]), "fixed": 3.0}
    found = eos_sweep.coarsen(labelled(np.ones((9, 5, 3), np.int8), **coords, **about), {"x": 3, "y": 2, "z": 1})
    np.testing.assert_allclose(found["x"], np.geomspace(1, 1e4, 9)[[1, 4, 7]], rtol=1e-14)
    assert found["y"].values.tolist() == [0.125, 0.625, 1.0] and found["y"].attrs == {"units": "m", "pooled": 2}
    assert found["z"].values.tolist() == [5, np.inf, 1] and "pooled" not in found["z"].attrs
    assert found["kept"].values.tolist() == [1, 2, 3] and found["fixed"] == 3 and "radius" not in found.coords
    assert eos_sweep.coarsen(labelled(np.ones(3, np.int8), x=coords["z"]), {"x": 3})["x"] == np.inf  # has no scale


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda labels: eos_sweep.coarsen(labels, {"w": 2}), "no axis 'w' in kind; there are: x, y"),
        (lambda labels: eos_sweep.shares(labels, "w"), "no axis 'w' in kind; there are: x, y"),
        (lambda labels: eos_sweep.coarsen(labels, {"x": 0}), "factors: got 0 for x; give a whole number of cells >= 1"),
        (lambda labels: eos_sweep.coarsen(labels, {"x": 1.5}), "factors: got 1.5 for x; give a whole number"),
        (
            lambda labels: eos_sweep.shares(labels.drop_attrs()),
            "kind: holds no labels, since it has no flags",
        ),
    ],
)
def test_what_cannot_be_pooled_is_an_error_of_one_line(call, message):
    with pytest.raises(InputError, match="^" + re.escape(message)) as caught:
        call(labelled(np.ones((4, 5), np.int8)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("factors", [{"x": 4, "y": 8}, {"x": 64, "y": 96}, {"x": 16, "y": 96}])
def test_each_chunk_is_read_once_and_no_two_are_held_in_one(factors):
    read = []

    def load(block, block_info=None):
        read.append((block_info[0]["chunk-location"], block.size))
        return block

    labels = labelled(np.ones((64, 96), np.int8)).chunk(x=16, y=24)
    labels.data = labels.data.map_blocks(load, dtype=np.int8, meta=np.empty((0, 0), np.int8))
    largest = max(math.prod(chunk) for chunk in itertools.product(*pooling.counts(labels, factors).chunks[:2]))
    assert largest <= 16 * 24
    assert eos_sweep.coarsen(labels, factors).compute(scheduler="synchronous").all()
    assert sorted(read) == [((i, j), 384) for i in range(4) for j in range(4)]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3000)), min_size=1, max_size=4), st.integers(1, 10**6))
def test_chunks_are_whole_blocks_and_as_large_as_allowed(axes, most):
    block, shape = zip(*axes, strict=True)
    found = grown(block, shape, most)
    assert all(n % b == 0 for n, b in zip(found, block, strict=True))
    size = math.prod(map(min, found, shape))
    assert found == block or size <= most
    longest = max(range(len(shape)), key=lambda axis: shape[axis] / found[axis])
    wider = [2 * n if axis == longest else n for axis, n in enumerate(found)]
    assert all(n >= m for n, m in zip(found, shape, strict=True)) or math.prod(map(min, wider, shape)) > most
