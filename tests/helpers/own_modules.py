"""Modules of models that a user might write, as files that are imported and allowed for one test."""

import importlib
import sys

from eos_sweep import models

# What is short: the loss, and what is told of its inputs.
SHORT = '''"""Gradient descent on L = (x^2 - 1)^2 / 4 + a x y^2 / 2."""

from eos_sweep.contract import Quantity

TITLE = "a well"
STATE = {"x": Quantity("coordinate", "x"), "y": Quantity("other coordinate", "y")}
PARAMETERS = {"eta": Quantity("step size", "η", above=0.0), "a": Quantity("coupling", "a", default=1.0)}


def loss(theta, p):
    (x, y), (eta, a) = theta, p
    return (x * x - 1) ** 2 / 4 + a * x * y * y / 2
'''

# A model in which nothing is derived.
BY_HAND = '''"""Gradient descent in a double well: L = (x^2 - 1)^2 / 4, x <- x - eta x (x^2 - 1)."""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity
from eos_sweep.plain import *  # defaults of a model
from eos_sweep.scalar import inlined

TITLE = "L(x) = ¼(x² − 1)²"
STATE = {"x": Quantity("coordinate", "x", sizes=(0.0, 1e60))}
PARAMETERS = {"eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60))}
TRIAL = {"x": "uniform(-2, 2)", "eta": "10 ** uniform(-2, 0)"}  # inputs to check it with
GUARD = "x"  # its change of sign is a regime of its own
LINES = (CriticalLine("two_cycle", r"$\\eta = 1$", "above it no minimum is stable", lambda v: v["eta"]),)


@inlined
def threshold(p):
    (eta,) = p
    return 2.0 / eta


@inlined
def step(theta, p):
    (x,), (eta,) = theta, p
    return (x - eta * (x * (x * x - 1.0)),)


@inlined
def loss(theta, p):
    (x,) = theta
    return 0.25 * ((x * x - 1.0) * (x * x - 1.0))


@inlined
def curvature(theta, p):
    """Numbers that determine the largest eigenvalue of eta times the Hessian; here it is the number itself."""
    (x,), (eta,) = theta, p
    return (eta * (3.0 * (x * x) - 1.0),)


@inlined
def stable(curvature, bound):
    return curvature[0] < bound


@inlined
def eigenvalue(curvature):
    return curvature


SHARPNESS_STAGES = (eigenvalue,)


@inlined
def settled(theta, p, loss, tolerance):
    """At a minimum for good: the remaining loss can move the sharpness by at most 12 sqrt(loss)."""
    return (loss < tolerance) & (loss < 1e-12) & stable(curvature(theta, p), 1.999)


@inlined
def tangent(theta, p, v):
    return ((1.0 - curvature(theta, p)[0]) * v[0],)


def hessian(theta, p):
    (x,) = theta
    return (3.0 * x * x - 1.0)[..., None, None]
'''


def written(tmp_path, monkeypatch):
    """Yield, for a fixture, a function that imports a text as a module of a name, and lets sweeps use it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    made = []

    def write(name, text, allow=True):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        made.append(name)
        importlib.invalidate_caches()
        if allow:
            models.allow(name)
            return models.get(name)
        return importlib.import_module(name)

    yield write
    for name in made:
        sys.modules.pop(name, None)
