"""Break conditions of Liu et al. 2025 (arXiv 2503.02809): closed forms, where to measure them, and counter-examples.

figures/break_table.py has the conditions; figures/break_conditions.py measures, draws and tabulates them.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

import eos_sweep
from eos_sweep import regimes
from eos_sweep.models import bivariate_theory

Values = Mapping[str, np.ndarray]  # name -> values of every parameter and initial coordinate, one for each column


class Example(NamedTuple):
    """One trajectory beyond the condition, as ``eos-sweep trace`` shows it: inputs that differ from the spec's."""

    at: Mapping[str, float]
    steps: int
    regime: str
    words: str


class Break(NamedTuple):
    """A condition and its boundary along one axis of a sweep, for values of the other within ``across_range``."""

    spec: str  # sweeps/<spec>.toml
    condition: str  # what ends or begins there
    across: str
    along: str
    holds: str  # of eos_sweep.boundary
    pick: (
        str  # "first" or "last" change; "ends": first one at which it ends; "again": first one at which it begins again
    )
    across_range: tuple[float, float]
    formula: str  # the closed form, as mathtext
    predicted: Callable[[Values], np.ndarray]  # the closed form, in values of ``along``
    example: Example
    finding: str  # a sentence; braces hold measured numbers
    variable: str = "regime"  # of the map
    along_range: tuple[float, float] = (0.0, np.inf)
    steps: int = 0  # budget of the bisection, if it is not the map's: a coarse grid of its own is run with it
    quantity: str = ""  # of the power law, if it is not ``along``
    measured: Callable[[Values], np.ndarray] | None = None  # that quantity at the measured edge
    expected: Callable[[Values], np.ndarray] | None = None  # its closed form
    extra: Callable[[xr.Dataset], float] | None = None  # a further number of the map for the sentence


def edge_alpha(v: Values) -> np.ndarray:
    return np.sqrt(2.0 / (v["eta"] * v["lambda1"]))


def energy(v: Values) -> np.ndarray:
    return bivariate_theory.unclipped_energy(v["lambda1"], v["eta"], v["alpha"], v["beta1"])


def step_size_at_energy(energy: float) -> Callable[[Values], np.ndarray]:
    """Return the step size at which a run has this energy."""
    return lambda v: energy / bivariate_theory.unclipped_energy(v["lambda1"], 1.0, v["alpha"], v["beta1"])


def least_radius(v: Values) -> np.ndarray:
    return bivariate_theory.smallest_radius(v["lambda2"], v["eta"])


def flip_radius(v: Values) -> np.ndarray:
    return bivariate_theory.largest_radius(v["lambda1"], v["eta"])


def variance_that_radius_holds(v: Values) -> np.ndarray:
    """Return lambda2 for which the radius is just enough, sqrt(eta lambda2/8)."""
    return 8.0 * v["radius"] ** 2 / v["eta"]


def variance_at_own_edge(v: Values) -> np.ndarray:
    """Return lambda2 for which the relevant feature is at the edge itself.

    At the minimum with lambda1 alpha^2 = 2/eta this means lambda2 (alpha^2 + 1/alpha^2) = 2/eta.
    """
    return v["lambda1"] / (1.0 + (0.5 * v["eta"] * v["lambda1"]) ** 2)


def onset_alpha(v: Values) -> np.ndarray:
    """Return alpha for which phi = 2/eta: h(Q) = 2/(eta lambda1), and Q = h - 1/h."""
    end = 2.0 / (v["eta"] * v["lambda1"])
    with np.errstate(invalid="ignore"):
        return np.sqrt(end - 1.0 / end + v["beta1"] ** 2 + v["beta2"] ** 2)


def least_radius_with_more_steps(dataset: xr.Dataset) -> float:
    """Return the least radius for two crossings in 80 000 steps at eta = 0.05, over that of the formula."""
    given = json.loads(dataset.attrs["spec"]) | {"steps": 80_000}
    given["axes"] = {"eta": [0.05], "radius": {"log": [1e-4, 0.1, 48]}}
    sweep = eos_sweep.Sweep.from_dict(given)
    edge = eos_sweep.boundary(sweep, "radius", "edge_of_stability", which="first").edge.item()
    return edge / float(bivariate_theory.smallest_radius(0.01, 0.05))


def percent_at_the_edge(dataset: xr.Dataset) -> float:
    """Return the percentage of starts with alpha > sqrt(2/(eta lambda1)), eta > 2/lambda1, that come to the edge."""
    beyond = (dataset.alpha > np.sqrt(2.0 / (dataset.eta * dataset.lambda1))) & (dataset.eta > 2.0 / dataset.lambda1)
    return 100.0 * float((dataset.regime == regimes.CODES["edge_of_stability"]).where(beyond).mean())
