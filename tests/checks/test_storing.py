"""What storing adds to a sweep's kernels: the parts of processes that only compute, the processor time, the table."""

import json
import sys

import numpy as np
import pytest

from eos_sweep.checks.bench import all_processes, kernel_alone, storing
from eos_sweep.checks.bench.all_processes import Timed
from eos_sweep.errors import InputError
from eos_sweep.runtime.evaluation import BATCH_TRAJECTORIES, evaluate
from eos_sweep.spec.sweeps import Sweep
from helpers.stores import command, strict, toml

SPEC = {
    "model": "quadratic", "steps": 20, "observables": ["steps_taken"],
    "parameters": {"a1": 1}, "initial": {"theta1": 1},
    "axes": {"eta": {"linear": [0.1, 3, 2 * BATCH_TRAJECTORIES + 100]}},
}  # fmt: skip


def test_the_parts_of_several_processes_are_the_whole_sweep():
    sweep = Sweep.from_dict(SPEC)
    parts = [kernel_alone.compute(sweep, part, 2) for part in range(2)]
    whole = evaluate(sweep, (slice(0, sweep.size),), np.arange(sweep.size))["work"]
    batches = np.add.reduceat(whole, range(0, sweep.size, BATCH_TRAJECTORIES))
    assert parts == [batches[0] + batches[2], batches[1]]


BUSY = "import time\nwhile time.process_time() < {}: pass"
ORPHAN = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {!r}])
"""


def test_processor_time_is_that_of_all_processes(tmp_path):
    two = all_processes.timed([("-c", BUSY.format(0.2)), ("-c", BUSY.format(0.2))], str(tmp_path))
    assert 0.2 <= two.seconds and 0.4 <= two.processor_seconds
    if sys.platform == "linux":  # a process whose parent has ended counts, too
        orphan = all_processes.timed([("-c", ORPHAN.format(BUSY.format(0.3)))], str(tmp_path))
        assert 0.3 <= orphan.processor_seconds


def test_a_program_that_fails_is_told(tmp_path):
    with pytest.raises(InputError, match="a program failed, .*ZeroDivisionError"):
        all_processes.timed([("-c", "pass"), ("-c", "1 / 0")], str(tmp_path))


def test_ratios_are_taken_within_a_round():
    """In the second round everything takes twice as long."""
    found = {
        storing.KERNELS: [Timed(1.0, 2.0), Timed(2.0, 4.0)],
        storing.THREADS: [Timed(1.25, 2.1), Timed(2.5, 4.2)],
        storing.WORKERS: [Timed(2.0, 3.0), Timed(4.0, 6.0)],
    }
    assert storing.speeds(found)[storing.THREADS] == [0.8, 0.8]
    assert storing.to_dict(found)[storing.WORKERS]["work"] == 1.5
    rows = storing.text(found).splitlines()
    assert [row.split("  ")[0] for row in rows[1:]] == list(found)
    assert "0.800 (0.800-0.800)" in rows[2] and "1.500 (1.500-1.500)" in rows[3]


@pytest.mark.slow
def test_the_command_times_a_sweep(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    done = command("bench", "--sweep", "s.toml", "--repeats", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = strict(done.stdout)
    assert told.keys() == {storing.KERNELS, storing.THREADS, storing.WORKERS}
    assert told[storing.KERNELS]["speed"] == told[storing.KERNELS]["work"] == 1
    assert all(min(one["processor_seconds"]) > 0 for one in told.values())
    assert json.dumps(told) and [file.name for file in tmp_path.iterdir()] == ["s.toml"]
