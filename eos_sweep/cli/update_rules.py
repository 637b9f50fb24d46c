"""``eos-sweep rules``: the update rules, and what modifies them."""

import json
import textwrap
from typing import Any

import click

from eos_sweep.cli.options import AS_JSON
from eos_sweep.update_rules.interface import BELOW_ONE
from eos_sweep.update_rules.words import plain

WIDTH, INDENT = 110, 20


@click.command()
@click.argument("name", required=False)
@AS_JSON
def rules(name: str | None, as_json: bool) -> None:
    """List the update rules, or describe one.

    A specification names its rule with rule = "…": one base rule, modifiers, or both, joined by +.  Without a base rule
    it is gradient descent.  NAME is a base rule, a modifier, or such a text.  The edge is the sharpness above which a
    step is unstable.

    \b
    Examples:
      eos-sweep rules
      eos-sweep rules adam
      eos-sweep rules "heavy_ball + l2 + linear_warmup"
      eos-sweep rules sam --json
    """
    from eos_sweep.update_rules.composed import BASES, MODIFIERS, parse

    if name is None:
        names: tuple[str, ...] = (*BASES, *MODIFIERS)
    else:
        names = (name,) if name in MODIFIERS else parse(name).names
    if as_json:
        click.echo(json.dumps([_facts(each) for each in names], ensure_ascii=False))
    elif name is None:
        for heading, group in (("Base rules", BASES), ("Modifiers", MODIFIERS)):
            click.echo("\n".join([heading, *(_listed(_facts(each)) for each in group)]))
    else:
        click.echo("\n\n".join(map(_described, names)))


def _facts(name: str) -> dict[str, Any]:
    """Return what is told of a base rule or a modifier, ready for JSON."""
    from eos_sweep.update_rules.composed import BASES, module

    part = module(name)
    infinite = float("inf")
    parameters = {
        key: {
            "long_name": one.long_name,
            "symbol": one.symbol,
            "default": "inf" if one.default == infinite else one.default,
            "bounds": _bounds(one),
        }
        for key, one in part.PARAMETERS.items()
    }
    return {
        "name": name,
        "base": name in BASES,
        "title": part.TITLE,
        "step": " ".join((part.__doc__ or part.TITLE).partition("\n\n")[0].split()),  # python -OO removes docstrings
        "parameters": parameters,
        "edge": plain(part.EDGE),
        "edge_of": getattr(part, "SHARPNESS", "Hessian"),
        "edge_of_state": getattr(part, "EDGE_OF_STATE", False),
        "memory": list(getattr(part, "MEMORY", ())),
        "reference": part.REFERENCE,
    }


def _bounds(quantity: Any) -> str:
    """Return the numbers that are allowed, in words."""
    bounds = [f"> {quantity.above:g}"] * (quantity.above > -float("inf"))
    bounds += [f">= {quantity.least:g}"] * (quantity.least > -float("inf"))
    if quantity.most == BELOW_ONE:
        bounds.append("< 1")
    elif quantity.most < float("inf"):
        bounds.append(f"<= {quantity.most:g}")
    return " and ".join(bounds) + ", whole" * quantity.whole


def _listed(facts: dict[str, Any]) -> str:
    """Return a few lines on a part."""
    told = [facts["step"], _edge(facts)]
    told += [", ".join(f"{key} = {_number(one['default'])}" for key, one in facts["parameters"].items())]
    told += ["keeps " + ", ".join(facts["memory"])] * bool(facts["memory"])
    lines = [line for part in told for line in textwrap.wrap(part, WIDTH - INDENT)]
    return f"  {facts['name']}".ljust(INDENT) + f"\n{'':{INDENT}}".join(lines)


def _edge(facts: dict[str, Any]) -> str:
    matrix = "" if facts["edge_of"] == "Hessian" else f" of the {facts['edge_of']}"
    return f"edge {facts['edge']}{matrix}{', which changes during a run' * facts['edge_of_state']}"


def _described(name: str) -> str:
    """Return all that is told of a part."""
    from eos_sweep.update_rules.composed import module

    facts = _facts(name)
    lines = [f"{name} ({'base rule' if facts['base'] else 'modifier'})", ""]
    lines += [(module(name).__doc__ or facts["title"]).strip(), ""]
    for key, one in facts["parameters"].items():
        default = _number(one["default"])
        lines.append(f"  {key:<15} {one['symbol']:<5} {one['long_name']}; default {default}, {one['bounds']}")
    lines += [""] * bool(facts["parameters"])
    lines.append(f"  {_edge(facts)}{'' if facts['base'] else ', for gradient descent'}")
    lines += [f"  keeps {', '.join(facts['memory'])}, a number for each weight"] * bool(facts["memory"])
    lines.append(f"  {facts['reference']}")
    return "\n".join(lines)


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
