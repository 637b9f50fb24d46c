"""What computes a sweep: threads of this process, processes of this machine, or the workers of a dask cluster."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError, one_line
from eos_sweep.spec.fields import at_least

if TYPE_CHECKING:
    from eos_sweep.store.location import Location


class Resources(NamedTuple):
    """What computes a sweep: one of the fields, or a thread of this process for each core.

    Attributes
    ----------
    workers : int, optional
        Number of processes of this machine.
    threads : int, optional
        Number of threads of this process.
    scheduler : optional
        Address of a dask scheduler, or a dask ``Client`` or ``Cluster``.
    scheduler_file : str or Path, optional
        File in which a dask scheduler has written its address.
    """

    workers: int | None = None
    threads: int | None = None
    scheduler: Any = None
    scheduler_file: str | Path | None = None

    def checked(self) -> "Resources":
        """Return the resources in plain numbers; InputError if they contradict each other or name nothing."""
        given = [name for name, value in self._asdict().items() if value is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)}: choose one of them")
        if self.scheduler_file is not None:
            _check_scheduler_file(self.scheduler_file)
        return self._replace(workers=_count("workers", self.workers), threads=_count("threads", self.threads))

    def check_reach(self, location: "Location") -> None:
        """Raise InputError if other processes compute, and only this one can reach the store."""
        if location.in_memory and not self.in_this_process:
            raise InputError(f"{location}: is memory of this process, which no worker reaches; leave workers out")

    @property
    def in_this_process(self) -> bool:
        """Whether threads of this process compute."""
        return self.workers is None and self.scheduler is None and self.scheduler_file is None

    @property
    def local_cores(self) -> int:
        """The number of cores of this machine that may be used."""
        return self.workers or self.threads or cores()


def _count(name: str, given: int | None) -> int | None:
    """Return a number of workers or threads; InputError if it is none."""
    return None if given is None else at_least(name, given, 1, ", or leave it out")


def _check_scheduler_file(path: str | Path) -> None:
    """Raise InputError unless a scheduler has written the file."""
    try:
        found = json.loads(Path(path).read_bytes())
        problem = "" if isinstance(found, dict) and isinstance(found.get("address"), str) else "it has no address"
    except (OSError, ValueError, RecursionError) as error:
        problem = one_line(error)
    if problem:
        raise InputError(f"{path}: not a scheduler file, {problem}; dask scheduler --scheduler-file writes one")
