"""Derivatives at zero, on the side of a piecewise function that is not taken, and where two coordinates are equal."""

import numpy as np
import pytest

from eos_sweep.derivation import settling
from eos_sweep.derivation.linear import newton
from eos_sweep.errors import InputError
from helpers.losses import model_of

ETA = (np.array([1.0]),)


def at(loss, *coordinates, p=ETA):
    """Gradient and Hessian of a loss of x and y at a point."""
    model, here = model_of(loss, ["x", "y"]), tuple(np.array([float(x)]) for x in coordinates)
    with np.errstate(all="ignore"):
        both = model.slopes(here, p), model.bends(here, p)
    return [tuple(float(np.squeeze(one)) for one in part) for part in both]


@pytest.mark.parametrize(
    "loss", ["x**2.5", "abs(x)**2.5", "(x**2)**1.5", "sqrt(x**4)*x", "(x**4)**0.75", "(x**2*y**2)**1.5", "x**3.5"]
)
def test_powers_that_are_not_whole_have_derivatives_at_zero(loss):
    assert at(f"{loss} + y**2", 0, 1) == [(0.0, 2.0), (0.0, 0.0, 2.0)]


@pytest.mark.parametrize("loss", ["sqrt(x**2)", "(x**2)**0.5", "sqrt(x**2*y**2)", "(x**2)**0.7", "sqrt(4*x**2)"])
def test_a_root_of_a_square_is_an_absolute_value(loss):
    with pytest.raises(InputError, match=r"at column \d+ is not twice differentiable, as at x = "):
        model_of(f"{loss} + y**2", ["x", "y"])


def test_a_side_that_is_not_taken_has_no_say():
    loss = "select(k > 1.5, log(x*y), select(k > 0.5, 1/(x*y), x**2 + 3*y**2))"
    assert at(loss, -1, 0, p=(np.array([0.0]), *ETA)) == [(-2.0, 0.0), (2.0, 0.0, 6.0)]


@pytest.mark.parametrize("loss", ["min(x, y)**2 + max(x, y)**2", "relu(x) + log1p(exp(-abs(x))) + y**2"])
def test_pieces_fit_together_where_numbers_are_equal(loss):
    values = [at(loss, x, x) for x in (-1e-9, 0.0, 1e-9)]
    for near in (values[0], values[2]):
        for one, other in zip(values[1], near, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.parametrize("loss", ["0*x*y + y", "x - x + y**2", "exp(-1000)*x + y", "x**0 + y**2"])
def test_a_coordinate_that_cancels_out_is_refused(loss):
    with pytest.raises(InputError, match="'x'"):
        model_of(loss, ["x", "y"])


@pytest.mark.parametrize(("x", "passes"), [(6.4e-4, False), (0.5, True)])
def test_a_bottleneck_is_no_minimum(x, passes):
    """x^3/3 + d x falls for ever, slowest at 0; x^3/3 - x/4 has a minimum at 1/2."""
    d = 1e-7 if not passes else -0.25
    push, bend = (np.array([x * x + d]),), (np.array([2 * x]),)
    way, _, least = newton(bend, push)
    end = (2 * (x - way[0]),)
    assert bool(settling.gap(bend, end, least)[0] < 1.0) is passes


def test_where_all_curvatures_are_negative_nothing_is_settled():
    model = model_of("(x**2 + y**2 - 1)**2/4", ["x", "y"])
    theta, p = tuple(np.array([1e-3]) for _ in range(2)), (np.array([1.9]),)
    theta = (*theta, *(np.zeros(1) for _ in model.CARRIED))
    assert not model.settled(theta, p, model.loss(theta, p), 1e-4)[0]
