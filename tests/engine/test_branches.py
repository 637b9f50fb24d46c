"""A kernel has a loop for each case of a model's SWITCH; the numbers are the same with either."""

import numpy as np

from eos_sweep import models
from eos_sweep.conformance import trial
from eos_sweep.engine import batch, branches, preparing
from helpers.kernel_and_numpy import same_bits

PRODUCT = models.get("product")
JOB = batch.Job(PRODUCT, ("outcome", "loss_final", "loss_max", "crossings", "steps_above"), 200, 1e-20)


def rows(part, chosen):
    return {name: values[chosen] for name, values in part.items()}


def test_rows_of_both_cases_have_the_numbers_that_they_have_alone():
    initial, parameters = trial.inputs(PRODUCT, 300)
    parts = branches.rows(PRODUCT, parameters)
    assert [len(part) > 40 for part in parts] == [True, True]
    assert np.sort(np.concatenate(parts)).tolist() == [*range(300)]
    together = batch.run(JOB, initial, parameters)
    for part in parts:
        alone = batch.run(JOB, rows(initial, part), rows(parameters, part))
        for name, values in alone.items():
            assert same_bits(values, together[name][part]), name


def test_a_kernel_that_gets_both_cases_at_once_gives_the_same():
    initial, parameters = trial.inputs(PRODUCT, 100)
    prepared = preparing.prepare(JOB)
    begin = batch._begin(JOB, prepared.needs, initial, parameters)
    tables = [batch._filled(begin, prepared.compiled) for _ in range(2)]
    prepared.kernel(*tables[0], JOB.steps, JOB.tolerance, False)
    for part in branches.rows(PRODUCT, parameters):
        of_part = [columns[part] for columns in tables[1]]
        prepared.kernel(*of_part, JOB.steps, JOB.tolerance, False)
        for columns, moved in zip(tables[0], of_part, strict=True):
            assert same_bits(columns[part], moved)


def test_a_model_without_a_switch_goes_through_in_one_part():
    bivariate = models.get("bivariate")
    assert branches.rows(bivariate, trial.inputs(bivariate, 8)[1]) == [slice(None)]
