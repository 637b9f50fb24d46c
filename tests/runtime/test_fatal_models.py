"""Whatever a model raises, and however it does so, the run ends: the block has failed, and says why."""

import json
import os
import subprocess

import pytest

from helpers.stores import CLI, command, toml

# A model whose check of inputs raises in one block of ten, and not where the spec's probes look.
MODEL = """
from eos_sweep.models.quadratic import *
from eos_sweep.models import quadratic

class Dumb(Exception):
    def __str__(self):
        raise SystemExit("an error of an error")

def _harmless(values):
    eta = values["eta"]
    if eta.size > 1 and ((eta > 0.0305) & (eta < 0.0315)).any():
        raise ERROR
    return eta > 0

CONDITIONS = {"eta > 0": _harmless}
"""
ERRORS = {
    "SystemExit(0)": "SystemExit: 0",
    "KeyboardInterrupt('here')": "KeyboardInterrupt: here",
    "GeneratorExit()": "GeneratorExit",
    "StopIteration()": "StopIteration",
    "BaseException('of its own')": "BaseException: of its own",
    "Dumb()": "Dumb",
    "ValueError('\\udc80')": "ValueError: \\udc80",
}


def spec(model):
    axes = {"eta": {"linear": [0.001, 0.1, 100]}, "a1": {"linear": [1, 2, 100]}}
    return {
        "model": model,
        "steps": 5,
        "observables": ["steps_taken"],
        "axes": axes,
        "initial": {"theta1": 1},
        "chunks": {"eta": 10, "a1": 100},
    }


def outcome_of_a_run(folder, error, *options):
    (folder / "fatal.py").write_text(MODEL.replace("ERROR", error))
    toml(folder / "s.toml", spec("fatal"))
    done = command("--import", "fatal", "run", "s.toml", "-o", "s", *options, cwd=folder)
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    return json.loads(command("--import", "fatal", "status", "s", "--json", cwd=folder).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS)
def test_a_block_whose_model_raises_anything_has_failed_and_the_others_are_done(tmp_path, error):
    found = outcome_of_a_run(tmp_path, error)
    (failure,) = found["failed"].values()
    assert found["blocks_done"] == 9 and failure["attempts"] == 3
    assert ERRORS[error] in failure["error"].splitlines()[-1] or ERRORS[error] in repr(failure["error"])
    assert failure["point"].startswith("eta = 0.031")


@pytest.mark.slow
@pytest.mark.parametrize("error", ["SystemExit(0)", "Dumb()", "KeyboardInterrupt('here')"])
def test_the_same_holds_on_workers(tmp_path, error):
    found = outcome_of_a_run(tmp_path, error, "--workers", "1")
    (failure,) = found["failed"].values()
    assert found["blocks_done"] == 9 and failure["attempts"] == 3 and ERRORS[error] in failure["error"]


UNCOMPILED = """
from numba.extending import overload
from eos_sweep.models.quadratic import *
from eos_sweep.models import quadratic

def same(x):
    return x

@overload(same)
def _same(x):
    raise ERROR

def step(theta, p):
    return quadratic.step((same(theta[0]), *theta[1:]), p)
"""


@pytest.mark.slow
@pytest.mark.parametrize("error", ["SystemExit(0)", "GeneratorExit()", "ValueError('not this one')"])
def test_a_model_that_cannot_be_compiled_is_told_in_a_line(tmp_path, error):
    (tmp_path / "fatal.py").write_text(UNCOMPILED.replace("ERROR", error))
    toml(tmp_path / "s.toml", spec("fatal"))
    done = command("--import", "fatal", "run", "s.toml", "-o", "s", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "model fatal: its kernel cannot be compiled" in done.stderr


@pytest.mark.slow
def test_a_model_that_is_allowed_and_not_used_may_be_anything(tmp_path):
    (tmp_path / "broken.py").write_text("raise SystemExit(0)")
    toml(tmp_path / "s.toml", spec("quadratic"))
    environment = {**os.environ, "EOS_SWEEP_MODELS": os.pathsep.join(["broken", "not_here"])}
    done = subprocess.run(
        [str(CLI), "run", "s.toml", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0 and json.loads(done.stdout)["failed"] == 0, done.stderr
