"""What each critical line says, as a random search for a counter-example inside of its assumptions.

A claim draws inputs and returns them, the sides of the line of which it speaks, and where what it says is wrong.
"""

import numpy as np

from eos_sweep import models
from helpers import named_inputs as named
from helpers.critical_lines import lines, ratio

SEEN = "outcome", "steps_above", "first_crossing", "loss_rises", "loss_final", "sharpness_initial", "sharpness_final"
ABOVE, BELOW = "above", "below"
MARGIN = 0.02  # of the line where a limit, or a run of finitely many steps, stands for the claim
CLAIMS = {}


def claim(model, line, side, margin=1e-9):
    """Enter a claim about one side of a line of a model, from ``margin`` on."""

    def enter(search):
        CLAIMS[model, line, side, search.__name__] = (search, margin)
        return search

    return enter


class Draw:
    """Random columns of one length."""

    def __init__(self, count, seed=0):
        self.count, self.random = count, np.random.default_rng(seed)

    def evenly(self, low, high):
        return self.random.uniform(low, high, self.count)

    def log(self, low, high):
        return 10.0 ** self.random.uniform(low, high, self.count)

    def sign(self):
        return self.random.choice([-1.0, 1.0], self.count)


def run(model, steps, **values):
    """Run a batch and return what claims look at, which is the same for all, so that a model has one kernel."""
    guarded = ("sign_flips", f"{models.get(model).GUARD}_final") if models.get(model).GUARD else ()
    doubling = ("period", "lyapunov") if "lyapunov" in models.get(model).OBSERVABLES else ()
    return named.run(models.get(model), steps, (*SEEN, *guarded, *doubling), **values)


def stepped(model, steps=1, **values):
    """Return the states after steps in NumPy, by name, and the parameters."""
    path, p = named.states(models.get(model), steps, **values)
    return [dict(zip(models.get(model).STATE, theta, strict=False)) for theta in path], p


def violations(key, count, seed=0):
    """Return how many points are on the side of the line that a claim is about, and the inputs where it is wrong."""
    model, line, side, _ = key
    search, margin = CLAIMS[key]
    values, wrong = search(Draw(count, seed))
    level = np.broadcast_to(ratio(models.get(model), line, **values), wrong.shape)
    there = level > 1 + margin if side == ABOVE else level < 1 - margin
    bad = there & wrong
    return int(there.sum()), {name: np.broadcast_to(value, wrong.shape)[bad] for name, value in values.items()}


def unclaimed():
    """Return the lines of which no claim is entered."""
    every = {(name, line) for name in models.TABLE for line in lines(models.get(name))}
    return every - {key[:2] for key in CLAIMS} - {(name, "start_at_edge") for name in models.TABLE}


def flow_end(model, steps=30_000, **values):
    """Return where gradient flow ends, by tiny steps, and whether they have come to the minimum."""
    sharpness = run(model, 1, **values | {"eta": 1e-9})["sharpness_initial"]
    ends = run(model, steps, **values | {"eta": 0.02 / (sharpness + 1.0)})
    return ends, ends["loss_final"] < 1e-12


def flow(model, line, start):
    """Enter the claim that gradient flow from ``start(draw)`` ends in an unstable minimum."""

    @claim(model, line, ABOVE, MARGIN)
    def gradient_flow_ends_in_an_unstable_minimum(draw):
        values = start(draw)
        ends, there = flow_end(model, **values)
        values["eta"] = draw.evenly(0.5, 4.0) / ends["sharpness_final"]
        return values, there & (ends["sharpness_final"] * values["eta"] < 2)
