"""A Python function is recorded by one call, and what a formula cannot do is refused in a line."""

import math
import time

import numpy as np
import pytest

from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import parse
from eos_sweep.formulas.parts import MAX_NODES
from eos_sweep.formulas.recording import record
from eos_sweep.formulas.text import show
from helpers.tree_values import evaluate

DATA = np.array([1.0, 2.0, 3.5])
AIMS = np.array([0.0, -1.5, 1.0])
MATRIX = np.arange(6.0).reshape(2, 3)


def halved(x, y):
    for _ in range(3):
        x = 0.5 * x + y
    return x


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x, y: 2 * x - y / 3 + -x**2 * 2**y, "2*x - y/3 + -x**2*2**y"),
        (lambda x, y: np.float64(2) * x + y * np.float32(0.5) - np.int64(3) / x, "2*x + y*0.5 - 3/x"),
        (lambda x, y: +abs(x) + np.abs(y) + np.square(x) + np.reciprocal(y), "abs(x) + abs(y) + x**2 + 1/y"),
        (lambda x, y: np.exp(x) + np.tanh(y) * np.sqrt(x) / np.log1p(y), "exp(x) + tanh(y)*sqrt(x)/log1p(y)"),
        (lambda x, y: np.where((x > 0) & (y < 1) | ~(x == 2), x, y), "select(x > 0 and y < 1 or not x == 2, x, y)"),
        (lambda x, y: np.where(np.logical_and(0 < x, x < 1), 1, y), "select(x > 0 and x < 1, 1, y)" ),
        (lambda x, y: np.maximum(x, 0) + np.minimum(0.5, y), "max(x, 0) + min(0.5, y)"),
        (lambda x, y: np.clip(x, -1, y) + np.clip(y, 0, None), "min(max(x, -1), y) + max(y, 0)"),
        (lambda x, y: np.logaddexp(0, x) + np.logaddexp(x, y), "softplus(x) + (x + softplus(y - x))"),
        (lambda x, y: np.pi * x, "3.141592653589793*x"),
        (lambda y, x: x - y, "x - y"),
        (halved, "0.5*(0.5*(0.5*x + y) + y) + y"),
        (lambda x, y: 2**60 * x + (2**60 + 1) * y, "1152921504606846976*x + 1152921504606846977*y"),
    ],
)  # fmt: skip
def test_a_function_is_the_formula_that_it_computes(function, text):
    assert record(function, ("x", "y"), "loss") == parse(text, "loss")


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: np.sum((x * DATA - AIMS) ** 2),
        lambda x, y: np.mean((DATA * x - AIMS) ** 2),
        lambda x, y: ((x * DATA - y * AIMS) ** 2).mean() / len(DATA),
        lambda x, y: sum((x * a - b) ** 2 for a, b in zip(DATA, AIMS, strict=True)),
        lambda x, y: np.sum(np.maximum(x * DATA, 0) + np.where(x * DATA > y, x * DATA, 0.1 * DATA)),
        lambda x, y: np.where(DATA > 1, x * DATA, y).sum(),
        lambda x, y: np.sum((MATRIX.T @ np.array([x, y]) - AIMS) ** 2),
        lambda x, y: np.sum(np.tanh(np.array([x, y])[:, None] * MATRIX)),
        lambda x, y: np.dot(x * DATA, AIMS) + (y * DATA) @ AIMS + (x * DATA)[0],
        lambda x, y: np.max(x * DATA) - (y * DATA).min() + np.prod(x * DATA),
        lambda x, y: np.sum(x * MATRIX, axis=0)[1] + np.mean(y * MATRIX, axis=-1)[0],
        lambda x, y: np.array(x) * 2 + np.sum([x, y]) + np.sum(y * DATA),
        lambda x, y: np.sum(np.add.reduce(x * MATRIX) ** 2) + np.sum(np.maximum.reduce(y * MATRIX, axis=1) ** 3),
        lambda x, y: np.sum(x * MATRIX, dtype=float, initial=None) + np.mean(y * MATRIX, dtype=np.float64, where=True),
        lambda x, y: (
            np.where(np.any(x * DATA > y) & np.all(DATA * y < 2), x, y) + np.sum(x * MATRIX, axis=np.int64(1))[0]
        ),
        lambda x, y: (
            np.dot(x * MATRIX, MATRIX.T)[0, 1] + np.inner(MATRIX, y * MATRIX)[1, 0] + np.matmul(x * DATA, AIMS)
        ),
        lambda x, y: np.clip(x, min=-0.5, max=y * y) + np.clip(y * DATA, a_min=0.0, a_max=None).sum(),
    ],
)
def test_sums_over_data_have_the_value_that_numpy_gives(function):
    tree = record(function, ("x", "y"), "loss")
    for x, y in ((0.3, -1.2), (-2.0, 0.7)):
        assert math.isclose(evaluate(tree, {"x": x, "y": y}), function(x, y), rel_tol=1e-14)
    assert show(parse(show(tree), "loss")) == show(tree)


