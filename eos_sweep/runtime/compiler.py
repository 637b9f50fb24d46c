"""Compiles the kernel of a job before it is needed, and says in a line why that fails.

It stands here and not in the engine, since all that a kernel is built by belongs to the digest of its numbers.
"""

from eos_sweep.contract import Job
from eos_sweep.engine import choosing
from eos_sweep.errors import InputError, named, one_line
from eos_sweep.models import name_of


def prepare(job: Job, trajectories: int) -> None:
    """Compile the kernel for ``job``, or load it from the cache; see :func:`eos_sweep.engine.choosing.prepare`.

    Raises
    ------
    InputError
        If it cannot be compiled.
    """
    try:
        choosing.prepare(job, trajectories)
    except (KeyboardInterrupt, MemoryError, InputError):
        raise
    except BaseException as error:  # a compiler runs code of the model, which may raise SystemExit
        name, reason = name_of(job.model), named(one_line(error), 500)
        raise InputError(f"model {name}: its kernel cannot be compiled: {reason}; mend the model") from error
