"""Points drawn from ranges: at random, by a Latin hypercube, or by Sobol's sequence.

Draws depend on the seed, the number of a point and the place of its column alone, through eos_sweep's own random
numbers, logarithm and exponential.  So they have the same bits on any machine.  Sobol's sequence is SciPy's, whose bits
are then changed at random: the same bits of all points, which keeps the sequence even (a digital shift).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.errors import SpecError, short
from eos_sweep.functions import exp, log, uniform_draw
from eos_sweep.plain_data import number

RANGE = "{ linear = [start, stop] }, { log = [start, stop] } or { values = [...] }"
NESTED = ("sobol", "random")  # methods of which more points begin with the same ones
BELOW_ONE = 1.0 - 2.0**-53  # what parts of a range are rounded to at most
BITS = 53  # of a number of Sobol's sequence, as many as a double has


class Range(NamedTuple):
    """What a column is drawn from.

    Attributes
    ----------
    spacing
        ``linear``: evenly between two numbers; ``log``: evenly in the logarithm; ``values``: each with the same
        probability.
    numbers
        The two ends, or the values.
    """

    spacing: str
    numbers: tuple[float, ...]

    @property
    def definition(self) -> dict[str, list[float]]:
        """The plain TOML form."""
        return {self.spacing: list(self.numbers)}

    def at(self, parts: np.ndarray) -> np.ndarray:
        """Return the numbers at parts of the range, which are between 0 and 1."""
        first, last = self.numbers[0], self.numbers[-1]
        parts = np.minimum(parts, BELOW_ONE)
        if self.spacing == "values":
            return np.array(self.numbers)[(parts * len(self.numbers)).astype(np.int64)]
        if self.spacing == "linear":
            found = first * (1.0 - parts) + last * parts
        else:
            ends = log(np.array([first, last]))
            found = exp(ends[0] * (1.0 - parts) + ends[1] * parts)
        return np.clip(found, min(first, last), max(first, last))


def parse_range(label: str, given: Any) -> Range:
    """Return the range that a table gives; SpecError, in which ``label`` names it, if it gives none."""
    spacing = next(iter(given)) if isinstance(given, Mapping) and len(given) == 1 else None
    numbers = given[spacing] if spacing in ("linear", "log", "values") else None
    numbers = numbers.tolist() if isinstance(numbers, np.ndarray) else numbers
    try:
        if not isinstance(numbers, list | tuple) or not numbers or (spacing != "values" and len(numbers) != 2):
            raise ValueError
        found = Range(str(spacing), tuple(number(value) for value in numbers))
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; give {RANGE}") from None
    if spacing != "values" and not np.isfinite(found.numbers).all():
        raise SpecError(f"{label}: got {short(given)}; give finite ends")
    if spacing == "log" and min(found.numbers) <= 0:
        raise SpecError(f"{label}: got {short(given)}; give ends > 0, or use linear")
    if spacing != "values" and found.numbers[0] == found.numbers[1]:
        raise SpecError(f"{label}: got {short(given)}; give two ends that differ, or a number under [parameters]")
    return found


def draw(method: str, count: int, seed: int, ranges: Mapping[str, Range]) -> dict[str, np.ndarray]:
    """Return name -> numbers of the columns of ``count`` points.

    Parameters
    ----------
    method
        A key of ``METHODS``.
    count
        Number of points.
    seed
        Of the draws.
    ranges
        Name -> what the column is drawn from.

    Raises
    ------
    SpecError
        If the method needs SciPy, which is not installed.

    Examples
    --------
    >>> draw("latin_hypercube", 4, 0, {"eta": Range("linear", (0.0, 4.0))})["eta"].astype(int).tolist()
    [3, 1, 2, 0]
    """
    parts = METHODS[method](count, float(seed), len(ranges))
    return {name: one.at(parts[place]) for place, (name, one) in enumerate(ranges.items())}


def _random(count: int, seed: float, columns: int) -> np.ndarray:
    return uniform_draw(np.full(count, seed), np.arange(count, dtype=np.float64), np.arange(float(columns))[:, None])


def _latin_hypercube(count: int, seed: float, columns: int) -> np.ndarray:
    """Return one random number in each of ``count`` equal parts, in a random order of its own for each column."""
    both = _random(count, seed, 2 * columns)
    places = np.argsort(both[columns:], axis=1, kind="stable").argsort(axis=1)
    return (places + both[:columns]) / count


def _sobol(count: int, seed: float, columns: int) -> np.ndarray:
    try:
        import scipy.stats.qmc as qmc
    except ImportError:
        remedy = "pip install 'eos-sweep[points]', or give another method"
        raise SpecError(f'points.method: got "sobol", which needs scipy; {remedy}') from None
    exponent = (count - 1).bit_length()
    even = qmc.Sobol(columns, scramble=False, bits=BITS).random_base2(exponent)[:count].T
    shifts = (_random(1, seed, columns) * 2.0**BITS).astype(np.uint64)
    return ((even * 2.0**BITS).astype(np.uint64) ^ shifts).astype(np.float64) * 2.0**-BITS


METHODS: Mapping[str, Callable[[int, float, int], np.ndarray]] = {
    "sobol": _sobol,
    "latin_hypercube": _latin_hypercube,
    "random": _random,
}
