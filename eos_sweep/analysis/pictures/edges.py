"""Measured boundaries as dots on a map."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.neighbourhoods import KINDS
from eos_sweep.analysis.pictures.style import CROSS, DOT, DOTS
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.errors import InputError, named


def boundary_dots(found: xr.Dataset, x: str | None = None, y: str | None = None, ax: Any = None) -> Any:
    """Draw the edges that :func:`eos_sweep.boundary` found into a map.

    Parameters
    ----------
    found
        What :func:`eos_sweep.boundary` returned: edges along x or y, for each value of the other.
    x, y
        Axes of the map; by default as :func:`draw` chooses them: the step size, or else the later one, to the right.
    ax
        The map's Axes.

    Returns
    -------
    Axes
        The same; white dots are edges at which the condition begins, pink ones those at which it ends.  Edges with
        further ones between the same neighbours on the grid are crosses.

    Raises
    ------
    InputError
        If there are no Axes, or the edges are not those of a map with these axes.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> edges = eos_sweep.boundary(ds, "eta", "divergence")
    >>> ax = plot.regime_map(ds)
    >>> plot.boundary_dots(edges, ax=ax) is ax
    True
    """
    if ax is None:
        raise InputError("ax: no map to draw into; give the Axes that plot.regime_map returned")
    x, y = _axes(found, x, y)
    across = y if found.attrs["along"] == x else x
    edges, sides, kinds = (found[name].transpose(across, "crossing") for name in ("edge", "side", "kind"))
    places = found[across].values
    if scale_of(np.sort(places))[0] == "category":
        places = np.argsort(np.argsort(places))
    columns = np.broadcast_to(places[:, None], edges.shape)
    pair = (columns, edges.values) if across == x else (edges.values, columns)
    for name, flag in codes_of(sides).items():
        for several, look in enumerate((DOT, CROSS)):
            there = (sides.values == flag) & ((kinds.values > KINDS["simple"]) == several)
            if name in DOTS and there.any():
                label = name + ", one of several" * several
                ax.plot(*(values[there] for values in pair), **look, **DOTS[name], label=label)
    return ax


def _axes(found: xr.Dataset, x: str | None, y: str | None) -> tuple[str, str]:
    """Return the axes of the map, as it has them by default where they are not given."""
    along = str(found.attrs["along"])
    sides = {along, *(str(name) for name in found["edge"].dims if name != "crossing")}
    sweep = sweep_of(found)
    order = [name for name in (sweep.dims if sweep else sorted(sides)) if name in sides]
    view = View(x=x, y=y).completed(xr.Dataset(coords={name: [0.0] for name in order}))
    if len(sides) != 2 or {*view.axes} != sides:
        raise InputError(
            f"x, y: the edges are over {named(', '.join(order))}; draw them into a map of two of these axes"
        )
    return view.axes
