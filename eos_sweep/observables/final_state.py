"""The state at the last step; for a coordinate with its own exponent also the logarithm, which never underflows."""

from eos_sweep.contract import Variable
from eos_sweep.state import carried, log10_abs, values

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    nan = float("nan")
    states = {f"{name}_final": Variable("float64", f"{name} at the last step", nan) for name in model.STATE}
    logs = {
        f"log10_abs_{name}_final": Variable("float64", f"log10 |{name}| at the last step", nan)
        for name in model.CARRIED
    }
    return states | logs


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    model = end.model
    states = {f"{name}_final": value for name, value in values(model, end.theta).items()}
    logs = {f"log10_abs_{name}_final": log10_abs(*number) for name, number in carried(model, end.theta).items()}
    return states | logs
