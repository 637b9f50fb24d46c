"""A sweep from Python objects."""

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from eos_sweep import models
from eos_sweep.derivation.definition import Formula
from eos_sweep.spec import point_forms
from eos_sweep.spec.sweeps import Sweep


def make(
    model: str | ModuleType | Formula | Mapping[str, Any],
    axes: Mapping[str, Any] | None = None,
    parameters: Mapping[str, float | str] | None = None,
    initial: Mapping[str, float | str] | None = None,
    *,
    steps: int | None,
    observables: Iterable[str] | Mapping[str, Any] | None = None,
    tolerance: float | None = None,
    dtype: str | None = None,
    rule: str | Sequence[str] | None = None,
    title: str | None = None,
    chunks: Mapping[str, int] | None = None,
    thresholds: Mapping[str, float] | None = None,
    regimes: Mapping[str, Any] | None = None,
    data: Mapping[str, str] | None = None,
    points: Any = None,
) -> Sweep:
    """Return a sweep from Python objects.

    The arguments are the fields of :class:`Sweep`; None stands for the default of a field.

    Parameters
    ----------
    model
        Its name, a module of the user's own, or a formula as :func:`eos_sweep.model` or the table of a spec gives it.
    axes
        Name of an input, or a name that expressions use -> 1-D values, or a TOML form such as
        ``{"log": [1, 100, 5]}``; in the order of the dimensions.
    parameters, initial
        Name -> number or expression of every other input that has no default.
    points
        A list of points beside or in place of the axes, as for :func:`eos_sweep.sweep`.

    Raises
    ------
    SpecError
        For the first thing that is wrong.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    if isinstance(model, ModuleType):
        given["model"] = models.allowed_as(model)
    return Sweep.from_dict(point_forms.read(given)).checked()
