"""The kernels of this process: a job has its own, or shares one that :mod:`eos_sweep.engine.preparing` has chosen."""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from eos_sweep import observables
from eos_sweep.contract import EVERY_STEP, MAXIMUM, TAIL, Job, Model, Observable, OwnObservable, is_array
from eos_sweep.engine.kernel import build
from eos_sweep.engine.networks import feed
from eos_sweep.observables.networks import observed

OF_SHARPNESS = frozenset({EVERY_STEP, MAXIMUM, TAIL})  # the needs by which kernels differ


class Prepared(NamedTuple):
    """What runs a job."""

    kernel: Callable
    watched: tuple[Observable, ...]  # those that give the job's variables
    compiled: tuple[Observable, ...]  # those that are compiled into the kernel
    needs: frozenset[str]  # of all these


COMPILING = threading.Lock()
OWN: dict[tuple, Prepared] = {}  # model, variables and own observables -> the kernel that has no more than these need
SHARED: dict[tuple, Prepared] = {}  # -> a kernel that has more


def observables_of(
    model: Model, variables: Sequence[str], own: tuple[OwnObservable, ...] = ()
) -> tuple[Observable, ...]:
    """Return the observables that give ``variables``, in the order of their table; a user's ``own`` are last."""
    owners = observables.variables(model, own)
    wanted = {owners[variable][0] for variable in variables}
    found = [observables.get(name) for name in observables.TABLE if name in wanted]
    return (*found, *(observables.observable(observed(model), one) for one in own if one.name in wanted))


def watched(job: Job) -> tuple[tuple[Observable, ...], tuple[Observable, ...], frozenset[str]]:
    """Return the observables of a job, those of them that a kernel has, and their needs."""
    found = observables_of(job.model, job.variables, job.own)
    compiled = tuple(o for o in found if hasattr(o, "watch") or hasattr(o, "watch_sharpness"))
    return found, compiled, frozenset(need for observable in found for need in observable.NEEDS)


def built(model: Model, compiled: tuple[Observable, ...], needs: frozenset[str]) -> Callable:
    """Return the kernel with these observables; an array model takes its steps by itself, and has a feed for them."""
    return feed.build(model, compiled) if is_array(model) else build(model, compiled, needs & OF_SHARPNESS)


def key_of(job: Job) -> tuple:
    """Return the key of a job among those that are prepared."""
    return job.model, job.variables, job.own


def own(job: Job) -> Prepared:
    """Return what runs ``job`` with its own kernel, which is compiled first, or loaded; other threads wait."""
    key = key_of(job)
    if key not in OWN:
        seen, compiled, needs = watched(job)
        with COMPILING:
            if key not in OWN:
                OWN[key] = Prepared(built(job.model, compiled, needs), seen, compiled, needs)
    return OWN[key]


def prepared(job: Job) -> Prepared:
    """Return what runs ``job`` in this process; its own kernel if none is prepared."""
    key = key_of(job)
    return OWN.get(key) or SHARED.get(key) or own(job)
