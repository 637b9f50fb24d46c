"""Phase diagrams of large-step gradient descent: where the edge of stability happens, and where it breaks.

The names below are the whole public interface.  They are imported when first used, so that ``import eos_sweep`` is
quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eos_sweep.api import open_pyramid as open_pyramid
    from eos_sweep.api import open_sweep as open_sweep
    from eos_sweep.api import sweep as sweep
    from eos_sweep.boundaries import boundary as boundary
    from eos_sweep.errors import InputError as InputError
    from eos_sweep.estimate import plan as plan
    from eos_sweep.export import export as export
    from eos_sweep.phases import segment_phases as segment_phases
    from eos_sweep.pooling import coarsen as coarsen
    from eos_sweep.pooling import shares as shares
    from eos_sweep.power_laws import power_law as power_law
    from eos_sweep.regimes import label as label
    from eos_sweep.runner import run as run
    from eos_sweep.spec import Axis as Axis
    from eos_sweep.spec import SpecError as SpecError
    from eos_sweep.spec import Sweep as Sweep
    from eos_sweep.spec import load_spec as load_spec
    from eos_sweep.trace import trajectory as trajectory
    from eos_sweep.trust import settled as settled

_HOMES = {
    "Axis": "spec",
    "InputError": "errors",
    "SpecError": "spec",
    "Sweep": "spec",
    "coarsen": "pooling",
    "export": "export",
    "boundary": "boundaries",
    "label": "regimes",
    "load_spec": "spec",
    "open_pyramid": "api",
    "open_sweep": "api",
    "plan": "estimate",
    "power_law": "power_laws",
    "run": "runner",
    "segment_phases": "phases",
    "settled": "trust",
    "shares": "pooling",
    "sweep": "api",
    "trajectory": "trace",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'eos_sweep' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"eos_sweep.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
