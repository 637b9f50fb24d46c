"""The break conditions of Liu et al. 2025 (arXiv 2503.02809): what is predicted, where to measure it, counter-examples.

figures/break_conditions.py measures, draws and tabulates them.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

import eos_sweep
from eos_sweep import regimes, theory

Values = Mapping[str, np.ndarray]  # name -> values of every parameter and initial coordinate, one for each column


class Example(NamedTuple):
    """One trajectory beyond the condition, by what it changes in the spec; ``eos-sweep trace`` shows it."""

    at: Mapping[str, float]
    steps: int
    regime: str
    words: str


class Break(NamedTuple):
    """One condition and its boundary: along one axis of a sweep, for values of the other axis within ``part``."""

    spec: str  # sweeps/<spec>.toml
    words: str  # what ends there
    across: str
    along: str
    holds: str  # of eos_sweep.boundary
    pick: str  # "first" or "last" change; "ends": the first one at which it ends; "again": where it begins after that
    law: str  # the closed form, as mathtext
    predicted: Callable[[Values], np.ndarray]  # the closed form, in values of ``along``
    part: tuple[float, float]
    example: Example
    says: str  # a sentence; braces hold what was measured
    variable: str = "regime"  # of the map
    over: tuple[float, float] = (0.0, np.inf)  # values of ``along`` within which to look
    steps: int = 0  # budget of the bisection, if it is not the map's: a coarse grid of its own is run with it
    quantity: str = ""  # what the power law is of, if not of ``along``
    of: Callable[[Values], np.ndarray] | None = None  # that, at the measured edge
    expected: Callable[[Values], np.ndarray] | None = None  # and its closed form
    also: Callable[[xr.Dataset], float] | None = None  # a number of the map that the sentence tells, too


def _edge_alpha(v: Values) -> np.ndarray:
    return np.sqrt(2.0 / (v["eta"] * v["lambda1"]))


def _energy(v: Values) -> np.ndarray:
    return theory.unclipped_energy(v["lambda1"], v["eta"], v["alpha"], v["beta1"])


def _at_energy(energy: float) -> Callable[[Values], np.ndarray]:
    """Return the step size at which a run has this energy."""
    return lambda v: energy / theory.unclipped_energy(v["lambda1"], 1.0, v["alpha"], v["beta1"])


def _least_radius(v: Values) -> np.ndarray:
    return theory.smallest_radius(v["lambda2"], v["eta"])


def _flip_radius(v: Values) -> np.ndarray:
    return theory.largest_radius(v["lambda1"], v["eta"])


def _room(v: Values) -> np.ndarray:
    """lambda2 for which the radius is just enough, sqrt(eta lambda2/8)."""
    return 8.0 * v["radius"] ** 2 / v["eta"]


def _own_edge(v: Values) -> np.ndarray:
    """lambda2 for which the relevant feature is at the edge itself, at the minimum with lambda1 alpha^2 = 2/eta:
    lambda2 (alpha^2 + 1/alpha^2) = 2/eta."""
    return v["lambda1"] / (1.0 + (0.5 * v["eta"] * v["lambda1"]) ** 2)


def _onset_alpha(v: Values) -> np.ndarray:
    """alpha for which phi = 2/eta: h(Q) = 2/(eta lambda1), and Q = h - 1/h."""
    end = 2.0 / (v["eta"] * v["lambda1"])
    with np.errstate(invalid="ignore"):
        return np.sqrt(end - 1.0 / end + v["beta1"] ** 2 + v["beta2"] ** 2)


def _patient(dataset: xr.Dataset) -> float:
    """The least radius for two crossings in 80 000 steps at eta = 0.05, over that of the formula."""
    given = json.loads(dataset.attrs["spec"]) | {"steps": 80_000}
    given["axes"] = {"eta": [0.05], "radius": {"log": [1e-4, 0.1, 48]}}
    sweep = eos_sweep.Sweep.from_dict(given)
    edge = eos_sweep.boundary(sweep, "radius", "edge_of_stability", which="first").edge.item()
    return edge / float(theory.smallest_radius(0.01, 0.05))


def _at_the_edge(dataset: xr.Dataset) -> float:
    """Percent of the starts beyond alpha = sqrt(2/(eta lambda1)), for eta > 2/lambda1, that come to the edge."""
    beyond = (dataset.alpha > np.sqrt(2.0 / (dataset.eta * dataset.lambda1))) & (dataset.eta > 2.0 / dataset.lambda1)
    return 100.0 * float((dataset.regime == regimes.CODES["edge_of_stability"]).where(beyond).mean())


BREAKS = (
    Break(
        "break_onset", "η below 2/φ(θ₀), near 2/λ₁: S stays below 2/η",
        "lambda1", "eta", "crossings > 0", "first", r"$\eta = 2/\varphi(\theta_0)$",
        lambda v: theory.onset_step_size(v["lambda1"], v["alpha"], v["beta1"], v["beta2"]), (10.0, 1000.0),
        Example({"lambda1": 100, "eta": 0.0192}, 10_000, "progressive_sharpening", "η = 0.997 · 2/φ(θ₀)"),
        "With 400 000 steps S reaches 2/η from 2/φ(θ₀) on, to {deviation:.0e} relative over two decades of λ₁.",
        steps=400_000,
    ),
    Break(
        "break_lambda1", "λ₁ not large against 2/η: S reaches 2/η at most once",
        "eta", "lambda1", "edge_of_stability", "first", r"$\lambda_1 = 2/\eta$",
        lambda v: 2.0 / v["eta"], (0.01, 3.0),
        Example({"eta": 0.05, "lambda1": 40.4}, 10_000, "unsettled", "ηλ₁ = 2.02"),
        "With 100 000 steps an edge of stability needs {least:.2f} times 2/η at η = {at_least:.2g}, {most:.2f} times "
        "at η = {at_most:.2g}.",
        steps=100_000,
    ),
    Break(
        "break_unclipped", "no clip: divergence",
        "beta1", "eta", "divergence", "first", r"$\eta\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 4$",
        _at_energy(4.0), (1e-3, 1.0),
        Example({"beta1": 0.3, "eta": 0.118}, 16, "divergence", "ηλ₁(α₀² + β₁,₀²) = 4.012"),
        "Divergence begins at 4 to {deviation:.0e}, for β₁,₀ from 0.001 to 1.",
        quantity="ηλ₁(α₀² + β₁,₀²)", of=_energy, expected=lambda v: np.full_like(v["beta1"], 4.0),
    ),
    Break(
        "break_unclipped", "no clip: a start above 2/η, a catapult",
        "beta1", "eta", "steps_above > 0", "first", r"$\eta\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 2$",
        _at_energy(2.0), (1e-3, 0.03),
        Example({"beta1": 0.05, "eta": 0.078}, 16, "catapult", "ηλ₁(α₀² + β₁,₀²) = 1.970"),
        "Catapults begin at 2 only for β₁,₀ → 0, short of it by {prefactor:.3g} β₁,₀^{exponent:.3f}; the sharpness of "
        "the start says 6β₁,₀²/α₀².",
        quantity="2 − ηλ₁(α₀² + β₁,₀²)", of=lambda v: 2.0 - _energy(v),
        expected=lambda v: 6.0 * (v["beta1"] / v["alpha"]) ** 2,
    ),
    Break(
        "break_radius", "projection too loose: α flips",
        "eta", "radius", "sign_flip", "first", r"$\kappa = 1/\sqrt{\eta}$",
        _flip_radius, (0.05, 1.0),
        Example({"eta": 0.1, "radius": 0.33}, 6_700, "sign_flip", "κ√η = 1.044"),
        "The wedge ends at {least:.4f} to {most:.4f} of κ = 1/√η.",
    ),
    Break(
        "break_radius", "projection too tight: S is not brought back",
        "eta", "radius", "edge_of_stability", "first", r"$\kappa = \sqrt{\eta\lambda_1\lambda_2/8}$",
        _least_radius, (0.08, 1.0),
        Example({"eta": 0.05, "radius": 0.001}, 10_000, "unsettled", "κ = 0.126 √(ηλ₁λ₂/8)"),
        "Two crossings take {least:.2f} to {most:.2f} of the formula's κ from starts above 2/η; from the one at η = "
        "0.05, below it, {also:.2f} with 80 000 steps, for the pull on α fades with αβ₂(1 − αβ₂).",
        also=_patient,
    ),
    Break(
        "break_room", "projection too tight: S rises to four times 2/η",
        "eta", "radius", "sharpness_ratio_max > 4", "ends", r"$\kappa = \frac{1}{2}\sqrt{\eta\lambda_1\lambda_2/8}$",
        lambda v: 0.5 * _least_radius(v), (0.2, 1.0),
        Example({"eta": 0.4, "radius": 0.01}, 10_000, "unsettled", "κ = 0.447 √(ηλ₁λ₂/8), so S up to 5.0 · 2/η"),
        "Held through αβ₂ = ½, S peaks at ηλ₁λ₂/(8κ²) times 2/η: four times it at {least:.3f} to {most:.3f} of the "
        "predicted κ.",
        variable="sharpness_ratio_max",
    ),
    Break(
        "break_clip", "gradient clip too loose: α flips",
        "clip", "eta", "sign_flip", "first", r"$\eta^3 = 4/(\lambda_1\,\mathrm{clip}^2)$",
        lambda v: (4.0 / (v["lambda1"] * v["clip"] ** 2)) ** (1.0 / 3.0), (0.1, 10.0),
        Example({"clip": 5, "eta": 0.1}, 3_300, "sign_flip", "η = 0.85 (4/(λ₁ clip²))^⅓"),
        "|β₁| = η·clip/2 is too hopeful: flips begin at {least:.2f} to {most:.2f} of its η, with exponent "
        "{exponent:.3f} instead of −2/3; below 0.63, |β₁| ≤ η·clip rules them out.",
    ),
    Break(
        "break_clip", "gradient clip too tight: S is not brought back",
        "clip", "eta", "edge_of_stability", "first", r"$\eta = \lambda_2/(2\,\mathrm{clip}^2)$",
        lambda v: 0.5 * v["lambda2"] / v["clip"] ** 2, (0.1, 0.25),
        Example({"clip": 0.1, "eta": 0.2}, 10_000, "unsettled", "η = 0.40 λ₂/(2 clip²)"),
        "Two crossings take {least:.2f} to {most:.2f} of the η that the projection's formula gives for a radius of "
        "η·clip/2.",
    ),
    Break(
        "break_product", "λ₁λ₂ ≫ 1: the loss is gone before S rises again",
        "eta", "lambda2", "edge_of_stability", "ends", r"$\lambda_1\lambda_2 = 8\kappa^2/\eta$",
        _room, (0.05, 1.0),
        Example({"eta": 0.05, "lambda2": 1}, 2_400, "catapult", "λ₁λ₂ = 100, 8κ²/η = 44"),
        "At λ₁ = 100 the edge ends at {least:.2f} to {most:.2f} times λ₁λ₂ = 8κ²/η, with exponent {exponent:.2f} "
        "instead of −1.",
        over=(1e-2, 100.0),
    ),
    Break(
        "break_ratio", "λ₂ → λ₁: S does not rise again",
        "eta", "lambda2", "edge_of_stability", "ends", r"$\lambda_2/\lambda_1 = 8\,\mathrm{radius}^2/(\eta\lambda_1)$",
        _room, (3.5, 30.0),
        Example({"eta": 5, "lambda2": 0.1}, 256, "catapult", "λ₂/λ₁ = 0.1, predicted 0.08"),
        "With all else scaled the edge ends at {least:.2f} to {most:.2f} of λ₂/λ₁ = 2/(ηλ₁)².",
        over=(2e-3, 1.0),
    ),
    Break(
        "break_ratio", "λ₂ → λ₁: the relevant feature has an edge of its own",
        "eta", "lambda2", "edge_of_stability", "again", r"$\lambda_2/\lambda_1 = 1/(1 + (\eta\lambda_1/2)^2)$",
        _own_edge, (3.5, 30.0),
        Example({"eta": 5, "lambda2": 0.15}, 256, "edge_of_stability", "λ₂/λ₁ = 0.15, predicted 0.138"),
        "S rises again from the relevant feature's own edge on: in half of the columns within {middle:.1f} % of the "
        "formula, which is no power law ({expected:.2f} and {exponent:.2f} fit).",
        over=(2e-3, 1.0),
    ),
    Break(
        "break_start_alpha", "α₀ outside of X(η): S(θ₀) > 2/η",
        "eta", "alpha", "crossings > 0", "first", r"$\eta = 2/\varphi(\theta_0)$",
        _onset_alpha, (0.008, 0.0195),
        Example({"eta": 0.05, "alpha": 10}, 2_000, "edge_of_stability", "α₀ is 16 times √(2/(ηλ₁))"),
        "α₀² < 2/(ηλ₁) is not needed: with the projection {also:.1f} % of the starts above it, up to α₀ = 10, are at "
        "the edge for η > 2/λ₁; the one end is 2/φ(θ₀) = η, met to {deviation:.0e} with 200 000 steps.",
        steps=200_000, also=_at_the_edge,
    ),
    Break(
        "break_start_beta1", "β₁,₀ outside of X(η): α flips on the first step",
        "eta", "beta1", "sign_flip", "first", r"$\beta_{1,0} = 1/\sqrt{\eta\lambda_1}$",
        _flip_radius, (0.005, 1.0),
        Example({"eta": 0.05, "beta1": 0.45}, 1, "sign_flip", "β₁,₀√(ηλ₁) = 1.006"),
        "The projection comes too late for the start: α flips from {least:.4f} to {most:.4f} of β₁,₀ = 1/√(ηλ₁) on.",
    ),
    Break(
        "break_start_beta2", "β₂,₀ outside of X(η): αβ₂ = 1 below the edge",
        "eta", "beta2", "edge_of_stability", "last", r"$\beta_{2,0} = \sqrt{\eta\lambda_1/2}$",
        lambda v: 1.0 / _edge_alpha(v), (0.05, 0.5),
        Example({"eta": 0.05, "beta2": 1.6}, 10_000, "progressive_sharpening", "β₂,₀ = 1.012 √(ηλ₁/2)"),
        "The edge ends at {least:.3f} to {most:.3f} of β₂,₀ = √(ηλ₁/2).",
    ),
)  # fmt: skip
