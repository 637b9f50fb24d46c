"""Expressions: arithmetic is NumPy's, blocks have the bits of the whole, and nothing but arithmetic is let in."""

import itertools
import math
import pickle
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.formulas.expressions import FUNCTIONS, Expression, order, parse

ETA = np.geomspace(1e-3, 1.0, 37)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", np.float64(0.1)),
        ("1_000", np.float64(1000)),
        ("inf", np.float64(np.inf)),
        ("-inf", np.float64(-np.inf)),
        ("2 * pi", np.float64(2 * math.pi)),
        ("eta", ETA),
        (" sqrt(eta) ", np.sqrt(ETA)),
        ("-eta ** 2", -np.float_power(ETA, 2.0)),
        ("(-eta) ** 2", np.float_power(ETA, 2.0)),
        ("2 ** -eta", np.float_power(2.0, -ETA)),
        ("2 ** 3 ** 2", np.float64(512)),
        ("1 - 2 - 3", np.float64(-4)),
        ("sqrt(10) / 6 / sqrt(eta)", np.sqrt(10.0) / 6.0 / np.sqrt(ETA)),
        ("exp(eta) + log(eta) * log10(eta)", np.exp(ETA) + np.log(ETA) * np.log10(ETA)),
        ("abs(log(eta))", np.abs(np.log(ETA))),
        ("min(eta, 0.1, 0.05)", np.minimum(ETA, 0.05)),
        ("max(0.1, eta)", np.maximum(ETA, 0.1)),
        ("min(inf, eta)", ETA),
        ("1 / inf", np.float64(0)),
        ("(1 +\n eta)", 1 + ETA),
    ],
)
def test_arithmetic_is_that_of_numpy(text, expected):
    value = parse(text, "radius").evaluate({"eta": ETA})
    assert isinstance(value, np.ndarray) and value.dtype == np.float64
    assert value.shape == expected.shape
    assert value.tobytes() == np.asarray(expected).tobytes()


def test_names_are_those_that_it_needs():
    assert parse("2 * pi", "x").names == frozenset()
    assert parse("sqrt(eta) / lambda1 + min(eta, inf)", "x").names == {"eta", "lambda1"}
    assert parse("normal(0, eta)", "x").names == {"eta", "seed"}


