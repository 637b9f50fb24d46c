"""Sweeps on several threads of one process do not disturb each other, or what belongs to the process."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import eos_sweep

given = {"axes": {"eta": [0.1, 0.2], "a1": [1, 2.0]}, "initial": {"theta1": "sqrt(2)"}, "steps": 5}
first = eos_sweep.sweep("quadratic", **given)
warnings.filterwarnings("error", message="a filter of the caller")

def state():
    filters = sorted(map(str, warnings.filters))  # in any order, since xarray puts its own in front again and again
    return filters, np.geterr(), dict(os.environ), os.getcwd(), signal.getsignal(signal.SIGINT)

before = state()
with ThreadPoolExecutor(8) as threads:
    found = list(threads.map(lambda _: eos_sweep.sweep("quadratic", **given), range(16)))
assert all(one.equals(first) for one in found)
assert state() == before
"""


@pytest.mark.slow
def test_concurrent_sweeps_pass_with_warnings_as_errors_and_leave_the_process_as_it_was():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
