"""A model's functions written flat give the numbers of the functions themselves, to the last bit, with fewer calls."""

import types

import gmpy2
import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.checks.exact import arithmetic, flat
from eos_sweep.contract import is_array
from eos_sweep.plain import clipped

LANES = [name for name in models.TABLE if not is_array(models.get(name))]


@pytest.mark.parametrize("name", LANES)
@pytest.mark.parametrize("bits", [53, 300])
def test_flat_functions_give_the_same_bits(name, bits):
    model = models.get(name)
    own, of = arithmetic.translated(model), flat.flat(model)
    assert of.__name__ == "of"
    draw = np.random.default_rng(1)
    with arithmetic.precise(bits):
        for _ in range(20):
            theta = tuple(map(gmpy2.mpfr, draw.uniform(-1.5, 1.5, len(model.STATE)).tolist()))
            theta += (gmpy2.mpfr(0),) * len(model.CARRIED)
            p = tuple(map(gmpy2.mpfr, draw.uniform(0.05, 3, len(model.PARAMETERS)).tolist()))
            forward = of(p)
            for _ in range(5):
                found = forward(theta)
                assert same(found, flat.forward(own, theta, p))
                theta = found[1][1]


def same(one, other):
    """Tell whether two results are the same numbers, NaN included."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def test_each_operation_is_done_once():
    record = flat.Record()
    x, a = flat.Symbol(record, "x", False), flat.Symbol(record, "a", True)
    assert (x * x + 1.0).name == (x * x + 1.0).name
    assert record.lines == {True: [], False: ["t0 = x * x", "t1 = t0 + c0"]}
    assert (1.0 - x).name != (x - 1.0).name
    assert (a * a).fixed and not (a * x).fixed and record.lines[True] == ["t4 = a * a"]


def test_an_exact_product_has_no_rounding_error():
    record = flat.Record()
    x, y = flat.Symbol(record, "x", False), flat.Symbol(record, "y", False)
    product = x * y
    assert record.residual(x, y, product) == 0.0
    assert (product - record.residual(x, y, product) * y) is product
    assert record.residual(x, x, product).name == "t2" and record.lines[False][-1] == "t2 = t1 - t0"


def branching(theta, p):
    return (theta[0] / 2,) if theta[0] > 1 else theta


def test_functions_with_branches_stay_as_they_are():
    model = types.ModuleType("branching")
    vars(model).update(STATE={"x": None}, CARRIED=(), PARAMETERS={"eta": None}, step=branching, clipped=clipped)
    vars(model).update(loss=lambda theta, p: theta[0], stable=lambda c, bound: True, curvature=lambda theta, p: theta)
    forward = flat.flat(model)((gmpy2.mpfr(1),))
    assert [forward((gmpy2.mpfr(x),))[1][1][0] for x in (4, 1)] == [2, 1]
