"""Whether a trajectory ends on a periodic orbit: it neither converges nor sharpens again."""

import numpy as np

from eos_sweep.contract import CONVERGED, RUNNING, Variable
from eos_sweep.orbit import LONGEST, period

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    words = f"period of the orbit on which the trajectory ends (1: at rest; 0: none of at most {LONGEST} steps)"
    return {"period": Variable("int8", words, fill=-1)}


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    periods = np.where(end.status == CONVERGED, 1, 0)
    running = np.flatnonzero(end.status == RUNNING)
    if running.size:
        theta, p = (tuple(column[running] for column in columns) for columns in (end.theta, end.p))
        periods[running] = period(end.model, theta, p)
    return {"period": periods}
