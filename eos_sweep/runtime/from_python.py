"""``eos_sweep.sweep``: a sweep from Python objects, returned as a dataset."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from eos_sweep.derivation.definition import Formula
from eos_sweep.progress.amounts import Report
from eos_sweep.progress.bars import reporting
from eos_sweep.runtime import in_memory
from eos_sweep.runtime.resources import Resources
from eos_sweep.spec.growing import growing_of
from eos_sweep.spec.making import make
from eos_sweep.spec.overlap import Reuse
from eos_sweep.spec.sweeps import Sweep


def sweep(
    model: str | ModuleType | Formula,
    axes: Mapping[str, ArrayLike] | None = None,
    parameters: Mapping[str, float | str] | None = None,
    initial: Mapping[str, float | str] | None = None,
    *,
    steps: int,
    points: Any = None,
    observables: Sequence[str] | Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: Any = None,
    tolerance: float = 1e-20,
    dtype: str = "float64",
    rule: str | Sequence[str] = "gd",
    title: str = "",
    chunks: Mapping[str, int] | None = None,
    thresholds: Mapping[str, float] | None = None,
    regimes: Mapping[str, Any] | None = None,
    data: Mapping[str, str] | None = None,
    overwrite: bool = False,
    reuse: Reuse = (),
    report: Report | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Run gradient descent, or another update rule, from every point of a grid, or from listed points.

    Parameters
    ----------
    model
        Name of the model, such as ``"bivariate"``, a formula (:func:`eos_sweep.model`), or a module of your own.
    axes
        Name -> 1-D values, in the order of the dimensions: of a parameter, an initial coordinate, ``seed``, or a
        name that expressions use.  May be left out if there are points.
    parameters, initial
        Name -> number, expression of other inputs (``"sqrt(10)/6/sqrt(lambda1)"``) or preset.  Every input that is not
        an axis and has no default needs one.
    steps
        Budget of steps of each trajectory.
    points
        A list of points, the dimension ``point`` before the axes: name -> values, as long as there are points, or a
        data frame; the path of a CSV file; or a table that draws them, ``{"method": "sobol", "count": 1024,
        "ranges": {"eta": {"log": [0.01, 10]}}}``.
    observables
        Names of variables or observables to store; by default ``"default"``, which has all that the regime rules need.
        Or a table of formulas of your own, ``{"peak": "max(loss)"}``, stored beside the default, or beside the names
        in its list ``"stored"``.
    out
        Folder or URL of a store, which is created, is resumed, or grows.  Without it, the result is in memory, and
        nothing is written, unless worker processes compute, or there is ``reuse``, which need a temporary store.
    workers, threads, scheduler
        What computes, as for :func:`eos_sweep.run`; by default threads of this process, one for each core.
    tolerance
        Loss below which a trajectory that can no longer change ends early.
    dtype
        ``"float64"`` or ``"float32"``, the type in which floats are stored; they are always computed in float64.
    rule
        Update rule, such as ``"heavy_ball"`` or ``"heavy_ball + l2"``, or a list of its parts; its parameters are given
        beside the model's.
    title
        Title of the dataset.
    chunks
        Axis -> number of its values in a block.
    thresholds
        Name -> value of a threshold of the regime rules.
    regimes
        Name -> rule of a regime of your own, such as ``{"mine": "crossings > 5 and tail_max > 1.2"}``.
    data
        ``{"file": path}`` of training data for an array model: an .npz with the arrays ``inputs`` and ``targets``.
    overwrite
        Delete a sweep that is stored at ``out``.
    reuse
        Path or URL of a store, or several, from which everything is taken over that they have of this sweep, as for
        :func:`eos_sweep.run`.
    report
        Function that is called with the progress whenever blocks are done, as for :func:`eos_sweep.run`.
    progress
        Whether to show a bar; by default on a terminal and in a notebook, unless there is a ``report``.

    Returns
    -------
    Dataset
        A variable for each observable over the axes, and ``regime`` if the observables decide it.  Variables of a store
        are lazy.

    Raises
    ------
    SpecError
        If an input is wrong; nothing has been created then.
    InputError
        If a store in ``reuse`` cannot be used, another process is at work on the store at ``out``, or a worker has
        another version.
    Stopped
        If the run could not go on, as for :func:`eos_sweep.run`.
    RuntimeError
        If the model, or an expression of inputs, fails; with ``out``, the other blocks are kept.

    Examples
    --------
    >>> import numpy as np
    >>> import eos_sweep
    >>> ds = eos_sweep.sweep(
    ...     "quadratic",
    ...     axes={"eta": [0.5, 1.9, 2.1]},
    ...     parameters={"a1": 1},
    ...     initial={"theta1": 1},
    ...     steps=100,
    ...     observables=["loss_initial", "loss_final"],
    ... )
    >>> ds.eta[(ds.loss_final < ds.loss_initial).values].values.tolist()  # stable below 2 / a1
    [0.5, 1.9]
    """
    spec = make(
        model,
        axes,
        parameters,
        initial,
        steps=steps,
        points=points,
        observables=observables,
        tolerance=tolerance,
        dtype=dtype,
        rule=rule,
        title=title,
        chunks=chunks,
        thresholds=thresholds,
        regimes=regimes,
        data=data,
    )
    resources = Resources(workers, threads, scheduler).checked()
    with reporting(report, progress) as reports:
        if out is None and resources.in_this_process and not growing_of(spec.axes) and not reuse:
            return in_memory.compute(spec, resources.local_cores, reports)
        # Only a store needs zarr, which takes a quarter of a second to import.
        from eos_sweep.analysis.opened import load_sweep, open_sweep

        if out is not None:
            _run(spec, out, resources, overwrite, reuse, reports, f"; the other blocks are kept in {out}")
            return open_sweep(out)
        with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
            path = Path(folder) / "sweep.zarr"
            _run(spec, path, resources, overwrite, reuse, reports, "")
            return load_sweep(path)


def _run(
    spec: Sweep, out: str | Path, resources: Resources, overwrite: bool, reuse: Reuse, report: Report, kept: str
) -> None:
    """Run ``spec``; RuntimeError with the first reason, and what is ``kept``, if some block failed."""
    from eos_sweep.runtime.runner import run_on
    from eos_sweep.store.store import Store

    progress = run_on(resources, spec, out, overwrite=overwrite, reuse=reuse, report=report)
    if progress.failed:
        noun = "block" if progress.failed == 1 else "blocks"
        block, failure = next(iter(Store.open(out).ledger.errors.items()))
        reason = failure["error"].strip().splitlines()[-1]
        raise RuntimeError(f"{progress.failed} {noun} failed, the first, {block}, with {reason}{kept}")
