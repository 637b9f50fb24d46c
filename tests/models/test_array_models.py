"""Array models: gradients and Hessians against independent losses, exact laws, and reference runs."""

import itertools

import numpy as np
import pytest

from eos_sweep.analysis import trajectories
from eos_sweep.contract import Table
from eos_sweep.eigen.tracker import Tracker
from eos_sweep.models import linear_net_full, relu, tanh_net

LONG = np.longdouble
DRAW = np.random.default_rng(3)
TABLE = Table(DRAW.standard_normal((12, 4)), DRAW.standard_normal((12, 3)))
ONE = Table(TABLE.inputs, np.ascontiguousarray(TABLE.targets[:, :1]))


def begin(model, parameters=(), data=None, **initial):
    """Return a network, eta 0.1 if not given, and everything else by default."""
    given = {"eta": 0.1, **dict(parameters)}
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
    return model.start(p, tuple(initial.get(name, q.default) for name, q in model.STATE.items()), data)


def tanh_loss(sizes, table):
    def loss(weights):
        active, at = table.inputs.T.astype(LONG), 0
        for k, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            layer = weights[at : at + units * (inputs + 1)].reshape(units, inputs + 1)
            at += layer.size
            active = layer[:, :inputs] @ active + layer[:, inputs:]
            active = np.tanh(active) if k + 2 < len(sizes) else active
        return ((active - table.targets.T) ** 2).sum() / (2 * len(table.inputs))

    return loss


def linear_loss(width, table):
    def loss(weights):
        outer, inner = weights[:width], weights[width:].reshape(width, -1)
        return ((outer @ inner @ table.inputs.T / np.sqrt(LONG(width)) - table.targets[:, 0]) ** 2).mean()

    return loss


def relu_inputs(seed, dimension, points, signal):
    """Draw training data as the model does, unsorted."""
    draw = np.random.default_rng([seed, 1])
    labels = draw.choice((-1.0, 1.0), points)
    inputs = draw.standard_normal((points, dimension))
    inputs[np.arange(points), draw.integers(dimension, size=points)] += signal * labels
    return inputs, labels


def relu_loss(inputs, labels):
    def loss(weights):
        low, high, bias = weights
        output = low * np.maximum(bias - inputs, 0).sum(1) + high * np.maximum(bias + inputs, 0).sum(1)
        return np.log1p(np.exp(-labels * output)).mean()

    return loss


CHEBYSHEV = tanh_net.chebyshev(3, 20)
SMALL = {"dimension": 20, "points": 15}
CASES = {
    "tanh, one layer": (lambda: begin(tanh_net, scale=2.0), tanh_loss((1, 30, 1), CHEBYSHEV)),
    "tanh, three layers": (
        lambda: begin(tanh_net, {"depth": 3, "width": 7}, TABLE, scale=1.5),
        tanh_loss((4, 7, 7, 7, 3), TABLE),
    ),
    "linear": (lambda: begin(linear_net_full, {"width": 9}, ONE), linear_loss(9, ONE)),
    "relu": (lambda: begin(relu, SMALL, bias=-0.3, scale=3.0), relu_loss(*relu_inputs(0, 20, 15, 3.0))),
}


@pytest.fixture(params=CASES)
def case(request):
    make, loss = CASES[request.param]
    network = make()
    network.advance(3)
    return network, loss


def test_loss_and_gradient_are_those_of_the_formula(case):
    network, loss = case
    weights = network.weights.astype(LONG)
    assert network.loss == pytest.approx(float(loss(weights)), rel=1e-14)
    step = LONG(1e-6)
    for k, unit in enumerate(np.eye(weights.size, dtype=LONG)):
        slope = (loss(weights + step * unit) - loss(weights - step * unit)) / (2 * step)
        assert network.gradient[k] == pytest.approx(float(slope), rel=1e-9, abs=1e-11)


def test_a_product_with_the_hessian_is_the_derivative_of_the_gradient(case):
    network, _ = case
    weights, draw, step = network.weights.copy(), np.random.default_rng(0), 1e-5
    for _ in range(5):
        vector = draw.standard_normal(weights.size)
        found, ends = network.hessian_product(vector), []
        for sign in (1, -1):
            network.restore(weights + sign * step * vector)
            ends.append(network.gradient.copy())
        network.restore(weights)
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-7 * np.abs(found).max())


def dense(network):
    return np.array([network.hessian_product(unit) for unit in np.eye(network.weights.size)])


def test_the_hessian_is_symmetric_and_linear(case):
    network, _ = case
    matrix, vector = dense(network), np.random.default_rng(0).standard_normal(network.weights.size)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-14 * np.abs(matrix).max())
    np.testing.assert_allclose(network.hessian_product(vector), matrix @ vector, atol=1e-13 * np.abs(matrix).max())


def test_its_sharpness_is_that_of_the_whole_hessian(case):
    network, _ = case
    tracker = Tracker(network.weights.size)
    for _ in range(20):
        values = np.linalg.eigvalsh(dense(network))
        for found in (tracker.top(network.hessian_product), network.sharpness()):
            assert found == pytest.approx(values[-1], abs=1e-9 * np.abs(values).max())
        network.advance(5)


def test_steps_are_gradient_descent_and_the_same_however_they_are_taken(case):
    network, _ = case
    start, slope = network.weights.copy(), network.gradient.copy()
    losses = network.advance(1)
    np.testing.assert_array_equal(network.weights, start - 0.1 * slope)
    assert losses.tolist() == [network.loss]
    network.restore(start)
    np.testing.assert_array_equal(network.gradient, slope)
    together = network.advance(7)
    end = network.weights.tobytes(), network.gradient.tobytes(), network.loss
    network.restore(start)
    assert np.concatenate([network.advance(k) for k in (1, 0, 4, 2)]).tobytes() == together.tobytes()
    assert (network.weights.tobytes(), network.gradient.tobytes(), network.loss) == end


