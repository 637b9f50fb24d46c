"""Sweeps of sweeps/*.toml, and of variations of them, in stores of one folder; pictures go beside the scripts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import plot

FIGURES = Path(__file__).parent
SPECS = FIGURES.parent / "sweeps"


def spec_of(name: str, **changes: Any) -> eos_sweep.Sweep:
    """Return the spec sweeps/NAME.toml, with some of its keys changed."""
    return eos_sweep.Sweep.from_dict(eos_sweep.load_spec(SPECS / f"{name}.toml").to_dict() | changes)


def stored(
    name: str, folder: str | Path, suffix: str = "", *, variables: Sequence[str] = (), **changes: Any
) -> xr.Dataset:
    """Return the sweep of a spec from a store in ``folder``, which is run first as far as it is not there.

    Parameters
    ----------
    name
        The spec sweeps/NAME.toml.
    folder
        The folder; the store is ``<name><suffix>.zarr`` in it.
    suffix
        Sets the store of a variation apart.
    variables
        Variables that are loaded; all by default.
    **changes
        Keys of the spec with other values.
    """
    place = Path(folder) / f"{name}{suffix}.zarr"
    eos_sweep.run(spec_of(name, **changes), place)
    dataset = eos_sweep.open_sweep(place)
    return (dataset[list(variables)] if variables else dataset).load()


def save(figure: Figure, name: str) -> None:
    """Write a picture to figures/NAME.png."""
    plot.save(figure, FIGURES / f"{name}.png")
