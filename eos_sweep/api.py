"""A sweep in one call, and a stored one opened."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from eos_sweep import lazy, pyramid, regimes, runner, schema, trust
from eos_sweep.progress import Progress
from eos_sweep.spec import make
from eos_sweep.store import Store


def sweep(
    model: str | ModuleType,
    axes: Mapping[str, ArrayLike],
    parameters: Mapping[str, float | str] | None = None,
    initial: Mapping[str, float | str] | None = None,
    *,
    steps: int,
    observables: Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: Any = None,
    tolerance: float = 1e-20,
    dtype: str = "float64",
    title: str = "",
    chunks: Mapping[str, int] | None = None,
    thresholds: Mapping[str, float] | None = None,
    data: Mapping[str, str] | None = None,
    overwrite: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> xr.Dataset:
    """Run gradient descent from every point of a grid.

    Parameters
    ----------
    model
        Name of the model, such as ``"bivariate"``, or a module of your own that is one.
    axes
        Name -> 1-D values of a parameter, an initial coordinate, ``seed`` or a name that expressions take, in the order
        of the dimensions.
    parameters, initial
        Name -> number, expression of other inputs (``"sqrt(10)/6/sqrt(lambda1)"``) or preset, for all that is no axis
        and has no default.
    steps
        Budget of gradient descent steps of each trajectory.
    observables
        Names of variables or observables to store; by default all that the regime rules need, and more.
    out
        Folder or URL of a store, which is created, resumed or extended; without it the result is in memory.
    workers, threads, scheduler
        Who computes, as for :func:`eos_sweep.run`; by default threads of this process, one for each core.
    tolerance
        Loss below which a trajectory that can no longer change ends early.
    dtype
        ``"float64"`` or ``"float32"``: how floats are stored, never how they are computed.
    title, chunks, thresholds
        Of the dataset: its title, axis -> size of a block, name -> value of a regime rule's threshold.
    data
        ``{"file": path}`` of training data, for an array model: an .npz with arrays ``inputs`` and ``targets``.
    overwrite
        Delete a sweep that is stored at ``out``.
    report
        Called with a :class:`eos_sweep.Progress` whenever a block is done.

    Returns
    -------
    Dataset
        A variable per observable over the axes, and ``regime`` where the observables decide it; from a store it is
        lazy.

    Raises
    ------
    SpecError
        If an input is wrong, before anything is created.
    RuntimeError
        If some block failed; with ``out``, what is done is kept.

    Examples
    --------
    >>> import numpy as np, eos_sweep
    >>> ds = eos_sweep.sweep("bivariate", {"eta": np.geomspace(0.01, 1, 50), "lambda1": np.geomspace(1, 1e4, 40)},
    ...                      {"lambda2": 0.01, "radius": "liu2025"}, {"alpha": 0.5, "beta1": 0.01, "beta2": 0.5},
    ...                      steps=2000)
    >>> ds.regime.dims
    ('eta', 'lambda1')
    """
    spec = make(
        model,
        axes,
        parameters,
        initial,
        steps=steps,
        observables=observables,
        tolerance=tolerance,
        dtype=dtype,
        title=title,
        chunks=chunks,
        thresholds=thresholds,
        data=data,
    )
    how = {
        "workers": workers,
        "threads": threads,
        "scheduler": scheduler,
        "overwrite": overwrite,
        "report": report,
    }
    if out is not None:
        try:
            return _finished(spec, out, **how)
        except RuntimeError as error:
            raise RuntimeError(f"{error}; what is done is kept in {out}") from None
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as place:
        return _finished(spec, Path(place) / "sweep.zarr", **how).load()


def open_sweep(path: str | Path, **thresholds: float) -> xr.Dataset:
    """Open a stored sweep as a lazy dataset with its regimes.

    Parameters
    ----------
    path
        Of the store.
    **thresholds
        Named thresholds of the regime rules; those of the store where not given.

    Returns
    -------
    Dataset
        One dask-backed variable per observable over the sweep's axes, in chunks of about a million cells, and
        ``regime``: as it is stored, or computed when it is asked for if that has other thresholds.  Without eos_sweep,
        ``xarray.open_zarr(path)`` gives the same with the regimes as stored.

    Raises
    ------
    InputError
        If no sweep is stored at ``path``.
    """
    store = Store.open(path)
    dataset = lazy.dataset(store)
    labels = schema.labels_of(store.arrays, store.thresholds)
    if labels and lazy.labelled(store, regimes.limits_of(dataset, thresholds)):
        return dataset
    if thresholds or labels:
        dataset = dataset.drop_vars(labels)
        found = {"regime": regimes.label(dataset, **thresholds)}
        if "settled" in labels:
            found["settled"] = trust.settled(dataset, **thresholds)
        dataset = dataset.assign(found)
    return dataset


def open_pyramid(path: str | Path) -> list[xr.Dataset]:
    """Open the levels of a stored map: its regimes pooled by mode, and the share of each regime in a pool.

    Parameters
    ----------
    path
        Of the store.

    Returns
    -------
    list of Dataset
        The coarsest first, lazy; ``regime`` and ``share`` over the sweep's axes, whose attribute ``pooled`` says how
        many cells have become one, and ``code`` of ``share``.  Empty if no axis is long enough, if there are no
        regimes, or if they have changed since the last run.  Without eos_sweep,
        ``xarray.open_zarr(path, group="pyramid/256")`` gives the level with at most 256 cells along pooled axes.

    Raises
    ------
    InputError
        If no sweep is stored at ``path``.

    Examples
    --------
    >>> from eos_sweep import plot
    >>> plot.draw(eos_sweep.open_sweep("map.zarr"), levels=eos_sweep.open_pyramid("map.zarr")).savefig("map.png")
    """
    return pyramid.levels(Store.open(path))


def _finished(spec, out, **how) -> xr.Dataset:
    """Run ``spec`` and open the result; RuntimeError with the first reason if some block failed."""
    progress = runner.run(spec, out, **how)
    if progress.failed:
        noun = "block" if progress.failed == 1 else "blocks"
        block, failure = next(iter(Store.open(out).ledger.errors.items()))
        raise RuntimeError(
            f"{progress.failed} {noun} failed, the first, {block}, with {failure['error'].strip().splitlines()[-1]}"
        )
    return open_sweep(out)
