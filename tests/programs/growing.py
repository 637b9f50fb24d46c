"""Grow a stored map in every direction, and print what was reused, what was computed, and whether the bits are fresh.

python tests/programs/growing.py [folder]
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import eos_sweep
from eos_sweep.errors import SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store

BASE = {
    "model": "bivariate",
    "steps": 10_000,
    "axes": {"lambda1": {"log": [1, 1e4], "per_decade": 32}, "eta": {"log": [1e-3, 10], "per_decade": 32}},
    "parameters": {"lambda2": 0.01, "radius": "liu2025"},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
}
LAMBDA, ETA = BASE["axes"].values()
EVEN = {**BASE, "axes": {"lambda1": LAMBDA, "eta": {"linear": [0.01, 1, 100]}}}
CHANGES = {  # words -> base, its change, and whether the plain run of the changed spec does it
    "twice the values per decade, on both axes": (
        BASE,
        {"axes": {"lambda1": {**LAMBDA, "per_decade": 64}, "eta": {**ETA, "per_decade": 64}}},
        True,
    ),
    "values before the first": (BASE, {"axes": {"lambda1": LAMBDA, "eta": {**ETA, "log": [1e-4, 10]}}}, True),
    "values at both ends": (BASE, {"axes": {"lambda1": {**LAMBDA, "log": [0.1, 1e5]}, "eta": ETA}}, True),
    "a linear axis of 100 values, now of 298": (
        EVEN,
        {"axes": {"lambda1": LAMBDA, "eta": {"linear": [0.01, 1, 298]}}},
        True,
    ),
    "another observable": (BASE, {"observables": ["default", "lyapunov"]}, True),
    "a new axis of three values": (BASE, {"axes": {**BASE["axes"], "clip": [1.0, 10.0, "inf"]}}, True),
    "other chunks": (BASE, {"chunks": {"lambda1": 129, "eta": 10}}, False),
    "a part of the map, finer": (
        BASE,
        {"axes": {"lambda1": {"log": [100, 1e4], "per_decade": 128}, "eta": {"log": [0.01, 1], "per_decade": 64}}},
        False,
    ),
    "an axis that is a fixed number now": (
        BASE,
        {"axes": {"eta": {**ETA, "per_decade": 256}}, "parameters": {**BASE["parameters"], "lambda1": 100}},
        False,
    ),
    "twice the steps": (BASE, {"steps": 20_000}, False),
}


def main(folder):
    """Print the table."""
    print("| change | by | cells reused | cells computed | steps taken | same bits |\n|---|---|---|---|---|---|")
    stores = {}
    for number, (words, (base, change, in_place)) in enumerate(CHANGES.items()):
        known = stores.setdefault(str(base), folder / f"old{number}")
        if not known.exists():
            eos_sweep.run(Sweep.from_dict(base), known)
        sweep, path = Sweep.from_dict({**base, **change}), folder / f"new{number}"
        try:
            if in_place:
                shutil.copytree(known, path)
            done = eos_sweep.run(sweep, path, reuse=() if in_place else known)
        except SpecError:
            print(f"| {words} | | 0 | all | | refused |")
            continue
        fresh = eos_sweep.run(Store.open(path).sweep, folder / f"fresh{number}")
        print(
            f"| {words} | {'run' if in_place else '--reuse'} | {done.reused:,} | {done.total - done.reused:,} | "
            f"{done.steps:.2g} of {fresh.steps:.2g} | {compared(path, folder / f'fresh{number}')} |",
            flush=True,
        )


def compared(path, fresh):
    """Return in words how the variables of two stores compare."""
    stores = Store.open(path), Store.open(fresh)
    differ = []
    for name in stores[0].arrays:
        one, other = (store.values(name) for store in stores)
        if one.tobytes() != other.tobytes():
            np.testing.assert_allclose(one, other, rtol=1e-14)
            differ.append(name)
    return f"yes, {', '.join(differ)} to 1e-14" if differ else "yes"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