MASK = np.array([True, False, True])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda w: np.sum(w * DATA, where=MASK), "with where = array([ True, False, True]); leave where out"),
        (lambda w: np.mean(w * DATA, where=MASK), "with where ="),
        (lambda w: (w * DATA).sum(where=MASK), "with where ="),
        (lambda w: np.prod(w * DATA, where=MASK), "with where ="),
        (lambda w: np.add.reduce(w * DATA, 0, None, None, False, 0.0, MASK), "with initial = 0.0"),
        (lambda w: np.sum(w * DATA, initial=5.0), "with initial = 5.0; leave initial out"),
        (lambda w: np.max(w * DATA, initial=7.0), "with initial = 7.0"),
        (lambda w: np.min(w * DATA, where=MASK, initial=7.0), "with initial = 7.0"),
        (lambda w: np.sum(w * DATA, dtype=int), "with dtype = "),
        (lambda w: np.sum(w * DATA, dtype=np.float32), "with dtype = "),
        (lambda w: np.sum(w * DATA, keepdims=True)[0], "with keepdims = True"),
        (lambda w: np.sum(w * DATA, axis=0, out=np.zeros((), object), where=MASK), "with where = "),
        (lambda w: np.sum(w * MATRIX, axis=True)[0], "give one axis or none"),
        (lambda w: np.sum(w * MATRIX, axis=(0, 1)), "give one axis or none"),
        (lambda w: np.power.reduce(w * DATA), "np.power with reduce"),
        (lambda w: np.exp(w * DATA, where=MASK).sum(), "np.exp with where"),
        (lambda w: np.exp(w * DATA, where=MASK, out=np.zeros(3, object)).sum(), "np.exp with where"),
        (lambda w: np.exp(w * DATA, dtype=np.float32).sum(), "np.exp with dtype"),
        (lambda w: np.add(w, 1.0, casting="unsafe"), "np.add with casting"),
        (lambda w: np.clip(w * DATA, 0.0, 1.0, where=MASK).sum(), "np.clip with where; use np.clip(x, least, most)"),
        (lambda w: np.clip(w * DATA, 0.0, 1.0, out=np.zeros(3)).sum(), "np.clip with out"),
        (lambda w: np.matmul(w * MATRIX, MATRIX.T, axes=[(1, 0), (0, 1), (0, 1)])[0, 1], "np.matmul with axes"),
    ],
)
def test_an_option_that_would_change_the_value_is_refused(function, message):
    with pytest.raises(InputError) as caught:
        record(function, ("w",), "loss")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_function_of_scipy_is_recorded():
    special = pytest.importorskip("scipy.special")
    tree = record(lambda x: special.erf(x) + special.expit(x) * special.ndtr(x), ("x",), "loss")
    assert tree == parse("erf(x) + sigmoid(x)*normal_cdf(x)", "loss")


def branching(x, y):
    return x if x > 0 else y


def in_place(x, y):
    total = np.zeros(3)
    total += x
    return total.sum()


def failing(x, y):
    raise KeyError("first\nsecond")


