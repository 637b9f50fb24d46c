"""Which update rule has a parameter that a model lacks, for errors."""

from collections.abc import Iterable

from eos_sweep import models
from eos_sweep.contract import Model
from eos_sweep.errors import closest
from eos_sweep.update_rules.composed import BASES, MODIFIERS, PLAIN, module, parse


def remedy(model: Model, name: str, known: Iterable[str]) -> str:
    """Return the remedy for a ``name`` that the model lacks: a rule that has it, or the closest name that is known."""
    owners = [part for part in (*BASES, *MODIFIERS) if name in module(part).PARAMETERS]
    if name == "seed" or not owners:
        return closest(name, known)
    base, *modifiers = parse(models.rule_of(model)).names
    parts = [owners[0], *modifiers] if owners[0] in BASES else [base, *modifiers, owners[0]]
    rule = " + ".join(part for part in parts if part != PLAIN)
    return f'it is a parameter of {", ".join(owners)}; give rule = "{rule}"'
