"""The fractal dimension of the edges between regimes, from the cells of a dense map."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis import block_bootstrap
from eos_sweep.analysis.edge_counts import Counts, boxes_with_an_edge, differing_pairs, scales_of
from eos_sweep.analysis.label_maps import Holds, label_map
from eos_sweep.errors import InputError, short
from eos_sweep.spec.fields import at_least

ESTIMATORS = {"uncertainty": differing_pairs, "boxes": boxes_with_an_edge}
LEAST_SCALES = 3  # of a fit


def dimension(
    dataset: xr.Dataset | xr.DataArray,
    holds: Holds = None,
    *,
    within: tuple[float, float] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Measure the fractal dimension of the edges of regimes, or of any condition, on a map.

    Parameters
    ----------
    dataset
        A sweep over one to three axes, or a slice of it, such as ``ds.isel(lambda2=0)``; or labels alone, whole numbers
        or truth values.  Each axis has at least 32 values, evenly spaced on a linear or a log scale.  May be lazy; the
        labels are read into memory, a byte for each cell.
    holds
        A regime, several regimes, a comparison such as ``"crossings > 0"``, or a function of the dataset such as
        ``lambda ds: ds.loss_max > 10 * ds.loss_initial``: the edges of where it holds.  By default the edges between
        all regimes.
    within
        Smallest and largest scale of the fit, in cells, both included; all scales by default.
    seed
        Of the draws for the intervals.

    Returns
    -------
    Dataset
        Over ``estimator`` and ``scale``, in cells: 1, 2, 4, ... up to an eighth of the shortest axis.

        ``uncertainty``: ``share`` is that of the pairs of cells at this distance along an axis whose labels differ.
        It grows as scale^alpha, and the dimension is the number of axes less alpha, the uncertainty exponent
        (McDonald, Grebogi, Ott, Yorke 1985).  ``boxes``: ``share`` is that of the boxes of this side through which an
        edge passes.  Their number falls as scale^-dimension.  ``count`` is the number of these pairs or boxes.

        ``dimension`` is that of the least-squares line through the logarithms; prefer that of ``uncertainty``, since
        boxes approach their exponent more slowly.  ``slope`` is the dimension between a scale and the next, NaN at the
        last.  Where slopes change with scale, there is not one dimension.  Each has the ends of a 95 % interval,
        ``_low`` and ``_high``, for other maps of the same kind, by drawing blocks of the map anew.  It is NaN where the
        edge lies in three blocks or fewer.  The interval does not cover the error of a resolution that is too low.

        All are NaN if there is no edge.

    Raises
    ------
    InputError
        If an axis, the condition or the range is wrong, or if cells of the sweep are not computed yet or masked.

    Examples
    --------
    >>> import eos_sweep
    >>> axes = {"a1": {"log": [1, 2, 64]}, "eta": {"linear": [0.1, 3, 64]}}
    >>> ds = eos_sweep.sweep("quadratic", axes, {}, {"theta1": 1}, steps=500)
    >>> found = eos_sweep.dimension(ds, "divergence")  # the edge is the curve eta = 2/a1
    >>> found.dimension.round(2).values
    array([1.01, 1.  ])
    """
    edges, seed = label_map(dataset, holds), at_least("seed", seed, 0)
    scales = scales_of(edges.labels.shape)
    chosen = _chosen(scales, within)
    axes, wanted = edges.labels.ndim, _combinations(scales, chosen)
    parts = [_measured(count(edges.labels, scales), axes, wanted, seed) for count in ESTIMATORS.values()]
    found = xr.concat(parts, "estimator").assign_coords(estimator=[*ESTIMATORS], scale=scales)
    found["scale"].attrs = {"long_name": "scale in cells"}
    for name, words in _MEANINGS.items():
        found[name].attrs = {"long_name": words}
    given = dataset.attrs if isinstance(dataset, xr.Dataset) else {}
    titles = filter(None, [given.get("title"), f"dimension of the edges of {edges.words}"])
    about = {"title": "\n".join(titles), "holds": edges.words}
    about |= {"axes": " ".join(edges.axes), "axis_scales": " ".join(edges.axes.values())}
    about |= {name: given[name] for name in ("spec", "spec_hash") if name in given}
    return found.assign_attrs(about, fitted=[scale for scale, use in zip(scales, chosen, strict=True) if use])


_MEANINGS = {
    "dimension": "dimension of the edge",
    "dimension_low": "lower end of the 95 % interval of the dimension",
    "dimension_high": "upper end of the 95 % interval of the dimension",
    "slope": "dimension of the edge between a scale and the next",
    "slope_low": "lower end of the 95 % interval of the slope",
    "slope_high": "upper end of the 95 % interval of the slope",
    "share": "share of pairs of cells whose labels differ, or of boxes with an edge",
    "count": "pairs of cells whose labels differ, or boxes with an edge",
}


def _chosen(scales: list[int], within: tuple[float, float] | None) -> np.ndarray:
    """Return which scales are fitted."""
    if within is None:
        return np.ones(len(scales), bool)
    try:
        low, high = map(float, within)
    except (TypeError, ValueError, OverflowError):
        low = high = np.nan
    chosen = np.array([low <= scale <= high for scale in scales])
    if chosen.sum() < LEAST_SCALES:
        there = ", ".join(map(str, scales))
        raise InputError(f"within: got {short(within)}; give a range with {LEAST_SCALES} of the scales {there} or more")
    return chosen


def _combinations(scales: list[int], chosen: np.ndarray) -> np.ndarray:
    """Return the coefficients of the logarithms of shares in the fitted slope, and in the local ones."""
    along = np.log(scales)
    centred = np.where(chosen, along - along[chosen].mean(), 0.0)
    local = np.diff(np.eye(len(scales)), axis=0) / np.diff(along)[:, None]
    return np.vstack([centred / (centred**2).sum(), local])


def _measured(counts: Counts, axes: int, wanted: np.ndarray, seed: int) -> xr.Dataset:
    """Return what one estimator finds."""
    count = np.moveaxis(counts.found, 1, 0).reshape(counts.of.size, -1).sum(axis=1)
    shares, middle, half = count / counts.of, np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    if count.all():
        middle, half = axes - wanted @ np.log(shares), block_bootstrap.half_intervals(counts.found, wanted, seed)
    found: dict[str, Any] = {"share": ("scale", shares), "count": ("scale", count)}
    for end, values in {"": middle, "_low": middle - half, "_high": middle + half}.items():
        found |= {f"dimension{end}": ((), values[0]), f"slope{end}": ("scale", np.append(values[1:], np.nan))}
    return xr.Dataset(found)[[*_MEANINGS]]
