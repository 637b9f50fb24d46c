"""A seed axis that grows until shares over it are known: ``seed = { until = 0.02, batch = 64, most = 4096 }``."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from eos_sweep.errors import SpecError, short
from eos_sweep.plain_data import number
from eos_sweep.spec.fields import python_integer

FORM = "{ until = 0.02, batch = 64, most = 4096 }"
MOST = 10**6  # seeds


class Growing(NamedTuple):
    """When a seed axis has enough values.

    Attributes
    ----------
    until
        Half-width of the interval of a share that none in the map may exceed.
    batch
        Number of seeds by which the axis grows.
    most
        Number of seeds at which it ends in any case.
    """

    until: float
    batch: int = 64
    most: int = 4096

    @property
    def definition(self) -> dict[str, Any]:
        """The plain TOML form."""
        return self._asdict()


def split(label: str, name: str, given: Any) -> tuple[Any, Growing | None]:
    """Return the seeds with which an axis begins and how it grows, or ``given`` and None if it is an ordinary one.

    Parameters
    ----------
    label
        What errors call the axis.
    name, given
        Its name and its definition.

    Raises
    ------
    SpecError
        If the axis is no seed, or a number is wrong.
    """
    if not isinstance(given, Mapping) or "until" not in given:
        return given, None
    if name != "seed":
        raise SpecError(f"{label}: until is for the axis seed, whose values are alike; give values here")
    if unknown := [key for key in given if key not in Growing._fields]:
        raise SpecError(f"{label}: got {short(unknown[0])} beside until; give {FORM}")
    try:
        until = number(given["until"])
    except ValueError:
        until = 0.0
    if not 0 < until < 0.5:
        raise SpecError(f"{label}: got until {short(given['until'])}; give half of an interval, from 0 to 0.5: {FORM}")
    batch, most = (python_integer(given.get(key, Growing._field_defaults[key])) for key in ("batch", "most"))
    for key, value in (("batch", batch), ("most", most)):
        if type(value) is not int or not 1 <= value <= MOST:
            raise SpecError(f"{label}: got {key} {short(value)}; give a whole number from 1 to {MOST}")
    if batch > most:
        raise SpecError(f"{label}: got batch {batch} and most {most}; give a batch of at most so many")
    return range(batch), Growing(until, batch, most)


def growing_of(axes: Iterable[Any]) -> Growing | None:
    """Return how the seed axis among the axes of a sweep grows, None if it does not."""
    return next((axis.growing for axis in axes if axis.growing), None)
