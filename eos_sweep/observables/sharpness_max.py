"""The largest sharpness met, certified by the kernel to 1e-14 relative without computing every step's eigenvalue."""

from eos_sweep.contract import MAXIMUM, Variable

NEEDS = (MAXIMUM,)
KEPT = FLAGS = COUNTS = 0


def variables(model):
    return {"sharpness_max": Variable("float64", "largest sharpness met, the start included", float("nan"))}


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {"sharpness_max": 0.5 * end.model.threshold(end.p) * end.maximum}
