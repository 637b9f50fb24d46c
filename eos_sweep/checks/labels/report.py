"""Report on all labels of a sweep, estimated from a sample."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.analysis import intervals
from eos_sweep.checks.labels.judge import AGREE, SENSITIVE, UNDECIDED, WRONG, Verdict
from eos_sweep.checks.labels.sample import Stratum
from eos_sweep.errors import visible
from eos_sweep.regimes import codes
from eos_sweep.store.store import Store


class Share(NamedTuple):
    """A share of cells, estimated, with its 95 % interval."""

    value: float
    least: float
    most: float


class Report(NamedTuple):
    """The verdicts of a sample."""

    store: Store
    strata: Sequence[Stratum]
    verdicts: dict[int, Verdict]  # by flat index of the cell

    def of(self, stratum: Stratum) -> list[Verdict]:
        """Return the verdicts of a stratum."""
        return [self.verdicts[int(cell)] for cell in stratum.cells]

    def share(self, verdict: str, strata: Sequence[Stratum] | None = None) -> Share:
        """Estimate the share of a verdict among all cells of some strata (of all, if None).

        A stratum has the weight of its number of cells.  The interval is Wilson's with an effective number of draws,
        which is smaller if strata were sampled unevenly.
        """
        strata = self.strata if strata is None else strata
        total = sum(stratum.size for stratum in strata)
        value, variance = 0.0, 0.0
        for stratum in strata:
            weight, number = stratum.size / total, len(stratum.cells)
            value += weight * sum(one.verdict == verdict for one in self.of(stratum)) / number
            variance += weight**2 / number * (1 - number / stratum.size)  # zero if all cells were drawn
        if variance == 0.0:
            return Share(value, value, value)
        return wilson(value, 1.0 / variance)

    def differences(self) -> list[Verdict]:
        """Return the verdicts that do not agree, the wrong ones first."""
        order = (WRONG, UNDECIDED, SENSITIVE)
        found = [one for one in self.verdicts.values() if one.verdict != AGREE]
        return sorted(found, key=lambda one: (order.index(one.verdict), one.cell))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        kinds = (AGREE, SENSITIVE, WRONG, UNDECIDED)
        return {
            "store": str(self.store.location),
            "cells": len(self.verdicts),
            **{kind: self.share(kind)._asdict() for kind in kinds},
            "regimes": {
                name: {"cells": sum(len(s.cells) for s in strata)}
                | {kind: self.share(kind, strata)._asdict() for kind in kinds}
                for name, strata in self.by_regime()
            },
            "parted": float(np.mean([one.parted for one in self.verdicts.values()])),
            "differences": [
                {**one._asdict(), "point": point(self.store, one.cell), "command": command(self.store, one.cell)}
                for one in self.differences()
            ],
        }

    def by_regime(self) -> list[tuple[str, list[Stratum]]]:
        """Return the strata of each regime that occurs."""
        found = [
            (name, [stratum for stratum in self.strata if stratum.regime == name])
            for name in codes(self.store.thresholds)
        ]
        return [(name, strata) for name, strata in found if strata]

    def lines(self) -> Iterator[str]:
        """Yield the lines that the command prints."""
        kinds = f"{'sensitive':>10}{'wrong':>9}{'undecided':>11}{'parted':>9}"
        yield f"{'regime':24}{'cells':>8}{'agree':>9}  {'95 % interval':20}{kinds}"
        groups = self.by_regime()
        for name, strata in [*groups, ("all, by their number", self.strata)]:
            agree = self.share(AGREE, strata)
            verdicts = [one for stratum in strata for one in self.of(stratum)]
            interval = f"{100 * agree.least:.2f} to {100 * agree.most:.2f} %"
            shares = "".join(f"{100 * self.share(kind, strata).value:>8.2f}%" for kind in (SENSITIVE, WRONG))
            shares += f"{100 * self.share(UNDECIDED, strata).value:>10.2f}%"
            parted = 100 * float(np.mean([one.parted for one in verdicts]))
            yield f"{name:24}{len(verdicts):>8,}{100 * agree.value:>8.2f}%  {interval:20} {shares}{parted:>8.1f}%"
        yield ""
        yield "parted: doubles and exact arithmetic count differently, whatever the label (of the sample)."
        bits = [one.bits for one in self.verdicts.values() if one.bits] or [0]
        yield f"bits needed: median {np.median(bits):.0f}, most {max(bits)}"
        for one in self.differences():
            yield ""
            yield f"{one.verdict}: stored {one.stored}, exact {one.exact}"
            yield "  " + ", ".join(f"{name}={value!r}" for name, value in point(self.store, one.cell).items())
            yield f"  {visible(command(self.store, one.cell))}"


def wilson(share: float, number: float) -> Share:
    """Return Wilson's interval of a share seen among ``number`` independent draws."""
    return Share(share, *map(float, intervals.wilson(share, number)))


def point(store: Store, cell: int) -> dict[str, float]:
    """Return axis or column of points -> value of a cell."""
    places = np.unravel_index(cell, store.sweep.shape)
    found = {axis.name: float(axis.values[place]) for axis, place in zip(store.sweep.axes, places, strict=True)}
    return found | {name: float(values[places[0]]) for name, values in store.sweep.columns.items()}


def command(store: Store, cell: int) -> str:
    """Return the command that shows a cell both ways."""
    places = np.unravel_index(cell, store.sweep.shape)
    index = ",".join(f"{name}={place}" for name, place in zip(store.sweep.dims, places, strict=True))
    return f"eos-sweep verify {shlex.quote(str(store.location))} --index {index}"
