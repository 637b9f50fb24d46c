"""What this process computes of a run just now: how far trajectories in flight are, and whether they are to stop."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

IDLE_RUNS = 16  # of which no order is in hand and that are kept, since one of them may be told to pause before it comes

Block = tuple[int, ...]


class Begun(NamedTuple):
    """What is computed of blocks that are not done yet."""

    trajectories: float = 0.0
    steps: int = 0


class Flight:
    """The blocks of one run that this process computes.

    Attributes
    ----------
    pausing : bool
        Whether trajectories that can be kept are to be kept as they are, and not gone on with.
    """

    def __init__(self) -> None:
        self.pausing = False
        self.holders = 0  # orders in hand, and the run itself if this is its process
        self.watched = False  # whether it is, and counts blocks until it has their rows
        self._begun: dict[tuple[Block, int], Begun] = {}

    def reached(self, block: Block, cell: int, begun: Begun) -> None:
        """Note how much of the trajectories of a block from ``cell`` on this run has computed."""
        self._begun[block, cell] = begun

    def landed(self, block: Block) -> None:
        """Note that a block has come back."""
        for key in [key for key in list(self._begun) if key[0] == block]:
            self._begun.pop(key, None)

    @property
    def parts(self) -> dict[tuple[Block, int], Begun]:
        """What is computed of each part of a block in flight, by block and first cell."""
        return dict(self._begun)

    @property
    def begun(self) -> Begun:
        """What this run has computed of all blocks in flight."""
        found = list(self._begun.values())
        return Begun(sum(one.trajectories for one in found), sum(one.steps for one in found))


_flights: dict[str, Flight] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def joined(run: str, blocks: Sequence[Block]) -> Iterator[Flight]:
    """Have the flight of a run while some of its blocks are computed; unless it is watched, they land at the end."""
    with _lock:
        flight = _of(run)
        flight.holders += 1
    try:
        yield flight
    finally:
        with _lock:
            flight.holders -= 1
        if not flight.watched:
            for block in blocks:
                flight.landed(block)


@contextlib.contextmanager
def watched(run: str) -> Iterator[Flight]:
    """Have the flight of a run in its own process, which forgets it at the end."""
    with joined(run, ()) as flight:
        flight.watched = True
        try:
            yield flight
        finally:
            _flights.pop(run, None)


def in_hand() -> dict[str, dict[tuple[Block, int], Begun]]:
    """Return what this process has computed of blocks in flight, of each run."""
    return {run: flight.parts for run, flight in list(_flights.items()) if flight.parts}


def pause(run: str) -> None:
    """Have the trajectories of a run that this process computes kept, and not gone on with."""
    with _lock:
        _of(run).pausing = True


def tell(run: str, block: Block, cell: int, begun: Begun) -> None:
    """Note what another process has computed of a block."""
    with _lock:
        _of(run).reached(block, cell, begun)


def _of(run: str) -> Flight:
    """Return the flight of a run, with the lock; forget those of runs that ended long ago."""
    if run not in _flights:
        idle = [name for name, flight in _flights.items() if not flight.holders]
        for name in idle[:-IDLE_RUNS]:
            del _flights[name]
        _flights[run] = Flight()
    return _flights[run]
