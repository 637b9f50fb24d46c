"""One dimension of a grid: a name and its values, given as linear or logarithmic spacing or one by one."""

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from eos_sweep.contract import Quantity
from eos_sweep.errors import InputError, named

LONGEST = 10_000_000  # values of an axis: they are held in memory, the grid is not
CHARACTERS = 60  # characters of its symbol or its name in words: they stand on a picture
FORMS = "[values] or one of { linear = [start, stop, count] }, { log = [start, stop, count] }, { values = [...] }"


class SpecError(InputError):
    """A sweep that cannot be run; the message is one line for the person who wrote it."""


def number(value: Any) -> float:
    """Return ``value`` as a float; ValueError for NaN, for truth values, and for text but for JSON's "inf"."""
    if isinstance(value, str) and value in ("inf", "-inf"):  # how JSON has to say it
        return float(value)
    if isinstance(value, bool | np.bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError("not a number")
    try:
        result = float(value)
    except OverflowError:
        raise ValueError("too large") from None
    if math.isnan(result):
        raise ValueError("not a number")
    return result


def whole(value: Any) -> Any:
    """Return ``value``, and NumPy's integers as Python's."""
    return value.item() if isinstance(value, np.integer) else value


def short(value: Any) -> str:
    """Return ``value`` as text of one line, for an error."""
    try:
        line = " ".join((str(value) if isinstance(value, np.generic) else repr(value)).split())
    except (ValueError, RecursionError):  # an integer of more digits, or lists of more levels, than Python prints
        line = f"a huge {type(value).__name__}"
    return named(line)


def text(number: float) -> str:
    """Return the shortest text that reads back as ``number``."""
    return repr(float(number)).removesuffix(".0")


def closest(name: str, options: Iterable[str]) -> str:
    """Return the remedy for a ``name`` that is none of ``options``."""
    options = list(options)
    match = difflib.get_close_matches(named(name), options, 1)
    return f"did you mean {match[0]!r}?" if match else f"there are: {named(', '.join(options), 240)}"


def bounded(label: str, quantity: Quantity, values: np.ndarray) -> None:
    """Raise unless all ``values`` lie where ``quantity`` allows them; infinity has to be the quantity's default."""
    endless = quantity.default == math.inf
    bad = ~((values > quantity.above) & (values >= quantity.least) & (values > -math.inf))
    if not endless:
        bad |= (values == math.inf) | (values > quantity.most)
    if bad.any():
        bounds = [f"> {text(quantity.above)}"] * (quantity.above > -math.inf)
        bounds += [f">= {text(quantity.least)}"] * (quantity.least > -math.inf)
        bounds += [f"<= {text(quantity.most)}"] * (quantity.most < math.inf)
        wanted = " ".join(["a number" if endless else "a finite number", " and ".join(bounds), "or inf" * endless])
        raise SpecError(f"{label}: got {values[bad][0]}; the {quantity.long_name} must be {' '.join(wanted.split())}")
    if quantity.whole and (bad := (values % 1 != 0) & (values != math.inf)).any():
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
    """One dimension of the grid: an input of the model, the seed, or a name that expressions take."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    name: str
    spacing: Literal["linear", "log", "values"]
    values: np.ndarray  # float64, read-only
    symbol: str = ""  # instead of the input's own, or of the name
    long_name: str = ""

    @classmethod
    def parse(cls, name: str, given: Any) -> Self:
        """Return the axis that ``given`` (a TOML form, or a 1-D array of numbers) defines."""
        label = f"axis {short(name)}"
        given, words = _words(label, given)
        if isinstance(given, Mapping) and (len(given) != 1 or not set(given) <= {"linear", "log", "values"}):
            raise SpecError(f"{label}: got {short(dict(given))}; give {FORMS}")
        spacing, numbers = next(iter(given.items())) if isinstance(given, Mapping) else ("values", given)
        values = _listed(label, numbers) if spacing == "values" else _spaced(label, spacing, numbers)
        if values.size == 0:
            raise SpecError(f"{label}: got [], no values; give at least one")
        if values.size > LONGEST:
            raise SpecError(f"{label}: got {values.size} values; give at most {LONGEST}")
        if np.isnan(values).any():
            raise SpecError(f"{label}: got nan; give numbers only")
        ordered = np.sort(values)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if twice.size:
            raise SpecError(f"{label}: got {text(twice[0])} more than once; give every value once")
        values.flags.writeable = False
        return cls.model_validate({"name": name, "spacing": spacing, "values": values, **words})

    @property
    def definition(self) -> dict[str, list[float] | str]:
        """The plain TOML form, ``{spacing: numbers}``, and the words that were given."""
        numbers = self.values.tolist()
        if self.spacing != "values":
            numbers = [numbers[0], numbers[-1], self.values.size]
        words = {"symbol": self.symbol, "long_name": self.long_name}
        return {self.spacing: numbers} | {key: word for key, word in words.items() if word}

    def __str__(self) -> str:
        ends = [text(value) for value in self.values[[0, -1]]]
        if self.spacing != "values":
            return f"{self.spacing} {ends[0]}…{ends[1]} × {self.values.size}"
        if self.values.size <= 8:
            return f"[{', '.join(text(value) for value in self.values)}]"
        return f"[{ends[0]}, …, {ends[1]}] × {self.values.size}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Axis) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, bytes, str, str]:
        return self.name, self.spacing, self.bits, self.symbol, self.long_name

    @property
    def bits(self) -> bytes:
        """The values as little-endian doubles: axes are compared by these."""
        return self.values.astype("<f8").tobytes()


def _words(label: str, given: Any) -> tuple[Any, dict[str, str]]:
    """Return the numbers' form of an axis, and the words that were given with it."""
    if not isinstance(given, Mapping):
        return given, {}
    words = {key: given[key] for key in ("symbol", "long_name") if key in given}
    for key, word in words.items():
        if not isinstance(word, str) or not word.isprintable() or not 0 < len(word) <= CHARACTERS:
            raise SpecError(
                f"{label}: got {key} = {short(word)}; give a text of 1 to {CHARACTERS} characters in quotes"
            )
    return {key: numbers for key, numbers in given.items() if key not in words}, words


def _listed(label: str, numbers: Any) -> np.ndarray:
    try:
        if isinstance(numbers, list | tuple):
            plain = set(map(type, numbers)) <= {int, float}  # a million values need not be looked at one by one
            return np.array(numbers if plain else [number(value) for value in numbers], dtype=np.float64)
        array = np.asarray(numbers)
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, OverflowError, TypeError):
        raise SpecError(f"{label}: got {short(numbers)}; give {FORMS}, of numbers that are not NaN") from None


def _spaced(label: str, spacing: str, given: Any) -> np.ndarray:
    try:
        first, last, count = given if isinstance(given, list | tuple) else ()
        start, stop = number(first), number(last)
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; give {spacing} = [start, stop, count]") from None
    count = whole(count)
    if type(count) is not int or not 1 <= count <= LONGEST:
        raise SpecError(f"{label}: got count {short(count)}; give a whole number from 1 to {LONGEST}")
    for end, value in (("start", start), ("stop", stop)):
        if spacing == "log" and not value > 0:
            raise SpecError(f"{label}: log spacing needs {end} > 0, got {value}; give one > 0, or use linear spacing")
        if math.isinf(value):
            raise SpecError(f"{label}: {spacing} spacing needs a finite {end}, got {value}; list it as one of values")
    if (count == 1) != (start == stop):
        raise SpecError(f"{label}: got {short(given)}; start and stop must be equal for count 1, and only then")
    with np.errstate(all="ignore"):
        values = (np.geomspace if spacing == "log" else np.linspace)(start, stop, count)
    values[0], values[-1] = start, stop
    return values
