"""The order in which a dataset shows its variables and its attributes."""

from collections.abc import Iterable, Mapping
from typing import Any

from eos_sweep.spec import labels

SHOWN_FIRST = "title", "model", "rule", "edge", "steps", "created"  # attributes


def names_in_order(stored: Iterable[str]) -> list[str]:
    """Return the variables of a sweep with the labels first, since the text of a dataset leaves out the middle."""
    return sorted(stored, key=lambda name: name not in labels.LABELS)


def about_in_order(attributes: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the attributes of a sweep that begin with what one looks for."""
    return {name: attributes[name] for name in SHOWN_FIRST if name in attributes} | dict(attributes)
