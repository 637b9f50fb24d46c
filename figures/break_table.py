"""The break conditions of Liu et al. 2025, a row for each."""

import numpy as np
from breaks import (
    Break,
    Example,
    edge_alpha,
    energy,
    flip_radius,
    least_radius,
    least_radius_with_more_steps,
    onset_alpha,
    percent_at_the_edge,
    step_size_at_energy,
    variance_at_own_edge,
    variance_that_radius_holds,
)

from eos_sweep.models import bivariate_theory

BREAKS = (
    Break(
        spec="break_onset",
        condition="η below 2/φ(θ₀), near 2/λ₁: S stays below 2/η",
        across="lambda1",
        along="eta",
        holds="crossings > 0",
        pick="first",
        across_range=(10.0, 1000.0),
        steps=400_000,
        formula=r"$\eta = 2/\varphi(\theta_0)$",
        predicted=lambda v: bivariate_theory.onset_step_size(v["lambda1"], v["alpha"], v["beta1"], v["beta2"]),
        example=Example(
            at={"lambda1": 100, "eta": 0.0192},
            steps=10_000,
            regime="progressive_sharpening",
            words="η = 0.997 · 2/φ(θ₀)",
        ),
        finding=(
            "With 400 000 steps S reaches 2/η from 2/φ(θ₀) on, to {deviation:.0e} relative over two decades of λ₁."
        ),
    ),
    Break(
        spec="break_lambda1",
        condition="λ₁ not large against 2/η: S reaches 2/η at most once",
        across="eta",
        along="lambda1",
        holds="edge_of_stability",
        pick="first",
        across_range=(0.01, 3.0),
        steps=100_000,
        formula=r"$\lambda_1 = 2/\eta$",
        predicted=lambda v: 2.0 / v["eta"],
        example=Example(at={"eta": 0.05, "lambda1": 40.4}, steps=10_000, regime="unsettled", words="ηλ₁ = 2.02"),
        finding=(
            "With 100 000 steps an edge of stability needs {least:.2f} times 2/η at η = {at_least:.2g}, "
            "{most:.2f} times at η = {at_most:.2g}."
        ),
    ),
    Break(
        spec="break_unclipped",
        condition="no clip: divergence",
        across="beta1",
        along="eta",
        holds="divergence",
        pick="first",
        across_range=(1e-3, 1.0),
        formula=r"$\eta\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 4$",
        predicted=step_size_at_energy(4.0),
        quantity="ηλ₁(α₀² + β₁,₀²)",
        measured=energy,
        expected=lambda v: np.full_like(v["beta1"], 4.0),
        example=Example(
            at={"beta1": 0.3, "eta": 0.118}, steps=16, regime="divergence", words="ηλ₁(α₀² + β₁,₀²) = 4.012"
        ),
        finding=("Divergence begins at 4 to {deviation:.0e}, for β₁,₀ from 0.001 to 1."),
    ),
    Break(
        spec="break_unclipped",
        condition="no clip: a start above 2/η, a catapult",
        across="beta1",
        along="eta",
        holds="steps_above > 0",
        pick="first",
        across_range=(1e-3, 0.03),
        formula=r"$\eta\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 2$",
        predicted=step_size_at_energy(2.0),
        quantity="2 − ηλ₁(α₀² + β₁,₀²)",
        measured=lambda v: 2.0 - energy(v),
        expected=lambda v: 6.0 * (v["beta1"] / v["alpha"]) ** 2,
        example=Example(
            at={"beta1": 0.05, "eta": 0.078}, steps=16, regime="catapult", words="ηλ₁(α₀² + β₁,₀²) = 1.970"
        ),
        finding=(
            "Catapults begin at 2 only for β₁,₀ → 0, and short of it by {prefactor:.3g} β₁,₀^{exponent:.3f}; "
            "the exact sharpness at the start gives 6β₁,₀²/α₀²."
        ),
    ),
    Break(
        spec="break_radius",
        condition="projection too loose: α flips",
        across="eta",
        along="radius",
        holds="sign_flip",
        pick="first",
        across_range=(0.05, 1.0),
        formula=r"$\kappa = 1/\sqrt{\eta}$",
        predicted=flip_radius,
        example=Example(at={"eta": 0.1, "radius": 0.33}, steps=6_700, regime="sign_flip", words="κ√η = 1.044"),
        finding=("The region of the edge ends at {least:.4f} to {most:.4f} of κ = 1/√η."),
    ),
    Break(
        spec="break_radius",
        condition="projection too tight: S is not brought back",
        across="eta",
        along="radius",
        holds="edge_of_stability",
        pick="first",
        across_range=(0.08, 1.0),
        formula=r"$\kappa = \sqrt{\eta\lambda_1\lambda_2/8}$",
        predicted=least_radius,
        extra=least_radius_with_more_steps,
        example=Example(
            at={"eta": 0.05, "radius": 0.001}, steps=10_000, regime="unsettled", words="κ = 0.126 √(ηλ₁λ₂/8)"
        ),
        finding=(
            "Two crossings need {least:.2f} to {most:.2f} of the formula's κ for starts above 2/η. The start "
            "at η = 0.05 is below 2/η and needs {extra:.2f} with 80 000 steps, because the pull on α fades "
            "with αβ₂(1 − αβ₂)."
        ),
    ),
    Break(
        spec="break_room",
        condition="projection too tight: S rises to four times 2/η",
        across="eta",
        along="radius",
        holds="sharpness_ratio_max > 4",
        pick="ends",
        across_range=(0.2, 1.0),
        variable="sharpness_ratio_max",
        formula=r"$\kappa = \frac{1}{2}\sqrt{\eta\lambda_1\lambda_2/8}$",
        predicted=lambda v: 0.5 * least_radius(v),
        example=Example(
            at={"eta": 0.4, "radius": 0.01},
            steps=10_000,
            regime="unsettled",
            words="κ = 0.447 √(ηλ₁λ₂/8), so S up to 5.0 · 2/η",
        ),
        finding=(
            "If the bound acts while αβ₂ passes ½, S peaks at ηλ₁λ₂/(8κ²) times 2/η; it reaches four times "
            "2/η at {least:.3f} to {most:.3f} of the predicted κ."
        ),
    ),
    Break(
        spec="break_clip",
        condition="gradient clip too loose: α flips",
        across="clip",
        along="eta",
        holds="sign_flip",
        pick="first",
        across_range=(0.1, 10.0),
        formula=r"$\eta^3 = 4/(\lambda_1\,\mathrm{clip}^2)$",
        predicted=lambda v: (4.0 / (v["lambda1"] * v["clip"] ** 2)) ** (1.0 / 3.0),
        example=Example(at={"clip": 5, "eta": 0.1}, steps=3_300, regime="sign_flip", words="η = 0.85 (4/(λ₁ clip²))^⅓"),
        finding=(
            "The estimate |β₁| = η·clip/2 is too optimistic: flips begin at {least:.2f} to {most:.2f} of its "
            "η, with exponent {exponent:.3f} instead of −2/3. Below 0.63 of it, |β₁| ≤ η·clip rules them out."
        ),
    ),
    Break(
        spec="break_clip",
        condition="gradient clip too tight: S is not brought back",
        across="clip",
        along="eta",
        holds="edge_of_stability",
        pick="first",
        across_range=(0.1, 0.25),
        formula=r"$\eta = \lambda_2/(2\,\mathrm{clip}^2)$",
        predicted=lambda v: 0.5 * v["lambda2"] / v["clip"] ** 2,
        example=Example(at={"clip": 0.1, "eta": 0.2}, steps=10_000, regime="unsettled", words="η = 0.40 λ₂/(2 clip²)"),
        finding=(
            "Two crossings need {least:.2f} to {most:.2f} of the η that the projection's formula gives for a "
            "radius of η·clip/2."
        ),
    ),
    Break(
        spec="break_product",
        condition="λ₁λ₂ ≫ 1: the loss is gone before S rises again",
        across="eta",
        along="lambda2",
        holds="edge_of_stability",
        pick="ends",
        across_range=(0.05, 1.0),
        along_range=(1e-2, 100.0),
        formula=r"$\lambda_1\lambda_2 = 8\kappa^2/\eta$",
        predicted=variance_that_radius_holds,
        example=Example(at={"eta": 0.05, "lambda2": 1}, steps=2_400, regime="catapult", words="λ₁λ₂ = 100, 8κ²/η = 44"),
        finding=(
            "At λ₁ = 100 the edge ends at {least:.2f} to {most:.2f} times λ₁λ₂ = 8κ²/η, with exponent "
            "{exponent:.2f} instead of −1."
        ),
    ),
    Break(
        spec="break_ratio",
        condition="λ₂ → λ₁: S does not rise again",
        across="eta",
        along="lambda2",
        holds="edge_of_stability",
        pick="ends",
        across_range=(3.5, 30.0),
        along_range=(2e-3, 1.0),
        formula=r"$\lambda_2/\lambda_1 = 8\,\mathrm{radius}^2/(\eta\lambda_1)$",
        predicted=variance_that_radius_holds,
        example=Example(
            at={"eta": 5, "lambda2": 0.1}, steps=256, regime="catapult", words="λ₂/λ₁ = 0.1, predicted 0.08"
        ),
        finding=("With all else scaled the edge ends at {least:.2f} to {most:.2f} of λ₂/λ₁ = 2/(ηλ₁)²."),
    ),
    Break(
        spec="break_ratio",
        condition="λ₂ → λ₁: the relevant feature has an edge of its own",
        across="eta",
        along="lambda2",
        holds="edge_of_stability",
        pick="again",
        across_range=(3.5, 30.0),
        along_range=(2e-3, 1.0),
        formula=r"$\lambda_2/\lambda_1 = 1/(1 + (\eta\lambda_1/2)^2)$",
        predicted=variance_at_own_edge,
        example=Example(
            at={"eta": 5, "lambda2": 0.15}, steps=256, regime="edge_of_stability", words="λ₂/λ₁ = 0.15, predicted 0.138"
        ),
        finding=(
            "S rises again from the relevant feature's own edge on, in half of the columns within "
            "{middle:.1f} % of the formula. The formula is no power law; fits give exponents of "
            "{expected:.2f} and {exponent:.2f}."
        ),
    ),
    Break(
        spec="break_start_alpha",
        condition="α₀ outside of X(η): S(θ₀) > 2/η",
        across="eta",
        along="alpha",
        holds="crossings > 0",
        pick="first",
        across_range=(0.008, 0.0195),
        steps=200_000,
        formula=r"$\eta = 2/\varphi(\theta_0)$",
        predicted=onset_alpha,
        extra=percent_at_the_edge,
        example=Example(
            at={"eta": 0.05, "alpha": 10}, steps=2_000, regime="edge_of_stability", words="α₀ is 16 times √(2/(ηλ₁))"
        ),
        finding=(
            "α₀² < 2/(ηλ₁) is not needed: with the projection {extra:.1f} % of the starts above it, up to α₀ = 10, "
            "are at the edge for η > 2/λ₁. The only boundary is 2/φ(θ₀) = η, met to {deviation:.0e} with 200 000 steps."
        ),
    ),
    Break(
        spec="break_start_beta1",
        condition="β₁,₀ outside of X(η): α flips on the first step",
        across="eta",
        along="beta1",
        holds="sign_flip",
        pick="first",
        across_range=(0.005, 1.0),
        formula=r"$\beta_{1,0} = 1/\sqrt{\eta\lambda_1}$",
        predicted=flip_radius,
        example=Example(at={"eta": 0.05, "beta1": 0.45}, steps=1, regime="sign_flip", words="β₁,₀√(ηλ₁) = 1.006"),
        finding=(
            "The projection does not act on the start: α flips where β₁,₀ exceeds {least:.4f} to {most:.4f} "
            "of 1/√(ηλ₁)."
        ),
    ),
    Break(
        spec="break_start_beta2",
        condition="β₂,₀ outside of X(η): αβ₂ = 1 below the edge",
        across="eta",
        along="beta2",
        holds="edge_of_stability",
        pick="last",
        across_range=(0.05, 0.5),
        formula=r"$\beta_{2,0} = \sqrt{\eta\lambda_1/2}$",
        predicted=lambda v: 1.0 / edge_alpha(v),
        example=Example(
            at={"eta": 0.05, "beta2": 1.6}, steps=10_000, regime="progressive_sharpening", words="β₂,₀ = 1.012 √(ηλ₁/2)"
        ),
        finding=("The edge ends at {least:.3f} to {most:.3f} of β₂,₀ = √(ηλ₁/2)."),
    ),
)
