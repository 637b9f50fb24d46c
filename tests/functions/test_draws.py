"""Random draws: known answers, the same bits everywhere, and that they are as random as they say."""

import itertools
import math
import re
import types
from fractions import Fraction

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from eos_sweep.checks.exact import arithmetic, flat
from eos_sweep.derivation import imports, numeric
from eos_sweep.derivation.differentiate import gradient, hessian
from eos_sweep.derivation.graph import Graph
from eos_sweep.derivation.writing import Lines
from eos_sweep.engine import lanes
from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import parse
from eos_sweep.functions import normal_draw, sign_draw, uniform_draw
from eos_sweep.functions.draws import DRAWS, threefry
from eos_sweep.plain import clipped
from helpers.function_loops import padded
from helpers.kernel_and_numpy import same_bits

KINDS = {normal_draw: 1, sign_draw: 2, uniform_draw: 3}
each_draw = pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)
words = st.integers(0, 2**64 - 1)
whole = st.one_of(st.integers(0, 100), st.integers(0, 2**53 - 1))

# Counter, key and answer of the rows "threefry2x64 20" of kat_vectors, which belongs to Random123.
KNOWN = [
    (("0" * 16,) * 2, ("0" * 16,) * 2, ("c2b6e3a8c2c69865", "6f81ed42f350084d")),
    (("f" * 16,) * 2, ("f" * 16,) * 2, ("e02cb7c4d95d277a", "d06633d0893b8b68")),
    (
        ("243f6a8885a308d3", "13198a2e03707344"),
        ("a4093822299f31d0", "082efa98ec4e6c89"),
        ("263c7d30bb0f0af1", "56be8361d3311526"),
    ),
]


def reference(key, counter):
    """Return the words of Threefry-2x64 with 20 rounds, in Python's integers, as the paper states it."""
    mask = 2**64 - 1
    keys = [*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1]]
    x = [(counter[0] + keys[0]) & mask, (counter[1] + keys[1]) & mask]
    for number, turn in zip(range(20), itertools.cycle((16, 42, 12, 31, 16, 32, 24, 21)), strict=False):
        x[0] = (x[0] + x[1]) & mask
        x[1] = (x[1] << turn | x[1] >> 64 - turn) & mask ^ x[0]
        if number % 4 == 3:
            part = number // 4 + 1
            x[0] = (x[0] + keys[part % 3]) & mask
            x[1] = (x[1] + keys[(part + 1) % 3] + part) & mask
    return tuple(x)


def between(word):
    return Fraction(2 * (word >> 12) + 1, 2**53)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    counter, key, answer = ([int(word, 16) for word in words] for words in (counter, key, answer))
    assert reference(key, counter) == tuple(answer)
    assert threefry(*map(np.uint64, (*key, *counter))) == tuple(answer)


@given(st.tuples(words, words), st.tuples(words, words))
def test_words_are_those_of_the_paper(key, counter):
    assert threefry(*map(np.uint64, key + counter)) == reference(key, counter)


