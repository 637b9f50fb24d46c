"""Pictures of sweeps and trajectories: ``from eos_sweep import plot``."""

from eos_sweep.analysis.pictures.descents import animate_descent, descent
from eos_sweep.analysis.pictures.dimensions import dimension_plot
from eos_sweep.analysis.pictures.drawing import draw
from eos_sweep.analysis.pictures.files import save
from eos_sweep.analysis.pictures.legends import legend
from eos_sweep.analysis.pictures.maps import facets, observable_map, regime_map
from eos_sweep.analysis.pictures.measured import boundary_dots, edge_curves
from eos_sweep.analysis.pictures.moving import animate
from eos_sweep.analysis.pictures.trajectories import trajectory_plot

__all__ = [
    "animate",
    "animate_descent",
    "boundary_dots",
    "descent",
    "dimension_plot",
    "draw",
    "edge_curves",
    "facets",
    "legend",
    "observable_map",
    "regime_map",
    "save",
    "trajectory_plot",
]
