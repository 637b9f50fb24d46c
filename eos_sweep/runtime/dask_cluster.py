"""The workers of a dask cluster as a pool, on this machine or on others; they may come and go."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from eos_sweep.errors import InputError, Stopped, one_line
from eos_sweep.runtime import flights, worker
from eos_sweep.runtime.dask_client import SILENT_SECONDS, in_background, open_client
from eos_sweep.runtime.order import Order, Unfit
from eos_sweep.runtime.pool import OrderLost, Pool
from eos_sweep.runtime.resources import Resources
from eos_sweep.store.ledger import Row

LOG = logging.getLogger("eos_sweep")
POLL = 2.0  # seconds from one look at the list of workers to the next
TICK = 0.05  # seconds from one look to the next while nothing else is to be done


class Cluster(Pool):
    """The workers of a dask cluster.

    Parameters
    ----------
    client
        A ``distributed.Client``.
    """

    def __init__(self, client: Any):
        super().__init__()
        self._client = client
        self._address = client.scheduler.address
        self._futures: set[Any] = set()  # dask forgets a task when its future is collected
        self._threads: dict[str, int] = {}  # of each worker, by its address
        self._left_out: set[str] = set()  # addresses of workers that cannot fulfil orders
        self._question = in_background(client.nthreads)  # the scheduler is always asked in the background: it may hang
        self._asked = self._looked = time.monotonic()
        self._pausing: Future | None = None  # the last request to pause
        self._paused = 0.0
        self._silent = 0.0  # seconds since the scheduler has answered

    def _begin(self, order: Order) -> None:
        future = self._client.submit(_fulfil, order, pure=False)
        self._futures.add(future)
        future.add_done_callback(lambda done: self._fetch(order, done))

    def _fetch(self, order: Order, future: Any) -> None:
        # Each outcome is fetched by a thread of its own: dask has one for all callbacks, and a suspended worker that
        # holds an outcome would keep back those of all others.
        try:
            in_background(self._end, order, future)
        except RuntimeError:  # no thread can be started
            self._end(order, future)

    def _end(self, order: Order, future: Any) -> None:
        try:
            outcome = future.exception() or future.result()
        except BaseException as error:  # cancelled, since the scheduler is gone
            outcome = OrderLost(str(error))
        self._futures.discard(future)
        self._done.put((order, outcome))

    def size(self) -> int:
        """Return how many threads the workers have now; Stopped if the scheduler is lost or no longer answers."""
        remedy = "when one is there, run the same command again"
        if self._client.status == "closed":
            raise Stopped(f"lost the scheduler at {self._address}; {remedy}")
        if self._client.status != "running":
            return 0
        self._look()
        if self._silent > SILENT_SECONDS:
            raise Stopped(f"the scheduler at {self._address} has not answered for {self._silent:.0f} s; {remedy}")
        return sum(threads for address, threads in self._threads.items() if address not in self._left_out)

    def _look(self) -> None:
        """Take the scheduler's answer to the question which workers there are, and ask again every POLL seconds."""
        now = time.monotonic()
        self._silent += min(now - self._looked, POLL)  # no more, since this process itself may have been suspended
        self._looked = now
        if not self._question.done():
            return
        with contextlib.suppress(OSError, TimeoutError):  # the connection was lost just now
            before, self._threads = self._threads, self._question.result()
            self._silent = 0.0
            if before != self._threads:
                LOG.info("%d workers with %d threads", len(self._threads), sum(self._threads.values()))
        if now - self._asked > POLL:
            self._question, self._asked = in_background(self._client.nthreads), now

    def pause(self, run: str) -> None:
        """Have networks that train kept as they are, and their orders come back; may be called again."""
        if self._pausing is None or (self._pausing.done() and time.monotonic() - self._paused > POLL):
            self._pausing, self._paused = in_background(self._client.run, flights.pause, run), time.monotonic()

    def room(self, size: int, last: bool) -> int:
        """Return how many more orders to submit."""
        # For each thread one order that it computes and one on its way; none waits among the last ones.
        return (1 if last else 2) * size - self.running

    def check(self, order: Order, stopping: Callable[[], int]) -> None:
        """Wait for a worker, unless ``stopping``; InputError if one of those that are there cannot fulfil the order."""
        began, told = time.monotonic(), False
        while not self.size():  # for hours, if a batch queue takes hours
            if stopping():
                return
            if not told and time.monotonic() - began > POLL:
                LOG.warning("no worker at %s yet; waiting", self._address)
                told = True
            time.sleep(TICK)
        question = in_background(self._client.run, worker.objection, order, on_error="return")
        while not question.done():
            if stopping():
                return
            self.size()  # Stopped if the scheduler no longer answers
            time.sleep(TICK)
        try:
            found = question.result()
        except Exception as error:  # the worker cannot unpickle the call
            found = {self._address: error}
        for address, answer in found.items():
            if answer and not isinstance(answer, OSError):  # which says that the worker has gone meanwhile
                reason = one_line(answer) if isinstance(answer, Exception) else answer
                remedy = "give all workers the same eos_sweep and libraries, and a path that all of them reach"
                raise InputError(f"worker {address}: {reason}; {remedy}")

    def leave_out(self, worker: str, reason: str) -> None:
        """Exclude a worker that came later and has another version, or cannot write; Stopped if no worker is left."""
        if worker not in self._left_out:
            LOG.warning("worker %s is left out: %s", worker, reason)
        self._left_out.add(worker)
        if self._threads and set(self._threads) <= self._left_out:
            with contextlib.suppress(Exception):  # others may have come since the last look
                self._threads = in_background(self._client.nthreads).result(SILENT_SECONDS)
        if self._threads and set(self._threads) <= self._left_out:
            raise Stopped(f"no worker is left that can go on; {worker}: {reason}")


_unfit: dict[str, str] = {}  # run -> why this worker process cannot fulfil its orders


def _fulfil(order: Order) -> list[Row]:
    """Fulfil an order in a worker; Unfit and rows that were not written get the worker's address."""
    from distributed import get_worker

    address = get_worker().address
    try:
        if order.run in _unfit:
            raise Unfit(_unfit[order.run])
        rows = worker.fulfil(order)
    except Unfit as error:
        _unfit[order.run] = error.reason
        time.sleep(1.0)  # otherwise this idle worker gets all orders first
        raise Unfit(error.reason, address) from None
    stopped = [row.stop for row in rows if row.stop]
    if stopped:
        _unfit[order.run] = stopped[0]
    return [row._replace(worker=address) if row.stop else row for row in rows]


@contextlib.contextmanager
def open_cluster(resources: Resources, order: Order, stopping: Callable[[], int]) -> Iterator[Cluster]:
    """Yield the workers that ``resources`` name, checked to be able to fulfil ``order`` unless ``stopping``."""
    with open_client(resources) as client:
        cluster = Cluster(client)
        cluster.check(order, stopping)
        yield cluster
