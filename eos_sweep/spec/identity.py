"""What determines the numbers of a sweep, as pairs of a value and a text for people."""

import hashlib
import json
from typing import Any

from eos_sweep import models
from eos_sweep.spec.inputs import input_facts
from eos_sweep.training_data import replaced
from eos_sweep.update_rules.composed import PLAIN

Facts = dict[str, tuple[str, str]]


def facts_of(sweep: Any) -> Facts:
    """Return key -> (value, text for people), of everything that determines the numbers and of nothing else."""
    facts: dict[str, Any] = {"steps": sweep.steps, "tolerance": sweep.tolerance, "dtype": sweep.dtype}
    facts |= {} if sweep.rule == PLAIN else {"rule": sweep.rule}
    facts |= {"axes": ", ".join(sweep.dims)}
    found = models.facts(sweep.model) | {key: (str(value), str(value)) for key, value in facts.items()}
    for axis in sweep.axes:
        found |= axis.fact
    found |= sweep.points.facts if sweep.points else {}
    inputs = input_facts(sweep.module, sweep.sources, {"parameters": sweep.parameters, "initial": sweep.initial})
    useless = {f"parameters.{name}" for name in replaced(sweep.module, sweep.data)}
    found |= {key: fact for key, fact in inputs.items() if key not in useless}
    if sweep.data:
        found["data"] = sweep.data.sha256, f"{sweep.data.file} ({sweep.data.sha256[:8]})"
    found |= {f"observables.{name}": ("stored", "stored") for name in sweep.variables}
    return found | {f"observables.{one.name}": (one.formula, one.formula) for one in sweep.own}


def hash_of(facts: Facts) -> str:
    """Return the hash (SHA-256) of the values."""
    values = {key: value for key, (value, _) in facts.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
