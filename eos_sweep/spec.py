"""A sweep as plain data: a TOML file or Python objects -> a frozen, validated ``Sweep`` of ``Axis``es.

Everything that can be wrong with a sweep is found here, before anything is created; each ``SpecError`` is one line that
names the key, the value and the remedy.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, Strict, model_validator
from pydantic import ValidationError as Invalid

from eos_sweep import auxiliary, models, toml
from eos_sweep import observables as outputs
from eos_sweep.axes import FORMS, Axis, SpecError, closest, number, short, text, whole
from eos_sweep.bounds import MOST_STEPS, check_size, fitted
from eos_sweep.contract import Data, Model, Quantity
from eos_sweep.errors import named
from eos_sweep.expressions import Expression
from eos_sweep.inputs import Source, evaluate, probes, resolve
from eos_sweep.networks import data as files
from eos_sweep.shown import shown

__all__ = ["Axis", "SpecError", "Sweep", "load_spec", "make"]


def _entry(value: Any) -> float | str:
    return value if isinstance(value, str) and value not in ("inf", "-inf") else number(value)


def _axes(given: Any) -> tuple[Axis, ...]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ValueError("not a table")
    axes, size = [], 1
    for name, definition in given.items():
        axes.append(Axis.parse(name, definition))
        check_size(size := size * axes[-1].values.size)  # before further ones take memory
    return tuple(axes)


Number = Annotated[float, BeforeValidator(number)]
Entry = Annotated[float | str, PlainValidator(_entry)]
Whole = Annotated[int, Strict(), BeforeValidator(whole)]


class Sweep(BaseModel):
    """A grid of trajectories and what to keep of them.  A field's description is the remedy in its errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str = Field(description='name a model, such as model = "bivariate"')
    title: str = Field("", description="give a text in quotes")
    steps: Whole = Field(ge=1, le=MOST_STEPS, description="give a whole number from 1 to 2_000_000_000")
    tolerance: Number = Field(1e-20, ge=0, lt=math.inf, description="give a finite number >= 0, such as 1e-20")
    dtype: Literal["float64", "float32"] = Field("float64", description='give "float64" or "float32"')
    observables: tuple[str, ...] = Field(("default",), description='give a list of names, such as ["default"]')
    axes: Annotated[tuple[Axis, ...], PlainValidator(_axes)] = Field(
        description=f"give a table [axes] of names, each with {FORMS}"
    )
    parameters: dict[str, Entry] = Field({}, description="give a number, inf, an expression or a preset in quotes")
    initial: dict[str, Entry] = Field({}, description="give a number or an expression in quotes")
    data: Annotated[Data | None, PlainValidator(files.parse)] = Field(None, description=files.FORM)
    chunks: dict[str, Annotated[Whole, Field(ge=1)]] = Field({}, description="give axis = a whole number >= 1")
    thresholds: dict[str, Number] = Field({}, description="give name = a number")

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Return the sweep that ``given``, in the layout of the TOML file, describes; ``to_dict`` is its inverse.

        Raises:
            SpecError: the first thing that is wrong with it.
        """
        try:
            return cls.model_validate(given)
        except Invalid as error:
            problems = error.errors(include_url=False)
        # a misspelt key is unknown and leaves another one missing: tell of the cause
        raise SpecError(_explained(min(problems, key=lambda problem: problem["type"] != "extra_forbidden")))

    def to_dict(self) -> dict[str, Any]:
        """Return the sweep in the layout of the TOML file, for strict JSON: infinity is the string "inf"."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        fields["axes"] = {axis.name: axis.definition for axis in self.axes}
        fields["data"] = self.data._asdict() if self.data else {}
        return _strict(fields)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.model not in (known := [*models.TABLE, *models.allowed()]):
            own = f", or allow a module of your own with --import {named(self.model)}"
            raise SpecError(f"model: no model {short(self.model)}; {closest(self.model, known)}{own}")
        auxiliary.check(self.module, self.axes, {**self.parameters, **self.initial})
        if not self.axes:
            raise SpecError(f"axes: got none; {type(self).model_fields['axes'].description}")
        self.chunks.update(fitted(self.chunks, self.axes))
        if self.thresholds:
            from eos_sweep.regimes import THRESHOLDS

            for name, value in self.thresholds.items():
                if name not in THRESHOLDS:
                    raise SpecError(f"thresholds.{named(name)}: unknown, got {value}; {closest(name, THRESHOLDS)}")
                if not 0 <= value < math.inf:
                    raise SpecError(f"thresholds.{name}: got {value}; give a finite number >= 0")
        _ = self.variables
        for points in probes(self.module, self.sources, {axis.name: axis.values for axis in self.axes}):
            self.inputs(points)
        return self

    @property
    def module(self) -> Model:
        """The model's module."""
        return models.get(self.model)

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Name -> description of the parameters and then of the initial coordinates."""
        return {**self.module.PARAMETERS, **self.module.STATE}

    @property
    def described(self) -> dict[str, Quantity]:
        """Name -> description of all inputs and all axes."""
        return auxiliary.described(self.module, self.axes)

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
        """Return the sweep; SpecError if the model cannot learn from the file, which only this reads."""
        files.check(self.model, self.module, self.data)
        return self

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that ``observables`` stand for."""
        try:
            return outputs.expand(self.observables, self.module)
        except KeyError as error:
            name, known = error.args[0], ["default", "all", *outputs.variables(self.module)]
            raise SpecError(f"observables: no observable {short(name)}; {closest(name, known)}") from None

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Name -> number or expression of every input that is no axis, each after those that it needs."""
        return resolve(self.module, {"parameters": self.parameters, "initial": self.initial}, self.dims)

    def inputs(self, coordinates: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the initial state and the parameters (name -> array) of a block of the grid.

        Args:
            coordinates: name -> values of every axis, broadcast-compatible, such as ``np.ix_`` makes them.

        Returns:
            Initial coordinates and parameters, each float64, C-contiguous, of the block's shape.  An entry depends on
            its own coordinates only: however the grid is cut into blocks, the bits are the same.

        Raises:
            SpecError: a value is out of its bounds, or an expression has none.
        """
        if wrong := set(coordinates) ^ set(self.dims):
            raise SpecError(f"coordinates: got {sorted(coordinates)}, wrong in {sorted(wrong)}; give {list(self.dims)}")
        values = evaluate(self.module, self.sources, {name: coordinates[name] for name in self.dims})
        shape = np.broadcast_shapes(*(values[name].shape for name in self.dims))
        full = {name: np.array(np.broadcast_to(values[name], shape), order="C") for name in self.quantities}
        return {name: full[name] for name in self.module.STATE}, {name: full[name] for name in self.module.PARAMETERS}

    @cached_property
    def identity(self) -> dict[str, tuple[str, str]]:
        """Key -> (what counts, how to show it) of all that determines the numbers, and of nothing else."""
        facts: dict[str, Any] = {"model": self.model, "steps": self.steps, "tolerance": self.tolerance}
        facts |= {"dtype": self.dtype, "axes": ", ".join(self.dims)}
        found = {key: (str(value), str(value)) for key, value in facts.items()}
        for axis in self.axes:
            found[f"axes.{axis.name}"] = hashlib.sha256(axis.bits).hexdigest(), str(axis)
        for name, source in self.sources.items():
            table = "parameters" if name in self.module.PARAMETERS else "initial"
            given = getattr(self, table).get(name, source.text if isinstance(source, Expression) else source)
            shown = repr(given) if isinstance(given, str) else text(given)
            found[f"{table}.{name}"] = repr(source.text) if isinstance(source, Expression) else shown, shown
        if self.data:
            found["data"] = self.data.sha256, f"{self.data.file} ({self.data.sha256[:8]})"
        return found | {f"observables.{name}": ("stored", "stored") for name in self.variables}

    @property
    def limits(self) -> dict[str, float]:
        """All thresholds of the regime rules by name: the spec's, the model's, the defaults."""
        from eos_sweep.regimes import thresholds

        return thresholds({**shown(self.module).THRESHOLDS, **self.thresholds})

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that determines the numbers: everything but title, chunks and thresholds."""
        counts = {key: what for key, (what, _) in self.identity.items()}
        return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest()


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _explained(problem: Mapping[str, Any]) -> str:
    """Return the one line for a problem that pydantic found."""
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, SpecError):
        return str(cause)
    place = [named(str(part)) for part in problem["loc"]] or ["spec"]
    fields = Sweep.model_fields
    if problem["type"] == "extra_forbidden":
        return f"{place[0]}: unknown key, got {short(problem['input'])}; {closest(place[0], fields)}"
    remedy = fields[place[0]].description if place[0] in fields else "give a table of keys"
    got = "missing" if problem["type"] == "missing" else f"got {short(problem['input'])}"
    return f"{'.'.join(place)}: {got}; {remedy}"


def load_spec(path: str | Path) -> Sweep:
    """Return the sweep that the TOML file at ``path`` describes.

    Raises:
        SpecError: the file cannot be read, or the first thing that is wrong with it.
    """
    given = toml.read(path)
    return Sweep.from_dict(files.located(given, Path(path).parent)).checked()


def make(
    model: str | ModuleType,
    axes: Mapping[str, Any],
    parameters: Mapping[str, float | str] | None = None,
    initial: Mapping[str, float | str] | None = None,
    *,
    steps: int,
    observables: Iterable[str] | None = None,
    tolerance: float = 1e-20,
    dtype: str = "float64",
    title: str = "",
    chunks: Mapping[str, int] | None = None,
    thresholds: Mapping[str, float] | None = None,
    data: Mapping[str, str] | None = None,
) -> Sweep:
    """Return a sweep from Python objects.

    Args:
        model: its name, or a module of the user's own.
        axes: name of an input, or one that expressions take -> 1-D values (or a TOML form such as
            ``{"log": [1, 100, 5]}``), in the order of the dimensions.
        parameters, initial: name -> number or expression of every other input that has no default.
        steps: budget of each trajectory.
        observables: names of variables, "default" or "all"; the default if None.
        data: {"file": path} of training data, for an array model.

    Raises:
        SpecError: the first thing that is wrong.
    """
    if isinstance(model, ModuleType):
        models.allow(model.__name__)
        model = model.__name__
    given = {"model": model, "title": title, "steps": steps, "tolerance": tolerance, "dtype": dtype, "axes": axes}
    given |= {"parameters": parameters or {}, "initial": initial or {}}
    given |= {"chunks": chunks or {}, "thresholds": thresholds or {}, "data": data or {}}
    return Sweep.from_dict(given if observables is None else given | {"observables": observables}).checked()
