"""A network at the edge of stability for several step sizes.  Writes figures/tanh_net.png.

    python figures/tanh_net.py [FOLDER]

runs sweeps/tanh_net.toml into a store in FOLDER (the current one by default) if it is not there, repeats each of its
runs step by step, which must give the stored bits, and prints when each reached 2/eta and where it hovers.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure
from stored_sweeps import save, stored

from eos_sweep.analysis import one_cell
from eos_sweep.analysis.pictures.style import AMBER, BLUE, GREEN, RED


def main(folder: str = ".") -> None:
    dataset = stored("tanh_net", folder)
    store = Path(folder) / "tanh_net.zarr"
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for k, colour in enumerate((GREEN, AMBER, BLUE, RED)):
        found, run = one_cell.report(store, {}, {"eta": k})
        if not all(found["stored"].values()):
            raise ValueError(f"{store}: run {k} has other bits here than in the store")
        one = dataset.isel(eta=k)
        print(f"eta {float(one.eta):g}: 2/eta at step {int(one.first_crossing)}, then {float(one.tail_mean):.4f} of it")
        look = {"color": colour, "linewidth": 1.1, "label": f"{float(one.eta):g}", "zorder": 2.5 - k / 10}
        left.plot(run.step, run.sharpness / run.threshold, **look)
        right.plot(run.step, run.loss, **look)
    left.axhline(1.0, color="0.3", linewidth=0.9, linestyle=":", zorder=3)
    left.set_title("sharpness: it rises to 2/η, and stays", loc="left", fontsize="medium")
    left.set(ylabel="S · η/2", xlabel="gradient descent step", ylim=(0, None), xscale="log", xlim=(30, run.step[-1]))
    right.set_title("loss: it falls at each step before, and in spikes there", loc="left", fontsize="medium")
    right.set(ylabel="loss", yscale="log", xlabel="gradient descent step")
    left.legend(title="step size η", frameon=False, loc="upper left")
    save(figure, "tanh_net")


if __name__ == "__main__":
    main(*sys.argv[1:])
