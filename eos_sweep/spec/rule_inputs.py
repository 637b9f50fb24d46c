"""The inputs of trajectories that regime rules read beside the observables."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eos_sweep import regimes
from eos_sweep.spec.sweeps import Sweep


def read(sweep: Sweep, coordinates: Mapping[str, Any], limits: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Return name -> values of the inputs that the rules read, at points as for :meth:`Sweep.inputs`."""
    if not (wanted := regimes.inputs(limits)):
        return {}
    initial, parameters = sweep.inputs(coordinates)
    return {name: (initial | parameters)[name] for name in wanted}
