"""The modes in which the kernel is timed: what it computes of the sharpness, from nothing to every step."""

from collections.abc import Callable

from eos_sweep import observables
from eos_sweep.checks.bench import workload
from eos_sweep.observables import DOUBLED

NAME = "eos_sweep"
OWNERS = {
    name: owner
    for name, (owner, _) in observables.variables(workload.MODEL).items()
    if not name.endswith(DOUBLED)  # these take twice the steps
}
CERTIFIED = tuple(name for name, owner in OWNERS.items() if owner in observables.DEFAULT and owner != "tail")
MODES = {
    # from the test of stability, without an eigenvalue
    "counts": ("crossings", "first_crossing", "sign_flips", "loss_rises", "loss_max"),
    "certified maximum": CERTIFIED,  # all default observables except the tail
    "default": ("default",),  # with the tail
    "every step": (*CERTIFIED, "sharpness_min", "sharpness_mean"),  # an eigenvalue at each step
}


def variables(variant: str) -> tuple[str, ...]:
    """Return what the kernel computes in a mode, or for an observable alone."""
    wanted = MODES.get(variant) or tuple(name for name, owner in OWNERS.items() if owner == variant)
    return observables.expand(wanted, workload.MODEL)


def prepare(variant: str) -> Callable[[workload.Points, int], dict]:
    """Return ``run(points, steps)`` of a mode, or of an observable alone."""
    return lambda points, steps: workload.run(points, variables(variant), steps)
