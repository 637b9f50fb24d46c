"""What one would write instead: the table of libraries, and what each of their modules offers."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np


class Peer(Protocol):
    """One library, one module."""

    NAME: str
    TRAJECTORIES: Mapping[str, int]  # variant -> how many at once

    def missing(self, variant: str) -> str: ...  # why it cannot run here; empty if it can
    def prepare(self, variant: str) -> Callable[[tuple[np.ndarray, ...], int], tuple]: ...  # (points, steps) -> Record


TABLE = {
    name: f"eos_sweep.bench.peers.{name}"
    for name in ("numpy_arrays", "numba_loop", "jax_vmap", "torch_compile", "c_loop")
}


def get(name: str) -> Peer:
    """Return the module called ``name``."""
    return importlib.import_module(TABLE[name])  # type: ignore[return-value]


def not_installed(package: str) -> str:
    """Return why a library cannot run if its package is not there."""
    if importlib.util.find_spec(package):
        return ""
    return f"{package} is not installed; pip install 'eos-sweep[bench]' has it"
