"""Sharpness at the start and at the end."""

from eos_sweep.contract import Variable
from eos_sweep.sharpness import sharpness

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    return {
        "sharpness_initial": Variable("float64", "sharpness (largest Hessian eigenvalue) at the start", float("nan")),
        "sharpness_final": Variable("float64", "sharpness (largest Hessian eigenvalue) at the last step", float("nan")),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "sharpness_initial": sharpness(begin.model, begin.theta, begin.p),
        "sharpness_final": sharpness(end.model, end.theta, end.p),
    }
