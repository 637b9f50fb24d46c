"""The imports of the module of a derived model: those that its code needs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from eos_sweep import functions, scalar
from eos_sweep.derivation import linear, settling

WIDTH = 120
PLACES = {
    "CriticalLine": "eos_sweep.contract",
    "Quantity": "eos_sweep.contract",
    "below_edge": "eos_sweep.derivation.convergence",
    "from_triangle": "eos_sweep.eigen.matrices",
    "solver": "eos_sweep.eigen.general",
    "ARROWHEAD_STAGES": "eos_sweep.eigen.arrowhead",
    "arrowhead_stable": "eos_sweep.eigen.arrowhead",
    "SYMMETRIC_STAGES": "eos_sweep.eigen.symmetric",
    "symmetric_stable": "eos_sweep.eigen.symmetric",
    "rescaled": "eos_sweep.exponent",
    "seen": "eos_sweep.exponent",
}


def written(used: Iterable[str], code: str) -> str:
    """Return the lines of imports, sorted as a linter wants them.

    Parameters
    ----------
    used
        Names of functions that the code calls, among them some that are no imports, such as ``sqrt``.
    code
        The code, in which ``np`` may occur.
    """
    found = defaultdict(set)
    for name in {*used, "Quantity"}:
        if place := _place(name):
            found[place].add(name)
    lines = ["from eos_sweep.plain import *  # defaults of a model"]
    lines += [_import(place, sorted(names, key=_order)) for place, names in found.items()]
    numpy = "import numpy as np\n\n" if re.search(r"\bnp\.", code) else ""
    return numpy + "\n".join(sorted(lines, key=lambda line: line.split()[1]))


def _import(place: str, names: Sequence[str]) -> str:
    line = f"from {place} import {', '.join(names)}"
    return (
        line if len(line) <= WIDTH else f"from {place} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    )


def _order(name: str) -> tuple[bool, bool, str]:
    return not name.isupper(), not name[0].isupper(), name


def _place(name: str) -> str:
    if name in PLACES:
        return PLACES[name]
    for module in (scalar, functions, linear, settling):
        if hasattr(module, name):
            return module.__name__
    return ""