def test_an_expression_is_plain_data():
    expression = parse("sqrt(eta) + normal(0, 1)", "alpha")
    assert (expression.text, expression.target) == ("sqrt(eta) + normal(0, 1)", "alpha")
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert hash(expression) == hash(parse("sqrt(eta) + normal(0, 1)", "alpha"))
    with pytest.raises(AttributeError):
        expression.text = "1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "not an expression"),
        ("   ", "not an expression"),
        ("__import__('os')", "no function '__import__'"),
        ("eval('1')", "no function 'eval'"),
        ("(1).real", "'(1).real' is not allowed"),
        ("eta.__class__", "'eta.__class__' is not allowed"),
        ("eta.real(1)", "'eta.real(1)' is not allowed"),
        ("a.b" * 100, "is not allowed"),
        ("lambda: 1", "'lambda: 1' is not allowed"),
        ("[eta][0]", "'[eta][0]' is not allowed"),
        ("(eta, 1)", "is not allowed"),
        ("{1: 2}", "is not allowed"),
        ("'text'", "is not allowed"),
        ("f'{eta}'", "is not allowed"),
        ("True", "'True' is not allowed"),
        ("None", "'None' is not allowed"),
        ("...", "'...' is not allowed"),
        ("1j", "'1j' is not allowed"),
        ("eta // 2", "is not allowed"),
        ("eta % 2", "is not allowed"),
        ("eta @ eta", "is not allowed"),
        ("~1", "is not allowed"),
        ("1 << 9", "is not allowed"),
        ("eta < 1", "is not allowed"),
        ("1 if eta else 2", "is not allowed"),
        ("(x := 1)", "is not allowed"),
        ("[x for x in eta]", "is not allowed"),
        ("sqrt(x=1)", "is not allowed"),
        ("sqrt(*eta)", "is not allowed"),
        ("sqrt", "sqrt is a function"),
        ("2 * normal", "normal is a function"),
        ("sqrt(1, 2)", "sqrt takes 1 argument, got 2"),
        ("normal(1)", "normal takes 2 arguments, got 1"),
        ("uniform(1, 2, 3)", "uniform takes 2 arguments, got 3"),
        ("max(1)", "max takes 2 arguments, got 1"),
        ("erf(1)", "no function 'erf'"),
        ("sqrt(eta", "not an expression"),
        ("1 +", "not an expression"),
        ("1 2", "not an expression"),
        ("eta = 1", "not an expression"),
        ("import os", "not an expression"),
        ("1; 2", "not an expression"),
        ("1\n+ 2", "not an expression"),
        ("eta\0", "not an expression"),
        ("λ", "not an expression"),
        ("1if", "not an expression"),
        ("1e999", "too large"),
        ("9" * 400, "too large"),
        ("1" * 501, "501 characters are too many"),
        ("(" * 240 + "1" + ")" * 240, "not an expression"),
        ("-" * 499 + "1", "nested too deeply"),
        ("+".join("1" * 200), "nested too deeply"),
        ("2**" * 150 + "2", "nested too deeply"),
        ("not " * 120 + "1", "is not allowed"),
    ],
)
def test_what_is_not_arithmetic_is_refused_at_once(text, fragment):
    begin = time.process_time()
    with pytest.raises(ValueError) as caught:
        parse(text, "radius")
    assert time.process_time() - begin < 1
    message = str(caught.value)
    assert message.startswith("radius = ") and fragment in message and "\n" not in message and len(message) < 300


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("1 / (eta - eta)", "1.0 / 0.0 is inf"),
        ("9 ** 9 ** 9", "9.0 ** 387420489.0 is inf"),
        ("exp(1000)", "exp(1000.0) is inf"),
        ("log(0)", "log(0.0) is -inf"),
        ("sqrt(-eta)", "sqrt(-0.001) is nan"),
        ("inf - inf", "inf - inf is nan"),
        ("0 * inf", "0.0 * inf is nan"),
        ("min(0 / 0, 1)", "0.0 / 0.0 is nan"),
        ("(-1) ** 0.5", "-1.0 ** 0.5 is nan"),
        ("etaa + 1", "no value for 'etaa'"),
        ("normal(0, 1)", "no value for 'seed'"),
    ],
)
def test_an_operation_without_a_number_is_an_error(text, fragment):
    begin = time.process_time()
    with pytest.raises(ValueError) as caught:
        parse(text, "radius").evaluate({"eta": ETA})
    assert time.process_time() - begin < 1
    assert fragment in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_errors_do_not_warn_as_well():
    for text in ("1 / 0", "1if", "log(-1)"):
        with pytest.raises(ValueError):
            parse(text, "radius").evaluate({})


leaf = st.sampled_from(["a", "b", "2", "0.5", "3.0", "pi"])
expression_text = st.recursive(
    leaf,
    lambda child: st.one_of(
        st.tuples(child, st.sampled_from(["+", "-", "*", "/", "**"]), child).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["sqrt", "exp", "log", "log10", "abs"]), child).map(lambda t: f"{t[0]}(abs({t[1]}))"),
        st.tuples(st.sampled_from(["min", "max"]), child, child).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        child.map(lambda text: f"-{text}"),
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(text=expression_text, data=st.data())
def test_blocks_have_the_bits_of_the_whole(text, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    a = rng.uniform(0.1, 9, 29)[:, None]
    b = np.concatenate([[2.0, 0.5, 1.0, -0.0, 3.0], rng.uniform(-2, 3, 8)])[None, :]
    expression = parse(text, "x")
    try:
        whole = np.broadcast_to(expression.evaluate({"a": a, "b": b}), (29, 13))
    except ValueError:
        return
    rows, columns = data.draw(st.integers(1, 29)), data.draw(st.integers(1, 13))
    for row in range(0, 29, rows):
        for column in range(0, 13, columns):
            block = expression.evaluate({"a": a[row : row + rows], "b": b[:, column : column + columns]})
            expected = whole[row : row + rows, column : column + columns]
            assert np.broadcast_to(block, expected.shape).tobytes() == expected.tobytes()


def test_a_power_does_not_depend_on_how_many_exponents_a_block_has():
    base = np.random.default_rng(0).uniform(0.1, 9, 1000)
    expression = parse("a ** b", "x")
    whole = expression.evaluate({"a": base, "b": np.full(1000, 2.0)})
    assert expression.evaluate({"a": base, "b": 2.0}).tobytes() == whole.tobytes()
    assert parse("a ** 2", "x").evaluate({"a": base}).tobytes() == whole.tobytes()


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name in ("sqrt", "exp", "log", "log10", "abs")])
def test_functions_do_not_depend_on_strides_or_position(function):
    expression = parse(f"{function}(a)", "x")
    a = np.random.default_rng(1).uniform(0.01, 20, 1003)
    whole = expression.evaluate({"a": a})
    assert expression.evaluate({"a": a[::-3]}).tobytes() == whole[::-3].tobytes()
    assert expression.evaluate({"a": np.broadcast_to(a[7], 5)}).tobytes() == whole[[7] * 5].tobytes()
    assert all(expression.evaluate({"a": value}) == whole[i] for i, value in enumerate(a[:50]))


