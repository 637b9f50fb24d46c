"""Sweeps of array models: what observables see of a network, and the same bits however a sweep is cut or stopped."""

import signal
import threading
import time

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import observables, regimes
from eos_sweep.analysis import one_cell, trajectories
from eos_sweep.checks.exact.record import observe
from eos_sweep.checks.exact.states import Snapshot
from eos_sweep.checks.labels.verification import verify, verify_cell
from eos_sweep.contract import CHUNK, Job
from eos_sweep.engine import batch
from eos_sweep.engine.networks import blas, course
from eos_sweep.errors import InputError
from eos_sweep.models import linear_net_full, relu, tanh_net
from eos_sweep.models.ruled_network import ruled
from eos_sweep.observables.networks import observed
from eos_sweep.runtime import in_memory, planning
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.update_rules.composed import parse
from helpers.runs import assert_like, complete, started, wait_for_chunks
from helpers.stores import command, numbers

SPEC = {
    "model": "tanh_net",
    "steps": 700,
    "axes": {"eta": [0.1, 0.3, 0.5, 0.8, 4.0], "seed": [0, 1, 2]},
    "parameters": {"width": 10, "stride": 7},
    "initial": {"scale": 1.5},
}
STARTS = {  # parameters, initial, steps
    "at the edge": (tanh_net, {"eta": 0.4, "stride": 7, "width": 10}, {"scale": 1.5}, 900),
    "every step": (tanh_net, {"eta": 0.4, "stride": 1, "width": 10}, {"scale": 1.5}, 300),
    "a stride of chunks": (tanh_net, {"eta": 0.3, "stride": 3 * CHUNK}, {}, 500),
    "diverging": (tanh_net, {"eta": 5.0, "stride": 50}, {"scale": 3.0}, 500),
    "relu": (relu, {"eta": 0.006, "stride": 5, "dimension": 50}, {}, 400),
    "linear": (linear_net_full, {"eta": 1.2, "stride": 11, "width": 20}, {}, 400),
    "an edge of its own": (
        ruled(tanh_net, parse("heavy_ball + l2")),
        {"eta": 0.4, "momentum": 0.3, "stride": 5, "width": 10, "weight_decay": 0.001},
        {"scale": 1.5},
        500,
    ),
    "an edge that moves": (
        ruled(tanh_net, parse("sam + linear_warmup")),
        {"eta": 0.4, "stride": 3, "width": 10, "batch": 15, "sam_radius": 0.02, "warmup_steps": 200},
        {"scale": 1.5},
        500,
    ),
    "one step": (linear_net_full, {"eta": 0.1, "width": 20}, {}, 1),
}


def job_of(model, steps, variables=("all",)):
    return Job(model, observables.expand(variables, model), steps, 0.0)


def inputs(model, parameters, initial):
    """Return both as arrays of length one, defaults included."""
    tables = (model.STATE, initial), (model.PARAMETERS, parameters)
    return [{k: np.array([float(given.get(k, q.default))]) for k, q in known.items()} for known, given in tables]


def seen_in_numpy(job, initial, parameters):
    """Return the observables of one trajectory as they are kept of it step by step in NumPy."""
    model = observed(job.model)
    p = tuple(float(parameters[name][0]) for name in job.model.PARAMETERS)
    with np.errstate(all="ignore"):
        taken, held = [], None
        for losses, look, *_ in course.follow(job, p, tuple(float(array[0]) for array in initial.values())):
            for k, loss in enumerate(losses):
                taken.append((look if held is None or k + 1 == len(losses) else held, loss))
            held = look
        states = Taken(taken)
        return observe(states, job._replace(model=Bounded(model, job.model.LIMIT)), tuple(map(np.atleast_1d, p)))


class Taken:
    """The states of one trajectory whose steps a network has taken; behind them it diverges."""

    def __init__(self, taken):
        self._taken = iter(taken)

    def start(self):
        return self.step((), None)

    def step(self, before, running):
        state, loss = next(self._taken, (before, np.inf))
        theta = tuple(map(np.atleast_1d, state))
        one = np.ones(1)
        return Snapshot(theta, np.atleast_1d(loss), theta[-1] < theta[-2], one, one < 0.0, theta[-1:])

    def rescale(self, theta):
        return theta

    def settled(self, theta, loss, tolerance, running):
        return np.zeros(1, bool)


class Bounded:
    """An observed model with a bound on the loss, as the record asks for it."""

    def __init__(self, model, limit):
        self._model, self.LIMIT = model, limit

    def __getattr__(self, name):
        return getattr(self._model, name)


