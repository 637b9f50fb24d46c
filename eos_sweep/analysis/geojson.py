"""Curves of edges in the layout of GeoJSON: a line for each open curve, a polygon for each closed one."""

import math
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.edge_parts import points_of, scales_of
from eos_sweep.analysis.flags import codes_of


def edges_geojson(found: xr.Dataset) -> dict[str, Any]:
    """Return the curves that :func:`edges` found as a FeatureCollection of GeoJSON, plain data for ``json.dump``.

    Parameters
    ----------
    found
        What :func:`edges` returned.

    Returns
    -------
    dict
        A feature for each curve, with its number as ``id``.  An open curve is a LineString in its order, with the
        condition on the left.  A closed curve is a Polygon of one ring, anticlockwise, whose last position is the
        first; ``holds_inside`` says on which side the condition holds.  Positions are [x, y] in the values of the axes,
        not degrees; the members ``x``, ``y`` and ``scales`` of the collection name the axes.

        Properties are the variables over ``curve``, with regimes by their names and None for NaN, and ``branches``, a
        list of the power laws.

    Raises
    ------
    InputError
        If ``found`` is something else, or has lost its axes.

    Examples
    --------
    >>> import eos_sweep
    >>> axes = {"a1": {"log": [0.5, 8, 9]}, "eta": {"log": [0.1, 10, 17]}}
    >>> ds = eos_sweep.sweep("quadratic", axes, {}, {"theta1": 1}, steps=2000)
    >>> line = eos_sweep.edges_geojson(eos_sweep.edges(ds, "divergence", rtol=None))["features"][0]
    >>> line["geometry"]["type"], line["properties"]["modal_right"]
    ('LineString', 'sign_flip')
    """
    parts, about, scales = points_of(found), found.attrs, scales_of(found)
    positions = np.stack([found[name].values for name in scales], axis=1)
    features = []
    branches: dict[int, list[dict[str, Any]]] = {}
    for branch in _rows(found, "branch"):
        branches.setdefault(branch.pop("branch_curve"), []).append(branch)
    for number, here, properties in zip(found["curve"].values.tolist(), parts, _rows(found, "curve"), strict=True):
        at = positions[here]
        geometry = _ring(at, properties["holds_inside"]) if properties["closed"] else _line(at)
        whole = properties | {"branches": branches.get(number, [])}
        features.append({"type": "Feature", "id": number, "geometry": geometry, "properties": whole})
    names = dict(zip("xy", scales, strict=True))
    words = {name: about[name] for name in ("title", "holds", "rtol", "against", "spec_hash") if name in about}
    return {"type": "FeatureCollection", **words, **names, "scales": scales, "features": features}


def _line(positions: np.ndarray) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": positions.tolist()}


def _ring(positions: np.ndarray, anticlockwise: bool) -> dict[str, Any]:
    """Return a closed curve; with what it encloses to its left, it is anticlockwise."""
    whole = np.concatenate([positions, positions[:1]])
    return {"type": "Polygon", "coordinates": [(whole if anticlockwise else whole[::-1]).tolist()]}


def _rows(found: xr.Dataset, dim: str) -> list[dict[str, Any]]:
    """Return name -> value of all variables over a dimension, for each place along it, as JSON has them."""
    columns = {}
    for name, data in found.data_vars.items():
        if data.dims == (dim,):
            words = {code: word for word, code in codes_of(data).items()}
            columns[str(name)] = [words[value] if words else _plain(value) for value in data.values.tolist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
