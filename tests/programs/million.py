"""Time and memory of a sweep of a million tiny blocks, stopped half way and resumed.

    python tests/programs/million.py [--blocks 1000000] [--dask]

Nothing is computed: each block is reported as done at once, and only the ledger is written.  With --dask the orders go
through the scheduler of a dask cluster of threads in this process.
"""

import argparse
import tempfile
import time
from pathlib import Path

import psutil

import eos_sweep
from eos_sweep.runtime import worker
from eos_sweep.spec.making import make
from eos_sweep.store.ledger import Row
from eos_sweep.store.store import Store


class HalfWay(Exception):
    """The first of two runs ends here."""


def done_at_once(store, block, known, *_):
    extent = tuple(part.stop - part.start for part in store.region(block))
    return Row(block=block, extent=extent, seconds=1e-4, steps=1)


def megabytes():
    return psutil.Process().memory_info().rss / 1e6


def main(blocks, client=None):
    """Run half of the blocks, then the others; return [(blocks done, seconds, MB)] on the way."""
    side = round(blocks**0.5)
    axes = {"lambda1": {"log": [1, 1e4, side]}, "eta": {"log": [1e-3, 30, side]}}
    fixed = {"lambda2": 0.01}, {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    sweep = make("bivariate", axes, *fixed, steps=1, observables=["steps_taken"], chunks={"lambda1": 1, "eta": 1})
    worker.compute_block = done_at_once
    found, began = [], time.perf_counter()

    def note(progress):
        if not found or progress.done - found[-1][0] >= sweep.size / 20:
            found.append((progress.done, time.perf_counter() - began, megabytes()))
            print(f"{progress.done:>9,} blocks done after {found[-1][1]:6.1f} s, {found[-1][2]:6.0f} MB", flush=True)

    def stop_half_way(progress):
        note(progress)
        if progress.done >= sweep.size / 2:
            raise HalfWay

    resources = {"scheduler": client} if client else {"threads": 2}
    with tempfile.TemporaryDirectory(prefix="million_") as folder:
        place = Path(folder) / "s.zarr"
        try:
            eos_sweep.run(sweep, place, report=stop_half_way, **resources)
        except HalfWay:
            print("stopped half way; resumed")
        eos_sweep.run(sweep, place, report=note, **resources)
        assert Store.open(place).done().all()
        note(eos_sweep.run(sweep, place))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=1_000_000)
    parser.add_argument("--dask", action="store_true")
    given = parser.parse_args()
    if given.dask:
        from distributed import Client

        with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as dask_client:
            main(given.blocks, dask_client)
    else:
        main(given.blocks)
