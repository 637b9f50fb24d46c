"""The loss at the start, at its highest and at the end."""

from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined, select

NEEDS = ()
KEPT = 1  # largest loss
FLAGS = COUNTS = 0


def variables(model):
    nan = float("nan")
    return {
        "loss_initial": Variable("float64", "loss at the start", nan),
        "loss_max": Variable("float64", "largest loss met within the bound, the start included", nan),
        "loss_final": Variable(
            "float64", "loss at the last step, which is the last one within the bound if it diverged", nan
        ),
    }


def start(begin):
    return (begin.loss,), ()


@inlined
def watch(kept, moment):
    return (select(moment.loss > kept[0], moment.loss, kept[0]),), ()


def finish(begin, end, kept, counts):
    return {"loss_initial": begin.loss, "loss_max": kept[0], "loss_final": end.loss}
