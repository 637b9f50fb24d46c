"""Keeps BLAS to the calling thread while trajectories of array models run.

Trajectories already run on all cores at once.  With threads of its own for each of them BLAS is slower, 17 times for
a network of 10 401 weights on two busy cores, and its sums depend on how many threads there are.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
_running = 0
_limits: Any = None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS use one thread a caller, from when the first one enters until the last one leaves."""
    global _running, _limits
    from threadpoolctl import threadpool_limits

    with _lock:
        _running += 1
        if _running == 1:
            _limits = threadpool_limits(1, user_api="blas")
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                _limits.restore_original_limits()
