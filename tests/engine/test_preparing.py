"""Short work runs in a kernel of more observables that is there already, with the bits of a kernel of its own."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from eos_sweep import observables
from eos_sweep.conformance import trial
from eos_sweep.engine import batch, choosing, preparing
from eos_sweep.engine.digest import made
from eos_sweep.kernel_cache import NotCached, loading_only
from eos_sweep.models import bivariate
from helpers.kernel_and_numpy import columns, same_bits
from helpers.random_points import population

COUNTS = ("outcome", "crossings", "first_crossing", "loss_max")
MAXIMUM_AND_TAIL = ("sharpness_max", "tail_mean")
CHOICES = (
    COUNTS,
    MAXIMUM_AND_TAIL,
    ("tail_min", "tail_max"),
    ("sharpness_min",),
    ("sharpness_max", "tail_mean", "crossings", "period", "outcome_doubled", "period_doubled"),
    ("lyapunov", "loss_rises"),
)
STEPS = 1003  # the tail begins within a chunk


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Return a function that copies a model, so that no kernel of it is cached; the cache is the test's own."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def copy(model):
        (tmp_path / "my_copy.py").write_text(Path(model.__file__).read_text())
        return importlib.import_module("my_copy")

    yield copy
    sys.modules.pop("my_copy", None)


def job(model, variables, steps=STEPS):
    return batch.Job(model, tuple(variables), steps, 1e-12)


def test_short_work_shares_a_kernel_and_long_work_does_not(copied):
    mine, fewer = copied(bivariate), ("loss_max",)
    more = preparing.prepare(job(mine, COUNTS))
    with loading_only():
        assert choosing.prepare(job(mine, fewer), 100).kernel is more.kernel
        for variables, trajectories in ((fewer, choosing.SHORT // STEPS + 1), (("sign_flips",), 100)):
            with pytest.raises(NotCached):
                choosing.prepare(job(mine, variables), trajectories)
    inputs = trial.inputs(bivariate, 40)
    found, right = (batch.run(job(mine, names), *inputs) for names in (fewer, COUNTS))
    assert set(found) == {*fewer, "work"}
    assert not [name for name in found if not same_bits(found[name], right[name])]


@pytest.mark.slow
def test_a_shared_kernel_gives_the_bits_of_an_own_one_whatever_it_has_more(copied):
    mine = copied(bivariate)
    preparing.prepare(job(mine, observables.expand(("all",), mine)))
    preparing.prepare(job(mine, observables.expand(("default",), mine)))
    # A certified maximum has other bits where the eigenvalues of other steps are computed.
    with loading_only(), pytest.raises(NotCached):
        choosing.prepare(job(mine, ["sharpness_max"]), 500)
    inputs = columns(*population(500, STEPS, 1e-12)[:2], mine)
    for variables in CHOICES:
        wanted = job(mine, variables)
        with loading_only():
            kernel = choosing.prepare(wanted, 500).kernel
        shared = batch.run(wanted, *inputs)
        assert preparing.prepare(wanted).kernel is not kernel
        own = batch.run(wanted, *inputs)
        assert own.keys() == shared.keys()
        assert not [name for name in own if not same_bits(own[name], shared[name])]


SCRIPT = """
import importlib, json, sys
from eos_sweep import observables
from eos_sweep.conformance import trial
from eos_sweep.engine import batch, choosing
from eos_sweep.models import bivariate
model = importlib.import_module("my_copy")
names = json.loads(sys.argv[1])
variables = observables.expand(("default",), model) if names == "default" else tuple(names)
job = batch.Job(model, variables, 1003, 1e-12)
choosing.prepare(job, *map(float, sys.argv[2:] or ["inf"]))
found = batch.run(job, *trial.inputs(bivariate, 40))
print(json.dumps({name: values.astype(float).tobytes().hex() for name, values in found.items()}))
"""


@pytest.mark.slow
def test_the_next_process_shares_a_kernel_on_disk_until_the_model_is_edited(tmp_path):
    source = Path(bivariate.__file__).read_text()
    (tmp_path / "my_copy.py").write_text(source)

    def run(*arguments):
        environment = os.environ | {
            "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONPATH": os.pathsep.join((str(tmp_path), str(Path(bivariate.__file__).parents[2]))),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-c", SCRIPT, *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), len(list((tmp_path / "cache").rglob("kernel*.nbi")))

    assert run('"default"')[1] == 1
    shared, kernels = run(json.dumps(COUNTS), "40")
    assert kernels == 1
    own, kernels = run(json.dumps(COUNTS))
    assert kernels == 2 and own == shared
    line = "alpha - (alpha * pressure(theta, p) + left * beta2)"
    assert source.count(line) == 1
    (tmp_path / "my_copy.py").write_text(source.replace(line, line.replace("alpha - ", "alpha + ")))
    edited, kernels = run(json.dumps(COUNTS), "40")
    assert kernels == 3 and edited != own


def test_what_chooses_a_kernel_is_not_in_the_digest_of_the_numbers():
    _, answers = made((batch, ["run"]))
    assert preparing.__name__ in answers and choosing.__name__ not in answers
