"""Labels under update rules, of random runs in NumPy: no kernel is compiled but that which finds periods.

    python tests/programs/labels_under_rules.py exact [--points 100] [--steps 300] [--rule RULE ...] [MODEL ...]
    python tests/programs/labels_under_rules.py budgets ...
    python tests/programs/labels_under_rules.py neutral ...

``exact`` compares labels with those of exact arithmetic.  ``budgets`` goes on with runs that have converged, to four
times the budget, and counts labels, last states and crossings that change; none should.  ``neutral`` compares labels at
momentum 0, decay 0 and so on with those of the model's step by hand, and counts those that differ, and those of them
that ``settled`` does not call ``rounding``; there should be none.  A MODEL is a name or the file of a spec.  Rules are
by default all that draw no random numbers, alone.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from eos_sweep import models, regimes, trust
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.checks.labels.judge import COUNTED, Trajectory
from eos_sweep.conformance.trial import inputs
from eos_sweep.contract import CONVERGED, Job
from eos_sweep.spec.formula_files import read_model
from eos_sweep.update_rules.composed import BASES, MODIFIERS, PLAIN, parse
from helpers.ruled_runs import NEUTRAL

RULES = [name for name in (*BASES, *MODIFIERS) if name != PLAIN and "seed" not in parse(name).parameters]
TOLERANCE = 1e-12


def exact(given, rule, points, steps):
    model = models.get(given, rule)
    limits = regimes.thresholds(model.THRESHOLDS)
    job = Job(model, tuple(dict.fromkeys((*regimes.reads(limits), *COUNTED))), steps, TOLERANCE)
    inputs_of = inputs(model, points)
    found = numpy_run.run(job, *inputs_of)
    right, bits = oracle.run(job, *inputs_of, found)
    mine, wanted = (regimes.classify(values, limits) for values in (found, right))
    differ = np.flatnonzero((mine != wanted) & (bits > 0))
    wrong = [
        row
        for row in differ.tolist()
        if not Trajectory(job, limits, *inputs_of, row).differs_by_rounding(row, int(mine[row]))
    ]
    parted = np.any([found[name] != right[name] for name in COUNTED], axis=0)
    return f"differ {differ.size}, wrong {wrong}, undecided {(bits == 0).sum()}, parted {parted.sum()}"


def budgets(given, rule, points, steps):
    model = models.get(given, rule)
    limits = regimes.thresholds(model.THRESHOLDS)
    names = tuple(dict.fromkeys((*regimes.reads(limits), *COUNTED)))
    start, p = inputs(model, points)
    once = numpy_run.run(Job(model, names, steps, TOLERANCE), start, p)
    over = np.flatnonzero(once["outcome"] == CONVERGED)
    if not over.size:
        return "converged 0"
    start, p, once = ({name: values[over] for name, values in table.items()} for table in (start, p, once))
    more = numpy_run.run(Job(model, names, 4 * steps, 0.0), start, p)
    calm = {"lyapunov": np.zeros(over.size)}  # by the rule of chaos a run that has converged is none
    one, other = (regimes.classify({**values, **calm}, limits) for values in (once, more))
    changed = (one != other) | (once["final_above"] != more["final_above"]) | (once["crossings"] != more["crossings"])
    return f"converged {over.size}, changed {over[changed].tolist()}"


def neutral(given, rule, points, steps):
    if not parse(rule).parameters.keys() <= NEUTRAL.keys():
        return "no neutral parameters"
    by_hand, model = models.get(given), models.get(given, rule)
    limits = regimes.thresholds(model.THRESHOLDS)
    start, p = inputs(by_hand, points)
    more = {name: np.full(points, NEUTRAL[name]) for name in model.PARAMETERS if name not in p}
    names = (*trust.REQUIRED, "magnification", *(["guard_factor_min"] if model.GUARD else []))
    one, other = (
        numpy_run.run(Job(of, names, steps, TOLERANCE), start, {**p, **added})
        for of, added in ((by_hand, {}), (model, more))
    )
    differ = regimes.classify(one, limits) != regimes.classify(other, limits)
    silent = [trust.classify(values, limits) != trust.CODES["rounding"] for values in (one, other)]
    return f"differ {differ.sum()}, silently {np.flatnonzero(differ & silent[0] & silent[1]).tolist()}"


CHECKS = {check.__name__: check for check in (exact, budgets, neutral)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("check", choices=CHECKS)
    options.add_argument("models", nargs="*", default=["quartic"], metavar="MODEL")
    options.add_argument("--points", type=int, default=100)
    options.add_argument("--steps", type=int, default=300)
    options.add_argument("--rule", action="append")
    got = options.parse_intermixed_args()
    for name in got.models:
        given = read_model(name)[0] if name.endswith(".toml") else name
        for rule in got.rule or RULES:
            with np.errstate(all="ignore"):
                print(f"{name}, {rule}: {CHECKS[got.check](given, rule, got.points, got.steps)}", flush=True)


if __name__ == "__main__":
    main()