def test_a_relu_network_sums_what_is_beyond_its_bias_wherever_the_bias_was_before():
    network = begin(relu, SMALL)
    inputs, labels = relu_inputs(0, 20, 15, 3.0)
    for bias in (-0.2, 5.0, -5.0, 0.0, 1.3, -2.2, float(inputs[3, 4])):
        network.restore(np.array([0.3, -0.2, bias]))
        low, high = (np.maximum(bias + sign * inputs, 0).sum(1) for sign in (-1, 1))
        assert network.loss == pytest.approx(float(relu_loss(inputs, labels)(network.weights)), rel=1e-13)
        np.testing.assert_allclose(network._values[:, 0], low, atol=1e-12)
        np.testing.assert_allclose(network._values[:, 1], high, atol=1e-12)


def test_its_accuracy_is_that_on_fresh_samples():
    network = begin(relu, SMALL, bias=-1.5)
    network.advance(200)
    draw = np.random.default_rng(99)
    labels = draw.choice((-1.0, 1.0), 20_000)
    inputs = draw.standard_normal((20_000, 20))
    inputs[np.arange(20_000), draw.integers(20, size=20_000)] += 3.0 * labels
    low, high, bias = network.weights
    output = low * np.maximum(bias - inputs, 0).sum(1) + high * np.maximum(bias + inputs, 0).sum(1)
    assert network.readings()[2] == pytest.approx(np.mean(output * labels > 0), abs=0.03)
    assert network.readings()[:2] == (bias, low + high)


@pytest.mark.parametrize("data", [None, ONE])
def test_a_linear_network_keeps_the_laws_of_its_paper(data):
    eta = 0.3
    network = begin(linear_net_full, {"width": 25, "eta": eta}, data)
    m, n, X = 25, len(network.inputs), network.inputs.T
    gram = X.T @ X

    def gauss_newton():
        return 2 / (m * n) * ((network.outer @ network.outer) * gram + X.T @ network.inner.T @ network.inner @ X)

    for _ in range(30):
        A, D, F, M = network.outer.copy(), network.error.copy(), network.output.copy(), gauss_newton()
        turned = network.inner @ X @ D
        tracked = Tracker(n).top(network.gauss_newton)
        assert tracked == pytest.approx(np.linalg.eigvalsh(M)[-1], rel=1e-8)
        network.advance(1)
        error = D - eta * M @ D + 4 * eta**2 / (n**2 * m) * (F @ D) * (gram @ D)
        np.testing.assert_allclose(network.error, error, rtol=1e-12, atol=1e-12 * np.abs(D).max())
        growth = -4 * eta / n * F @ D + 4 * eta**2 / (n**2 * m) * turned @ turned
        assert network.outer @ network.outer - A @ A == pytest.approx(growth, abs=1e-12 * (A @ A))
        crossed = np.outer(F, gram @ D)
        change = -4 * eta / (n**2 * m) * (2 * (F @ D) * gram + crossed + crossed.T)
        change += 8 * eta**2 / (n**3 * m**2) * (turned @ turned * gram + A @ A * np.outer(gram @ D, gram @ D))
        np.testing.assert_allclose(gauss_newton() - M, change, atol=1e-12 * np.abs(M).max())


def test_the_sharpness_of_a_linear_network_is_near_that_of_gauss_newton():
    run = trajectories.trajectory("linear_net_full", {"eta": 0.05, "width": 30}, {}, steps=300)
    start = begin(linear_net_full, {"eta": 0.05, "width": 30})
    bound = 2 * np.linalg.norm(start.error @ start.inputs) / (len(start.inputs) * np.sqrt(30))
    assert abs(float(run.sharpness[0] - run.gauss_newton[0])) <= bound
    assert float(run.sharpness[-1]) == pytest.approx(float(run.gauss_newton[-1]), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_tanh_network_sharpens_up_to_the_edge_and_stays(seed):
    """The run of the appendix of Cohen et al.: S begins at about 2, reaches 2/eta = 10 near step 1400, and stays."""
    run = trajectories.trajectory("tanh_net", {"eta": 0.2}, {"scale": 0.8}, steps=20_000, seed=seed)
    ratio = run.sharpness.values / run.threshold
    assert 1.9 < float(run.sharpness[0]) < 2.3
    assert 1350 < int((ratio > 1).argmax()) < 1450
    assert ratio[15_000:].mean() == pytest.approx(1.0, abs=1e-3)


@pytest.fixture(scope="module")
def threshold_runs():
    critical = 8 * np.pi / 200**2
    rates = {"far below": 0.5, "below": 0.95, "above": 1.2, "far above": 10.0}
    rates = {name: ratio * critical for name, ratio in rates.items()}
    return {
        name: [
            trajectories.trajectory(
                "relu", {"eta": eta, "time": 10.0, "stride": 101}, {}, steps=round(10 / eta), seed=seed
            )
            for seed in range(3)
        ]
        for name, eta in rates.items()
    }


@pytest.mark.slow
def test_a_relu_network_learns_its_threshold_beyond_the_critical_step_size(threshold_runs):
    ends = {
        name: np.mean([[float(run[what][-1]) for what in ("bias", "accuracy")] for run in runs], axis=0)
        for name, runs in threshold_runs.items()
    }
    assert ends["below"][0] == pytest.approx(ends["far below"][0], rel=0.02), "below it the step size does not matter"
    assert ends["above"][0] < 1.2 * ends["below"][0]
    assert ends["far above"][0] < -1.0
    assert ends["below"][1] == pytest.approx(ends["far below"][1], abs=0.002)
    assert ends["far above"][1] > ends["below"][1] + 0.05
