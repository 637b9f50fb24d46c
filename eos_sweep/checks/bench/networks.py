"""Whole runs of tanh networks with looks at the sharpness, beside eager PyTorch: same weights, steps and looks.

A run begins on the edge of stability or close to it, after steps that are not timed, since there a look needs the most
products.  Times are processor times of one thread.
"""

import functools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.checks.bench.peers import torch_network
from eos_sweep.contract import Table
from eos_sweep.engine.networks import blas
from eos_sweep.models import tanh_net

STRIDE = 15
COMPARED = 4  # looks over which both have to agree: later rounding errors have grown
CLOSE_LOSS, CLOSE_SHARPNESS = 1e-10, 1e-8  # relative


class Case(NamedTuple):
    """A network, its data, and the steps of a run."""

    width: int
    depth: int
    eta: float
    before: int  # steps that are not timed
    looks: int
    data: Callable[[], Table]


class Run(NamedTuple):
    """A run: its processor seconds, the loss before each step, and the sharpness at each look."""

    seconds: float
    losses: np.ndarray
    sharpness: np.ndarray


Readings = Mapping[str, Mapping[str, Sequence[float]]]  # case -> contestant -> steps a second, of each round


def teacher(samples: int, inputs: int) -> Table:
    """Return normal inputs, and as targets the tanh of their part along a random direction."""
    draw = np.random.default_rng(0)
    given = draw.standard_normal((samples, inputs))
    return Table(given, np.tanh(2.0 / np.sqrt(inputs) * (given @ draw.standard_normal((inputs, 1)))))


def digits() -> Table:
    """Return the digits of scikit-learn, their labels as ten targets; random ones where it is not installed."""
    try:
        from sklearn.datasets import load_digits

        loaded = load_digits()
        pixels, labels = loaded.data / 16.0, loaded.target
    except ImportError:
        draw = np.random.default_rng(0)
        pixels, labels = draw.random((1797, 64)), draw.integers(10, size=1797)
    return Table(pixels, np.eye(10)[labels])


def cases() -> dict[str, Case]:
    """Return the runs, by their names."""
    points = functools.partial(tanh_net.chebyshev, 3, 20)
    return {
        "20 points, width 30, depth 1": Case(30, 1, 0.3, 5500, 100, points),
        "20 points, width 30, depth 2": Case(30, 2, 0.2, 3000, 60, points),
        "20 points, width 30, depth 3": Case(30, 3, 0.1, 3000, 60, points),
        "5000 x 100, width 200, depth 2": Case(200, 2, 0.4, 150, 24, functools.partial(teacher, 5000, 100)),
        "1797 x 64, 10 outputs, width 50, depth 2": Case(50, 2, 0.06, 1500, 24, digits),
    }


def begun(case: Case) -> Any:
    """Return our network at its initial weights."""
    given = {"width": case.width, "depth": case.depth, "eta": case.eta, "stride": STRIDE}
    p = tuple(float(given.get(name, quantity.default or 0.0)) for name, quantity in tanh_net.PARAMETERS.items())
    return tanh_net.start(p, (1.0,), case.data())


def ours(case: Case, weights: np.ndarray) -> Run:
    """Take the steps of a case from some weights."""
    network = begun(case)
    network.restore(weights)
    first, began = network.loss, time.process_time()
    losses, sharpness = [], []
    for _ in range(case.looks):
        sharpness.append(network.sharpness())
        losses.append(network.advance(STRIDE))
    return Run(time.process_time() - began, np.array([first, *np.concatenate(losses)[:-1]]), np.array(sharpness))


def torch(case: Case, weights: np.ndarray) -> Run:
    """Take the same steps in PyTorch."""
    data = case.data()
    sizes = [data.inputs.shape[1], *[case.width] * case.depth, data.targets.shape[1]]
    network = torch_network.Network(data.inputs, data.targets, sizes, weights, case.eta)
    began = time.process_time()
    losses, sharpness = [], []
    for _ in range(case.looks):
        sharpness.append(network.sharpness())
        losses.append(network.advance(STRIDE))
    return Run(time.process_time() - began, np.concatenate(losses), np.array(sharpness))


def disagreement(one: Run, other: Run) -> str:
    """Return how the first losses or eigenvalues of two runs differ; empty if they agree."""
    for name, few, close in (("losses", COMPARED * STRIDE, CLOSE_LOSS), ("sharpness", COMPARED, CLOSE_SHARPNESS)):
        a, b = getattr(one, name)[:few], getattr(other, name)[:few]
        far = float(np.max(np.abs(a / b - 1.0)))
        if not far <= close:
            return f"{name} differ by {far:.1e}"
    return ""


def measure(
    repeats: int, report: Callable[[str], None] = lambda step: None, wanted: Mapping[str, Case] | None = None
) -> Readings:
    """Time all cases, the contestants in turns.

    Parameters
    ----------
    repeats
        Rounds.
    report
        Called after each run.
    wanted
        The cases, all of them by default.

    Raises
    ------
    RuntimeError
        If the two do not agree.
    """
    contestants = {"eos_sweep": ours} | ({} if torch_network.missing() else {"PyTorch": torch})
    found: dict[str, dict[str, list[float]]] = {}
    for name, case in (cases() if wanted is None else wanted).items():
        with blas.one_thread(), np.errstate(all="ignore"):
            network = begun(case)
            network.advance(case.before)
            weights = network.weights.copy()
            few = case._replace(looks=min(case.looks, COMPARED))
            trials = [run(few, weights) for run in contestants.values()]  # compiles, too
            if wrong := disagreement(trials[0], trials[-1]):
                raise RuntimeError(f"{name}: {wrong}")
            report(f"compared {name}")
            found[name] = {who: [] for who in contestants}
            for _ in range(repeats):
                for who, run in contestants.items():
                    found[name][who].append(case.looks * STRIDE / run(case, weights).seconds)
                    report(f"timed {name}")
    return found


def rounds(repeats: int) -> int:
    """Return how often :func:`measure` reports."""
    return len(cases()) * (1 + repeats * (1 if torch_network.missing() else 2))


def ratios(found: Mapping[str, Sequence[float]]) -> list[float]:
    """Return by how much we are faster in each round; nothing without PyTorch."""
    return [a / b for a, b in zip(found["eos_sweep"], found.get("PyTorch", []), strict=False)]


def to_dict(found: Readings) -> dict[str, Any]:
    """Return the readings as plain data."""
    return {name: {who: list(each) for who, each in one.items()} for name, one in found.items()}


def text(found: Readings) -> str:
    """Return the table that the command prints."""
    lines = [f"{'steps a second, medians; a look each 15 steps':48}{'eos_sweep':>10}{'PyTorch':>10}{'ratio':>8}"]
    for name, one in found.items():
        speeds = [statistics.median(each) for each in one.values()]
        faster = ratios(one)
        shown = f"{statistics.median(faster):8.1f}  ({min(faster):.1f} to {max(faster):.1f})" if faster else ""
        lines.append(f"{name:48}" + "".join(f"{speed:10.{0 if speed >= 100 else 1}f}" for speed in speeds) + shown)
    if missing := torch_network.missing():
        lines.append(f"left out: PyTorch: {missing}")
    return "\n".join(lines)
