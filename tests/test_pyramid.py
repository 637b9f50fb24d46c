"""A pyramid is the stored map, pooled: it counts exactly, is never of another state, and gives the same pictures."""

import json
import math
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from test_store import FEW, command, contents

import eos_sweep
from eos_sweep import plot, pooling, pyramid, regimes
from eos_sweep.cli import main
from eos_sweep.spec import Sweep
from eos_sweep.store import Store

SPEC = {
    "model": "bivariate",
    "steps": 8,
    "axes": {"clip": [10, math.inf], "lambda1": {"log": [1, 1e4, 701]}, "eta": {"log": [1e-3, 30, 530]}},
    "parameters": {"lambda2": 0.01},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
    "chunks": {"clip": 1, "lambda1": 96, "eta": 77},  # no power of two
    "observables": list(regimes.REQUIRED),
}
# A map that is long in one direction only is quick to compute.
THIN = {**SPEC, "axes": {"lambda1": {"log": [1, 1e4, 520]}, "eta": [0.03, 0.3, 3.0]}, "chunks": {"lambda1": 100}}


def run(spec, path, **options):
    return eos_sweep.run(Sweep.from_dict(spec), path, **options)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("pyramid") / "s.zarr"
    assert run(SPEC, path).failed == 0
    return path


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    path = tmp_path_factory.mktemp("pyramid") / "thin.zarr"
    run(THIN, path)
    return path


def assert_right(path):
    """Assert that the levels of a store are its labels pooled, exactly; return how many there are."""
    found = eos_sweep.open_pyramid(path)
    labels = xr.open_zarr(path)["regime"].load()
    for level in found:
        sides = {str(dim): int(level[dim].attrs.get("pooled", 1)) for dim in labels.dims}
        np.testing.assert_array_equal(level["regime"], eos_sweep.coarsen(labels, sides))
        np.testing.assert_array_equal(pooling.recount(labels, sides, level["share"]), pooling.counts(labels, sides))
    return len(found)


def test_levels_are_the_stored_regimes_pooled(stored):
    assert assert_right(stored) == 2
    coarse, fine = eos_sweep.open_pyramid(stored)
    assert coarse["regime"].shape == (2, 176, 133) and fine["regime"].shape == (2, 351, 265)
    assert all(isinstance(data.data, dask.array.Array) for level in (coarse, fine) for data in level.data_vars.values())


def test_levels_open_without_us_and_tell_what_they_are(stored):
    whole = xr.open_zarr(stored)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        level = xr.open_zarr(stored, group="pyramid/256")
    xr.testing.assert_identical(level.load(), eos_sweep.open_pyramid(stored)[0].load())
    assert level["regime"].dtype == np.int8 and level["share"].dims == (*level["regime"].dims, "code")
    for key in ("flag_values", "flag_meanings", "rules", "thresholds", "long_name", "units"):
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
    assert set(xr.open_zarr(stored)) == {*regimes.REQUIRED, "steps_taken", "regime"}  # the sweep itself is as ever


def test_small_maps_and_those_without_regimes_have_none(tmp_path):
    small = {**THIN, "axes": THIN["axes"] | {"lambda1": {"log": [1, 1e4, 512]}}}
    for name, spec in (("small", small), ("few", {**THIN, "observables": FEW})):
        run(spec, tmp_path / name)
        assert not (tmp_path / name / "pyramid").exists() and eos_sweep.open_pyramid(tmp_path / name) == []


