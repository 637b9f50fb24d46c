"""What makes a map fit into its place: the size of letters, the bar of colours, the place of the legend."""

from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures.legends import beside, covers, inside, outside
from eos_sweep.analysis.pictures.look import Look, Size
from eos_sweep.analysis.pictures.ticks import in_full
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.scales import scale_of
from eos_sweep.errors import InputError

COVERED = 0.25  # of a map, at most
LAYOUTS = 3  # each brings a layout five times as near to where it stays


def size_of(ax: Any) -> Size:
    """Return the size of Axes of a user's own, before the layout moves them; their letters stay as they are."""
    window = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return Size(window.width, window.height, None)


def set_letters(figure: Any, size: Size) -> None:
    """Give all words of the maps of a figure its size of letters."""
    if size.points is None:
        return
    for ax in figure.axes:
        for one in (ax, *ax.child_axes):
            one.tick_params(which="both", labelsize=size.points)
            one.xaxis.label.set_fontsize(size.points)
            one.yaxis.label.set_fontsize(size.points)


def settle(figure: Any) -> None:
    """Lay a figure out as often as its margins need, whose size is a share of that of their maps.

    A map that shrinks for its margins shrinks them, too, so the room that it leaves is first too large, then too small.
    """
    for _ in range(LAYOUTS):
        figure.get_layout_engine().execute(figure)


def set_limits(ax: Any, piece: xr.Dataset, view: View) -> None:
    """Let a map or a curve begin and end where a view does; an axis of categories shows whole cells."""
    for side, name, limits in (("x", view.x, view.xlim), ("y", view.y, view.ylim)):
        if limits and scale_of(piece[name].values)[0] != "category":
            ax.set(**{f"{side}lim": limits})


def add_bar(mesh: Any, axes: Any, place: str, label: str) -> None:
    """Add a bar of colours to a map or to all maps of a figure."""
    figure = getattr(axes, "flat", [axes])[0].figure
    in_full(figure.colorbar(mesh, ax=axes, location=place, aspect=40, label=label).formatter)


def add_legend(ax: Any, handles: list[Any], look: Look, size: Size, own: bool, room: float) -> None:
    """Add the legend of one map, ``room`` of its width away; in a figure of a user's own on the map, if it is small.

    Raises
    ------
    InputError
        If it is to be below such a map, where its place depends on the layout.
    """
    place = look.legend_place
    if not own and look.legend is True:
        place = "inside" if covers(handles, size) <= COVERED else ""
    if not own and place == "below":
        raise InputError("legend: 'below' needs a figure of its own; call plot.legend(figure, 'below') after all maps")
    if not handles or not place:
        return
    points = size.points
    if place == "inside":
        inside(ax, handles, points)
    elif place == "right":
        beside(ax, handles, room, points)
    else:
        outside(ax.figure, handles, [handle.get_label() for handle in handles], place, points)
