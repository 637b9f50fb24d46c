"""Which kernel runs a job: its own, or one that watches more observables and is there already.

A kernel of its own takes some seconds to compile.  Work that is short beside that runs in the kernel of more
observables, if the cache has one, and what was not asked for is dropped.  The numbers have the same bits in both.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from eos_sweep import observables
from eos_sweep.contract import EVERY_STEP, MAXIMUM, TAIL, Job, Model, Observable, OwnObservable, is_array
from eos_sweep.engine.kernel import build
from eos_sweep.engine.networks import feed
from eos_sweep.kernel_cache import NotCached, loading_only
from eos_sweep.observables.networks import observed

OF_SHARPNESS = frozenset({EVERY_STEP, MAXIMUM, TAIL})  # the needs by which kernels differ
SHORT = 2**28  # steps, half a second of a kernel for two coordinates; another kernel takes up to three times as long


class Prepared(NamedTuple):
    """What runs a job."""

    kernel: Callable
    watched: tuple[Observable, ...]  # those that give the job's variables
    compiled: tuple[Observable, ...]  # those that are compiled into the kernel
    needs: frozenset[str]  # of all these


_COMPILING = threading.Lock()
_OWN: dict[tuple, Prepared] = {}  # model, variables and own observables -> the kernel that has no more than these need
_SHARED: dict[tuple, Prepared] = {}  # -> a kernel that has more


def observables_of(
    model: Model, variables: Sequence[str], own: tuple[OwnObservable, ...] = ()
) -> tuple[Observable, ...]:
    """Return the observables that give ``variables``, in the order of their table; a user's ``own`` are last."""
    owners = observables.variables(model, own)
    wanted = {owners[variable][0] for variable in variables}
    found = [observables.get(name) for name in observables.TABLE if name in wanted]
    return (*found, *(observables.observable(observed(model), one) for one in own if one.name in wanted))


def prepare(job: Job, trajectories: float = math.inf) -> Prepared:
    """Compile the kernel for ``job``, or load it from the cache; other threads that need one wait.

    :func:`eos_sweep.engine.batch.run` does so by itself.  Callers prepare a job whose compilation is not to be timed,
    or not to be repeated by several processes.  An array model takes its steps by itself: its kernel only shows them to
    the observables.

    Parameters
    ----------
    job
        The job.
    trajectories
        How many there are in all.  If that is little work, a kernel of more observables that the cache has will do; all
        further batches of the job run in it.
    """
    key = job.model, job.variables, job.own
    is_short = trajectories * job.steps <= SHORT and not is_array(job.model)
    if found := _OWN.get(key) or (_SHARED.get(key) if is_short else None):
        return found
    watched, compiled, needs = _watched(job)
    with _COMPILING:
        found = _OWN.get(key) or (_loaded(job, watched, compiled, needs) if is_short else None)
        if found is None:
            kernel = feed.build(job.model, compiled) if is_array(job.model) else _build(job.model, compiled, needs)
            found = Prepared(kernel, watched, compiled, needs)
        is_own = found.compiled == compiled and found.needs == needs
        (_OWN if is_own else _SHARED)[key] = found
    return found


def prepared(job: Job) -> Prepared:
    """Return what runs ``job`` in this process; its own kernel if none is prepared."""
    key = job.model, job.variables, job.own
    return _OWN.get(key) or _SHARED.get(key) or prepare(job)


def _watched(job: Job) -> tuple[tuple[Observable, ...], tuple[Observable, ...], frozenset[str]]:
    """Return the observables of a job, those of them that a kernel has, and their needs."""
    watched = observables_of(job.model, job.variables, job.own)
    compiled = tuple(o for o in watched if hasattr(o, "watch") or hasattr(o, "watch_sharpness"))
    return watched, compiled, frozenset(need for observable in watched for need in observable.NEEDS)


def _build(model: Model, compiled: tuple[Observable, ...], needs: frozenset[str]) -> Callable:
    return build(model, compiled, needs & OF_SHARPNESS)


def _loaded(
    job: Job, watched: tuple[Observable, ...], compiled: tuple[Observable, ...], needs: frozenset[str]
) -> Prepared | None:
    """Return what runs ``job`` with a kernel that is there, its own or one of more observables; None if none is.

    A certified maximum has the same bits only where both kernels compute the sharpness at the same steps.
    """
    with loading_only():
        for more, more_needs in _there(job, compiled, needs):
            is_same = needs & OF_SHARPNESS == more_needs & OF_SHARPNESS
            if set(compiled) <= set(more) and (is_same or MAXIMUM not in needs):
                with contextlib.suppress(NotCached):
                    kernel = _build(job.model, more, more_needs)
                    return Prepared(kernel, watched, more, needs | more_needs & OF_SHARPNESS)
    return None


def _there(
    job: Job, compiled: tuple[Observable, ...], needs: frozenset[str]
) -> Iterator[tuple[tuple[Observable, ...], frozenset[str]]]:
    """Yield what kernels that may be there watch and need: the job's own, those of this process, the default ones."""
    yield compiled, needs
    yield from ((one.compiled, one.needs) for key, one in _OWN.items() if key[0] is job.model)
    for own in dict.fromkeys(((), job.own)):
        default = observables.expand(("default",), job.model, own)
        yield _watched(job._replace(variables=default, own=own))[1:]
