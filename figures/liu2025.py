"""What the figures of Liu, Zhang, Du, Zhao 2025 (arXiv 2503.02809) share; figures/all.py draws them.

Runs that are stored step by step, the paper's measurements on them, and the two curves that it compares them with:
gradient flow, and gradient descent held below the edge.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp
from stored_sweeps import save, spec_of

from eos_sweep.analysis import trajectories
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.engine import recorder, sources
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate, bivariate_theory
from eos_sweep.models.inner_weight import along
from eos_sweep.spec import inputs
from eos_sweep.store import provenance

# 7 inches are the width of a page; letters of 8 points are those of its captions.
PRINT = {"font.size": 8.0, "axes.linewidth": 0.6, "lines.linewidth": 1.1, "lines.markersize": 4.0}
LEGEND: dict[str, Any] = {"frameon": False, "borderaxespad": 0.2, "handlelength": 1.8, "columnspacing": 1.2}
DASHED, DOTTED = (0, (5, 2)), (0, (1, 1.2))
RTOL, ATOL = 1e-10, 1e-12  # of gradient flow
FLOW = f"gradient flow: Radau IIA of order 5, relative tolerance {RTOL:.0e}, absolute {ATOL:.0e}"


def stored(name: str, folder: str | Path) -> xr.Dataset:
    """Return the runs of sweeps/NAME.toml, a sweep over a parameter, step by step.

    They come from FOLDER/NAME_steps.zarr, where they are recorded first unless those of the very same spec, from the
    same sources, are there.  Dimensions are the axis and ``step``; variables are those of
    :func:`eos_sweep.trajectory`, and ``threshold``, which is 2/eta.
    """
    sweep = spec_of(name)
    (axis,) = sweep.axes
    path = Path(folder) / f"{name}_steps.zarr"
    digest = sources.digest_of(sweep.module, (), (inputs, ["evaluate"]), (recorder, ["recorder"]))
    about = provenance.attributes(sweep) | {"model_digest": digest}
    if path.exists():
        with xr.open_zarr(path, consolidated=False) as there:
            if "spec_hash" not in there.attrs:
                raise InputError(f"{path}: holds no runs; move it away or name another folder")
            if all(there.attrs.get(key) == about[key] for key in ("spec_hash", "model_digest")):
                return there.load()
    runs = [trajectories.record(sweep, {axis.name: float(value)}) for value in axis.values]
    edge = {"long_name": "2/eta, the edge of stability", "units": "1", "symbol": "2/η"}
    runs = [run.assign(threshold=((), run.attrs["threshold"], edge)).drop_attrs(deep=False) for run in runs]
    found = xr.concat(runs, axis.name, data_vars="all", combine_attrs="drop_conflicts").assign_attrs(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        found.to_zarr(Path(place) / path.name, consolidated=False)
        shutil.rmtree(path, ignore_errors=True)
        (Path(place) / path.name).rename(path)  # so that it is there as a whole or not at all
    return found


def redraw(name: str, draw: Callable[[xr.Dataset], Figure], folder: str | Path) -> None:
    """Draw the runs of sweeps/NAME.toml, stored in FOLDER, into figures/NAME.png."""
    runs = stored(name, folder)
    with matplotlib.rc_context(PRINT):
        save(picture(runs, draw), name)


def picture(runs: xr.Dataset, draw: Callable[[xr.Dataset], Figure]) -> Figure:
    """Return the figure that ``draw`` makes of runs, under a caption with all their inputs.

    The title that ``draw`` gives the figure becomes the last line of the caption.
    """
    figure = draw(runs)
    words = f"{caption(runs)}\n{figure.get_suptitle()}".strip()
    figure.suptitle(words, x=0.01, ha="left", fontsize="small")
    figure.set_label(runs.attrs["title"])
    figure.set_gid(f"spec-{runs.attrs['spec_hash']}")
    return figure


def caption(runs: xr.Dataset) -> str:
    """Return the title of runs and all of their inputs."""
    starts = {f"{runs[name].attrs['symbol']}(0)": runs[name].isel(step=0) for name in bivariate.STATE}
    given = {runs[name].attrs["symbol"]: runs[name] for name in bivariate.PARAMETERS} | starts
    words = [
        f"{symbol} = " + ", ".join(f"{value:.4g}" for value in np.unique(values)).replace("inf", "∞")
        for symbol, values in given.items()
    ]
    steps = f"{runs.attrs['steps']:,} steps".replace(",", " ")
    return f"{runs.attrs['title']}\n{'; '.join([*words, steps])}"


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure, in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def header(ax: Any, title: str, columns: int = 0) -> None:
    """Put the title above the axes to the left, and a legend beside it to the right if it gets ``columns``."""
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set(xmargin=0.0)
    if columns:
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, **LEGEND)


def crossings(run: xr.Dataset) -> np.ndarray:
    """Return the steps on which the sharpness rose above 2/eta; a start above it is none."""
    above = (run.sharpness > run.threshold).values
    return np.flatnonzero(above[1:] & ~above[:-1]) + 1


def edge(run: xr.Dataset) -> slice:
    """Return the stretch of a run on the edge of stability: from the first rise above 2/eta to the last."""
    up = crossings(run)
    return slice(int(up[0]), int(up[-1]) + 1)


def surrogate_loss(run: xr.Dataset) -> np.ndarray:
    """Return L^ = lambda2 (beta2 sqrt(2/(eta lambda1)) - 1)^2 / 2, the loss if alpha were at the edge (theorem 4.6)."""
    return (0.5 * run.lambda2 * (run.beta2 * edge_alpha(run) - 1.0) ** 2).values


def edge_alpha(run: xr.Dataset) -> float:
    """Return sqrt(2/(eta lambda1)), the alpha at which lambda1 alpha^2 is 2/eta."""
    return float(np.sqrt(run.threshold / run.lambda1))


def slope(loss: np.ndarray, stretch: slice) -> float:
    """Return the slope of log(loss) over a stretch of steps, by least squares, per step."""
    steps = np.arange(loss.size)[stretch]
    return float(np.polyfit(steps, np.log(loss[stretch]), 1)[0])


def edge_slope(run: xr.Dataset) -> float:
    """Return 2 log(1 - 2 lambda2/lambda1), the slope of log L^ with alpha at the edge, whatever the step size."""
    return float(2.0 * np.log1p(-2.0 * run.lambda2 / run.lambda1))


def beside_law(found: float, law: float) -> str:
    """Return a slope per step in words, and by how much it differs from the law's."""
    return f"{1e4 * found:.3f} · 10⁻⁴ ({100.0 * (found / law - 1.0):+.2f} %)".replace("-", "−")


