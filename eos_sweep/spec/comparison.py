"""Comparison of two sweeps: which of the facts that determine the numbers differ, and whether one extends the other."""

from eos_sweep.derivation.definition import Formula
from eos_sweep.spec.draws_of_points import NESTED
from eos_sweep.spec.sweeps import Sweep


def differences(old: Sweep, new: Sweep) -> list[str]:
    """Return a readable line for each fact that determines the numbers and differs; none if the hashes are equal.

    A further line may say why points differ.
    """
    lines = list(differing(old, new).values())
    if old.points and new.points and old.points.size != new.points.size:
        method, other = (points.origin.get("method") for points in (old.points, new.points))
        if method == other and method not in (*NESTED, None):
            lines.append(f"(all points of a {method} change with their count; those of {' or '.join(NESTED)} stay)")
    return lines


def differing(old: Sweep, new: Sweep) -> dict[str, str]:
    """Return key -> readable line of each fact that determines the numbers and differs."""
    lines = {}
    missing = ("", "none")
    for key in {**old.identity, **new.identity}:
        (old_value, old_text), (new_value, new_text) = (sweep.identity.get(key, missing) for sweep in (old, new))
        if old_value != new_value:
            lines[key] = f"{key}: {old_text} -> {new_text}" + " (with other values)" * (old_text == new_text)
    return lines


def other_words(old: Sweep, new: Sweep) -> list[str]:
    """Return the keys under which two specs of the same numbers have other words: lines, symbols, names, defaults."""
    found = []
    if isinstance(old.model, Formula) and isinstance(new.model, Formula):
        tables = old.model.to_dict(), new.model.to_dict()
        keys = dict.fromkeys((*tables[0], *tables[1]))
        found = [f"model.{key}" for key in keys if key != "loss" and tables[0].get(key) != tables[1].get(key)]
    pairs = zip(old.grid, new.grid, strict=True)
    differ = [one.name for one, other in pairs if (one.symbol, one.long_name) != (other.symbol, other.long_name)]
    return found + [f"axes.{name}" for name in differ]


def extends(old: Sweep, new: Sweep) -> bool:
    """Whether ``new`` holds all numbers of ``old`` and more: axes or points have gained some at their end, no more."""
    fixed = [
        {key: value for key, (value, _) in sweep.identity.items() if not key.startswith(("axes.", "points."))}
        for sweep in (old, new)
    ]
    if fixed[0] != fixed[1] or (old.points and not (new.points and new.points.extend(old.points))):
        return False
    pairs = list(zip(old.axes, new.axes, strict=True))
    return old.shape != new.shape and all(after.bits.startswith(before.bits) for before, after in pairs)
