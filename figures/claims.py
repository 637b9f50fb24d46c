"""Where the claims of Liu et al. 2025 hold, and the failure of each that is nearest to their assumptions.

    python figures/claims.py [FOLDER]

runs sweeps/claims.toml, claims_map.toml and claims_starts.toml into stores in FOLDER (the current one by default), as
far as they are not there, draws figures/claims.png (over step size and variance) and figures/claims_starts.png (over
the start), and writes the table of all claims to figures/claims.md.  Each failure that the table names is confirmed in
exact arithmetic; otherwise the script ends with an error.
"""

import sys
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from stored_sweeps import FIGURES, save, spec_of, stored

import eos_sweep
from eos_sweep import observables
from eos_sweep.analysis.pictures.style import FLAG_COLOURS, NO_VALUE, PINK
from eos_sweep.analysis.slices import cell_edges
from eos_sweep.checks.labels.confirm import Finding, confirm
from eos_sweep.engine import batch
from eos_sweep.models import bivariate, bivariate_claims

STATEMENTS = {
    "lemma_4_2_i": ("Lemma 4.2 (i)", "λ₁α² ≤ S ≤ 1.12 λ₁α²"),
    "lemma_4_2_ii": ("Lemma 4.2 (ii)", "|cos(v, e_β₁)| > 0.9"),
    "lemma_4_2_iii": ("Lemma 4.2 (iii)", "β₂ increases"),
    "theorem_4_3": ("Theorem 4.3", "S increases in phase I"),
    "theorem_4_4": ("Theorem 4.4", "above 2/η: |β₁| grows or α falls"),
    "theorem_4_6": ("Theorem 4.6", "L̂ decays at its rate"),
    "gfs_decrease": ("GFS sharpness", "φ falls (to 1e-7)"),
    "gfs_bounds": ("GFS sharpness", "within its bounds"),
}
WHY = """Reasons for the failures inside. Theorem 4.3: S = λ₁(α² + 4β₁² + …), and a step from a start in X(η) makes β₁
smaller, so that S falls at first where β₁² > δ²/(5 − 2ηλ₁α²), not only beyond δ². Theorem 4.4: S is above λ₁α², and
between S = 2/η and λ₁α² = 2/η |β₁| still shrinks, while α still rises if |β₁| < δ. Theorem 4.6: with z = β₂√(2/(ηλ₁))
and α = (1 + u)√(2/(ηλ₁)) the rate is 2(1 + u)(1 − uz/(1 − z)) λ₂/λ₁; once the loss is nearly zero, the oscillation u
is too large for its bounds. The GFS sharpness: with β₁ → 0 a step raises Q by η²λ₂²(1 − αβ₂)²(β₂² − α²)."""
DRAWN = ("lambda1", "lambda2", "eta", "alpha", "beta1", "beta2")
KAPPA = np.sqrt(10) / 6  # of the preset
HOLDS = FLAG_COLOURS["settled"]
MIN_STEPS_DRAWN, MAX_STEPS_DRAWN = 1, 10_000
BUDGETS = {"lemma_4_2_i": 100, "lemma_4_2_ii": 100, "theorem_4_3": 100}  # exact steps; these fail at once
PARENTS, CHILDREN, ROUNDS = 16, 24, 8  # of the search for the nearest failure


def inputs(sweep: Any) -> dict[str, np.ndarray]:
    """Return all inputs of a sweep over its grid, by name."""
    places = np.ix_(*(axis.values for axis in sweep.axes))
    initial, parameters = sweep.inputs(dict(zip(sweep.dims, places, strict=True)))
    return {name: np.broadcast_to(values, sweep.shape) for name, values in (initial | parameters).items()}


def nearest(claim: str, values: dict[str, np.ndarray], failures: np.ndarray, sweep: Any) -> list[dict[str, float]]:
    """Return failures deepest inside all assumptions, or least outside, the deepest first, each as name -> number.

    The search begins with the deepest ones of a sample, moves them at random, and repeats this with the deepest that
    still fail.
    """
    rng, job = np.random.default_rng(0), sweep.job()
    best = np.flatnonzero(failures > 0)
    best = best[np.argsort(-bivariate_claims.margin(values)[best])[:PARENTS]]
    points = {name: values[name][best] for name in DRAWN}
    for turn in range(ROUNDS):
        spread = 0.1 * 0.6**turn
        for name, v in points.items():
            children = v * np.exp(spread * rng.standard_normal((CHILDREN, v.size)))
            points[name] = np.array([float(f"{x:.5g}") for x in np.append(v, children)])  # as it will be printed
        full = points | {"clip": np.full_like(points["eta"], np.inf), "radius": KAPPA / np.sqrt(points["lambda1"])}
        initial, parameters = ({name: full[name] for name in q} for q in (bivariate.STATE, bivariate.PARAMETERS))
        found = batch.run(job, initial, parameters)
        margin = np.where(found[f"{claim}_failures"] > 0, bivariate_claims.margin(full), -np.inf)
        order = np.argsort(-margin)[: min(PARENTS, np.isfinite(margin).sum())]
        points = {name: v[order] for name, v in points.items()}
    return [{name: float(v[k]) for name, v in full.items()} for k in order]


