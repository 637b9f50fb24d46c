"""Checkpoints of a block while its trajectories run: when they are written, and which one a trajectory goes on from."""

import contextlib
import hashlib
import logging
import math
import time
from collections.abc import Callable, Mapping

import numpy as np

from eos_sweep.contract import Job
from eos_sweep.engine.networks.driver import Reached
from eos_sweep.errors import Stopped, one_line
from eos_sweep.runtime.flights import Begun, Flight
from eos_sweep.runtime.order import version
from eos_sweep.store import checkpoints
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
INTERVAL = 60.0  # seconds from one checkpoint to the next; what takes less has none
MOST_TIME = 0.02  # share of the time that writing them may take

Writing = Callable[[], contextlib.AbstractContextManager]  # entered while something is written
Arrays = Mapping[str, np.ndarray]


class Paused(Stopped):
    """A run stops, and how far its trajectories are was kept."""


class BlockKeeper:
    """The checkpoints of a block.

    Parameters
    ----------
    store, block
        The block.
    flight
        Is told how far the block is, and says whether it is to stop.
    writing
        Returns a context to write in, which raises Stopped if nothing must be written any more.

    Attributes
    ----------
    wrote : bool
        Whether the block has checkpoints, as far as is known.
    earlier_steps, earlier_seconds : int, float
        What earlier runs had done of what this one goes on with.
    """

    def __init__(self, store: Store, block: tuple[int, ...], flight: Flight, writing: Writing) -> None:
        self.store, self.block, self.flight, self.writing = store, block, flight, writing
        self.wrote, self.earlier_steps, self.earlier_seconds = False, 0, 0.0

    def batch(self, cells: np.ndarray) -> "BatchKeeper":
        """Return the keeper of some of its cells, which run one after another on the thread that calls this."""
        return BatchKeeper(self, int(cells[0]))


class BatchKeeper:
    """The checkpoint of some trajectories of a block, which begin with one of its cells."""

    def __init__(self, block: BlockKeeper, cell: int) -> None:
        self._block, self._cell, self._location = block, cell, block.store.location
        self._name = f"{self._location}: block {','.join(map(str, block.block))}"
        self._before = Begun()  # of earlier runs
        self._earlier_seconds = self._known_seconds = 0.0  # that they took, and that a checkpoint says they did
        self._began = time.thread_time()
        self._due, self._again = time.monotonic() + INTERVAL, 0.0  # the next one, and the next one of a run that stops

    def found(self, job: Job, initial: Arrays, parameters: Arrays) -> Arrays:
        """Return the state from which the trajectories with these inputs go on; empty if they begin."""
        self._given = job, initial, parameters
        content = None

        def attempt() -> None:
            nonlocal content
            content = checkpoints.read(self._location, self._block.block, self._cell)

        self._location.retry(attempt)
        if content is None:
            return {}
        self._block.wrote = True
        try:
            about, arrays = checkpoints.decode(content)
        except checkpoints.Damaged as error:
            self.refused(f"it is damaged, {one_line(error)}")
            return {}
        if about.get("identity") != self._identity():
            self.refused("it is of other inputs, or of another version of eos_sweep or its libraries")
            return {}
        self._known_seconds = float(about["seconds"])
        return arrays

    def refused(self, reason: str) -> None:
        """Log why the trajectories begin although there is a checkpoint."""
        LOG.warning("%s: its checkpoint is not used, since %s", self._name, reason)

    def goes_on(self, reached: Reached) -> None:
        """Log from where they go on."""
        self._before = Begun(_trajectories(reached), reached.work)
        self._block.earlier_steps += reached.work
        self._earlier_seconds = self._known_seconds
        self._block.earlier_seconds += self._earlier_seconds
        several = f" of trajectory {reached.done + 1} of {reached.total}" if reached.total > 1 else ""
        LOG.warning("%s: goes on from step %d of %d%s", self._name, reached.step, reached.budget, several)

    def keep(self, state: Callable[[], Arrays | None], reached: Reached) -> None:
        """Write a checkpoint if it is time to, or if the run is to stop; then raise Paused."""
        done, before = _trajectories(reached), self._before
        self._block.flight.reached(
            self._block.block, self._cell, Begun(done - before.trajectories, reached.work - before.steps)
        )
        pausing = self._block.flight.pausing
        if time.monotonic() >= (self._again if pausing else self._due) and self._wrote(state) and pausing:
            raise Paused("the run stops")

    def _wrote(self, state: Callable[[], Arrays | None]) -> bool:
        """Write a checkpoint; return whether there is one now.

        One that cannot be written is no reason to lose what the block may still find: the trajectories go on, even if
        the run is to stop.
        """
        began = time.monotonic()
        try:
            arrays = state()
            if arrays is None:
                self._due = self._again = math.inf
                return False
            seconds = time.thread_time() - self._began + self._earlier_seconds
            content = checkpoints.encode({"identity": self._identity(), "seconds": seconds}, arrays)
            with self._block.writing():
                self._block.store.checked()
                checkpoints.write(self._location, self._block.block, self._cell, content)
                now = time.monotonic()  # before others that wait for the context are let in
        except (checkpoints.Unkeepable, OSError, MemoryError) as error:
            LOG.warning("%s: its checkpoint cannot be written, %s; it goes on without", self._name, one_line(error))
            now = time.monotonic()
            never = isinstance(error, checkpoints.Unkeepable)  # at the next look neither
            self._due = self._again = math.inf if never else now + max(INTERVAL, (now - began) / MOST_TIME)
            return False
        self._block.wrote = True
        self._due = now + max(INTERVAL, (now - began) / MOST_TIME)
        return True

    def _identity(self) -> str:
        """Return the hash of all that determines the numbers: the code, the job and the inputs of all trajectories."""
        job, initial, parameters = self._given
        sweep = self._block.store.sweep
        meaning = (version(sweep), sweep.model_name, sweep.rule, job.variables, job.steps, job.tolerance.hex(), job.own)
        found = hashlib.sha256(repr((meaning, job.data.sha256 if job.data else "")).encode())
        for name, values in sorted({**initial, **parameters}.items()):
            found.update(name.encode() + b"\0" + np.ascontiguousarray(values, "<f8").tobytes())
        return found.hexdigest()


def _trajectories(reached: Reached) -> float:
    return reached.done + reached.step / reached.budget
