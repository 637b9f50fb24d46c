"""Quotients by a coordinate are exact, and coordinates get an exponent of their own where they need one."""

from fractions import Fraction

import numpy as np
import pytest

from eos_sweep.derivation.graph import depends, reachable
from eos_sweep.derivation.quotients import divided
from helpers.losses import calculus_of, exact, polynomial, term_of


def points(rng, names, count=5):
    return [
        {name: Fraction(int(rng.integers(1, 50)), int(rng.integers(1, 50))) for name in names} for _ in range(count)
    ]


def assert_quotient(g, term, name, quotient, rng):
    names = {part.name for part in reachable(term, name) if part.op == "name"}
    for values in points(rng, names):
        assert exact(quotient, values) * values[name.name] == exact(term, values)


@pytest.mark.parametrize("seed", range(60))
def test_times_the_coordinate_are_the_term(seed):
    rng = np.random.default_rng(seed)
    g, term = term_of(f"x*({polynomial(rng)})")
    x = g.name("x", False)
    quotient = divided(g, term, x)
    assert quotient is not None
    assert_quotient(g, term, x, quotient, rng)


@pytest.mark.parametrize("seed", range(60))
def test_of_slopes_are_exact_where_there_are_some(seed):
    rng = np.random.default_rng(seed)
    c = calculus_of(polynomial(rng))
    for x, slope in zip(c.state, c.first, strict=True):
        values = points(rng, {part.name for part in reachable(slope, x) if part.op == "name"}, 1)[0]
        quotient = divided(c.graph, slope, x)
        if quotient is None:
            assert exact(slope, values | {x.name: 0}) != 0
        else:
            assert_quotient(c.graph, slope, x, quotient, rng)


@pytest.mark.parametrize(
    "text",
    [
        "(x + 1)**2 - 1 + x*y",
        "(x + y)**3 - y**3",
        "x*exp(y) + x**2/(1 + y)",
        "(x*y + z)*(x*y - z) + z**2",
        "select(y > z, x*y, x**2)",
        "(exp(y) + x)**2 - exp(y)**2",
        "(x - y)*(x + y) + y**2",
    ],
)
def test_are_found(text):
    g, term = term_of(text)
    x = g.name("x", False)
    quotient = divided(g, term, x)
    assert quotient is not None
    if "exp" not in text:
        assert_quotient(g, term, x, quotient, np.random.default_rng(0))


@pytest.mark.parametrize("text", ["x + 1", "x*y + z", "cos(x)", "x + exp(x)", "y**2", "exp(x)*y", "x/(x + 1) + y"])
def test_are_not_found_where_there_are_none(text):
    g, term = term_of(text)
    assert divided(g, term, g.name("x", False)) is None


def test_have_no_division_by_the_coordinate():
    g, term = term_of("(x + 1)**2 - 1")
    quotient = divided(g, term, g.name("x", False))
    assert all(part.op != "/" for part in reachable(quotient))


@pytest.mark.parametrize(
    ("loss", "carried"),
    [
        ("lambda1*(x*y)**2/2 + lambda2*(x*z - 1)**2/2", "y"),
        ("(1 - x**2*y**2)**2/4", ""),
        ("(x*y - 1)**2/2", ""),
        ("(x*y*z*w - 1)**2/2", ""),
        ("(x**2 - 1)**2/4 + a*x*y**2/2", "y"),
        ("x**2/2 + y**2/2", ""),
        ("(w - 1)**2 + x**2*(1 + w**2)", "x"),
        ("(w - 1)**2 + x**2*(1 + exp(w))", "x"),
        ("(1 - w)**2 + 100*(x - w**2)**2", ""),
    ],
)
def test_a_coordinate_is_carried_if_others_decide_whether_it_shrinks(loss, carried):
    c = calculus_of(loss, ("lambda1", "lambda2", "a"))
    assert "".join(c.state[k].name for k in c.rates) == carried
    for k, rate in c.rates.items():
        assert any(depends(rate, x.name) for x in c.state if x is not c.state[k])
