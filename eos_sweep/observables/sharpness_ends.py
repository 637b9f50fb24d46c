"""The sharpness at the start and at the end."""

from eos_sweep.contract import Variable
from eos_sweep.eigen.sharpness import sharpness, words_for

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    words, nan = f"{words_for(model)} at the {{}}", float("nan")
    return {
        "sharpness_initial": Variable("float64", words.format("start"), nan, decides_regime=True),
        "sharpness_final": Variable("float64", words.format("last step"), nan),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "sharpness_initial": sharpness(begin.model, begin.theta, begin.p),
        "sharpness_final": sharpness(end.model, end.theta, end.p),
    }
