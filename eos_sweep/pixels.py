"""What a map shows of a slice: no more cells than there are pixels, the shares of all of them, and their range."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from eos_sweep import pooling

LOG = logging.getLogger("eos_sweep")


class Shown(NamedTuple):
    """One map, in memory."""

    cells: np.ndarray  # (rows, columns): codes; or numbers, NaN where there is none, infinity where a run diverged
    pools: Mapping[str, int]  # axis -> cells of the slice that are one here
    shares: Mapping[str, float]  # of all cells of the slice: by flag; or of those that diverged or have no value
    low: float = np.inf  # the least and the largest finite number of the slice
    high: float = -np.inf
    whole: bool = True  # whether all finite numbers are whole


def shown(piece: xr.Dataset, name: str, pools: Mapping[str, int], levels: Sequence[xr.Dataset] = ()) -> Shown:
    """Return what a map of a lazy slice shows, in bounded memory.

    Args:
        piece: the slice, as :func:`eos_sweep.slices.select` returns it.
        name: of the variable: labels are pooled by mode, of numbers the middle cell of each pool is taken.
        pools: axis -> number of cells that become one.
        levels: of the sweep's pyramid, the coarsest first; labels are counted in the first one from which they can.
    """
    if "flag_values" not in piece[name].attrs:
        return _numbers(piece, name, pools)
    counts = _counted_in_levels(levels, piece, name, pools)
    if counts is None:
        counts = pooling.counts(piece[name], pools).compute()
    total = counts.sum(piece[name].dims).values / piece[name].size
    names = counts["code"].attrs["flag_meanings"].split()
    return Shown(pooling.mode(counts).values, pools, dict(zip(names, total.tolist(), strict=True)))


def _counted_in_levels(
    levels: Sequence[xr.Dataset], piece: xr.Dataset, name: str, pools: Mapping[str, int]
) -> xr.DataArray | None:
    """Return the counts of labels in pools from the first level that has them and can be read."""
    for level in levels:
        counts = _counted_before(level, piece, name, pools)
        try:
            if counts is not None:
                return counts.compute()
        except (OSError, ValueError, RuntimeError) as error:  # a checksum, or what zarr makes of a chunk
            LOG.warning("a level of the pyramid is damaged, %s; it is left out", error)
    return None


def _counted_before(level: xr.Dataset, piece: xr.Dataset, name: str, pools: Mapping[str, int]) -> xr.DataArray | None:
    """Return the counts of labels in pools from a level of the pyramid; None if it is coarser, or of other labels."""
    mine, theirs = piece[name].attrs, level["regime"].attrs
    same = name == "regime" and piece.attrs.get("spec_hash") == level.attrs.get("spec_hash")
    if not same or any(mine.get(key) != theirs.get(key) for key in ("rules", "thresholds")):
        return None
    sides = {str(dim): int(level[dim].attrs.get("pooled", 1)) for dim in level["regime"].dims}
    if not set(sides) <= set(piece.coords) or any(pools.get(dim, 1) % side for dim, side in sides.items()):
        return None
    try:
        share = level["share"].sel({dim: piece[dim].values for dim, side in sides.items() if side == 1})
    except KeyError:
        return None
    for dim in pools:  # a part of the sweep has other pools
        if not np.array_equal(share[dim], pooling.centres(piece[dim].values, sides[dim])):
            return None
    return pooling.recount(piece[name], pools, share.transpose(*piece[name].dims, "code"))


def _numbers(piece: xr.Dataset, name: str, pools: Mapping[str, int]) -> Shown:
    """Return the middle number of each pool, and the range of all."""
    values = piece[name].astype(np.float64)
    if piece[name].dtype.kind == "i":
        values = values.where(values >= 0)  # a count below zero stands for none
    elif "outcome" in piece:
        values = values.where(piece["outcome"] != 2, np.inf)
    finite = np.isfinite(values)
    places = {dim: np.arange(0, values.sizes[dim], side) + side // 2 for dim, side in pools.items()}
    middle = {dim: np.minimum(along, values.sizes[dim] - 1) for dim, along in places.items()}
    about = xr.Dataset(
        {
            "cells": values.isel(middle),
            "diverged": (values == np.inf).mean(),
            "none": (np.isnan(values) | (values == -np.inf)).mean(),
            "low": values.where(finite, np.inf).min(),
            "high": values.where(finite, -np.inf).max(),
            "whole": ((values == np.floor(values)) | ~finite).all(),
        }
    ).compute()
    shares = {"divergence": float(about["diverged"]), "no value": float(about["none"])}
    return Shown(about["cells"].values, pools, shares, float(about["low"]), float(about["high"]), bool(about["whole"]))
