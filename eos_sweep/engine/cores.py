"""How many kernels can run at once on this machine.

Dask counts in the same way, but takes a tenth of a second to import.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OF_FIRST_VERSION = "cpuacct,cpu", "cpu,cpuacct", "cpu"  # names of the folder with a quota


def cores() -> int:
    """Return the number of cores that this process may use.

    The affinity of the process counts, and the quota of a container (cgroups).  From Python 3.13 on, so do the option
    ``-X cpu_count`` and the environment variable ``PYTHON_CPU_COUNT``.
    """
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return min([count or 1, *(max(1, math.ceil(quota)) for quota in _quotas())])


def _quotas() -> Iterator[float]:
    """Yield the cores that each control group above this process may use, if it has a quota."""
    for folder in OF_FIRST_VERSION:
        quota, period = (CONTROL_GROUPS / folder / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
        with contextlib.suppress(OSError, ValueError):
            if (microseconds := int(quota.read_text())) > 0:  # -1 is none
                yield microseconds / int(period.read_text())
    with contextlib.suppress(OSError):
        own = PurePosixPath(Path("/proc/self/cgroup").read_text().strip().rpartition(":")[2] or "/")
        for group in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # "max" is none
                limit = (CONTROL_GROUPS / str(group).lstrip("/") / "cpu.max").read_text()
                microseconds, period_of = map(int, limit.split())
                yield microseconds / period_of
