"""Where a kernel keeps the numbers of a trajectory."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eos_sweep.contract import CHUNK, Model, Observable
from eos_sweep.lanes import WIDTH

BLOCK = 2 * WIDTH  # states whose eigenvalues are computed at once


class Layout(NamedTuple):
    """Offsets into the lane buffers, and examples of the tuples that are read from them.

    A table is a float64 array beside an int64 array, a trajectory a row.  Column c of a table becomes the lanes from
    c * WIDTH on in a lane buffer; work rows follow behind.
    """

    # float64
    state: int
    parameters: int
    tau: int  # 2 / eta
    maximum: int  # largest sharpness
    loss: int
    kept: int
    number_columns: int
    next_state: int  # after the chunk
    next_loss: int
    next_kept: int
    history: int  # the state after each step of the chunk, ``history_step`` apart
    history_step: int
    scratch: int  # a number for each step
    spectrum: int  # the eigenvalue computation's
    number_buffer: int
    # int64
    age: int
    status: int
    counts: int
    integer_columns: int
    bits: int  # flags raised in the chunk
    alive: int  # steps survived, as bits
    moved: int  # steps taken
    left: int  # steps allowed
    row: int  # of the table, -1 for none
    mark: int
    integer_buffer: int
    # examples
    state_like: tuple
    parameters_like: tuple
    spectrum_like: tuple
    kept_like: tuple
    counts_like: tuple
    bits_like: tuple


def arrange(model: Model, observables: Sequence[Observable]) -> Layout:
    """Lay out what a kernel keeps for ``model`` and ``observables``."""
    width = len(model.STATE) + len(model.CARRIED)
    kept, counts = sum(o.KEPT for o in observables), sum(o.COUNTS for o in observables)
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
        tau=1,
        maximum=1,
        loss=1,
        kept=kept,
        next_state=width,
        next_loss=1,
        next_kept=kept,
        history=CHUNK * width,
        scratch=CHUNK,
        spectrum=model.SHARPNESS_WIDTH * (BLOCK // WIDTH),
    )
    put(
        "integer_buffer",
        age=1,
        status=1,
        counts=counts,
        bits=len(observables),
        alive=1,
        moved=1,
        left=1,
        row=1,
        mark=1,
    )
    return Layout(
        **places,
        number_columns=places["next_state"] // WIDTH,
        integer_columns=places["bits"] // WIDTH,
        history_step=width * WIDTH,
        state_like=(0.0,) * width,
        parameters_like=(0.0,) * len(model.PARAMETERS),
        spectrum_like=(0.0,) * model.SHARPNESS_WIDTH,
        kept_like=nested([(0.0,) * o.KEPT for o in observables]),
        counts_like=nested([(0,) * o.COUNTS for o in observables]),
        bits_like=nested([(0,)] * len(observables)),
    )


def nested(parts: Sequence[tuple]) -> tuple:
    """Return ``(parts[0], (parts[1], (..., ())))``, a shape that compiled code can take apart."""
    return (parts[0], nested(parts[1:])) if parts else ()
