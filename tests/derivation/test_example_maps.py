"""Maps of the models that a formula gives: what a theorem says of every cell, and of where the kinds of ends change."""

import numpy as np
import pytest

import eos_sweep
from helpers import named_inputs as named
from helpers.example_models import LOGISTIC_EDGE, flow_sharpness, model, on_a_grid, wells

pytestmark = pytest.mark.slow

SIZE = 40
CONVERGED, DIVERGED = 1, 2


def run(tmp_path, name, size=SIZE, **changes):
    """Return the dataset of a small map, with all inputs as arrays of its shape."""
    eos_sweep.run(on_a_grid(name, size, **changes), tmp_path / "s")
    return eos_sweep.open_sweep(tmp_path / "s").load()


def spread(dataset, *names):
    """Return coordinates as arrays of the map's shape."""
    return [
        np.asarray(dataset[name].broadcast_like(dataset.outcome).transpose(*dataset.outcome.dims)) for name in names
    ]


def labels(dataset):
    return np.array(dataset.regime.attrs["flag_meanings"].split())[dataset.regime.values]


def test_a_factorisation_without_l2_stays_bounded_up_to_its_line(tmp_path):
    """And converges there, as eta y0 < 1; but on x = -y runs end at the saddle."""
    dataset = run(tmp_path, "factorisation", 64).isel(l2=0)
    (line,) = model("factorisation").LINES
    x, y = spread(dataset, "x", "y")
    ratio = line.ratio({"x": x, "y": y, "y0": 1.0, "l2": 0.0, "eta": 0.9})
    assert abs(ratio - 1.0).min() > 1e-6
    assert np.array_equal(dataset.outcome.values == DIVERGED, ratio > 1.0)
    assert (dataset.outcome.values == CONVERGED)[(ratio < 1.0) & (abs(x + y) > 1e-12)].all()


def test_the_border_of_a_factorisation_is_simple_without_l2_and_a_fractal_with_it():
    """With it changes become more as the bracket narrows, at almost all edges."""
    spec = on_a_grid("factorisation", 32, y={"linear": [-3.5, 3.5, 400]})
    wide, narrow = (eos_sweep.boundary(spec, "y", "divergence", rtol=rtol) for rtol in (1e-6, 1e-12))
    found = narrow.kind.values > 0
    simple = narrow.kind.values == 1
    assert simple[0][found[0]].all() and found[0].sum() > 20
    assert simple[1][found[1]].mean() < 0.4
    means = [float(edges.changes.isel(l2=1).where(edges.kind.isel(l2=1) > 0).mean()) for edges in (wide, narrow)]
    assert means[1] > 1.5 * means[0] > 3.0


