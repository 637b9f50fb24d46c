"""The blocks of a run: which are sent together, which are tried again, and which have failed."""

import itertools
import logging
import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from eos_sweep.errors import Stopped, one_line
from eos_sweep.runtime.order import Order, Unfit
from eos_sweep.runtime.pool import OrderLost, Pool
from eos_sweep.store.ledger import Row
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
ATTEMPTS = 3  # at a block that fails, or whose worker dies
ORDER_SECONDS = 0.5  # of work in an order: tiny blocks are sent together
ORDERS_A_SECOND = 100  # of all workers: these take a fifth of a core here, and as much in dask's scheduler
MAX_BLOCKS_OF_ORDER = 2**10
PATIENCE = 0.5  # seconds of waiting for a block before signals and the heartbeat are looked at

Block = tuple[int, ...]


class BlockQueue:
    """The blocks of a store that are not done; as many orders are out as the pool can use, and no more.

    Parameters
    ----------
    store
        The store.
    pool
        What computes.
    order
        The order to be sent, without its blocks.

    Attributes
    ----------
    failed : int
        Number of blocks that have failed ``ATTEMPTS`` times.
    """

    def __init__(self, store: Store, pool: Pool, order: Order):
        self.failed = 0
        self._store, self._pool, self._order = store, pool, order
        self._fresh, self._again = store.pending(), deque[Block]()
        self._left = int((~store.done()).sum())
        self._out = 0  # blocks with the pool
        self._attempts: dict[Block, int] = {}
        self._block_seconds = math.inf  # running average, not known before the first one is done
        self._stop_reason = ""

    def submit(self, stopping: bool) -> bool:
        """Submit the orders that the pool has room for, none if ``stopping``.

        Returns
        -------
        bool
            Whether there is anything left to wait for.

        Raises
        ------
        Stopped
            If no worker is left that can compute and write, and all orders have come back.
        """
        size = self._pool.size()
        if not stopping and not self._stop_reason:
            for _ in range(self._pool.room(size, last=self._left - self._out <= size)):
                if not (blocks := self._next(size)):
                    break
                known = ((block, tuple(int(cells) for cells in self._store.extent[block])) for block in blocks)
                self._out += len(blocks)
                self._pool.submit(self._order._replace(blocks=tuple(known)))
        if self._stop_reason and not self._pool.running:
            raise Stopped(self._stop_reason)
        if stopping:  # orders that no worker holds never come back
            return self._pool.running > 0 and size > 0
        return self._pool.running > 0 or self._left > 0

    def _next(self, size: int) -> list[Block]:
        """Return the blocks of the next order: fresh ones of some seconds together, or one that has failed."""
        share = math.ceil(self._left / (2 * size))
        seconds = max(ORDER_SECONDS, size / ORDERS_A_SECOND)
        number = math.ceil(seconds / max(self._block_seconds, 1e-9))
        number = int(np.clip(number, 1, min(share, MAX_BLOCKS_OF_ORDER)))
        return list(itertools.islice(self._fresh, number)) or [self._again.popleft() for _ in range(bool(self._again))]

    def finished(self) -> list[Row]:
        """Wait ``PATIENCE`` seconds at most; return the rows of the blocks that are done or have failed."""
        rows: list[Row] = []
        for order, outcome in self._pool.finished(PATIENCE):
            blocks = [block for block, _ in order.blocks]
            self._out -= len(blocks)
            if isinstance(outcome, list):
                rows += outcome
            elif isinstance(outcome, OrderLost):
                self._again.extend(blocks)
            elif isinstance(outcome, Unfit):
                self._leave_out(outcome.worker, outcome.reason)
                self._again.extend(blocks)
            else:
                reason = f"{type(outcome).__name__}: {one_line(outcome)}"
                rows += [Row.failed(block, reason) for block in blocks]
        return rows

    def record(self, rows: Iterable[Row]) -> None:
        """Enter rows in the ledger; a block that has failed fewer than ``ATTEMPTS`` times is queued again instead."""
        for row in rows:
            if row.paused:
                self._again.append(row.block)
                continue
            if row.stop:
                self._leave_out(row.worker, row.stop)
                self._again.append(row.block)
                continue
            if row.error:
                self._attempts[row.block] = attempts = self._attempts.get(row.block, 0) + 1
                LOG.info("block %s failed (attempt %d of %d): %s", row.block, attempts, ATTEMPTS, row.error)
                if attempts < ATTEMPTS:
                    self._again.append(row.block)
                    continue
                self.failed += 1
            else:
                before = row.seconds if math.isinf(self._block_seconds) else self._block_seconds
                self._block_seconds = before + 0.3 * (row.seconds - before)
            self._left -= 1
            self._store.ledger.record(row, self._attempts.pop(row.block, 1))

    def _leave_out(self, worker: str, reason: str) -> None:
        """Exclude a worker; if it was the last one, stop when all orders have come back."""
        try:
            self._pool.leave_out(worker, reason)
        except Stopped as stopped:
            self._stop_reason = one_line(stopped)
