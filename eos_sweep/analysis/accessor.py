"""The accessor ``eos`` of xarray's datasets: the functions of this package as methods of a sweep.

It is registered where xarray is imported, before eos_sweep or after it, so it must not import xarray itself.
"""

import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

NAME = "eos"
SHARES = 4  # regimes that a text names, the most frequent ones


class SweepAccessor:
    """A sweep and what can be asked of it, as ``dataset.eos``.

    Each method is the function of ``eos_sweep`` of its name, with the dataset or one of its variables in its place.

    Examples
    --------
    >>> import eos_sweep
    >>> ds = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=20)
    >>> ds.eos
    quartic: gradient descent over eta
    3 trajectories (eta 3) of 20 steps
    chaotic 66.7 %, divergence 33.3 %
    >>> ds.eos.label(chaos=0).values
    array([5, 4, 1], dtype=int8)
    >>> ds.eos.trajectory(eta=3.0).sizes["step"]
    21
    """

    def __init__(self, dataset: "xr.Dataset") -> None:
        self._dataset = dataset

    def __repr__(self) -> str:
        """Return the sweep in a few lines; shares of regimes only where nothing has to be read for them."""
        about, sizes = self._dataset.attrs, self._dataset.sizes
        if "spec" not in about:
            return "a dataset that is no sweep: it carries no spec"
        cells, count = " x ".join(f"{name} {size}" for name, size in sizes.items()), math.prod(sizes.values())
        noun = "trajectory" if count == 1 else "trajectories"
        lines = [
            str(about.get("title", "")),
            f"{count:,} {noun} ({cells or 'one cell'}) of {about['steps']:,} steps",
        ]
        if "regime" in self._dataset and self._dataset["regime"].chunks is None:
            shares = self.shares()
            most = shares.sortby(shares, ascending=False)[:SHARES]
            named = zip(most["regime"].values, most.values, strict=True)
            lines.append(", ".join(f"{name} {100 * share:.1f} %" for name, share in named if share > 0))
        return "\n".join(filter(None, lines))

    def label(self, own: Any = None, **thresholds: float) -> "xr.DataArray":
        """Label each trajectory, as :func:`eos_sweep.label`."""
        from eos_sweep.analysis.labelled import label

        return label(self._dataset, own, **thresholds)

    def settled(self, **thresholds: float) -> "xr.DataArray":
        """Tell whether each label is settled, as :func:`eos_sweep.settled`."""
        from eos_sweep.analysis.labelled import settled

        return settled(self._dataset, **thresholds)

    def events(self, **thresholds: float) -> "xr.DataArray":
        """Tell what happened to each trajectory, as :func:`eos_sweep.events`."""
        from eos_sweep.analysis.event_flags import events

        return events(self._dataset, **thresholds)

    def happened(self, event: str, **thresholds: float) -> "xr.DataArray":
        """Tell whether an event happened to each trajectory, as :func:`eos_sweep.happened`."""
        from eos_sweep.analysis.event_flags import happened

        return happened(self._dataset, event, **thresholds)

    def masked(self) -> "xr.Dataset":
        """Put NaN wherever there is no number, as :func:`eos_sweep.masked`."""
        from eos_sweep.analysis.masking import masked

        return masked(self._dataset)

    def shares(self, *by: str, variable: str = "regime", **options: Any) -> Any:
        """Return the share of each label of a variable, as :func:`eos_sweep.shares`."""
        from eos_sweep.analysis.reducing import shares

        return shares(self._labels(variable), *by, **options)

    def modal(self, over: Any, *, variable: str = "regime") -> "xr.Dataset":
        """Return the most frequent label over some axes, as :func:`eos_sweep.modal`."""
        from eos_sweep.analysis.reducing import modal

        return modal(self._labels(variable), over)

    def quantiles(self, name: str, over: Any, q: Any = 0.5) -> Any:
        """Return quantiles of an observable over some axes, as :func:`eos_sweep.quantiles`."""
        from eos_sweep.analysis.reducing import quantiles

        return quantiles(self._dataset, name, over, q)

    def coarsen(self, factors: Any = None, *, variable: str = "regime", **by_axis: int) -> "xr.DataArray":
        """Pool the cells of a variable by their most frequent label, as :func:`eos_sweep.coarsen`."""
        from eos_sweep.analysis.pooling import coarsen

        labels = self.label() if variable == "regime" and variable not in self._dataset else self._dataset[variable]
        return coarsen(labels, {**(factors or {}), **by_axis})

    def boundary(self, along: str, holds: Any = "edge_of_stability", **options: Any) -> "xr.Dataset":
        """Find where a condition begins and ends, as :func:`eos_sweep.boundary`."""
        from eos_sweep.analysis.boundaries import boundary

        return boundary(self._dataset, along, holds, **options)

    def dimension(self, holds: Any = None, **options: Any) -> "xr.Dataset":
        """Measure the fractal dimension of the edges of regimes, as :func:`eos_sweep.dimension`."""
        from eos_sweep.analysis.dimensions import dimension

        return dimension(self._dataset, holds, **options)

    def wada(self, *, labels: int = 3) -> "xr.Dataset":
        """Return the share of the edge near which three labels meet, as :func:`eos_sweep.wada`."""
        from eos_sweep.analysis.wada_shares import wada

        return wada(self._dataset, labels=labels)

    def edges(self, holds: Any = "edge_of_stability", **options: Any) -> "xr.Dataset":
        """Find the curves between where a condition holds and where not, as :func:`eos_sweep.edges`."""
        from eos_sweep.analysis.edge_curves import edges

        return edges(self._dataset, holds, **options)

    def critical_lines(self, along: str) -> "xr.Dataset":
        """Return where along an axis critical lines lie, as :func:`eos_sweep.critical_lines`."""
        from eos_sweep.analysis.predicted import critical_lines

        return critical_lines(self._dataset, along)

    def trajectory(
        self,
        at: "Mapping[str, float] | None" = None,
        *,
        steps: int | None = None,
        progress: bool | None = None,
        **by_axis: float,
    ) -> "xr.Dataset":
        """Run one cell again and return all of its steps.

        Parameters
        ----------
        at, **by_axis
            Axis -> value, of each axis that has more than one here: the nearest one on an evenly spaced axis, otherwise
            one of its values.  An axis of the name of a keyword, such as ``steps``, is given in ``at``.
        steps
            Number of steps; by default the budget of the sweep.
        progress
            Whether to show a bar; by default on a terminal and in a notebook.

        Returns
        -------
        Dataset
            As :func:`eos_sweep.trajectory` returns it.

        Raises
        ------
        InputError
            If the dataset is no sweep, an axis is not picked, or it has no such value.
        """
        from eos_sweep.analysis.trajectories import cell_trajectory

        return cell_trajectory(self._dataset, {**(at or {}), **by_axis}, {}, steps, progress)

    def plot(self, *arguments: Any, **options: Any) -> Any:
        """Draw a slice, as :func:`eos_sweep.plot.draw`."""
        from eos_sweep.analysis.pictures.drawing import draw

        return draw(self._dataset, *arguments, **options)

    def _labels(self, variable: str) -> Any:
        """Return a variable, or the dataset, which stands for its regimes."""
        return self._dataset if variable == "regime" else self._dataset[variable]


def register() -> None:
    """Register the accessor; xarray must have been imported."""
    xarray: Any = sys.modules["xarray"]
    if not hasattr(xarray.Dataset, NAME):
        xarray.register_dataset_accessor(NAME)(SweepAccessor)
