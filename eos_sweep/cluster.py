"""The workers of a dask cluster, of this machine or of others, which may come and go."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

from eos_sweep import work
from eos_sweep.errors import InputError, Stopped
from eos_sweep.ledger import Row
from eos_sweep.pool import Crew, Lost, Pool
from eos_sweep.work import Order

LOG = logging.getLogger("eos_sweep")
LOOKED = 2.0  # seconds between two looks at who is there


class Cluster(Pool):
    """The workers of a dask cluster, which may come and go."""

    def __init__(self, client: Any):
        super().__init__()
        self._client = client
        self._address = client.scheduler.address
        self._futures: set[Any] = set()  # dask forgets a task whose future nobody holds
        self._known: dict[str, int] = {}
        self._looked = 0.0
        self._refused: set[str] = set()

    def _begin(self, order: Order) -> None:
        future = self._client.submit(_fulfil, order, pure=False)
        self._futures.add(future)
        future.add_done_callback(lambda done: self._end(order, done))

    def _end(self, order: Order, future: Any) -> None:
        try:
            outcome = future.exception() or future.result()
        except BaseException as error:  # cancelled, since the scheduler is gone
            outcome = Lost(str(error))
        self._futures.discard(future)
        self._done.put((order, outcome))

    def size(self) -> int:
        if self._client.status == "closed":
            raise Stopped(f"lost the scheduler at {self._address}; when one is there, run the same command again")
        if self._client.status != "running":
            return 0
        if time.monotonic() - self._looked > LOOKED:
            with contextlib.suppress(OSError, TimeoutError):  # lost just now
                before, self._known = self._known, self._client.nthreads()
                if before != self._known:
                    LOG.info("%d workers with %d threads", len(self._known), sum(self._known.values()))
            self._looked = time.monotonic()
        return sum(self._known.values())

    def room(self, size: int, last: bool) -> int:
        # For each thread one that it computes, and one that is on its way; of the last ones, none that waits.
        return (1 if last else 2) * size - self.running

    def check(self, order: Order) -> None:
        """Wait for a worker, and refuse the cluster if one of those there cannot do what is ordered."""
        while not self.size():
            LOG.warning("no worker at %s yet; waiting", self._address)
            time.sleep(LOOKED)
        try:
            found = self._client.run(work.check, order, on_error="return")
        except Exception as error:  # what a worker cannot even read
            found = {self._address: error}
        for worker, answer in found.items():
            if isinstance(answer, Exception):
                remedy = "give all workers the same eos_sweep and libraries, and a path that all of them reach"
                raise InputError(f"worker {worker}: {_line(answer)}; {remedy}")

    def refuse(self, error: work.OtherVersion) -> None:
        """Note that a worker that came later has another version; Stopped if all have."""
        worker = error.args[1]
        if worker not in self._refused:
            LOG.warning("worker %s is left out: it %s", worker, error.args[0])
        self._refused.add(worker)
        if self._known and set(self._known) <= self._refused:
            raise Stopped(f"no worker has the right version any more: {worker} {error.args[0]}")


def _fulfil(order: Order) -> list[Row]:
    """Fulfil an order in a worker; what is wrong with the worker's version names it."""
    from distributed import get_worker

    try:
        return work.fulfil(order)
    except work.OtherVersion as error:
        time.sleep(1.0)  # this worker is idle, so orders come to it first
        raise work.OtherVersion(error.args[0], get_worker().address) from None


@contextlib.contextmanager
def cluster(crew: Crew, order: Order) -> Iterator[Cluster]:
    """Yield the workers that ``crew`` names, once it is known that they can do what is ordered."""
    with _client(crew) as client:
        found = Cluster(client)
        found.check(order)
        yield found


@contextlib.contextmanager
def _client(crew: Crew) -> Iterator[Any]:
    from dask.config import set as configured
    from distributed import Client

    quiet = {
        "distributed.admin.tick.limit": "1h",  # kernels may keep the event loop waiting
        # What dask watches itself with takes 2 % of the time of two cores.
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.system-monitor.interval": "10s",
        "distributed.worker.profile.enabled": False,
    }
    if crew.workers:
        with configured(quiet), _local(crew.workers) as cluster, Client(cluster) as client:
            yield client
        return
    if isinstance(crew.scheduler, Client):
        yield crew.scheduler
        return
    where = crew.scheduler if crew.scheduler is not None else f"scheduler file {crew.scheduler_file}"
    try:
        given = {"scheduler_file": str(crew.scheduler_file)} if crew.scheduler_file else {}
        client = Client(*([crew.scheduler] if crew.scheduler is not None else []), **given)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{where}: no dask scheduler answers ({_line(error)}); dask scheduler starts one") from None
    with client:
        yield client


def _local(workers: int) -> Any:
    from distributed import LocalCluster

    local = "127.0.0.1:0"  # dask always serves its status pages; here on a free port, to nobody else
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=local,
        worker_dashboard_address=local,
        memory_limit=0,
        silence_logs="CRITICAL",  # what goes wrong with an order comes back; the rest is the farewell of its processes
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
