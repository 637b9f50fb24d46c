"""Where a kernel keeps the numbers of a trajectory."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import state
from eos_sweep.contract import CHUNK, STATES, Model, Observable
from eos_sweep.eigen.sharpness import edge_moves
from eos_sweep.engine import observers
from eos_sweep.engine.lanes import WIDTH

BLOCK = 4 * WIDTH  # matrices whose eigenvalues are computed at once


class Layout(NamedTuple):
    """Offsets into the lane buffers, and examples of the tuples that are read from them.

    A table is a float64 array beside an int64 array, a trajectory a row.  Column c of a table is at c * WIDTH + lane in
    a lane buffer.  What is used within a chunk only follows behind the columns.
    """

    # float64
    state: int
    parameters: int
    maximum: int  # largest sharpness, in units of 1/eta
    ratio: int  # largest sharpness over the edge, if the edge moves
    loss: int
    kept: int
    number_columns: int
    next_state: int  # after the chunk
    next_loss: int
    next_kept: int
    history: int  # the curvature after each step of the chunk, ``history_step`` apart, and what is remembered beside it
    history_step: int
    scratch: int  # the largest eigenvalue after each step of the chunk
    spectrum: int  # of the eigenvalue computation
    number_buffer: int
    # int64
    age: int
    status: int
    counts: int
    integer_columns: int
    bits: int  # flags raised in the chunk
    whole: int  # whether the trajectory survived all steps of the chunk
    moved: int  # steps taken
    left: int  # steps allowed
    row: int  # of the table, -1 for none
    mark: int  # one answer a lane, from one pass to the next
    integer_buffer: int
    # examples
    state_like: tuple
    parameters_like: tuple
    curvature_like: tuple
    edge_like: tuple  # the edge, if it moves
    seen_like: tuple  # the state and the loss, if an observable needs STATES
    stages_like: tuple[tuple, ...]  # what each stage of the eigenvalue computation gets
    kept_like: tuple
    counts_like: tuple
    bits_like: tuple


@functools.cache
def arrange(model: Model, observables: tuple[Observable, ...]) -> Layout:
    """Lay out the numbers that a kernel keeps for ``model`` and ``observables``."""
    width = state.width(model)
    stages = stage_inputs(model, width)
    kept, counts = sum(observers.kept(o, model) for o in observables), sum(o.COUNTS for o in observables)
    edge = (0.0,) if edge_moves(model) else ()
    seen = ((0.0,) * width, 0.0) if any(STATES in o.NEEDS for o in observables) else ()
    remembered = len(stages[0]) + len(edge) + (width + 1 if seen else 0)
    places: dict[str, Any] = {}

    def put(end: str, **rows: int) -> None:
        following = 0
        for name, count in rows.items():
            places[name] = following * WIDTH
            following += count
        places[end] = following * WIDTH

    put(
        "number_buffer",
        state=width,
        parameters=len(model.PARAMETERS),
        maximum=1,
        ratio=len(edge),
        loss=1,
        kept=kept,
        next_state=width,
        next_loss=1,
        next_kept=kept,
        history=CHUNK * remembered,
        scratch=CHUNK,
        spectrum=max(map(len, stages)) * (BLOCK // WIDTH),
    )
    put(
        "integer_buffer",
        age=1,
        status=1,
        counts=counts,
        bits=sum(o.FLAGS for o in observables),
        whole=1,
        moved=1,
        left=1,
        row=1,
        mark=1,
    )
    return Layout(
        **places,
        number_columns=places["next_state"] // WIDTH,
        integer_columns=places["bits"] // WIDTH,
        history_step=remembered * WIDTH,
        state_like=(0.0,) * width,
        parameters_like=(0.0,) * len(model.PARAMETERS),
        curvature_like=stages[0],
        edge_like=edge,
        seen_like=seen,
        stages_like=stages,
        kept_like=nested([(0.0,) * observers.kept(o, model) for o in observables]),
        counts_like=nested([(0,) * o.COUNTS for o in observables]),
        bits_like=nested([(0,) * o.FLAGS for o in observables]),
    )


def stage_inputs(model: Model, width: int) -> tuple[tuple, ...]:
    """Return an example of what each stage of ``model``'s eigenvalue computation gets, the curvature first."""
    with np.errstate(all="ignore"):
        values = model.curvature((np.float64(1.0),) * width, (np.float64(1.0),) * len(model.PARAMETERS))
        inputs = []
        for stage in model.SHARPNESS_STAGES:
            inputs.append((0.0,) * len(values))
            values = stage(values)
    return tuple(inputs)


def nested(parts: Sequence[tuple]) -> tuple:
    """Return ``(parts[0], (parts[1], (..., ())))``, a shape that compiled code can take apart."""
    return (parts[0], nested(parts[1:])) if parts else ()
