"""The server from which worker processes of this machine are forked, with all imports done: once, and in advance.

It has no threads, and computes nothing.  To import what a worker needs takes a second of a core, while the process of
the run imports the same and prepares its store.
"""

import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

PRELOADED = "eos_sweep.runtime.preloaded"
LONGEST_FOLDER = 107 - len("/pymp-12345678/listener-12345678")  # whose socket has a path that Linux takes
THREADS_OF_ALGEBRA = "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"


_CHANGING = threading.RLock()


def method() -> str:
    """Return how processes start: by the server, or anew where there can be none."""
    served = sys.platform == "linux" and len(os.fsencode(tempfile.gettempdir())) <= LONGEST_FOLDER
    return "forkserver" if served else "spawn"  # libraries of macOS survive no fork


def start() -> None:
    """Start the server, and do not wait for it; where there is none, processes import by themselves."""
    if method() != "forkserver":
        return
    from multiprocessing import forkserver

    theirs = getattr(forkserver._forkserver, "_preload_modules", [])  # of a program that uses the server, too
    others = [name for name in theirs if name != PRELOADED]
    with environment_of_workers(), contextlib.suppress(OSError):  # workers cannot be started either, which is told then
        multiprocessing.set_forkserver_preload([PRELOADED] if others == ["__main__"] else [*others, PRELOADED])
        forkserver.ensure_running()


@contextlib.contextmanager
def environment_of_workers() -> Iterator[None]:
    """Have the environment of workers.

    Their linear algebra has one thread, unless the user says more.  They find the modules that this process finds, and
    not those of the current folder.  A worker is told it, since the server keeps the one in which it was started: by an
    earlier run, or by the program itself.  Threads that run sweeps at once have it in turns.
    """
    with _CHANGING:
        yield from _changed()


def _changed() -> Iterator[None]:
    variables = {name: os.environ.get(name, "1") for name in THREADS_OF_ALGEBRA}
    variables["PYTHONPATH"] = os.pathsep.join(place or os.getcwd() for place in sys.path)
    variables["PYTHONSAFEPATH"] = "1"
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
