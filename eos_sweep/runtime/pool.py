"""The interface of what takes orders and returns their outcomes, wherever they are computed."""

import contextlib
import queue
from collections.abc import Iterator
from typing import Any

from eos_sweep.errors import Stopped
from eos_sweep.runtime import flights
from eos_sweep.runtime.order import Order


class OrderLost(Exception):
    """The outcome of an order is unknown, and nothing is wrong with the order itself."""


class Pool:
    """Takes orders and returns their outcomes in the sequence in which they are done.

    A subclass defines ``size``, ``room`` and ``_begin``; ``_begin`` puts (order, outcome) into ``_done`` when the order
    is done.  It may define ``leave_out``.

    Attributes
    ----------
    running : int
        Number of orders that are not done yet.
    """

    def __init__(self) -> None:
        self.running = 0
        self._done: queue.SimpleQueue[tuple[Order, Any]] = queue.SimpleQueue()

    def submit(self, order: Order) -> None:
        """Have the blocks of an order computed."""
        self.running += 1
        self._begin(order)

    def finished(self, timeout: float) -> Iterator[tuple[Order, Any]]:
        """Yield (order, rows or exception) of all orders that are done, after waiting for the first one.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        """
        with contextlib.suppress(queue.Empty):
            while True:
                found = self._done.get(timeout=timeout) if timeout else self._done.get_nowait()
                timeout, self.running = 0.0, self.running - 1
                yield found

    def size(self) -> int:
        """Return how many threads compute now; Stopped if there will never be one again."""
        raise NotImplementedError

    def room(self, size: int, last: bool) -> int:
        """Return how many more orders to submit.

        Parameters
        ----------
        size
            Number of threads.
        last
            Whether the orders are the last ones of the run.
        """
        raise NotImplementedError

    def leave_out(self, worker: str, reason: str) -> None:
        """Exclude a worker that cannot fulfil orders; Stopped if no worker is left."""
        raise Stopped(reason)

    def pause(self, run: str) -> None:
        """Have networks that train kept as they are, and their orders come back; may be called again."""
        flights.pause(run)

    def _begin(self, order: Order) -> None:
        raise NotImplementedError
