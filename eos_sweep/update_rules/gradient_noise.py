"""Gradient noise: the gradient is g + sigma xi, with xi independent standard normal numbers in each step.

A seed and the number of a step determine the numbers, so runs with one seed have the same noise.  The edge is that
without noise.
"""

from eos_sweep.contract import Quantity
from eos_sweep.functions.draws import MOST
from eos_sweep.update_rules.interface import Condition, Now, Vector

TITLE = "normal noise on the gradient"
REFERENCE = "Welling, Teh 2011; Neelakantan et al. 2015, arXiv 1511.06807"
SEED = Quantity("seed of the noise", "seed", default=0.0, least=0.0, most=MOST, whole=True)
PARAMETERS = {
    "noise": Quantity("size of the noise", "σ", default=0.01, least=0.0, sizes=(1e-60, 1e30)),
    "seed": SEED,
}
TRIAL = {"noise": "10 ** uniform(-3, 0)"}
CLOCKS = {"clock": 0.0}
EDGE = r"2/\eta"
ORDER = 0


def gradient(now: Now, push: Vector, at: Vector) -> Vector:
    """Return eta (g + sigma xi)."""
    return push + (now.eta * now.p.noise) * now.normals()


def settles(now: Now) -> Condition:
    """Tell that a run rests at a minimum only without noise."""
    return now.p.noise == 0.0
