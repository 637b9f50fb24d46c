"""How far the panels of runs reach, by step and upwards, so that a run that diverges does not hide all else.

The last numbers of such a run are beyond all others by hundreds of decades.  So a panel shows the numbers up to the
last step on which the loss is still of the size of the start, and the curve leaves it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

ORDINARY = 100.0  # times the loss at the start; the last step with such a loss is the last one that counts
MARGIN = 0.05  # of the height of a panel, beyond what it shows
ROOM = 1.25  # of a panel above the sharpness, where the edge goes beyond it
LEAVING = 1e3  # times the largest loss that counts, as far as a logarithmic axis shows a run that leaves
DEEPEST = 1e-6  # of the smallest loss, beyond which its parts are not followed


class Extent(NamedTuple):
    """How far a run goes."""

    last: int  # step with numbers
    counted: int  # step up to which they count
    diverged: bool


def extent_of(run: xr.Dataset) -> Extent:
    """Return how far a trajectory goes."""
    loss = np.abs(run["loss"].values)
    there = np.isfinite(loss)
    if there[-1]:
        return Extent(loss.size - 1, loss.size - 1, False)
    ordinary = np.flatnonzero(loss <= ORDINARY * loss[0])
    return Extent(int(np.flatnonzero(there).max(initial=0)), int(ordinary.max(initial=0)), True)


def set_steps(ax: Any, extents: Sequence[Extent]) -> None:
    """Let the axis of steps, which has whole numbers, end where the last run does."""
    from matplotlib.ticker import MaxNLocator

    last = max(extent.last for extent in extents)
    room = max(0.01 * last, 0.4)
    ax.set_xlim(-room, last + room)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def set_heights(ax: Any, names: Sequence[str], runs: Sequence[xr.Dataset]) -> None:
    """Set the vertical scale and limits of a panel of variables: losses, the sharpness with its edge, or others."""
    pairs = [(run, extent_of(run)) for run in runs]
    diverged = any(extent.diverged for _, extent in pairs)
    numbers = _joined(_counted(run, name, extent) for run, extent in pairs for name in names if name in run)
    if names[0].startswith("loss"):
        _set_losses(ax, numbers, _joined(_counted(run, "loss", extent) for run, extent in pairs), diverged)
        return
    edges = [_edge(run, extent) for run, extent in pairs] if names[0] == "sharpness" else []
    top = max([numbers.max(initial=-np.inf), *(edge.min(initial=np.inf) for edge in edges)])
    beyond = any(edge.max(initial=0.0) > ROOM * top > 0 for edge in edges)  # during a warmup it is far away
    if diverged or beyond:
        shown = np.append(numbers, np.minimum(_joined(edges), top) if edges else [])
        low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
        room = MARGIN * (high - low) or 0.5 * abs(high) or 1.0
        ax.set_ylim(low - room, max(high + room, ROOM * top if beyond else high + room))


def _counted(run: xr.Dataset, name: str, extent: Extent) -> np.ndarray:
    """Return the finite numbers of a variable that count."""
    values = run[name].values[: extent.counted + 1]
    return values[np.isfinite(values)]


def _edge(run: xr.Dataset, extent: Extent) -> np.ndarray:
    """Return the sharpness at the edge, one number or those that count."""
    if "threshold" in run:
        return _counted(run, "threshold", extent)
    return np.array([run.attrs["threshold"]] if "threshold" in run.attrs else [])


def _joined(parts: Any) -> np.ndarray:
    return np.concatenate([np.zeros(0), *parts])


def _set_losses(ax: Any, numbers: np.ndarray, whole: np.ndarray, diverged: bool) -> None:
    """Make the vertical axis logarithmic, about zero if a loss, without its parts, may be negative."""
    if (whole < 0).any():
        ax.set_yscale("symlog", linthresh=1.0)
        if diverged:
            ax.set_ylim(2.0 * min(whole.min(), 0.0), LEAVING * max(whole.max(), 1.0))
        return
    above, parts = whole[whole > 0], numbers[numbers > 0]
    if not above.size:
        return
    ax.set_yscale("log", nonpositive="mask")
    low, high = (
        max(parts.min(), DEEPEST * above.min()),
        parts.max(),
    )  # a part may go hundreds of decades below the whole
    room = (high / low) ** MARGIN
    if high > low or diverged:
        ax.set_ylim(low / room, high * (LEAVING if diverged else room))
