"""Models that are derived of random losses: derivatives in 300 bits, and kernels bit for bit.

    python tests/programs/random_losses.py [--count 200] [--seed 0] [--kernels 4] [--functions]

Each loss is a random polynomial of one to four coordinates or, with --functions, has a function of one.  The first
ones, as many as --kernels says, are compiled, and all observables compared with NumPy.  What fails is listed.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from eos_sweep.conformance import checks
from eos_sweep.derivation.models import source
from eos_sweep.derivation.modules import module_of
from eos_sweep.errors import InputError
from helpers.losses import SMOOTH, composite, formula_of, polynomial

MATHEMATICS = checks.check_declarations, checks.check_descent, checks.check_hessian, checks.check_stability
WIDEST = 120  # characters of a line


def loss_of(seed, functions):
    """Return the random loss of a seed."""
    rng = np.random.default_rng(seed)
    return composite(rng, SMOOTH[seed % len(SMOOTH)]) if functions else polynomial(rng)


def faults_of(loss, kernel):
    """Return what is wrong with the model that is derived of a loss: an empty list if nothing is."""
    try:
        formula = formula_of(loss)
        model = module_of(formula)
    except InputError as error:
        return [f"refused: {error}"]
    faults = [f"a line of {len(line)} characters" for line in source(formula).splitlines() if len(line) > WIDEST]
    for check in (*MATHEMATICS, checks.check_tangent, *([checks.check_compiled] if kernel else [])):
        try:
            with np.errstate(all="ignore"):  # both sides of a select are computed
                check(model)
        except Exception as error:
            faults.append(f"{check.__name__}: {type(error).__name__} {error}")
    return faults


def main(count=200, seed=0, kernels=4, functions=False):
    """Check losses of the seeds from ``seed``; return loss -> faults of those that have some."""
    bad, began = {}, time.perf_counter()
    for place in range(count):
        loss = loss_of(seed + place, functions)
        if faults := faults_of(loss, place < kernels):
            bad[loss] = faults
            print(f"seed {seed + place}: {loss}", *faults, sep="\n    ", flush=True)
    print(f"{count} losses, {kernels} kernels, {len(bad)} with faults, {time.perf_counter() - began:.0f} s")
    return bad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kernels", type=int, default=4)
    parser.add_argument("--functions", action="store_true")
    sys.exit(bool(main(**vars(parser.parse_args()))))
