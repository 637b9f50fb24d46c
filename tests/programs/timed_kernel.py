"""Child of :mod:`against`: runs the kernel of the checkout that is on the path, as its standard input asks.

It uses only what the kernels of old checkouts have, too.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

import eos_sweep
from eos_sweep import models, observables

ENGINE = "eos_sweep.engine" if (Path(eos_sweep.__file__).parent / "engine").is_dir() else "eos_sweep"
batch = importlib.import_module(f"{ENGINE}.batch")


def modes(model):
    """Return mode -> the variables that are computed in it; none is of twice the budget."""
    owners = {name: row[0] for name, row in observables.variables(model).items() if not name.endswith("_doubled")}
    certified = [name for name, owner in owners.items() if owner in observables.DEFAULT and owner != "tail"]
    return {
        "counts": ["crossings", "first_crossing", "sign_flips", "loss_rises", "loss_max"],
        "certified": certified,
        "default": [name for name in observables.expand(("default",), model) if name in owners],
        "every": [*certified, "sharpness_min", "sharpness_mean"],
    }


def main():
    """Answer requests until there are no more."""
    given = {}
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        if request == "model":
            name, initial, parameters = arguments
            given = {
                "model": models.get(name),
                "initial": {name: np.array(values) for name, values in initial.items()},
                "parameters": {name: np.array(values) for name, values in parameters.items()},
            }
            answer = {mode: [name for name in names] for mode, names in modes(given["model"]).items()}
        else:
            variables, steps, tolerance = arguments
            job = batch.Job(given["model"], tuple(variables), steps, tolerance)
            began = time.process_time()
            found = batch.run(job, given["initial"], given["parameters"])
            seconds = time.process_time() - began
            answer = len(found["work"]), int(found["work"].min()), int(found["work"].max()), seconds
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