@settings(max_examples=40)
@given(seeds=st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=12))
def test_a_draw_depends_on_the_value_of_the_seed_only(seeds):
    expression = parse("normal(a, 2)", "alpha")
    values = np.array(seeds, dtype=float)
    drawn = expression.evaluate({"seed": values, "a": np.array([[0.0], [1.0]])})
    assert drawn.shape == (2, len(seeds))
    for index, seed in enumerate(seeds):
        assert drawn[1, index] == expression.evaluate({"seed": seed, "a": 1.0})
    assert expression.evaluate({"seed": values[::-1], "a": 0.0}).tobytes() == drawn[0, ::-1].tobytes()


def test_draws_are_distributed_as_they_say():
    seeds = np.arange(4000.0)
    normal = parse("normal(3, 2)", "alpha").evaluate({"seed": seeds})
    assert abs(normal.mean() - 3) < 0.15 and abs(normal.std() - 2) < 0.1
    uniform = parse("uniform(-1, 3)", "alpha").evaluate({"seed": seeds})
    assert uniform.min() >= -1 and uniform.max() < 3 and abs(uniform.mean() - 1) < 0.1


def test_draws_of_two_targets_and_two_calls_differ():
    seed = {"seed": np.arange(3.0)}
    alpha, beta = (parse("normal(0, 1)", name).evaluate(seed) for name in ("alpha", "beta1"))
    assert not np.any(alpha == beta)
    twice = parse("normal(0, 1) - normal(0, 1)", "alpha").evaluate(seed)
    assert np.all(twice != 0)
    first = parse("normal(0, 1) + 0 * uniform(0, 1)", "alpha").evaluate(seed)
    assert first.tobytes() == alpha.tobytes()


def test_draws_stay_the_same_from_version_to_version():
    generator = np.random.default_rng([7, zlib.crc32(b"alpha"), 0])
    assert parse("normal(0, 1)", "alpha").evaluate({"seed": 7.0}) == generator.standard_normal()


@pytest.mark.parametrize("seed", [-1.0, 0.5, np.nan, np.inf, 2.0**53])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(ValueError, match="alpha = .*seeds must be whole numbers >= 0"):
        parse("normal(0, 1)", "alpha").evaluate({"seed": [0.0, seed]})


def _all(**texts: str) -> dict[str, Expression]:
    return {target: parse(text, target) for target, text in texts.items()}


def test_order_puts_what_is_needed_first():
    assert order(_all(a="b + c", b="c", c="eta")) == ["c", "b", "a"]
    assert order({}) == []


@pytest.mark.parametrize(
    ("texts", "circle"),
    [
        ({"a": "a + 1"}, "a -> a"),
        ({"a": "b", "b": "2 * a"}, "b -> a -> b"),
        ({"a": "b", "b": "c", "c": "a", "d": "a"}, "c -> a -> b -> c"),
    ],
)
def test_a_circle_is_shown(texts, circle):
    with pytest.raises(ValueError) as caught:
        order(_all(**texts))
    shown = str(caught.value).split(": ")[1].split(";")[0].split(" -> ")
    assert shown[0] == shown[-1] and set(shown) == set(circle.split(" -> "))
    assert all(after in parse(texts[before], before).names for before, after in itertools.pairwise(shown))
