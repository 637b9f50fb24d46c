"""One axis of a grid: a name and its values, given by linear or logarithmic spacing, or as a list."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from eos_sweep.contract import Quantity
from eos_sweep.errors import SpecError, short
from eos_sweep.plain_data import number, short_text
from eos_sweep.spec import nested
from eos_sweep.spec.fields import python_integer
from eos_sweep.spec.growing import Growing, split
from eos_sweep.spec.sizes import check_size

MAX_AXIS_VALUES = 10_000_000  # they are held in memory; the grid is not
AXIS_FORMS = (
    "[values] or one of { linear = [start, stop, count] }, { log = [start, stop, count] }, { values = [...] }, "
    "{ linear = [start, stop], step = ... }, { log = [start, stop], per_decade = ... }"
)
INTERVALS = {"linear": "step", "log": "per_decade"}  # spacing -> key that may stand beside it, in place of a count


def number_text(number: float) -> str:
    """Return the shortest text that reads back as ``number``."""
    return repr(float(number)).removesuffix(".0")


def check_bounds(label: str, quantity: Quantity, values: np.ndarray) -> None:
    """Raise SpecError unless ``quantity`` allows all ``values``; infinity is allowed where it is the default."""
    endless = quantity.default == math.inf
    bad = ~((values > quantity.above) & (values >= quantity.least) & (values > -math.inf))
    if not endless:
        bad |= (values == math.inf) | (values > quantity.most)
    if bad.any():
        bounds = [f"> {number_text(quantity.above)}"] * (quantity.above > -math.inf)
        bounds += [f">= {number_text(quantity.least)}"] * (quantity.least > -math.inf)
        bounds += [f"<= {number_text(quantity.most)}"] * (quantity.most < math.inf)
        wanted = " ".join(["a number" if endless else "a finite number", " and ".join(bounds), "or inf" * endless])
        raise SpecError(f"{label}: got {values[bad][0]}; the {quantity.long_name} must be {' '.join(wanted.split())}")
    if quantity.whole and (bad := np.floor(values) != values).any():
        raise SpecError(f"{label}: got {values[bad][0]}; the {quantity.long_name} must be a whole number")
    smallest, largest = quantity.sizes
    sizes = np.abs(values)
    bad = (sizes != 0) & (sizes != math.inf) & ~((sizes >= smallest) & (sizes <= largest))
    if bad.any():
        room = f"from {smallest:g} to {largest:g}" if smallest else f"at most {largest:g}"
        raise SpecError(
            f"{label}: got {values[bad][0]}; the size of the {quantity.long_name} must be {room}, "
            "or products of it leave the range of doubles: choose other units"
        )


class Axis(BaseModel):
    """One dimension of the grid: an input of the model, the seed, or a name that expressions use.

    Examples
    --------
    >>> axis = Axis.parse("eta", {"log": [1, 100, 3]})
    >>> axis.values.tolist()
    [1.0, 10.0, 100.0]
    >>> str(axis)
    'log 1…100 × 3'
    >>> Axis.parse("eta", {"log": [0.1, 1], "per_decade": 2}).values.tolist()
    [0.1, 0.31622776601683794, 1.0]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    name: str
    spacing: Literal["linear", "log", "values"]
    values: np.ndarray  # float64, read-only
    interval: float = 0.0  # its step or its values per decade, if these were given
    symbol: str = ""  # replaces the symbol of the input, or the name
    long_name: str = ""
    growing: Growing | None = None  # of a seed axis: it has its first values, and a run gives it more

    @classmethod
    def parse(cls, name: str, given: Any) -> Self:
        """Return the axis that ``given``, a TOML form or a 1-D array of numbers, defines."""
        label = f"axis {short(name)}"
        given, words = _split_words(label, given)
        given, growing = split(label, name, given)
        spacing, numbers, interval = _split_form(label, given)
        if interval is not None:
            values = _nested(label, spacing, numbers, interval)
        else:
            values = listed(label, numbers) if spacing == "values" else _spaced(label, spacing, numbers)
        if values.size == 0:
            raise SpecError(f"{label}: got [], no values; give at least one")
        if values.size > MAX_AXIS_VALUES:
            raise SpecError(f"{label}: got {values.size} values; give at most {MAX_AXIS_VALUES}")
        if np.isnan(values).any():
            raise SpecError(f"{label}: got nan; give numbers only")
        ordered = np.sort(values)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if twice.size:
            raise SpecError(f"{label}: got {number_text(twice[0])} more than once; give every value once")
        values.flags.writeable = False
        about = {"name": name, "spacing": spacing, "values": values, "interval": interval or 0.0, "growing": growing}
        return cls.model_validate(about | words)

    @property
    def definition(self) -> dict[str, Any]:
        """The plain TOML form: ``{spacing: numbers}``, with interval, symbol and long name if they were given."""
        numbers = self.values.tolist()
        if self.spacing != "values":
            numbers = [numbers[0], numbers[-1]] + [self.values.size] * (not self.interval)
        interval = {INTERVALS[self.spacing]: self.interval} if self.interval else {}
        return (self.growing.definition if self.growing else {self.spacing: numbers, **interval}) | self.words

    @property
    def words(self) -> dict[str, str]:
        """Symbol and long name, if they were given."""
        words = {"symbol": self.symbol, "long_name": self.long_name}
        return {key: word for key, word in words.items() if word}

    def __str__(self) -> str:
        """Return the axis in a few words, for messages."""
        ends = [number_text(value) for value in self.values[[0, -1]]]
        if self.spacing != "values":
            return f"{self.spacing} {ends[0]}…{ends[1]} × {self.values.size}"
        if self.values.size <= 8:
            return f"[{', '.join(number_text(value) for value in self.values)}]"
        return f"[{ends[0]}, …, {ends[1]}] × {self.values.size}"

    def __eq__(self, other: object) -> bool:
        """Whether names, spacing, words and the bits of all values are equal."""
        return isinstance(other, Axis) and self._key() == other._key()

    def __hash__(self) -> int:
        """Return a hash of what ``==`` compares."""
        return hash(self._key())

    def _key(self) -> tuple[str, str, bytes, str, str]:
        return self.name, self.spacing, self.bits, self.symbol, self.long_name

    @property
    def bits(self) -> bytes:
        """The values as little-endian doubles, by which axes are compared."""
        return self.values.astype("<f8").tobytes()

    @property
    def fact(self) -> dict[str, tuple[str, str]]:
        """What of the axis determines the numbers of a sweep: key -> (hash of the bits, text for people)."""
        return {f"axes.{self.name}": (hashlib.sha256(self.bits).hexdigest(), str(self))}


