"""Reference runs for the claims of Liu et al. 2025; on each claim, one of them fails."""

import numpy as np

RADIUS = np.sqrt(10) / 60
A = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
AT = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": RADIUS}
RUNS = {
    "A": (A, AT),
    "A from X": (A | {"beta1": 0.005}, AT),
    "a small error left": (
        {"alpha": 0.1369, "beta1": 1e-5, "beta2": 5.41},
        {"lambda1": 1000.0, "lambda2": 1e-3, "eta": 0.08, "radius": 0.0166},
    ),
    "flips": ({"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}, AT | {"eta": 0.15, "radius": 0.3}),
    "a fast drift": (A, AT | {"lambda2": 1.0}),
    "overshoot": ({"alpha": 0.4, "beta1": 0.001, "beta2": 1.1}, AT | {"lambda2": 10.0, "eta": 0.1}),
    "no edge": ({"alpha": 0.5, "beta1": 0.3, "beta2": 0.5}, AT | {"eta": 0.004, "radius": np.inf}),
}
