"""torch.compile on arrays of trajectories: a Python loop over compiled pairs of steps."""

from eos_sweep.checks.bench.peers import not_installed, plain

NAME = "torch.compile"
TRAJECTORIES = {"our closed form": 4096}
# Two steps a call, so that the call itself costs little: one is slower, four take 80 s to compile and gain 4 %.
AT_ONCE = 2


def missing(variant):
    """Return why the variant cannot run here; empty if it can."""
    return not_installed("torch")


def prepare(variant):
    """Return ``run(points, steps)``."""
    import torch

    torch.set_default_dtype(torch.float64)
    start, step = plain.experiment(torch, torch.where, plain.arrowhead(torch, torch.where))

    @torch.compile(dynamic=False, fullgraph=True)
    def some(record, p, i, tail):
        for k in range(AT_ONCE):
            record = step(record, p, i + k, tail)
        return record

    @torch.no_grad()
    def run(points, steps):
        if steps % AT_ONCE:
            raise ValueError(f"steps: got {steps}, give a multiple of {AT_ONCE}")
        tensors = tuple(map(torch.from_numpy, points))
        state, p, tail = tensors[:3], tensors[3:], torch.tensor(steps - steps // 10)
        record = start(*state, p)
        for i in range(0, steps, AT_ONCE):
            record = some(record, p, torch.tensor(i), tail)
        return record

    return run
