"""Tables of the site that are read from the code, so that they cannot differ from it.

Most functions below return Markdown; each directive parses what one of them returns.  A variable without a description
stops the build.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import eos_sweep
from eos_sweep import functions, models, observables, regimes, trust
from eos_sweep.analysis.event_flags import EVENTS
from eos_sweep.contract import Model, is_array
from eos_sweep.update_rules import composed


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(names: Iterable[str]) -> str:
    """Return names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


class Entry(NamedTuple):
    """A variable as one model stores it."""

    observable: str
    dtype: str
    meaning: str
    group: str  # by which a specification asks for it: "default", "claims", "doubled", or "all"


def entries() -> dict[str, dict[str, Entry]]:
    """Return variable -> model -> entry, variables of one observable together.

    Raises
    ------
    ExtensionError
        If a variable has no description.
    """
    found: dict[str, dict[str, Entry]] = {}
    for model_name in models.TABLE:
        model = models.get(model_name)
        groups = {name: members(name, model) for name in ("default", "claims", "doubled")}
        for variable, (observable, about) in observables.variables(model).items():
            if not about.long_name.strip():
                raise ExtensionError(f"variable {variable} of observable {observable}: give it a long_name")
            flags = ", ".join(f"{value} {name}" for name, value in (about.flags or {}).items())
            meaning = (about.long_name + (f": {flags}" if flags else "")).replace("_", " ")
            group = next((name for name, names in groups.items() if variable in names), "all")
            found.setdefault(variable, {})[model_name] = Entry(observable, about.dtype, meaning, group)
    owners = list(dict.fromkeys(one.observable for by_model in found.values() for one in by_model.values()))
    return dict(sorted(found.items(), key=lambda item: owners.index(first(item[1]).observable)))


def members(group: str, model: Model) -> tuple[str, ...]:
    """Return the variables of a group, none if the model has no such group."""
    try:
        return observables.expand([group], model)
    except KeyError:
        return ()


def first(by_model: Mapping[str, Entry]) -> Entry:
    """Return the entry of the first model."""
    return next(iter(by_model.values()))


def section(by_model: Mapping[str, Entry]) -> str:
    """Return the table in which a variable stands."""
    groups = {one.group for one in by_model.values()}
    if len(groups) > 1 or groups == {"all"}:
        return "optional"
    return "states" if first(by_model).observable == "final_state" else groups.pop()


def observable_rows(wanted: str) -> str:
    """Return the table of the variables of one section."""
    rows = [
        (f"`{variable}`", one.dtype, one.meaning + stored(by_model), f"`{one.observable}`")
        for variable, by_model in entries().items()
        if section(by_model) == wanted
        for one in [first(by_model)]
    ]
    if not rows:
        raise ExtensionError(f"observables: no section {wanted!r}")
    return table(("variable", "type", "meaning", "observable"), rows)


def stored(by_model: Mapping[str, Entry]) -> str:
    """Return for which models a variable exists, and for which alone it is stored by default, as words in brackets."""
    names = list(by_model)
    ordinary = [name for name in models.TABLE if not is_array(models.get(name))]
    chosen = [name for name, one in by_model.items() if one.group == "default"]
    words = [] if names == list(models.TABLE) else ["not for networks"] if names == ordinary else [code(names)]
    words += [] if chosen in ([], names) else [f"by default for {code(chosen)}"]
    return f" ({'; '.join(words)})" if words else ""


def threshold_rows(_: str) -> str:
    """Return the table of thresholds."""
    rows = []
    for name, threshold in regimes.THRESHOLDS.items():
        own = {model: getattr(models.get(model), "THRESHOLDS", {}).get(name) for model in models.TABLE}
        others = "".join(f"; {value:g} for `{model}`" for model, value in own.items() if value is not None)
        rows.append((f"`{name}`", f"{threshold.default:g}{others}", threshold.meaning, threshold.reason))
    return table(("threshold", "default", "meaning", "why this default"), rows)


def regime_rows(_: str) -> str:
    """Return the table of regime rules, in their order."""
    rows = [
        (
            rule.code,
            f"`{rule.regime}`",
            rule.words,
            code(f"{key} = {one.default:g}" for key, one in rule.thresholds.items()),
        )
        for rule in regimes.RULES
    ]
    return table(("code", "regime", "regime rule", "threshold"), rows)


def reason_rows(_: str) -> str:
    """Return the table of the reasons of ``settled``, in their order."""
    rows = [(one.code, f"`{one.name}`", one.words, code(one.reads)) for one in trust.REASONS]
    return table(("code", "reason", "holds if", "reads, beside what the regime rules read"), rows)


def event_rows(_: str) -> str:
    """Return the table of events, in the order of their bits."""
    rows = [(1 << one.bit, f"`{one.name}`", one.words, f"`{one.step}`" if one.step else "") for one in EVENTS]
    return table(("mask", "event", "happened if", "step"), rows)


