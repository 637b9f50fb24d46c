"""What happened on the way of a trajectory, whatever its regime: a bit for each event.

A regime is one label; the same label stands for different histories.  Events say which, so that users can cut regimes
of their own.  They are a pure function of stored observables.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis.by_cell import by_cell
from eos_sweep.analysis.labelled import limits_of
from eos_sweep.errors import InputError, closest


class Event(NamedTuple):
    """Something that can happen to a trajectory."""

    name: str
    bit: int  # of ``events``: it never changes its meaning
    words: str
    holds: Callable  # of observables ``o`` and thresholds ``t``
    step: str | None = None  # the observable that gives the step on which it first happened


def _flipped_before(o):
    return (o.sign_flips > 0) & ((o.first_crossing < 0) | (o.first_sign_flip <= o.first_crossing))


EVENTS = (
    Event("started_above", 0, "the start is at or above the edge", lambda o, t: o.first_crossing == 0),
    Event(
        "reached_edge",
        1,
        "the start is below the edge, and the sharpness came to the edge or above",
        lambda o, t: o.first_crossing > 0,
        "first_crossing",
    ),
    Event(
        "recovered",
        2,
        "the sharpness came back below the edge, for a step or for good",
        lambda o, t: (o.steps_above > 0) & ((o.final_above == regimes.BELOW) | (o.crossings > (o.first_crossing > 0))),
    ),
    Event(
        "crossed_again",
        3,
        "having been at or above the edge and below it, the sharpness came to the edge or above again",
        lambda o, t: o.crossings > (o.first_crossing > 0),
    ),
    Event(
        "alternated",
        4,
        "it was at or above the edge, but never for two steps in a row",
        lambda o, t: regimes.alternated(o),
    ),
    Event(
        "sharpened",
        5,
        "the sharpness grew by more than the threshold `growth`",
        lambda o, t: o.sharpness_max > t.growth * o.sharpness_initial,
    ),
    Event(
        "flipped_before_edge",
        6,
        "the guarded weight first changed its sign on a step up to the one that came to the edge or above",
        lambda o, t: _flipped_before(o),
        "first_sign_flip",
    ),
    Event(
        "flipped_after_edge",
        7,
        "the guarded weight first changed its sign on a step after the sharpness had been at or above the edge",
        lambda o, t: (o.sign_flips > 0) & ~_flipped_before(o),
        "first_sign_flip",
    ),
    Event("ended_above", 8, "the last step is at or above the edge", lambda o, t: o.final_above == regimes.ABOVE),
    Event("on_orbit", 9, "the end is on an orbit of two steps or more", lambda o, t: o.period >= 2),
    Event("converged", 10, "it converged", lambda o, t: o.outcome == regimes.CONVERGED, "steps_taken"),
    Event("diverged", 11, "the loss left the bound", lambda o, t: o.outcome == regimes.DIVERGED, "steps_taken"),
    Event(
        "budget_spent",
        12,
        "its budget ended before it converged or diverged",
        lambda o, t: o.outcome == regimes.BUDGET_SPENT,
    ),
)
READS = (
    *("outcome", "first_crossing", "crossings", "steps_above", "final_above", "sharpness_initial", "sharpness_max"),
    *("first_sign_flip", "sign_flips", "period"),
)


def events(dataset: xr.Dataset, **given: float) -> xr.DataArray:
    """Return what happened to each trajectory of ``dataset``, a bit for each event.

    Parameters
    ----------
    dataset : Dataset
        A sweep that stores the default observables; dask-backed variables stay lazy.
    **given : float
        Thresholds by name; the others are those of the sweep, or the defaults if it has none.

    Returns
    -------
    DataArray of int16
        Named ``events``, with CF ``flag_masks`` and ``flag_meanings``; 0 where a cell is not computed, since of
        ``converged``, ``diverged`` and ``budget_spent`` one holds for each that is.  ``first_step`` in the attributes
        names the observables that give the step of an event.

    Raises
    ------
    InputError
        If an observable is not stored, or a threshold is unknown.

    See Also
    --------
    happened : whether one of the events did.

    Examples
    --------
    >>> import eos_sweep
    >>> found = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=200)
    >>> eos_sweep.happened(found, "reached_edge").values
    array([False,  True,  True])
    """
    limits = SimpleNamespace(**limits_of(dataset, given))

    def flags(values):
        o = SimpleNamespace(**values)
        with np.errstate(all="ignore"):  # what diverged may be anything
            found = sum((event.holds(o, limits).astype(np.int16) << event.bit for event in EVENTS), np.int16(0))
        return np.where(o.outcome == 0, 0, found).astype(np.int16)

    steps: dict[str, list[str]] = {}
    for event in EVENTS:
        steps.setdefault(event.step or "", []).append(event.name)
    about = {
        "long_name": "what happened",
        "flag_masks": [1 << event.bit for event in EVENTS],
        "flag_meanings": " ".join(event.name for event in EVENTS),
        "rules": "; ".join(f"{event.name}: {event.words}" for event in EVENTS),
        "first_step": "; ".join(f"{name}: {' '.join(of)}" for name, of in steps.items() if name),
    }
    return by_cell(dataset, "events need", READS, flags, np.int16).rename("events").assign_attrs(about)


def happened(dataset: xr.Dataset, event: str, **given: float) -> xr.DataArray:
    """Return whether an event happened to each trajectory of ``dataset``.

    Parameters
    ----------
    dataset : Dataset
        As of :func:`events`.
    event : str
        Name of the event.
    **given : float
        Thresholds by name, as of :func:`events`.

    Returns
    -------
    DataArray of bool
        False where a cell is not computed.

    Raises
    ------
    InputError
        If there is no such event, an observable is not stored, or a threshold is unknown.

    Examples
    --------
    >>> import eos_sweep
    >>> found = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=200)
    >>> eos_sweep.happened(found, "diverged").values
    array([False, False,  True])
    """
    bits = {one.name: one.bit for one in EVENTS}
    if event not in bits:
        raise InputError(f"event {event!r}: unknown; {closest(event, bits)}")
    found = (events(dataset, **given) & (1 << bits[event])) != 0
    return found.rename(event).assign_attrs(long_name=next(one.words for one in EVENTS if one.name == event))
