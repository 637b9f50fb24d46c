"""A map of two axes as a plane: the grid, the inputs of any point of it, and distances on the scales of its axes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from eos_sweep.analysis.columns import Columns, check_axis, columns_of, grid_of
from eos_sweep.analysis.scales import scale_of
from eos_sweep.errors import InputError, named, short
from eos_sweep.spec.sweeps import Sweep

Pair = tuple[np.ndarray, np.ndarray]  # of x and y


@dataclass(frozen=True)
class Plane:
    """A grid over two axes; the step size, or else the later axis, is x, as in pictures."""

    columns: Columns  # along x, one for each value of y; both increase
    y: str
    fixed: Mapping[str, float]  # values of all other axes of the sweep

    @property
    def x(self) -> str:
        """The axis to the right."""
        return self.columns.along

    @property
    def sweep(self) -> Sweep:
        """The sweep of the grid."""
        return self.columns.sweep

    @property
    def axes(self) -> tuple[str, str]:
        """The names of x and y."""
        return self.x, self.y

    @property
    def values(self) -> Pair:
        """The values of x and of y."""
        return self.columns.values, self.columns.grid[self.y].values.astype(np.float64)

    @property
    def scales(self) -> tuple[str, str]:
        """Whether x is linear or log, and y."""
        x, y = (scale_of(values)[0] for values in self.values)
        return x, y

    def inputs(self, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the initial state and the parameters of points of the plane."""
        return self.sweep.inputs({**self.fixed, self.x: x, self.y: y})

    def measured(self, x: np.ndarray, y: np.ndarray) -> Pair:
        """Return points in the units of length: decades along a log axis, the values themselves along a linear one."""
        with np.errstate(all="ignore"):
            u, v = (np.log10(at) if kind == "log" else at for at, kind in zip((x, y), self.scales, strict=True))
        return u, v

    def unmeasured(self, u: np.ndarray, v: np.ndarray) -> Pair:
        """Return what :meth:`measured` has made of x and y."""
        with np.errstate(all="ignore"):
            x, y = (10.0**at if kind == "log" else at for at, kind in zip((u, v), self.scales, strict=True))
        return x, y

    def in_cells(self, x: np.ndarray, y: np.ndarray) -> Pair:
        """Return points as places among the values of the axes, from 0 on, with fractions on the scales of the axes."""
        along = zip(self.measured(x, y), self.measured(*self.values), strict=True)
        u, v = (np.interp(at, grid, np.arange(grid.size)) for at, grid in along)
        return u, v


def plane_of(sweep: Sweep | xr.Dataset) -> Plane:
    """Return the plane of a sweep, or of the dataset of one or of a slice of it.

    Raises
    ------
    InputError
        If the dataset carries no spec, has other than two axes with more than one value, or one without a scale.
    """
    grid, spec = grid_of(sweep)
    grid = grid.isel({name: 0 for name, size in grid.sizes.items() if size == 1})
    axes = [str(name) for name in grid.dims]
    if len(axes) > 2:
        raise InputError(
            f"sweep: has the axes {named(', '.join(axes), 240)}; edges are curves over two, so pick one value of each "
            f"other axis, such as ds.isel({axes[0]}=0), or --at {axes[0]}=..."
        )
    if len(axes) < 2:
        raise InputError(
            f"sweep: has {f'the axis {axes[0]} alone' if axes else 'no axis'} with more than one value, and edges are "
            "curves over two; use boundary along one"
        )
    y, x = sorted(axes, key=lambda name: name == "eta")
    if words := [name for name in (x, y) if grid[name].dtype.kind not in "iuf"]:
        raise InputError(f"sweep: axis {words[0]!r} has {short(grid[words[0]].values.tolist())}; give numbers")
    for name in (x, y):
        check_axis(spec, grid, name, "sweep")
    columns = columns_of(grid.sortby(y), x)
    plane = Plane(columns, y, {name: float(grid[name]) for name in spec.dims if name not in axes})
    for name, kind in zip(plane.axes, plane.scales, strict=True):
        if kind == "category":
            values = short(columns.grid[name].values.tolist())
            raise InputError(f"sweep: axis {name!r} has {values}, which have no scale; choose values farther apart")
    return plane
