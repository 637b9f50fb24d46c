"""One trajectory, step by step: of inputs that are given, or of a cell of a sweep."""

from collections.abc import Mapping, Sequence
from types import ModuleType

import xarray as xr

from eos_sweep.analysis.chosen_cells import changed, point_of
from eos_sweep.analysis.recorded_steps import record
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import InputError, SpecError
from eos_sweep.formulas.expressions import Expression
from eos_sweep.progress.bars import work_progress
from eos_sweep.spec.making import make


def trajectory(
    model: str | ModuleType | Formula | xr.Dataset,
    parameters: Mapping[str, float | str] | None = None,
    initial: Mapping[str, float | str] | None = None,
    *,
    steps: int | None = None,
    seed: int | None = None,
    rule: str | Sequence[str] | None = None,
    data: Mapping[str, str] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Return one trajectory of gradient descent or of another update rule, all of its steps.

    Parameters
    ----------
    model
        Name of the model, a formula (:func:`eos_sweep.model`), a module of your own that is a model, or a cell of a
        sweep: its dataset with one value on each axis, such as ``ds.isel(eta=3, lambda1=5)`` or ``ds.sel(...)``.
    parameters, initial
        Name -> number, expression or preset, as in a sweep.  Of a cell: what is to differ from it.
    steps
        Number of steps; of a cell by default the budget of its sweep.
    seed
        Seed of the draws in expressions, as on a sweep's axis ``seed``, of an array model, or of the noise of a rule.
    rule
        Update rule, such as ``"heavy_ball"`` or ``"heavy_ball + l2"``, or a list of its parts; its parameters are given
        beside the model's.
    data
        ``{"file": path}`` of training data, for an array model.
    progress
        Whether to show a bar; by default on a terminal and in a notebook.

    Returns
    -------
    Dataset
        Dimension ``step`` of length steps + 1, from the start.  There is a variable for each coordinate, ``loss`` and
        its parts, ``sharpness``, ``eigenvalues`` of the Hessian (largest first), ``log10_abs_<name>``, which does not
        underflow, for a coordinate with its own exponent, and ``flow_sharpness`` if the model has it.  An array model
        has readings of its network instead of coordinates and eigenvalues; these and the sharpness are held from one
        reading to the next.  All are NaN from the step on at which the loss exceeds the model's bound.  Parameters are
        scalar coordinates.  The attribute ``threshold`` is the sharpness at the edge of stability, 2/eta for gradient
        descent; where it changes from step to step, there is a variable ``threshold`` in its place.  The attribute
        ``arguments`` has in JSON what this function takes to make the same trajectory again.

    Raises
    ------
    SpecError
        If an input is unknown, missing or out of its bounds.
    InputError
        If the dataset is no cell of a sweep.

    Examples
    --------
    >>> import eos_sweep
    >>> run = eos_sweep.trajectory(
    ...     "bivariate",
    ...     {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"},
    ...     {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5},
    ...     steps=1000,
    ... )
    >>> int((run.sharpness > run.threshold).values.argmax())  # the step on which it first exceeds 2/eta
    348

    A cell of a sweep, and a run beside it with another step size:

    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2], "eta": [0.5, 1.5]}, {}, {"theta1": 1}, steps=20)
    >>> cell = ds.sel(a1=2, eta=0.5)
    >>> eos_sweep.trajectory(cell).theta1.values[:3].tolist()
    [1.0, 0.0, 0.0]
    >>> eos_sweep.trajectory(cell, {"eta": 0.25}, steps=2).theta1.values.tolist()
    [1.0, 0.5, 0.25]
    """
    if isinstance(model, xr.Dataset):
        for name, given in (("rule", rule), ("data", data)):
            if given is not None:
                raise InputError(f"{name}: a cell has that of its sweep; leave {name} out, or give a model and inputs")
        other = {**(parameters or {}), **(initial or {}), **({} if seed is None else {"seed": seed})}
        return cell_trajectory(model, {}, other, steps, progress)
    # It is a sweep of one point, so that inputs are checked as those of a spec.
    sweep = make(model, {"seed": [seed or 0]}, parameters, initial, steps=steps, rule=rule, data=data)
    draws = [
        name for name, source in sweep.sources.items() if isinstance(source, Expression) and "seed" in source.names
    ]
    if draws and seed is None:
        raise SpecError(f"seed: missing, but {draws[0]} is drawn; give seed = 0 or another whole number")
    with work_progress(progress) as show:
        return record(sweep, {"seed": float(seed or 0)}, show)


def cell_trajectory(
    dataset: xr.Dataset,
    at: Mapping[str, float],
    inputs: Mapping[str, float | str],
    steps: int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Return the trajectory of a cell of a sweep, all of its steps.

    Parameters
    ----------
    dataset
        The sweep, or a slice of it.
    at
        Axis -> value, of each axis that has more than one value there.
    inputs
        Name -> number, expression or preset of what is to differ from the cell.
    steps, progress
        As for :func:`trajectory`.

    Raises
    ------
    SpecError
        If an input is unknown, or out of its bounds.
    InputError
        If the dataset is no sweep, an axis is not picked, or it has no such value.
    """
    with work_progress(progress) as show:
        return record(*changed(*point_of(dataset, at), inputs, steps), show)
