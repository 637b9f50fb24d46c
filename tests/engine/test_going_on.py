"""Networks that go on from any state that a keeper got have the observables of those that never stop."""

import numpy as np
import pytest

from eos_sweep import observables
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.models import linear_net_full, relu, tanh_net
from eos_sweep.models.ruled_network import ruled
from eos_sweep.store import checkpoints
from eos_sweep.update_rules.composed import parse

RUNS = {  # model, rule, parameters
    "plain": (tanh_net, "gd", {"eta": [0.3, 5.0, 0.6], "width": 8}),  # the second one diverges
    "mini-batches with noise": (tanh_net, "gd", {"eta": [0.3, 0.4], "width": 8, "batch": 7, "label_noise": 0.05}),
    "a velocity": (tanh_net, "heavy_ball", {"eta": [0.1, 0.2], "width": 8, "momentum": 0.5}),
    "a preconditioner": (tanh_net, "adam", {"eta": [0.01], "width": 8}),
    "threshold neurons": (relu, "gd", {"eta": [0.006], "dimension": 20, "points": 30}),
    "a reading of its own": (linear_net_full, "gd", {"eta": [0.2], "width": 10, "features": 3, "points": 9}),
}


class Memory:
    """A keeper that has kept every state, as the bytes of a checkpoint, and begins with one of them."""

    def __init__(self, begin=b""):
        self._begin, self.kept, self.told, self.reached = begin, [], [], []

    def found(self, job, initial, parameters):
        return checkpoints.decode(self._begin)[1] if self._begin else {}

    def goes_on(self, reached):
        self.told.append(reached)

    def refused(self, reason):
        self.told.append(reason)

    def keep(self, state, reached):
        self.kept.append(checkpoints.encode({}, state()))
        self.reached.append(reached)


def job_and_inputs(kind, steps=150, variables=("all",)):
    model, rule, given = RUNS[kind]
    model, count = ruled(model, parse(rule)), len(given["eta"])
    given = {"stride": 20, **given}
    inputs = [
        {
            name: np.broadcast_to(np.asarray(given.get(name, q.default), float), count).copy()
            for name, q in known.items()
        }
        for known in (model.STATE, model.PARAMETERS)
    ]
    return Job(model, observables.expand(variables, model), steps, 0.0), *inputs


def bits(found):
    return {name: (values.dtype, values.tobytes()) for name, values in found.items()}


@pytest.mark.parametrize("kind", RUNS)
def test_from_every_state_it_goes_on_to_the_same_bits(kind):
    given = job_and_inputs(kind)
    whole = Memory()
    expected = bits(batch.run(*given, whole))
    assert expected == bits(batch.run(*given)) and not whole.told
    assert len(whole.kept) >= 7, "at each look but the last ones"
    for content, reached in zip(whole.kept[::3], whole.reached[::3], strict=True):
        later = Memory(content)
        assert bits(batch.run(*given, later)) == expected
        assert later.told == [reached]
        assert later.kept == whole.kept[len(whole.kept) - len(later.kept) :], "and its own states are the same"


def test_what_is_done_of_a_run_is_told():
    whole = Memory()
    found = batch.run(*job_and_inputs("plain"), whole)
    assert [(one.done, one.step) for one in whole.reached] == [
        (done, step) for done, steps in enumerate(found["work"]) for step in range(20, int(steps), 20)
    ]
    last = whole.reached[-1]
    assert last.work == int(found["work"][:2].sum()) + last.step and last.total == 3 and last.budget == 150


def test_a_state_of_another_run_is_refused_and_it_begins():
    given, states = job_and_inputs("plain"), {}
    for kind in ("plain", "a velocity"):
        memory = Memory()
        batch.run(*job_and_inputs(kind), memory)
        states[kind] = checkpoints.decode(memory.kept[1])[1]
    plain = states["plain"]
    others = {
        "another network": states["a velocity"],
        "a part is missing": {name: array for name, array in plain.items() if name != "present/kept"},
        "another length": plain | {"present/course/network/weights": np.zeros(3)},
        "another loss": plain | {"present/course/loss": np.nextafter(plain["present/course/loss"], 1.0)},
        "more than there are": plain | {"done": np.array(7)},
    }
    expected = bits(batch.run(*given))
    for what, state in others.items():
        memory = Memory(checkpoints.encode({}, state))
        assert bits(batch.run(*given, memory)) == expected, what
        (reason,) = memory.told
        assert isinstance(reason, str) and reason, what
