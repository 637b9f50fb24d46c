"""The sharpness at the start and at the end; where the edge moves, also the ratio of the two at the end."""

from eos_sweep.contract import Variable
from eos_sweep.eigen.sharpness import edge_moves, ratio, ratio_words, sharpness, words_for

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    words, nan = f"{words_for(model)} at the {{}}", float("nan")
    found = {
        "sharpness_initial": Variable("float64", words.format("start"), nan, decides_regime=True),
        "sharpness_final": Variable("float64", words.format("last step"), nan),
    }
    if edge_moves(model):
        words = f"{ratio_words(model)} at the last step"
        found["sharpness_ratio_final"] = Variable("float64", words, nan, centre=1.0)
    return found


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    found = {
        "sharpness_initial": sharpness(begin.model, begin.theta, begin.p),
        "sharpness_final": sharpness(end.model, end.theta, end.p),
    }
    return found | ({"sharpness_ratio_final": ratio(end.model, end.theta, end.p)} if edge_moves(end.model) else {})
