"""Measured edges in a map: those along an axis as dots, those of a plane as curves."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.edge_parts import points_of, scales_of
from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.neighbourhoods import KINDS
from eos_sweep.analysis.pictures.legends import add_entry
from eos_sweep.analysis.pictures.style import CONTOUR, CROSS, DOT, DOTS
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.errors import InputError, named

WIDE, THIN = 1.4, 0.5  # points, of a curve among few and among many
FEW = 20  # curves, up to which they are wide
RIM = 2.2  # times as wide as the curve


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
    _check_drawn_into(ax)
    along = str(found.attrs["along"])
    x, y = _axes(found, {along, *(str(name) for name in found["edge"].dims if name != "crossing")}, x, y)
    across = y if along == x else x
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


def edge_curves(found: xr.Dataset, x: str | None = None, y: str | None = None, ax: Any = None) -> Any:
    """Draw the curves that :func:`eos_sweep.edges` found into a map.

    Parameters
    ----------
    found
        What :func:`eos_sweep.edges` returned; some of its curves, with ``found.isel(curve=slice(3))``.
    x, y
        Axes of the map; by default as :func:`draw` chooses them: the step size, or else the later one, to the right.
    ax
        The map's Axes.

    Returns
    -------
    Axes
        The same.  Curves are white with a black rim, and thinner where there are many.  The limits of the map stay.  A
        legend of the map gets an entry with the condition, and so does one that :func:`legend` makes later.

    Raises
    ------
    InputError
        If there are no Axes, or the curves are not those of a map with these axes.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> ax = plot.regime_map(ds)
    >>> plot.edge_curves(eos_sweep.edges(ds, "divergence"), ax=ax) is ax
    True
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    _check_drawn_into(ax)
    parts = points_of(found)
    x, y = _axes(found, {*scales_of(found)}, x, y)
    places = np.stack([found[x].values, found[y].values], axis=1)
    closed = found["closed"].values.tolist()
    curves = [places[np.r_[part, np.full(int(ring), part.start)]] for part, ring in zip(parts, closed, strict=True)]
    width = float(np.clip(WIDE / np.sqrt(max(len(curves), 1) / FEW), THIN, WIDE))
    for colour, linewidth in (("black", RIM * width), (CONTOUR, width)):
        look: dict[str, Any] = {"capstyle": "round", "joinstyle": "round", "zorder": 2.3}
        ax.add_collection(LineCollection(curves, colors=colour, linewidths=linewidth, **look), autolim=False)
    if curves:
        halo = [withStroke(linewidth=RIM * WIDE, foreground="black")]
        label = f"border: {found.attrs['holds']}".replace("_", " ")
        (handle,) = ax.plot([], [], color=CONTOUR, linewidth=WIDE, path_effects=halo, label=label)
        add_entry(ax, handle)
    return ax


def _axes(found: xr.Dataset, sides: set[str], x: str | None, y: str | None) -> tuple[str, str]:
    """Return the axes of the map, as it has them by default where they are not given."""
    sweep = sweep_of(found)
    order = [name for name in (sweep.dims if sweep else sorted(sides)) if name in sides]
    view = View(x=x, y=y).completed(xr.Dataset(coords={name: [0.0] for name in order}))
    if len(sides) != 2 or {*view.axes} != sides:
        raise InputError(
            f"x, y: the edges are over {named(', '.join(order))}; draw them into a map of two of these axes"
        )
    return view.axes


def _check_drawn_into(ax: Any) -> None:
    if ax is None:
        raise InputError("ax: no map to draw into; give the Axes that plot.regime_map returned")
