"""Labels of random runs of every model that exact arithmetic can follow, against exact arithmetic.

    python figures/verified_models.py [--rule RULE ...] [FOLDER [CELLS [STEPS [MODEL ...]]]]

stores CELLS runs (2000 by default) of STEPS steps (5000 by default) of each model in FOLDER, with inputs drawn from the
box in which models are tried, and verifies all their labels, as ``eos-sweep verify`` does.  A MODEL is a name, or the
file of a spec, such as sweeps/factorisation.toml, whose model is tried at inputs of its own sweep; by default they are
all models of the package.  With a RULE, such as "heavy_ball + l2", steps are taken by that update rule; ``--rule each``
means each rule without random numbers, alone, whose parameters are drawn from its own TRIAL.  It takes about half an
hour on two cores.  Of each model a row of the table in docs/trust.md is printed, and each difference with its cell.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import eos_sweep
from eos_sweep import models, regimes
from eos_sweep.checks.labels.judge import AGREE, SENSITIVE, UNDECIDED, WRONG
from eos_sweep.checks.labels.verification import verify
from eos_sweep.contract import is_array
from eos_sweep.spec.formula_files import read_model
from eos_sweep.spec.making import make
from eos_sweep.trust import CODES
from eos_sweep.update_rules.composed import BASES, MODIFIERS, PLAIN, parse

KINDS = AGREE, SENSITIVE, WRONG, UNDECIDED
EACH = [name for name in (*BASES, *MODIFIERS) if "seed" not in parse(name).parameters and name != PLAIN]


def random_runs(name, rule, cells, steps):
    """Return a sweep over random inputs of a model, given by its name or by a spec, under an update rule."""
    given = read_model(name)[0] if name.endswith(".toml") else name
    model = models.get(given, rule)
    parameters, initial = (
        {key: model.TRIAL[key] for key in names if key in model.TRIAL} for names in (model.PARAMETERS, model.STATE)
    )
    observed = ["default", *([] if "magnification" in model.OBSERVABLES else ["magnification"])]
    return make(given, {"seed": np.arange(cells)}, parameters, initial, steps=steps, observables=observed, rule=rule)


def main(folder=".", cells=2000, steps=5000, names=(), rules=()):
    print("| model | labels | regimes | " + " | ".join(KINDS) + " | differ, not `rounding` |")
    print("|---" * (len(KINDS) + 4) + "|")
    for rule in [one for given in rules or [PLAIN] for one in (EACH if given == "each" else [given])]:
        for name in names or [name for name in models.TABLE if not is_array(models.get(name))]:
            show(folder, cells, steps, name, rule)


def show(folder, cells, steps, name, rule):
    """Store the runs of a model under a rule, verify their labels, and print a row of the table."""
    told = Path(name).stem + ("" if rule == PLAIN else f"_{rule.replace(' + ', '_')}")
    path = Path(folder, f"verified_{told}_{cells}_{steps}.zarr")
    eos_sweep.run(random_runs(name, rule, cells, steps), path)
    report = verify(path, cells)
    verdicts = list(report.verdicts.values())
    counts = [sum(one.verdict == kind for one in verdicts) for kind in KINDS]
    settled = eos_sweep.open_sweep(path).settled.values.ravel()
    silent = [one for one in report.differences() if settled[one.cell] != CODES["rounding"]]
    seen = len({one.stored for one in verdicts})
    title = f"`{Path(name).stem}`" + ("" if rule == PLAIN else f", `{rule}`")
    print(f"| {title} | {len(verdicts)} | {seen} of {len(regimes.RULES)} | ", end="")
    print(" | ".join(map(str, counts)), f"| {len(silent)} |", flush=True)
    for one in report.differences():
        print(f"{one.verdict}: stored {one.stored}, exact {one.exact}, cell {one.cell}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", default=".")
    options.add_argument("cells", nargs="?", type=int, default=2000)
    options.add_argument("steps", nargs="?", type=int, default=5000)
    options.add_argument("names", nargs="*", metavar="MODEL")
    options.add_argument("--rule", action="append", default=[])
    got = options.parse_args()
    main(got.folder, got.cells, got.steps, got.names, got.rule)
