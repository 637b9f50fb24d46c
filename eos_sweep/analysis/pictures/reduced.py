"""What a view shows of a sweep without some of its axes: a share, the most frequent label, or a quantile."""

import dataclasses

import xarray as xr

from eos_sweep.analysis.flags import codes_of, labels_of
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.pooling import NOT_COMPUTED
from eos_sweep.analysis.reducing import modal, quantiles, shares
from eos_sweep.errors import InputError, closest, short


def reduced(dataset: xr.Dataset, view: View) -> tuple[xr.Dataset, View]:
    """Return a dataset without the axes that a view leaves out, and the view of what remains.

    Raises
    ------
    InputError
        If an axis is left out and used, if none is left, or if there is no label or axis of the name that is given.
    """
    name, over = view.variable, view.over
    if not over:
        if view.share is not None:
            raise InputError(f"share: {short(view.share)} over no axis; name one in over, such as the seed")
        return dataset, view
    if both := [axis for axis in over if axis in view.picked]:
        raise InputError(f"over: {short(both[0])} is named in x, y, at or facet, too; name it once")
    if {*over} >= {*dataset[name].dims}:
        raise InputError("over: no axis is left to draw; eos_sweep.shares, modal and quantiles give one number")
    rest = dataclasses.replace(view, over=(), share=None, levels=())
    if view.share is not None:
        there = [label for label in labels_of(dataset[name]) if label != NOT_COMPUTED]
        if view.share not in there:
            raise InputError(f"share: no {short(view.share)} in {name}; {closest(view.share, there)}")
        found = shares(dataset[name], over=over).sel({name: view.share}, drop=True)
        found["share"].attrs["long_name"] = f"share of {view.share.replace('_', ' ')}"
        return found.assign_attrs(dataset.attrs), dataclasses.replace(rest, variable="share")
    if codes_of(dataset[name]):
        return modal(dataset[name], over).assign_attrs(dataset.attrs), rest
    return quantiles(dataset, name, over, view.quantile), rest
