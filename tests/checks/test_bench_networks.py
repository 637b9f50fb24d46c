"""The comparison of networks with PyTorch: both compute the same, and what differs is found out."""

import importlib.util

import numpy as np
import pytest
from click.testing import CliRunner

from eos_sweep.checks.bench import networks
from eos_sweep.checks.bench.networks import STRIDE, Case, Run, digits, teacher
from eos_sweep.cli.main import main
from eos_sweep.models import tanh_net

SMALL = {
    "chebyshev": Case(7, 2, 0.3, 30, 5, lambda: tanh_net.chebyshev(2, 9)),
    "several outputs": Case(5, 1, 0.1, 4, 4, lambda: digits()._replace(**{
        name: array[:40] for name, array in digits()._asdict().items()
    })),
}  # fmt: skip


def plain(case, weights):
    """Return what a run of a case has, by the gradients and Hessians of the network alone."""
    network = networks.begun(case)
    network.restore(weights)
    losses, sharpness = [], []
    for step in range(case.looks * STRIDE):
        if step % STRIDE == 0:
            hessian = [network.hessian_product(unit) for unit in np.eye(weights.size)]
            sharpness.append(np.linalg.eigvalsh(np.array(hessian))[-1])
        losses.append(network.loss)
        network.restore(network.weights - case.eta * network.gradient)
    return Run(1.0, np.array(losses), np.array(sharpness))


@pytest.mark.parametrize("name", SMALL)
def test_a_run_is_gradient_descent_with_looks(name):
    case = SMALL[name]
    weights = networks.begun(case).weights.copy()
    run, expected = networks.ours(case, weights), plain(case, weights)
    assert run.seconds > 0 and len(run.losses) == case.looks * STRIDE and len(run.sharpness) == case.looks
    np.testing.assert_allclose(run.losses, expected.losses, rtol=1e-9)
    np.testing.assert_allclose(run.sharpness, expected.sharpness, rtol=1e-7)
    assert not networks.disagreement(run, expected)


def test_what_differs_is_said():
    one = Run(1.0, np.ones(60), np.ones(4))
    assert networks.disagreement(one, one._replace(losses=one.losses + 1e-9)).startswith("losses differ by 1.0e-09")
    assert networks.disagreement(one, one._replace(sharpness=one.sharpness * np.nan)) == "sharpness differ by nan"


def test_cases_have_the_sizes_that_they_are_named_after():
    for name, case in networks.cases().items():
        given = case.data()
        if " x " in name:
            assert name.startswith(f"{given.inputs.shape[0]} x {given.inputs.shape[1]}")
        assert f"width {case.width}, depth {case.depth}" in name
    assert digits().targets.shape == (1797, 10) and digits().targets.sum() == 1797
    assert np.abs(teacher(50, 3).targets).max() < 1


def test_the_table_has_medians_and_ratios():
    found = {"a net": {"eos_sweep": [400.0, 200.0, 300.0], "PyTorch": [100.0, 100.0, 50.0]}}
    row = networks.text(found).splitlines()[1].split()
    assert row == ["a", "net", "300", "100", "4.0", "(2.0", "to", "6.0)"]


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed")
def test_pytorch_computes_the_same():
    for case in SMALL.values():
        weights = networks.begun(case).weights.copy()
        assert not networks.disagreement(networks.ours(case, weights), networks.torch(case, weights))


def test_the_command_refuses_no_rounds():
    result = CliRunner().invoke(main, ["bench", "--networks", "--repeats", "0"])
    assert result.exit_code == 2
