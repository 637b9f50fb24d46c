"""Shares of labels along the two axes of a map, beside it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.pooling import counts
from eos_sweep.analysis.slices import cell_edges
from eos_sweep.errors import InputError, short

SIZE, GAP = 0.16, 0.03  # of a side of the map
ROOM = SIZE + GAP
LEAST = 0.3  # inches of a margin's depth from which on its scale has room
TICKS = (0.5,)  # at an end it would touch that of the map


def with_scales(width: float, height: float) -> tuple[bool, bool]:
    """Return whether the margins above and beside a map of a size, in inches, have room for their scales."""
    return bool(SIZE * height >= LEAST), bool(SIZE * width >= LEAST)


def draw_margins(
    ax: Any, labels: xr.DataArray, looks: Mapping[str, Mapping[str, Any]], scales: tuple[bool, bool] = (True, True)
) -> None:
    """Draw above a map the share of each label in its columns, and to the right that in its rows.

    Parameters
    ----------
    ax
        The map.
    labels
        All cells of the slice, over (y, x).
    looks
        Label -> how its cells are filled.
    scales
        Whether the one above the map and the one beside it have a scale; both are shares from 0 to 1.

    Raises
    ------
    InputError
        If the variable holds no labels.
    """
    if not codes_of(labels):
        raise InputError(
            f"margins: {short(labels.name)} holds numbers, which have no shares; draw labels, or no margins"
        )
    y, x = map(str, labels.dims)
    above = ax.inset_axes([0.0, 1.0 + GAP, 1.0, SIZE], sharex=ax)
    beside = ax.inset_axes([1.0 + GAP, 0.0, SIZE, 1.0], sharey=ax)
    for inset, kept, gone in ((above, x, y), (beside, y, x)):
        found = counts(labels, {gone: labels.sizes[gone]}).isel({gone: 0}).compute()
        shares = found.transpose("code", kept).values / labels.sizes[gone]
        steps = np.pad(np.cumsum(shares, axis=0), ((1, 0), (0, 1)), mode="edge")
        steps[0] = 0.0
        fill, ends = inset.fill_between if inset is above else inset.fill_betweenx, cell_edges(labels[kept].values)
        for name, low, high in zip(codes_of(found["code"]), steps, steps[1:], strict=False):
            if (high > low).any():
                fill(ends, low, high, step="post", rasterized=True, **{**looks[name], "linewidth": 0.0})
    above.set(ylim=(0.0, 1.0), yticks=TICKS * scales[0], ylabel="share" * scales[0])
    beside.set(xlim=(0.0, 1.0), xticks=TICKS * scales[1], xlabel="share" * scales[1])
    above.tick_params(labelbottom=False)
    beside.tick_params(labelleft=False)
