"""A picture of a slice of a sweep, whatever its axes: the function for users, with all keywords explained."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures.layout import draw_view
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.analysis.pictures.view import Levels, Limits, Lines, View
from eos_sweep.analysis.slices import At
from eos_sweep.errors import InputError


def draw(
    dataset: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    at: At = None,
    facet: str | None = None,
    variable: str | Sequence[str] = "regime",
    lines: Lines = True,
    levels: Levels = (),
    over: str | Sequence[str] = (),
    share: str | None = None,
    quantile: float = 0.5,
    *,
    ax: Any = None,
    figsize: str | Pair | None = None,
    title: str | None = None,
    legend: bool | str = True,
    colorbar: bool | str = True,
    palette: Mapping[str, Any] | None = None,
    cmap: Any = None,
    norm: Any = None,
    xlim: Limits = None,
    ylim: Limits = None,
    contours: str | None = None,
    margins: bool = False,
) -> Any:
    """Draw a slice of a sweep, or what remains of it without some axes: a map, facets, or curves along one axis.

    Points are drawn as a scatter.

    Parameters
    ----------
    dataset
        The sweep, as :func:`eos_sweep.open_sweep` or :func:`eos_sweep.sweep` returns it.
    x, y
        Axes that run to the right and upwards; the two longest by default, the step size to the right.  Of points two
        of their coordinates, the first ones by default, an axis, or a variable of numbers.
    at
        Name -> value of every other axis that has more than one.
    facet
        Axis with a panel for each value.
    variable
        Variable that is drawn: flags as categories, numbers as a map of colours.  Along one axis numbers are curves
        over a band of the regimes, and there may be several variables.
    lines
        Lines of theory: True for those that separate what is drawn, each once; False for none, ``"all"`` for all in
        the window, or their names, such as ``["start_at_edge"]``.
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.
    over
        Axes that are left out, such as ``"seed"``: labels are drawn as :func:`eos_sweep.modal` has them, hatched where
        fewer than nine in ten runs agree, numbers as :func:`eos_sweep.quantiles` has them.
    share
        Label whose share over ``over`` is drawn instead, such as ``"edge_of_stability"``.
    quantile
        Which quantile is drawn of numbers, from 0 to 1.
    ax
        Axes to draw a map into, in a figure of any layout; those of a new figure by default.  There the title has the
        values of ``at`` only, and the legend is on the map if it covers no more than a quarter of it.
    figsize
        Of a new figure: ``"column"`` (3.4 inches wide), ``"text"`` (5.5) or ``"page"`` (7), with small letters, or
        width and height in inches.
    title
        Title, ``""`` for none; by default that of the sweep, and all that is fixed.
    legend
        Whether there is a legend, or its place: ``"right"``, ``"below"`` or ``"inside"``.  :func:`legend` makes one for
        several maps.
    colorbar
        Whether a map of numbers has a bar of colours, or its place: ``"bottom"`` or ``"right"``.
    palette
        Label -> colour, where it is not the usual one.
    cmap
        Colour map of numbers, a name or one of matplotlib's.
    norm
        Scale of numbers: ``"linear"``, ``"log"``, the least and the largest number, or a ``Normalize`` of matplotlib.
    xlim, ylim
        First and last value of a side that are shown.  Shares in the legend are those of the cells in the window.
    contours
        Variable of numbers whose contours are added to a map.
    margins
        Whether the share of each label in columns and in rows is added to a map, or to each facet.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such axis, value, variable or label, or a keyword has no meaning.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> plot.draw(ds).axes[0].get_xlabel()
    'step size η'
    >>> len(plot.draw(ds, x="eta", at={"a1": 2}, variable=["sharpness_max", "loss_final"]).axes)
    3
    """
    variable, *further = [variable] if isinstance(variable, str) else variable
    view = View(
        x=x, y=y, at=at, facet=facet, variable=variable, lines=lines, levels=levels, contours=contours,
        margins=margins, xlim=xlim, ylim=ylim, further=tuple(further), share=share, quantile=quantile,
        over=(over,) if isinstance(over, str) else tuple(over),
    )  # fmt: skip
    look = Look(figsize=figsize, title=title, legend=legend, colorbar=colorbar, palette=palette, cmap=cmap, norm=norm)
    if facet and ax is not None:
        raise InputError("ax: facets have a figure of their own; leave ax or facet out")
    return draw_view(dataset, view, look, ax)
