"""Several runs in one picture: what each is called, and what is the same in all of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures import captions
from eos_sweep.analysis.specs import arguments_of
from eos_sweep.errors import InputError, short

MOST = 12  # runs in a picture, which as many colours and dashes tell apart
Runs = xr.Dataset | Sequence[xr.Dataset] | Mapping[str, xr.Dataset]


def named_runs(runs: Runs) -> list[tuple[str, xr.Dataset]]:
    """Return each trajectory with its label; that of a single one is empty.

    Labels are the inputs in which the runs differ, unless a mapping gives others.  Long ones are shortened; those that
    are then the same get numbers.

    Raises
    ------
    InputError
        If there is none, there are too many, or something is no trajectory.
    """
    if isinstance(runs, xr.Dataset):
        return [("", _checked(runs))]
    given: list[xr.Dataset] = [*(runs.values() if isinstance(runs, Mapping) else runs)]
    if not 0 < len(given) <= MOST:
        raise InputError(f"runs: got {len(given)} trajectories; give 1 to {MOST} in one picture")
    for run in given:
        _checked(run)
    if isinstance(runs, Mapping):
        return list(zip(_numbered(map(captions.short, runs)), given, strict=True))
    if len(given) == 1:
        return [("", given[0])]
    return list(zip(_labels(given), given, strict=True))


def common_title(runs: Sequence[xr.Dataset]) -> str:
    """Return the title of some trajectories: that of one, without the inputs in which they differ."""
    titles = [str(run.attrs.get("title", "")).partition("\n") for run in runs]
    first = titles[0][0] if len({title[0] for title in titles}) == 1 else f"{len(runs)} runs"
    items = [title[2].split(", ") for title in titles]
    same = [item for item in items[0] if all(item in others for others in items)]
    return "\n".join(filter(None, [first, ", ".join(same)]))


def _checked(run: Any) -> xr.Dataset:
    if not isinstance(run, xr.Dataset) or "step" not in run.dims or not {"loss", "sharpness"} <= set(run.data_vars):
        raise InputError(f"runs: got {short(run)}, no trajectory; give what eos_sweep.trajectory returns")
    return run


def _numbered(labels: Iterable[str]) -> list[str]:
    """Return labels, with a number behind each that another one equals."""
    labels = list(labels)
    equal, seen = {label for label, count in Counter(labels).items() if count > 1}, Counter[str]()
    found = []
    for label in labels:
        seen[label] += 1
        found.append(f"{label} ({seen[label]})" if label in equal else label)
    return found


def _labels(runs: Sequence[xr.Dataset]) -> list[str]:
    """Return the inputs in which some trajectories differ, for each; numbers if they cannot be told apart."""
    inputs = [_inputs(run) for run in runs]
    names = list(dict.fromkeys(name for one in inputs for name in one))
    differ = [name for name in names if any(one.get(name) != inputs[0].get(name) for one in inputs)]
    parts: list[list[str]] = [[] for _ in runs]
    for name in differ:
        words = captions.distinct([one.get(name, "none") for one in inputs])
        for own, run, word in zip(parts, runs, words, strict=True):
            own.append(f"{captions.symbol(run[name]) if name in run else name} = {word}")
    labels = [", ".join(part) for part in parts]
    return labels if len(set(labels)) == len(labels) else [f"run {k + 1}" for k in range(len(runs))]


def _inputs(run: xr.Dataset) -> dict[str, Any]:
    """Return name -> value of all that makes a trajectory."""
    if (given := arguments_of(run)) is None:
        return {}
    found = {**given["parameters"], **given.get("initial", {})}
    found |= {name: given[name] for name in ("steps", "seed") if name in given}
    found = {name: float(value) for name, value in found.items()}  # infinity is a text in JSON
    model = given["model"] if isinstance(given["model"], str) else given["model"].get("name", "formula")
    return found | {"model": model, "rule": given.get("rule", ""), "data": str(given.get("data", ""))}
