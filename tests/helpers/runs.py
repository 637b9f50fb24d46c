"""Runs, to be stopped and compared."""

import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

import eos_sweep
from eos_sweep.spec.point_forms import read
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.states import READY
from eos_sweep.store.store import Store
from helpers.stores import CLI, changed, ledger, numbers, toml

LONG = changed(  # a second or two, to be killed in
    steps=40_000,
    axes={"lambda1": {"log": [1, 1e4, 96]}, "eta": {"log": [1e-3, 30, 100]}},
    chunks={"lambda1": 16, "eta": 17},
)


def run(spec, path, **options):
    return eos_sweep.run(Sweep.from_dict(read(spec)), path, **options)


def complete(path):
    """Return block -> its ledger entries, and the identity of its chunk files, of all blocks that are done."""
    if not (path / "zarr.json").exists():
        return {}
    if zarr.open_group(path, mode="r", use_consolidated=False).attrs.get("eos_sweep") != READY:
        return {}
    store, found = Store.open(path), {}
    for block in map(tuple, np.argwhere(store.done())):
        files = [path / name / "c" / "/".join(map(str, block)) for name in store.arrays]
        marks = [(s.st_ino, s.st_mtime_ns) for s in (file.stat() for file in files if file.exists())]
        found[block] = store.ledger.seconds[block].tobytes(), int(store.ledger.steps[block]), marks
    return found


def assert_like(path, other):
    """Assert that a store has the numbers of another, and that as many steps were taken for them."""
    assert numbers(path) == numbers(other)
    np.testing.assert_array_equal(ledger(path)[0], ledger(other)[0])
    np.testing.assert_array_equal(ledger(path)[2], ledger(other)[2])
    assert not list(Path(path).rglob("*.partial"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as for metadata that are not consolidated
        with xr.open_zarr(path) as dataset, xr.open_zarr(other) as expected:
            xr.testing.assert_identical(dataset.load().drop_attrs(), expected.load().drop_attrs())


def started(spec, folder):
    """Start eos-sweep run in a process of its own."""
    arguments = [str(CLI), "run", str(toml(folder / "s.toml", spec)), "-o", "s"]
    return subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_chunks(process, path, count):
    """Wait until ``count`` blocks are on disk, or the process is done."""
    while process.poll() is None and len(list((path / "steps_taken").glob("c/*/*"))) < count:
        time.sleep(0.01)


# Negative between lambda1 = 30.5 and 32.5 only, where the spec's probes do not look: too many values of two axes.
INSIDE = {"lambda2": 0.01, "radius": "(lambda1 - 30.5) * (lambda1 - 32.5) + 0 * eta"}
WIDE = {"eta": np.linspace(0.01, 1, 70), "lambda1": np.linspace(1, 70, 70)}
