"""Draw a random sample of a stored sweep: equal shares of each regime, at its boundary and away from it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from eos_sweep.errors import InputError
from eos_sweep.regimes import CODES
from eos_sweep.store.store import Store

MAX_LABELS = 2**32  # of a byte each


class Stratum(NamedTuple):
    """The cells of one regime that have a neighbour of another regime, or those that have none."""

    regime: str
    boundary: bool
    size: int  # number of cells
    cells: np.ndarray  # flat indices of those drawn


def labels(store: Store) -> np.ndarray:
    """Return the stored regime of each cell; InputError if there is none."""
    if "regime" not in store.arrays:
        raise InputError(f'{store.path}: stores no regime; run it again with "default" among its observables')
    if store.sweep.size > MAX_LABELS:
        raise InputError(f"{store.path}: {store.sweep.size} cells; at most {MAX_LABELS} labels are read at once")
    return store.values("regime")


def inputs(store: Store, cells: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the initial states and parameters of cells given by their flat indices."""
    places = np.unravel_index(cells, store.sweep.shape)
    return store.sweep.inputs(
        {axis.name: axis.values[place] for axis, place in zip(store.sweep.axes, places, strict=True)}
    )


def draw(
    codes: np.ndarray, number: int, seed: int, known: Mapping[str, int] = CODES, unordered: Collection[int] = ()
) -> list[Stratum]:
    """Draw about ``number`` cells, an equal share from each stratum; of a smaller stratum all cells.

    Along the ``unordered`` axes, given by their places, cells have no neighbours.
    """
    rng = np.random.default_rng(seed)
    edge = at_boundary(codes, unordered)
    strata = [
        (name, boundary, np.flatnonzero((codes == code) & (edge == boundary)))
        for name, code in known.items()
        if code
        for boundary in (False, True)
    ]
    strata = [(name, boundary, cells) for name, boundary, cells in strata if cells.size]
    drawn, left = [], number
    for k, (name, boundary, cells) in enumerate(sorted(strata, key=lambda stratum: stratum[2].size)):
        share = max(1, -(-left // (len(strata) - k)))
        chosen = np.sort(rng.choice(cells, min(share, cells.size), replace=False))
        left -= chosen.size
        drawn.append(Stratum(name, boundary, cells.size, chosen))
    return sorted(drawn, key=lambda stratum: (known[stratum.regime], stratum.boundary))


def at_boundary(codes: np.ndarray, unordered: Collection[int] = ()) -> np.ndarray:
    """Tell for each cell whether a neighbour along an axis has another label; cells not computed do not count."""
    found = np.zeros(codes.shape, bool)
    for axis in set(range(codes.ndim)) - set(unordered):
        ahead, behind = (np.moveaxis(codes, axis, 0)[part] for part in (slice(1, None), slice(None, -1)))
        differ = (ahead != behind) & (ahead != 0) & (behind != 0)
        view = np.moveaxis(found, axis, 0)
        view[1:] |= differ
        view[:-1] |= differ
    return found
