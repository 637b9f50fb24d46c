"""The phases of a trajectory of the model ``bivariate``, and its cycles about the edge of stability.

Phases are those of Liu, Zhang, Du, Zhao 2025, arXiv 2503.02809.  A step on which alpha falls is in II.2,
self-stabilisation.  Any other step that begins above 2/eta is in II.1, where |beta1| grows.  All others are in I,
progressive sharpening.

A conservation law says where a cycle turns.  With z = eta lambda1 alpha^2/2 and y^2 = eta lambda1 beta1^2 a step
multiplies |beta1| by |1 - 2z| and alpha by 1 - y^2, apart from the slow drift that the relevant feature causes.  Near
z = 1 that is

    d(ln y)/dt = 2 (z - 1),    d(ln z)/dt = -2 y^2,    so that    y^2 + 2 (z - 1 - ln z)    is conserved.

A run turns where y^2 is as small as the drift, nearly zero.  If y^2 = Y^2 where z falls through one, it turns at the
lower root of z - 1 - ln z = Y^2/2, the undershoot.  Drift raises z again, to the upper root before beta1 has recovered:
the peak of the next cycle.  A projection holds |beta1| <= radius, so Y^2 is at most kappa^2 eta with kappa = radius
sqrt(lambda1).  Finite steps make a run turn later and drift makes it turn sooner, by less than Y^2 in z.
"""

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError, named
from eos_sweep.models import bivariate_theory

PHASES = {"diverged": 0, "I": 1, "II.1": 2, "II.2": 3}
LONG_NAMES = {
    "z": "eta lambda1 alpha^2/2",
    "segment_phase": "phase",
    "first": "first step of the segment",
    "duration": "steps in the segment",
    "peak": "largest sharpness * eta / 2 in the segment",
    "crossing": "step on which the sharpness rises through 2/eta",
    "sharpness_peak": "largest sharpness * eta / 2 in the cycle",
    "z_peak": "largest z in the cycle",
    "undershoot": "least z after the peak",
    "pressure": "eta lambda1 beta1^2 where z falls through one",
    "law_undershoot": "lower root of z - 1 - ln z = pressure/2",
    "law_next_peak": "upper root of z - 1 - ln z = pressure/2",
}
NEEDED = ("alpha", "log10_abs_beta1", "sharpness", "lambda1", "eta", "radius")


def segment_phases(run: xr.Dataset) -> xr.Dataset:
    """Divide a trajectory into phases and cycles.

    Parameters
    ----------
    run
        A trajectory of the model ``bivariate``, as :func:`eos_sweep.trajectory` returns it.

    Returns
    -------
    Dataset
        Over ``step``: ``phase`` of the step that begins there, and ``z`` = eta lambda1 alpha^2/2.

        Over ``segment``, stretches of one phase: ``segment_phase``, ``first`` step, ``duration`` in steps, and
        ``peak``, the largest S eta/2.

        Over ``cycle``, from one crossing of 2/eta upwards to the next: ``crossing`` (its step), ``sharpness_peak`` (the
        largest S eta/2), ``z_peak`` and ``undershoot`` (largest z, and least z after it), ``pressure`` (eta lambda1
        beta1^2 where z falls through one), and the turning points ``law_undershoot`` and ``law_next_peak`` that the
        conservation law predicts for this pressure.  What the run does not reach is NaN.

        Attributes ``law_undershoot`` and ``law_peak``: the same at kappa^2 eta, for a projection that acts; NaN where
        radius is infinite.

    Raises
    ------
    InputError
        If ``run`` is not a trajectory of this model, or one of another rule than gradient descent.

    Examples
    --------
    >>> import eos_sweep
    >>> run = eos_sweep.trajectory(
    ...     "bivariate",
    ...     {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"},
    ...     {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5},
    ...     steps=10_000,
    ... )
    >>> eos_sweep.segment_phases(run).sizes["cycle"]
    17
    """
    missing = [name for name in NEEDED if name not in run.variables]
    if missing:
        raise InputError(f"run: has no {', '.join(missing)}; give a trajectory of the model 'bivariate'")
    if "rule" in run.attrs:
        rule = named(str(run.attrs["rule"]))
        raise InputError(f"run: takes its steps by {rule}; give one of gradient descent, whose phases these are")
    alpha, ratio = run.alpha.values, (run.sharpness / run.threshold).values
    scale = float(run.eta * run.lambda1)
    z = 0.5 * scale * alpha * alpha
    falls = np.append(np.abs(alpha[1:]) < np.abs(alpha[:-1]), False)
    falls[-1:] = falls[-2:-1]  # the last state has no next one, and continues its phase
    phase = np.where(falls, PHASES["II.2"], np.where(ratio >= 1.0, PHASES["II.1"], PHASES["I"])).astype(np.int8)
    phase[np.isnan(alpha)] = PHASES["diverged"]
    found = {
        "phase": ("step", phase, {"long_name": "phase of the step", **_flags()}),
        "z": ("step", z, _about("z")),
    }
    found |= {name: ("segment", values, _about(name)) for name, values in _segments(phase, ratio).items()}
    pressure = scale * 10.0 ** (2.0 * run.log10_abs_beta1.values)
    found |= {name: ("cycle", values, _about(name)) for name, values in _cycles(z, ratio, pressure).items()}
    low, high = bivariate_theory.turning_points(scale * float(run.radius) ** 2 if np.isfinite(run.radius) else np.nan)
    result = xr.Dataset(found, {"step": run.step}, {"law_undershoot": float(low), "law_peak": float(high)})
    result["segment_phase"].attrs |= _flags()
    return result


def _segments(phase: np.ndarray, ratio: np.ndarray) -> dict[str, np.ndarray]:
    first = np.flatnonzero(np.append(True, phase[1:] != phase[:-1]))
    return {
        "segment_phase": phase[first],
        "first": first,
        "duration": np.diff(np.append(first, phase.size)),
        "peak": np.fmax.reduceat(ratio, first),
    }


def _cycles(z: np.ndarray, ratio: np.ndarray, pressure: np.ndarray) -> dict[str, np.ndarray]:
    crossing = np.flatnonzero((ratio[1:] >= 1.0) & (ratio[:-1] < 1.0)) + 1
    rows = []
    for start, stop in zip(crossing, np.append(crossing, z.size)[1:], strict=True):
        top = start + int(np.nanargmax(z[start:stop]))
        low = top + int(np.nanargmin(z[top:stop]))
        through = top + int(np.argmax(z[top:stop] < 1.0))
        turned = z[low] < 1.0 and low + 1 < z.size and z[low + 1] >= z[low]
        seen = (z[low], pressure[through]) if turned else (np.nan, np.nan)
        rows.append((np.nanmax(ratio[start:stop]), z[top], *seen))
    peak, z_peak, undershoot, push = np.array(rows, np.float64).reshape(-1, 4).T
    low_turn, high_turn = bivariate_theory.turning_points(push)
    return {
        "crossing": crossing,
        "sharpness_peak": peak,
        "z_peak": z_peak,
        "undershoot": undershoot,
        "pressure": push,
        "law_undershoot": low_turn,
        "law_next_peak": high_turn,
    }


def _about(name: str) -> dict[str, str]:
    return {"long_name": LONG_NAMES[name]}


def _flags() -> dict[str, object]:
    return {"flag_values": list(PHASES.values()), "flag_meanings": " ".join(PHASES)}
