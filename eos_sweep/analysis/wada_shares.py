"""Whether three labels meet all along an edge, as in basins of Wada.

A point is a Wada point if each of its neighbourhoods, however small, meets three basins or more, and basins are Wada if
all points of their edge are (Kennedy, Yorke 1991, Physica D 51, 213).  On a grid, cells are refined and those that keep
three labels near them are counted (Daza, Wagemakers, Sanjuán, Yorke 2015, Sci. Rep. 5, 16579).  On one map, the
neighbourhood shrinks to the cell.
"""

import itertools

import numpy as np
import xarray as xr

from eos_sweep.analysis.edge_counts import scales_of
from eos_sweep.analysis.label_maps import label_map
from eos_sweep.errors import InputError
from eos_sweep.spec.fields import at_least

MOST_LABELS = 64  # each has a bit


def wada(dataset: xr.Dataset | xr.DataArray, *, labels: int = 3) -> xr.Dataset:
    """Return the share of the cells with an edge near which three labels or more meet, by the size of "near".

    Parameters
    ----------
    dataset
        A sweep over one to three axes, or a slice of it, whose regimes are taken; or labels alone.  Axes are as for
        :func:`dimension`.
    labels
        Least number of labels that meet, at least three.

    Returns
    -------
    Dataset
        Over ``radius``, in cells, 1, 2, 4, ... up to an eighth of the shortest axis.  ``share`` is that of the cells
        with an edge that have so many labels among the samples at most ``radius`` - 1/2 from their middle along each
        axis, so among their own corners at radius 1.  It is NaN if there is no edge.  Attributes are ``cells``, the
        number of cells with an edge, and ``labels``.

        Where edges are curves that meet in points, the share falls in proportion to the radius.  A share that stays
        near one down to a few cells is a necessary sign of Wada basins, not a proof: finer cells may tell otherwise.

    Raises
    ------
    InputError
        As for :func:`dimension`; also if the map has more than 64 labels, or ``labels`` is less than three.

    Examples
    --------
    >>> import numpy as np, xarray as xr, eos_sweep
    >>> y, x = np.mgrid[-64:65, -64:65]
    >>> sectors = xr.DataArray(np.floor(3 * np.arctan2(y, x) / (2 * np.pi)).astype(int), dims=["y", "x"])
    >>> eos_sweep.wada(sectors).share.round(2).values  # three edges that meet in one point
    array([0.  , 0.02, 0.06, 0.13, 0.27])
    """
    labels, edges = at_least("labels", labels, 3), label_map(dataset)
    near = _corners(edges.labels)
    there = np.bitwise_count(near) > 1
    cells, radii = int(there.sum()), scales_of(edges.labels.shape)
    shares = np.full(len(radii), np.nan)
    for place, radius in enumerate(radii if cells else ()):
        if place:
            near = _grown(near, radius // 2)
        shares[place] = (np.bitwise_count(near[there]) >= labels).mean()
    words = f"share of cells with an edge near which {labels} labels or more meet"
    return xr.Dataset(
        {"share": ("radius", shares, {"long_name": words, "valid_range": [0.0, 1.0]})},
        {"radius": ("radius", radii, {"long_name": "radius in cells"})},
        {"title": f"{words}: {edges.words}", "cells": cells, "labels": labels, "axes": " ".join(edges.axes)},
    )


def _corners(labels: np.ndarray) -> np.ndarray:
    """Return the labels at the corners of each cell, a bit for each label."""
    codes = sorted(set(itertools.chain.from_iterable(np.unique(row).tolist() for row in np.atleast_2d(labels))))
    if len(codes) > MOST_LABELS:
        raise InputError(f"labels: the map has {len(codes)}; give at most {MOST_LABELS}")
    bits = np.zeros(labels.shape, np.min_scalar_type(2 ** len(codes) - 1))
    for place, code in enumerate(codes):
        bits[labels == code] = 1 << place
    for axis in range(labels.ndim):
        lower, upper = _shifted(bits, axis, 1)
        bits = lower | upper
    return bits


def _grown(near: np.ndarray, step: int) -> np.ndarray:
    """Return the labels that are met up to ``step`` cells further along each axis."""
    for axis in range(near.ndim):
        lower, upper = _shifted(near, axis, step)
        near = near.copy()
        below, above = _shifted(near, axis, step)
        below |= upper
        above |= lower
    return near


def _shifted(array: np.ndarray, axis: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all but the last and all but the first ``step`` places along an axis."""
    before = (slice(None),) * axis
    return array[(*before, slice(None, -step))], array[(*before, slice(step, None))]
