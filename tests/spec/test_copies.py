"""Sweeps and formulas are plain data: a copy or a pickle is equal to the original, whatever was computed of it."""

import copy
import pickle
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest

import eos_sweep
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.sweeps import Sweep

QUARTIC = {"model": "quartic", "steps": 10, "axes": {"x": [1.0, 2.0], "eta": [0.1, 0.2]}, "initial": {"y": 1}}
FORMULA = QUARTIC | {"model": {"loss": "(x*y - 1)**2/2", "state": ["x", "y"]}}


@pytest.mark.parametrize(
    "given", [QUARTIC, QUARTIC | {"regimes": {"w": "x > 1"}}, FORMULA, QUARTIC | {"observables": {"m": "max(loss)"}}]
)
def test_what_was_computed_is_not_copied(given):
    sweep = Sweep.from_dict(given)
    facts = sweep.hash, sweep.variables, tuple(sweep.limits.items())
    for again in (copy.copy(sweep), copy.deepcopy(sweep), pickle.loads(pickle.dumps(sweep))):
        assert (again.hash, again.variables, tuple(again.limits.items())) == facts
        assert again.to_dict() == sweep.to_dict()


def test_a_step_size_by_default_is_a_number():
    with pytest.raises(SpecError, match=r"model\.parameters\.eta: got inf; give a finite number above zero"):
        eos_sweep.model("x**2", ["x"], {"eta": float("inf")})


def test_a_changed_copy_has_facts_of_its_own():
    sweep = Sweep.from_dict(QUARTIC)
    assert sweep.hash == Sweep.from_dict(QUARTIC).hash
    for deep in (False, True):
        longer = sweep.model_copy(update={"steps": 40}, deep=deep)
        assert longer.hash == Sweep.from_dict(QUARTIC | {"steps": 40}).hash and sweep.steps == 10


def test_rules_of_ones_own_are_known_in_another_process(tmp_path):
    limits = Sweep.from_dict(QUARTIC | {"regimes": {"early": "first_crossing < 3"}}).limits
    (tmp_path / "limits").write_bytes(cloudpickle.dumps(limits))  # as dask does it
    told = (
        "import pathlib, pickle, types, numpy as np\n"
        "limits = pickle.loads(pathlib.Path('limits').read_bytes())\n"
        "o = types.SimpleNamespace(first_crossing=np.array([-1, 0, 5]), outcome=np.zeros(3))\n"
        "print(limits.own[0].holds(o, types.SimpleNamespace()).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", told], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[False, True, False]\n", done.stderr


@pytest.mark.slow
def test_a_dataset_without_a_spec_keeps_events_that_never_came():
    dataset = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0]}, initial={"x": 0.5, "y": 0.1}, steps=20)
    bare = dataset.drop_attrs(deep=True)
    bare["first_crossing"] = "eta", np.array([-1, 0], np.int32)
    assert eos_sweep.label(bare, {"early": "first_crossing < 3"}).values.tolist()[0] != 64
    assert eos_sweep.label(bare, {"early": "first_crossing < 3"}).values.tolist()[1] == 64
    with pytest.raises(InputError, match=r"regimes: got \['chaotic', 'wild'\]; give names with conditions, such as"):
        eos_sweep.label(bare, ["chaotic", "wild"])
