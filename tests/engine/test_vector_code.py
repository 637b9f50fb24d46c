"""Every pass over lanes is vector code, whichever observables are compiled in.

A branch, a call or an operation that has no vector form in one observable makes LLVM leave a whole pass scalar, at a
third of the speed and with the same results, so that nothing else would notice.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from eos_sweep import models, observables
from eos_sweep.contract import is_array
from eos_sweep.models import bivariate

SCRIPT = """
import json, sys
from eos_sweep import models
from eos_sweep.engine import batch, preparing
job = batch.Job(models.get(sys.argv[2]), tuple(json.loads(sys.argv[1])), 1000, 0.0)
print(next(iter(preparing.prepare(job).kernel.inspect_llvm().values())))
"""


def vector_loops(tmp_path, variables, model="bivariate"):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}  # a kernel from a cache shows no code
    command = [sys.executable, "-c", SCRIPT, json.dumps(variables), model]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return len(re.findall(r"^vector\.body[\w.]*:", done.stdout, re.MULTILINE))


def names(observable):
    return [name for name, (owner, _) in observables.variables(bivariate).items() if owner == observable]


@pytest.mark.slow
def test_each_observable_leaves_the_steps_and_the_counting_in_vector_code(tmp_path):
    alone = vector_loops(tmp_path, ["steps_taken"])
    assert alone >= 2
    watching = [name for name in observables.TABLE if hasattr(observables.get(name), "watch") and name != "lyapunov"]
    for observable in watching:
        assert vector_loops(tmp_path, names(observable)) >= alone, observable


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in models.TABLE if not is_array(models.get(name))])
def test_the_steps_and_the_counting_of_each_model_are_vector_code(tmp_path, model):
    assert vector_loops(tmp_path, ["steps_taken"], model) >= 2
