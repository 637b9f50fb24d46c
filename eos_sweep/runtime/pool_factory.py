"""Opens the pool that a run's resources ask for."""

import contextlib
from collections.abc import Callable, Iterator

from eos_sweep.runtime.order import Order
from eos_sweep.runtime.pool import Pool
from eos_sweep.runtime.resources import Resources
from eos_sweep.runtime.threads import Threads


@contextlib.contextmanager
def open_pool(resources: Resources, order: Order, stopping: Callable[[], int], networks: bool) -> Iterator[Pool]:
    """Yield a pool whose workers have been checked to be able to fulfil ``order`` unless ``stopping``.

    Parameters
    ----------
    resources, order, stopping
        What computes, an order of the run, and whether the run is to stop.
    networks
        Whether trajectories are those of networks, which may take hours.
    """
    if resources.in_this_process:
        threads = Threads(resources.local_cores)
        try:
            yield threads
        finally:
            threads.close()
        return
    if resources.workers is not None:
        from eos_sweep.runtime.processes import ORDERS_IN_HAND, Processes

        processes = Processes(resources.workers, orders_each=1 if networks else ORDERS_IN_HAND)
        try:
            yield processes
        finally:
            processes.close()
        return
    from eos_sweep.runtime.dask_cluster import open_cluster  # dask takes a second to import

    with open_cluster(resources, order, stopping) as cluster:
        yield cluster
