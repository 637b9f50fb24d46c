"""The models of sweeps/*.toml that are given by a formula."""

import functools
import tomllib
from pathlib import Path

import numpy as np

import eos_sweep
from eos_sweep.eigen.sharpness import sharpness
from helpers import named_inputs as named

SWEEPS = Path(eos_sweep.__file__).parents[1] / "sweeps"
TABLES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(SWEEPS.glob("*.toml"))}
NAMES = [name for name, table in TABLES.items() if isinstance(table["model"], dict) and "rule" not in table]


@functools.cache
def model(name):
    """Return the module that is derived for a spec."""
    return eos_sweep.load_spec(SWEEPS / f"{name}.toml").module


def on_a_grid(name, size, **changes):
    """Return the spec with ``size`` values along each axis that is a range; ``changes`` replace axes."""
    table = TABLES[name]
    axes = {axis: resized(definition, size) for axis, definition in table["axes"].items()} | changes
    return eos_sweep.Sweep.from_dict(table | {"axes": axes})


def resized(definition, size):
    """Return the definition of an axis with another number of values."""
    if isinstance(definition, list):
        return definition
    return {key: [*value[:2], size] if key in ("linear", "log") else value for key, value in definition.items()}


def after(name, steps, **given):
    """Return the coordinates after some steps in NumPy, and their sharpness."""
    here = model(name)
    path, p = named.states(here, steps, **given)
    return here.coordinates(path[-1]), sharpness(here, path[-1], p)


def sharpness_at(name, **given):
    """Return the sharpness at given points."""
    return after(name, 0, **given)[1]


def slopes(name, **given):
    """Return the gradient at given points, from a step."""
    (before, _), (later, _) = (after(name, steps, eta=1.0, **given) for steps in (0, 1))
    return tuple(np.subtract(x, y) for x, y in zip(before, later, strict=True))


def flow_sharpness(a, b, y0):
    """Return the sharpness at which gradient flow ends: it conserves a^2 - sinh(b)^2, for a tanh(b) > 0."""
    q = a * a - np.sinh(b) ** 2
    square = 2.0 * y0**2 / (q + y0**2 + np.sqrt((q + y0**2) ** 2 - 4.0 * (q - 1.0) * y0**2))  # tanh(b)^2 at the end
    return square + (y0 * (1.0 - square)) ** 2 / square


def wells(a, k):
    """Return the rest points of x^2/2 + a (1 - cos kx), by bisection."""

    def slope(x):
        return x + a * k * np.sin(k * x)

    grid = np.linspace(-a * k - 0.1, a * k + 0.1, 20_000)  # zero is not on it
    place = np.flatnonzero(slope(grid[1:]) * slope(grid[:-1]) < 0.0)
    low, high = grid[place], grid[place + 1]
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = slope(middle) * slope(low) > 0.0
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)


# The four points of the logistic regression: minimum and its curvature, and the first cycle, by 400 binary digits.
LOGISTIC_EDGE = {
    "minimum": 0.7060404258197347193,
    "curvature": 0.1873697678296557634,
    "ratio": 1.8598793971734610339,  # step size times the curvature
    "upper": 1.4041885365974116,
    "lower": 0.39038292161613747,
}