@pytest.mark.parametrize("kind", STARTS)
def test_observables_have_the_bits_that_numpy_gives_step_by_step(kind):
    model, parameters, initial, steps = STARTS[kind]
    job, given = job_of(model, steps), inputs(model, parameters, initial)
    job = job._replace(variables=tuple(name for name in job.variables if name != "period"))  # of the weights themselves
    found, expected = batch.run(job, *given), seen_in_numpy(job, *given)
    assert set(found) == set(expected) == {*job.variables, "work"}
    for name in found:
        same = np.array_equal(found[name], expected[name], equal_nan=True)
        assert same, f"{name}: {found[name]}, in NumPy {expected[name]}"
    assert found["outcome"].item() == (2 if kind == "diverging" else 3)


def test_a_run_that_diverges_ends_at_its_last_step_within_the_bound():
    model, parameters, initial, steps = STARTS["diverging"]
    found = batch.run(job_of(model, steps), *inputs(model, parameters, initial))
    taken = int(found["steps_taken"].item())
    assert 0 < taken < steps and found["work"].item() == taken and taken % 50, "within a stride"
    run = trajectories.trajectory("tanh_net", parameters, initial, steps=steps)
    assert np.isfinite(run.loss[: taken + 1]).all() and np.isnan(run.loss[taken + 1 :]).all()
    assert float(run.loss[taken]) == found["loss_final"].item() < model.LIMIT
    assert float(run.norm[taken]) == found["norm_final"].item()
    assert float(run.sharpness[taken]) == pytest.approx(found["sharpness_final"].item(), rel=1e-14)


def test_a_network_that_starts_beyond_the_bound_takes_no_step():
    found = batch.run(job_of(tanh_net, 50), *inputs(tanh_net, {"eta": 0.1}, {"scale": 1e60}))
    assert found["outcome"].item() == 2 and found["steps_taken"].item() == 0


def test_sharpness_is_held_from_one_look_to_the_next():
    run = trajectories.trajectory("tanh_net", {"eta": 0.2, "stride": 40}, {}, steps=100)
    jumps = np.flatnonzero(np.diff(run.sharpness)) + 1
    assert jumps.tolist() == [40, 80, 100]
    every = trajectories.trajectory("tanh_net", {"eta": 0.2, "stride": 1}, {}, steps=100)
    at = [0, 40, 80, 100]
    np.testing.assert_allclose(every.sharpness[at], run.sharpness[at], rtol=1e-8)
    np.testing.assert_array_equal(every.loss, run.loss)


def test_time_bounds_the_steps():
    found = eos_sweep.sweep(
        "relu", {"eta": [0.01, 0.003, 0.001]}, {"time": 0.6, "dimension": 20, "points": 30}, steps=300
    )
    assert found.steps_taken.values.tolist() == [60, 200, 300]
    run = trajectories.trajectory("relu", {"eta": 0.01, "time": 0.6, "dimension": 20, "points": 30}, {}, steps=300)
    assert int(np.isfinite(run.loss).sum()) == 61


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "s"
    eos_sweep.run(Sweep.from_dict({**SPEC, "chunks": {"eta": 5, "seed": 3}}), path, workers=1)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("chunks", "workers"), [
    ({}, 4),
    ({"eta": 2}, 2),
    ({"seed": 2, "eta": 1}, 3),
])  # fmt: skip
def test_chunks_and_threads_change_no_bit(tmp_path, reference, chunks, workers):
    eos_sweep.run(Sweep.from_dict({**SPEC, "chunks": chunks}), tmp_path / "s", workers=workers)
    assert numbers(tmp_path / "s") == numbers(reference)


@pytest.mark.slow
def test_the_order_of_trajectories_changes_no_bit(tmp_path, reference):
    spec = {**SPEC, "axes": {"seed": [2, 0, 1], "eta": SPEC["axes"]["eta"][::-1]}}
    eos_sweep.run(Sweep.from_dict(spec), tmp_path / "s")
    with xr.open_zarr(tmp_path / "s") as turned, xr.open_zarr(reference) as straight:
        xr.testing.assert_equal(turned.load().sortby(["eta", "seed"]).transpose("eta", "seed"), straight.load())


@pytest.mark.slow
def test_a_stored_sweep_has_regimes_and_traces_to_its_bits(reference):
    dataset = eos_sweep.open_sweep(reference).load()
    names = np.array(list(regimes.CODES))[dataset.regime.values]
    assert {"divergence", "edge_of_stability"} <= set(names.ravel())
    for cell in ({"eta": 1, "seed": 2}, {"eta": 4, "seed": 0}):
        found, _ = one_cell.report(reference, {}, cell)
        assert found["stored"] and all(found["stored"].values())