def endless(x, y):
    return endless(x, y)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (branching, "instead of if, min and max use np.where(condition, yes, no)"),
        (lambda x, y: 0 < x < y, "join conditions by & and |"),
        (lambda x, y: max(x, y), "np.maximum"),
        (lambda x, y: math.exp(x), "use NumPy's functions, such as np.tanh"),
        (lambda x, y: float(x), "use NumPy's functions"),
        (lambda x, y: int(x), "use NumPy's functions"),
        (lambda x, y: np.array([x], dtype=float), "use NumPy's functions"),
        (
            lambda x, y: len(x),
            "failed with TypeError: object of type 'Recorded' has no len(); its arguments are single",
        ),
        (lambda x, y: x[0], "not subscriptable; its arguments are single numbers"),
        (lambda x, y: list(x), "not iterable; its arguments are single numbers"),
        (lambda x, y: x % 2, "failed with TypeError"),
        (lambda x, y: x == None, "applies == to None; use real numbers"),  # noqa: E711
        (lambda x, y: x + "a", "applies + to 'a'; use real numbers"),
        (lambda x, y: x * 1j, "applies * to 1j; use real numbers"),
        (lambda x, y: x * math.nan, "applies * to nan; use finite numbers"),
        (lambda x, y: x * 10**400, "use finite numbers"),
        (lambda x, y: x * True, "the constant True"),
        (lambda x, y: (x > 0) * x, "applies * to a condition; use np.where(condition, yes, no)"),
        (lambda x, y: np.where(x, 1, 2), "applies select to a number; compare it, such as x > 0"),
        (lambda x, y: np.where(x > 0), "np.where without values"),
        (lambda x, y: np.arcsinh(x), "the function uses arcsinh, which no formula has"),
        (lambda x, y: np.argmax(x), "the function uses np.argmax on a number"),
        (lambda x, y: np.sum(x * DATA[:0]), "a shape or axis that is not supported"),
        (in_place, "write a = a + b instead of a += b"),
        (lambda x, y: 3.0, "the function returned 3.0; return a number that is computed from its arguments"),
        (lambda x, y: None, "the function returned nothing; end it with return"),
        (lambda x, y: (x, y), "the function returned a tuple of 2; return one number"),
        (lambda x, y: x * DATA, "the function returned an array of shape (3,); return one number, such as np.sum"),
        (lambda x, y: x > 0, "the function returned a condition, not a number; use np.where"),
        (lambda x: x, "the function has no argument y; add it"),
        (lambda x, z: x, "the function has an argument 'z'; there are: x, y"),
        (lambda *values: values, "the function takes *values; name each of its arguments"),
        (3, "3 is no Python function"),
        (failing, "the function failed with KeyError: 'first\\nsecond'"),
        (endless, "the function failed with RecursionError"),
    ],
)
def test_what_a_formula_cannot_do_is_refused_in_a_line(function, message):
    with pytest.raises(InputError) as caught:
        record(function, ("x", "y"), "loss")
    assert str(caught.value).startswith("loss: ") and message in str(caught.value) and "\n" not in str(caught.value)


def test_a_value_of_another_call_is_refused():
    kept = []

    def leaking(x):
        kept.append(x)
        return kept[0] + 1

    record(leaking, ("x",), "loss")
    with pytest.raises(InputError, match="a value of another call"):
        record(leaking, ("x",), "loss")
    with pytest.raises(InputError, match="returned a value of another call"):
        record(lambda x: kept[0], ("x",), "loss")


def test_a_long_loop_is_recorded_and_a_too_long_one_refused():
    def chain(count):
        def function(x):
            for _ in range(count):
                x = 0.5 * x + 1
            return x

        return function

    assert evaluate(record(chain(4000), ("x",), "loss"), {"x": 5.0}) == 2.0
    begun = time.perf_counter()
    for function in (chain(20000), lambda x: np.sum(x * np.zeros(10**6))):
        with pytest.raises(InputError, match=f"{MAX_NODES}.* tanh_net, relu, linear_net_full"):
            record(function, ("x",), "loss")
    assert time.perf_counter() - begun < 10
