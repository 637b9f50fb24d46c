"""The identity of a stored sweep: attributes of the root that the ledger repeats.

So a root that is lost can be rebuilt, and one that belongs to another store, or that was edited, is noticed.
"""

from collections.abc import Mapping
from typing import Any

from eos_sweep.errors import InputError, short

FORMAT = "eos_sweep_format"  # name of the attribute; stores without it have format 1
NEWEST = 2  # format, the one of new stores; format 1 has neither seals nor an identity in the ledger
TEXTS = ("store_id", "spec_hash", "model_digest", "thresholds")


def format_of(path: object, attributes: Mapping[str, Any]) -> int:
    """Return the format of the store with these attributes of its root.

    Raises
    ------
    InputError
        If this version does not know it.
    """
    found = attributes.get(FORMAT, 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(f"{path}: damaged: its {FORMAT} is {short(found)}, not a number; use another copy of it")
    if found > NEWEST:
        raise InputError(
            f"{path}: written by a newer eos_sweep (format {short(found)}, this one knows {NEWEST}); upgrade eos_sweep"
        )
    return found


def of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity of the store with these attributes of its root, for the attributes of its ledger."""
    return {name: attributes[name] for name in (FORMAT, *TEXTS)}


def known(ledger: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the texts of the identity among the attributes of a ledger, or None if they are not there."""
    found = ledger.get("identity")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in TEXTS):
        return None
    return {name: found[name] for name in TEXTS}
