"""The README's phase diagram.  Writes figures/quickstart.png.

    python figures/quickstart.py [STORE]

runs sweeps/quickstart.toml into STORE (quickstart.zarr by default) if it is not there, and draws it.
"""

import sys
from pathlib import Path

import eos_sweep
from eos_sweep import plot

HERE = Path(__file__).parent


def main(store: str = "quickstart.zarr") -> None:
    eos_sweep.run(HERE.parent / "sweeps" / "quickstart.toml", store)
    plot.save(plot.draw(eos_sweep.open_sweep(store)), HERE / "quickstart.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
