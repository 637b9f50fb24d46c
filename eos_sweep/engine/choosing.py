"""Which kernel runs a job: its own, or one that watches more observables and is there already.

A kernel of its own takes some seconds to compile.  Work that is short beside that runs in the kernel of more
observables, if the cache has one, and what was not asked for is dropped.  The numbers have the same bits in both, so
nothing here belongs to their digest.
"""

import contextlib
from collections.abc import Iterator

from eos_sweep import observables
from eos_sweep.contract import MAXIMUM, Job, Observable, is_array
from eos_sweep.engine import preparing
from eos_sweep.engine.preparing import OF_SHARPNESS, OWN, SHARED, Prepared, key_of, watched_of
from eos_sweep.kernel_cache import NotCached, loading_only

SHORT = 2**28  # steps, half a second of a kernel for two coordinates; another kernel takes up to three times as long


def prepare(job: Job, trajectories: float) -> Prepared:
    """Compile a kernel for ``job``, or load one from the cache; other threads that need one wait.

    Parameters
    ----------
    job
        The job.
    trajectories
        How many there are in all.  If that is little work, a kernel of more observables that the cache has will do; all
        further batches of the job run in it.
    """
    if trajectories * job.steps > SHORT or is_array(job.model):
        return preparing.prepare(job)
    key = key_of(job)
    if found := OWN.get(key) or SHARED.get(key):
        return found
    with preparing.COMPILING:
        watched, compiled, needs = watched_of(job)
        found = OWN.get(key) or _loaded(job, watched, compiled, needs)
        if found:
            is_own = found.compiled == compiled and found.needs == needs
            (OWN if is_own else SHARED)[key] = found
    return found or preparing.prepare(job)


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
                    kernel = preparing.build_kernel(job.model, more, more_needs)
                    return Prepared(kernel, watched, more, needs | more_needs & OF_SHARPNESS)
    return None


def _there(
    job: Job, compiled: tuple[Observable, ...], needs: frozenset[str]
) -> Iterator[tuple[tuple[Observable, ...], frozenset[str]]]:
    """Yield what kernels that may be there watch and need: the job's own, those of this process, the default ones."""
    yield compiled, needs
    yield from ((one.compiled, one.needs) for key, one in OWN.items() if key[0] is job.model)
    for own in dict.fromkeys(((), job.own)):
        default = observables.expand(("default",), job.model, own)
        yield watched_of(job._replace(variables=default, own=own))[1:]
