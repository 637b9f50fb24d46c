"""Worker processes of this machine as a pool; one that dies is replaced."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from eos_sweep.errors import Stopped, one_line
from eos_sweep.runtime import flights, worker_process
from eos_sweep.runtime.order import Order
from eos_sweep.runtime.pool import OrderLost, Pool
from eos_sweep.runtime.process_server import environment_of_workers, method
from eos_sweep.runtime.worker_process import ORDERS_IN_HAND, InHand, Outcome, Pause

CLOSE_SECONDS = 5.0  # for the processes to end
VAIN_STARTS = 5  # of a process that ends before it takes an order, after which no further one is started


class WorkerDied(RuntimeError):
    """The process that computed an order has ended."""


class _Worker:
    """A process, and the orders that it has."""

    def __init__(self, context: Any) -> None:
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        try:
            with environment_of_workers():
                given = theirs, dict(os.environ)
                self.process = context.Process(
                    target=worker_process.main, args=given, name="eos_sweep worker", daemon=True
                )
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()  # so that the end of the process is seen as the end of the pipe
        self.orders: dict[int, Order] = {}
        self.begun: set[int] = set()
        self.useful = False  # whether it has said anything
        self.paused = False  # whether it was asked to


class Processes(Pool):
    """Processes of this machine that compute one order at a time each.

    Parameters
    ----------
    count
        Number of processes.
    orders_each
        Orders that each one has.  With two, one is computed while the blocks of the other one are written.  With one,
        none waits for another one that takes hours while other processes are idle.
    """

    def __init__(self, count: int, orders_each: int = ORDERS_IN_HAND):
        super().__init__()
        self._count, self._orders_each, self._number, self._vain = count, orders_each, 0, 0
        self._context = multiprocessing.get_context(method())
        self._workers: list[_Worker] = []
        try:
            for _ in range(count):
                self._workers.append(self._started())
        except BaseException:
            self.close()
            raise

    def _started(self) -> _Worker:
        try:
            return _Worker(self._context)
        except (OSError, EOFError, RuntimeError, AssertionError) as error:  # the last one in a process of a pool
            remedy = "try fewer --workers, or --threads"
            raise Stopped(f"{self._count} worker processes: cannot be started, {one_line(error)}; {remedy}") from error

    def size(self) -> int:
        """Return the number of processes."""
        return self._count

    def room(self, size: int, last: bool) -> int:
        """Return how many more orders to submit."""
        # None waits behind another one among the last ones.
        return (1 if last else self._orders_each) * size - self.running

    def _begin(self, order: Order) -> None:
        self._number += 1
        worker = min(self._workers, key=lambda one: len(one.orders))
        worker.orders[self._number] = order
        with contextlib.suppress(OSError):  # it has just ended, which the end of the pipe tells
            worker.pipe.send((self._number, order))

    def pause(self, run: str) -> None:
        """Have networks that train kept as they are, and their orders come back."""
        for worker in self._workers:
            if not worker.paused:
                worker.paused = True
                with contextlib.suppress(OSError):  # it has just ended
                    worker.pipe.send(Pause(run))

    def finished(self, timeout: float) -> Iterator[tuple[Order, Any]]:
        """Yield (order, rows or exception) of all orders that are done, after waiting for the first one.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        """
        ready = wait([worker.pipe for worker in self._workers], timeout)
        for at, worker in enumerate(list(self._workers)):
            if worker.pipe in ready:
                yield from self._heard(at)

    def _heard(self, at: int) -> Iterator[tuple[Order, Any]]:
        """Yield what one process has done, all of its orders if it has ended, and replace it then."""
        worker = self._workers[at]
        try:
            while worker.pipe.poll():
                message = worker.pipe.recv()
                worker.useful, self._vain = True, 0
                if isinstance(message, Outcome):
                    self.running -= 1
                    worker.begun.discard(message.number)
                    yield worker.orders.pop(message.number), message.found
                elif isinstance(message, InHand):
                    _note(worker, message)
                else:
                    worker.begun.add(message.number)
        except (EOFError, OSError):
            reason = f"its worker process has ended, {_how(worker)}"
            self._vain += not worker.useful
            if self._vain > VAIN_STARTS:
                raise Stopped(f"worker processes end when they start, {_how(worker)}; run with --threads") from None
            worker.pipe.close()
            self._workers[at] = self._started()
            for number, order in worker.orders.items():
                self.running -= 1
                yield order, WorkerDied(reason) if number in worker.begun else OrderLost(reason)

    def close(self) -> None:
        """End the processes: nothing is written when this returns."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(CLOSE_SECONDS)
            if worker.process.is_alive():  # a suspended one
                worker.process.kill()
                worker.process.join(CLOSE_SECONDS)


def _note(worker: _Worker, message: InHand) -> None:
    """Note how far the networks are of which a process has not yet told the outcome."""
    for order in worker.orders.values():
        blocks = {block for block, _ in order.blocks}
        for (block, cell), begun in message.found.get(order.run, {}).items():
            if block in blocks:
                flights.tell(order.run, block, cell, begun)


def _how(worker: _Worker) -> str:
    worker.process.join(CLOSE_SECONDS)
    code = worker.process.exitcode
    return f"killed by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
