"""Keep BLAS to the calling thread while trajectories of array models run.

Trajectories already run on all cores at once.  If BLAS starts threads of its own for each of them it is slower, 17
times for a network of 10 401 weights on two busy cores, and its sums may depend on the number of threads.  NumPy cannot
change that number.  OpenBLAS can; another BLAS takes it from the environment (such as MKL_NUM_THREADS=1).
"""

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator

from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

SYMBOLS = "scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"

_lock = threading.Lock()
_running = 0
_before = 1  # threads that BLAS had before the first of those that are running


@functools.cache
def switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return the functions that get and set OpenBLAS's number of threads in this process; None without OpenBLAS."""
    library = ctypes.CDLL(_multiarray_umath.__file__)  # a name is looked up in what it is linked to, too
    for name in SYMBOLS:
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS use one thread a caller, from when the first caller enters until the last one leaves."""
    _count(+1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global _running, _before
    with _lock:
        _running += change
        if (found := switch()) is None:
            return
        get, put = found
        if change > 0 and _running == 1:
            _before = get()
            put(1)
        if _running == 0:
            put(_before)
