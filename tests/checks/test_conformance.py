"""Every model of the table does what the rest relies on.  Checks that compile a kernel are slow."""

import pytest

from eos_sweep import models
from eos_sweep.conformance import checks
from eos_sweep.contract import is_array

LANES = [name for name in models.TABLE if not is_array(models.get(name))]
QUICK = (checks.check_declarations, checks.check_shapes, checks.check_descent, checks.check_hessian,
         checks.check_stability, checks.check_tangent, checks.check_bounds)  # fmt: skip
CASES = [
    pytest.param(check, name, marks=[] if check in QUICK else pytest.mark.slow,
                 id=f"{name}-{check.__name__.removeprefix('check_')}")
    for name in LANES
    for check in checks.CHECKS
]  # fmt: skip


@pytest.mark.parametrize(("check", "name"), CASES)
def test_models_conform(check, name):
    check(models.get(name))
