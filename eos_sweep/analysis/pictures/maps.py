"""Maps of a slice of a sweep, alone or as facets: the functions for users."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures.layout import draw_facets, draw_map, draw_view
from eos_sweep.analysis.pictures.view import Levels, View
from eos_sweep.analysis.slices import At


def draw(
    dataset: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    at: At = None,
    facet: str | None = None,
    variable: str = "regime",
    lines: bool = True,
    levels: Levels = (),
    over: str | Sequence[str] = (),
    share: str | None = None,
    quantile: float = 0.5,
) -> Any:
    """Draw a slice of a sweep, or what remains of it without some axes.

    Parameters
    ----------
    dataset
        The sweep, as :func:`eos_sweep.open_sweep` or :func:`eos_sweep.sweep` returns it.
    x, y
        Axes that run to the right and upwards; the two longest by default, the step size to the right.
    at
        Name -> value of every other axis that has more than one.
    facet
        Axis with a panel for each value.
    variable
        Variable that is drawn: flags as categories, numbers as a map of colours.
    lines
        Whether to add theory's lines.
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.
    over
        Axes that are left out, such as ``"seed"``: labels are drawn as :func:`eos_sweep.modal` has them, hatched where
        fewer than nine in ten runs agree, numbers as :func:`eos_sweep.quantiles` has them.
    share
        Label whose share over ``over`` is drawn instead, such as ``"edge_of_stability"``.
    quantile
        Which quantile is drawn of numbers, from 0 to 1.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such axis, value, variable or label.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> plot.draw(ds).axes[0].get_xlabel()
    'step size η'
    """
    view = View(x=x, y=y, at=at, facet=facet, variable=variable, lines=lines, levels=levels)
    over = (over,) if isinstance(over, str) else tuple(over)
    return draw_view(dataset, replace(view, over=over, share=share, quantile=quantile))


def regime_map(
    dataset: xr.Dataset, x: str, y: str, at: At = None, ax: Any = None, lines: bool = True, levels: Levels = ()
) -> Any:
    """Draw the phase diagram of a slice.

    Parameters
    ----------
    dataset
        The sweep; it is labelled here if it has no ``regime``.
    x, y
        Axes that run to the right and upwards.
    at
        Name -> value of every other axis that has more than one.
    ax
        Axes to draw into; those of a new figure by default.
    lines
        Whether to add theory's lines.
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such axis or value.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> legend = plot.regime_map(ds, "eta", "a1", lines=False).get_legend()
    >>> legend.get_texts()[0].get_text()
    'divergence  54.2 %'
    """
    return draw_map(dataset, View(x=x, y=y, at=at, lines=lines, levels=levels), ax)


def observable_map(
    dataset: xr.Dataset,
    name: str,
    x: str,
    y: str,
    at: At = None,
    ax: Any = None,
    lines: bool = False,
    levels: Levels = (),
) -> Any:
    """Draw a variable over a slice: flags as categories, numbers as a map of colours.

    Where there are more cells than pixels, categories are pooled by mode, and the middle cell is shown for numbers;
    shares in the legend are those of all cells.

    Parameters
    ----------
    dataset
        The sweep.
    name
        The variable.
    x, y
        Axes that run to the right and upwards.
    at
        Name -> value of every other axis that has more than one.
    ax
        Axes to draw into; those of a new figure by default.
    lines
        Whether to add theory's lines.
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such axis, value or variable.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> plot.observable_map(ds, "sharpness_max", "eta", "a1").get_ylabel()
    'curvature along theta1 a₁'
    """
    return draw_map(dataset, View(x=x, y=y, at=at, variable=name, lines=lines, levels=levels), ax)


def facets(
    dataset: xr.Dataset,
    x: str,
    y: str,
    by: str,
    at: At = None,
    name: str = "regime",
    lines: bool = True,
    levels: Levels = (),
) -> Any:
    """Draw one map for each value of an axis, with one legend and one scale of colours.

    Parameters
    ----------
    dataset
        The sweep.
    x, y
        Axes that run to the right and upwards.
    by
        Axis with a panel for each value, at most 36.
    at
        Name -> value of every other axis that has more than one.
    name
        The variable.
    lines
        Whether to add theory's lines.
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such axis, value or variable, or ``by`` has too many values.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "theta1": [1, 2], "eta": {"linear": [0.1, 3, 8]}}, {}, {},
    ...                      steps=50)
    >>> [ax.get_title() for ax in plot.facets(ds, "eta", "a1", by="theta1").axes]
    ['θ₁ = 1', 'θ₁ = 2']
    """
    return draw_facets(dataset, View(x=x, y=y, at=at, facet=by, variable=name, lines=lines, levels=levels))
