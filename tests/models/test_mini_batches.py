"""Mini-batches and noise on targets: which samples a step sees, and that all else is of all data."""

import itertools

import numpy as np
import pytest

from eos_sweep.contract import Job, Table
from eos_sweep.engine.networks import course
from eos_sweep.errors import InputError
from eos_sweep.functions.draws import normal_draw
from eos_sweep.models import linear_net_full, mini_batches, relu, tanh_net
from eos_sweep.models.mini_batches import FIRST_TARGET, Drawn
from eos_sweep.models.ruled_network import ruled
from eos_sweep.update_rules.composed import parse
from helpers.ruled_networks import DATA, ETA, SEED, TINY, dense, length, run, slope, under

WIDE = Table(np.arange(24.0).reshape(12, 2) / 24, np.cos(np.arange(36.0)).reshape(12, 3))
MODELS = {
    "tanh": (tanh_net, WIDE, {"width": 4, "eta": 0.3, "seed": 5}),
    "linear": (linear_net_full, None, {"width": 4, "features": 3, "points": 12, "eta": 0.4, "seed": 5}),
    "relu": (relu, None, {"dimension": 9, "points": 12, "eta": 0.02, "seed": 5}),
}


@pytest.fixture(params=MODELS)
def case(request):
    return MODELS[request.param]


def on(model, data, rows, given):
    """Return a network on some of its samples, at its start."""
    if model is relu:
        learnt, fresh = relu.samples(given["seed"], given["dimension"], given["points"], 3.0)
        return relu.Net(relu.Samples(*(array[rows] for array in learnt)), fresh, np.zeros(3), given["eta"])
    table = data or linear_net_full.normal(given["seed"], given["features"], given["points"])
    return under(model, "gd", Table(*(array[rows] for array in table)), **given)


def test_a_step_goes_down_the_gradient_of_its_samples_and_the_loss_is_of_all(case):
    model, data, given = case
    network, whole = under(model, "gd", data, **given, batch=5), under(model, "gd", data, **given)
    drawn = Drawn(5, (np.zeros(12),), 5)
    for step in range(20):
        few = on(model, data, drawn.rows(step), given)
        few.restore(network.weights)
        expected = network.weights - given["eta"] * few.gradient
        losses = network.advance(1)
        np.testing.assert_allclose(network.weights, expected, rtol=0, atol=1e-14)
        whole.restore(network.weights)
        assert losses.tolist() == [network.loss] == [whole.loss]
        assert network.readings() == pytest.approx(whole.readings(), rel=1e-9)
        np.testing.assert_array_equal(dense(network), dense(whole))
    assert network.sharpness() == pytest.approx(np.linalg.eigvalsh(dense(whole))[-1], rel=1e-8)


def test_all_samples_without_noise_are_plain_gradient_descent(case):
    model, data, given = case
    plain = under(model, "gd", data, **given)
    for batch in (12, 13, np.inf):
        network = under(model, "gd", data, **given, batch=batch)
        assert type(network) is type(plain) is not mini_batches.MiniBatches
    assert isinstance(under(model, "gd", data, **given, batch=11), mini_batches.MiniBatches)


def test_a_batch_is_a_random_set_of_samples_that_seed_and_step_determine():
    drawn, count, size, steps = Drawn(7, (np.zeros(10),), 3), 10, 3, 4000
    batches = [drawn.rows(step) for step in range(steps)]
    for rows in batches:
        assert len(rows) == size and (np.diff(rows) > 0).all() and 0 <= rows[0] and rows[-1] < count
    again = Drawn(7, (np.zeros(10),), 3)
    for step in (3999, 5, 1700, 0):
        np.testing.assert_array_equal(again.rows(step), batches[step])
    assert any((Drawn(8, (np.zeros(10),), 3).rows(step) != batches[step]).any() for step in range(3))
    share = np.bincount(np.concatenate(batches), minlength=count) / steps
    assert np.abs(share - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / steps)
    pairs = sum(1 for rows in batches if {2, 6} <= set(rows.tolist())) / steps
    assert abs(pairs - 3 * 2 / (10 * 9)) < 5 * np.sqrt(pairs / steps)
    later = np.mean([np.intersect1d(one, other).size for one, other in itertools.pairwise(batches)])
    assert abs(later - 0.9) < 5 * 0.7 / np.sqrt(steps), "steps are independent: there are no epochs"


