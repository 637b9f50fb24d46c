"""What is timed of our own kernel: what it computes of the sharpness, from nothing to everything."""

from collections.abc import Callable

from eos_sweep import observables
from eos_sweep.bench import workload

NAME = "eos_sweep"
OWNERS = {name: owner for name, (owner, _) in observables.variables(workload.MODEL).items()}
CERTIFIED = tuple(name for name, owner in OWNERS.items() if owner in observables.DEFAULT and owner != "tail")
MODES = {
    # crossings and their like come from the test of stability, without an eigenvalue
    "counts": ("crossings", "first_crossing", "sign_flips", "loss_rises", "loss_max"),
    "certified maximum": CERTIFIED,  # all default observables but the tail
    "default": ("default",),  # the same with the tail
    "every step": (*CERTIFIED, "sharpness_min", "sharpness_mean"),  # the eigenvalue at each step
}


def prepare(variant: str) -> Callable[[workload.Points, int], dict]:
    """Build ``run(points, steps)`` of a mode, or of an observable alone."""
    variables = MODES.get(variant) or tuple(name for name, owner in OWNERS.items() if owner == variant)
    return lambda points, steps: workload.run(points, variables, steps)
