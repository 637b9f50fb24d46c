"""The largest sharpness.  The kernel certifies it to 1e-14 relative without the eigenvalue of each step."""

from eos_sweep.contract import EDGE, MAXIMUM, Variable

NEEDS = (MAXIMUM,)
KEPT = FLAGS = COUNTS = 0


def variables(model):
    nan = float("nan")
    return {
        "sharpness_max": Variable("float64", "largest sharpness, the start included", nan, decides_regime=True),
        "sharpness_ratio_max": Variable("float64", "largest sharpness * eta / 2, the start included", nan, centre=1.0),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "sharpness_max": 0.5 * end.model.threshold(end.p) * end.maximum,
        "sharpness_ratio_max": end.maximum / EDGE,
    }
