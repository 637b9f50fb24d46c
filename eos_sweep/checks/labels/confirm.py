"""Check a claim of a theory along one trajectory in exact arithmetic: whether it fails, or only rounding made it fail.

The claim, the step and the test of stability are the model's own functions.  At which steps the claim is tested is the
observable's.  All run in numbers of MPFR (:mod:`eos_sweep.checks.exact.arithmetic`).  The sharpness is found by
bisection of the test of stability.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import gmpy2
import numpy as np

from eos_sweep import observables
from eos_sweep.checks.exact import arithmetic
from eos_sweep.checks.exact.oracle import AGREEMENT_RTOL, FIRST_BITS, MAX_BITS
from eos_sweep.contract import CLAIM, EVERY_STEP, Ends, Model, Moment
from eos_sweep.derivation import substitute
from eos_sweep.eigen import sharpness
from eos_sweep.errors import InputError
from eos_sweep.state import started

STAGES_BITS = 40  # bits of the sharpness that the model's own stages certainly get right


class Finding(NamedTuple):
    """The failures of a claim in exact arithmetic."""

    failures: int  # steps on which it fails
    first: int  # the first of them, -1 if there is none
    worst: float  # largest ratio, NaN if the claim is never tested
    bits: int  # precision that was needed; 0 if the highest was not enough


def confirm(
    claim: str, model: Model, initial: Mapping[str, float], parameters: Mapping[str, float], steps: int
) -> Finding:
    """Check a claim along one exact trajectory, in precisions that are doubled until two of them agree.

    Parameters
    ----------
    claim
        Name of an observable that needs CLAIM, such as ``"theorem_4_6"``.
    model
        The model, which makes the claim.
    initial, parameters
        Name -> number, for all coordinates and parameters.
    steps
        Number of steps; fewer are taken if the run diverges.

    Returns
    -------
    Finding
        The failures, and the precision that was needed.

    Raises
    ------
    InputError
        If ``claim`` is no claim of this model about steps.
    """
    claims = [n for n in observables.CLAIMS if CLAIM in observables.get(n).NEEDS and hasattr(model.claims, n)]
    if claim not in claims:
        raise InputError(f"claim: no {claim!r} about steps; there are: {', '.join(claims)}")
    bits = FIRST_BITS
    found = _checked(claim, model, initial, parameters, steps, bits)
    while bits < MAX_BITS:
        again = _checked(claim, model, initial, parameters, steps, 2 * bits)
        same = np.isclose(found.worst, again.worst, rtol=AGREEMENT_RTOL, atol=0.0, equal_nan=True)
        if found[:2] == again[:2] and same:
            return found
        found, bits = again, 2 * bits
    return found._replace(bits=0)


def _checked(claim: str, model: Model, initial: Any, parameters: Any, steps: int, bits: int) -> Finding:
    """Check the claim in one precision."""
    m: Any = SimpleNamespace(**{**vars(arithmetic.translated(model)), "claims": arithmetic.translated(model.claims)})
    o = SimpleNamespace(**substitute.space(vars(observables.get(claim)), arithmetic.INSTEAD | {sharpness.top: _top}))
    says = getattr(m.claims, claim)
    with arithmetic.precise(bits):
        theta = started(model, (gmpy2.mpfr(float(initial[name])) for name in model.STATE), gmpy2.mpfr)
        p = tuple(gmpy2.mpfr(float(parameters[name])) for name in model.PARAMETERS)
        unread: Any = None
        kept, _ = o.start(Ends(m, theta, p, m.loss(theta, p), unread, unread, unread, steps))
        for _ in range(steps):
            before, theta = theta, m.step(theta, p)
            if not m.loss(theta, p) < m.LIMIT:
                break
            curvature, edge = m.curvature(theta, p), sharpness.edge_of(m)(theta, p)
            if EVERY_STEP in o.NEEDS:
                top = _top(m, theta, p)
                kept = o.watch_sharpness(kept, top / edge, says(curvature, top))
            else:
                moment = Moment(before, theta, p, None, None, m.stable(curvature, edge), 1.0, 1.0, False)
                kept, _ = o.watch(kept, moment, says(before, theta, p))
        worst, failures, first = (float(number) for number in kept[:3])
    return Finding(int(failures), int(first), np.nan if worst == -np.inf else worst, bits)


def _top(model: Any, theta: tuple, p: tuple) -> Any:
    """Return the top eigenvalue of eta times the Hessian, to nearly all bits."""
    curvature = model.curvature(theta, p)
    low = high = sharpness.solved(model.SHARPNESS_STAGES, curvature)
    room = abs(high) * gmpy2.mpfr(2) ** -STAGES_BITS
    while model.stable(curvature, low):
        low -= room
    while not model.stable(curvature, high):
        high += room
    for _ in range(gmpy2.get_context().precision - STAGES_BITS):
        middle = (low + high) / 2
        low, high = (low, middle) if model.stable(curvature, middle) else (middle, high)
    return (low + high) / 2
