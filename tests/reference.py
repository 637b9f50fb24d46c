"""What the kernel must give, one step after the other in plain NumPy, for any model and any observables.

The model's and the observables' own functions are used, so the results can be compared bit for bit.
"""

import numpy as np

from eos_sweep import batch, observables, observers
from eos_sweep.contract import CHUNK, CONVERGED, DIVERGED, EDGE, EVERY_STEP, RUNNING, TAIL, Ends, Moment
from eos_sweep.observables import tail
from eos_sweep.sharpness import top
from eos_sweep.state import carried, enter

CERTIFIED = ("sharpness_max",)  # within 1e-14 of the maximum
SUMMED = ("tail_mean", "sharpness_mean")  # in another order than NumPy's


def columns(model, **given):
    """Return (initial, parameters), float64 arrays of one length; what is not given has its default."""
    quantities = {**model.STATE, **model.PARAMETERS}
    assert set(given) <= set(quantities), set(given) - set(quantities)
    assert all(name in given or not isinstance(q.default, str) for name, q in quantities.items()), "no expressions here"
    values = [np.asarray(given.get(name, quantity.default), float) for name, quantity in quantities.items()]
    arrays = dict(zip(quantities, (np.array(x) for x in np.broadcast_arrays(*np.atleast_1d(*values))), strict=True))
    return {name: arrays[name] for name in model.STATE}, {name: arrays[name] for name in model.PARAMETERS}


def run(model, steps, variables=None, tolerance=0.0, **given):
    """Run a batch in the compiled kernel; names of inputs -> numbers or arrays."""
    variables = tuple(observables.variables(model)) if variables is None else variables
    return batch.run(batch.Job(model, variables, steps, tolerance), *columns(model, **given))


def states(model, steps, **given):
    """Return theta after 0, 1, ... steps in NumPy, as a list of tuples of arrays, and p; no run ends."""
    initial, parameters = columns(model, **given)
    p = tuple(parameters.values())
    path = [enter(model, initial, p)]
    for age in range(1, steps + 1):
        after = model.step(path[-1], p)
        path.append(model.rescale(after, p) if age % CHUNK == 0 else after)
    return path, p


def expected(model, steps, tolerance=0.0, **given):
    """Return name -> the value of each variable of the model that the kernel must give."""
    initial, parameters = columns(model, **given)
    p = tuple(parameters.values())
    job = batch.Job(model, tuple(observables.variables(model)), steps, tolerance)
    watched = batch.observables_of(model, job.variables)
    with np.errstate(all="ignore"):
        theta = enter(model, initial, p)
        loss = model.loss(theta, p)
        status = np.where(loss < model.LIMIT, RUNNING, DIVERGED)
        age = folded = np.zeros(len(loss), np.int64)
        maximum = top(model, theta, p)
        begin = Ends(model, theta, p, loss, age, age, maximum, steps)
        kept, counts = (list(column) for column in zip(*(o.start(begin) for o in watched), strict=True))
        bits = [(np.zeros_like(age),) * o.FLAGS for o in watched]
        for now in range(steps):
            after = model.step(theta, p)
            matrix, moved = model.curvature(after, p), (status == RUNNING) & (model.loss(after, p) < model.LIMIT)
            moment = Moment(
                theta,
                after,
                p,
                model.loss(after, p),
                loss,
                model.stable(matrix, EDGE),
                after[list(model.STATE).index(model.GUARD)] if model.GUARD else np.ones_like(loss),
                model.clipped(theta, p),
                carried(model, after) if model.CARRIED else (after[0], after[0]),
            )
            sharpness = top(model, after, p)
            for k, o in enumerate(watched):
                news = kept[k]
                if hasattr(o, "watch"):
                    news, flags = observers.watcher(o, model)(news, moment)
                    raised = (np.where(moved & flag, np.int64(1) << now % CHUNK, 0) for flag in flags)
                    bits[k] = tuple(before | new for before, new in zip(bits[k], raised, strict=True))
                if EVERY_STEP in o.NEEDS or (TAIL in o.NEEDS and now >= steps - tail.window(steps)):
                    news = o.watch_sharpness(news, sharpness / EDGE)
                kept[k] = _where(moved, news, kept[k])
            maximum = np.where(moved & (sharpness > maximum), sharpness, maximum)
            status = np.where((status == RUNNING) & ~moved, DIVERGED, status)
            theta, loss, age = _where(moved, after, theta), np.where(moved, moment.loss, loss), age + moved
            if (now + 1) % CHUNK == 0 or now + 1 == steps:
                for k, o in enumerate(watched):
                    if hasattr(o, "fold"):
                        counts[k] = _where(age > folded, o.fold(counts[k], bits[k], folded, age - folded), counts[k])
                    bits[k] = (np.zeros_like(age),) * o.FLAGS
                folded = age
            if (now + 1) % CHUNK == 0:
                settled = (status == RUNNING) & model.settled(theta, p, loss, tolerance)
                status = np.where(settled, CONVERGED, status)
                theta = _where(moved, model.rescale(theta, p), theta)
        end = Ends(model, theta, p, loss, age, status, maximum, steps)
        found = {}
        for o, mine, numbers in zip(watched, kept, counts, strict=True):
            found |= o.finish(begin, end, mine, numbers)
        return found


def _where(condition, yes, no):
    return tuple(np.where(condition, new, old) for new, old in zip(yes, no, strict=True))


def assert_compiled_is_numpy(model, steps, tolerance, **given):
    """Compare all variables of the kernel with NumPy's; return the kernel's."""
    found, right = run(model, steps, None, tolerance, **given), expected(model, steps, tolerance, **given)
    assert set(found) == set(right) | {"work"}
    for name, value in right.items():
        if name in CERTIFIED + SUMMED:
            np.testing.assert_allclose(found[name], value, rtol=1e-14 if name in CERTIFIED else 1e-13, err_msg=name)
        else:
            one, other = (np.where(np.isnan(x), np.nan, x) for x in (found[name].astype(float), value.astype(float)))
            different = np.flatnonzero(one.view(np.int64) != other.view(np.int64))
            assert not different.size, (name, different[:5], one[different[:5]], other[different[:5]])
    return found
