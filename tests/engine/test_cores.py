"""The number of cores is that of those that the process may use."""

import os
import subprocess
import sys

import pytest

COUNT = "from eos_sweep.engine.cores import cores; print(cores())"
# A container's view of its control group, of the first and of the second version, in a mount namespace of its own.
QUOTA = """
mount -t tmpfs quota /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/cpu,cpuacct "/sys/fs/cgroup$GROUP"
if [ $VERSION = 1 ]; then
    echo 100000 > /sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us
    echo 100000 > /sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us
else
    echo 50000 100000 > "/sys/fs/cgroup$GROUP/cpu.max"
fi
exec "$@"
"""


def counted(*prefix, **environment):
    order = [*prefix, sys.executable, "-c", COUNT]
    return subprocess.run(order, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes have no affinity here")
def test_the_affinity_of_a_process_counts():
    mine = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(mine)})
        assert counted().stdout == "1\n"
    finally:
        os.sched_setaffinity(0, mine)


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_quota_of_a_container_counts(version):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no namespace can be made here")
    with open("/proc/self/cgroup") as file:
        group = file.read().strip().split(":")[-1]
    done = counted("unshare", "-m", "bash", "-c", QUOTA, "quota", VERSION=version, GROUP=group)
    assert done.stdout == "1\n", done.stderr


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python has this option from 3.13 on")
def test_the_option_of_python_counts():
    assert counted(PYTHON_CPU_COUNT="1").stdout == "1\n"
