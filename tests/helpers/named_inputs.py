"""Runs any model from inputs given by name; what is not given has its default."""

import numpy as np

from eos_sweep import observables
from eos_sweep.contract import CHUNK
from eos_sweep.engine import batch
from eos_sweep.state import enter


def columns(model, **given):
    """Return (initial, parameters), float64 arrays of one length; what is not given has its default."""
    quantities = {**model.STATE, **model.PARAMETERS}
    assert set(given) <= set(quantities), set(given) - set(quantities)
    needed = {name for name, quantity in quantities.items() if quantity.default is None}
    assert needed <= set(given), needed - set(given)
    assert all(name in given or not isinstance(q.default, str) for name, q in quantities.items()), "no expressions here"
    values = [np.asarray(given.get(name, quantity.default), float) for name, quantity in quantities.items()]
    arrays = dict(zip(quantities, (np.array(x) for x in np.broadcast_arrays(*np.atleast_1d(*values))), strict=True))
    return {name: arrays[name] for name in model.STATE}, {name: arrays[name] for name in model.PARAMETERS}


def run(model, steps, variables=None, tolerance=0.0, **given):
    """Run a batch in the compiled kernel; names of inputs -> numbers or arrays."""
    variables = observables.expand(["all"], model) if variables is None else variables
    return batch.run(batch.Job(model, variables, steps, tolerance), *columns(model, **given))


def states(model, steps, **given):
    """Return theta after 0, 1, ... steps in NumPy, as a list of tuples of arrays, and p; no run ends."""
    initial, parameters = columns(model, **given)
    p = tuple(parameters.values())
    path = [enter(model, initial, p)]
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges goes on to infinity, and from there to NaN
        for age in range(1, steps + 1):
            after = model.step(path[-1], p)
            path.append(model.rescale(after, p) if age % CHUNK == 0 else after)
    return path, p
