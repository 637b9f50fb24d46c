"""Phase diagrams of large-step gradient descent: where the edge of stability happens, and where it breaks.

The names below are the whole public interface, beside the pictures in ``eos_sweep.plot``.  Each is imported when it is
first used, and so is ``plot``, so that ``import eos_sweep`` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

from eos_sweep.analysis.after_xarray import register_accessor

if TYPE_CHECKING:  # the same names for type checkers and editors; a test compares them with the table
    from eos_sweep.analysis.boundaries import boundary as boundary
    from eos_sweep.analysis.combining import combine as combine
    from eos_sweep.analysis.dimensions import dimension as dimension
    from eos_sweep.analysis.edge_curves import edges as edges
    from eos_sweep.analysis.event_flags import events as events
    from eos_sweep.analysis.event_flags import happened as happened
    from eos_sweep.analysis.geojson import edges_geojson as edges_geojson
    from eos_sweep.analysis.labelled import label as label
    from eos_sweep.analysis.labelled import settled as settled
    from eos_sweep.analysis.masking import masked as masked
    from eos_sweep.analysis.one_file import export as export
    from eos_sweep.analysis.opened import open_sweep as open_sweep
    from eos_sweep.analysis.phases import segment_phases as segment_phases
    from eos_sweep.analysis.pooling import coarsen as coarsen
    from eos_sweep.analysis.power_laws import power_law as power_law
    from eos_sweep.analysis.predicted import critical_lines as critical_lines
    from eos_sweep.analysis.pyramid import open_pyramid as open_pyramid
    from eos_sweep.analysis.reducing import modal as modal
    from eos_sweep.analysis.reducing import quantiles as quantiles
    from eos_sweep.analysis.reducing import shares as shares
    from eos_sweep.analysis.trajectories import trajectory as trajectory
    from eos_sweep.analysis.trees import open_tree as open_tree
    from eos_sweep.analysis.wada_shares import wada as wada
    from eos_sweep.derivation.from_python import model as model
    from eos_sweep.errors import InputError as InputError
    from eos_sweep.errors import SpecError as SpecError
    from eos_sweep.errors import Stopped as Stopped
    from eos_sweep.runtime.from_python import sweep as sweep
    from eos_sweep.runtime.planning import plan as plan
    from eos_sweep.runtime.runner import run as run
    from eos_sweep.spec.axes import Axis as Axis
    from eos_sweep.spec.sweeps import Sweep as Sweep
    from eos_sweep.spec.sweeps import load_spec as load_spec

# Public name -> module of eos_sweep that defines it.
_HOMES = {
    "Axis": "spec.axes",
    "InputError": "errors",
    "SpecError": "errors",
    "Stopped": "errors",
    "Sweep": "spec.sweeps",
    "boundary": "analysis.boundaries",
    "coarsen": "analysis.pooling",
    "combine": "analysis.combining",
    "critical_lines": "analysis.predicted",
    "dimension": "analysis.dimensions",
    "edges": "analysis.edge_curves",
    "edges_geojson": "analysis.geojson",
    "events": "analysis.event_flags",
    "export": "analysis.one_file",
    "happened": "analysis.event_flags",
    "label": "analysis.labelled",
    "load_spec": "spec.sweeps",
    "masked": "analysis.masking",
    "modal": "analysis.reducing",
    "model": "derivation.from_python",
    "open_pyramid": "analysis.pyramid",
    "open_sweep": "analysis.opened",
    "open_tree": "analysis.trees",
    "plan": "runtime.planning",
    "power_law": "analysis.power_laws",
    "quantiles": "analysis.reducing",
    "run": "runtime.runner",
    "segment_phases": "analysis.phases",
    "settled": "analysis.labelled",
    "shares": "analysis.reducing",
    "sweep": "runtime.from_python",
    "trajectory": "analysis.trajectories",
    "wada": "analysis.wada_shares",
}
__all__ = list(_HOMES)
register_accessor()


if not TYPE_CHECKING:  # with it, type checkers would accept any name

    def __getattr__(name: str) -> Any:
        if name == "plot":
            return importlib.import_module("eos_sweep.plot")
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version("eos-sweep")
        if name not in _HOMES:
            raise AttributeError(f"module 'eos_sweep' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"eos_sweep.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*__all__, "plot"]
