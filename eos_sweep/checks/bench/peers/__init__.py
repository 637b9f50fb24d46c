"""Other implementations: a module for each library, and their table."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np


class Peer(Protocol):
    """What the module of a library defines.

    Attributes
    ----------
    NAME : str
        Name to print.
    TRAJECTORIES : dict
        Variant -> trajectories of one call.
    """

    NAME: str
    TRAJECTORIES: Mapping[str, int]

    def missing(self, variant: str) -> str:
        """Return why the variant cannot run here; empty if it can."""

    def prepare(self, variant: str) -> Callable[[tuple[np.ndarray, ...], int], tuple]:
        """Return ``run(points, steps)``, which returns a :class:`eos_sweep.checks.bench.peers.plain.Record`."""


TABLE = {
    name: f"eos_sweep.checks.bench.peers.{name}"
    for name in ("numpy_arrays", "numba_loop", "jax_vmap", "torch_compile", "c_loop")
}


def get(name: str) -> Peer:
    """Return the module of a library."""
    return importlib.import_module(TABLE[name])  # type: ignore[return-value]  # a module has the protocol


def not_installed(package: str) -> str:
    """Return why a library cannot run if its package is not installed, else an empty text."""
    if importlib.util.find_spec(package):
        return ""
    return f"{package} is not installed; pip install 'eos-sweep[bench]' has it"