def test_a_run_that_computes_nothing_does_not_write_it_again(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    before = contents(tmp_path / "s")
    run(THIN, tmp_path / "s")
    assert contents(tmp_path / "s") == before and assert_right(tmp_path / "s") == 2
    shutil.rmtree(tmp_path / "s" / "pyramid")
    assert eos_sweep.open_pyramid(tmp_path / "s") == []
    run(THIN, tmp_path / "s")  # but it writes one that is missing
    assert contents(tmp_path / "s") == before


def test_relabelling_renews_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    done = command("relabel", "s", "--threshold", "growth=1.5", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["changed"] > 0 and assert_right(tmp_path / "s") == 2
    assert "growth=1.5" in eos_sweep.open_pyramid(tmp_path / "s")[0]["regime"].attrs["thresholds"]
    store = Store.open(tmp_path / "s")
    store.relabel(store.thresholds | {"growth": 2.0})
    assert eos_sweep.open_pyramid(tmp_path / "s") == []  # what is there is of other thresholds
    run(THIN, tmp_path / "s")
    assert assert_right(tmp_path / "s") == 2


@pytest.mark.filterwarnings("ignore:Failed to open Zarr store with consolidated metadata")  # a run gathers it again
def test_labels_between_two_thresholds_are_neither_pooled_nor_trusted(thin, tmp_path):
    """A relabelling that is killed leaves some labels old and some new."""
    shutil.copytree(thin, tmp_path / "s")
    store = Store.open(tmp_path / "s")
    write, writes = store.write, []
    store.write = lambda *given: (writes.append(given), write(*given)) if not writes else 1 / 0
    limits = store.thresholds | {"crossings": 0.0}
    with pytest.raises(ZeroDivisionError):
        store.relabel(limits)
    opened, mixed = eos_sweep.open_sweep(tmp_path / "s"), xr.open_zarr(tmp_path / "s", consolidated=False)
    np.testing.assert_array_equal(opened["regime"], eos_sweep.label(mixed, **limits))
    assert (opened["regime"] != mixed["regime"]).any()
    run(THIN, tmp_path / "s")
    assert eos_sweep.open_pyramid(tmp_path / "s") == []
    Store.open(tmp_path / "s").relabel(limits)
    run(THIN, tmp_path / "s")
    assert assert_right(tmp_path / "s") == 2


def test_an_extension_renews_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    more = {**THIN, "axes": THIN["axes"] | {"eta": [0.03, 0.3, 3.0, 7.0]}}
    run(more, tmp_path / "s")
    assert assert_right(tmp_path / "s") == 2
    assert eos_sweep.open_pyramid(tmp_path / "s")[0].sizes["eta"] == 4
    Store.open(tmp_path / "s").extend(Sweep.from_dict({**more, "axes": more["axes"] | {"eta": [0.03, 0.3, 3, 7, 9]}}))
    assert eos_sweep.open_pyramid(tmp_path / "s") == []


@pytest.mark.parametrize("loss", ["deleted", "damaged"])
def test_lost_chunks_are_not_taken_for_cells_that_were_not_computed(thin, tmp_path, caplog, loss):
    shutil.copytree(thin, tmp_path / "s")
    shutil.rmtree(tmp_path / "s" / "pyramid")
    chunk = tmp_path / "s" / "regime" / "c" / "2" / "0"
    data = chunk.read_bytes()
    chunk.unlink() if loss == "deleted" else chunk.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    run(THIN, tmp_path / "s")
    assert eos_sweep.open_pyramid(tmp_path / "s") == [] and not (tmp_path / "s" / "pyramid").exists()
    assert ("300 labels are missing" if loss == "deleted" else "a chunk is damaged") in caplog.text
    run(THIN, tmp_path / "s", check=True)
    assert assert_right(tmp_path / "s") == 2


@pytest.mark.parametrize("name", ["regime", "share"])
def test_a_damaged_level_is_not_drawn_and_mended_by_a_check(thin, tmp_path, name):
    shutil.copytree(thin, tmp_path / "s")
    chunk = next(file for file in (tmp_path / "s" / "pyramid" / "256" / name / "c").rglob("*") if file.is_file())
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        eos_sweep.open_pyramid(tmp_path / "s")[0][name].load()
    run(THIN, tmp_path / "s", check=True)
    assert assert_right(tmp_path / "s") == 2


def test_what_was_not_computed_is_told(tmp_path):
    spec = Sweep.from_dict(THIN)
    run(THIN, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "s")
    store = Store.open(tmp_path / "s")
    for name in store.arrays:  # as if one block had not been run
        (tmp_path / "s" / name / "c" / "1" / "0").unlink()
    store.ledger.forget([(1, 0)])
    pyramid.write(store)
    assert assert_right(tmp_path / "s") == 2
    coarse = eos_sweep.open_pyramid(tmp_path / "s")[0]
    share = coarse["share"].sel(code=0).values
    assert spec.shape == (520, 3) and share[:25].max() == 0 and share[25:50].min() == 1 and share[50:].max() == 0
    assert (coarse["regime"].values[25:50] == 0).all() and (coarse["regime"].values[:25] > 0).all()


# Writes the pyramid anew and dies as it is about to replace or remove the N-th file, for each N that it is given.
DRIVER = """
import json, os, shutil, sys
from eos_sweep import pyramid
from eos_sweep.store import Store

base, place, points = json.loads(sys.argv[1])
for n in points:
    path, touched = f"{place}/{n}", 0
    shutil.copytree(base, path)
    if os.fork():
        assert os.waitstatus_to_exitcode(os.wait()[1]) in (0, 9)
        continue
    def die(event, arguments, n=n, path=path):
        global touched
        if event in ("os.rename", "os.link", "os.remove", "os.rmdir"):
            touched += path in str(arguments[0])
            if touched >= n:
                os._exit(9)
    sys.addaudithook(die)
    pyramid.write(Store.open(path))
    os._exit(0)
"""


@pytest.mark.slow
def test_killed_at_any_file_it_leaves_no_wrong_level(thin, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(thin, base)
    store = Store.open(base)
    limits = store.thresholds
    store.relabel(limits | {"growth": 2.0})  # so that the pyramid is of another state
    points = [*range(1, 320, 20), 10**9]
    subprocess.run([sys.executable, "-c", DRIVER, json.dumps([str(base), str(tmp_path), points])], check=True)
    levels = []
    for path in (tmp_path / str(n) for n in points):
        levels.append(assert_right(path))
        shutil.copytree(path, f"{path}.back")
        Store.open(f"{path}.back").relabel(limits)  # what is left must not be taken for that of the old state
        assert_right(f"{path}.back")
        run(THIN, path)
        assert assert_right(path) == 2 and not list(Path(path, "pyramid").rglob("*.partial"))
    assert levels[-1] == 2 and levels.count(0) > 10


def drawn(dataset, levels, size=(3.2, 2.4), **choice):
    """Return what is on small Axes: colours of cells, edges, legend."""
    ax = Figure(figsize=size).subplots()
    plot.regime_map(dataset, "eta", "lambda1", {"clip": 10}, ax=ax, lines=False, levels=levels, **choice)
    mesh = ax.collections[0]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    return np.asarray(mesh.get_array()), mesh.get_coordinates(), words


def unreadable(dataset):
    """Return a dataset whose regimes cannot be read."""

    def fail(block):
        raise AssertionError("the regime was read")

    regime = dataset["regime"].chunk(-1)
    return dataset.assign(regime=regime.copy(data=regime.data.map_blocks(fail, meta=np.empty((0,) * 3, np.int8))))


@pytest.mark.parametrize("size", [(1.2, 1.2), (2.0, 1.2), (3.2, 2.4), (7.0, 5.0)])
def test_a_picture_is_the_same_whichever_way_it_is_drawn(stored, size):
    dataset, levels = eos_sweep.open_sweep(stored), eos_sweep.open_pyramid(stored)
    lazy = drawn(dataset, (), size)
    for other in (drawn(dataset, levels, size), drawn(dataset.load(), (), size)):
        for one, same in zip(lazy, other, strict=True):
            np.testing.assert_array_equal(one, same)
    codes = eos_sweep.shares(dataset["regime"].sel(clip=10)).values
    assert len(lazy[2]) == (codes > 0).sum() > 4
    percents = [float(words.split("  ")[1].removesuffix(" %")) for words in lazy[2]]
    np.testing.assert_allclose(percents, 100 * codes[codes > 0], atol=0.05001)
    rows, columns = (n - 1 for n in lazy[1].shape[:2])
    if rows < 701 and columns < 530:
        drawn(unreadable(dataset), levels, size)
    else:
        with pytest.raises(AssertionError, match="the regime was read"):
            drawn(unreadable(dataset), levels, size)


def test_facets_are_drawn_from_it_too(stored):
    dataset, levels = eos_sweep.open_sweep(stored), eos_sweep.open_pyramid(stored)
    one, other = (plot.draw(dataset, facet="clip", levels=given) for given in ((), levels))
    for left, right in zip(one.axes, other.axes, strict=True):
        np.testing.assert_array_equal(left.collections[0].get_array(), right.collections[0].get_array())
    with pytest.raises(AssertionError, match="the regime was read"):
        plot.draw(unreadable(dataset), facet="clip", levels=[level.isel(clip=[0]) for level in levels])


@pytest.mark.parametrize(
    "other",
    [
        lambda path: eos_sweep.open_sweep(path, growth=1.5),
        lambda path: eos_sweep.open_sweep(path).isel(lambda1=slice(1, None)),
        lambda path: eos_sweep.open_sweep(path).isel(eta=slice(None, None, -1)).assign_attrs(spec_hash="another"),
    ],
)
def test_a_pyramid_of_something_else_is_not_used(stored, other):
    dataset, levels = other(stored), eos_sweep.open_pyramid(stored)
    for one, same in zip(drawn(dataset, levels), drawn(dataset, ()), strict=True):
        np.testing.assert_array_equal(one, same)
    with pytest.raises(AssertionError, match="the regime was read"):
        drawn(unreadable(dataset), levels)


def test_the_command_draws_the_same_with_and_without_it(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "s.zarr")
    shutil.rmtree(tmp_path / "s.zarr" / "pyramid")
    for path, out in ((stored, "with.png"), (tmp_path / "s.zarr", "without.png")):
        done = CliRunner().invoke(main, ["plot", str(path), "-o", str(tmp_path / out), "--facet", "clip"])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "with.png").read_bytes() == (tmp_path / "without.png").read_bytes()


def test_it_is_where_the_store_is(tmp_path, thin):
    url = f"memory://{tmp_path.name}/s.zarr"
    run(THIN, url)
    eos_sweep.export(thin, tmp_path / "s.zarr.zip")
    for place in (url, tmp_path / "s.zarr.zip"):
        for level, same in zip(eos_sweep.open_pyramid(place), eos_sweep.open_pyramid(thin), strict=True):
            xr.testing.assert_equal(level.load(), same.load())
    run({**THIN, "steps": 9}, url, overwrite=True)
    assert len(eos_sweep.open_pyramid(url)) == 2


def test_a_deleted_store_may_leave_some_of_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    (tmp_path / "s" / "zarr.json").unlink()  # deleted half way
    run(THIN, tmp_path / "s")
    assert assert_right(tmp_path / "s") == 2
    run({**THIN, "steps": 9}, tmp_path / "s", overwrite=True)
    assert assert_right(tmp_path / "s") == 2


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=4))
def test_levels_halve_along_long_axes_down_to_a_thumbnail(lengths):
    names = ("lambda1", "eta", "alpha", "beta1")
    axes = {name: {"linear": [1, 1 + n, n]} if n > 1 else [1.0] for name, n in zip(names, lengths, strict=False)}
    left = {"lambda1": 1.0, "eta": 0.1, "lambda2": 0.01, "alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    inputs = {name: value for name, value in left.items() if name not in axes}
    initial = {name: inputs.pop(name) for name in ("alpha", "beta1", "beta2") if name in inputs}
    sweep = Sweep.from_dict({**SPEC, "axes": axes, "parameters": inputs, "initial": initial, "chunks": {}})
    levels = pyramid.factors(sweep)
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
    assert pyramid.factors(Sweep.from_dict({**SPEC, "axes": axes, "parameters": left, "chunks": {}})) == {}


@pytest.mark.slow
def test_a_large_map_takes_little_memory(tmp_path):
    """8192 x 8192 cells, whose labels alone read 2.3 GB, by the script that does the same with 10^9."""
    script = Path(__file__).with_name("huge.py")
    table = subprocess.run(
        [sys.executable, script, tmp_path, "8192"], check=True, capture_output=True, text=True, env=os.environ
    ).stdout
    rows = [line.rsplit(maxsplit=2) for line in table.splitlines()[1:]]
    resident = {name: float(gibibytes) for name, _, gibibytes in rows}
    assert len(resident) == 11 and max(resident.values()) < 1.0, table
    assert resident["open_sweep"] < resident["import"] + 0.1, table
    assert (tmp_path / "pyramid.png").read_bytes() == (tmp_path / "plain.png").read_bytes()
