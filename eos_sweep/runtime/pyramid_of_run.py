"""The pyramid of a run: what writes it is imported while the run computes, and it is written at the end."""

import contextlib
import importlib
import threading

from eos_sweep.analysis import pyramid_levels
from eos_sweep.runtime.resources import Resources
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.lock import Held
from eos_sweep.store.store import Store


def import_in_advance(sweep: Sweep) -> None:
    """Import what writes the pyramid, half a second of one core for which the others would wait at the end."""
    if pyramid_levels.factors(sweep):
        with contextlib.suppress(RuntimeError):  # no thread can be started: it is imported when it is needed
            name = "eos_sweep.analysis.pyramid"
            threading.Thread(target=importlib.import_module, args=(name,), name="import", daemon=True).start()


def write(store: Store, resources: Resources, anew: bool, held: Held) -> None:
    """Write the pyramid of a store that has one, or is large enough for one."""
    if not pyramid_levels.concerns(store):
        return
    from eos_sweep.analysis import pyramid  # and with it xarray and dask, which take half a second to import

    pyramid.write(store, resources.local_cores, anew=anew, held=held)
