"""Where the address space is short, the first kernel of a process is compiled, or a line says why not."""

import subprocess
import sys

import pytest

from eos_sweep import kernel_cache

SCRIPT = """
import resource, sys
import psutil
from eos_sweep.engine import batch, preparing
from eos_sweep.spec.sweeps import Sweep

given = {"model": "quadratic", "steps": 3, "axes": {"eta": [0.1]}, "parameters": {"a1": 1}, "initial": {"theta1": 1}}
job = Sweep.from_dict(given).job()
room = psutil.Process().memory_info().vms + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (room, room))
preparing.prepare(job)
"""


WORDS = "error", "bad_alloc", "allocation failed"  # the last two are LLVM's, which ends the process without memory


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
@pytest.mark.parametrize("room", [10, 50, 70, 100])
def test_a_short_address_space_keeps_no_first_kernel_waiting(room):
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(room)], capture_output=True, text=True, timeout=120)
    last = (done.stderr.splitlines() or [""])[-1].lower()
    assert done.returncode == 0 or any(word in last for word in WORDS), done.stderr


def test_fewer_threads_of_linear_algebra_need_less_room(monkeypatch):
    """A node of many cores under a limit of some GiB compiles, with one thread or where SciPy is loaded already."""
    monkeypatch.setattr(kernel_cache, "COMPILER", "json.tool")  # any module that is not imported yet
    monkeypatch.setattr(kernel_cache, "ALGEBRA", "no.such.module")
    monkeypatch.setattr(kernel_cache, "_address_space_left", lambda: 2.0**30)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "128")
    monkeypatch.delitem(sys.modules, "json.tool", raising=False)
    with pytest.raises(MemoryError, match="less than 4352 MiB .* with fewer threads, OPENBLAS_NUM_THREADS=1"):
        kernel_cache._import_compiler()
    monkeypatch.setattr(kernel_cache, "ALGEBRA", "json")  # as if loaded
    kernel_cache._import_compiler()
    monkeypatch.delitem(sys.modules, "json.tool")
    monkeypatch.setattr(kernel_cache, "ALGEBRA", "no.such.module")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    kernel_cache._import_compiler()
