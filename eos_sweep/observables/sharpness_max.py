"""The largest sharpness.  The kernel certifies it to 1e-14 relative without the eigenvalue of each step."""

from eos_sweep.contract import MAXIMUM, Variable
from eos_sweep.eigen.sharpness import edge_moves, edge_of, over_edge, ratio_words

NEEDS = (MAXIMUM,)
KEPT = FLAGS = COUNTS = 0


def variables(model):
    nan = float("nan")
    return {
        "sharpness_max": Variable("float64", "largest sharpness, the start included", nan, decides_regime=True),
        "sharpness_ratio_max": Variable(
            "float64", f"largest {ratio_words(model)}, the start included", nan, centre=1.0
        ),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    model = end.model
    fixed = over_edge(end.maximum, edge_of(model)(end.theta, end.p))
    return {
        "sharpness_max": 0.5 * model.threshold(end.p) * end.maximum,
        "sharpness_ratio_max": end.ratio if edge_moves(model) else fixed,
    }
