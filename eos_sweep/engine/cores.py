"""How many kernels can run at once on this machine."""


def cores() -> int:
    """Return the number of cores that this process may use.

    The affinity of the process counts, and the quota of a container (cgroups).  From Python 3.13 on, so do the option
    ``-X cpu_count`` and the environment variable ``PYTHON_CPU_COUNT``.
    """
    from dask.system import cpu_count  # which takes a tenth of a second to import

    return cpu_count()
