"""Time and memory to open, label, pool and draw a map of 10^9 cells.

    python tests/programs/huge.py FOLDER [SIDE]

makes FOLDER/huge.zarr of SIDE x SIDE cells (32768 if not given) unless it is there, takes each of ACTIONS in a process
of its own, and prints its seconds and the most resident memory that it had (``ru_maxrss``).

The map is a sweep of the model ``bivariate`` over lambda1 and eta with all default observables, 256 steps, in
blocks of 256 x 256.  One of each square of 8 x 8 blocks is run by ``eos_sweep.run``; the other 63 are hard links to its
chunks.  The store is whole, all of its chunks are read like any others, and it takes 1 GB of disk.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SIDE, BLOCK, SQUARE = 32768, 256, 8


def spec(axes):
    from eos_sweep.spec.sweeps import Sweep

    return Sweep.from_dict(
        {
            "model": "bivariate",
            "title": "A map of 10⁹ cells",
            "steps": 256,
            "axes": axes,
            "parameters": {"lambda2": 0.01, "radius": "liu2025"},
            "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
            "chunks": {"lambda1": BLOCK, "eta": BLOCK},
        }
    )


def make(folder, side):
    """Make FOLDER/huge.zarr."""
    import numpy as np

    import eos_sweep
    from eos_sweep.store.ledger import Row
    from eos_sweep.store.location import Location
    from eos_sweep.store.store import Store

    whole = spec({"lambda1": {"log": [1, 1e4, side]}, "eta": {"log": [1e-3, 30, side]}})
    run = np.arange(side) // BLOCK % SQUARE == 0
    few = spec({axis.name: axis.values[run].tolist() for axis in whole.axes})
    assert eos_sweep.run(few, folder / "few.zarr").failed == 0
    ran = Store.open(folder / "few.zarr")
    store = Store.create(Location(folder / "unfinished.zarr"), whole, (BLOCK, BLOCK))
    blocks = range(side // BLOCK)
    for name in store.arrays:
        source, target = (Path(place.path) / name / "c" for place in (ran, store))
        for i in blocks:
            (target / str(i)).mkdir(parents=True)
            for j in blocks:
                os.link(source / str(i // SQUARE) / str(j // SQUARE), target / str(i) / str(j))
    for i in blocks:
        for j in blocks:
            store.ledger.record(Row(block=(i, j), extent=(BLOCK, BLOCK), seconds=0.0, steps=0))
    store.ledger.flush()
    store.consolidate()
    os.rename(folder / "unfinished.zarr", folder / "huge.zarr")


def opened(path, **thresholds):
    import eos_sweep

    return eos_sweep.open_sweep(path, **thresholds)


def open_again(path):
    opened(path)
    begun = time.perf_counter()
    opened(path)
    return time.perf_counter() - begun


def write_pyramid(path):
    from eos_sweep.analysis import pyramid, pyramid_levels
    from eos_sweep.store.store import Store

    store = Store.open(path)
    if pyramid_levels.GROUP in store.group:
        del store.group[pyramid_levels.GROUP]
    pyramid.write(store)
    assert len(pyramid.levels(store)) > 1


def shares_of_other_labels(path):
    import eos_sweep

    found = eos_sweep.shares(opened(path, growth=1.5).regime).compute()
    assert abs(float(found.sum()) - 1) < 1e-12


def shares_along_an_axis(path):
    import eos_sweep

    assert eos_sweep.shares(opened(path).regime, "eta").compute().notnull().all()


def coarsen(path):
    import eos_sweep

    assert eos_sweep.coarsen(opened(path).regime, {"lambda1": 20, "eta": 30}).compute().all()


def draw(path, name, levels=False, **choice):
    import eos_sweep
    from eos_sweep import plot

    thresholds = choice.pop("thresholds", {})
    given = eos_sweep.open_pyramid(path) if levels else ()
    plot.save(plot.draw(opened(path, **thresholds), levels=given, **choice), path.with_name(f"{name}.png"))


ACTIONS = {
    "import": lambda path: opened and __import__("eos_sweep.runtime.from_python"),
    "open_sweep": opened,
    "open_sweep, a second time": open_again,
    "shares of regimes at growth=1.5": shares_of_other_labels,
    "shares of stored regimes along eta": shares_along_an_axis,
    "coarsen by 20 x 30": coarsen,
    "write the pyramid": write_pyramid,
    "plot from the pyramid": lambda path: draw(path, "pyramid", levels=True),
    "plot without it": lambda path: draw(path, "plain"),
    "plot at growth=1.5": lambda path: draw(path, "growth", thresholds={"growth": 1.5}),
    "plot sharpness_max": lambda path: draw(path, "sharpness_max", variable="sharpness_max"),
}


def measure(path, action):
    """Print seconds and the most resident bytes of one action, as JSON."""
    import resource

    begun = time.perf_counter()
    seconds = ACTIONS[action](path)
    seconds = seconds if isinstance(seconds, float) else time.perf_counter() - begun
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "resident": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


def fresh(*arguments):
    """Return what this script prints with these arguments in a process of its own."""
    return subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main(folder, side=SIDE):
    # This process stays small: the memory of a process counts as its child's until that is another program.
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "huge.zarr").exists():
        fresh("--make", str(folder), str(side))
    print(f"{'':36}{'seconds':>9}{'GiB':>7}")
    for action in ACTIONS:
        found = json.loads(fresh("--measure", str(folder / "huge.zarr"), action))
        print(f"{action:36}{found['seconds']:9.2f}{found['resident'] / 2**30:7.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main(sys.argv[1], *map(int, sys.argv[2:]))
