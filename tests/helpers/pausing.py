"""Blocks of networks that are paused while they are computed."""

from eos_sweep.runtime import worker
from eos_sweep.runtime.flights import Flight
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.blocks import block_shape
from eos_sweep.store.location import Location
from eos_sweep.store.prepare import prepare


class Pausing(Flight):
    """A flight that is to stop after some looks at the sharpness."""

    def __init__(self, looks):
        super().__init__()
        self._left = looks

    def reached(self, *what):
        super().reached(*what)
        self._left -= 1
        self.pausing = self._left <= 0


def store_of(spec, place):
    """Return the store of a spec of two axes, empty if there was none."""
    sweep = Sweep.from_dict(spec)
    return prepare(Location(place), sweep, block_shape(sweep), False)


def paused(store, block, looks=30):
    """Compute a block up to so many looks; return its row."""
    return worker.compute_block(store, block, (0, 0), flight=Pausing(looks))
