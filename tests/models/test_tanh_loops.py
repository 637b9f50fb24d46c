"""Tanh networks in compiled loops against NumPy's products, of all shapes, in several threads, and back again."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eos_sweep.contract import Table
from eos_sweep.eigen.lanczos import RESOLUTION
from eos_sweep.models import mini_batches, tanh_net
from eos_sweep.models.tanh_loops import SAMPLES
from eos_sweep.models.tanh_net import NARROW, Looped, Multiplied

SHAPES = [  # inputs, units of each layer, outputs; samples
    ((1, 30, 1), 20),
    ((1, 1, 1), 2),
    ((3, 5, 2, 7, 3), 8),
    ((9, 33, 1), 9),
    ((2, 4, 4, 6), 17),
    ((17, 3, 40), SAMPLES),
    ((4, 6, 5, 2), SAMPLES + 1),
    ((5, 7, 1), 3 * SAMPLES - 5),
]


def both(sizes, samples, seed=0, eta=0.1):
    draw = np.random.default_rng([seed, samples])
    table = Table(draw.standard_normal((samples, sizes[0])), draw.standard_normal((samples, sizes[-1])))
    shapes = [(units, count + 1) for count, units in itertools.pairwise(sizes)]
    weights = np.concatenate([draw.standard_normal(shape).ravel() / np.sqrt(shape[1]) for shape in shapes])
    return [kind(table, shapes, weights.copy(), eta) for kind in (Looped, Multiplied)]


@pytest.mark.parametrize(("sizes", "samples"), SHAPES)
def test_loops_and_products_of_numpy_agree(sizes, samples):
    looped, multiplied = both(sizes, samples)
    draw = np.random.default_rng(1)
    for _ in range(3):
        assert looped.loss == pytest.approx(multiplied.loss, rel=1e-14)
        size = np.abs(multiplied.gradient).max()
        np.testing.assert_allclose(looped.gradient, multiplied.gradient, rtol=0, atol=1e-14 * size)
        vector = draw.standard_normal(looped.weights.size)
        expected = multiplied.hessian_product(vector)
        np.testing.assert_allclose(
            looped.hessian_product(vector), expected, rtol=0, atol=1e-13 * np.abs(expected).max()
        )
        np.testing.assert_allclose(looped.advance(4), multiplied.advance(4), rtol=1e-12)
        np.testing.assert_allclose(looped.weights, multiplied.weights, rtol=0, atol=1e-13)
        assert looped.sharpness() == pytest.approx(multiplied.sharpness(), rel=1e-8)


def test_other_data_leave_nothing_behind():
    looped, _ = both((3, 6, 2), 30)
    other, _ = both((3, 6, 2), 30, seed=5)
    draw = np.random.default_rng([5, 30])
    looped.see(Table(draw.standard_normal((30, 3)), draw.standard_normal((30, 2))))
    looped.restore(other.weights)
    assert looped.loss == other.loss and looped.gradient.tobytes() == other.gradient.tobytes()


@pytest.mark.parametrize(("width", "kind"), [(NARROW, Looped), (NARROW + 1, Multiplied)])
@pytest.mark.parametrize("batch", [np.inf, 2.0])
def test_wide_networks_take_the_products_of_numpy(width, kind, batch):
    given = {"eta": 0.1, "width": width, "points": 4, "batch": batch}
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in tanh_net.PARAMETERS.items())
    network = tanh_net.start(p, (1.0,), None)
    parts = [network._whole, network._part] if isinstance(network, mini_batches.MiniBatches) else [network]
    assert {type(part) for part in parts} == {kind}


def follow(seed):
    """Return the bits of a run with looks."""
    looped, _ = both((2, 12, 9, 1), 40, seed, eta=0.3)
    found = []
    for _ in range(12):
        found += [looped.sharpness(), *looped.advance(7)]
    return np.array(found).tobytes() + looped.weights.tobytes()


def test_threads_change_no_bit():
    alone = [follow(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(follow, range(8))) == alone


@pytest.mark.parametrize("kind", [0, 1])
def test_a_run_goes_on_with_the_same_bits_from_its_state(kind):
    whole, again = (both((2, 12, 9, 1), 40, eta=0.3)[kind] for _ in range(2))
    for _ in range(5):
        whole.sharpness(), whole.advance(7)
    state = whole.state()
    rest = [(whole.sharpness(), whole.advance(7).tolist()) for _ in range(12)]
    again.sharpness()
    again.load(state)
    assert [(again.sharpness(), again.advance(7).tolist()) for _ in range(12)] == rest


def test_a_network_that_has_diverged_has_no_sharpness():
    looped, _ = both((2, 5, 1), 20)
    looped.restore(np.full(looped.weights.size, np.nan))
    assert np.isnan(looped.loss) and np.isnan(looped.sharpness())


@pytest.mark.parametrize(
    ("stride", "given"),
    [
        (15, {"width": 2, "depth": 2, "points": 4, "degree": 7, "eta": 1.1837563394199642, "seed": 465173}),
        (1, {"width": 3, "depth": 3, "points": 8, "degree": 1, "eta": 2.240728616550536, "seed": 44302}),
    ],
)
def test_where_the_top_falls_to_the_second_it_is_looked_for_elsewhere(stride, given):
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in tanh_net.PARAMETERS.items())
    network = tanh_net.start(p, ({15: 4.215331037098025, 1: 3.0889803008661167}[stride],), None)
    for _ in range(12):
        rows = [network.hessian_product(vector) for vector in np.eye(network.weights.size)]
        found = np.linalg.eigvalsh(np.array(rows))
        assert network.sharpness() == pytest.approx(found[-1], rel=1e-6, abs=RESOLUTION * -found[0])
        network.advance(stride)
