"""The results of a benchmark: medians, ratios, and a description of the machine."""

import contextlib
import importlib.metadata
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from eos_sweep.checks.bench import our_kernel, workload
from eos_sweep.checks.bench.contenders import KERNEL_MODULE
from eos_sweep.checks.bench.peers import c_loop
from eos_sweep.checks.bench.race import Contender, Reading
from eos_sweep.engine.cores import cores
from eos_sweep.store import provenance


class Ratio(NamedTuple):
    """How many times faster ``fast`` is than ``slow``: median and range over the rounds."""

    fast: Contender
    slow: Contender
    median: float
    least: float
    most: float


class Summary(NamedTuple):
    """The results of a benchmark.

    Attributes
    ----------
    readings : dict
        Contender -> its measurement in each round, in the order in which they ran.
    left_out : dict
        Name of a contender -> why it has no speed.
    ending_early : float
        Share of the mixed trajectories that end early.
    machine : dict
        Description of the machine, see :func:`machine`.
    """

    readings: Mapping[Contender, Sequence[Reading]]
    left_out: Mapping[str, str]
    ending_early: float
    machine: Mapping[str, Any]

    def median(self, contender: Contender) -> float:
        """Return the median speed in steps taken per second."""
        return statistics.median(self.speeds(contender))

    def speeds(self, contender: Contender) -> list[float]:
        """Return the steps taken per second of each round."""
        return [reading.speed for reading in self.readings[contender]]

    def ratio(self, fast: Contender, slow: Contender) -> Ratio:
        """Compare two contenders round by round, so that a slow round of both does not count."""
        return _ratio(fast, slow, self.speeds(fast), self.speeds(slow))

    def kernel(self, variant: str, kind: str = "alive", number: int = 1) -> Contender:
        """Return the kernel's contender of this description."""
        return next(
            one
            for one in self.readings
            if (one.module, one.variant, one.workload, one.cores) == (KERNEL_MODULE, variant, kind, number)
        )

    def peers(self) -> list[Contender]:
        """Return the other contenders, the fastest first."""
        return sorted((one for one in self.readings if one.module != KERNEL_MODULE), key=lambda one: -self.median(one))

    def over_peers(self, mode: str = "default") -> list[Ratio]:
        """Return the ratios of one of the kernel's modes to each peer."""
        return [self.ratio(self.kernel(mode), peer) for peer in self.peers()]

    def over_one_core(self) -> list[Ratio]:
        """Return the ratios of all cores to one core, for each mode."""
        return [
            self.ratio(self.kernel(mode, number=cores()), self.kernel(mode)) for mode in our_kernel.MODES if cores() > 1
        ]

    def early_exit(self) -> list[Ratio]:
        """Return how many times sooner mixed trajectories are done than as many alive ones, for each mode."""
        found = []
        for mode in our_kernel.MODES:
            mixed, alive = self.kernel(mode, "mixed"), self.kernel(mode)
            budgets = [reading.speed / reading.taken for reading in self.readings[mixed]]
            found.append(_ratio(mixed, alive, budgets, self.speeds(alive)))
        return found

    def ratios(self) -> list[Ratio]:
        """Return all of these ratios."""
        return [*self.over_peers(), *self.over_peers("every step"), *self.over_one_core(), *self.early_exit()]

    def to_dict(self) -> dict:
        """Return the summary as plain data, with speeds in steps per second."""
        contenders = [
            {
                "library": one.library,
                "variant": one.variant,
                "workload": one.workload,
                "cores": one.cores,
                "trajectories": one.trajectories,
                "steps_per_second": [reading.speed for reading in found],
                "steps_taken": found[0].taken * one.trajectories * workload.STEP_BUDGET,
                "median": self.median(one),
            }
            for one, found in self.readings.items()
        ]
        return {
            "machine": dict(self.machine),
            "steps": workload.STEP_BUDGET,
            "mixed_ending_early": self.ending_early,
            "contenders": contenders,
            "ratios": [
                {
                    "fast": describe(ratio.fast),
                    "slow": describe(ratio.slow),
                    "median": ratio.median,
                    "least": ratio.least,
                    "most": ratio.most,
                }
                for ratio in self.ratios()
            ],
            "left_out": dict(self.left_out),
        }


def _ratio(fast: Contender, slow: Contender, above: Sequence[float], below: Sequence[float]) -> Ratio:
    found = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(fast, slow, statistics.median(found), min(found), max(found))


def describe(one: Contender) -> str:
    """Return the name of a contender as text."""
    where = f", {one.cores} cores" if one.cores > 1 else ""
    return f"{one.library}, {one.variant}, {one.workload}{where}"


def machine(libraries: Sequence[str]) -> dict[str, Any]:
    """Return a description of this machine and of versions, with ``peak_flops`` of a core if there is a C compiler."""
    found: dict[str, Any] = {
        **provenance.here(),
        "cores": cores(),
        "cores_of_machine": os.cpu_count() or 1,
        "system": platform.platform(),
        "python_version": platform.python_version(),
    }
    for package in libraries:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[f"{package}_version"] = importlib.metadata.version(package)
    if c_loop.compiler():
        with contextlib.suppress(RuntimeError, OSError):  # the compiler does not work
            found["peak_flops"] = c_loop.peak()
    return found
