"""A network that takes the steps of an update rule: the weights, and what the rule keeps beside them."""

import functools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.eigen.tracker import Tracker
from eos_sweep.errors import InputError
from eos_sweep.functions.draws import COIN, normal_draw, sign_draw
from eos_sweep.models.network_parts import Ahead
from eos_sweep.substates import below, part
from eos_sweep.update_rules import composed
from eos_sweep.update_rules.composed import Rule
from eos_sweep.update_rules.interface import Now, Scalar, Vector


class State(NamedTuple):
    """All that the next steps depend on; what it holds never changes."""

    step: int  # steps taken
    weights: np.ndarray
    memory: Mapping[str, Vector]
    clocks: Mapping[str, Scalar]


class Stepping:
    """A network under a rule.

    A rule may ask for the gradient at other weights: the network goes there, which is a pass over the data, and comes
    back before anything else is asked of it.
    """

    weights: np.ndarray
    gradient: np.ndarray  # that a step of gradient descent would take
    loss: float

    def __init__(self, network: Any, rule: Rule, p: Mapping[str, Any]) -> None:
        """Begin with a network at its initial weights; ``p`` has the parameters of the rule, eta and the seed."""
        self._is_scaled = hasattr(rule.base, "scaling")
        if self._is_scaled and not hasattr(network, "hessian_product"):
            raise InputError(
                f"rule: {rule} needs the product of the Hessian with a vector; give the network a hessian_product"
            )
        self._network, self._rule = network, rule
        self._p = SimpleNamespace(**{name: np.float64(value) for name, value in p.items()})
        weights = network.weights.copy()
        memory = {name: np.zeros_like(weights) for name in rule.memory}
        clocks = {name: np.float64(start) for name, start in rule.clocks.items()}
        self._away = False  # whether the network is at other weights
        seed, places = float(self._p.seed), np.arange(weights.size, dtype=np.float64)
        self._normals = Ahead(lambda steps: normal_draw(seed, steps[:, None], places), weights.size)
        self._signs = Ahead(lambda steps: sign_draw(seed, steps, COIN), 1)
        self.clips = np.zeros(0, bool)  # of each step of the last advance, whether a clip or a bound changed it
        self._be_in(State(0, weights, memory, clocks))

    def advance(self, steps: int) -> np.ndarray:
        """Take so many steps; return the loss after each of them."""
        losses, self.clips = np.empty(steps), np.zeros(steps, bool)
        for k in range(steps):
            state, now = self._state, self._now()
            after = composed.step(self._rule, now)
            weights = composed.projected(self._rule, now, after.weights)
            self.clips[k] = any(after.clips) or (
                weights is not after.weights and not np.array_equal(weights, after.weights)
            )
            memory, clocks = {**state.memory, **after.memory}, {**state.clocks, **after.clocks}
            self._go_to(State(state.step + 1, weights, memory, clocks))
            losses[k] = self.loss
        return losses

    def saved(self) -> dict[str, np.ndarray]:
        """Return all that the next steps depend on."""
        step, weights, memory, clocks = self._state
        kept = {**below("memory", memory), **below("clocks", clocks)}
        return {"step": np.array(step), "weights": weights, **{name: np.asarray(found) for name, found in kept.items()}}

    def resume(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go back to where it was."""
        memory, clocks = part("memory", saved), part("clocks", saved)
        if memory.keys() != self._state.memory.keys() or clocks.keys() != self._state.clocks.keys():
            raise ValueError(f"rule: not what {self._rule} keeps: {', '.join(saved)}")
        clock = {name: np.float64(found) for name, found in clocks.items()}
        self._go_to(State(int(saved["step"]), saved["weights"], memory, clock))

    def state(self) -> dict[str, np.ndarray] | None:
        """Return all that steps, sharpness and readings to come depend on; None if the network cannot tell."""
        if not hasattr(self._network, "state"):
            return None
        own = {"directions": self._tracker.state.copy()} if self._is_scaled else {}
        return {**self.saved(), **own, **below("network", self._network.state())}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on as the network did whose state this is."""
        self._network.load(part("network", state))
        if self._is_scaled:
            self._tracker.state[...] = state["directions"]
        self.resume(state)

    def _go_to(self, state: State) -> None:
        """Be in a state."""
        if hasattr(self._network, "step"):  # its data may depend on that
            self._network.step = state.step
        self._network.restore(state.weights)
        self._be_in(state)

    def _be_in(self, state: State) -> None:
        """Take over a state in which the network is."""
        self._state, self._away, self.weights = state, False, state.weights
        self.gradient, self.loss = self._network.gradient, self._network.loss

    def restore(self, weights: np.ndarray) -> None:
        """Go to other weights, with the memory as it is."""
        self._go_to(self._state._replace(weights=weights.copy()))

    def sharpness(self) -> float:
        """Return the largest eigenvalue of the Hessian, preconditioned where the rule is."""
        now = self._now()
        diagonal = composed.scaling(self._rule, now)
        network = self._at_home()
        if diagonal is None:
            return float(network.sharpness())
        shift = composed.shift(self._rule, now)
        scale, decay = np.sqrt(diagonal), 0.0 if shift is None else shift / now.eta

        def product(vector: np.ndarray) -> np.ndarray:
            scaled = scale * vector
            found: np.ndarray = scale * (network.hessian_product(scaled) + decay * scaled)
            return found

        return self._tracker.top(product)

    @functools.cached_property
    def _tracker(self) -> Tracker:
        return Tracker(self._state.weights.size)

    def edge(self) -> float:
        """Return the largest eigenvalue of eta times that matrix at which the next step is stable."""
        found = float(composed.edge(self._rule, self._now()))
        self._at_home()
        return found

    def readings(self) -> tuple[float, ...]:
        """Return the readings of the network."""
        found: tuple[float, ...] = self._network.readings()
        return found

    def _now(self) -> Now:
        """Return the next step as the rule sees it."""
        step, weights, memory, clocks = self._state
        return Now(
            x=weights,
            push=self._push,
            memory=SimpleNamespace(**memory),
            clocks=SimpleNamespace(**clocks),
            p=self._p,
            eta=self._p.eta,
            normals=lambda: self._normals.at(step),
            sign=lambda: self._signs.at(step),
        )

    def _push(self, at: np.ndarray) -> np.ndarray:
        """Return eta times the gradient at some weights."""
        if at is self._state.weights:
            gradient = self._at_home().gradient
        else:
            self._away = True
            self._network.restore(at)
            gradient = self._network.gradient
        found: np.ndarray = self._p.eta * gradient
        return found

    def _at_home(self) -> Any:
        """Return the network at the weights of the state."""
        if self._away:
            self._away = False
            self._network.restore(self._state.weights)
        return self._network
