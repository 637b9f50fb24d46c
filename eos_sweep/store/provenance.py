"""Provenance of a dataset: everything needed to compute the same numbers again."""

import datetime
import functools
import importlib.metadata
import json
import platform
import shutil
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from eos_sweep import models, training_data
from eos_sweep.contract import Model, Observable
from eos_sweep.engine import batch
from eos_sweep.engine.kernels import observables_of
from eos_sweep.engine.sources import digest_of
from eos_sweep.errors import InputError, short
from eos_sweep.formulas import expressions
from eos_sweep.models import declared
from eos_sweep.spec import inputs, point_forms
from eos_sweep.spec.sweeps import Sweep

MODEL_TOLD = "model_declared"  # attribute with what a model of a user's own declares
COMMIT = "# branch.oid "  # precedes the commit in what git says
DAMAGED = "use another copy of it, or run its sweep again in another place"
PACKAGES = ("eos-sweep", "numba", "llvmlite", "numpy", "xarray", "zarr")


def attributes(sweep: Sweep) -> dict[str, Any]:
    """Return the global attributes of a dataset of ``sweep``, all text or numbers; an unknown one warns."""
    now, model = stamp(), sweep.module
    return {
        "title": sweep.title or f"{sweep.model_name}: {models.rule_title(model)} over {_axes(sweep)}",
        "Conventions": "CF-1.11",
        "history": f"{now} created by eos_sweep",
        "created": now,
        "source": f"{models.rule_title(model)} on {model.TITLE}",
        "references": model.REFERENCE,
        "spec": json.dumps(sweep.to_dict(), allow_nan=False),
        "spec_hash": sweep.hash,
        "model": sweep.model_name,
        **models.about_rule(model),
        **({MODEL_TOLD: declared.text_of(model)} if models.own(model) else {}),
        **training_data.about(sweep.data),
        **(sweep.points.about if sweep.points else {}),
        "model_digest": model_digest(sweep),
        "steps": sweep.steps,
        "float_type": f"float64, stored as {sweep.dtype}",
        **here(),
    }


def _axes(sweep: Sweep) -> str:
    """Return the axes of a sweep in words, the columns of points among them."""
    points = [f"points of {', '.join(sweep.columns)}"] if sweep.points else []
    return " and ".join([*points, *filter(None, [", ".join(axis.name for axis in sweep.grid)])])


def sweep_in(attributes: Mapping[str, Any], place: str = "the dataset") -> Sweep:
    """Return the sweep whose spec the attributes of a dataset or a store hold; no file is read.

    Raises
    ------
    SpecError
        If the spec cannot be used here.
    InputError
        If it is damaged: what no sweep has written.
    """
    text = attributes.get("spec")
    try:
        given = json.loads(text if isinstance(text, str) else "")
    except (ValueError, RecursionError):
        raise InputError(f"{place}: damaged: its spec is {short(text)}, not JSON; {DAMAGED}") from None
    if isinstance(given, dict) and point_forms.to_read(given.get("points")):
        found = short(given["points"])
        raise InputError(f"{place}: damaged: its spec has no values of points but {found}; {DAMAGED}")
    return Sweep.from_dict(given, told=told_in(attributes))


def told_in(attributes: Mapping[str, Any]) -> str:
    """Return what the attributes of a dataset tell of a model of a user's own; nothing if they tell nothing."""
    found = attributes.get(MODEL_TOLD, "")
    return found if isinstance(found, str) else ""


@functools.cache
def here() -> Mapping[str, str]:
    """Return versions, commit and processor of this process; the commit is that of the first call."""
    return {
        **{f"{package.replace('-', '_')}_version": _version(package) for package in PACKAGES},
        **_git(),
        "cpu": _cpu(),
    }


def model_digest(sweep: Sweep) -> str:
    """Return the digest of the code that computes the numbers: inputs, model, observables and kernel."""
    model = sweep.module
    return _digest(model, observables_of(model, sweep.variables, sweep.own))


@functools.cache
def _digest(model: Model, observables: tuple[Observable, ...]) -> str:
    parts = (expressions, ["parse"]), (inputs, ["evaluate"]), (batch, ["run"])
    return digest_of(model, observables, *parts)


def stamp() -> str:
    """Return the time now, in UTC, as ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        warnings.warn(f"provenance: the version of {package} is unknown", stacklevel=2)
        return "unknown"


def _checkout() -> Path | None:
    """Return the git checkout that holds the package or from which it was installed."""
    places = [Path(__file__).parents[2]]
    try:
        installed = importlib.metadata.distribution(PACKAGES[0]).read_text("direct_url.json")
        places.append(Path(url2pathname(urlparse(json.loads(installed or "{}").get("url", "")).path)))
    except importlib.metadata.PackageNotFoundError:
        pass
    return next((place for place in places if (place / ".git").exists()), None)


def _git() -> dict[str, str]:
    """Return the commit of the checkout, and whether it has changes."""
    checkout, unknown = _checkout(), {"git_commit": "unknown", "git_dirty": "unknown"}
    if checkout is None:
        return unknown
    try:
        answer = subprocess.run(
            [shutil.which("git") or "git", *"status --porcelain=v2 --branch --no-ahead-behind -uno".split()],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        warnings.warn(f"provenance: git status failed: {error}", stacklevel=2)
        return unknown
    lines = answer.stdout.splitlines()
    commit = next((line.removeprefix(COMMIT) for line in lines if line.startswith(COMMIT)), "unknown")
    return {"git_commit": commit, "git_dirty": "no" if all(line.startswith("#") for line in lines) else "yes"}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
