"""An axis of a sweep that is run again with more values keeps the bits of those that are stored.

The values that two linear or logarithmic axes share may differ in their last bits, as in ``linspace(0, 1, 11)`` and
``linspace(0, 1, 101)``.  The cells there would count as other trajectories.
"""

import numpy as np

from eos_sweep.spec.axes import Axis
from eos_sweep.spec.points import Points
from eos_sweep.spec.sweeps import Sweep

ROUNDING = 2.0**-44  # relative; the exponents of a logarithmic axis magnify their own rounding by a hundred


def adopted(new: Sweep, old: Sweep, told: str = "") -> Sweep:
    """Return ``new`` with the values of ``old`` on the axes of both, where they differ by rounding alone.

    For ``told`` see :meth:`Sweep.from_dict`.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"model": "quadratic", "steps": 9, "parameters": {"a1": 1}, "initial": {"theta1": 1}}
    >>> old, new = (
    ...     eos_sweep.Sweep.from_dict(given | {"axes": {"eta": {"linear": [0.1, 1, count]}}}) for count in (10, 91)
    ... )
    >>> stored = set(old.axis("eta").values)
    >>> len(stored & set(new.axis("eta").values)), len(stored & set(adopted(new, old).axis("eta").values))
    (9, 10)
    """
    axes, points = [], _points(new, old)
    for axis in new.grid:
        stored = old.axis(axis.name).values if axis.name in old.dims else _fixed(old, axis.name)
        values = _kept(axis.values, stored)
        changed = (values != axis.values).any()
        axes.append(Axis.parse(axis.name, {"values": values} | axis.words) if changed else axis)
    if points is new.points and all(axis is before for axis, before in zip(axes, new.grid, strict=True)):
        return new
    changes = {"axes": {axis.name: axis.definition for axis in axes}}
    changes |= {"points": points.definition} if points else {}
    return Sweep.from_dict(new.to_dict() | changes, told=told)


def replaced(given: Sweep, kept: Sweep) -> list[str]:
    """Return a line for each axis or column in which some values of ``given`` were replaced by stored ones."""
    pairs = {f"axis {axis.name}": (axis.values, kept.axis(axis.name).values) for axis in given.grid}
    pairs |= {f"points.{name}": (values, kept.columns[name]) for name, values in given.columns.items()}
    counts = {name: int((values != now).sum()) for name, (values, now) in pairs.items()}
    return [
        f"{name}: {count} of its values differ by rounding from stored ones, whose bits are kept"
        for name, count in counts.items()
        if count
    ]


def _points(new: Sweep, old: Sweep) -> Points | None:
    """Return the points of ``new``, with the bits of those of ``old`` that have the same number, but for rounding."""
    if not (new.points and old.points):
        return new.points
    some = min(new.points.size, old.points.size)
    columns = {}
    for name, values in new.columns.items():
        stored = old.columns.get(name, values)[:some]
        with np.errstate(all="ignore"):
            close = np.isfinite(stored) & (np.abs(values[:some] - stored) <= ROUNDING * np.abs(stored))
        columns[name] = np.append(np.where(close, stored, values[:some]), values[some:])
        columns[name].flags.writeable = False
    same = all((columns[name] == values).all() for name, values in new.columns.items())
    return new.points if same else new.points._replace(columns=columns)


def _fixed(sweep: Sweep, name: str) -> np.ndarray:
    """Return the one value that an input has in a sweep of which it is no axis; none if it is an expression."""
    source = sweep.sources.get(name)
    return np.array([source] if isinstance(source, float) else [])


def _kept(values: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """Return ``values``, with the nearest of the ``stored`` ones wherever these are equal but for rounding.

    Infinite values are exact, and stay.
    """
    stored = np.sort(stored[np.isfinite(stored)])
    if not stored.size:
        return values
    finite = np.sort(values[np.isfinite(values)])
    gaps = np.concatenate([np.diff(finite), np.diff(stored)])
    places = np.searchsorted(stored, values)
    below, above = stored[np.maximum(places - 1, 0)], stored[np.minimum(places, stored.size - 1)]
    with np.errstate(all="ignore"):
        nearest = np.where(np.abs(values - below) <= np.abs(values - above), below, above)
        size = np.abs(finite).max() if _is_even(finite) else np.abs(values)
        most = np.minimum(ROUNDING * size, gaps.min() / 4 if gaps.size else np.inf)
        close = np.isfinite(values) & (np.abs(values - nearest) <= most)
        return np.where(close, nearest, values)


def _is_even(values: np.ndarray) -> bool:
    """Whether sorted values are those of a linear axis, whose rounding follows the largest of them."""
    gaps = np.diff(values)
    return bool(gaps.size and np.ptp(gaps) <= 1e-6 * gaps.max())
