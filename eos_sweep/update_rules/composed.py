"""A base rule and its modifiers as one rule."""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.errors import InputError, closest, short
from eos_sweep.update_rules.interface import Condition, Now, Scalar, Vector

PLAIN = "gd"
BASES = (
    PLAIN, "heavy_ball", "nesterov", "sam", "sam_unnormalised", "normalised", "sign", "rmsprop", "adam", "two_sample",
)  # fmt: skip
MODIFIERS = (
    "label_noise", "gradient_noise", "gradient_clip", "l2", "decoupled_decay", "linear_warmup", "cosine", "step_decay",
    "inverse_root", "update_clip", "weight_bound",
)  # fmt: skip
CLOCK = "clock"  # the step that is taken, from zero


class Rule(NamedTuple):
    """A base rule with modifiers, in the order of MODIFIERS."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """Return the text from which :func:`parse` makes the rule."""
        return " + ".join(self.names)

    @property
    def is_plain(self) -> bool:
        """Whether it is gradient descent without modifiers."""
        return self.names == (PLAIN,)

    @property
    def title(self) -> str:
        """The rule in words."""
        return " + ".join(part.TITLE for part in self.parts)

    @property
    def base(self) -> Any:
        """The module of the base rule."""
        return module(self.names[0])

    @property
    def parts(self) -> tuple[Any, ...]:
        """The modules of the base rule and of the modifiers."""
        return tuple(map(module, self.names))

    def having(self, name: str) -> tuple[Any, ...]:
        """Return the modules that define ``name``."""
        return tuple(part for part in self.parts if hasattr(part, name))

    @property
    def parameters(self) -> dict[str, Quantity]:
        """Name -> description of all parameters."""
        return {name: quantity for part in self.parts for name, quantity in part.PARAMETERS.items()}

    @property
    def trial(self) -> dict[str, float | str]:
        """Name -> value with which the rule is tried, or an expression with draws; without the seed."""
        values = {name: one.default for name, one in self.parameters.items() if one.default is not None}
        for part in self.having("TRIAL"):
            values |= part.TRIAL
        return {name: value for name, value in values.items() if name != "seed"}

    @property
    def edge_moves(self) -> bool:
        """Whether the edge depends on the state or on the step."""
        return self.base.EDGE_OF_STATE or bool(self.having("rate"))

    @property
    def rests(self) -> bool:
        """Whether a run can rest at a minimum."""
        return getattr(self.base, "RESTS", True)

    @property
    def references(self) -> list[str]:
        """The sources of its parts; a part that is its own definition has none."""
        return [part.REFERENCE for part in self.parts if part.REFERENCE]

    @property
    def memory(self) -> tuple[str, ...]:
        """The names of the vectors that the rule keeps."""
        return tuple(self.base.MEMORY)

    @property
    def clocks(self) -> dict[str, float]:
        """Name -> start of the numbers of time alone that the rule keeps."""
        return {name: start for part in self.parts for name, start in part.CLOCKS.items()}


def module(name: str) -> ModuleType:
    """Return the module of a base rule or of a modifier."""
    return importlib.import_module(f"eos_sweep.update_rules.{name}")


@functools.cache
def parse(text: str) -> Rule:
    """Return the rule that a text names: a base rule, modifiers, or both, joined by ``+``.

    Raises
    ------
    InputError
        If there is no such rule, or two parts do not go together.

    Examples
    --------
    >>> from eos_sweep.update_rules.composed import parse
    >>> str(parse("l2 + heavy_ball"))
    'heavy_ball + l2'
    >>> str(parse("linear_warmup"))
    'gd + linear_warmup'
    """
    names = [name.strip() for name in text.split("+")]
    if "" in names:
        raise InputError(f"rule: got {short(text)}; give names joined by +, such as heavy_ball + l2")
    for name in names:
        if name not in (*BASES, *MODIFIERS):
            raise InputError(f"rule: no update rule {short(name)}; {closest(name, [*BASES, *MODIFIERS])}")
        if names.count(name) > 1:
            raise InputError(f"rule: got {name!r} twice; give each part once")
    bases = [name for name in names if name in BASES] or [PLAIN]
    if len(bases) > 1:
        raise InputError(f"rule: got {' and '.join(bases)}; give one of them, and modifiers such as l2")
    rule = Rule((bases[0], *(name for name in MODIFIERS if name in names)))
    owners: dict[str, str] = {}
    for name, part in zip(rule.names, rule.parts, strict=True):
        for parameter in part.PARAMETERS:
            if parameter != "seed" and parameter in owners:
                raise InputError(
                    f"rule: {owners[parameter]} and {name} both have the parameter {parameter}; give one of them"
                )
            owners[parameter] = name
    return rule


class Stepped(NamedTuple):
    """What a step makes of the state, before the weights are bounded."""

    weights: Vector
    memory: Mapping[str, Vector]
    clocks: Mapping[str, Scalar]
    clips: Sequence[Condition]  # under which a clip acts; the bound of the weights is not among them


def transformed(
    rule: Rule, now: Now, clips: list[Condition] | None = None, unclipped: bool = False
) -> Callable[[Vector], Vector]:
    """Return the push with all that changes the gradient, or all but clips.

    Whenever it is asked for, the conditions under which a clip acts are appended to ``clips``.
    """
    changes = sorted(rule.having("gradient"), key=lambda part: part.ORDER)
    changes = [part for part in changes if not (unclipped and hasattr(part, "clips"))]
    if not changes:
        return now.push

    def push(at: Vector) -> Vector:
        found = now.push(at)
        for part in changes:
            if clips is not None and hasattr(part, "clips"):
                clips.append(part.clips(now, found))
            found = part.gradient(now, found, at)
        return found

    return push


def rate(rule: Rule, now: Now) -> Scalar | None:
    """Return the factor of the schedules, None if there is none."""
    found = None
    for part in rule.having("rate"):
        found = part.rate(now) if found is None else found * part.rate(now)
    return found


def keep(rule: Rule, now: Now, factor: Scalar | None) -> Scalar | None:
    """Return what a step multiplies the weights by, None if nothing."""
    for part in rule.having("decay"):
        decay = part.decay(now)
        return 1.0 - (decay if factor is None else factor * decay)
    return None


def step(rule: Rule, now: Now) -> Stepped:
    """Return the weights after a step, before they are bounded, and the new memory and clocks."""
    factor, clips = rate(rule, now), list[Condition]()
    push = transformed(rule, now, clips)
    found = rule.base.update(now._replace(push=push, rate=1.0 if factor is None else factor))
    update = found.update
    for part in rule.having("limited"):
        clips.append(part.clips(now, update))
        update = part.limited(now, update)
    if factor is not None:
        update = factor * update
    kept = keep(rule, now, factor)
    clocks = dict(found.clocks)
    for part in rule.having("tick"):
        clocks |= part.tick(now)
    if CLOCK in rule.clocks:
        clocks[CLOCK] = getattr(now.clocks, CLOCK) + 1.0
    return Stepped((now.x if kept is None else kept * now.x) - update, found.memory, clocks, clips)


def bound(rule: Rule, now: Now) -> Scalar | None:
    """Return the bound of the size of each weight, None if there is none."""
    return next((part.bound(now) for part in rule.having("bound")), None)


def edge(rule: Rule, now: Now) -> Scalar:
    """Return the least eigenvalue of eta times the Hessian, preconditioned where the rule is, that is not stable."""
    factor = rate(rule, now)
    kept = keep(rule, now, factor)
    seen = _linearised(rule, now)._replace(keep=1.0 if kept is None else kept)
    if factor is None:
        found = rule.base.edge(seen)
    else:  # the base rule knows no schedule: it sees the step size of this step
        push, unclipped = seen.push, seen.unclipped
        found = rule.base.edge(
            seen._replace(
                push=lambda at: factor * push(at), unclipped=lambda at: factor * unclipped(at), eta=factor * now.eta
            )
        )
        found = found / factor
    if not hasattr(rule.base, "scaling"):
        for part in rule.having("shift"):
            found = found - part.shift(now)
    return found


def _linearised(rule: Rule, now: Now) -> Now:
    """Return a step as the linearisation of a base rule sees it."""
    return now._replace(push=transformed(rule, now), unclipped=transformed(rule, now, unclipped=True))


def shift(rule: Rule, now: Now) -> Scalar | None:
    """Return by what multiple of one eta times the Hessian changes, None if by nothing."""
    return next((part.shift(now) for part in rule.having("shift")), None)


def scaling(rule: Rule, now: Now) -> Vector | None:
    """Return what the rule multiplies each coordinate of the gradient by, beside eta; None if nothing."""
    if not hasattr(rule.base, "scaling"):
        return None
    return rule.base.scaling(_linearised(rule, now))


def settles(rule: Rule, now: Now) -> list[Condition]:
    """Return the conditions under which a run that is at rest stays there."""
    return [part.settles(now) for part in rule.having("settles")]


def coast(rule: Rule, now: Now) -> Vector | None:
    """Return how far the weights go on without a gradient, None if they rest."""
    return rule.base.coast(now) if hasattr(rule.base, "coast") else None


def projected(rule: Rule, now: Now, x: np.ndarray) -> np.ndarray:
    """Return weights after the bound, if the rule has one; NumPy only."""
    most = bound(rule, now)
    return x if most is None else np.clip(x, -most, most)