def model_sections(_: str) -> str:
    """Return a section for each model: its inputs and its lines."""
    parts = []
    for name in models.TABLE:
        model = models.get(name)
        inputs = {**model.PARAMETERS, **model.STATE}
        rows = [
            (
                f"`{key}`",
                one.symbol,
                one.long_name + " (without a data file)" * one.without_data,
                "" if one.default is None else f"`{one.default}`",
                code(f'"{preset}"' for preset in model.PRESETS.get(key, {})),
            )
            for key, one in inputs.items()
        ]
        parts += [f"## `{name}`", model.TITLE, model.REFERENCE]
        parts.append(table(("input", "symbol", "meaning", "default", "presets"), rows))
        if lines := [(line.label, line.meaning) for line in getattr(model, "LINES", ())]:
            parts.append(table(("line", "meaning"), lines))
    return "\n\n".join(parts)


def update_rule_rows(wanted: str) -> str:
    """Return the table of base rules or of modifiers, or that of their parameters."""
    if wanted == "parameters":
        return table(("parameter", "symbol", "meaning", "default", "of"), parameter_rows())
    bases = wanted == "bases"
    rows = []
    for name in composed.BASES if bases else composed.MODIFIERS:
        part = composed.module(name)
        step = " ".join((part.__doc__ or "").partition("\n\n")[0].split())
        edge = f"${part.EDGE}$" + (" of the preconditioned Hessian" if hasattr(part, "SHARPNESS") else "")
        edge += ", changes during a run" if getattr(part, "EDGE_OF_STATE", False) else ""
        kept = [code(part.MEMORY)] if bases else []
        rows.append((f"`{name}`", step, edge, *kept, part.REFERENCE))
    return table(("rule", "step", "edge", *["keeps"] * bases, "source"), rows)


def parameter_rows() -> list[tuple[object, ...]]:
    """Return a row for each parameter of an update rule, one for all rules that share it."""
    owners: dict[tuple[object, ...], list[str]] = {}
    for name in (*composed.BASES, *composed.MODIFIERS):
        for key, one in composed.module(name).PARAMETERS.items():
            owners.setdefault((f"`{key}`", one.symbol, one.long_name, f"`{one.default:g}`"), []).append(name)
    return [(*cells, code(names)) for cells, names in owners.items()]


def function_rows(_: str) -> str:
    """Return the table of special functions, with the error that each docstring states."""
    rows = []
    for name in functions.__all__:
        one = getattr(functions, name)
        words = " ".join((inspect.getdoc(one) or "").partition("\n\n")[0].removeprefix("Return ").split())
        if one.__name__ != name:
            words = f"is `{one.__name__}`"
        error = re.search(r"to ([\d.]+) ulp", words)
        call = f"`{name}({', '.join(inspect.signature(one).parameters)})`"
        rows.append((call, error[1] if error else "", re.sub(r",? to [\d.]+ ulp", "", words)))
    return table(("function", "error in ulp", "returns"), rows)


def rooms() -> dict[str, dict[str, str]]:
    """Return room -> module -> the first sentence of its docstring; the room "" is the ground floor."""
    package = Path(eos_sweep.__file__).parent
    found: dict[str, dict[str, str]] = {}
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).with_suffix("")
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first_sentence = " ".join(text.split("\n\n")[0].split())
        found.setdefault("" if len(name.parts) == 1 else name.parts[0], {})["/".join(name.parts)] = first_sentence
    return found


def room_rows(_: str) -> str:
    """Return the table of rooms, with the first sentence of each."""
    rows = [(f"`{room}/`", modules[f"{room}/__init__"]) for room, modules in rooms().items() if room]
    return table(("room", "job"), rows)


def module_sections(_: str) -> str:
    """Return a table of modules for each room."""
    parts = []
    for room, modules in sorted(rooms().items()):
        parts.append(f"## `{room}/`" if room else "## Ground floor and faces")
        rows = [(f"`{name}.py`", words) for name, words in modules.items() if not name.endswith("/__init__")]
        parts.append(table(("module", "description"), rows))
    return "\n\n".join(parts)


def directive(make: Callable[[str], str]) -> type[SphinxDirective]:
    """Return the directive that stands for the Markdown of ``make``."""

    class Generated(SphinxDirective):
        optional_arguments = 1

        def run(self) -> list[nodes.Node]:
            return self.parse_text_to_nodes(make(*self.arguments or [""]), allow_section_headings=True)

    return Generated


def examples_as_code(app: Sphinx, context: object, lines: list[str]) -> None:
    """Show the examples of a command's help as code, and options in its sentences; sphinx-click has both as words."""
    lines[:] = [line if line.startswith("|") else re.sub(r"(?<!\S)--[a-z-]+", r"``\g<0>``", line) for line in lines]
    block = [line.removeprefix("|") for line in lines if line.startswith("|")]
    if block:
        start = next(number for number, line in enumerate(lines) if line.startswith("|"))
        heading, *commands = block
        lines[start : start + len(block)] = [heading.strip(), "", ".. code-block:: sh", "", *commands, ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("observables", directive(observable_rows))
    app.add_directive("thresholds", directive(threshold_rows))
    app.add_directive("regime-rules", directive(regime_rows))
    app.add_directive("settled-reasons", directive(reason_rows))
    app.add_directive("events", directive(event_rows))
    app.add_directive("model-inputs", directive(model_sections))
    app.add_directive("update-rules", directive(update_rule_rows))
    app.add_directive("functions", directive(function_rows))
    app.add_directive("rooms", directive(room_rows))
    app.add_directive("modules", directive(module_sections))
    app.setup_extension("sphinx_click")  # which declares the event
    app.connect("sphinx-click-process-description", examples_as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
