"""The imports of the module of a derived model: those that its code needs."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from eos_sweep import functions, scalar
from eos_sweep.derivation import linear, settling

WIDTH = 120
PLACES = {
    "CriticalLine": "eos_sweep.contract",
    "Quantity": "eos_sweep.contract",
    "below": "eos_sweep.derivation.convergence",
    "below_edge": "eos_sweep.derivation.convergence",
    "sized": "eos_sweep.derivation.declarations",
    "from_triangle": "eos_sweep.eigen.matrices",
    "solver": "eos_sweep.eigen.general",
    "ARROWHEAD_STAGES": "eos_sweep.eigen.arrowhead",
    "arrowhead_stable": "eos_sweep.eigen.arrowhead",
    "SYMMETRIC_STAGES": "eos_sweep.eigen.symmetric",
    "symmetric_stable": "eos_sweep.eigen.symmetric",
    "lifted": "eos_sweep.exponent",
    "rescaled": "eos_sweep.exponent",
    "rescaling": "eos_sweep.exponent",
    "seen": "eos_sweep.exponent",
}


PLAIN = "from eos_sweep.plain import *  # defaults of a model"


def written(used: Iterable[str], code: str, module: str = "", own: Collection[str] = ()) -> str:
    """Return the lines of imports, sorted as a linter wants them.

    Parameters
    ----------
    used
        Names of functions that the code calls, among them some that are no imports, such as ``sqrt``.
    code
        The code, in which ``np`` may occur.
    module, own
        Names that come from another module, instead of those that were imported before.
    """
    found = defaultdict(set)
    for name in {*used, "Quantity", "sized"}:
        if (place := _place(name)) and re.search(rf"\b{name}\b", code):
            found[place].add(name)
    lines = [PLAIN, *(_from(place, names) for place, names in found.items())]
    numpy = "import numpy as np\n\n" if re.search(r"\bnp\.", code) else ""
    text = numpy + "\n".join(sorted(lines, key=lambda line: line.split()[1]))
    return f"{text}\n{_from(module, own)}" if own else text


def _from(place: str, names: Iterable[str]) -> str:
    names = sorted(names, key=_order)
    line = f"from {place} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {place} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _order(name: str) -> tuple[bool, bool, str]:
    return not name.isupper(), not name[0].isupper(), name


def _place(name: str) -> str:
    if name in PLACES:
        return PLACES[name]
    for module in (scalar, functions, linear, settling):
        if hasattr(module, name):
            return module.__name__
    return ""
