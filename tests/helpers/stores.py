"""A small sweep, its stores, and what is in them; the command line as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import zarr

from eos_sweep import regimes
from eos_sweep.store.store import Store
from helpers.specs import altered

# All seven regimes, in a third of a second.
SPEC = {
    "model": "bivariate",
    "steps": 1000,
    "axes": {"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 30, 25]}},
    "parameters": {"lambda2": 0.01, "radius": "liu2025"},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
    "chunks": {"lambda1": 7, "eta": 8},
}
# Codes of the regimes that occur in SPEC.
REGIMES = {
    regimes.CODES[name]
    for name in (
        "divergence",
        "sign_flip",
        "edge_of_stability",
        "catapult",
        "progressive_sharpening",
        "stable",
        "unsettled",
    )
}
FEW = ["crossings", "steps_taken"]  # a kernel that compiles fast, and no regime
CLI = Path(sys.executable).with_name("eos-sweep")


def changed(**changes):
    """Return SPEC with other keys, axes and chunks."""
    return altered(SPEC, ("axes", "chunks"), changes)


def toml(path, spec):
    """Write ``spec`` as the TOML file ``path`` and return it."""

    def inline(value):
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"
        return json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan")

    path.write_text("".join(f"{key} = {inline(value)}\n" for key, value in spec.items()), encoding="utf-8")
    return path


def command(*arguments, cwd):
    """Run eos-sweep as a process of its own."""
    arguments = [str(argument) for argument in (CLI, *arguments)]
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, timeout=300)


def numbers(path):
    """Return the bits of all variables of a store, coordinates included."""
    group = zarr.open_group(path, mode="r", use_consolidated=False)
    arrays = {name: np.asarray(array[...]) for name, array in group.arrays()}
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}


def contents(path):
    """Return name -> bytes of all files below ``path``."""
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(Path(path).rglob("*")) if file.is_file()}


def ledger(path):
    """Return extent, seconds and steps of the blocks of a store."""
    store = Store.open(path)
    return store.extent, store.ledger.seconds, store.ledger.steps


def strict(text):
    """Return what strict JSON holds."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)
