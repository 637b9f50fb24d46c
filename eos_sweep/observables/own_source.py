"""Writes the functions of a formula's observable as source text, from its tree."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from eos_sweep import functions
from eos_sweep.contract import Model
from eos_sweep.derivation.from_tree import translate
from eos_sweep.derivation.graph import Graph, Term
from eos_sweep.derivation.writing import Lines
from eos_sweep.formulas.operations import CONSTANTS
from eos_sweep.formulas.tree import Node, names
from eos_sweep.observables.formula import CONDITIONS, Formula, Reduction
from eos_sweep.state import places

ARGUMENTS = "theta, constants, loss, loss_before, step, sharpness_ratio"
HEAD = """import numpy as np

from eos_sweep.bits import lowest, population
from eos_sweep.exponent import value
from eos_sweep.scalar import inlined, select
"""


class Plan(NamedTuple):
    """What an observable keeps of a trajectory, by name."""

    constants: tuple[str, ...]  # parameters that are named, loss_initial
    kept: tuple[str, ...]
    counted: tuple[int, ...]  # reductions that are counted from flags
    at_steps: tuple[int, ...]  # reductions that need no sharpness
    at_sharpness: tuple[int, ...]
    uses_sharpness: bool
    sees_states: bool  # whether the sharpness has to come with the state or the loss


def plan(formula: Formula, model: Model) -> Plan:
    """Decide what is kept of a trajectory for a formula."""
    reductions, named = formula.reductions, [names(one.of) for one in formula.reductions]
    all_named = names(formula.result).union(*named)
    sharp = [_needs_sharpness(one, model) for one in reductions]
    moving = [k for k, one in enumerate(reductions) if one.reducer != "last"]
    at_steps, at_sharpness = ([k for k in moving if sharp[k] == wanted] for wanted in (False, True))
    counted = [k for k in at_steps if reductions[k].reducer in CONDITIONS]
    constants = [name for name in (*model.PARAMETERS, "loss_initial") if name in all_named and name not in model.STATE]
    kept = [f"c{k}" for k in range(len(constants))] if moving else []
    kept += ["step"] if any("step" in named[k] for k in at_steps) else []
    kept += ["step_sharp"] if at_sharpness else []
    kept += ["before_sharp"] if any("loss_before" in named[k] for k in at_sharpness) else []
    ends_before = any("loss_before" in named[k] for k, one in enumerate(reductions) if one.reducer == "last")
    kept += ["before"] if ends_before else []
    kept += [f"r{k}" for k in moving if k not in counted]
    alone = {"sharpness_ratio", "step", *constants, *CONSTANTS}
    return Plan(
        tuple(constants),
        tuple(kept),
        tuple(counted),
        tuple(at_steps),
        tuple(at_sharpness),
        any(sharp),
        any(not named[k] <= alone for k in at_sharpness),
    )


def _needs_sharpness(one: Reduction, model: Model) -> bool:
    return "sharpness_ratio" in names(one.of) - {*model.STATE, *model.PARAMETERS}


def text(formula: Formula, kept: Plan, model: Model) -> str:
    """Return the source of a module with ``of_0`` ..., ``result``, ``watch``, ``watch_sharpness`` and ``fold``."""
    where = _variables(kept, model)
    results = {name: f"results[{k}]" for k, name in enumerate(formula.names)}
    computed = [_function(f"of_{k}", ARGUMENTS, one.of, where) for k, one in enumerate(formula.reductions)]
    computed.append(_function("result", "results, constants", formula.result, where | results))
    others = []
    if kept.at_steps or "before" in kept.kept:
        others.append(_watch(formula, kept))
    if kept.at_sharpness:
        others.append(_watch_sharpness(formula, kept))
    if kept.counted:
        others.append(_fold(formula, kept))
    return _module(computed, *others)


def condition(tree: Node, variables: Mapping[str, str]) -> str:
    """Return the source of a module with ``holds``, a function of a tuple of values that computes a condition."""
    return _module([_function("holds", "values", tree, variables)])


def check(trees: Iterable[Node], what: str) -> None:
    """Raise InputError, which begins with ``what``, if one of ``trees`` cannot be computed, such as 1/0."""
    for tree in trees:
        _translated(tree, names(tree), what)


def _translated(tree: Node, known: Iterable[str], what: str) -> Term:
    g = Graph(what)
    return translate(g, tree, {name: g.name(name, fixed=False) for name in known} | {"inf": g.raw("inf")}, what)


def _variables(kept: Plan, model: Model) -> dict[str, str]:
    """Return name -> expression of all that a formula may name."""
    powers = places(model)
    found = {name: name for name in ("loss", "loss_before", "step", "sharpness_ratio")}
    states = {
        name: f"value(theta[{powers[name][0]}], theta[{powers[name][1]}])" if name in powers else f"theta[{k}]"
        for k, name in enumerate(model.STATE)
    }
    if model.GUARD is not None:
        found["guard"] = states[model.GUARD]
    return found | {name: f"constants[{k}]" for k, name in enumerate(kept.constants)} | states


def _function(name: str, arguments: str, tree: Node, variables: Mapping[str, str]) -> tuple[str, set[str]]:
    """Return a function that computes ``tree``, and the functions that it calls."""
    lines = Lines(variables, ())
    (result,) = lines.write(_translated(tree, variables, name))
    body = "".join(f"    {line}\n" for line in [*lines.lines, f"return {result}"])
    return f"@inlined\ndef {name}({arguments}):\n{body}", lines.used


def _module(functions_of: Iterable[tuple[str, set[str]]], *others: str) -> str:
    """Return the source of a module with functions, and the imports that they need."""
    texts, called = zip(*functions_of, strict=True)
    names = sorted(name for name in set().union(*called) if hasattr(functions, name))
    imports = HEAD + "".join(f"from {functions.__name__} import {name}\n" for name in names)
    return "\n\n".join([imports, *texts, *others])


def _watch(formula: Formula, kept: Plan) -> str:
    """Return ``watch``, which sees each step."""
    lines = [f"    {name} = kept[{k}]\n" for k, name in enumerate(kept.kept)]
    if "step" in kept.kept:
        lines.append("    step = step + 1.0\n")
    if "before" in kept.kept:
        lines.append("    before = moment.loss_before\n")
    step, flags = "step" if "step" in kept.kept else "0.0", []
    for k in kept.at_steps:
        lines.append(
            f"    v{k} = of_{k}(moment.theta, {_constants(kept)}, moment.loss, moment.loss_before, {step}, 0.0)\n"
        )
        if k in kept.counted:
            flags.append(f"v{k}")
        else:
            lines.append(_reduced(k, formula.reductions[k].reducer, step))
    return f"@inlined\ndef watch(kept, moment):\n{''.join(lines)}    return {_tuple(kept.kept)}, {_tuple(flags)}\n"


def _watch_sharpness(formula: Formula, kept: Plan) -> str:
    """Return ``watch_sharpness``, which sees the sharpness of each step."""
    lines = [f"    {name} = kept[{k}]\n" for k, name in enumerate(kept.kept)]
    lines.append("    step_sharp = step_sharp + 1.0\n")
    theta, loss = ("state[0]", "state[1]") if kept.sees_states else ("()", "0.0")
    before = "before_sharp" if "before_sharp" in kept.kept else "0.0"
    for k in kept.at_sharpness:
        lines.append(f"    v{k} = of_{k}({theta}, {_constants(kept)}, {loss}, {before}, step_sharp, ratio)\n")
        lines.append(_reduced(k, formula.reductions[k].reducer, "step_sharp"))
    if "before_sharp" in kept.kept:
        lines.append(f"    before_sharp = {loss}\n")
    arguments = "kept, ratio, state" if kept.sees_states else "kept, ratio"
    return f"@inlined\ndef watch_sharpness({arguments}):\n{''.join(lines)}    return {_tuple(kept.kept)}\n"


def _constants(kept: Plan) -> str:
    return _tuple([f"c{k}" for k in range(len(kept.constants))])


def _tuple(items: list[str] | tuple[str, ...]) -> str:
    return f"({''.join(item + ', ' for item in items)})"


def _reduced(k: int, reducer: str, step: str) -> str:
    """Return the line that takes the value ``v`` of a step into what is kept of the steps before, ``r``."""
    r, v = f"r{k}", f"v{k}"
    rules = {
        "max": f"select({v} > {r}, {v}, {r})",
        "min": f"select({v} < {r}, {v}, {r})",
        "mean": f"{r} + {v}",
        "first": f"select({v} & ({r} < 0.0), {step}, {r})",
        "count": f"{r} + select({v}, 1.0, 0.0)",
    }
    return f"    {r} = {rules[reducer]}\n"


def _fold(formula: Formula, kept: Plan) -> str:
    """Return ``fold``, which counts flags."""
    rules = []
    for k, reduction in enumerate(kept.counted):
        count, bits = f"counts[{k}]", f"bits[{k}]"
        if formula.reductions[reduction].reducer == "count":
            rules.append(f"{count} + population({bits})")
        else:
            rules.append(f"select(({count} < 0) & ({bits} != 0), age + 1 + lowest({bits}), {count})")
    return f"@inlined\ndef fold(counts, bits, age, steps):\n    return {_tuple(rules)}\n"
