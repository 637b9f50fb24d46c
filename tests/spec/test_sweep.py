"""Sweeps: values come back bit for bit, blocks have the bits of the whole grid, and probes stay few."""

import json
import math
import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.errors import SpecError
from eos_sweep.spec.comparison import differences
from eos_sweep.spec.making import make
from eos_sweep.spec.sizes import MAX_BLOCK_CELLS, MAX_BLOCKS
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store.blocks import block_shape
from helpers.specs import PLAIN, sweep

TEXT = """
model = "bivariate"
title = "all forms"
steps = 10_000
observables = ["default", "log10_abs_beta1_min"]
[axes]
lambda1 = { log = [1, 1e4, 512] }
eta     = { linear = [0.01, 0.1, 10] }
clip    = [1, 10, 100, inf]
seed    = { values = [0, 1, 2] }
[parameters]
lambda2 = 0.01
radius  = "liu2025"
[initial]
alpha = "normal(0.5, 0.1)"
beta1 = 0.01
beta2 = "sqrt(eta)"
[chunks]
lambda1 = 128
eta = 128
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(TEXT)
    return load_spec(path)


def test_a_file_becomes_a_sweep(spec):
    assert (spec.model, spec.title, spec.steps, spec.tolerance, spec.dtype) == (
        "bivariate", "all forms", 10_000, 1e-20, "float64",
    )  # fmt: skip
    assert spec.dims == ("lambda1", "eta", "clip", "seed")
    assert spec.shape == (512, 10, 4, 3) and spec.size == 61440
    assert spec.observables.stored == ("default", "log10_abs_beta1_min")
    assert {"steps_taken", "outcome", "log10_abs_beta1_min"} <= set(spec.variables)
    assert spec.parameters == {"lambda2": 0.01, "radius": "liu2025"}
    assert spec.initial == {"alpha": "normal(0.5, 0.1)", "beta1": 0.01, "beta2": "sqrt(eta)"}
    assert spec.chunks == {"lambda1": 128, "eta": 10}  # no larger than the axis
    assert [axis.spacing for axis in spec.axes] == ["log", "linear", "values", "values"]
    np.testing.assert_array_equal(spec.axis("lambda1").values, np.geomspace(1, 1e4, 512))
    np.testing.assert_array_equal(spec.axis("eta").values, np.linspace(0.01, 0.1, 10))
    np.testing.assert_array_equal(spec.axis("clip").values, [1, 10, 100, np.inf])
    assert spec.axis("lambda1").definition == {"log": [1.0, 1e4, 512]}
    assert spec.axis("seed").definition == {"values": [0.0, 1.0, 2.0]}


def test_a_sweep_cannot_be_changed(spec):
    with pytest.raises(ValueError, match="frozen"):
        spec.steps = 5
    with pytest.raises(ValueError, match="read-only"):
        spec.axis("eta").values[0] = 5


def test_values_from_python_are_copied():
    values = np.array([0.1, 0.2])
    made = make("bivariate", {"eta": values}, PLAIN["parameters"], PLAIN["initial"], steps=10)
    values[0] = 7
    assert made == sweep() and made.axis("eta").values[0] == 0.1


def test_numbers_of_numpy_are_numbers():
    made = make(
        "bivariate",
        {"eta": np.array([0.1, 0.2]), "clip": range(1, 4), "radius": (np.float64(1), 2), "seed": np.arange(3)},
        {"lambda1": np.float64(1), "lambda2": np.int64(1)},
        {name: np.float32(0.5) for name in ("alpha", "beta1", "beta2")},
        steps=np.int64(10),
        observables=(name for name in ["outcome"]),
        chunks={"eta": np.int32(1)},
    )
    assert made.shape == (2, 3, 2, 3) and type(made.steps) is int
    assert type(made.parameters["lambda1"]) is float and made.initial["alpha"] == 0.5
    assert Sweep.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_whole_numbers_may_be_written_as_floats():
    made = sweep(steps=2e3, axes={"eta": {"log": [1e-1, 1e-3, 1e1]}}, chunks={"eta": 2.0})
    assert made == sweep(steps=2000, axes={"eta": {"log": [0.1, 0.001, 10]}}, chunks={"eta": 2})
    assert type(made.steps) is int and made.shape == (10,)


def test_a_decreasing_axis_keeps_its_order():
    values = sweep(axes={"eta": {"log": [10, 0.1, 5]}}).axis("eta").values
    np.testing.assert_allclose(values, [10, 10**0.5, 1, 10**-0.5, 0.1])


def test_inputs_have_the_shape_of_the_block(spec):
    coordinates = np.ix_(*(axis.values[:2] for axis in spec.axes))
    initial, parameters = spec.inputs(dict(zip(spec.dims, coordinates, strict=True)))
    assert list(initial) == ["alpha", "beta1", "beta2"]
    assert list(parameters) == ["lambda1", "lambda2", "eta", "clip", "radius"]
    for array in (*initial.values(), *parameters.values()):
        assert array.shape == (2, 2, 2, 2) and array.dtype == np.float64 and array.flags.c_contiguous
        assert array.flags.owndata and array.flags.writeable
    np.testing.assert_array_equal(parameters["radius"], np.sqrt(10) / 6 / np.sqrt(parameters["lambda1"]))
    np.testing.assert_array_equal(initial["beta2"], np.sqrt(parameters["eta"]))
    assert (initial["alpha"][..., 0] != initial["alpha"][..., 1]).all()
    assert len(np.unique(initial["alpha"])) == 2
    scalars = {name: axis.values[1] for name, axis in zip(spec.dims, spec.axes, strict=True)}
    alpha = spec.inputs(scalars)[0]["alpha"]
    assert alpha.shape == () and alpha == initial["alpha"][1, 1, 1, 1]


def test_expressions_may_need_each_other_in_any_order():
    found = sweep(parameters={"radius": "2 * clip", "clip": "lambda2 + alpha", "lambda2": "eta * 10"})
    initial, parameters = found.inputs({"eta": found.axis("eta").values})
    np.testing.assert_array_equal(parameters["radius"], 2 * (np.array([0.1, 0.2]) * 10 + 1))


@settings(max_examples=40)
@given(blocks=st.tuples(*(st.integers(1, 7) for _ in range(3))))
def test_blocks_have_the_bits_of_the_whole(blocks):
    found = sweep(
        axes={"lambda1": {"log": [1e-3, 1e8, 7]}, "eta": {"linear": [0.01, 2, 6]}, "seed": [5, 1, 9, 2]},
        parameters={"lambda1": None, "lambda2": "lambda1 ** eta", "radius": "eta ** log10(lambda1 + 2) + exp(-eta)"},
        initial={"alpha": "normal(eta, 0.1) * lambda1 ** 0.3", "beta1": "uniform(-1, 1)"},
    )
    values = [axis.values for axis in found.axes]

    def at(slices):
        parts = np.ix_(*(value[piece] for value, piece in zip(values, slices, strict=True)))
        initial, parameters = found.inputs(dict(zip(found.dims, parts, strict=True)))
        return {**initial, **parameters}

    whole = at([slice(None)] * 3)
    starts = [range(0, size, block) for size, block in zip(found.shape, blocks, strict=True)]
    for corner in np.stack(np.meshgrid(*starts), -1).reshape(-1, 3):
        slices = tuple(slice(begin, begin + block) for begin, block in zip(corner, blocks, strict=True))
        for name, array in at(slices).items():
            assert array.tobytes() == whole[name][slices].tobytes(), name


def test_inputs_refuse_other_coordinates(spec):
    with pytest.raises(SpecError, match="wrong in"):
        spec.inputs({"eta": 0.1})
    with pytest.raises(SpecError, match="wrong in"):
        sweep().inputs({"eta": 0.1, "lambda1": 1.0})
    with pytest.raises(SpecError, match="axis 'eta': got -0.1; the step size must be a finite number > 0"):
        sweep().inputs({"eta": -0.1})


def test_inputs_check_points_that_the_probes_of_a_large_grid_left_out():
    # negative only between the ends of an axis that is too long to be tried as a whole
    found = sweep(axes={"eta": {"linear": [1, 3, 10_001]}}, parameters={"radius": "(eta - 2) ** 2 - 1e-3"})
    with pytest.raises(SpecError, match=r"parameters.radius = .*got -0.001; .* must be a number >= 0 or inf"):
        found.inputs({"eta": 2.0})
    with pytest.raises(SpecError, match="parameters.radius"):  # a grid that is small enough is tried as a whole
        sweep(axes={"eta": {"linear": [1, 3, 101]}}, parameters={"radius": "(eta - 2) ** 2 - 1e-3"})


def test_probes_stay_few_on_many_axes():
    names = ["lambda1", "lambda2", "eta", "clip", "radius", "alpha", "beta1"]
    begin = time.process_time()
    found = make("bivariate", {name: np.linspace(1, 2, 500) for name in names}, {}, {"beta2": "+".join(names)}, steps=1)
    assert time.process_time() - begin < 1 and found.size == 500**7


def test_probes_stay_few_on_as_many_axes_as_there_are():
    """Four values of 16 axes have four billion corners, of which a few are tried: a wrong one of them is found."""
    names = [f"theta{k}" for k in range(1, 9)] + [f"a{k}" for k in range(2, 9)]
    axes = {name: [1.5, 2, 1, 1.75] for name in names}
    found = make("quadratic", axes, {"a1": "+".join(names), "eta": 0.1}, steps=1)
    assert found.size == 4**15
    with pytest.raises(SpecError, match="parameters.a1"):
        make("quadratic", axes, {"a1": f"25 - {'-'.join(names)}", "eta": 0.1}, steps=1)


def test_probes_draw_few_random_numbers():
    drawn = {name: "+".join(["normal(0,1)"] * 40) for name in ("alpha", "beta1", "beta2")}
    begin = time.process_time()
    found = sweep(axes={"eta": [0.1], "seed": {"linear": [0, 4095, 4096]}}, initial=drawn)
    assert time.process_time() - begin < 1 and found.size == 4096
    with pytest.raises(SpecError, match="log"):  # few enough to be tried as a whole
        sweep(axes={"eta": [0.1], "seed": list(range(1000))}, initial={"alpha": "log(3 + normal(0, 1))"})


@pytest.mark.parametrize(("model", "steps"), [("bivariate", 2_000_000_000), ("bivariate", 1), ("tanh_net", 10)])
def test_a_sweep_of_any_size_has_blocks_that_fit_or_is_refused(model, steps):
    plain = model == "bivariate"
    names, state = ("eta", "clip", "radius") if plain else ("eta", "scale", "time"), PLAIN["initial"] if plain else {}

    def blocks(count, axes=names):
        axes = {name: {"linear": [1, 2, count]} if name in axes else [1] for name in names}
        found = make(model, axes, PLAIN["parameters"] if plain else {}, state, steps=steps)
        return found.shape, block_shape(found)

    for size in ((100,), (3000,), (41_000,), (2_000_000, names[:2])):
        shape, block = blocks(*size)
        assert math.prod(block) <= MAX_BLOCK_CELLS
        assert math.prod(-(-size // part) for size, part in zip(shape, block, strict=True)) <= MAX_BLOCKS
    with pytest.raises(SpecError, match="74088000000000 trajectories; a run takes at most 70368744177664"):
        blocks(42_000)


def test_a_sweep_comes_back_from_json(spec):
    stored = json.dumps(spec.to_dict(), allow_nan=False)
    again = Sweep.from_dict(json.loads(stored))
    assert again == spec and again.hash == spec.hash and again.to_dict() == spec.to_dict()
    assert [axis.bits for axis in again.axes] == [axis.bits for axis in spec.axes]
    assert spec.to_dict()["axes"]["clip"] == {"values": [1.0, 10.0, 100.0, "inf"]}
    assert pickle.loads(pickle.dumps(spec)) == spec


positive = st.floats(1e-60, 1e60)
count = st.integers(2, 40)
form = st.one_of(
    st.lists(positive, min_size=1, max_size=8, unique=True).map(lambda values: {"values": values}),
    st.tuples(positive, positive, count).map(lambda log: {"log": list(log)}),
    st.tuples(positive, positive, count).map(lambda linear: {"linear": list(linear)}),
)


@settings(max_examples=100)
@given(
    axes=st.dictionaries(st.sampled_from(["eta", "lambda1", "clip", "alpha"]), form, min_size=1),
    steps=st.integers(1, 2_000_000_000),
    tolerance=st.floats(0, 1e300),
    dtype=st.sampled_from(["float64", "float32"]),
    title=st.text(),
    number=positive,
)
def test_every_sweep_comes_back_bit_for_bit(axes, steps, tolerance, dtype, title, number):
    numbers = {"eta": number, "lambda1": number, "lambda2": number, "clip": np.inf}
    state = {"alpha": -number, "beta1": 0.1, "beta2": "1 - eta / (eta + 1)"}
    try:
        made = make(
            "bivariate",
            axes,
            {name: value for name, value in numbers.items() if name not in axes},
            {name: value for name, value in state.items() if name not in axes},
            steps=steps, tolerance=tolerance, dtype=dtype, title=title, chunks=dict.fromkeys(axes, 3),
        )  # fmt: skip
    except SpecError as error:
        assert "more than once" in str(error) or "must be equal" in str(error)
        return
    again = Sweep.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert again == made and again.hash == made.hash and differences(made, again) == []
    assert made.tolerance == tolerance and made.title == title
    for name, definition in axes.items():
        ((spacing, numbers),) = definition.items()
        values = made.axis(name).values
        assert (values[0], values[-1]) == (numbers[0], numbers[-1] if spacing == "values" else numbers[1])


def test_thresholds_have_the_names_of_the_regime_rules():
    from eos_sweep.regimes import THRESHOLDS

    name = next(iter(THRESHOLDS))
    assert sweep(thresholds={name: 2}).thresholds == {name: 2.0}
    with pytest.raises(SpecError, match=f"thresholds.{name}_: unknown, got 2.0; did you mean '{name}'"):
        sweep(thresholds={f"{name}_": 2})
