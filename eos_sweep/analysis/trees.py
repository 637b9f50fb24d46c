"""A stored sweep and its pyramid as one tree."""

from pathlib import Path

import xarray as xr

from eos_sweep.analysis import pyramid, pyramid_levels
from eos_sweep.analysis.opened import open_sweep
from eos_sweep.store.store import Store


def open_tree(path: str | Path) -> xr.DataTree:
    """Open a stored sweep and its pyramid as a lazy tree.

    Parameters
    ----------
    path
        Path or URL of the store.

    Returns
    -------
    DataTree
        ``sweep`` is the dataset of :func:`eos_sweep.open_sweep`, and ``pyramid/256``, … are the levels of
        :func:`eos_sweep.open_pyramid`, named by the largest number of cells along an axis that is pooled.  They lie
        beside each other, since a tree of xarray has no other axes below than above.

    Raises
    ------
    InputError
        If no sweep is stored at ``path``.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 2, "out": "map.zarr"}
    >>> stored = eos_sweep.sweep("quadratic", {"eta": {"linear": [0.1, 3, 600]}}, **given)
    >>> tree = eos_sweep.open_tree("map.zarr")
    >>> {name: node.sizes["eta"] for name, node in [("sweep", tree["sweep"]), *tree["pyramid"].children.items()]}
    {'sweep': 600, '256': 150, '512': 300}
    """
    store, dataset = Store.open(path), open_sweep(path)
    sides = reversed(pyramid_levels.factors(store.sweep))
    levels = {f"/pyramid/{side}": level for side, level in zip(sides, pyramid.levels(store), strict=False)}
    about = {name: dataset.attrs[name] for name in ("title", "model", "spec_hash")}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=about), "/sweep": dataset, **levels})
