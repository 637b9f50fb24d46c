"""Axes by a step or by values per decade nest: a finer or longer one has every value of a coarser one, bit for bit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep.errors import SpecError
from eos_sweep.spec.axes import MAX_AXIS_VALUES, Axis
from helpers.specs import sweep


def values(definition):
    return Axis.parse("x", definition).values


@given(
    st.tuples(st.integers(1, 10**6), st.integers(-30, 30)),  # digits and exponent of a number that a person writes
    st.floats(0.1, 5),
    st.integers(1, 40),
    st.integers(1, 8),
    st.integers(0, 3),
    st.booleans(),
)
def test_values_per_decade_nest(start, decades, count, finer, before, falling):
    (digits, exponent), sign = start, -1 if falling else 1
    start, earlier = float(f"{digits}e{exponent}"), float(f"{digits}e{exponent - sign * before}")
    stop = start * 10 ** (sign * decades)
    coarse = values({"log": [start, stop], "per_decade": count})
    fine = values({"log": [start, stop], "per_decade": count * finer})
    assert coarse[0] == start and set(coarse) <= set(fine)
    assert min(start, stop) * (1 - 1e-5) <= coarse.min() and coarse.max() <= max(start, stop) * (1 + 1e-5)
    np.testing.assert_allclose(np.diff(np.log10(coarse)), sign / count, rtol=1e-6)
    assert set(coarse) <= set(values({"log": [earlier, stop], "per_decade": count}))


@given(
    st.integers(-1000, 1000),
    st.integers(1, 200),
    st.sampled_from([1, 2, 5, 25, 100]),
    st.integers(1, 10),
    st.integers(0, 50),
    st.booleans(),
)
def test_steps_nest(start, count, parts, finer, before, falling):
    sign = -1 if falling else 1
    ends = [start / 100, start / 100 + sign * count / parts]
    step = 1 / parts
    coarse = values({"linear": ends, "step": step})
    assert coarse.size == count + 1 and coarse[0] == ends[0]
    np.testing.assert_array_equal(coarse, [round(start / 100 + sign * k / parts, 12) for k in range(count + 1)])
    assert set(coarse) <= set(values({"linear": ends, "step": step / 10}))
    assert set(coarse) <= set(values({"linear": [ends[0], ends[1] + sign * finer * step], "step": step}))
    earlier = round(ends[0] - sign * before * step, 12)
    assert set(coarse) <= set(values({"linear": [earlier, ends[1]], "step": step}))


@pytest.mark.parametrize("spacing", ["linear", "log"])
def test_counts_of_a_power_of_two_and_one_nest(spacing):
    for level in range(1, 12):
        coarse, fine = (values({spacing: [1.3e-3, 31.7, 2**some + 1]}) for some in (level, level + 1))
        assert set(coarse) <= set(fine)


@pytest.mark.parametrize("definition", [
    {"log": [1e-3, 30], "per_decade": 7},
    {"log": [1e4, 2], "per_decade": 3},
    {"linear": [0, 1], "step": 1 / 3},
    {"linear": [1, -1], "step": 0.1, "symbol": "x"},
    {"linear": [2, 2], "step": 5},
])  # fmt: skip
def test_the_plain_form_gives_the_same_bits(definition):
    axis = Axis.parse("x", definition)
    assert Axis.parse("x", axis.definition) == axis and set(axis.definition) == set(definition)
    one = sweep(axes={"alpha": definition}, parameters={"eta": 0.1}, initial={"alpha": None})
    assert type(one).from_dict(one.to_dict()).hash == one.hash


@pytest.mark.parametrize(("definition", "line"), [
    ({"log": [1, 2, 3], "per_decade": 4}, "with per_decade give log = [start, stop]"),
    ({"log": [1, 2], "per_decade": 0.5}, "got per_decade 0.5; give a whole number from 1 to 10000"),
    ({"log": [1, 2], "per_decade": 10**5}, "got per_decade 100000; give a whole number from 1 to 10000"),
    ({"log": [0, 2], "per_decade": 4}, "log spacing needs start > 0, got 0.0"),
    ({"linear": [0, 1], "step": 0}, "got step 0; give a finite number > 0"),
    ({"linear": [0, 1], "step": math.inf}, "got step inf; give a finite number > 0"),
    ({"linear": [0, 1], "step": "x"}, "got step 'x'; give a finite number > 0"),
    ({"linear": [0, 1], "step": 1e-9}, f"for more than {MAX_AXIS_VALUES} values; give fewer"),
    ({"linear": [0, 1], "per_decade": 4}, "{ log = [start, stop], per_decade = ... }"),
    ({"values": [0, 1], "step": 4}, "{ linear = [start, stop], step = ... }"),
])  # fmt: skip
def test_what_is_wrong_is_said(definition, line):
    with pytest.raises(SpecError) as caught:
        Axis.parse("x", definition)
    assert line in str(caught.value)
