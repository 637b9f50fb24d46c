"""Critical lines of a model, by name, and where they are."""

import numpy as np

from eos_sweep.analysis import predicted
from helpers import named_inputs as named


def lines(model):
    """Return name -> line."""
    return {line.name: line for line in predicted.lines_of(model)}


def ratio(model, name, **given):
    """Return what the line is one of, at inputs that are given by name."""
    initial, parameters = named.columns(model, **given)
    return np.atleast_1d(lines(model)[name].ratio(initial | parameters))


def place(model, name):
    """Return where a line is that depends on one combination of inputs only, which is one where all of them are."""
    one = {key: np.ones(1) for key in (*model.STATE, *model.PARAMETERS)}
    return 1 / float(lines(model)[name].ratio(one)[0])
