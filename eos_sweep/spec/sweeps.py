"""A sweep as plain data: a TOML file or Python objects become a frozen, validated ``Sweep``.

Everything that can be wrong with a sweep is found here, before anything is created.  Each ``SpecError`` is one line
that names the key, the value and the remedy.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, PlainValidator, PrivateAttr, ValidationInfo, field_validator, model_validator

from eos_sweep import models, training_data
from eos_sweep import observables as outputs
from eos_sweep.contract import Data, Job, Model, OwnObservable, Quantity, Variable
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import SpecError
from eos_sweep.plain_data import Frozen, strict_json, validated
from eos_sweep.rules import Limits
from eos_sweep.spec import chosen, formula_data, labels, own_regimes, point_forms
from eos_sweep.spec.axes import AXIS_FORMS, Axis
from eos_sweep.spec.axis_names import RESERVED, check_axes, check_folders, describe
from eos_sweep.spec.chosen import Chosen
from eos_sweep.spec.fields import Number, NumberOrText, WholeNumber, parse_data, parse_model, parse_rule
from eos_sweep.spec.identity import facts_of, hash_of
from eos_sweep.spec.inputs import Source, axes_of, evaluate, probes, resolve
from eos_sweep.spec.names import check_model, check_observables, check_regimes, check_thresholds
from eos_sweep.spec.point_forms import parse_points, with_points
from eos_sweep.spec.points import POINT, Points
from eos_sweep.spec.sizes import MAX_STEPS, check_chunks
from eos_sweep.update_rules.composed import PLAIN

__all__ = ["Axis", "SpecError", "Sweep", "load_spec"]


class Sweep(Frozen):
    """A grid of trajectories and what to store of each.

    The fields are the keys of the TOML file.  The description of a field is the remedy in its error messages.

    Examples
    --------
    >>> axes = {"eta": [0.5, 1.5, 2.5]}
    >>> sweep = Sweep.from_dict({"model": "product", "steps": 50, "axes": axes, "initial": {"x": 0.1, "y": 1.0}})
    >>> sweep.dims, sweep.shape
    (('eta',), (3,))
    """

    model: Annotated[str | Formula, PlainValidator(parse_model)] = Field(
        description='name a model, such as model = "bivariate", or give a table [model] with loss and state'
    )
    rule: Annotated[str, PlainValidator(parse_rule)] = PLAIN
    title: str = Field("", description="give a text in quotes")
    steps: WholeNumber = Field(ge=1, le=MAX_STEPS, description="give a whole number from 1 to 2_000_000_000")
    tolerance: Number = Field(1e-20, ge=0, lt=math.inf, description="give a finite number >= 0, such as 1e-20")
    dtype: Literal["float64", "float32"] = Field("float64", description='give "float64" or "float32"')
    observables: Annotated[Chosen, PlainValidator(chosen.parse)] = Field(Chosen(), description=chosen.FORM)
    points: Annotated[Points | None, PlainValidator(parse_points)] = Field(None, description=point_forms.FORM)
    axes: Annotated[tuple[Axis, ...], PlainValidator(with_points)] = Field(  # the dimension of the points first
        {}, description=f"give a table [axes] of names, each with {AXIS_FORMS}", validate_default=True
    )
    parameters: dict[str, NumberOrText] = Field(
        {}, description="give a number, inf, an expression or a preset in quotes"
    )
    initial: dict[str, NumberOrText] = Field({}, description="give a number or an expression in quotes")
    data: Annotated[Data | None, PlainValidator(parse_data)] = Field(None, description=training_data.TABLE_FORM)
    chunks: dict[str, Annotated[WholeNumber, Field(ge=1)]] = Field({}, description="give axis = a whole number >= 1")
    thresholds: dict[str, Number] = Field({}, description="give name = a number")
    regimes: dict[str, Any] = Field({}, description=own_regimes.TABLE_FORM)
    _told: str = PrivateAttr("")  # what a store tells of a model whose code is not allowed

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], folder: Path = Path(), told: str = "") -> Self:
        """Return the sweep that ``given`` describes, in the layout of the TOML file.  ``to_dict`` is the inverse.

        Paths are relative to ``folder``.  What a store has ``told`` of a model replaces code that is not allowed.
        Points are given by values; :func:`load_spec` and :func:`eos_sweep.sweep` also read or draw them.

        Raises
        ------
        SpecError
            For the first thing that is wrong.
        """
        return validated(cls, given, folder=folder, told=told)

    def to_dict(self) -> dict[str, Any]:
        """Return the sweep in the layout of the TOML file, for strict JSON: infinity is the text "inf"."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        fields["model"] = self.model if isinstance(self.model, str) else self.model.to_dict()
        fields["observables"] = self.observables.given()
        if self.rule == PLAIN:
            del fields["rule"]
        fields["axes"] = {axis.name: axis.definition for axis in self.grid}
        if self.points:
            fields["points"] = self.points.definition
        else:
            del fields["points"]
        fields["data"] = self.data._asdict() if self.data else {}
        return strict_json(fields)

    @field_validator("chunks")
    @classmethod
    def _fit_chunks(cls, chunks: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        """Return ``chunks`` with no size larger than its axis."""
        sizes = {axis.name: axis.values.size for axis in info.data.get("axes", ())}
        return {name: min(size, sizes.get(name, size)) for name, size in chunks.items()}

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        """Check what no field can check alone, in the order in which a user would fix it."""
        self._told = "" if models.is_known(self.model) else (info.context or {}).get("told", "")
        check_model(self.model, self.rule, self._told)
        check_axes(self.module, self.grid, {**self.parameters, **self.initial}, self.columns)
        if not self.axes:
            got = "got none" if "axes" in self.model_fields_set else "missing"
            raise SpecError(f"axes: {got}; {type(self).model_fields['axes'].description}")
        check_chunks(self.chunks, dict(zip(self.dims, self.shape, strict=True)))
        check_thresholds(self.thresholds)
        check_observables(self.observables.stored, self.module, self.own)
        check_regimes(self.regimes, self.module, self.own)
        for cells in probes(self.module, self.sources, self.axes, self.points):
            self.inputs(cells)  # raises if an expression has no value there, or a value is out of its bounds
        return self

    @property
    def module(self) -> Model:
        """The model's module, which is derived if the model is a formula."""
        return models.get(self.model, self.rule, self._told)

    @property
    def model_name(self) -> str:
        """The name of the model, for people."""
        return self.model if isinstance(self.model, str) else self.model.name

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Name -> description of the parameters, followed by the initial coordinates."""
        return {**self.module.PARAMETERS, **self.module.STATE}

    @cached_property
    def described(self) -> dict[str, Quantity]:
        """Name -> description of all inputs and all axes."""
        return describe(self.module, self.axes, self.points)

    @property
    def grid(self) -> tuple[Axis, ...]:
        """The axes without the dimension of the points."""
        return self.axes[1:] if self.points else self.axes

    @property
    def columns(self) -> Mapping[str, np.ndarray]:
        """Name -> values of what each point has, empty if there are no points."""
        return self.points.columns if self.points else {}

    @property
    def unordered(self) -> tuple[str, ...]:
        """Axes whose order means nothing: seeds, and the dimension of the points."""
        return tuple(axis.name for axis in self.axes if axis.name == "seed" or axis not in self.grid)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the axes, in order."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(axis.values.size for axis in self.axes)

    @property
    def size(self) -> int:
        """The number of trajectories."""
        return math.prod(self.shape)

    def axis(self, name: str) -> Axis:
        """Return the axis called ``name``; KeyError if there is none."""
        return {axis.name: axis for axis in self.axes}[name]

    def checked(self) -> Self:
        """Return the sweep; SpecError if no new store can hold it, or the model cannot learn from the data file."""
        names = (*self.dims, *self.columns)
        check_folders(self.module, names)
        training_data.check(self.model_name, self.module, self.data, (*names, *self.parameters))
        return self

    @cached_property
    def own(self) -> tuple[OwnObservable, ...]:
        """The observables of the user's own."""
        return chosen.own_observables(self.observables.own, self.module, (*self.described, *RESERVED))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that ``observables`` stand for."""
        read = [name for rule in self.limits.own for name in rule.reads]
        return outputs.expand((*self.observables.stored, *read), self.module, self.own)

    @cached_property
    def stored(self) -> dict[str, Variable]:
        """Name -> description of every variable of a dataset: ``variables``, and the labels that they decide.

        The ``dtype`` of each is the type in which it is stored.
        """
        known = outputs.variables(self.module, self.own)
        found = {name: known[name][1] for name in self.variables}
        found |= {name: labels.LABELS[name] for name in labels.decided(found, self.limits)}
        return {
            name: variable._replace(dtype=self.dtype) if variable.dtype == "float64" else variable
            for name, variable in found.items()
        }

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Name -> number or expression of every input without values of its own, in an order of evaluation."""
        names = [*(axis.name for axis in self.grid), *self.columns]
        return resolve(self.module, {"parameters": self.parameters, "initial": self.initial}, names)

    @cached_property
    def depends(self) -> dict[str, frozenset[str]]:
        """Name -> the axes on which the value of a column or of an expression depends."""
        return axes_of(self.sources, self.dims, self.columns)

    def inputs(self, coordinates: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the initial state and the parameters of a block of the grid.

        Parameters
        ----------
        coordinates
            Broadcast-compatible values of every axis by name, such as ``np.ix_`` makes them.

        Returns
        -------
        initial, parameters : dict
            Name -> float64 array, C-contiguous, of the block's shape.  An entry depends on its own coordinates only:
            the bits are the same however the grid is cut into blocks.

        Raises
        ------
        SpecError
            If a value is out of its bounds, or an expression has no value.
        """
        if wrong := set(coordinates) ^ set(self.dims):
            raise SpecError(f"coordinates: got {sorted(coordinates)}, wrong in {sorted(wrong)}; give {list(self.dims)}")
        given = {name: coordinates[name] for name in self.dims}
        given |= self.points.at(given[POINT]) if self.points else {}
        values = evaluate(self.module, self.sources, given)
        shape = np.broadcast_shapes(*(values[name].shape for name in self.dims))
        full = {name: np.array(np.broadcast_to(values[name], shape), order="C") for name in self.quantities}
        return {name: full[name] for name in self.module.STATE}, {name: full[name] for name in self.module.PARAMETERS}

    def job(self, *, variables: tuple[str, ...] | None = None, steps: int | None = None) -> Job:
        """Return what is run for each trajectory; ``variables`` and ``steps`` are the sweep's own if not given."""
        models.declared.check_code(self.module)
        variables = self.variables if variables is None else variables
        return Job(self.module, variables, steps or self.steps, self.tolerance, self.data, self.own)

    @cached_property
    def identity(self) -> dict[str, tuple[str, str]]:
        """Key -> (value, text for people), of everything that determines the numbers and of nothing else."""
        return facts_of(self)

    @cached_property
    def limits(self) -> Limits:
        """All thresholds by name, the spec's, then the model's, then the defaults; and the rules of the user's own."""
        numbers = {**outputs.observed(self.module).THRESHOLDS, **self.thresholds}
        return own_regimes.limits(numbers, self.regimes, own_regimes.known_to(self.module, self.own))

    @cached_property
    def hash(self) -> str:
        """Hash (SHA-256) of all that determines the numbers: not of title, chunks, thresholds and regimes."""
        return hash_of(self.identity)


def load_spec(path: str | Path) -> Sweep:
    """Read the TOML file of a sweep.

    Raises
    ------
    SpecError
        If the file cannot be read, or for the first thing that is wrong with it.

    Examples
    --------
    >>> import eos_sweep
    >>> eos_sweep.load_spec("sweeps/quickstart.toml").shape
    (1024, 1024)
    """
    folder = Path(path).parent
    return Sweep.from_dict(point_forms.read(formula_data.read(path), folder), folder).checked()
