"""The sharpness at the start and at the end; where the edge moves, also the ratio of the two at the end."""

from eos_sweep.contract import Variable
from eos_sweep.eigen.sharpness import edge_moves, edge_of, over_edge, ratio_words, words_for

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
    unit = 0.5 * begin.model.threshold(begin.p)
    found = {"sharpness_initial": unit * begin.top(), "sharpness_final": unit * end.top()}
    if edge_moves(end.model):
        found["sharpness_ratio_final"] = over_edge(end.top(), edge_of(end.model)(end.theta, end.p))
    return found
