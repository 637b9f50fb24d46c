"""The observables of one trajectory in words: the meaning of each code, what happened, and whether it is settled."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import observables
from eos_sweep.analysis import event_flags
from eos_sweep.contract import Variable
from eos_sweep.rules import Limits
from eos_sweep.spec import labels
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.sentinels import sentinels


def in_words(sweep: Sweep, observed: Mapping[str, np.ndarray], limits: Limits) -> dict[str, str]:
    """Return name -> words of what is a code, and of all labels that the observables decide.

    Parameters
    ----------
    sweep
        The sweep of the trajectory.
    observed
        Name -> array of one value, of observables and of inputs that the regime rules read.
    limits
        The thresholds.

    Returns
    -------
    dict
        ``regime``, ``settled`` and ``events``, as far as they are decided; each observable that is a flag, such as
        ``outcome``, or stands for none, such as a crossing that never came.
    """
    known = observables.variables(sweep.module, sweep.own)
    measured = {name: values for name, values in observed.items() if name in known}
    found = {}
    for name, codes in labels.classify(observed.__getitem__, tuple(measured), limits).items():
        found[name] = _word(labels.flags(name, limits), int(codes[0]))
    if set(event_flags.READS) <= set(measured):
        found["events"] = ", ".join(_events(measured, limits)) or "none"
    for name, values in measured.items():
        if word := _word(_codes(name, known[name][1]), values[0]):
            found[name] = word
    return found


def _codes(name: str, variable: Variable) -> Mapping[str, int]:
    return variable.flags or sentinels(name, variable)


def _word(codes: Mapping[str, int], code: Any) -> str:
    """Return the name of a code, an empty text if it has none."""
    return next((word for word, one in codes.items() if one == code), "")


def _events(observed: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> list[str]:
    """Return what happened, in words."""
    run = xr.Dataset({name: ((), observed[name][0]) for name in event_flags.READS})
    bits = int(event_flags.events(run, **limits))
    return [event.name for event in event_flags.EVENTS if bits >> event.bit & 1]
