"""Sweeps and formulas are plain data: a copy or a pickle is equal to the original, whatever was computed of it."""

import copy
import pickle

import pytest

import eos_sweep
from eos_sweep.errors import SpecError
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
