"""What break_conditions.py, unclipped.py and decay.py share: stored sweeps of specs and of variations of them."""

from pathlib import Path
from typing import Any

import xarray as xr

import eos_sweep

SPECS = Path(__file__).parent.parent / "sweeps"


def spec_of(name: str, **changes: Any) -> eos_sweep.Sweep:
    """Return the spec sweeps/NAME.toml, with some of its keys changed."""
    return eos_sweep.Sweep.from_dict(eos_sweep.load_spec(SPECS / f"{name}.toml").to_dict() | changes)


def stored(name: str, folder: Path, suffix: str = "", **changes: Any) -> xr.Dataset:
    """Return the sweep of a spec with some of its keys changed, from FOLDER/NAME + suffix; it is run if need be."""
    place = folder / f"{name}{suffix}.zarr"
    eos_sweep.run(spec_of(name, **changes), place)
    return eos_sweep.open_sweep(place).load()
