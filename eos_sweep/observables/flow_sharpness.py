"""Gradient-flow-solution sharpness at the start and at the end, of models that have a closed form for it.

It is the sharpness of the minimum that gradient flow would reach from where a trajectory is: a model offers it as
``flow_sharpness(theta, p)``, in NumPy.
"""

from eos_sweep.contract import Variable

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    if not hasattr(model, "flow_sharpness"):
        return {}
    words = "sharpness at which gradient flow from the {} would end"
    return {
        "flow_sharpness_initial": Variable("float64", words.format("start"), float("nan")),
        "flow_sharpness_final": Variable("float64", words.format("last step"), float("nan")),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "flow_sharpness_initial": begin.model.flow_sharpness(begin.theta, begin.p),
        "flow_sharpness_final": end.model.flow_sharpness(end.theta, end.p),
    }
