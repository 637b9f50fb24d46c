"""The period of the orbit on which a trajectory ends; on one it neither converges nor sharpens again."""

import numpy as np

from eos_sweep.contract import CONVERGED, LONGEST_PERIOD, ORBIT, RUNNING, Variable

NEEDS = (ORBIT,)
KEPT = FLAGS = COUNTS = 0


def variables(model):
    words = f"period of the orbit on which the trajectory ends (1: at rest; 0: none of at most {LONGEST_PERIOD} steps)"
    return {"period": Variable("int8", words, fill=-1, decides_regime=True)}


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {"period": np.select([end.status == RUNNING, end.status == CONVERGED], [end.period, 1], 0)}