def confirmed(claim: str, points: list[dict[str, float]], steps: int) -> tuple[dict[str, float], Finding]:
    """Return the first of ``points`` at which the claim fails in exact arithmetic as well, and the finding there."""
    for point in points:
        start, parameters = ({name: point[name] for name in q} for q in (bivariate.STATE, bivariate.PARAMETERS))
        exact = confirm(claim, bivariate, start, parameters, steps)
        if exact.bits and exact.failures:
            return point, exact
    raise ValueError(f"{claim}: fails in doubles only, at {points[0]}")


def share(holds: np.ndarray, where: np.ndarray) -> str:
    """Return the share of ``where`` on which a claim holds, in words."""
    return f"{100 * holds[where].mean():.2f} % of {where.sum()}" if where.any() else "never asked"


def row(claim: str, dataset: xr.Dataset, values: dict[str, np.ndarray], sweep: Any) -> tuple[str, str]:
    """Return a row of the table, and the command that shows the nearest failure."""
    failures, worst = dataset[f"{claim}_failures"].values, dataset[f"{claim}_worst"].values
    asked, usable = np.isfinite(worst), bivariate_claims.margin(values) >= 0
    point, exact = confirmed(claim, nearest(claim, values, failures, sweep), BUDGETS.get(claim, sweep.steps))
    depth = float(bivariate_claims.margin(point))
    name, statement = STATEMENTS[claim]
    broken = min((value, key) for key, value in bivariate_claims.margins(point).items())[1]
    place = f"**{depth:.3f} inside**" if depth >= 0 else f"{-depth:.3f} outside ({broken})"
    cells = (
        f"{name}: {statement}",
        share(failures == 0, asked & usable),
        share(failures == 0, asked),
        place,
        f"{exact.worst - 1:.2g}",
        f"{exact.first}",
    )
    at = " ".join(f"--at {key}={point[key]:g}" for key in DRAWN)
    written = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {written} |", f"eos-sweep trace sweeps/claims.toml --at seed=0 {at}  # {name}"


def ends() -> str:
    """Return the sentence on theorem 4.1, from runs of the usable set that are fast enough to end."""
    drawn = eos_sweep.sweep(
        "bivariate",
        {"seed": np.arange(1024)},
        {
            "lambda1": "10 ** uniform(2, 2.3)",
            "lambda2": "uniform(0.5, 1) / lambda1",
            "eta": "10 ** uniform(-1.5, -1)",
            "radius": "liu2025",
        },
        {
            "alpha": "sqrt(uniform(1, 2) / (eta * lambda1))",
            "beta2": "uniform(0.02, 1) * sqrt(eta * lambda1 / 2)",
            "beta1": "uniform(0, 1) * sqrt(lambda2 * beta2 * (1 - alpha * beta2) / (lambda1 * alpha))",
        },
        steps=1_000_000,
        observables=["theorem_4_1", "theorem_4_1_worst", "crossings"],
    )
    verdict = drawn.theorem_4_1.values
    counts = {name: int((verdict == code).sum()) for name, code in observables.get("theorem_4_1").FLAG.items()}
    worst = float(drawn.theorem_4_1_worst.where(verdict != 3).max())
    return (
        "Theorem 4.1 (L → 0, final S ≤ 2.02/η), from 1024 starts in X(η) with λ₁ ≤ 200 and λ₁λ₂ ≥ 1/2, in 10⁶ steps: "
        f"holds for {counts['holds']}, fails for {counts['fails']}, undecided for {counts['undecided']}; "
        f"largest final S·η/2 {1.01 * worst:.5f}, most crossings of 2/η {int(drawn.crossings.max())}."
    )


def swings(dataset: xr.Dataset, usable: np.ndarray) -> str:
    """Return the outcomes of the runs that reached 2/eta; by theorem 4.4 the sharpness oscillates about it."""
    reached = usable & (dataset.first_crossing.values >= 0)
    back, again = dataset.final_above.values == 1, dataset.crossings.values >= 2
    parts = {
        "come back and cross it again": again,
        "come back and have not crossed it again yet": back & ~again,
        "are still above it for the first time": ~back & ~again & (dataset.outcome.values != 2),
        "diverge": ~again & (dataset.outcome.values == 2),
    }
    words = ", ".join(f"{100 * part[reached].mean():.1f} % {name}" for name, part in parts.items())
    steps = int(dataset.steps_taken.max())
    return f"Theorem 4.4: of the {reached.sum()} starts in X(η) that reach 2/η in {steps} steps {words}."


