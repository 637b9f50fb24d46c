"""``eos-sweep models``, ``observables`` and ``thresholds``: the names that a specification may give, with meanings."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from eos_sweep.cli.options import AS_JSON, named_model

if TYPE_CHECKING:
    from eos_sweep.contract import Model, Quantity

WIDTH = 110  # of a line


@click.command()
@click.argument("name", required=False)
@AS_JSON
def models(name: str | None, as_json: bool) -> None:
    """List the models, or the inputs of one.

    NAME is a name of the list, a module of your own, or a TOML file.  An input without a default must be an axis of a
    sweep or have a value in its specification.

    \b
    Examples:
      eos-sweep models
      eos-sweep models quartic
      eos-sweep models my_sweep.toml --json
    """
    from eos_sweep.models import TABLE, get

    if name is None:
        found = [_facts(get(each)) for each in TABLE]
        text = _rows((one["name"], [f"{one['title']}  ({one['reference']})"]) for one in found)
    else:
        found = [_facts(named_model(name), inputs=True)]
        text = _described(found[0])
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else text)


def _facts(model: "Model", inputs: bool = False) -> dict[str, Any]:
    """Return what is told of a model, ready for JSON."""
    from eos_sweep.models import name_of, rule_of

    found = {"name": name_of(model), "title": model.TITLE, "reference": model.REFERENCE, "rule": rule_of(model)}
    if not inputs:
        return found
    presets = {name: dict(given) for name, given in model.PRESETS.items()}
    tables = {"parameters": model.PARAMETERS, "initial": model.STATE}
    return {
        **found,
        **{table: {name: _input(one) for name, one in given.items()} for table, given in tables.items()},
        "presets": presets,
        "lines": {line.name: line.meaning for line in getattr(model, "LINES", ())},  # a network has none
    }


def _input(quantity: "Quantity") -> dict[str, Any]:
    default = quantity.default
    shown = str(default) if default in (float("inf"), -float("inf")) else default  # strict JSON has no infinity
    return {"long_name": quantity.long_name, "symbol": quantity.symbol, "default": shown}


def _described(facts: dict[str, Any]) -> str:
    """Return all that is told of a model."""
    parts = [f"{facts['name']}: {facts['title']}", facts["reference"]]
    for heading, table in (("[parameters]", facts["parameters"]), ("[initial]", facts["initial"])):
        rows = []
        for name, one in table.items():
            default = "" if one["default"] is None else f"; default {_number(one['default'])}"
            presets = "".join(f'; preset "{key}" = {text}' for key, text in facts["presets"].get(name, {}).items())
            rows.append((name, [f"{one['long_name']} {one['symbol']}{default}{presets}"]))
        parts += ["", heading, _rows(rows)]
    if facts["lines"]:
        parts += ["", "critical lines", _rows((name, [meaning]) for name, meaning in facts["lines"].items())]
    return "\n".join(parts)


@click.command()
@click.argument("model", default="bivariate")
@AS_JSON
def observables(model: str, as_json: bool) -> None:
    """List the observables that a sweep can store.

    MODEL is a name that eos-sweep models lists, a module of your own, or a TOML file; bivariate by default.  A
    specification names single observables, or the groups default, claims, doubled and all, in its key observables.

    \b
    Examples:
      eos-sweep observables
      eos-sweep observables tanh_net
      eos-sweep observables quartic --json
    """
    from eos_sweep.contract import DOUBLED
    from eos_sweep.observables import CLAIMS, expand, variables

    module = named_model(model)
    default = expand(["default"], module)
    found: dict[str, list[dict[str, Any]]] = {"default": [], "on request": [], "claims": [], "doubled": []}
    for name, (owner, about) in variables(module).items():
        group = "default" if name in default else "claims" if owner in CLAIMS else "on request"
        flags = dict(about.flags or {})
        row = {"name": name, "dtype": about.dtype, "long_name": about.long_name} | ({"flags": flags} if flags else {})
        found["doubled" if name.endswith(DOUBLED) else group].append(row)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    told = {group: rows for group, rows in found.items() if rows}
    parts = [
        f"{group}\n" + _rows((row["name"], [row["long_name"], _flags(row.get("flags", {}))]) for row in rows)
        for group, rows in told.items()
    ]
    click.echo("\n\n".join(parts))


def _flags(flags: dict[str, int]) -> str:
    return ", ".join(f"{code} {name.replace('_', ' ')}" for name, code in flags.items())


@click.command()
@click.argument("model", required=False)
@AS_JSON
def thresholds(model: str | None, as_json: bool) -> None:
    """List the thresholds of the regime rules, with their defaults and the reasons for these.

    With MODEL, a name that eos-sweep models lists, a module of your own, or a TOML file, the defaults are its own.

    \b
    Examples:
      eos-sweep thresholds
      eos-sweep thresholds scalar_net
      eos-sweep relabel quickstart.zarr --threshold growth=1.5
    """
    from eos_sweep.observables.networks import observed
    from eos_sweep.regimes import THRESHOLDS

    own = observed(named_model(model)).THRESHOLDS if model else {}
    found = {name: one._asdict() | {"default": own.get(name, one.default)} for name, one in THRESHOLDS.items()}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    rows = ((f"{name} = {one['default']:g}", [one["meaning"], one["reason"]]) for name, one in found.items())
    click.echo(_rows(rows))


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _rows(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return names with their texts beside them, each text on lines of its own."""
    table = list(rows)
    indent = 4 + max((len(name) for name, _ in table), default=0)
    lines = []
    for name, texts in table:
        told = [line for text in texts if text for line in textwrap.wrap(text, WIDTH - indent)]
        lines.append(f"  {name}".ljust(indent) + f"\n{'':{indent}}".join(told))
    return "\n".join(lines)
