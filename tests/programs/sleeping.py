"""A model whose trajectories take as long as the environment variable SECONDS says, in which no core does anything.

A block sleeps where its inputs are checked; the one step that its trajectories take costs nothing beside that.
"""

import os
import time
import types

from eos_sweep.models.quadratic import *  # noqa: F403
from eos_sweep.runtime import worker

CELLS = 256  # of a block; the probes of a spec are fewer, and do not sleep
worker.time = types.SimpleNamespace(thread_time=time.perf_counter)  # to sleep counts as to compute


def _slept(values):
    if values["eta"].size >= CELLS:
        time.sleep(float(os.environ["SECONDS"]))
    return values["eta"] > 0


CONDITIONS = {"eta > 0": _slept}
