"""A kernel of a model with a full Hessian of eight rows: right, in one piece, on disk, and new after an edit."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.checks.exact import numpy_run
from eos_sweep.conformance import checks, trial
from eos_sweep.contract import Job
from eos_sweep.engine.digest import digest

MODEL = "helpers.coupled_wells"
TESTS = Path(__file__).parents[1]

SCRIPT = """
import importlib, json, sys
from eos_sweep import models
from eos_sweep.conformance import trial
from eos_sweep.contract import Job
from eos_sweep.engine import batch, preparing
models.allow(sys.argv[1])
job = Job(models.get(sys.argv[1]), ("sharpness_max",), 64, 0.0)
kernel = preparing.prepare(job).kernel
found = batch.run(job, *trial.inputs(job.model))["sharpness_max"]
print(json.dumps([sum(kernel.stats.cache_hits.values()), found.tolist()]))
"""

MODEL_PART = """
from eos_sweep.unrolled import unrolled
from {helper} import scaled

@unrolled
def stable(matrix, bound):
    return scaled(matrix)[0] < bound
"""


@pytest.fixture
def wells(monkeypatch):
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    models.allow(MODEL)
    return models.get(MODEL)


@pytest.mark.parametrize(
    "check", [checks.check_descent, checks.check_hessian, checks.check_stability, checks.check_tangent]
)
def test_the_model_is_right(wells, check):
    check(wells)


@pytest.mark.slow
def test_a_kernel_with_all_observables_gives_the_bits_of_numpy(wells):
    checks.check_compiled(wells)


@pytest.mark.slow
def test_the_next_process_loads_the_kernel_and_its_maximum_is_that_of_numpy(wells, tmp_path):
    paths = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": paths}
    told = []
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT, MODEL]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    (first, values), (second, again) = told
    assert (first, second) == (0, 1) and values == again
    job = Job(wells, ("sharpness_max",), 64, 0.0)
    right = numpy_run.run(job, *trial.inputs(wells))["sharpness_max"]
    np.testing.assert_allclose(values, right, rtol=1e-13)


def test_an_edit_below_an_unrolled_function_is_seen(tmp_path, monkeypatch):
    """Also one in this package's own modules, since ``solver`` is reached like any other function."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "wells_part.py").write_text(MODEL_PART.format(helper="wells_helper"), encoding="utf-8")
    seen = []
    for factor in ("2.0", "3.0", "2.0"):
        text = f"def scaled(matrix):\n    return tuple({factor} * entry for entry in matrix)\n"
        (tmp_path / "wells_helper.py").write_text(text, encoding="utf-8")
        seen.append(digest((importlib.import_module("wells_part"), ["stable"])))
    assert seen[0] != seen[1] and seen[0] == seen[2]
    for name in ("wells_part", "wells_helper"):
        monkeypatch.delitem(sys.modules, name)
