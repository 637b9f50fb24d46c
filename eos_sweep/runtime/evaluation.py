"""Some cells of a sweep's grid: their points, their trajectories, and their place among a block's variables."""

from collections.abc import Callable

import numpy as np

from eos_sweep.engine import batch
from eos_sweep.engine.networks.driver import Keeper
from eos_sweep.rules import Limits
from eos_sweep.spec import labels
from eos_sweep.spec.sweeps import Sweep

BATCH_TRAJECTORIES = 2**14  # trajectories of one kernel call: its table stays in the cache

Region = tuple[slice, ...]  # of the grid, one slice for each axis


def evaluate(
    sweep: Sweep,
    region: Region,
    cells: np.ndarray,
    variables: tuple[str, ...] | None = None,
    keeper: Keeper | None = None,
) -> dict[str, np.ndarray]:
    """Run the trajectories of some cells, given by their flat indices within a region of the grid.

    Only some ``variables`` are computed if they are given.  For ``keeper`` see :func:`eos_sweep.engine.batch.run`.
    """
    return batch.run(sweep.job(variables=variables), *sweep.inputs(points(sweep, region, cells)), keeper)


def enter(
    values: dict[str, np.ndarray],
    cells: np.ndarray,
    found: dict[str, np.ndarray],
    thresholds: Limits,
    inputs: dict[str, np.ndarray],
) -> None:
    """Enter what was computed for some cells, and their labels, into a block's variables."""
    with np.errstate(over="ignore"):  # float32 has a smaller infinity
        stored = {name: found[name].astype(array.dtype) for name, array in values.items() if name in found}
    # Labels come from the values as stored, so that labelling a stored sweep again gives the same ones.
    stored |= labels.classify((inputs | stored).__getitem__, stored, thresholds)
    for name, array in values.items():
        array.reshape(-1)[cells] = stored[name]


def points(sweep: Sweep, region: Region, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Return axis -> value of some cells of a region."""
    places = np.unravel_index(cells, shape_of(region))
    return {
        axis.name: axis.values[part.start + place] for axis, part, place in zip(sweep.axes, region, places, strict=True)
    }


def point(sweep: Sweep, region: Region, cells: np.ndarray) -> str:
    """Return the coordinates and the indices of the first of some cells, as text."""
    places = np.unravel_index(cells[:1], shape_of(region))
    indices = [part.start + place for part, place in zip(region, places, strict=True)]
    words = [
        f"{axis.name} = {float(axis.values[index][0])!r} (index {index[0]})"
        for axis, index in zip(sweep.axes, indices, strict=True)
    ]
    return ", ".join(words + [f"{name} = {float(values[indices[0][0]])!r}" for name, values in sweep.columns.items()])


def failing_cells(compute: Callable, cells: np.ndarray) -> np.ndarray:
    """Return the cell that makes ``compute`` fail, or the fewest cells that do so together."""
    while cells.size > 1:
        half = cells.size // 2
        for some in (cells[:half], cells[half:]):
            try:
                compute(some)
            except BaseException:
                cells = some
                break
        else:
            return cells
    return cells


def shape_of(region: Region) -> tuple[int, ...]:
    """Return the number of cells of a region along each axis."""
    return tuple(part.stop - part.start for part in region)
