"""Every model of the table does what the rest relies on."""

import pytest

from eos_sweep import models
from eos_sweep.conformance.checks import CHECKS
from eos_sweep.contract import is_array

LANES = [name for name in models.TABLE if not is_array(models.get(name))]


@pytest.mark.parametrize("name", LANES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_models_conform(name, check):
    check(models.get(name))
