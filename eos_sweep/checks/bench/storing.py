"""What scheduling and storing add to the kernels of a sweep: whole commands beside processes that only compute.

Everything counts, from the start of the interpreter to the pyramid.  Durations mean something on a quiet machine only;
there, what the cores do not compute they wait.  Processor time is disturbed less.
"""

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eos_sweep.checks.bench.all_processes import Timed, timed
from eos_sweep.engine.cores import cores

KERNELS, THREADS, WORKERS = "kernels alone, a process a core", "run --threads", "run --workers"
Readings = Mapping[str, Sequence[Timed]]  # of each contestant, one in each round


def measure(spec: str | Path, repeats: int, report: Callable[[str], None] = lambda step: None) -> Readings:
    """Run the sweep of a file without and with a store, on threads and on processes, in turns.

    Parameters
    ----------
    spec
        Path of the sweep's TOML file.
    repeats
        Number of rounds.
    report
        Called after each reading.

    Raises
    ------
    InputError
        If a program fails, or the system does not tell the processor time of processes.
    """
    path, number = str(Path(spec).resolve()), str(cores())
    kernel = "-m", "eos_sweep.checks.bench.kernel_alone", path
    run = "-m", "eos_sweep", "run", path, "--quiet", "--overwrite", "-o", "sweep.zarr"
    contestants: dict[str, list[tuple[str, ...]]] = {
        KERNELS: [(*kernel, str(part), number) for part in range(cores())],
        THREADS: [(*run, "--threads", number)],
        WORKERS: [(*run, "--workers", number)],
    }
    found: dict[str, list[Timed]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
        timed([(*kernel, "0", str(2**40))], folder)  # compiles the kernel
        for _ in range(repeats):
            for name, commands in contestants.items():
                found[name].append(timed(commands, folder))
                report(f"timed {name}")
    return found


def rounds(repeats: int) -> int:
    """Return how many readings are reported."""
    return 3 * repeats


def speeds(found: Readings) -> dict[str, list[float]]:
    """Return how fast each contestant is relative to the kernels of its round."""
    return {name: [base.seconds / one.seconds for base, one in _pairs(found, name)] for name in found}


def work(found: Readings) -> dict[str, list[float]]:
    """Return the processor time of each contestant relative to that of the kernels of its round."""
    return {
        name: [one.processor_seconds / base.processor_seconds for base, one in _pairs(found, name)] for name in found
    }


def _pairs(found: Readings, name: str) -> zip:
    return zip(found[KERNELS], found[name], strict=True)


def to_dict(found: Readings) -> dict[str, Any]:
    """Return the readings as plain data, with the medians of their ratios."""
    return {
        name: {
            "seconds": [one.seconds for one in readings],
            "processor_seconds": [one.processor_seconds for one in readings],
            "speed": statistics.median(speeds(found)[name]),
            "work": statistics.median(work(found)[name]),
        }
        for name, readings in found.items()
    }


def text(found: Readings) -> str:
    """Return the table that the command prints."""
    repeats = len(found[KERNELS])
    lines = [f"{f'{cores()} cores, median of {repeats}':36}{'seconds':>9}{'of processor':>14}{'speed':>22}{'work':>22}"]
    for name, readings in found.items():
        seconds, processor = (statistics.median(column) for column in zip(*readings, strict=True))
        ratios = "".join(f"{_ratio(found[name]):>22}" for found in (speeds(found), work(found)))
        lines.append(f"{name:36}{seconds:9.2f}{processor:14.2f}{ratios}")
    return "\n".join(lines)


def _ratio(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.3f} ({min(found):.3f}-{max(found):.3f})"