def parse_axes(given: Any, first: tuple[Axis, ...] = ()) -> tuple[Axis, ...]:
    """Return the axes that a table of name -> definition holds, after the ``first`` ones."""
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ValueError("not a table")
    axes = [*first]
    size = math.prod(axis.values.size for axis in axes)
    for name, definition in given.items():
        if name in [axis.name for axis in axes]:
            raise SpecError(f"axes.{name}: the points have this name; give the axis another one")
        axes.append(Axis.parse(name, definition))
        check_size(size := size * axes[-1].values.size)  # before further axes take memory
    return tuple(axes)


def _split_words(label: str, given: Any) -> tuple[Any, dict[str, str]]:
    """Return the definition of an axis without its symbol and long name, and these two if they were given."""
    if not isinstance(given, Mapping):
        return given, {}
    words = {key: given[key] for key in ("symbol", "long_name") if key in given}
    for key, word in words.items():
        short_text(f"{label}: got {key}", word)
    return {key: numbers for key, numbers in given.items() if key not in words}, words


def _split_form(label: str, given: Any) -> tuple[str, Any, Any]:
    """Return spacing, numbers, and the step or the values per decade, None without, of the definition of an axis."""
    if not isinstance(given, Mapping):
        return "values", given, None
    for spacing in ("linear", "log", "values"):
        key = INTERVALS.get(spacing)
        if set(given) in ({spacing}, {spacing, key}):
            return spacing, given[spacing], given.get(key)
    raise SpecError(f"{label}: got {short(dict(given))}; give {AXIS_FORMS}")


def listed(label: str, numbers: Any) -> np.ndarray:
    """Return a list of numbers as an array; SpecError, in which ``label`` names it, if it is none."""
    try:
        if isinstance(numbers, list | tuple):
            plain = set(map(type, numbers)) <= {int, float}  # so a million values are not checked one by one
            return np.array(numbers if plain else [number(value) for value in numbers], dtype=np.float64)
        array = np.asarray(numbers)
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, OverflowError, TypeError):
        raise SpecError(f"{label}: got {short(numbers)}; give {AXIS_FORMS}, of numbers that are not NaN") from None


def _spaced(label: str, spacing: str, given: Any) -> np.ndarray:
    form = f"{spacing} = [start, stop, count], or {spacing} = [start, stop] with {INTERVALS[spacing]}"
    try:
        first, last, count = given if isinstance(given, list | tuple) else ()
        start, stop = number(first), number(last)
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; give {form}") from None
    count = python_integer(count)
    if type(count) is not int or not 1 <= count <= MAX_AXIS_VALUES:
        raise SpecError(f"{label}: got count {short(count)}; give a whole number from 1 to {MAX_AXIS_VALUES}")
    _check_ends(label, spacing, start, stop)
    if (count == 1) != (start == stop):
        raise SpecError(f"{label}: got {short(given)}; start and stop must be equal for count 1, and only then")
    with np.errstate(all="ignore"):
        values = (np.geomspace if spacing == "log" else np.linspace)(start, stop, count)
    values[0], values[-1] = start, stop
    return values


def _nested(label: str, spacing: str, given: Any, interval: Any) -> np.ndarray:
    key = INTERVALS[spacing]
    try:
        first, last = given if isinstance(given, list | tuple) else ()
        start, stop = number(first), number(last)
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; with {key} give {spacing} = [start, stop]") from None
    _check_ends(label, spacing, start, stop)
    try:
        size = number(python_integer(interval))
    except ValueError:
        size = math.nan
    if spacing == "log" and not (1 <= size <= nested.MAX_PER_DECADE and size == int(size)):
        raise SpecError(f"{label}: got {key} {short(interval)}; give a whole number from 1 to {nested.MAX_PER_DECADE}")
    if not 0 < size < math.inf:
        raise SpecError(f"{label}: got {key} {short(interval)}; give a finite number > 0")
    if spacing == "log":
        values = nested.by_decade(start, stop, int(size), MAX_AXIS_VALUES)
    else:
        values = nested.by_step(start, stop, size, MAX_AXIS_VALUES)
    if values is None:
        raise SpecError(f"{label}: got {key} {short(interval)}, for more than {MAX_AXIS_VALUES} values; give fewer")
    return values


def _check_ends(label: str, spacing: str, start: float, stop: float) -> None:
    for end, value in (("start", start), ("stop", stop)):
        if spacing == "log" and not value > 0:
            raise SpecError(f"{label}: log spacing needs {end} > 0, got {value}; give one > 0, or use linear spacing")
        if math.isinf(value):
            raise SpecError(f"{label}: {spacing} spacing needs a finite {end}, got {value}; list it as one of values")
