"""What a race says: medians, ratios, and the machine it was run on."""

import contextlib
import importlib.metadata
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from eos_sweep import provenance
from eos_sweep.bench import ours, workload
from eos_sweep.bench.contenders import OURS
from eos_sweep.bench.peers import c_loop
from eos_sweep.bench.race import Contender
from eos_sweep.bench.storing import Overhead
from eos_sweep.work import cores


class Ratio(NamedTuple):
    """How many times faster ``fast`` is, from the two readings of each round."""

    fast: Contender
    slow: Contender
    median: float
    least: float
    most: float


class Summary(NamedTuple):
    """All that a race says; contenders are in the order in which they ran."""

    speeds: Mapping[Contender, Sequence[float]]  # steps per second of each round
    left_out: Mapping[str, str]  # name -> why
    ending_early: float  # share of the mixed trajectories
    machine: Mapping[str, Any]
    storing: Overhead | None = None  # of a sweep

    def median(self, contender: Contender) -> float:
        """Steps per second."""
        return statistics.median(self.speeds[contender])

    def ratio(self, fast: Contender, slow: Contender) -> Ratio:
        """Compare two contenders round by round, so that what slows down both does not count."""
        found = [a / b for a, b in zip(self.speeds[fast], self.speeds[slow], strict=True)]
        return Ratio(fast, slow, statistics.median(found), min(found), max(found))

    def ours(self, variant: str, kind: str = "alive", number: int = 1) -> Contender:
        """Return our contender of this description."""
        return next(
            one
            for one in self.speeds
            if (one.module, one.variant, one.workload, one.cores) == (OURS, variant, kind, number)
        )

    def peers(self) -> list[Contender]:
        """Return what is not ours, the fastest first."""
        return sorted((one for one in self.speeds if one.module != OURS), key=lambda one: -self.median(one))

    def over_peers(self, mode: str = "default") -> list[Ratio]:
        """Return one of our modes over each peer."""
        return [self.ratio(self.ours(mode), peer) for peer in self.peers()]

    def over_one_core(self) -> list[Ratio]:
        """Return all cores over one, for each mode."""
        return [self.ratio(self.ours(mode, number=cores()), self.ours(mode)) for mode in ours.MODES if cores() > 1]

    def early_exit(self) -> list[Ratio]:
        """Return the mixed trajectories over those of which each takes its whole budget, for each mode.

        The latter is what lock-step without early exit would make of any trajectories.
        """
        return [self.ratio(self.ours(mode, "mixed"), self.ours(mode)) for mode in ours.MODES]

    def ratios(self) -> list[Ratio]:
        """Return all of these."""
        return [*self.over_peers(), *self.over_peers("every step"), *self.over_one_core(), *self.early_exit()]

    def to_dict(self) -> dict:
        """Return all of it as JSON has it, speeds in steps per second."""
        contenders = [
            {
                "library": one.library,
                "variant": one.variant,
                "workload": one.workload,
                "cores": one.cores,
                "trajectories": one.trajectories,
                "steps_per_second": list(found),
                "median": self.median(one),
            }
            for one, found in self.speeds.items()
        ]
        return {
            "machine": dict(self.machine),
            "steps": workload.STEPS,
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
            "storing": self.storing
            and {
                **self.storing._asdict(),
                "share": self.storing.share(),
                "share_of_processes": self.storing.share_of_processes(),
                "over_one_process": self.storing.over_one_process(),
            },
        }


def describe(one: Contender) -> str:
    """Return a contender in words."""
    where = f", {one.cores} cores" if one.cores > 1 else ""
    return f"{one.library}, {one.variant}, {one.workload}{where}"


def machine(libraries: Sequence[str]) -> dict[str, Any]:
    """Say what this machine is and which versions run on it; ``peak_flops`` is of one core, if a compiler is there."""
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
        with contextlib.suppress(RuntimeError, OSError):  # a compiler that does not work here
            found["peak_flops"] = c_loop.peak()
    return found