@pytest.mark.parametrize(("l2", "dimension"), [(0.0, 1.0), (0.3, 1.27)])
def test_the_dimension_of_the_border_of_a_factorisation(l2, dimension):
    """Of pairs of starts at a distance e, a share in proportion to e^(2 - dimension) ends differently."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-3.3, 3.3, (2, 200_000))
    angle = rng.uniform(0.0, 2.0 * np.pi, x.shape)

    def diverges(distance):
        start = {"x": x + distance * np.cos(angle), "y": y + distance * np.sin(angle)}
        return (
            named.run(model("factorisation"), 1000, ("outcome",), 1e-20, **start, l2=l2, eta=0.9)["outcome"] == DIVERGED
        )

    shares = [np.mean(diverges(0.0) != diverges(distance)) for distance in (1e-1, 1e-3)]
    assert abs(2.0 - 0.5 * np.log10(shares[0] / shares[1]) - dimension) < 0.06


def test_the_logistic_regression_converges_below_its_first_cycle_and_never_above_two(tmp_path):
    dataset = run(tmp_path, "logistic", r={"linear": [0.5, 2.5, 81]})
    (r,) = spread(dataset, "r")
    converged = dataset.outcome.values == CONVERGED
    assert converged[r < 1.8598].all()
    assert not converged[r > 2.0].any()
    shared = (r > 1.86) & (r < 2.0)
    assert 0.1 < converged[shared].mean() < 0.9
    assert (labels(dataset)[shared & ~converged] == "periodic").any()
    assert not (labels(dataset) == "divergence").any()
    assert np.allclose(dataset.w_final.values[converged], LOGISTIC_EDGE["minimum"], atol=1e-6)


@pytest.mark.parametrize(("above", "converges"), [(-1e-6, True), (1e-4, False)])
def test_the_cycle_of_the_logistic_regression_begins_where_minimisation_says(above, converges):
    """From its upper point, the start of a run just above that step size stays on the cycle."""
    eta = (1.0 + above) * LOGISTIC_EDGE["ratio"] / LOGISTIC_EDGE["curvature"]
    formula = on_a_grid("logistic", 2).model
    dataset = eos_sweep.sweep(formula, {"w": [LOGISTIC_EDGE["upper"] + 3e-3]}, {"eta": eta}, steps=200_000)
    assert (dataset.outcome.item() == CONVERGED) == converges
    assert converges or dataset.period.item() == 2


@pytest.mark.parametrize(("name", "layers"), [("four_scalars", 4), ("three_layers", 3), ("eight_layers", 8)])
def test_a_product_of_weights_has_no_stable_minimum_above_two_over_its_layers(tmp_path, name, layers):
    """The sum of the inverse squares of D weights of product one is at least D."""
    dataset = run(tmp_path, name, 24)
    (eta,) = spread(dataset, "eta")
    converged = dataset.outcome.values == CONVERGED
    assert not converged[eta > 2.0 / layers].any() and converged[eta < 2.0 / layers].mean() > 0.3
    weights = np.stack([dataset[f"{name}_final"].values[converged] for name in model(name).STATE])
    assert np.allclose(np.prod(weights, axis=0), 1.0, rtol=1e-6)
    assert np.allclose(dataset.sharpness_final.values[converged], np.sum(weights**-2.0, axis=0), rtol=1e-6)
    assert (dataset.sharpness_final.values[converged] * eta[converged] < 2.0 + 1e-6).all()


@pytest.mark.parametrize("start", [(2.5, 0.3), (3.0, 0.25), (2.6, 0.5)])
def test_four_scalars_end_at_one_sharpness(start):
    """2/eta - eta/2 up to O(eta^3), and 9.927360 for eta = 0.2, whatever the start."""
    x, y = start
    formula = on_a_grid("four_scalars", 2).model
    dataset = eos_sweep.sweep(formula, {"eta": [0.2]}, {}, {"x": x, "y": y, "z": x, "w": y}, steps=100_000)
    assert abs(dataset.sharpness_final.item() - 9.927360) < 1e-5


@pytest.mark.parametrize(
    ("name", "stock", "parameters"), [("three_layers", "scalar_net", {"depth": 3}), ("four_scalars", "quartic", {})]
)
def test_labels_are_those_of_the_model_by_hand(tmp_path, name, stock, parameters):
    """Of three layers all but those at the border of divergence; of four scalars below the last stable minimum.

    Above it orbits leave the plane on which four scalars are two.
    """
    dataset = run(tmp_path, name)
    spec = on_a_grid(name, SIZE).to_dict()
    axes = {axis: dataset[axis].values for axis in dataset.outcome.dims}
    known = eos_sweep.models.get(stock).STATE
    initial = {coordinate: value for coordinate, value in spec["initial"].items() if coordinate in known}
    other = eos_sweep.sweep(stock, axes, parameters, initial, steps=dataset.attrs["steps"])
    same = labels(dataset) == labels(other)
    (eta,) = spread(dataset, "eta")
    if name == "four_scalars":
        assert same[eta < 0.5].all() and (eta < 0.5).sum() > 300
    else:
        assert same.mean() > 0.98


def test_a_neuron_ends_at_a_minimum_that_is_flat_enough(tmp_path):
    """Between the flattest minimum and 2/eta; for small steps where gradient flow from the start ends."""
    dataset = run(tmp_path, "tanh_neuron")
    eta, b = spread(dataset, "eta", "b")
    converged = dataset.outcome.values == CONVERGED
    flattest = 2.0 * np.sqrt(2.0) - 2.0
    assert not converged[eta > 2.0 / flattest].any()
    sharp = dataset.sharpness_final.values
    found = converged & (labels(dataset) != "divergence")
    assert (sharp[found] > flattest - 1e-9).all() and (sharp[found] * eta[found] < 2.0 + 1e-6).all()
    formula = on_a_grid("tanh_neuron", 2).model
    small = eos_sweep.sweep(formula, {"b": [0.1, 0.5, 1.0]}, {"eta": 1e-4}, {"a": 2.0}, steps=2_000_000)
    assert np.allclose(small.sharpness_final.values, flow_sharpness(2.0, small.b.values, 1.0), rtol=1e-3)


def test_runs_in_a_bowl_with_a_cosine_end_in_its_wells(tmp_path):
    dataset = run(tmp_path, "cosine", 60)
    (eta,) = spread(dataset, "eta")
    converged, diverged = dataset.outcome.values == CONVERGED, dataset.outcome.values == DIVERGED
    rests = wells(0.5, 8.0)
    curvature = 1.0 + 32.0 * np.cos(8.0 * rests)
    rests, curvature = rests[curvature > 0.0], curvature[curvature > 0.0]
    nearest = abs(dataset.x_final.values[converged][:, None] - rests).argmin(axis=1)
    assert np.allclose(dataset.x_final.values[converged], rests[nearest], atol=1e-6)
    assert (eta[converged] * curvature[nearest] < 2.0 + 1e-6).all()
    assert converged[eta < 2.0 / 33.0].all() and not converged[eta > 2.0 / curvature.min()].any()
    assert not diverged[eta < 2.0].any() and diverged[eta > 2.05].all()


def test_no_run_in_rosenbrocks_valley_converges_above_its_edge(tmp_path):
    dataset = run(tmp_path, "rosenbrock")
    (eta,) = spread(dataset, "eta")
    sharpest = 51.0 + np.sqrt(51.0**2 - 40.0)
    converged = dataset.outcome.values == CONVERGED
    assert not converged[eta > 2.0 / sharpest].any() and converged[eta < 1.9 / sharpest].mean() > 0.3
    assert np.allclose(dataset.sharpness_final.values[converged], sharpest, rtol=1e-6)


@pytest.mark.parametrize(("name", "gap"), [("log_cosh", 1.5), ("logistic", 6.0), ("root", 1.0), ("huber", 4.0)])
def test_the_gap_below_the_edge_of_four_losses_of_a_product(name, gap):
    """Runs above the line of the onset end at 2/eta - G eta + O(eta^3), whatever the start."""
    formula = on_a_grid(f"ahn_{name}", 2).model
    dataset = eos_sweep.sweep(formula, {"y": [16.0, 20.0]}, {"eta": 0.01}, {"x": 0.01}, steps=100_000)
    assert np.allclose((200.0 - dataset.sharpness_final.values) / 0.01, gap, rtol=1e-2)
