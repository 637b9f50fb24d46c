"""A slice in about as many cells as there are pixels, with the shares and the range of all its cells."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from eos_sweep.analysis import pooling
from eos_sweep.analysis.flags import NotLabelsError, codes_of
from eos_sweep.analysis.masking import as_numbers
from eos_sweep.contract import Variable

LOG = logging.getLogger("eos_sweep")


class Pixels(NamedTuple):
    """One map, in memory."""

    cells: np.ndarray  # (rows, columns): codes; or numbers, NaN where there is none, infinity where a run diverged
    pools: Mapping[str, int]  # axis -> number of cells of the slice that are one here
    shares: Mapping[str, float]  # among all cells of the slice: of each label; or of "divergence" and "no value"
    codes: Mapping[str, int] = {}  # label -> code; none if the cells are numbers
    low: float = np.inf  # least finite number of the slice
    high: float = -np.inf  # largest one
    whole: bool = True  # whether all finite numbers are whole


def pooled(
    pieces: Sequence[xr.Dataset],
    name: str,
    pools: Mapping[str, int],
    levels: Sequence[xr.Dataset] = (),
    stored: Mapping[str, Variable] | None = None,
) -> list[Pixels]:
    """Pool the cells of lazy slices, in bounded memory: all as labels, or all as numbers if some are no labels.

    Parameters
    ----------
    pieces
        Slices, as :func:`eos_sweep.analysis.slices.select` returns them.
    name
        The variable: labels are pooled by mode, and the middle cell of each pool is taken for numbers.
    pools
        Axis -> number of cells that become one.
    levels
        Levels of the sweep's pyramid, the coarsest first; labels are counted in the first one that is fine enough.
    stored
        Descriptions of what the sweep stores.
    """
    if codes := codes_of(pieces[0][name]):
        try:
            return [_labels(piece, name, pools, levels, codes) for piece in pieces]
        except NotLabelsError:  # a value is no flag
            pass
    return [_numbers(piece, name, pools, stored or {}) for piece in pieces]


def _labels(
    piece: xr.Dataset, name: str, pools: Mapping[str, int], levels: Sequence[xr.Dataset], codes: Mapping[str, int]
) -> Pixels:
    """Return the most frequent label of each pool, and the shares of all."""
    counts = _counts_of_levels(levels, piece, name, pools)
    if counts is None:
        counts = pooling.counts(piece[name], pools).compute()
    total = counts.sum(piece[name].dims).values / piece[name].size
    shares = dict(zip(codes_of(counts["code"]), total.tolist(), strict=True))
    return Pixels(pooling.mode(counts).values, pools, shares, codes)


def _counts_of_levels(
    levels: Sequence[xr.Dataset], piece: xr.Dataset, name: str, pools: Mapping[str, int]
) -> xr.DataArray | None:
    """Return the counts of labels in pools from the first level that has them, None if there is none."""
    for level in levels:
        counts = _counts_of_level(level, piece, name, pools)
        try:
            if counts is not None:
                return counts.compute()
        except (OSError, ValueError, RuntimeError) as error:  # a checksum, or an error of zarr in a chunk
            LOG.warning("a level of the pyramid is damaged, %s; it is skipped", error)
    return None


def _counts_of_level(level: xr.Dataset, piece: xr.Dataset, name: str, pools: Mapping[str, int]) -> xr.DataArray | None:
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
    for dim in pools:  # a part of the sweep would have other pools
        if not np.array_equal(share[dim], pooling.centres(piece[dim].values, sides[dim])):
            return None
    return pooling.recount(piece[name], pools, share.transpose(*piece[name].dims, "code"))


def _numbers(piece: xr.Dataset, name: str, pools: Mapping[str, int], stored: Mapping[str, Variable]) -> Pixels:
    """Return the middle number of each pool, and the range of all.

    Of what a run stores, whole numbers that stand for none are left out, and a run that diverged is infinity.
    """
    values = as_numbers(piece[name], piece.get("outcome"), name, stored)
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
    ends = float(about["low"]), float(about["high"])
    return Pixels(about["cells"].values, pools, shares, {}, *ends, bool(about["whole"]))
