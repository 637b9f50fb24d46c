"""What gradient flow keeps, at the start and at the end: how far gradient descent has moved it.

Of layers that multiply each other it is a difference of squares, by which one is larger than the other.  A model offers
it as ``balance(theta, p)``, in NumPy.  One step of gradient descent changes it by eta^2 times the same difference of
squares of the gradients.
"""

from eos_sweep.contract import Variable

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    if not hasattr(model, "balance"):
        return {}
    words = "balance of the layers, which gradient flow keeps, at the {}"
    return {
        "balance_initial": Variable("float64", words.format("start"), float("nan")),
        "balance_final": Variable("float64", words.format("last step"), float("nan")),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {
        "balance_initial": begin.model.balance(begin.theta, begin.p),
        "balance_final": end.model.balance(end.theta, end.p),
    }
