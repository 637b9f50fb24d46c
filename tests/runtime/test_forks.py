"""A forked child of a process that has computed and loaded data computes and loads, too."""

import multiprocessing
import os

import numpy as np
import pytest

import eos_sweep

AXES = {"a1": np.linspace(1, 2, 3), "eta": np.linspace(0.1, 3, 600)}  # so many that there is a pyramid
GIVEN = {"initial": {"theta1": 1}, "steps": 3}


def work(queue, place):
    eos_sweep.sweep("quadratic", AXES, out=place, **GIVEN)
    lazy = eos_sweep.open_sweep(place)
    level = eos_sweep.open_pyramid(place)[-1]
    found = eos_sweep.sweep("quadratic", AXES, **GIVEN)
    queue.put([int(data.regime.sum()) for data in (found, lazy, level)])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_sweeps_and_loads(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    work(queue, tmp_path / "parent")
    process = context.Process(target=work, args=(queue, tmp_path / "child"))
    process.start()
    try:
        assert queue.get(timeout=120) == queue.get(timeout=120)
    finally:
        process.kill()
        process.join()
