"""Observables of a user's own: formulas that are compiled into the kernel as the others are.

The functions of one are straight-line source text, made from its tree.  Of each trajectory is kept, in this order: what
does not change (the parameters that are named, the loss at the start), the step, and a number for each reduction.  What
needs the sharpness keeps a step and a loss of its own, since it is shown the sharpness after the whole chunk.  Steps at
which a condition holds are flags, unless they need the sharpness; ``last`` is computed at the end.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import (
    EVERY_STEP,
    STATES,
    Ends,
    Model,
    Numbers,
    Observable,
    ObservableRecord,
    OwnObservable,
    Variable,
)
from eos_sweep.derivation import loader
from eos_sweep.eigen import sharpness
from eos_sweep.observables import formula, own_source
from eos_sweep.observables.formula import Formula
from eos_sweep.observables.own_source import Plan


@functools.lru_cache(maxsize=256)
def observable(model: Model, own: OwnObservable) -> Observable:
    """Return the observable of a formula, for ``model`` as observables see it."""
    parsed = formula.parse(own.formula, model, own.name)
    plan = own_source.plan(parsed, model)
    code = loader.load(own.name, own_source.text(parsed, plan, model))
    optional = {name: getattr(code, name) for name in ("watch", "watch_sharpness", "fold") if hasattr(code, name)}
    needs = ((EVERY_STEP,) if plan.at_sharpness else ()) + ((STATES,) if plan.sees_states else ())
    functions = tuple(getattr(code, f"of_{k}") for k in range(len(parsed.reductions)))
    found: Any = ObservableRecord(
        __name__=own.name,
        NEEDS=needs,
        KEPT=len(plan.kept),
        COUNTS=len(plan.counted),
        FLAGS=len(plan.counted),
        variables=described(own, parsed),
        start=start(functions, reducers(parsed), places(plan, model), plan.kept, plan.counted, plan.uses_sharpness),
        finish=finish(
            own.name,
            functions,
            code.result,
            reducers(parsed),
            places(plan, model),
            plan.kept,
            plan.counted,
            plan.uses_sharpness,
            parsed.is_whole,
        ),
        **optional,
    )
    return found


def variable(own: OwnObservable, parsed: Formula) -> Variable:
    """Describe what a formula gives."""
    if parsed.is_whole:
        first = parsed.reductions[0].reducer == "first"
        meaning = " (0: the start; -1: never)" if first else ""
        return Variable("int32", own.formula + meaning, -2 if first else -1, decides_regime=True)
    return Variable("float64", own.formula, float("nan"), decides_regime=True)


def described(own: OwnObservable, parsed: Formula) -> Callable:
    """Describe the variable of a formula."""

    def variables(model: Model) -> dict[str, Variable]:
        return {own.name: variable(own, parsed)}

    return variables


def reducers(parsed: Formula) -> tuple[str, ...]:
    """Return the reducers of a formula."""
    return tuple(one.reducer for one in parsed.reductions)


def places(plan: Plan, model: Model) -> tuple[int, ...]:
    """Return the position of each constant among the parameters, -1 for the loss at the start."""
    names = list(model.PARAMETERS)
    return tuple(names.index(name) if name in names else -1 for name in plan.constants)


def constants(begin: Ends, where: tuple[int, ...]) -> Numbers:
    """Return what does not change, by its positions."""
    zero = np.zeros_like(begin.loss)
    return tuple(zero + (begin.loss if place < 0 else begin.p[place]) for place in where)


def ratio(at: Ends, wanted: bool) -> Any:
    """Return the sharpness over that at the edge at the start or the end, if it is wanted."""
    return sharpness.ratio(at.model, at.theta, at.p) if wanted else 0.0


def start(
    functions: tuple[Callable, ...],
    reducers: tuple[str, ...],
    where: tuple[int, ...],
    kept: tuple[str, ...],
    counted: tuple[int, ...],
    sharpness: bool,
) -> Callable:
    """Begin with the values at the start, which is step 0."""

    def start(begin: Ends) -> tuple[Numbers, Numbers]:
        zero, fixed = np.zeros_like(begin.loss), constants(begin, where)
        now = ratio(begin, sharpness)
        facts = {"step": zero, "step_sharp": zero, "before_sharp": zero + begin.loss, "before": zero + begin.loss}
        facts |= {f"c{k}": value for k, value in enumerate(fixed)}
        counts = {}
        for k, (function, reducer) in enumerate(zip(functions, reducers, strict=True)):
            value = zero + function(begin.theta, fixed, begin.loss, begin.loss, zero, now)
            facts[f"r{k}"] = first_value(reducer, value)
            counts[k] = first_value(reducer, value).astype(np.int64) if k in counted else None
        return tuple(facts[name] for name in kept), tuple(counts[k] for k in counted)

    return start


def first_value(reducer: str, value: np.ndarray) -> np.ndarray:
    """Return what a reducer keeps at the start; a value that is not a number is passed over."""
    if reducer == "first":
        return value - 1.0
    if reducer in ("max", "min"):
        return np.where(np.isnan(value), -np.inf if reducer == "max" else np.inf, value)
    return value


def finish(
    name: str,
    functions: tuple[Callable, ...],
    result: Callable,
    reducers: tuple[str, ...],
    where: tuple[int, ...],
    kept_names: tuple[str, ...],
    counted: tuple[int, ...],
    sharpness: bool,
    whole: bool,
) -> Callable:
    """Put together what the reducers have kept."""

    def finish(begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> Mapping[str, np.ndarray]:
        facts = dict(zip(kept_names, kept, strict=True)) | {
            f"r{k}": value for k, value in zip(counted, counts, strict=True)
        }
        fixed, found = constants(begin, where), []
        for k, (function, reducer) in enumerate(zip(functions, reducers, strict=True)):
            if reducer == "last":
                at = end.theta, fixed, end.loss, facts.get("before", end.loss), 1.0 * end.steps
                value = np.zeros_like(end.loss) + function(*at, ratio(end, sharpness))
            else:
                value = last_value(reducer, facts[f"r{k}"], end.steps)
            found.append(value)
        if whole:
            return {name: found[0].astype(np.int64)}
        # An event that never came has no step to compute with.
        values = [np.where(v < 0, np.nan, v) if r == "first" else v for r, v in zip(reducers, found, strict=True)]
        return {name: np.zeros_like(end.loss) + result(tuple(1.0 * value for value in values), fixed)}

    return finish


def last_value(reducer: str, value: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return what a reducer gives, from what it has kept."""
    if reducer == "mean":
        return value / (steps + 1)
    if reducer == "max":
        return np.where(np.isneginf(value), np.nan, value)
    if reducer == "min":
        return np.where(np.isposinf(value), np.nan, value)
    return value
