"""Least and mean sharpness of the whole run, from the eigenvalue at each step: the dearest observable there is."""

from eos_sweep.contract import EVERY_STEP, TOP, Variable
from eos_sweep.eigen.sharpness import top
from eos_sweep.scalar import inlined, select

NEEDS = (EVERY_STEP, TOP)
KEPT = 2  # sum over the steps and least, both in units of 1/eta
FLAGS = COUNTS = 0


def variables(model):
    nan = float("nan")
    return {
        "sharpness_min": Variable("float64", "least sharpness met, the start included", nan),
        "sharpness_mean": Variable("float64", "mean sharpness over the steps taken, the start included", nan),
    }


def start(begin):
    now = top(begin.model, begin.theta, begin.p)
    return (now, now), ()


@inlined
def watch_sharpness(kept, now):
    total, least = kept
    return total + now, select(now < least, now, least)


def finish(begin, end, kept, counts):
    unit = 0.5 * end.model.threshold(end.p)
    return {"sharpness_min": kept[1] * unit, "sharpness_mean": kept[0] / (end.steps + 1) * unit}
