"""A pyramid is the stored map, pooled: it counts exactly, and takes little memory."""

import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import regimes
from eos_sweep.analysis import pyramid_levels
from eos_sweep.spec.sweeps import Sweep
from helpers.pyramids import SPEC, THIN, checked_levels
from helpers.runs import run
from helpers.stores import FEW


def test_levels_are_the_stored_regimes_pooled(with_pyramid):
    assert checked_levels(with_pyramid) == 2
    coarse, fine = eos_sweep.open_pyramid(with_pyramid)
    assert coarse["regime"].shape == (2, 176, 133) and fine["regime"].shape == (2, 351, 265)
    assert all(isinstance(data.data, dask.array.Array) for level in (coarse, fine) for data in level.data_vars.values())


def test_levels_open_without_us_and_tell_what_they_are(with_pyramid):
    whole = xr.open_zarr(with_pyramid)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        level = xr.open_zarr(with_pyramid, group="pyramid/256")
    xr.testing.assert_identical(level.load(), eos_sweep.open_pyramid(with_pyramid)[0].load())
    assert level["regime"].dtype == np.int8 and level["share"].dims == (*level["regime"].dims, "code")
    for key in ("flag_values", "flag_meanings", "rules", "thresholds", "long_name"):
        assert level["regime"].attrs[key] == whole["regime"].attrs[key]
    assert level["code"].values.tolist() == level["regime"].attrs["flag_values"] == level["code"].attrs["flag_values"]
    np.testing.assert_allclose(level["share"].sum("code"), 1.0, rtol=1e-6)
    assert level["clip"].values.tolist() == [10, math.inf] and "pooled" not in level["clip"].attrs
    for name in ("lambda1", "eta"):
        values, side = whole[name].values, level[name].attrs["pooled"]
        assert side == 4 and level[name].attrs["symbol"] == whole[name].attrs["symbol"]
        np.testing.assert_allclose(
            level[name][:-1] ** 2, values[:-side:side] * values[side - 1 : -1 : side], rtol=1e-14
        )
    assert level.attrs["spec_hash"] == whole.attrs["spec_hash"] and "eos_sweep" not in level.attrs
    assert "4 along lambda1, 4 along eta" in level.attrs["comment"]
    assert set(xr.open_zarr(with_pyramid)) == {
        *regimes.REQUIRED,
        "steps_taken",
        "regime",
    }  # the sweep itself is as ever


def test_small_maps_and_those_without_regimes_have_none(tmp_path):
    small = {**THIN, "axes": THIN["axes"] | {"lambda1": {"log": [1, 1e4, 512]}}}
    for name, spec in (("small", small), ("few", {**THIN, "observables": FEW})):
        run(spec, tmp_path / name)
        assert not (tmp_path / name / "pyramid").exists() and eos_sweep.open_pyramid(tmp_path / name) == []


def test_it_is_where_the_store_is(tmp_path, thin):
    url = f"memory://{tmp_path.name}/s.zarr"
    run(THIN, url)
    eos_sweep.export(thin, tmp_path / "s.zarr.zip")
    for place in (url, tmp_path / "s.zarr.zip"):
        for level, same in zip(eos_sweep.open_pyramid(place), eos_sweep.open_pyramid(thin), strict=True):
            xr.testing.assert_equal(level.load(), same.load())
    run({**THIN, "steps": 9}, url, overwrite=True)
    assert len(eos_sweep.open_pyramid(url)) == 2


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=4))
def test_levels_halve_along_long_axes_down_to_a_thumbnail(lengths):
    names = ("lambda1", "eta", "alpha", "beta1")
    axes = {name: {"linear": [1, 1 + n, n]} if n > 1 else [1.0] for name, n in zip(names, lengths, strict=False)}
    left = {"lambda1": 1.0, "eta": 0.1, "lambda2": 0.01, "alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    inputs = {name: value for name, value in left.items() if name not in axes}
    initial = {name: inputs.pop(name) for name in ("alpha", "beta1", "beta2") if name in inputs}
    sweep = Sweep.from_dict({**SPEC, "axes": axes, "parameters": inputs, "initial": initial, "chunks": {}})
    levels = pyramid_levels.factors(sweep)
    finer = None
    for side, pools in levels.items():
        sizes = {name: -(-n // pools.get(name, 1)) for name, n in zip(names, lengths, strict=False)}
        long = [name for name, n in zip(names, lengths, strict=False) if n > 512]
        assert set(pools) <= set(long) and math.prod(sizes.values()) <= 2**24
        assert all(sizes[name] <= side for name in long) and max(sizes[name] for name in pools) > side // 2
        assert all(pool.bit_count() == 1 and pool % (finer or {}).get(name, 1) == 0 for name, pool in pools.items())
        finer = pools
    thumbnail = math.prod(min(n, 256) if n > 512 else n for n in lengths)
    assert (256 in levels) or max(lengths) <= 512 or thumbnail > 2**23


@pytest.mark.parametrize(
    "axes",
    [
        {"seed": list(range(2000)), "lambda1": [1.0, 2.0]},
        {"lambda1": [*map(float, range(1, 1000)), math.inf], "eta": [0.1]},
        {"lambda1": [float(n) for n in range(1000, 0, -1)], "eta": [0.1]},
    ],
)
def test_axes_without_an_order_are_never_pooled(axes):
    axes = {"clip" if math.inf in values else name: values for name, values in axes.items()}
    left = {name: 0.5 for name in ("lambda1", "eta", "lambda2") if name not in axes}
    assert pyramid_levels.factors(Sweep.from_dict({**SPEC, "axes": axes, "parameters": left, "chunks": {}})) == {}


@pytest.mark.slow
def test_a_large_map_takes_little_memory(tmp_path):
    """8192 x 8192 cells, whose labels alone read 2.3 GB, by the script that does the same with 10^9."""
    script = Path(__file__).parents[1] / "programs" / "huge.py"
    table = subprocess.run(
        [sys.executable, script, tmp_path, "8192"], check=True, capture_output=True, text=True, env=os.environ
    ).stdout
    rows = [line.rsplit(maxsplit=2) for line in table.splitlines()[1:]]
    resident = {name: float(gibibytes) for name, _, gibibytes in rows}
    assert len(resident) == 11 and max(resident.values()) < 1.0, table
    assert resident["open_sweep"] < resident["import"] + 0.1, table
    assert (tmp_path / "pyramid.png").read_bytes() == (tmp_path / "plain.png").read_bytes()
