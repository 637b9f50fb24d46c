"""The points of a sweep: a list of cases, which have a number each and a value of each *column*.

A column is an input or a name that expressions use, such as an axis has.  The points are one dimension of the sweep,
``point``, with the numbers 0, 1, 2, ..., which may stand beside ordinary axes.  They are listed, drawn, or read from a
CSV file.  A sweep keeps the bits of all values, so a store needs neither the file nor what drew them.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.errors import SpecError
from eos_sweep.spec.axes import Axis, number_text

POINT = "point"  # the name of the dimension
NUMBER = Quantity("number of the point", "", least=0.0, whole=True)


class Points(NamedTuple):
    """Some points.

    Attributes
    ----------
    columns
        Name -> values, float64 and read-only, one for each point.
    origin
        Where they are from: ``method``, ``seed`` and ``ranges``; or ``file``, ``bytes`` and ``sha256``; or nothing.
    """

    columns: Mapping[str, np.ndarray]
    origin: Mapping[str, Any]

    @property
    def size(self) -> int:
        """The number of points."""
        return next(iter(self.columns.values())).size

    @property
    def axis(self) -> Axis:
        """The dimension of the points: their numbers."""
        numbers = np.arange(self.size, dtype=np.float64)
        numbers.flags.writeable = False
        return Axis.model_validate({"name": POINT, "spacing": "values", "values": numbers})

    @property
    def definition(self) -> dict[str, Any]:
        """Plain data of which ``point_forms.parse`` makes the same points, bit for bit."""
        stored = {name: base64.b64encode(bits_of(values)).decode() for name, values in self.columns.items()}
        return {**self.origin, "stored": stored}

    @property
    def facts(self) -> dict[str, tuple[str, str]]:
        """What determines the numbers of a sweep: key -> (hash of the bits of a column, text for people)."""
        return {
            f"points.{name}": (hashlib.sha256(bits_of(values)).hexdigest(), _words(values))
            for name, values in self.columns.items()
        }

    @property
    def about(self) -> dict[str, Any]:
        """What a dataset says of the origin of its points, as attributes."""
        words = {key: value for key, value in self.origin.items() if key != "ranges"}
        return {f"points_{key}": value for key, value in words.items()}

    def at(self, numbers: Any) -> dict[str, np.ndarray]:
        """Return name -> values of the points with some numbers; SpecError if there is no such point."""
        numbers = np.asarray(numbers, np.float64)
        wrong = ~((numbers >= 0) & (numbers < self.size)) | (np.floor(numbers) != numbers)
        if wrong.any():
            got = number_text(numbers[wrong].flat[0])
            raise SpecError(f"point: got {got}; give a whole number from 0 to {self.size - 1}")
        places = numbers.astype(np.int64)
        return {name: values[places] for name, values in self.columns.items()}

    def extremes(self) -> np.ndarray:
        """Return the numbers of the first and the last point, and of those where a column is least or largest."""
        found = [0, self.size - 1]
        for values in self.columns.values():
            found += [int(values.argmin()), int(values.argmax())]
        return np.unique(found).astype(np.float64)

    def extend(self, old: "Points") -> bool:
        """Whether these are the points of ``old``, and perhaps more after them."""
        return self.columns.keys() == old.columns.keys() and all(
            bits_of(self.columns[name]).startswith(bits_of(values)) for name, values in old.columns.items()
        )

    def __eq__(self, other: object) -> bool:
        """Whether the origin and the bits of all values are equal."""
        return isinstance(other, Points) and self.definition == other.definition

    def __hash__(self) -> int:
        """Return a hash of the values."""
        return hash(tuple(fact for fact, _ in self.facts.values()))


def bits_of(values: np.ndarray) -> bytes:
    """Return numbers as little-endian doubles, by which they are compared."""
    return values.astype("<f8").tobytes()


def _words(values: np.ndarray) -> str:
    if values.size <= 8:
        return f"[{', '.join(map(number_text, values))}]"
    return f"{number_text(values.min())} to {number_text(values.max())}, {values.size} points"
