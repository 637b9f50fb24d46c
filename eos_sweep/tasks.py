"""The blocks of a run on their way: which go out together, which once more, and which have failed for good."""

import itertools
import logging
import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from eos_sweep.errors import Stopped
from eos_sweep.ledger import Row
from eos_sweep.pool import Lost, Pool
from eos_sweep.store import Store
from eos_sweep.work import Order, OtherVersion

LOG = logging.getLogger("eos_sweep")
ATTEMPTS = 3  # at a block that fails, or whose worker dies
ENOUGH, MOST = 0.5, 2**10  # seconds of work in an order, and blocks at most: tiny ones go out together
LISTENED = 0.5  # seconds of waiting for a block before a look at everything else

Block = tuple[int, ...]


class Tasks:
    """What is to be computed of a store, and by whom; as many orders are out as the pool can use, and no more."""

    def __init__(self, store: Store, pool: Pool, order: Order):
        self.failed = 0
        self._store, self._pool, self._order = store, pool, order
        self._fresh, self._again = store.pending(), deque[Block]()
        self._left = int((~store.done()).sum())
        self._out = 0  # of them with the pool
        self._attempts: dict[Block, int] = {}
        self._seconds = ENOUGH  # of one block, measured
        self._stop = ""

    def go_on(self, stopped: bool) -> bool:
        """Order what there is room for; return whether there is anything to wait for.

        Raises
        ------
        Stopped
            When all that was out has come back, if a worker has told that nothing more can be written.
        """
        size = self._pool.size()
        if not stopped and not self._stop:
            for _ in range(self._pool.room(size, last=self._left - self._out <= size)):
                if not (blocks := self._next(size)):
                    break
                known = ((block, tuple(int(cells) for cells in self._store.extent[block])) for block in blocks)
                self._out += len(blocks)
                self._pool.submit(self._order._replace(blocks=tuple(known)))
        if self._stop and not self._pool.running:
            raise Stopped(self._stop)
        return self._pool.running > 0 or (self._left > 0 and not stopped)

    def _next(self, size: int) -> list[Block]:
        """Return the blocks of the next order: some that are quick, or one that has failed before."""
        share = math.ceil(self._left / (2 * size))
        many = int(np.clip(math.ceil(ENOUGH / max(self._seconds, 1e-9)), 1, min(share, MOST)))
        return list(itertools.islice(self._fresh, many)) or [self._again.popleft() for _ in range(bool(self._again))]

    def finished(self) -> list[Row]:
        """Wait a while; return the rows of the blocks that are done, written down already, or have failed."""
        rows: list[Row] = []
        for order, outcome in self._pool.finished(LISTENED):
            blocks = [block for block, _ in order.blocks]
            self._out -= len(blocks)
            if isinstance(outcome, list):
                rows += outcome
                continue
            if isinstance(outcome, Lost):
                self._again.extend(blocks)
            elif isinstance(outcome, OtherVersion):
                self._pool.refuse(outcome)
                self._again.extend(blocks)
            else:
                reason = f"{type(outcome).__name__}: {' '.join(str(outcome).split())}"
                rows += [Row(block, (0,) * len(block), 0.0, 0, reason) for block in blocks]
        return rows

    def record(self, rows: Iterable[Row]) -> None:
        """Enter rows in the ledger; what has failed goes out again, if it has not failed too often."""
        for row in rows:
            if row.stop:
                self._stop = row.stop
                continue
            if row.error:
                self._attempts[row.block] = attempts = self._attempts.get(row.block, 0) + 1
                LOG.info("block %s failed (attempt %d of %d): %s", row.block, attempts, ATTEMPTS, row.error)
                if attempts < ATTEMPTS:
                    self._again.append(row.block)
                    continue
                self.failed += 1
            else:
                self._seconds += 0.3 * (row.seconds - self._seconds)
            self._left -= 1
            self._store.ledger.record(row, self._attempts.pop(row.block, 1))