def test_a_few_networks_are_a_block_each():
    from eos_sweep.store.blocks import block_shape

    assert block_shape(Sweep.from_dict(SPEC)) == (1, 1)
    many = {**SPEC, "axes": {"eta": {"linear": [0.1, 0.2, 100]}, "seed": list(range(100))}}
    assert 20 <= np.prod(block_shape(Sweep.from_dict(many))) <= 40


@pytest.mark.slow
def test_killed_it_goes_on_where_it_was(tmp_path, reference):
    slow = {**SPEC, "steps": 1500, "axes": {"eta": [0.1, 0.2, 0.3, 0.4, 0.5], "seed": [0, 1]}}
    path = tmp_path / "s"
    process = started(slow, tmp_path)
    wait_for_chunks(process, path, 4)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = complete(path)
    assert 0 < len(before) < 10
    done = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {block: complete(path)[block] for block in before} == before
    eos_sweep.run(Sweep.from_dict(slow), tmp_path / "whole")
    assert_like(path, tmp_path / "whole")


def test_plan_measures_networks(tmp_path):
    sweep = Sweep.from_dict(SPEC)
    plan = planning.plan(sweep, workers=2)
    steps = in_memory.compute(sweep, threads=2).steps_taken.values
    assert plan.trajectories == plan.blocks == 15
    assert steps.min() < 50 and 0.7 < plan.steps / steps.sum() < 1.3, "some diverge"
    assert 0.01 < plan.seconds < 60


def test_exact_arithmetic_refuses_them_in_one_line(reference):
    for refused in (lambda: verify(reference), lambda: verify_cell(reference, {"eta": 0, "seed": 0})):
        with pytest.raises(InputError, match="model of arrays") as caught:
            refused()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("change", "words"), [
    ({"parameters": {"width": 2.5}}, "parameters.width: got 2.5; the units of a hidden layer must be a whole number"),
    ({"parameters": {"width": 0}}, "parameters.width: got 0.0"),
    ({"parameters": {"stride": float("inf")}}, "parameters.stride: got inf"),
    ({"parameters": {"lambda1": 1}}, "the model has no 'lambda1'"),
    ({"axes": {"seed": [0.5], "eta": [1]}}, "axis 'seed': got 0.5"),
    ({"axes": {"eta": [1]}, "parameters": {"seed": -1}}, "parameters.seed: got -1"),
    ({"observables": ["alpha_final"]}, "no observable 'alpha_final'"),
])  # fmt: skip
def test_what_is_wrong_with_a_spec_is_one_line(change, words):
    with pytest.raises(InputError) as caught:
        Sweep.from_dict({**SPEC, **change})
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_seed_may_be_a_parameter():
    one, two = (eos_sweep.sweep("tanh_net", {"eta": [0.1]}, {"seed": seed, "width": 5}, steps=20) for seed in (3, 4))
    axis = eos_sweep.sweep("tanh_net", {"eta": [0.1], "seed": [3]}, {"width": 5}, steps=20)
    assert float(one.loss_final[0]) == float(axis.loss_final[0, 0]) != float(two.loss_final[0])


def test_blas_keeps_to_one_thread_as_long_as_someone_runs():
    if blas.switch() is None:
        pytest.skip("NumPy is not built with OpenBLAS")
    get, put = blas.switch()
    before, seen, go = get(), [], threading.Event()
    put(2)

    def other():
        with blas.one_thread():
            go.set()
            time.sleep(0.1)
            seen.append(get())

    try:
        thread = threading.Thread(target=other)
        with blas.one_thread():
            thread.start()
            go.wait()
        seen.append(get())
        thread.join()
        assert seen == [1, 1] and get() == 2
    finally:
        put(before)


def test_a_sharpness_that_is_not_known_is_not_above_the_edge(monkeypatch):
    """Where no eigenvalue is certain no step is above, nothing is crossed, and no number is made up."""
    monkeypatch.setattr(tanh_net.Looped, "sharpness", lambda network: np.nan)
    job = job_of(tanh_net, 60, ("crossings", "steps_above", "sharpness_max", "sharpness_final", "final_above"))
    found = batch.run(job, *inputs(tanh_net, {"eta": 0.4, "stride": 7, "width": 10}, {"scale": 1.5}))
    assert found["crossings"] == found["steps_above"] == 0 and found["final_above"] == regimes.BELOW
    assert np.isnan(found["sharpness_max"]) and np.isnan(found["sharpness_final"])
