"""Threads of this process as a pool."""

import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from eos_sweep.errors import Stopped
from eos_sweep.runtime import worker
from eos_sweep.runtime.order import Order
from eos_sweep.runtime.pool import Pool

CLOSE_SECONDS = 5.0  # to wait for what is just being written: a server that stands still never answers


class Threads(Pool):
    """Daemon threads of this process; kernels hold no lock, so all cores compute at once.

    Each core has a thread that computes batches, of whichever block.  Each order has a thread of its own, which mostly
    waits for its batches.  One order more than there are cores is submitted: no core is idle while a block is written,
    and the last blocks keep all cores busy.

    Parameters
    ----------
    count
        Number of threads that compute.
    """

    def __init__(self, count: int):
        super().__init__()
        self._count = count
        self._changing = threading.Condition()
        self._closed = False
        self._writers = 0  # threads that write a block
        self._orders: queue.SimpleQueue[Callable | None] = queue.SimpleQueue()
        self._batches: queue.SimpleQueue[Callable | None] = queue.SimpleQueue()
        self._threads: list[tuple[threading.Thread, queue.SimpleQueue[Callable | None]]] = []
        try:
            for tasks, number in ((self._batches, count), (self._orders, count + 1)):
                for _ in range(number):
                    thread = threading.Thread(target=_serve, args=(tasks,), name="eos_sweep", daemon=True)
                    thread.start()
                    self._threads.append((thread, tasks))
        except BaseException:
            self.close()
            raise

    def size(self) -> int:
        """Return the number of threads that compute; Stopped if one of them has died, whose order never comes back."""
        if not all(thread.is_alive() for thread, _ in self._threads):
            raise Stopped("a thread that computes has died, maybe for lack of memory; run the same command again")
        return self._count

    def room(self, size: int, last: bool) -> int:
        """Return how many more orders to submit."""
        return size + 1 - self.running

    def _begin(self, order: Order) -> None:
        self._orders.put(functools.partial(self._fulfil, order))

    def _fulfil(self, order: Order) -> None:
        try:
            self._done.put((order, worker.fulfil(order, self.map, self.writing)))
        except BaseException as error:  # the run waits for the outcome, whatever it is
            self._done.put((order, error))

    def map(self, function: Callable, batches: Sequence) -> Iterator:
        """Do as the built-in ``map`` does, on the threads that compute."""
        futures: list[Future] = [Future() for _ in batches]
        with self._changing:
            self._check_open()  # behind the end of the queue, nobody would take them
            for future, batch in zip(futures, batches, strict=True):
                self._batches.put(functools.partial(self._settle, future, function, batch))
        for future in futures:
            yield future.result()

    def _settle(self, future: Future, function: Callable, batch: Any) -> None:
        try:
            self._check_open()
            future.set_result(function(batch))
        except BaseException as error:  # a thread waits for the future, whatever the error is
            future.set_exception(error)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Have :meth:`close` wait for what is done inside; Stopped if it was called before."""
        with self._changing:
            self._check_open()
            self._writers += 1
        try:
            yield
        finally:
            with self._changing:
                self._writers -= 1
                self._changing.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise Stopped("the run has ended")

    def close(self) -> None:
        """End the threads: batches that wait are dropped, and nothing is written when this returns."""
        with self._changing:
            self._closed = True
            for _, tasks in self._threads:
                tasks.put(None)
            self._changing.wait_for(lambda: not self._writers, CLOSE_SECONDS)


def _serve(tasks: queue.SimpleQueue[Callable | None]) -> None:
    while task := tasks.get():
        task()
