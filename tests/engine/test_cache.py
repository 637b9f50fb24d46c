"""Kernels are loaded from disk by the next process, and an edit of a model or an observable never meets a stale one."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eos_sweep.models import bivariate
from eos_sweep.observables import loss_rises

ROOT = Path(bivariate.__file__).parents[2]

SCRIPT = """
import importlib, json, sys
import numpy as np
from eos_sweep import observables
from eos_sweep.engine import batch, kernel, kernels
model = importlib.import_module(sys.argv[1])
if len(sys.argv) > 3:
    observables.TABLE["mine"] = observables.Row(sys.argv[3], observables.BY_DEFAULT)
built = []
build = kernel.build
kernels.build = lambda *arguments: built.append(build(*arguments)) or built[-1]
results = {}
for names in json.loads(sys.argv[2]):
    initial = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
    parameters = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "clip": np.inf, "radius": 0.05}
    one = lambda values: {name: np.array([value]) for name, value in values.items()}
    job = batch.Job(model, tuple(names), 500, 0.0)
    results |= {name: values.item() for name, values in batch.run(job, one(initial), one(parameters)).items()}
hits = [sum(k.stats.cache_hits.values()) for k in built]
misses = [sum(k.stats.cache_misses.values()) for k in built]
print(json.dumps({"hits": hits, "misses": misses, "results": results}))
"""


def in_a_new_process(cache, model, *choices, observable=(), **environment):
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(cache / "cache"),
        "PYTHONPATH": os.pathsep.join((str(cache), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",  # two edits within a second leave bytecode that looks fresh
        **environment,
    }
    command = [sys.executable, "-c", SCRIPT, model, json.dumps(choices), *observable]
    done = subprocess.run(command, env=environment, cwd=cache, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_second_process_loads_every_kind_of_kernel_from_disk(tmp_path):
    choices = [["steps_taken"], ["sharpness_max"], ["tail_mean"], ["sharpness_max", "tail_mean"]]
    first = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", *choices)
    assert (first["hits"], first["misses"]) == ([0] * 4, [1] * 4)
    second = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", *choices)
    assert (second["hits"], second["misses"]) == ([1] * 4, [0] * 4)
    assert second["results"] == first["results"]


@pytest.mark.slow
def test_a_kernel_of_modules_that_were_read_as_sources_is_loaded_where_they_are_read_as_bytecode(tmp_path):
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    first = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", ["sharpness_max"], **kept)
    assert first["misses"] == [1] and any((tmp_path / "bytecode").rglob("bivariate.*.pyc"))
    second = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", ["sharpness_max"], **kept)
    assert second["hits"] == [1] and second["results"] == first["results"]


@pytest.mark.slow
def test_an_edited_model_is_compiled_anew(tmp_path):
    source = Path(bivariate.__file__).read_text()
    line = "alpha - (alpha * pressure(theta, p) + left * beta2)"
    assert source.count(line) == 1
    mine = tmp_path / "my_model.py"
    mine.write_text(source)
    ours = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", ["alpha_final"])
    same = in_a_new_process(tmp_path, "my_model", ["alpha_final"])
    assert same["results"] == ours["results"]
    mine.write_text(source.replace(line, line.replace("alpha - ", "alpha + ")))
    edited = in_a_new_process(tmp_path, "my_model", ["alpha_final"])
    assert edited["hits"] == [0] and edited["results"] != same["results"]
    mine.write_text(source)
    back = in_a_new_process(tmp_path, "my_model", ["alpha_final"])
    assert back["hits"] == [1] and back["results"] == same["results"]


@pytest.mark.slow
def test_an_edited_observable_is_compiled_anew(tmp_path):
    source = Path(loss_rises.__file__).read_text().replace('"loss_rises"', '"rises"')
    line = "moment.loss > moment.loss_before"
    assert source.count(line) == 1
    mine = tmp_path / "my_observable.py"

    def run(text):
        mine.write_text(text)
        return in_a_new_process(
            tmp_path, "eos_sweep.models.bivariate", ["rises", "loss_rises"], observable=["my_observable"]
        )

    same, edited, back = run(source), run(source.replace(line, line.replace(">", "<="))), run(source)
    assert same["results"]["rises"] == same["results"]["loss_rises"]
    assert edited["hits"] == [0]
    assert edited["results"]["rises"] == 500 - edited["results"]["loss_rises"]
    assert back["hits"] == [1] and back["results"] == same["results"]


@pytest.mark.slow
def test_claims_that_share_a_module_have_kernels_of_their_own_which_the_next_process_loads(tmp_path):
    choices = [["lemma_4_2_i_worst"], ["lemma_4_2_ii_worst"], ["gfs_decrease_worst"], ["gfs_bounds_worst"]]
    first = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", *choices)
    assert (first["hits"], first["misses"]) == ([0] * 4, [1] * 4)
    assert len({path.name for path in (tmp_path / "cache").rglob("*.nbi")}) == 4
    second = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", *choices)
    assert (second["hits"], second["misses"]) == ([1] * 4, [0] * 4)
    assert second["results"] == first["results"]
    assert len({first["results"][name] for (name,) in choices}) == 4


@pytest.mark.slow
def test_processes_that_compile_at_once_leave_a_cache_that_works(tmp_path):
    names = ["sharpness_max"]
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(in_a_new_process, tmp_path, "eos_sweep.models.bivariate", names) for _ in range(4)]
        first = [task.result() for task in tasks]
    after = in_a_new_process(tmp_path, "eos_sweep.models.bivariate", names)
    assert after["hits"] == [1] and after["misses"] == [0]
    assert all(one["results"] == after["results"] for one in first)
