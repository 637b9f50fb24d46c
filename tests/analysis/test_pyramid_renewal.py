"""A pyramid is never of another state than its sweep, whatever happened to either."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep.analysis import pyramid
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.relabelling import labels_are_current, relabel
from eos_sweep.store.store import Store
from helpers.killing import killed_at
from helpers.pyramids import THIN, checked_levels
from helpers.runs import run
from helpers.stores import command, contents

pytestmark = pytest.mark.slow


def test_a_run_that_computes_nothing_does_not_write_it_again(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    before = contents(tmp_path / "s")
    run(THIN, tmp_path / "s")
    assert contents(tmp_path / "s") == before and checked_levels(tmp_path / "s") == 2
    shutil.rmtree(tmp_path / "s" / "pyramid")
    assert eos_sweep.open_pyramid(tmp_path / "s") == []
    run(THIN, tmp_path / "s")  # but it writes one that is missing
    assert contents(tmp_path / "s") == before


def test_the_order_of_thresholds_does_not_matter(thin, tmp_path):
    """Versions of eos_sweep list them in another order."""
    shutil.copytree(thin, tmp_path / "s")
    root = zarr.open_group(tmp_path / "s", mode="r+", use_consolidated=False)
    for group in (root, root["pyramid"]):
        group.attrs["thresholds"] = json.dumps(dict(reversed(json.loads(group.attrs["thresholds"]).items())))
    for name in {"regime", "settled"} & set(root):
        words = root[name].attrs["thresholds"].split(", ")
        root[name].update_attributes({"thresholds": ", ".join(reversed(words))})
    zarr.consolidate_metadata(root.store)
    store = Store.open(tmp_path / "s")
    assert labels_are_current(store, store.thresholds) and len(eos_sweep.open_pyramid(tmp_path / "s")) == 2
    assert not labels_are_current(store, store.thresholds | {"growth": 2.0})


def test_relabelling_renews_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    done = command("relabel", "s", "--threshold", "growth=1.5", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["changed"] > 0 and checked_levels(tmp_path / "s") == 2
    assert "growth=1.5" in eos_sweep.open_pyramid(tmp_path / "s")[0]["regime"].attrs["thresholds"]
    store = Store.open(tmp_path / "s")
    relabel(store, store.thresholds | {"growth": 2.0})
    assert eos_sweep.open_pyramid(tmp_path / "s") == []  # what is there is of other thresholds
    run(THIN, tmp_path / "s")
    assert checked_levels(tmp_path / "s") == 2


@pytest.mark.filterwarnings("ignore:Failed to open Zarr store with consolidated metadata")  # a run gathers it again
def test_labels_between_two_thresholds_are_neither_pooled_nor_trusted(thin, tmp_path):
    """A relabelling that is killed leaves some labels old and some new."""
    shutil.copytree(thin, tmp_path / "s")
    store = Store.open(tmp_path / "s")
    write, writes = store.write, []
    store.write = lambda *given: (writes.append(given), write(*given)) if not writes else 1 / 0
    limits = store.thresholds | {"crossings": 0.0}
    with pytest.raises(ZeroDivisionError):
        relabel(store, limits)
    opened, mixed = eos_sweep.open_sweep(tmp_path / "s"), xr.open_zarr(tmp_path / "s", consolidated=False)
    np.testing.assert_array_equal(opened["regime"], eos_sweep.label(mixed, **limits))
    assert (opened["regime"] != mixed["regime"]).any()
    run(THIN, tmp_path / "s")
    assert eos_sweep.open_pyramid(tmp_path / "s") == []
    relabel(Store.open(tmp_path / "s"), limits)
    run(THIN, tmp_path / "s")
    assert checked_levels(tmp_path / "s") == 2


def test_an_extension_renews_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    more = {**THIN, "axes": THIN["axes"] | {"eta": [0.03, 0.3, 3.0, 7.0]}}
    run(more, tmp_path / "s")
    assert checked_levels(tmp_path / "s") == 2
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
    reason = "it is missing" if loss == "deleted" else "its checksum differs"
    assert "no pyramid, because" in caplog.text and f"regime/c/2/0 is damaged: {reason}" in caplog.text
    run(THIN, tmp_path / "s", check=True)
    assert checked_levels(tmp_path / "s") == 2


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
    assert checked_levels(tmp_path / "s") == 2


@pytest.mark.parametrize("loss", ["deleted", "damaged", "metadata"])
def test_a_run_that_computes_nothing_mends_it(thin, tmp_path, caplog, loss):
    shutil.copytree(thin, tmp_path / "s")
    level = min((tmp_path / "s" / "pyramid").glob("[0-9]*"))
    files = (
        [level / "zarr.json"] if loss == "metadata" else (p for p in (level / "share" / "c").rglob("*") if p.is_file())
    )
    damaged = next(iter(files))
    data = damaged.read_bytes()
    damaged.unlink() if loss == "deleted" else damaged.write_bytes(data[:-1])
    if loss == "deleted":
        with pytest.raises(InputError, match="is damaged: it is missing"):
            [found.load() for found in eos_sweep.open_pyramid(tmp_path / "s")]
    run(THIN, tmp_path / "s")
    assert "its pyramid is damaged, and is written again" in caplog.text and checked_levels(tmp_path / "s") == 2
    caplog.clear()
    run(THIN, tmp_path / "s")
    assert not caplog.text


def test_what_was_not_computed_is_told(tmp_path):
    spec = Sweep.from_dict(THIN)
    run(THIN, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "s")
    store = Store.open(tmp_path / "s")
    for name in store.arrays:  # as if one block had not been run
        (tmp_path / "s" / name / "c" / "1" / "0").unlink()
    store.ledger.forget([(1, 0)])
    pyramid.write(store)
    assert checked_levels(tmp_path / "s") == 2
    coarse = eos_sweep.open_pyramid(tmp_path / "s")[0]
    share = coarse["share"].sel(code=0).values
    assert spec.shape == (520, 3) and share[:25].max() == 0 and share[25:50].min() == 1 and share[50:].max() == 0
    assert (coarse["regime"].values[25:50] == 0).all() and (coarse["regime"].values[:25] > 0).all()


WRITE_ANEW = """
from eos_sweep.analysis import pyramid
from eos_sweep.store.relabelling import relabel
from eos_sweep.store.store import Store

def work(path, given):
    pyramid.write(Store.open(path))
"""


def test_killed_at_any_file_it_leaves_no_wrong_level(thin, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(thin, base)
    store = Store.open(base)
    limits = store.thresholds
    relabel(store, limits | {"growth": 2.0})  # so that the pyramid is of another state
    points = [*range(1, 61, 4), 10**9]
    levels = []
    for path in killed_at(points, WRITE_ANEW, tmp_path, base=base):
        levels.append(checked_levels(path))
        shutil.copytree(path, f"{path}.back")
        relabel(Store.open(f"{path}.back"), limits)  # what is left must not be taken for that of the old state
        checked_levels(f"{path}.back")
        run(THIN, path)
        assert checked_levels(path) == 2 and not list(Path(path, "pyramid").rglob("*.partial"))
    assert levels[-1] == 2 and levels.count(0) > 10


def test_a_deleted_store_may_leave_some_of_it(thin, tmp_path):
    shutil.copytree(thin, tmp_path / "s")
    (tmp_path / "s" / "zarr.json").unlink()  # deleted half way
    run(THIN, tmp_path / "s")
    assert checked_levels(tmp_path / "s") == 2
    run({**THIN, "steps": 9}, tmp_path / "s", overwrite=True)
    assert checked_levels(tmp_path / "s") == 2
