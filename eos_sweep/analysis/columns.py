"""The columns of a grid along one axis: all points that differ in this axis alone."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from eos_sweep.analysis.scales import check_distinct
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.errors import InputError, short
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import schema


@dataclass(frozen=True)
class Columns:
    """A grid, cut into columns along an axis."""

    sweep: Sweep
    grid: xr.Dataset  # with the axis as its last one, increasing
    along: str
    places: Mapping[str, np.ndarray]  # name -> value in each column, of all other axes

    @property
    def values(self) -> np.ndarray:
        """The values of the axis."""
        return self.grid[self.along].values.astype(np.float64)

    @property
    def count(self) -> int:
        """The number of columns."""
        return math.prod(size for name, size in self.grid.sizes.items() if name != self.along)

    @property
    def rest(self) -> xr.Dataset:
        """The grid without the axis."""
        return self.grid.isel({self.along: 0}, drop=True)

    @property
    def spec(self) -> dict[str, str]:
        """The attributes by which a dataset says of which sweep it is."""
        return {
            "model": self.sweep.model_name,
            "along": self.along,
            "spec": json.dumps(self.sweep.to_dict()),
            "spec_hash": self.sweep.hash,
        }

    def inputs(self, rows: np.ndarray, at: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the initial state and the parameters of points, given by their columns and their places in these."""
        return self.sweep.inputs({name: values[rows] for name, values in self.places.items()} | {self.along: at})


def grid_of(sweep: Sweep | xr.Dataset) -> tuple[xr.Dataset, Sweep]:
    """Return the grid of a sweep, or of the dataset of one or of a slice of it, and its spec.

    Raises
    ------
    InputError
        If it is neither, or the dataset carries no spec.
    """
    if not isinstance(sweep, Sweep | xr.Dataset):
        raise InputError(f"sweep: got {short(sweep)}; give a spec, or the dataset of a sweep")
    grid = uncomputed(sweep) if isinstance(sweep, Sweep) else sweep
    spec = sweep_of(grid)
    if spec is None:
        raise InputError("sweep: this dataset does not carry the spec of a sweep; give one that eos_sweep made")
    return grid, spec


def columns_of(sweep: Sweep | xr.Dataset, along: str) -> Columns:
    """Cut a sweep, or the dataset of one or of a slice of it, into columns along an axis.

    Raises
    ------
    InputError
        If the dataset carries no spec or lacks an axis of it, or if nothing can happen between the values of the axis.
    """
    grid, spec = grid_of(sweep)
    check_axis(spec, grid, along)
    if lost := [name for name in spec.dims if name not in grid.coords]:
        raise InputError(f"sweep: has lost its axis {lost[0]}; give a sweep with a value of it for each cell")
    grid = grid.sortby(along).transpose(..., along)
    others = [str(name) for name in grid.dims if name != along]
    mesh = np.meshgrid(*(grid[name].values for name in others), indexing="ij")
    places = {name: array.ravel() for name, array in zip(others, mesh, strict=True)}
    count = math.prod(grid.sizes[name] for name in others)
    picked = [name for name in spec.dims if name not in grid.dims]
    places |= {name: np.full(count, float(grid[name])) for name in picked}
    return Columns(spec, grid, along, places)


def uncomputed(sweep: Sweep) -> xr.Dataset:
    """Return the dataset of a sweep before any run: its coordinates and its spec."""
    coordinates = {name: (c.dims, c.values, c.attributes) for name, c in schema.coordinates(sweep).items()}
    about = {"spec": json.dumps(sweep.to_dict()), "spec_hash": sweep.hash, "thresholds": sweep.limits.json()}
    return xr.Dataset(coords=coordinates, attrs=about)


def check_axis(sweep: Sweep, grid: xr.Dataset, along: str, role: str = "along") -> None:
    """Raise InputError if nothing can happen between the values of an axis; the error begins with ``role``."""
    if not isinstance(along, str):
        raise InputError(f"{role}: got {short(along)}; give the name of an axis")
    if sweep.points and (along in sweep.columns or along == POINT):
        remedy = f"draw {short(along)} as a scatter, or sweep it as an axis"
        raise InputError(f"{role}: {along} belongs to the points, which have no neighbours along it; {remedy}")
    if along not in grid.dims:
        raise InputError(f"{role}: no axis {along!r} in this sweep; there are: {', '.join(map(str, grid.dims))}")
    values, quantity = grid[along].values, sweep.quantities.get(along)
    if along == "seed" or (quantity and quantity.whole):
        raise InputError(
            f"{role}: {along} takes whole numbers, so there is nothing to bisect between two; choose another axis"
        )
    if values.size < 2 or not np.isfinite(values).all():
        raise InputError(f"{role}: axis {along!r} has {short(values.tolist())}; give two finite values or more")
    check_distinct(f"{role}: axis {along!r}:", values)
