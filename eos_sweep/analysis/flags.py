"""Whether the numbers of a variable are labels.

CF flags are attributes, and arithmetic may keep attributes: a share of cells can carry the flags of the regime.  So the
numbers decide.  They are labels if they are whole and each is the code of a flag.  Flags that only say why there is no
number, beside numbers, make no labels.
"""

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError, named
from eos_sweep.store.sentinels import ABSENT

FLAGS = "flag_values", "flag_meanings"


class NotLabelsError(InputError):
    """A variable holds numbers that are no labels."""


def codes_of(data: xr.DataArray) -> dict[str, int]:
    """Return meaning -> code of each flag if ``data`` may hold labels, as its type and its flags say; else nothing.

    No value is read.  Who reads them passes them to :func:`ranks`.

    Examples
    --------
    >>> about = {"flag_values": [0, 1], "flag_meanings": "no yes"}
    >>> codes_of(xr.DataArray([1, 0], attrs=about))
    {'no': 0, 'yes': 1}
    >>> codes_of(xr.DataArray([0.5, 1.0], attrs=about))
    {}
    """
    values, meanings = (data.attrs.get(name) for name in FLAGS)
    if data.dtype.kind not in "iu" or values is None or not isinstance(meanings, str):
        return {}
    values, names = np.atleast_1d(values), meanings.split()
    if values.dtype.kind not in "iu" or not len(set(names)) == len(set(values.tolist())) == len(names) == values.size:
        return {}
    room = np.iinfo(data.dtype)
    if set(names) <= set(ABSENT) or values.min() < room.min or values.max() > room.max:
        return {}
    return dict(zip(names, values.tolist(), strict=True))


def labels_of(data: xr.DataArray) -> dict[str, int]:
    """Return ``codes_of(data)``.

    Raises
    ------
    NotLabelsError
        If there are none.
    """
    if found := codes_of(data):
        return found
    reason = f"its values are {data.dtype}" if data.dtype.kind not in "iu" else "it has no flags for them"
    raise NotLabelsError(f"{named(str(data.name))}: holds no labels, since {reason}; name labels, such as regime")


def ranks(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the place of each value among ``codes``, which increase.

    Raises
    ------
    NotLabelsError
        If a value is none of them.
    """
    if values.dtype.itemsize == 1:
        table = np.full(256, codes.size)
        table[codes.astype(np.uint8)] = np.arange(codes.size)
        found = table[values.astype(np.uint8)]
        strange = found == codes.size
    else:
        found = np.minimum(np.searchsorted(codes, values), codes.size - 1)
        strange = codes[found] != values
    if strange.any():
        raise NotLabelsError(f"labels: got {values[strange][0]}, which is no flag; give codes that all have a meaning")
    return found