@given(whole, whole, whole)
def test_draws_are_made_of_these_words(seed, step, coordinate):
    at = float(seed), float(step), float(coordinate)
    assert uniform_draw(*at) == between(reference((seed, KINDS[uniform_draw]), (step, coordinate))[0])
    assert sign_draw(*at) == 1 - 2 * (reference((seed, KINDS[sign_draw]), (step, coordinate))[0] >> 63)
    first, second = reference((seed, KINDS[normal_draw]), (step, coordinate // 2))
    angle = 2.0 * math.pi * float(between(second))
    turned = math.sin(angle) if coordinate % 2 else math.cos(angle)
    right = math.sqrt(-2.0 * math.log(between(first))) * turned
    assert normal_draw(*at) == pytest.approx(right, rel=1e-14, abs=1e-15)


def triples(count):
    """Return seeds, steps and coordinates: small, large, and doubles of any bits, which get a draw, too."""
    random = np.random.default_rng(0)
    small = random.integers(0, 100, (3, count // 2)).astype(float)
    large = random.integers(0, 2**53, (3, count // 2)).astype(float)
    odd = random.integers(0, 2**64, (3, 1000), dtype=np.uint64).view(np.float64)
    odd = np.where(np.isnan(odd), np.inf, odd)
    special = np.array([*itertools.product((0.0, 1.0, 2.0**52 - 1, 2.0**52, 2.0**53 - 1, -1.0), repeat=3)]).T
    return [padded(row) for row in np.concatenate([small, large, odd, special], axis=1)]


@each_draw
def test_compiled_code_gives_the_bits_of_numpy_and_is_vector_code(draw):
    @njit(error_model="numpy")
    def run(seed, step, coordinate, out):
        lanes.wide()
        for start in range(0, len(out), lanes.WIDTH):
            for lane in range(lanes.WIDTH):
                out[start + lane] = draw(seed[start + lane], step[start + lane], coordinate[start + lane])

    at = triples(100_000)
    out = np.empty_like(at[0])
    run(*at, out)
    with np.errstate(all="raise"):
        assert same_bits(draw(*at), out)
        assert same_bits(out[::997], [draw(*map(float, point)) for point in zip(*(x[::997] for x in at), strict=True)])
    (code,) = run.inspect_llvm().values()
    assert re.search(r"^vector\.body[\w.]*:", code, re.MULTILINE)


@each_draw
def test_a_draw_depends_on_its_three_numbers_only(draw):
    steps, coordinates = np.arange(40.0)[:, None], np.arange(5.0)
    table = draw(7.0, steps, coordinates)
    assert table.shape == (40, 5)
    assert same_bits(draw(7, np.arange(39, 9, -3)[:, None], coordinates[2:]), table[39:9:-3, 2:])


@each_draw
@pytest.mark.parametrize("bits", [53, 300])
def test_exact_arithmetic_has_the_double(draw, bits):
    exact = arithmetic.INSTEAD[draw]
    points = [(0, 0, 0), (7, 3, 1), (7, 255, 1), (7, 256, 1), (2**53 - 1, 2**53 - 1, 2**53 - 1), (1, 2**52, 5)]
    with arithmetic.precise(bits):
        for point in points:
            found = exact(*map(gmpy2.mpfr, point))
            assert Fraction(*found.as_integer_ratio()) == Fraction(float(draw(*map(float, point))))
        nearly = gmpy2.mpfr(1000) * (1 + gmpy2.mpfr(2) ** -50)  # as a clock that rounding errors moved
        assert exact(gmpy2.mpfr(7), nearly, 1.0) == draw(7.0, 1000.0, 1.0)


def step(theta, p):
    """Move by all draws; the clock is the second coordinate."""
    (x, clock), (seed,) = theta, p
    noise = normal_draw(seed, clock, 0.0) + sign_draw(seed, clock, 0.0) * uniform_draw(seed, clock, x)
    return x + noise, clock + 1.0


def test_a_model_written_flat_draws_the_doubles():
    model = types.ModuleType("drawing")
    vars(model).update(STATE={"x": None, "clock": None}, CARRIED=(), PARAMETERS={"seed": None}, step=step)
    vars(model).update(loss=lambda theta, p: theta[0], stable=lambda c, bound: True, curvature=lambda theta, p: theta)
    vars(model).update(clipped=clipped)
    with arithmetic.precise(200):
        theta, p = (gmpy2.mpfr(0), gmpy2.mpfr(5)), (gmpy2.mpfr(3),)
        found = flat.flat(model)(p)(theta)[1][1]
        assert found == arithmetic.translated(model).step(theta, p)
    assert tuple(map(float, found)) == step((0.0, 5.0), (3.0,))


@each_draw
def test_a_derived_model_calls_it_by_name_and_its_derivatives_are_zero(draw):
    g = Graph("loss")
    x, seed, clock = g.name("x", False), g.name("seed", True), g.name("clock", False)
    noise = g.call(draw.__name__, seed, clock, g.number(3))
    moved = g.add(g.mul(g.mul(x, x), noise), g.call(draw.__name__, x, clock, seed))
    assert gradient(g, noise, (x, seed, clock)) == [g.zero] * 3
    (slope,) = gradient(g, moved, (x,))
    assert slope is g.mul(g.number(2), g.mul(x, noise)) and hessian(g, [slope], (x,))[0][0] is g.mul(g.number(2), noise)

    lines = Lines({name: name for name in ("x", "seed", "clock")}, ())
    (code,) = lines.write(moved)
    text = "\n".join(lines.lines)
    space = {}
    exec(imports.written(lines.used, text + code), space)
    values = {"x": np.float64(2.0), "seed": np.float64(7.0), "clock": np.arange(6.0)}
    exec(text, space | values, space)
    right = 4.0 * draw(7.0, values["clock"], 3.0) + draw(2.0, values["clock"], 7.0)
    assert same_bits(eval(code, space, values), right) and same_bits(numeric.evaluate(moved, values), right)


@each_draw
def test_formulas_of_users_have_no_draws(draw):
    with pytest.raises(InputError, match=draw.__name__):
        parse(f"x + {draw.__name__}(1, 2, 3)", "model.loss")
