"""Maps of a slice of a sweep, alone or as facets: the functions for users."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures.layout import draw_facets, draw_map
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.analysis.pictures.view import Levels, Limits, Lines, View
from eos_sweep.analysis.slices import At


def regime_map(
    dataset: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    at: At = None,
    ax: Any = None,
    lines: Lines = True,
    levels: Levels = (),
    *,
    figsize: str | Pair | None = None,
    title: str | None = None,
    legend: bool | str = True,
    palette: Mapping[str, Any] | None = None,
    xlim: Limits = None,
    ylim: Limits = None,
    contours: str | None = None,
    margins: bool = False,
) -> Any:
    """Draw the phase diagram of a slice.

    Parameters
    ----------
    dataset
        The sweep; it is labelled here if it has no ``regime``.
    x, y, at, ax, lines, levels, figsize, title, legend, palette, xlim, ylim, contours, margins
        As for :func:`draw`.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such axis or value, or a keyword has no meaning.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> legend = plot.regime_map(ds, lines=False).get_legend()
    >>> legend.get_texts()[0].get_text()
    'divergence  54.2 %'
    """
    view = View(
        x=x, y=y, at=at, lines=lines, levels=levels, contours=contours, margins=margins, xlim=xlim, ylim=ylim
    )  # fmt: skip
    return draw_map(dataset, view, ax, Look(figsize=figsize, title=title, legend=legend, palette=palette))


def observable_map(
    dataset: xr.Dataset,
    name: str,
    x: str | None = None,
    y: str | None = None,
    at: At = None,
    ax: Any = None,
    lines: Lines = True,
    levels: Levels = (),
    *,
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
    """Draw a variable over a slice: flags as categories, numbers as a map of colours.

    Where there are more cells than pixels, categories are pooled by mode, and the middle cell is shown for numbers;
    shares in the legend are those of all cells.

    Parameters
    ----------
    dataset
        The sweep.
    name
        The variable.
    x, y, at, ax, lines, levels, figsize, title, legend, colorbar, palette, cmap, norm, xlim, ylim, contours, margins
        As for :func:`draw`.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such axis, value or variable, or a keyword has no meaning.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}, {}, {"theta1": 1},
    ...                      steps=50)
    >>> plot.observable_map(ds, "sharpness_max", cmap="magma").get_ylabel()
    'curvature along theta1 a₁'
    """
    view = View(
        x=x, y=y, at=at, variable=name, lines=lines, levels=levels, contours=contours, margins=margins,
        xlim=xlim, ylim=ylim,
    )  # fmt: skip
    look = Look(figsize=figsize, title=title, legend=legend, colorbar=colorbar, palette=palette, cmap=cmap, norm=norm)
    return draw_map(dataset, view, ax, look)


def facets(
    dataset: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
    at: At = None,
    name: str = "regime",
    lines: Lines = True,
    levels: Levels = (),
    *,
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
    """Draw one map for each value of an axis, with one legend and one scale of colours.

    Parameters
    ----------
    dataset
        The sweep.
    by
        Axis with a panel for each value, at most 36; the axis that is left beside the two longest by default.
    name
        The variable.
    x, y, at, lines, levels, figsize, title, legend, colorbar, palette, cmap, norm, xlim, ylim, contours, margins
        As for :func:`draw`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such axis, value or variable, ``by`` has too many values, or a keyword has no meaning.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "theta1": [1, 2], "eta": {"linear": [0.1, 3, 8]}}, {}, {},
    ...                      steps=50)
    >>> [ax.get_title() for ax in plot.facets(ds).axes]
    ['θ₁ = 1', 'θ₁ = 2']
    """
    view = View(
        x=x, y=y, at=at, facet=by, variable=name, lines=lines, levels=levels, contours=contours, margins=margins,
        xlim=xlim, ylim=ylim,
    )  # fmt: skip
    look = Look(figsize=figsize, title=title, legend=legend, colorbar=colorbar, palette=palette, cmap=cmap, norm=norm)
    return draw_facets(dataset, view, look)
