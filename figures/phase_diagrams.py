"""The README's phase diagrams.  Writes figures/quickstart.png, figures/flagship.png and figures/settled.png.

    python figures/phase_diagrams.py [FOLDER]

runs sweeps/quickstart.toml, flagship.toml and settled.toml into stores in FOLDER (the current one by default), as far
as they are not there, and draws them.
"""

import sys
from pathlib import Path
from typing import Any

import eos_sweep
from eos_sweep import plot

HERE = Path(__file__).parent
PICTURES: dict[str, dict[str, Any]] = {
    "quickstart": {},
    "flagship": {"x": "eta", "y": "lambda1", "at": {"lambda2": 0.01}, "facet": "clip"},
    "settled": {"variable": "settled"},
}


def main(folder: str = ".") -> None:
    for name, choice in PICTURES.items():
        store = Path(folder) / f"{name}.zarr"
        eos_sweep.run(HERE.parent / "sweeps" / f"{name}.toml", store)
        plot.save(plot.draw(eos_sweep.open_sweep(store), **choice), HERE / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
