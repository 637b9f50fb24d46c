"""What happened to the runs of each regime of the quickstart, beside its label.

    python figures/histories.py FOLDER

runs ``sweeps/quickstart.toml`` into the folder, or goes on with it, and prints the share of each event in each regime.
"""

import sys
from pathlib import Path

import eos_sweep
from eos_sweep import regimes
from eos_sweep.analysis.event_flags import EVENTS

SPEC = Path(__file__).parents[1] / "sweeps/quickstart.toml"


def main(folder):
    path = Path(folder) / "quickstart.zarr"
    eos_sweep.run(SPEC, path)
    found = eos_sweep.open_sweep(path)
    found = found.assign(events=eos_sweep.events(found)).load()
    there = {name: found.regime == code for name, code in regimes.CODES.items() if (found.regime == code).any()}
    print(f"{'':22}" + "".join(f"{name:>24}" for name in there))
    print(f"{'cells':22}" + "".join(f"{100 * float(cells.mean()):22.2f} %" for cells in there.values()))
    for event in EVENTS:
        happened = (found.events & (1 << event.bit)) != 0
        shares = (float(happened.where(cells).mean()) for cells in there.values())
        print(f"{event.name:22}" + "".join(f"{100 * share:22.1f} %" for share in shares))
    flipped = found.crossings.where(there["sign_flip"])
    print(f"crossings of runs that flip: median {float(flipped.median()):.0f}, most {float(flipped.max()):.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