def table(dataset: xr.Dataset, sweep: Any) -> str:
    """Return the table of all claims, as Markdown."""
    values = inputs(sweep)
    usable = bivariate_claims.margin(values) >= 0
    rows, commands = zip(*(row(claim, dataset, values, sweep) for claim in STATEMENTS), strict=True)
    lines = [
        "| claim | holds in X(η) | holds in the box | nearest failure, decades | by | first on step |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"Of {usable.size} starts drawn from the box of sweeps/claims.toml, {usable.sum()} are in X(η) and satisfy all "
        "other assumptions. Shares are among the starts for which the premise of a claim holds on at least one step. "
        "The nearest failure is the one deepest inside all assumptions or, if none fails there, least outside. Its "
        "distance is to the nearest assumption, or to the one that is violated most. Exact arithmetic gives by how "
        "much the worst ratio exceeds one there, and the first step on which the claim fails.",
        "",
        WHY,
        "",
        swings(dataset, usable),
        "",
        ends(),
        "",
        "```sh",
        *commands,
        "```",
        "",
    ]
    return "\n".join(lines)


def panel(
    ax: Any, shown: np.ndarray, dataset: xr.Dataset, claim: str, axes: tuple[str, str], inside: np.ndarray
) -> Any:
    """Draw steps of a claim over a plane: colour where it fails, grey where it holds, hatched where never asked."""
    asked, fails = (np.isfinite(dataset[f"{claim}_worst"].values), dataset[f"{claim}_failures"].values > 0)
    edges = [cell_edges(dataset[name].values) for name in axes]
    base = np.where(asked, 1.0, np.nan)
    ax.pcolormesh(*edges, np.ma.masked_invalid(base), cmap=colormaps["Greys"], vmin=0.95, vmax=2.0, rasterized=True)
    drawn = np.ma.masked_where(~fails, np.clip(shown, MIN_STEPS_DRAWN, MAX_STEPS_DRAWN))
    mesh = ax.pcolormesh(
        *edges, drawn, cmap=colormaps["viridis_r"], norm=LogNorm(MIN_STEPS_DRAWN, MAX_STEPS_DRAWN), rasterized=True
    )
    for colour, width in (("white", 2.6), (PINK, 1.4)):
        ax.contour(
            dataset[axes[0]], dataset[axes[1]], inside.astype(float), levels=[0.5], colors=colour, linewidths=width
        )
    ax.patch.set(**NO_VALUE)
    name, statement = STATEMENTS[claim]
    holds = 100 * (~fails)[asked & inside].mean() if (asked & inside).any() else np.nan
    ax.set_title(f"{name}\n{statement}\nin X: {holds:.4g} %", fontsize="small", loc="left")
    return mesh


def maps(
    dataset: xr.Dataset, sweep: Any, axes: tuple[str, str], what: tuple[str, ...], scales: tuple[str, str]
) -> Figure:
    """Draw each claim over a plane, a block of panels for each of ``what`` is shown."""
    dataset = dataset.transpose(axes[1], axes[0])
    inside = bivariate_claims.margin(inputs(sweep)) >= 0
    inside = inside if sweep.dims == axes[::-1] else inside.T
    words = {"failures": "steps on which it fails", "first_failure": "first step on which it fails"}
    figure = Figure(figsize=(11.0, 0.7 + 5.2 * len(what)), layout="constrained")
    for block, kind in zip(np.atleast_1d(figure.subfigures(len(what), 1)), what, strict=True):
        grid = block.subplots(2, 4, sharex=True, sharey=True)
        for ax, claim in zip(grid.flat, STATEMENTS, strict=True):
            mesh = panel(ax, dataset[f"{claim}_{kind}"].values, dataset, claim, axes, inside)
            ax.set(xscale=scales[0], yscale=scales[1])
        block.colorbar(mesh, ax=grid, location="right", aspect=40, label=words[kind])
        symbols = [dataset[name].attrs["symbol"] for name in axes]
        block.supxlabel(f"{dataset[axes[0]].attrs['long_name']} {symbols[0]}", fontsize="medium")
        block.supylabel(f"{dataset[axes[1]].attrs['long_name']} {symbols[1]}", fontsize="medium")
    handles = [
        Patch(facecolor=colormaps["Greys"](0.05), edgecolor="0.35", label="holds"),
        Patch(**NO_VALUE, label="never asked"),
        Line2D([], [], color=PINK, linewidth=1.4, label="the paper's assumptions"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False, fontsize="small")
    figure.suptitle(dataset.attrs["title"], x=0.01, ha="left", fontsize="medium")
    return figure


def main(folder: str = ".") -> None:
    loaded = {name: (stored(name, folder), spec_of(name)) for name in ("claims", "claims_map", "claims_starts")}
    found = maps(*loaded["claims_map"], ("eta", "lambda1"), ("failures", "first_failure"), ("log", "log"))
    save(found, "claims")
    found = maps(*loaded["claims_starts"], ("beta2", "beta1"), ("failures",), ("linear", "log"))
    save(found, "claims_starts")
    text = table(*loaded["claims"])
    (FIGURES / "claims.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
