"""Metadata are gathered in the root as zarr would do it, without its warnings."""

import json
import threading
import warnings

import pytest
import xarray as xr
import zarr

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.formats import LAYOUTS, unpack
from helpers.runs import run
from helpers.stores import FEW, changed

WIDE = changed(axes={"eta": {"log": [1e-3, 30, 600]}, "lambda1": [10.0]}, chunks={}, steps=10)  # with a pyramid


def gathered(path):
    return json.loads((path / "zarr.json").read_text(encoding="utf-8"))


def as_zarr_does(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(path)
    return gathered(path)


def test_they_are_those_of_zarr(tmp_path):
    run(WIDE, tmp_path / "s")
    ours = gathered(tmp_path / "s")
    assert {"ledger/blocks", "pyramid/256/share", "radius"} <= set(ours["consolidated_metadata"]["metadata"])
    assert ours == as_zarr_does(tmp_path / "s")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_zarr(tmp_path / "s") as dataset:
            assert dataset.sizes == {"eta": 600, "lambda1": 1}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_they_are_those_of_zarr_in_older_stores(tmp_path, layout):
    unpack(layout, tmp_path / "s")
    Store.open(tmp_path / "s").consolidate()
    assert gathered(tmp_path / "s") == as_zarr_does(tmp_path / "s")


def test_what_is_no_metadata_is_left_out(tmp_path):
    run(changed(observables=FEW), tmp_path / "s")
    expected = gathered(tmp_path / "s")
    (tmp_path / "s" / "notes").mkdir()
    (tmp_path / "s" / "notes" / "thesis.txt").touch()
    (tmp_path / "s" / "thesis.txt").touch()
    Store.open(tmp_path / "s").consolidate()
    assert gathered(tmp_path / "s")["consolidated_metadata"] == expected["consolidated_metadata"] | {
        "metadata": expected["consolidated_metadata"]["metadata"] | {"ledger": _ledger(tmp_path / "s")}
    }


def _ledger(path):
    held = json.loads((path / "ledger" / "zarr.json").read_text(encoding="utf-8"))
    return held | {"consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": {}}}


def test_attributes_of_others_are_gathered_as_they_are(tmp_path):
    """JSON knows no infinity, Python's readers do; what another program writes stops no command."""
    run(changed(observables=FEW), tmp_path / "s")
    zarr.open_group(tmp_path / "s", mode="r+")["crossings"].attrs["largest"] = float("inf")
    Store.open(tmp_path / "s").consolidate()
    assert gathered(tmp_path / "s") == as_zarr_does(tmp_path / "s")
    assert gathered(tmp_path / "s")["consolidated_metadata"]["metadata"]["crossings"]["attributes"]["largest"] > 1e308


def test_metadata_that_cannot_be_read_are_said_and_nothing_is_written(tmp_path, caplog):
    run(changed(observables=FEW), tmp_path / "s")
    store, before = Store.open(tmp_path / "s"), (tmp_path / "s" / "zarr.json").read_bytes()
    (tmp_path / "s" / "crossings" / "zarr.json").write_text("{")
    store.consolidate()
    assert "not consolidated" in caplog.text and (tmp_path / "s" / "zarr.json").read_bytes() == before


def test_the_filters_of_warnings_stay_as_they_are(tmp_path):
    """Filters belong to the process: threads that change them for a while leave them changed."""
    before = list(warnings.filters)
    stores = [
        Store.create(Location(tmp_path / str(i)), Sweep.from_dict(changed(observables=FEW)), (7, 8)) for i in range(4)
    ]
    threads = [threading.Thread(target=lambda one=one: [one.consolidate() for _ in range(10)]) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
