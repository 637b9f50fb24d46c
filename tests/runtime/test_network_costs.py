"""What networks cost is inferred from some that are trained for a moment; the plan counts what a run does."""

import numba
import numpy as np
import pytest

from eos_sweep.compiled_loops import compiled
from eos_sweep.engine import batch
from eos_sweep.models import tanh_net
from eos_sweep.runtime import network_costs, planning
from eos_sweep.spec.making import make


def test_a_cost_that_is_a_power_of_the_sizes_is_inferred_exactly():
    kinds = np.array([[width, depth, np.inf] for width in (5, 10, 40, 80, 200) for depth in (1, 2, 5)])
    places = network_costs._logarithms(kinds)
    costs = 1e-7 * kinds[:, 0] ** 1.5 * kinds[:, 1]
    group = np.repeat(np.arange(len(kinds)), 3)
    chosen = network_costs._chosen(kinds, group, np.zeros(len(group)), np.random.default_rng(0))
    measured = group[chosen]
    assert len(set(measured)) == network_costs.READINGS < len(kinds)
    found = network_costs._inferred(places, measured, costs[measured])
    np.testing.assert_allclose(found, costs, rtol=1e-9)


def test_a_cost_that_is_none_is_right_where_it_was_measured():
    kinds = np.array([[4.0], [8.0], [16.0], [64.0]])
    costs = np.array([1.0, 1.1, 7.0, 9.0])
    found = network_costs._inferred(network_costs._logarithms(kinds), np.arange(4), costs)
    np.testing.assert_allclose(found, costs, rtol=1e-9)


def test_few_groups_have_several_readings_of_different_cells():
    kinds, group = np.array([[4.0], [8.0]]), np.array([0] * 10 + [1] * 2)
    etas = np.arange(12.0)
    chosen = network_costs._chosen(kinds, group, etas, np.random.default_rng(0))
    assert np.diff(etas[chosen[:4]]).min() >= 2, "spread over the step sizes"
    assert len(set(chosen)) == len(chosen) == 6 and sorted(group[chosen]) == [0, 0, 0, 0, 1, 1]


def test_blocks_are_taken_in_their_order():
    assert network_costs.makespan([1.0, 1.0, 1.0], 2) == 2.0
    assert network_costs.makespan([3.0, 1.0, 1.0, 1.0], 2) == 3.0
    assert network_costs.makespan([1.0, 1.0, 1.0, 3.0], 2) == 4.0, "the longest one comes last"
    assert network_costs.makespan([], 3) == 0.0


def test_budgets_times_and_divergence_are_counted():
    sweep = make("tanh_net", {"eta": [0.05, 0.1, 50.0]}, {"width": 4, "points": 5, "time": 4.0, "stride": 3}, steps=60)
    found = planning.plan(sweep, threads=1)
    job = sweep.job()
    taken = sum(
        int(batch.run(job, *sweep.inputs({"eta": np.array([eta])}))["work"].sum()) for eta in sweep.axes[0].values
    )
    assert taken == 60 + 40 + 1, "the last one by its time"
    assert found.steps == taken


def test_where_a_look_takes_too_long_only_one_network_is_looked_at(monkeypatch):
    looked = []
    original = network_costs._looks
    monkeypatch.setattr(network_costs, "_looks", lambda *given: looked.append(given) or original(*given))
    monkeypatch.setattr(network_costs, "LOOK_STEPS", 1e9)
    sweep = make("tanh_net", {"width": [3, 30], "eta": [0.1]}, {"points": 10}, steps=50)
    found = planning.plan(sweep, threads=1)
    assert len(looked) == 1 and found.steps == 100 and 0 < found.seconds < 60


@pytest.mark.parametrize(("look_steps", "starts"), [(network_costs.LOOK_STEPS, 1), (1e9, 2)])
def test_readings_are_those_of_networks_whose_loops_are_compiled(tmp_path, monkeypatch, look_steps, starts):
    def doubled(x):
        return x + x

    def start(*given):
        network, kinds = original(*given), iter((1, 1.0, True, 1j))
        measured = network.sharpness
        events.append("start")

        def sharpness():
            known = len(loop.signatures)
            loop(next(kinds, 1))
            events.extend(["compiled"] * (len(loop.signatures) - known))
            return measured()

        network.sharpness = sharpness
        return network

    doubled.__module__ = "eos_sweep.errors"  # of this package
    with monkeypatch.context() as patched:
        patched.setattr(numba.config, "CACHE_DIR", str(tmp_path))
        loop = compiled()(doubled)
    original, events, told = tanh_net.start, [], []
    monkeypatch.setattr(tanh_net, "start", start)
    monkeypatch.setattr(network_costs, "LOOK_STEPS", look_steps)
    monkeypatch.setattr(network_costs, "SECONDS", 0.2)
    sweep = make("tanh_net", {"eta": [0.1]}, {"width": 4, "points": 5, "stride": 1}, steps=10**6)
    initial, parameters = sweep.inputs({"eta": np.array([0.1])})
    cell = tuple(tuple(float(table[name][0]) for name in table) for table in (parameters, initial))
    network_costs.estimated(sweep.job(), [cell], 1, 0, lambda step, done, total: told.append(step))
    last = len(events) - events[::-1].index("compiled")
    assert events[last:].count("start") == starts, "readings begin when all is compiled"
    assert sum("compiling" in step for step in told) == events.count("compiled") >= 2
