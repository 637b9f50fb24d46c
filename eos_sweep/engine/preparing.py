"""The kernels of this process, and the jobs that they run.

The digest of stored numbers has all of this module.  What only chooses among kernels that give the same bits is in
:mod:`eos_sweep.engine.choosing`, so that stores go on when the choice is tuned.
"""

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


Key = tuple  # model, variables and own observables of a job
COMPILING = threading.Lock()
OWN: dict[Key, Prepared] = {}  # kernels that have no more than these need
SHARED: dict[Key, Prepared] = {}  # kernels that have more


def observables_of(
    model: Model, variables: Sequence[str], own: tuple[OwnObservable, ...] = ()
) -> tuple[Observable, ...]:
    """Return the observables that give ``variables``, in the order of their table; a user's ``own`` are last."""
    owners = observables.variables(model, own)
    wanted = {owners[variable][0] for variable in variables}
    found = [observables.get(name) for name in observables.TABLE if name in wanted]
    return (*found, *(observables.observable(observed(model), one) for one in own if one.name in wanted))


def prepare(job: Job) -> Prepared:
    """Compile the kernel of ``job`` itself, or load it from the cache; other threads that need one wait.

    :func:`eos_sweep.engine.batch.run` does so by itself.  Callers prepare a job whose compilation is not to be timed.
    An array model takes its steps by itself: its kernel only shows them to the observables.
    """
    key = key_of(job)
    if found := OWN.get(key):
        return found
    watched, compiled, needs = watched_of(job)
    with COMPILING:
        if key not in OWN:
            OWN[key] = Prepared(build_kernel(job.model, compiled, needs), watched, compiled, needs)
        return OWN[key]


def prepared(job: Job) -> Prepared:
    """Return what runs ``job`` in this process; its own kernel if none is prepared."""
    key = key_of(job)
    return OWN.get(key) or SHARED.get(key) or prepare(job)


def key_of(job: Job) -> Key:
    """Return what two jobs that one kernel runs have in common."""
    return job.model, job.variables, job.own


def watched_of(job: Job) -> tuple[tuple[Observable, ...], tuple[Observable, ...], frozenset[str]]:
    """Return the observables of a job, those of them that a kernel has, and their needs."""
    watched = observables_of(job.model, job.variables, job.own)
    compiled = tuple(o for o in watched if hasattr(o, "watch") or hasattr(o, "watch_sharpness"))
    return watched, compiled, frozenset(need for observable in watched for need in observable.NEEDS)


def build_kernel(model: Model, compiled: tuple[Observable, ...], needs: frozenset[str]) -> Callable:
    """Return the kernel of a model that watches some observables."""
    return feed.build(model, compiled) if is_array(model) else build(model, compiled, needs & OF_SHARPNESS)
