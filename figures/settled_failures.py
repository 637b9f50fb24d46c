"""How often a label that ``settled`` does not doubt changes with more steps.

    python figures/settled_failures.py [SIZE]

runs five maps of the project with SIZE values an axis (128 by default, some minutes on two cores), each with its own
budget and with four and sixteen times its steps.  For each it prints how many labels change of all, and of those that
are settled.
"""

import sys
import tomllib
from pathlib import Path

import numpy as np

from eos_sweep import observables, regimes, trust
from eos_sweep.contract import DOUBLED
from eos_sweep.engine import batch
from eos_sweep.spec.sweeps import Sweep

MAPS = "quickstart", "unclipped", "plane_clip_eta", "quartic", "uv"
SWEEPS = Path(__file__).parents[1] / "sweeps"


def load(name, size):
    """Return a sweep of the project with ``size`` values an axis."""
    spec = tomllib.loads((SWEEPS / f"{name}.toml").read_text(encoding="utf-8"))
    for axis in spec["axes"].values():
        for kind in {"log", "linear"} & set(axis):
            axis[kind][2] = size
    return Sweep.from_dict(spec | {"observables": ["all", "doubled"], "chunks": {}})


def run(sweep, factor, names):
    """Run all trajectories of a sweep with a multiple of its steps."""
    axes = {axis.name: axis.values for axis in sweep.axes}
    grid = dict(zip(axes, (values.ravel() for values in np.meshgrid(*axes.values(), indexing="ij")), strict=True))
    inputs = [
        {name: np.broadcast_to(np.float64(values), sweep.size).copy() for name, values in table.items()}
        for table in sweep.inputs(grid)
    ]
    return batch.run(sweep.job(variables=names, steps=factor * sweep.steps), *inputs)


def main(size="128"):
    print(f"{'map':16}{'steps':>8}{'settled':>10}{'4 times':>10}{'of settled':>12}{'16 times':>10}{'of settled':>12}")
    for name in MAPS:
        sweep = load(name, int(size))
        known = observables.variables(sweep.module)
        read = regimes.reads(sweep.limits)
        names = [*trust.REQUIRED, *read, *(one + DOUBLED for one in read), *trust.HELPFUL, "magnification"]
        found = run(sweep, 1, tuple(one for one in dict.fromkeys(names) if one in known))
        labels = regimes.classify(found, sweep.limits)
        settled = trust.classify(found, sweep.limits) == trust.SETTLED
        row = f"{name:16}{sweep.steps:8}{100 * settled.mean():8.1f} %"
        for factor in (4, 16):
            changed = labels != regimes.classify(run(sweep, factor, read), sweep.limits)
            row += f"{100 * changed.mean():8.2f} %{100 * changed[settled].mean():10.3f} %"
        print(row, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
