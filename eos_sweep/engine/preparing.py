"""Which kernel runs a job: its own, or one that watches more observables and is there already.

A kernel of its own takes some seconds to compile.  Work that is short beside that runs in the kernel of more
observables, if the cache has one, and what was not asked for is dropped.  The numbers have the same bits in both, so
no digest looks into this module: a store goes on after another choice.
"""

import contextlib
import math
from collections.abc import Iterator

from eos_sweep import observables
from eos_sweep.contract import MAXIMUM, Job, Observable, is_array
from eos_sweep.engine import kernels
from eos_sweep.engine.kernels import OF_SHARPNESS, Prepared
from eos_sweep.kernel_cache import NotCached, loading_only

SHORT = 2**28  # steps, half a second of a kernel for two coordinates; another kernel takes up to three times as long


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
    if trajectories * job.steps > SHORT or is_array(job.model):
        return kernels.own(job)
    return _known(job) or _loaded(job) or kernels.own(job)


def _known(job: Job) -> Prepared | None:
    key = kernels.key_of(job)
    return kernels.OWN.get(key) or kernels.SHARED.get(key)


def _loaded(job: Job) -> Prepared | None:
    """Return what runs ``job`` with a kernel that is there, its own or one of more observables; None if none is.

    A certified maximum has the same bits only where both kernels compute the sharpness at the same steps.
    """
    watched, compiled, needs = kernels.watched(job)
    with kernels.COMPILING, loading_only():
        if found := _known(job):  # another thread was first
            return found
        for more, more_needs in _there(job, compiled, needs):
            is_same = needs & OF_SHARPNESS == more_needs & OF_SHARPNESS
            if set(compiled) <= set(more) and (is_same or MAXIMUM not in needs):
                with contextlib.suppress(NotCached):
                    kernel = kernels.built(job.model, more, more_needs)
                    found = Prepared(kernel, watched, more, needs | more_needs & OF_SHARPNESS)
                    is_own = found.compiled == compiled and found.needs == needs
                    (kernels.OWN if is_own else kernels.SHARED)[kernels.key_of(job)] = found
                    return found
    return None


def _there(
    job: Job, compiled: tuple[Observable, ...], needs: frozenset[str]
) -> Iterator[tuple[tuple[Observable, ...], frozenset[str]]]:
    """Yield what kernels that may be there watch and need: the job's own, those of this process, the default ones."""
    yield compiled, needs
    yield from ((one.compiled, one.needs) for key, one in kernels.OWN.items() if key[0] is job.model)
    for own in dict.fromkeys(((), job.own)):
        default = observables.expand(("default",), job.model, own)
        yield kernels.watched(job._replace(variables=default, own=own))[1:]
