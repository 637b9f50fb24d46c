"""The same bits whatever vectors the processor has."""

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
import numpy as np
from eos_sweep import observables
from eos_sweep.engine import batch
from eos_sweep.models import bivariate
rng = np.random.default_rng(0)
log = lambda least, most: 10.0 ** rng.uniform(least, most, 500)
parameters = {"lambda1": log(1, 4), "lambda2": log(-4, 0), "eta": log(-3, 0), "clip": log(-1, 3), "radius": log(-2, 1)}
initial = {"alpha": log(-1, 0), "beta1": log(-3, 0), "beta2": log(-1, 0)}
results = batch.run(batch.Job(bivariate, tuple(observables.variables(bivariate)), 700, 1e-20), initial, parameters)
assert len(np.unique(results["outcome"])) == 3 and results["crossings"].max() > 10
print(hashlib.sha256(b"".join(np.ascontiguousarray(values).tobytes() for values in results.values())).hexdigest())
"""


def bits(tmp_path, **settings):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), **settings}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_results_do_not_depend_on_the_vectors_of_the_processor(tmp_path):
    here = bits(tmp_path)
    assert bits(tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == here
    if platform.machine() in ("x86_64", "AMD64"):
        assert bits(tmp_path, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx2") == here
