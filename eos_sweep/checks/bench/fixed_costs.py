"""What a sweep costs whatever its size: imports, the load of its kernel, its spec, its dataset, its store.

Each cost is the processor time of a new process and of all that it starts, which other programs disturb less than its
duration.  The kernels are compiled before, but for one row, whose cache is empty.  ``libraries`` is what no edit of
this package can change: Python itself with NumPy, Numba and xarray.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eos_sweep.errors import InputError, named

SWEEP = """
import numpy as np
import eos_sweep

def sweep(size):
    return eos_sweep.sweep(
        "bivariate",
        {"lambda1": np.geomspace(1, 1e4, size), "eta": np.geomspace(1e-3, 30, size)},
        {"lambda2": 0.01, "radius": "liu2025"},
        {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
        steps=10,
        progress=False,
    )

sweep(50)
"""
AGAIN = """
import statistics, time

def again(size, calls=21):
    sweep(size)
    seconds = []
    for _ in range(calls):
        began = time.process_time()
        sweep(size)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)

print(again(50), again(96))
"""
SPEC = """
model = "bivariate"
steps = 2_000
axes.lambda1 = { log = [1, 1e4, 64] }
axes.eta = { log = [1e-3, 30, 64] }
parameters = { lambda2 = 0.01, radius = "liu2025" }
initial = { alpha = 0.5, beta1 = 0.05, beta2 = 0.5 }
"""
PROGRAMS = {
    "python": ("-c", "pass"),
    "libraries": ("-c", "import numpy, numba, xarray"),
    "import eos_sweep": ("-c", "import eos_sweep"),
    "first sweep of a process, 50 x 50 runs of 10 steps": ("-c", SWEEP),
    "eos-sweep run, 64 x 64 runs of 2000 steps": ("-m", "eos_sweep", "run", "-q", "small.toml", "--overwrite"),
}
COLD = "the first sweep, with kernels to compile"
COLD_READINGS = 2  # at most: each takes longer than all others of a repetition, and they differ by a few percent
CALLS = "sweep again, 50 x 50 runs of 10 steps", "sweep again, 96 x 96 runs of 10 steps"
Costs = Mapping[str, Sequence[float]]  # -> processor seconds of each repetition


def measure(repeats: int, report: Callable[[str], None] = lambda step: None) -> Costs:
    """Measure all costs, in turns.

    Parameters
    ----------
    repeats
        Readings of each cost, but for the one that compiles kernels, of which two are enough.
    report
        Called after each reading.

    Raises
    ------
    InputError
        If a program fails, or the system does not tell the processor time of processes.
    """
    found: dict[str, list[float]] = {name: [] for name in (*PROGRAMS, COLD, *CALLS)}
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
        (Path(folder) / "small.toml").write_text(SPEC, encoding="utf-8")
        for reading in range(1 + repeats):  # the first one compiles kernels
            for name, arguments in PROGRAMS.items():
                seconds, _ = _run(arguments, folder)
                found[name].append(seconds)
                report(f"timed {name}")
            if 0 < reading <= COLD_READINGS:
                with tempfile.TemporaryDirectory(dir=folder) as empty:
                    found[COLD].append(_run(("-c", SWEEP), folder, NUMBA_CACHE_DIR=empty)[0])
                report(f"timed {COLD}")
            _, printed = _run(("-c", SWEEP + AGAIN), folder)
            for name, text in zip(CALLS, printed.split(), strict=True):
                found[name].append(float(text))
            report("timed further sweeps")
            if not reading:
                found = {name: [] for name in found}
    return found


def rounds(repeats: int) -> int:
    """Return how many readings are reported."""
    return (1 + repeats) * (len(PROGRAMS) + 1) + min(repeats, COLD_READINGS)


def _run(arguments: Sequence[str], folder: str, **environment: str) -> tuple[float, str]:
    """Run a program of this Python; return its processor seconds, and what it has printed."""
    try:
        import resource
    except ImportError:
        raise InputError("costs: Windows does not tell the processor time of processes; leave --costs out") from None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise InputError(f"costs: a program failed, {_last_line(done.stderr)}; run that alone to see why")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def _last_line(text: str) -> str:
    return named((text.strip().splitlines() or ["without a word"])[-1], 200)


def to_dict(found: Costs) -> dict[str, Any]:
    """Return the costs as plain data, with their medians."""
    return {name: {"seconds": list(one), "median": statistics.median(one)} for name, one in found.items()}


def text(found: Costs) -> str:
    """Return the table that the command prints, in milliseconds of processor time."""
    repeats = len(next(iter(found.values())))
    lines = [f"{f'milliseconds of processor time, median of {repeats} (range)':60}"]
    for name, one in found.items():
        low, middle, high = (1e3 * value for value in (min(one), statistics.median(one), max(one)))
        digits = 1 if middle < 100 else 0
        of = "" if len(one) == repeats else f", of {len(one)}"
        lines.append(f"{name:54}{middle:8.{digits}f}  ({low:.{digits}f} to {high:.{digits}f}{of})")
    return "\n".join(line.rstrip() for line in lines)
