"""How the edges of a map depend on scale: shares in logarithms, and the dimension from one scale to the next."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.pictures import captions, files, style
from eos_sweep.analysis.pictures.fitting import set_letters
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.errors import InputError

SIZE = 5.5, 5.5  # inches
# Words, colour and marker of an estimator, and a factor that keeps intervals of both apart.
ESTIMATORS: dict[str, tuple[str, dict[str, Any], float]] = {
    "uncertainty": ("pairs of cells that differ", {"color": style.BLUE, "marker": "o"}, 0.97),
    "boxes": ("boxes with an edge", {"color": style.AMBER, "marker": "s"}, 1.03),
}
MARKER = 4.5  # points
ROOM = 1.15  # factor beyond the first and the last scale


def dimension_plot(found: xr.Dataset, *, figsize: str | Pair | None = None, title: str | None = None) -> Any:
    """Draw how often edges are met at each scale, and the dimension between neighbouring scales.

    Parameters
    ----------
    found
        What :func:`eos_sweep.dimension` returned.
    figsize
        ``"column"``, ``"text"`` or ``"page"``, or width and height in inches.
    title
        Title, ``""`` for none; by default what the edges are of.

    Returns
    -------
    Figure
        The upper panel has the shares with their fits.  The lower one has the slope between each scale and the next,
        with its 95 % interval, the fitted dimension as a dashed line over the scales of the fit, and that of a smooth
        edge as a grey line.

    Raises
    ------
    InputError
        If ``found`` is something else.

    Examples
    --------
    >>> import numpy as np, xarray as xr, eos_sweep
    >>> from eos_sweep import plot
    >>> y, x = np.mgrid[:65, :65]
    >>> found = eos_sweep.dimension(xr.DataArray(x > 30 + y / 4, dims=["y", "x"]))
    >>> [text.get_text().split(":")[0] for text in plot.dimension_plot(found).legends[0].get_texts()]
    ['pairs of cells that differ', 'boxes with an edge']
    """
    if not isinstance(found, xr.Dataset) or not {"dimension", "slope", "share"} <= set(found.data_vars):
        raise InputError("found: is no result of eos_sweep.dimension; give what it returned")
    size = Look(figsize=figsize or SIZE, title=title).size
    figure = files.new_figure(found, size.width, size.height)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.2, 1.0])
    scales, fitted = found["scale"].values.astype(float), np.array(found.attrs["fitted"], float)
    axes = len(found.attrs["axes"].split())
    for name in found["estimator"].values.tolist():
        words, look, beside = ESTIMATORS[name]
        one, line = found.sel(estimator=name), {"color": look["color"], "linewidth": 1.2}
        share, fit = one["share"].values, float(one["dimension"])
        there = share > 0
        label = f"{words}: {_interval(one)}"
        upper.plot(scales[there], share[there], linestyle="none", markersize=MARKER, label=label, **look)
        if np.isfinite(fit):
            level = np.log(share[np.isin(scales, fitted)]).mean() - (axes - fit) * np.log(fitted).mean()
            upper.plot(fitted, np.exp(level + (axes - fit) * np.log(fitted)), **line)
            lower.plot(fitted[[0, -1]], [fit, fit], linestyle="--", **line)
        slopes = one["slope"].values[:-1]
        reach = np.nan_to_num(one["slope_high"].values[:-1] - slopes)  # without an interval there is the dot alone
        middle = scales[:-1] * np.sqrt(2.0) * beside
        lower.errorbar(middle, slopes, reach, linestyle="none", markersize=MARKER, capsize=2.0, **look)
    upper.set(xscale="log", yscale="log" if found["share"].any() else "linear", ylabel="share")
    lower.set(xlabel="scale in cells", ylabel="dimension from one\nscale to the next")
    lower.set_xlim(scales[0] / ROOM, scales[-1] * ROOM)
    lower.set_xticks(scales, [f"{scale:g}" for scale in scales])
    lower.minorticks_off()
    lower.axhline(axes - 1, color="0.7", linewidth=0.8, zorder=0)
    figure.legend(loc="outside lower center", fontsize=size.points, **style.LEGEND | {"handlelength": 1.0})
    words = captions.escaped(found.attrs["title"]) if title is None else title
    upper.set_title(captions.fitted(words, size.width - 0.8, size.points), loc="left", fontsize=size.letters)
    set_letters(figure, size)
    return figure


def _interval(one: xr.Dataset) -> str:
    """Return a dimension with its interval, as far as there are such."""
    fit, low, high = (float(one[f"dimension{end}"]) for end in ("", "_low", "_high"))
    if not np.isfinite(fit):
        return "no edge"
    return f"{fit:.2f}" + (f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else "")
