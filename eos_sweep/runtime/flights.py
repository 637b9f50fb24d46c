"""What this process computes of a run just now: how far trajectories in flight are, and whether they are to stop."""

from typing import NamedTuple

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

    def __init__(self, run: str = "") -> None:
        self._run, self.pausing = run, False
        self._begun: dict[tuple[Block, int], Begun] = {}

    def reached(self, block: Block, cell: int, begun: Begun) -> None:
        """Note how much of the trajectories of a block from ``cell`` on this run has computed."""
        self._begun[block, cell] = begun

    def landed(self, block: Block) -> None:
        """Note that a block has come back."""
        for key in [key for key in list(self._begun) if key[0] == block]:
            self._begun.pop(key, None)

    def close(self) -> None:
        """Forget it when the run has ended."""
        _flights.pop(self._run, None)

    @property
    def begun(self) -> Begun:
        """What this run has computed of all blocks in flight."""
        found = list(self._begun.values())
        return Begun(sum(one.trajectories for one in found), sum(one.steps for one in found))


_flights: dict[str, Flight] = {}


def of(run: str) -> Flight:
    """Return the flight of a run."""
    return _flights.setdefault(run, Flight(run))


def pause(run: str) -> None:
    """Have the trajectories of a run that this process computes kept, and not gone on with."""
    of(run).pausing = True