class Curve(NamedTuple):
    """States along a curve, at times in units of gradient descent's steps."""

    step: np.ndarray
    alpha: np.ndarray
    beta1: np.ndarray
    beta2: np.ndarray
    loss: np.ndarray
    sharpness: np.ndarray


def curve(run: xr.Dataset, step: np.ndarray, *states: np.ndarray) -> Curve:
    """Return the curve through states of alpha, beta1 and beta2."""
    p, theta = flow_parameters(run), (*states, np.zeros_like(step))
    return Curve(step, *states, bivariate.loss(theta, p), sharpness(bivariate, theta, p))


def flow_parameters(run: xr.Dataset) -> tuple[float, ...]:
    """Return the model's parameters for gradient flow: it knows no bound on beta1, and its time is eta times steps."""
    return float(run.lambda1), float(run.lambda2), 1.0, np.inf, np.inf


def constrained(run: xr.Dataset) -> Curve:
    """Return the constrained trajectory from the start of ``run``.

    It is gradient descent on beta1 = 0 with alpha held at or below the edge:
    alpha <- min(alpha + eta lambda2 beta2 (1 - alpha beta2), sqrt(2/(eta lambda1))),
    beta2 <- beta2 + eta lambda2 alpha (1 - alpha beta2).
    """
    rate, most = float(run.eta * run.lambda2), edge_alpha(run)
    states = np.zeros((run.sizes["step"], 3))
    alpha, beta2 = float(run.alpha[0]), float(run.beta2[0])
    states[0] = alpha, 0.0, beta2
    for row in states[1:]:
        left = rate * (1.0 - alpha * beta2)
        alpha, beta2 = min(alpha + left * beta2, most), beta2 + left * alpha
        row[:] = alpha, 0.0, beta2
    return curve(run, run.step.values.astype(float), *states.T)


def gradient_flow(run: xr.Dataset, start: int, steps: float) -> Curve:
    """Return the gradient flow dtheta/dt = -grad L from step ``start`` of a run, for the time eta ``steps``.

    Radau's method of order 5 with the exact Jacobian, since the time scales of beta1 and beta2 are lambda1/lambda2
    apart, to RTOL of each coordinate and ATOL.
    """
    p, eta = flow_parameters(run), float(run.eta)

    def descent(_: float, y: np.ndarray) -> np.ndarray:
        theta = (*y, 0.0)  # the pieces that the model makes its step of: with eta = 1 those of the gradient
        push, pull, left = bivariate.pressure(theta, p), along(y[0], p[0], 1.0), bivariate.error(theta, p)
        return -np.array([y[0] * push + left * y[2], pull * y[1], left * y[0]])

    def jacobian(_: float, y: np.ndarray) -> np.ndarray:
        return -bivariate.hessian((*y, 0.0), p)

    theta = [float(run[name][start]) for name in bivariate.STATE]
    found = solve_ivp(descent, (0.0, eta * steps), theta, "Radau", jac=jacobian, rtol=RTOL, atol=ATOL)
    if not found.success:
        raise RuntimeError(f"gradient flow from step {start}: {found.message}")
    return curve(run, start + found.t / eta, *found.y)


def drift(flow: Curve) -> float:
    """Return by how much Q = alpha^2 - beta1^2 - beta2^2, which gradient flow keeps, changes at most."""
    kept = flow.alpha**2 - flow.beta1**2 - flow.beta2**2
    return float(np.abs(kept - kept[0]).max())


def miss(flow: Curve) -> float:
    """Return how far a coordinate of a flow ends, at most, from alpha^2 = h(Q), beta1 = 0, beta2 = 1/alpha."""
    end = np.sqrt(bivariate_theory.flow_limit(flow.alpha[0] ** 2 - flow.beta1[0] ** 2 - flow.beta2[0] ** 2))
    return float(max(abs(flow.alpha[-1] - end), abs(flow.beta1[-1]), abs(flow.beta2[-1] - 1.0 / end)))
