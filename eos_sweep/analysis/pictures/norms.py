"""Scales of colours of numbers, and what a bar of colours says."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from eos_sweep.analysis.flags import FLAGS
from eos_sweep.analysis.masking import words_of_numbers
from eos_sweep.analysis.pictures import captions, pixels
from eos_sweep.contract import Variable
from eos_sweep.errors import InputError, named


def norm_of(maps: Sequence[pixels.Pixels], data: xr.DataArray, given: Any = None) -> Any:
    """Return a scale of colours for all ``maps``, the ``given`` one if there is one.

    It is the range of the variable, if that has one, as shares have.  It is symmetric about a centre, if the variable
    has one, from zero to twice the centre, or over all numbers if the centre is zero; else logarithmic for what spans
    two decades (counts: from one on); else linear.
    """
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize, SymLogNorm

    low, high = min(one.low for one in maps), max(one.high for one in maps)
    low, high = (low, high) if low <= high else (0.0, 1.0)
    if given is not None and not maps[0].codes:
        return _given_norm(given, low, high, str(data.name))
    if "valid_range" in data.attrs:
        return Normalize(*data.attrs["valid_range"])
    if "centre" in data.attrs:
        return CenteredNorm(data.attrs["centre"], data.attrs["centre"] or max(abs(low), abs(high)) or 1.0)
    if low > 0 and high > 100 * low:
        return LogNorm(low, high)
    if low == 0 and high > 100 and all(one.whole for one in maps):
        return SymLogNorm(1.0, vmin=low, vmax=high)
    return Normalize(low, high if high > low else low + 1.0)


def _given_norm(given: Any, low: float, high: float, name: str) -> Any:
    """Return the scale that a user gives: its name, its ends, or a Normalize of matplotlib, which is not changed."""
    from matplotlib.colors import LogNorm, Normalize

    if isinstance(given, Normalize):
        norm = copy.copy(given)
        norm.autoscale_None([low, high])
        return norm
    if given == "log" and low <= 0:
        raise InputError(
            f"norm: log needs numbers above 0, {named(name)} goes down to {low:g}; leave it out, or linear"
        )
    if isinstance(given, str):
        ends = low, high if high > low else low + 1.0
        return LogNorm(low, max(high, 2 * low)) if given == "log" else Normalize(*ends)
    low, high = map(float, given)
    return LogNorm(low, high) if low > 0 and high > 100 * low else Normalize(low, high)


def meaning_of(data: xr.DataArray, stored: Mapping[str, Variable], maps: Sequence[pixels.Pixels], norm: Any) -> str:
    """Return what a bar of colours shows, in words; only the name of what has inherited the words of labels."""
    known = data.name in stored and not stored[str(data.name)].flags
    data = data.assign_attrs(words_of_numbers(str(data.name), data, stored))
    words = captions.label_of(data) if known or FLAGS[0] not in data.attrs else captions.short(data.name)
    beyond = max(one.high for one in maps) > norm.vmax
    return words + f" (last colour: ≥ {captions.number(norm.vmax)})" * beyond
