"""Sharpness at the start and at the end."""

from eos_sweep.contract import Variable

NEEDS = ()
KEPT = COUNTS = 0


def variables(model):
    return {
        "sharpness_initial": Variable("float64", "sharpness (largest Hessian eigenvalue) at the start", float("nan")),
        "sharpness_final": Variable("float64", "sharpness (largest Hessian eigenvalue) at the last step", float("nan")),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "sharpness_initial": begin.model.sharpness(begin.theta, begin.p),
        "sharpness_final": end.model.sharpness(end.theta, end.p),
    }