@pytest.mark.parametrize("batch", [np.inf, 4])
def test_noise_on_the_targets_is_that_of_the_sample_the_output_and_the_step(batch):
    given = {"width": 4, "eta": 0.3, "seed": 5}
    network = under(tanh_net, "gd", WIDE, **given, batch=batch, label_noise=0.2)
    drawn, whole = Drawn(5, (np.zeros(12),), batch), under(tanh_net, "gd", WIDE, **given)
    places = FIRST_TARGET + np.arange(36.0).reshape(12, 3)
    for step in range(10):
        rows = drawn.rows(step)
        noisy = WIDE.targets + 0.2 * normal_draw(5.0, float(step), places)
        few = under(tanh_net, "gd", Table(WIDE.inputs[rows], noisy[rows]), **given)
        few.restore(network.weights)
        expected = network.weights - 0.3 * few.gradient
        network.advance(1)
        np.testing.assert_allclose(network.weights, expected, rtol=0, atol=1e-14)
        whole.restore(network.weights)
        assert network.loss == whole.loss, "the loss is that of the true targets"


def test_noise_on_the_targets_is_a_parameter_or_a_rule():
    network, given = under(tanh_net, "gd", **TINY, label_noise=0.3), {**TINY, "label_noise": 0.3}
    ruled_one = under(tanh_net, "label_noise", **given)
    assert network.advance(20).tobytes() == ruled_one.advance(20).tobytes()
    model = ruled(tanh_net, parse("heavy_ball + label_noise"))
    assert list(model.PARAMETERS) == [*tanh_net.PARAMETERS, "momentum"]
    assert model.PARAMETERS["label_noise"].default > 0 == tanh_net.PARAMETERS["label_noise"].default
    with pytest.raises(InputError, match="label_noise is for networks with targets, and relu has none"):
        ruled(relu, parse("label_noise"))


@pytest.mark.parametrize("given", [{"batch": 2}, {"label_noise": 0.3}, {"batch": 3, "label_noise": 0.1}])
def test_a_run_does_not_depend_on_its_stride_or_its_budget(given):
    model = ruled(tanh_net, parse("heavy_ball"))
    losses = []
    for stride, steps in ((1, 40), (7, 40), (40, 80)):
        named = {**TINY, **given, "stride": stride}
        p = tuple(float(named.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
        stretches = list(course.follow(Job(model, (), steps, 0.0), p, (1.0,)))
        losses.append(np.concatenate([stretch.losses for stretch in stretches])[:41])
    assert losses[0].tobytes() == losses[1].tobytes() == losses[2].tobytes()
    assert len(losses[0]) == 41


@pytest.mark.parametrize("rule", ["gd", "sam + gradient_noise"])
def test_a_diverging_run_goes_back_to_the_samples_that_it_saw(rule):
    given = {**TINY, "eta": 40.0, "scale": 3.0, "batch": 2, "label_noise": 0.1}
    names = "steps_taken", "outcome", "loss_final", "norm_final"
    found = [run(tanh_net, rule, 400, **given, stride=stride) for stride in (1, 30, 400)]
    ends = [[one[name] for name in names] for one in found]
    assert ends[0] == ends[1] == ends[2] and ends[0][1] == 2 and ends[0][0] > 1


def test_a_rule_sees_the_same_samples_at_all_places_of_a_step():
    network = under(tanh_net, "sam", **TINY, batch=3, sam_radius=0.3)
    drawn = Drawn(SEED, (np.zeros(6),), 3)
    w = network.weights.copy()
    for step in range(20):
        few = under(tanh_net, "gd", Table(*(array[drawn.rows(step)] for array in DATA)), **TINY)

        def few_slope(at, few=few):
            few.restore(at)
            return few.gradient.copy()

        g = few_slope(w)
        w = w - ETA * few_slope(w + 0.3 * g / length(g))
        network.advance(1)
        np.testing.assert_allclose(network.weights, w, rtol=0, atol=1e-12)
        edge = network.edge()
        size = length(on_next(drawn, step + 1, w))
        assert edge == pytest.approx(ETA * size / 0.6 * (np.sqrt(1 + 2.4 / (ETA * size)) - 1), rel=1e-9)
    assert length(slope(w)) > 0


def on_next(drawn, step, weights):
    """Return the gradient of the samples of a step."""
    few = under(tanh_net, "gd", Table(*(array[drawn.rows(step)] for array in DATA)), **TINY)
    few.restore(weights)
    return few.gradient


def test_the_mean_step_of_small_batches_is_that_of_all_samples():
    network = under(tanh_net, "gd", **TINY, batch=1)
    start = network.weights.copy()
    gradients = []
    for step in range(1500):
        network.resume({"weights": start, "step": np.array(step)})
        gradients.append(network.gradient.copy())
    spread = np.std(gradients, axis=0) / np.sqrt(len(gradients))
    assert (np.abs(np.mean(gradients, axis=0) - slope(start)) < 5 * spread + 1e-12).all()
