"""The progress of a run, as numbers."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Progress(NamedTuple):
    """How far a run is.

    Attributes
    ----------
    done : int
        Trajectories that are stored, those of earlier runs included.
    total : int
        Trajectories of the sweep.
    new : int
        Trajectories of this run.
    steps : int
        Gradient descent steps of this run.
    seconds : float
        Seconds since this run began.
    failed : int
        Blocks that have failed.
    threads : int
        Threads that compute now.
    reused : int
        Those of the new trajectories that were taken over from another store.
    begun : float
        What is computed of networks in flight, in trajectories; ``steps`` has their steps.
    """

    done: int
    total: int
    new: int = 0
    steps: int = 0
    seconds: float = 0.0
    failed: int = 0
    threads: int = 0
    reused: int = 0
    begun: float = 0.0

    @property
    def computed(self) -> float:
        """How many trajectories this run has computed, with shares of those in flight."""
        return self.new + self.begun

    @property
    def seconds_left(self) -> float:
        """The seconds that are left at the throughput of this run; infinite before anything is done."""
        left = self.total - self.done - self.begun
        return self.seconds * left / self.computed if self.computed else math.inf

    def advanced(self, trajectories: int, steps: int, reused: int = 0) -> "Progress":
        """Return the progress after further trajectories, which took so many steps, and of which some were reused."""
        return self._replace(
            done=self.done + trajectories,
            new=self.new + trajectories,
            steps=self.steps + steps,
            reused=self.reused + reused,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the progress for strict JSON."""
        left, seconds = self.seconds_left, max(self.seconds, 1e-9)
        return {
            "trajectories": self.total,
            "trajectories_done": self.done,
            "trajectories_new": self.new,
            "trajectories_reused": self.reused,
            "trajectories_begun": round(self.begun, 4),
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "seconds_left": round(left, 1) if math.isfinite(left) else None,
            "trajectories_per_second": round(self.computed / seconds, 3),
            "steps_per_second": round(self.steps / seconds),
            "blocks_failed": self.failed,
            "threads": self.threads,
        }


Report = Callable[[Progress], None]


def duration(seconds: float) -> str:
    """Return a time as text, in seconds, minutes, or hours and minutes."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
