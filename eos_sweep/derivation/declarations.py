"""What the module of a derived model says of its inputs, and its critical lines."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from eos_sweep.contract import Quantity
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.from_tree import translate
from eos_sweep.derivation.graph import Graph
from eos_sweep.derivation.tables import STEP_SIZE
from eos_sweep.derivation.writing import Lines

MAX_TITLE = 60
SIZES = {STEP_SIZE: (1e-60, 1e60)}
USUAL_SIZES = (0.0, 1e60)  # beyond them products of a few numbers overflow


def written(formula: Formula, carried: Sequence[int], own: Collection[str] = ()) -> list[str]:
    """Return the declarations, as one text or none: titles, inputs, presets, lines; without those of ``own``."""
    title = formula.title or _cut(f"L = {' '.join(formula.loss.split())}")
    lines = [f"TITLE = {_text(title)}"]
    if formula.reference:
        lines.append(f"REFERENCE = {_text(formula.reference)}")
    lines.append(_table("STATE", {name: _quantity(name, quantity) for name, quantity in formula.state.items()}))
    found = {name: _quantity(name, quantity) for name, quantity in formula.parameters.items()}
    lines.append(_table("PARAMETERS", found))
    trial = {
        name: formula.trial.get(name, _trial(name, quantity, name in formula.state))
        for name, quantity in {**formula.state, **formula.parameters}.items()
    }
    lines.append(_table("TRIAL", {name: _written(given) for name, given in trial.items() if given != ""}))
    if carried:
        state = list(formula.state)
        lines.append(f"CARRIED = {tuple(state[k] for k in carried)!r}")
    if len(formula.state) > 1 and "OBSERVABLES" not in own:
        lines.append('OBSERVABLES = ("magnification",)  # combinations of coordinates may vanish')
    if formula.guard:
        lines.append(f"GUARD = {_text(formula.guard)}")
    if formula.presets:
        lines.append(f"PRESETS = {formula.presets!r}")
    if formula.lines:
        told = [
            f"    CriticalLine({_text(name)}, {_text(_plain(line.label))}, {_text(line.meaning)}, line_{name}"
            f"{', of_edge=True' * line.edge}),\n"
            for name, line in formula.lines.items()
        ]
        lines.append(f"LINES = (\n{''.join(told)})")
    lines = [line for line in lines if line.partition(" = ")[0] not in own]
    lines += [f"{name} = sized({name})" for name in ("STATE", "PARAMETERS") if name in own]
    return ["\n".join(lines)] if lines else []


def sized(table: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return the inputs with the usual sizes, beyond which products overflow, where their sizes are not told."""
    untold = Quantity("", "").sizes
    return {
        name: one._replace(sizes=SIZES.get(name, USUAL_SIZES)) if one.sizes == untold else one
        for name, one in table.items()
    }


def _cut(title: str) -> str:
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"


def _plain(label: str) -> str:
    """Return a label that mathtext shows as it is."""
    return label.replace("$", r"\$")


def _table(name: str, entries: dict[str, str]) -> str:
    return f"{name} = {{\n" + "".join(f"    {_text(key)}: {value},\n" for key, value in entries.items()) + "}"


def _text(text: str) -> str:
    """Return the literal of a text, in double quotes where it has none."""
    found = repr(text)
    return found if '"' in found or "\\" in found else f'"{found[1:-1]}"'


def _float(value: float) -> str:
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(float(value))


def _written(value: float | str) -> str:
    return _text(value) if isinstance(value, str) else _float(value)


def _quantity(name: str, quantity: Quantity) -> str:
    parts = [_text(quantity.long_name), _text(quantity.symbol)]
    if quantity.default is not None:
        parts.append(f"default={_written(quantity.default)}")
    usual = Quantity("", "")
    for bound in ("above", "least", "most"):
        if getattr(quantity, bound) != getattr(usual, bound):
            parts.append(f"{bound}={_float(getattr(quantity, bound))}")
    parts += ["whole=True"] * quantity.whole
    (one,) = sized({name: quantity}).values()
    parts.append(f"sizes={_pair(one.sizes)}")
    return f"Quantity({', '.join(parts)})"


def _pair(sizes: tuple[float, float]) -> str:
    return f"({_float(sizes[0])}, {_float(sizes[1])})"


def of_module(model: Any) -> str:
    """Return the declarations of a model as text, without its critical lines."""
    words = "TITLE", "RULE_TITLE", "REFERENCE", "MATRIX", "EDGE_WORDS", "EDGE_LABEL"
    found = [f"{name} = {_text(getattr(model, name))}" for name in words if hasattr(model, name)]
    found.append(f"DESCENT = {getattr(model, 'DESCENT', True)}")
    for name in ("STATE", "PARAMETERS", "LOSS_PARTS"):
        table = getattr(model, name)
        found += [_table(name, {key: _quantity(key, one) for key, one in table.items()})] * bool(table)
    found.append(_table("TRIAL", {key: _written(given) for key, given in model.TRIAL.items()}))
    found += [_table("PRESETS", {key: repr(one) for key, one in model.PRESETS.items()})] * bool(model.PRESETS)
    for name in ("OBSERVABLES", "THRESHOLDS"):
        value = getattr(model, name)
        found += [f"{name} = {value!r}".replace("'", '"')] * bool(value)
    return "\n".join(found)


def _trial(name: str, quantity: Quantity, coordinate: bool) -> str:
    """Return an expression that draws numbers within the bounds, around one in size; empty where a default must do."""
    if name == STEP_SIZE:
        return "10 ** uniform(-2, -0.3)"
    low, high = max(quantity.above, quantity.least), quantity.most
    if low == -math.inf and high == math.inf:
        return "uniform(-1.5, 1.5)" if coordinate else "uniform(0.2, 2)"
    if high == math.inf:
        return f"{low!r} + 10 ** uniform(-1, 0.3)" if low else "10 ** uniform(-1, 0.3)"
    if low == -math.inf:
        return f"{high!r} - 10 ** uniform(-1, 0.3)"
    return f"{low!r} + {high - low!r} * uniform(0.05, 0.95)"


def line_functions(formula: Formula, used: set[str]) -> list[str]:
    """Return a function for each critical line; ``used`` gets the names that they call."""
    found = []
    for name in formula.lines:
        tree = formula.ratio(name)
        g = Graph(f"model.lines.{name}")
        inputs = [*formula.state, *formula.parameters]
        term = translate(
            g, tree, {one: g.name(one, one in formula.parameters) for one in inputs}, f"model.lines.{name}"
        )
        lines = Lines({one: f"v[{one!r}]" for one in inputs}, {"v"})
        (code,) = lines.write(term)
        used |= lines.used | {"CriticalLine"}
        body = "".join(f"    {line}\n" for line in [*lines.lines, f"return {code}"]).rstrip("\n")
        found.append(f"def line_{name}(v):\n{body}")
    return found
