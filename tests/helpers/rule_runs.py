"""Runs of update rules on NumPy vectors, and what their steps do to a quadratic."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from eos_sweep.update_rules import composed
from eos_sweep.update_rules.interface import Now


class Run(NamedTuple):
    """A rule with the values of its parameters, and the state that it has reached."""

    rule: composed.Rule
    gradient: object
    p: SimpleNamespace
    eta: float
    x: np.ndarray
    memory: dict
    clocks: dict
    normals: object = None  # the number of a step -> the normal numbers of this step
    sign: object = None  # the number of a step -> the sign of this step

    @property
    def now(self):
        step = self.clocks.get(composed.CLOCK)
        return Now(
            x=self.x,
            push=lambda at: self.eta * self.gradient(at),
            memory=SimpleNamespace(**self.memory),
            clocks=SimpleNamespace(**self.clocks),
            p=self.p,
            eta=self.eta,
            normals=lambda: self.normals(step),
            sign=lambda: self.sign(step),
        )

    @property
    def edge(self):
        """The sharpness at which the rule loses stability here."""
        return composed.edge(self.rule, self.now) / self.eta

    def step(self):
        found = composed.step(self.rule, self.now)
        bounded = composed.projected(self.rule, self.now, found.weights)
        return self._replace(x=bounded, memory=dict(found.memory), clocks=dict(found.clocks))

    def steps(self, count):
        """Return the states after 0, ..., count steps."""
        states = [self]
        for _ in range(count):
            states.append(states[-1].step())
        return states


def started(text, gradient, x, eta, normals=None, sign=None, **given):
    """Return a run of a rule at its start; parameters that are not given have their defaults."""
    rule = composed.parse(text)
    assert given.keys() <= rule.parameters.keys()
    values = {name: given.get(name, quantity.default) for name, quantity in rule.parameters.items()}
    x = np.asarray(x, dtype=float)
    memory = {name: np.zeros_like(x) for name in rule.memory}
    return Run(rule, gradient, SimpleNamespace(**values), eta, x, memory, rule.clocks, normals, sign)


def quadratic(*curvatures):
    """Return the gradient of sum h x^2/2."""
    h = np.array(curvatures)
    return lambda at: h * at


def growth(run, h, held=(), size=1.0):
    """Return by what factor a step multiplies the weight and the memory in the direction that grows fastest.

    The loss is h x^2/2, in one dimension; the rule must be linear there.

    Parameters
    ----------
    held
        Names of the memory that stays what it is.
    size
        The size of the weights and the memory at which the step is taken.
    """
    names = [name for name in run.memory if name not in held]
    columns = []
    for unit in np.eye(1 + len(names)) * size:
        memory = run.memory | {name: np.array([value]) for name, value in zip(names, unit[1:], strict=True)}
        after = run._replace(x=unit[:1], gradient=quadratic(h), memory=memory).step()
        columns.append(np.concatenate([after.x, *(after.memory[name] for name in names)]) / size)
    return np.abs(np.linalg.eigvals(np.array(columns).T)).max()


def bisected(unstable, low=1e-3, high=1e9):
    """Return the number from which on a condition holds, by bisection."""
    assert not unstable(low) and unstable(high)
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if unstable(middle) else (middle, high)
    return high
