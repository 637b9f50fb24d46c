"""Labels from doubles against labels from exact arithmetic."""

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.checks.exact import oracle
from eos_sweep.engine import batch


def both(job, initial, parameters):
    """Assert that the kernel's labels are those of exact arithmetic; return what was found by either."""
    kernel, (exact, bits) = batch.run(job, initial, parameters), oracle.run(job, initial, parameters)
    labels = [regimes.classify(found, regimes.thresholds()) for found in (kernel, exact)]
    assert (bits > 0).all()
    np.testing.assert_array_equal(*labels)
    return kernel, exact, labels[0]


def assert_labels_are_exact(model, variables, initial, parameters):
    """Compare labels after 400 steps, which must be of three regimes or more; return what was found by either."""
    kernel, exact, labels = both(batch.Job(model, variables, 400, 1e-20), initial, parameters)
    assert len(np.unique(labels)) >= 3
    return kernel, exact


def assert_small_numbers_are_exact(model, name, least, initial, parameters):
    """Compare all observables of runs in which ``name`` falls below 10**``least`` after 400 steps."""
    deep, truth, _ = both(batch.Job(model, observables.expand(("all",), model), 400, 0.0), initial, parameters)
    assert (truth[f"log10_abs_{name}_final"] < least).all()
    np.testing.assert_allclose(deep[f"log10_abs_{name}_final"], truth[f"log10_abs_{name}_final"], rtol=1e-10)
    np.testing.assert_allclose(deep["lyapunov"], truth["lyapunov"], rtol=1e-6)
