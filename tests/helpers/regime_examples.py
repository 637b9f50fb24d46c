"""Observables of made-up trajectories, whose regimes are known."""

# A run that took its whole budget below 2/eta and did not sharpen, and what makes something else of it.
CALM = {
    "outcome": 3,
    "sign_flips": 0,
    "crossings": 0,
    "first_crossing": -1,
    "steps_above": 0,
    "final_above": 1,
    "sharpness_initial": 10.0,
    "sharpness_max": 10.0,
    "period": 0,
    "loss_growth": 1.0,
}
DIVERGED, FLIPPED, SHARPENED = {"outcome": 2}, {"sign_flips": 1}, {"sharpness_max": 10.6}
HOVERED = {"crossings": 2, "first_crossing": 3, "steps_above": 9}
CAUGHT = {"crossings": 1, "first_crossing": 3, "steps_above": 5}
STARTED_ABOVE = {"crossings": 0, "first_crossing": 0, "steps_above": 5}
SWINGS = {"crossings": 4, "first_crossing": 0, "steps_above": 5}  # above at the start and at each second step
ORBIT, AT_REST = {"period": 2}, {"period": 1}
STAYS_ABOVE = {"first_crossing": 0, "steps_above": 5, "final_above": 2}
