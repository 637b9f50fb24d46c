"""What a worker is asked to compute, as plain data, and the version that it must have."""

import importlib.metadata
import platform
from typing import NamedTuple

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance

LIBRARIES = ("eos-sweep", "numba", "llvmlite", "numpy", "zarr")  # whose versions can change a stored number


class Order(NamedTuple):
    """Some blocks of a store to be computed, as names and numbers, so that it travels to any process.

    Attributes
    ----------
    path : str
        Path or URL of the store.
    store_id : str
        Identity of the store, since another one may be at this path on the machine of a worker.
    run : str
        Unique name of the run, since a later run may find another store at the same path.
    version : str
        What :func:`version` must return in the worker.
    models : tuple of str
        The module of the user's own that is the sweep's model, if it is one.
    blocks : tuple
        (block, extent) of each block: its index, and the cells along each axis that are already computed.
    reuse : tuple
        (path, identity) of each other store from which cells are taken over.
    """

    path: str
    store_id: str
    run: str
    version: str
    models: tuple[str, ...]
    blocks: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    reuse: tuple[tuple[str, str], ...] = ()


class Unfit(RuntimeError):
    """A worker cannot fulfil any order of a run, and computed nothing.

    Its sources or libraries differ from those of the process that sends the orders, or it cannot write.

    Parameters
    ----------
    reason
        What is wrong with it.
    worker
        Address of the worker; empty for this process.
    """

    def __init__(self, reason: str, worker: str = ""):
        super().__init__(reason, worker)
        self.reason, self.worker = reason, worker

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


def version(sweep: Sweep) -> str:
    """Return what must be equal in all processes that compute blocks of one store: the digest of sources, libraries."""
    libraries = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    python = ".".join(platform.python_version_tuple()[:2])
    return ", ".join([f"sources {provenance.model_digest(sweep)}", *libraries, f"Python {python}"])
