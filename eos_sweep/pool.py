"""Who computes: threads of this process, or workers elsewhere."""

import contextlib
import functools
import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from eos_sweep import work
from eos_sweep.errors import InputError, Stopped
from eos_sweep.location import Location
from eos_sweep.work import Order


class Crew(NamedTuple):
    """Who is to compute a sweep: one of these, or all cores of this process as threads."""

    workers: int | None = None  # processes of a local cluster
    threads: int | None = None  # of this process
    scheduler: Any = None  # address of a dask scheduler, or a dask Client or Cluster
    scheduler_file: str | Path | None = None

    def checked(self) -> "Crew":
        """Return it; InputError if it is none."""
        if sum(given is not None for given in self) > 1:
            given = [name for name, value in self._asdict().items() if value is not None]
            raise InputError(f"{' and '.join(given)}: choose one of them")
        for name in ("workers", "threads"):
            count = getattr(self, name)
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
                raise InputError(f"{name}: got {count!r}; give a whole number >= 1, or leave it out")
        if self.scheduler_file is not None:
            _check_scheduler_file(self.scheduler_file)
        return self

    def reaches(self, location: Location) -> None:
        """Raise InputError if only this process can reach the place of a store, and others are to compute."""
        if location.only_here and not self.here:
            raise InputError(f"{location}: is memory of this process, which no worker reaches; leave workers out")

    @property
    def here(self) -> bool:
        """Whether all is computed in this process."""
        return self.workers is None and self.scheduler is None and self.scheduler_file is None

    @property
    def most(self) -> int:
        """How many cores of this machine it takes."""
        return self.workers or self.threads or work.cores()


def _check_scheduler_file(path: str | Path) -> None:
    """Raise InputError unless a scheduler has written the file."""
    try:
        found = json.loads(Path(path).read_bytes())
        problem = "" if isinstance(found, dict) and isinstance(found.get("address"), str) else "it has no address"
    except (OSError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
    if problem:
        raise InputError(f"{path}: not a scheduler file, {problem}; dask scheduler --scheduler-file writes one")


class Lost(Exception):
    """Nobody knows what became of an order; nothing is wrong with it."""


class Pool:
    """Takes orders and gives back what became of them, in whatever order they are done."""

    def __init__(self) -> None:
        self.running = 0  # orders that are out
        self._done: queue.SimpleQueue[tuple[Order, Any]] = queue.SimpleQueue()

    def submit(self, order: Order) -> None:
        """Have the blocks of an order computed."""
        self.running += 1
        self._begin(order)

    def finished(self, timeout: float) -> Iterator[tuple[Order, Any]]:
        """Yield (order, rows or exception) of all that is done, waiting for the first one if need be."""
        with contextlib.suppress(queue.Empty):
            while True:
                found = self._done.get(timeout=timeout) if timeout else self._done.get_nowait()
                timeout, self.running = 0.0, self.running - 1
                yield found

    def size(self) -> int:
        """Return how many threads compute; Stopped if none ever will again."""
        raise NotImplementedError

    def room(self, size: int, last: bool) -> int:
        """Return how many more orders ``size`` threads can be given, if these are the last ones or not."""
        raise NotImplementedError

    def refuse(self, error: work.OtherVersion) -> None:
        """Note that a worker has another version than at the beginning; Stopped if all have."""
        raise Stopped(str(error))

    def _begin(self, order: Order) -> None:
        raise NotImplementedError


class Threads(Pool):
    """Threads of this process, which its end does not wait for: kernels hold no lock.

    The batches of all blocks that are in work queue for one thread a core.  Each block has a thread of its own, too,
    which mostly waits, and there is a block more than cores: no core is idle while a block is written, and the last
    blocks keep all of them busy.
    """

    def __init__(self, count: int):
        super().__init__()
        self._count = count
        self._orders: queue.SimpleQueue[Callable | None] = queue.SimpleQueue()
        self._batches: queue.SimpleQueue[Callable | None] = queue.SimpleQueue()
        self._threads = [(self._batches, count), (self._orders, count + 1)]
        for tasks, many in self._threads:
            for _ in range(many):
                threading.Thread(target=_serve, args=(tasks,), name="eos_sweep", daemon=True).start()

    def size(self) -> int:
        return self._count

    def room(self, size: int, last: bool) -> int:
        return size + 1 - self.running

    def _begin(self, order: Order) -> None:
        self._orders.put(functools.partial(self._fulfil, order))

    def _fulfil(self, order: Order) -> None:
        try:
            self._done.put((order, work.fulfil(order, self.each)))
        except Exception as error:
            self._done.put((order, error))

    def each(self, run: Callable, batches: Sequence) -> Iterator:
        """Do as ``map`` does, on the threads that compute."""
        futures: list[Future] = [Future() for _ in batches]
        for future, batch in zip(futures, batches, strict=True):
            self._batches.put(functools.partial(_settle, future, run, batch))
        for future in futures:
            yield future.result()

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        for tasks, many in self._threads:
            for _ in range(many):
                tasks.put(None)


def _serve(tasks: queue.SimpleQueue[Callable | None]) -> None:
    while task := tasks.get():
        task()


def _settle(future: Future, run: Callable, batch: Any) -> None:
    try:
        future.set_result(run(batch))
    except BaseException as error:  # whatever it is, somebody waits
        future.set_exception(error)


@contextlib.contextmanager
def pool(crew: Crew, order: Order) -> Iterator[Pool]:
    """Yield whoever is to compute, once it is known that they can do what is ordered."""
    if crew.here:
        threads = Threads(crew.most)
        try:
            yield threads
        finally:
            threads.close()
        return
    from eos_sweep.cluster import cluster  # dask takes a second to import

    with cluster(crew, order) as found:
        yield found
