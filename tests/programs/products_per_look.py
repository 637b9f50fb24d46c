"""Products with the Hessian that a look at the sharpness takes, and how long a step and a product take.

    python tests/programs/products_per_look.py [NAME...]

takes the steps and looks of ``eos-sweep bench --networks``, and those of a network that learns random labels beyond the
edge, where the largest eigenvalues are close and turn from look to look; or of those whose name has one of the words
NAME.  The table has the mean and the largest number of products of a look, the first looks aside, and microseconds of
processor time, medians of five.
"""

import statistics
import sys
import time

import numpy as np

from eos_sweep.checks.bench import networks
from eos_sweep.contract import Table
from eos_sweep.engine.networks import blas

ASIDE = 8  # looks without a history


def random_labels():
    """Return normal inputs with labels that have nothing to do with them."""
    draw = np.random.default_rng(0)
    return Table(draw.standard_normal((500, 20)), draw.choice([-1.0, 1.0], (500, 1)))


CASES = networks.cases() | {
    "500 x 20, random labels, width 50, depth 2": networks.Case(50, 2, 0.3, 1500, 60, random_labels)
}


def products(network, looks):
    """Return how many products each look took."""
    found, further, tracker = [], [], network._hessian_tracker
    product = network.hessian_product
    network.hessian_product = lambda vector: further.append(1) or product(vector)  # of a look that is unsure
    for _ in range(looks):
        further.clear()
        network.sharpness()
        found.append(int(tracker.plan[0]) + len(further))
        network.advance(networks.STRIDE)
    return found[ASIDE:]


def seconds(run, calls=1):
    """Return the processor time of a call."""
    began = time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - began) / calls


def microseconds(run):
    """Return the processor time of a call: the median of five times 20 ms, or of five calls."""
    calls = max(1, int(0.02 / max(seconds(run), 1e-7)))
    return 1e6 * statistics.median(seconds(run, calls) for _ in range(5))


def measured(case):
    """Return the products of each look, and microseconds of a step and of a product."""
    with blas.one_thread(), np.errstate(all="ignore"):
        network = networks.begun(case)
        network.advance(case.before)
        counted = products(network, case.looks)
        vector = np.ones(network.weights.size)
        step = microseconds(lambda: network.advance(networks.STRIDE)) / networks.STRIDE
        product = microseconds(lambda: type(network).hessian_product(network, vector))
    return counted, step, product


def main(*words):
    """Print the table."""
    print(f"{'':44}{'mean':>8}{'most':>8}{'step':>10}{'product':>10}")
    for name, case in CASES.items():
        if words and not any(word in name for word in words):
            continue
        counted, step, product = measured(case)
        print(f"{name:44}{np.mean(counted):8.1f}{max(counted):8}{step:10.1f}{product:10.1f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
