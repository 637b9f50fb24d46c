"""The check of functions that are written by hand, against those that are derived from the loss."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import gmpy2
import numpy as np

from eos_sweep.checks.exact import arithmetic
from eos_sweep.conformance.requirements import place, require, require_all
from eos_sweep.conformance.trial import BITS, Point, points, states
from eos_sweep.contract import Model
from eos_sweep.derivation import modules
from eos_sweep.derivation.completing import completed_from, derived_alone, has_loss
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.errors import InputError
from eos_sweep.exponent import seen

CLOSE = 1e-12


def derived_from_loss(model: Model) -> ModuleType | None:
    """Return what is derived from the loss of a model alone; None if the loss is no formula of its coordinates.

    Where a module gives its loss as a text, it must be one.
    """
    module = sys.modules.get(completed_from(model.__name__))
    if module is None or modules.formula_of(model.__name__) or not has_loss(module):
        return None
    try:
        return derived_alone(module)
    except InputError:
        if hasattr(module, "LOSS"):
            raise
        return None


def check_by_hand(model: Model) -> None:
    """Compare functions that are written by hand with those that are derived from the loss."""
    derived = derived_from_loss(model)
    if derived is None:
        return
    if _descends(model):
        _compare_hessians(model, derived)
    with arithmetic.precise(BITS):
        exact = arithmetic.translated(derived), arithmetic.translated(model)
        for at in points(model):
            for name, found, wanted, scale in _values(model, at, *exact):
                wrong = f"{name}: {float(found)}, but {float(wanted)} is derived from the loss, at {at}"
                require(abs(found - wanted) <= CLOSE * scale, wrong)


def _descends(model: Model) -> bool:
    return getattr(model, "DESCENT", True)


def _compare_hessians(model: Model, derived: Any) -> None:
    theta, p = states(model)
    where, width = place(model, theta, p), len(model.STATE)
    powers = dict(zip(model.CARRIED, theta[width:], strict=True))
    here = tuple(seen(x, powers[name]) if name in powers else x for name, x in zip(model.STATE, theta, strict=False))
    one = np.broadcast_to(sharpness(model, theta, p), theta[0].shape)
    other = np.broadcast_to(sharpness(derived, here, p), theta[0].shape)
    mine, right = model.hessian(theta, p), derived.hessian(here, p)
    size = np.abs(right).max(axis=(-1, -2))
    far = np.abs(mine - right).max(axis=(-1, -2))
    require_all(far <= CLOSE * size, "hessian: not the one derived from the loss", where, difference=far, size=size)
    close = np.abs(one - other) <= CLOSE * size
    require_all(close, "sharpness: not the one derived from the loss", where, by_hand=one, derived=other)


def _values(model: Model, at: Point, derived: Any, own: Any) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield a name, the value by hand, the derived one, and what their difference is small beside."""
    state = at.state()
    right = derived.loss(at.coordinates, at.p)
    yield "loss", at.loss(*at.coordinates), right, abs(right)
    if at.clipped(*at.coordinates) or not _descends(model):
        return
    after, wanted = at.step(*at.coordinates), derived.step(at.coordinates, at.p)
    for name, before, one, other in zip(model.STATE, at.coordinates, after, wanted, strict=False):
        yield f"step of {name}", one, other, abs(other - before) + abs(before) * CLOSE
    units, ends = (
        [x if name in model.CARRIED else 1 for name, x in zip(model.STATE, there, strict=False)]
        for there in (at.coordinates, after)
    )  # a change is relative to the value of a carried coordinate
    moves = [gmpy2.mpfr(1) / (k + 1) for k in range(len(units))]
    turned = own.tangent(state, at.p, tuple(moves))
    wanted = derived.tangent(at.coordinates, at.p, tuple(move * one for move, one in zip(moves, units, strict=True)))
    size = max(1, *(abs(change) for change in wanted))
    for name, one, end, other in zip(model.STATE, turned, ends, wanted, strict=True):
        yield f"tangent of {name}", one * end, other, size
