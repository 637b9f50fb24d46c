"""Stores of every layout since 0.1 open, are labelled, exported and checked; those of a newer format are refused.

``formats/`` holds a store of each layout, a map of 4 x 6 cells in two blocks; ``helpers.formats`` names the commits
that made them.  The layout of the first hour, before commit 4db2e5d, had a ledger of three arrays and no mark of a
store.  It does not open.
"""

import json
import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep import plot
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit, identity, relabelling
from eos_sweep.store.store import Store
from helpers.formats import LAYOUTS, unpack
from helpers.stores import changed, command, contents, numbers, toml

SPEC = changed(axes={"lambda1": {"log": [1, 1e4, 4]}, "eta": {"log": [1e-3, 30, 6]}}, chunks={"lambda1": 3, "eta": 6})


@pytest.fixture(scope="module")
def present(tmp_path_factory):
    path = tmp_path_factory.mktemp("present") / "s"
    eos_sweep.run(Sweep.from_dict(SPEC), path)
    return path


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture
def stored(tmp_path, layout):
    return unpack(layout, tmp_path / "s")


def test_each_layout_opens_with_the_right_numbers_and_labels(stored, layout, present):
    store = Store.open(stored)
    assert store.computed() == 24 and store.status()["blocks_done"] == 2 and store.ledger.steps.sum() > 0
    opened = eos_sweep.open_sweep(stored)
    with xr.open_zarr(present) as now, xr.open_zarr(stored) as then:
        np.testing.assert_array_equal(opened.crossings, then.crossings)
        np.testing.assert_array_equal(opened.outcome, now.outcome)
        if LAYOUTS[layout]:
            np.testing.assert_array_equal(opened.regime, now.regime)
            np.testing.assert_array_equal(then.regime, now.regime)
        else:
            assert "regime" not in opened and "period" not in opened


def test_each_layout_is_checked_and_says_what_cannot_be(stored, layout):
    found = audit.check(Store.open(stored))
    assert (found.blocks, found.coordinates, found.thresholds) == ({}, [], "")
    assert "whether each chunk belongs to its place" in found.unchecked[0]
    chunk = stored / "sharpness_max" / "c" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-5])
    assert audit.check(Store.open(stored)).blocks == {(1, 0): ["sharpness_max"]}
    shutil.copyfile(stored / "outcome" / "c" / "1" / "0", chunk)  # of another type, and its checksum is right
    assert audit.check(Store.open(stored)).blocks == {(1, 0): ["sharpness_max"]}


@pytest.mark.slow
def test_each_layout_is_labelled_again_and_exported(stored, layout, tmp_path):
    if not LAYOUTS[layout]:
        with pytest.raises(InputError, match="run it again with"):
            relabelling.relabel(Store.open(stored), eos_sweep.regimes.thresholds({"growth": 1.5}))
    else:
        relabelling.relabel(Store.open(stored), eos_sweep.regimes.thresholds({"growth": 1.5}))
        assert audit.check(Store.open(stored)).blocks == {}
        with xr.open_zarr(stored) as alone:
            np.testing.assert_array_equal(alone.regime, eos_sweep.label(eos_sweep.open_sweep(stored), growth=1.5))
    for name in ("whole.zarr.zip", "slice.nc"):
        out = eos_sweep.export(stored, tmp_path / name, at={} if name == "whole.zarr.zip" else {"eta": 0.1})
        assert out.stat().st_size > 1000
    assert Store.open(tmp_path / "whole.zarr.zip").computed() == 24


def test_each_layout_is_drawn(stored, layout):
    figure = plot.draw(eos_sweep.open_sweep(stored), variable="regime" if LAYOUTS[layout] else "sharpness_max")
    plt.close(figure)


def as_format_1(store):
    """Take from a store what format 1 does not have."""
    group = zarr.open_group(store, use_consolidated=False)
    rows, about = group["ledger/blocks"][...], group["ledger/blocks"].attrs.asdict()
    ledger = group["ledger"]
    ledger.attrs.put({"heartbeat": ledger.attrs["heartbeat"]})
    blocks = ledger.create_array("blocks", data=rows[..., :-1], overwrite=True, attributes=about)
    assert blocks.shape == (2, 1, 4)
    group.attrs.put({name: value for name, value in group.attrs.asdict().items() if name != identity.FORMAT})


def test_a_store_of_format_1_is_resumed_and_stays_one(present, tmp_path):
    shutil.copytree(present, tmp_path / "s")
    as_format_1(tmp_path / "s")
    store = Store.open(tmp_path / "s")
    assert not store.sealed and store.done().all()
    store.ledger.forget([(1, 0)])
    (tmp_path / "s" / "sharpness_max" / "c" / "0" / "0").write_bytes(b"damaged")
    assert eos_sweep.run(Sweep.from_dict(SPEC), tmp_path / "s", check=True).new == 24
    assert numbers(tmp_path / "s") == numbers(present)
    again = Store.open(tmp_path / "s")
    assert identity.FORMAT not in again.group.attrs and "identity" not in again.ledger.group.attrs
    np.testing.assert_array_equal(again.ledger.steps, Store.open(present).ledger.steps)


def newer(store):
    held = json.loads((store / "zarr.json").read_text(encoding="utf-8"))
    held["attributes"][identity.FORMAT] = 3
    (store / "zarr.json").write_text(json.dumps(held), encoding="utf-8")


REFUSED = (
    ("run", "s.toml", "-o", "s"),
    ("run", "s.toml", "-o", "s", "--overwrite"),
    ("run", "s.toml", "-o", "s", "--check"),
    ("status", "s"),
    ("status", "s", "--check"),
    ("relabel", "s"),
    ("export", "s", "s.zarr.zip"),
    ("plot", "s", "-o", "s.png"),
    ("trace", "s", "--index", "eta=1,lambda1=1", "-o", "s.png"),
    ("verify", "s", "--sample", "1"),
    ("budget", "s", "--sample", "1"),
    ("boundary", "s", "--along", "eta"),
)


@pytest.mark.slow
def test_every_command_refuses_a_newer_format_in_a_line(present, tmp_path):
    shutil.copytree(present, tmp_path / "s")
    newer(tmp_path / "s")
    toml(tmp_path / "s.toml", SPEC)
    before = contents(tmp_path)
    for arguments in REFUSED:
        told = command(*arguments, cwd=tmp_path)
        assert told.returncode == 2, arguments
        assert "written by a newer eos_sweep (format 3, this one knows 2); upgrade" in told.stderr, arguments
        assert len(told.stderr.splitlines()) == 1, arguments
    assert contents(tmp_path) == before


@pytest.mark.parametrize("number", [0, -1, "2", None, 1.5, True])
def test_a_format_that_is_no_number_is_damage(number):
    with pytest.raises(InputError, match="its eos_sweep_format is .*, not a number"):
        identity.format_of("s", {identity.FORMAT: number})
