"""A store of a model of a user's own without its module: what it declares is enough for all but running."""

import json
import sys

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import models, observables, plot
from eos_sweep.errors import InputError
from eos_sweep.models import declared
from eos_sweep.observables.networks import observed
from eos_sweep.spec.making import make
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.own_modules import BY_HAND, written

write = pytest.fixture(written)
INPUTS = {"x": {"linear": [-1.5, 1.5, 6]}, "eta": {"log": [0.1, 2, 7]}}


@pytest.mark.parametrize(
    ("name", "rule"),
    [*((name, "gd") for name in models.TABLE), ("product", "adam + linear_warmup"), ("tanh_net", "heavy_ball + l2")],
)
def test_a_model_without_code_describes_the_same_sweep(name, rule):
    model = models.get(name, rule)
    bare = declared.without_code("far_away", rule, declared.text_of(model))
    assert repr(observables.variables(bare)) == repr(observables.variables(model))  # fill values may be NaN
    assert (bare.PARAMETERS, bare.STATE, bare.PRESETS) == (model.PARAMETERS, model.STATE, model.PRESETS)
    assert dict(observed(bare).THRESHOLDS) == dict(observed(model).THRESHOLDS)
    for group in ("default", "all", "doubled"):
        assert observables.expand([group], bare) == observables.expand([group], model)
    assert models.about_rule(bare) == models.about_rule(model) and models.rule_title(bare) == models.rule_title(model)
    assert not declared.has_code(bare) and declared.has_code(model)


@pytest.fixture
def stored(write, tmp_path, monkeypatch):
    """Yield the path of a store with numbers in it, and its dataset as the module's owner sees it."""
    module = write("distant_well", BY_HAND)
    sweep = make(module, INPUTS, steps=9, title="far")
    store = Store.create(Location(tmp_path / "s.zarr"), sweep, sweep.shape)
    seen = eos_sweep.open_sweep(tmp_path / "s.zarr").load()
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    sys.modules.pop("distant_well")
    (tmp_path / "distant_well.py").unlink()
    return store.path, seen


def test_it_is_read_labelled_and_drawn_and_runs_nothing(stored, caplog):
    path, seen = stored
    here = eos_sweep.open_sweep(path)
    xr.testing.assert_identical(here.load(), seen)
    assert here.x.attrs["long_name"] == "coordinate" and np.array_equal(here.eta, seen.eta)
    assert eos_sweep.label(here, {"near": "x > 0"}).dims == ("x", "eta")
    assert plot.draw(here).axes[0].get_xlabel() == "step size η"
    assert "no lines of theory, since the code of model distant_well is not allowed" in caplog.text
    painted = here[[]].assign(crossings=(here.x + here.eta > 1).astype(np.int32))
    assert eos_sweep.edges(painted, "crossings > 0", rtol=None).sizes["curve"] == 1
    with pytest.raises(InputError, match="distant_well"):
        eos_sweep.edges(painted, "crossings > 0")
    for run in (lambda: eos_sweep.boundary(here, "eta", "loss_max > 1"), lambda: Store.open(path).sweep.job()):
        with pytest.raises(InputError, match="model distant_well: its code is needed for that, and is not allowed"):
            run()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"TITLE": 3}', '{"STATE": {"../x": []}}', "[" * 9999])
def test_what_is_damaged_is_told_in_a_line(stored, text):
    path, _ = stored
    zarr_json = Location(path).local / "zarr.json"
    root = json.loads(zarr_json.read_text())
    root["attributes"]["model_declared"] = text
    zarr_json.write_text(json.dumps(root))
    with pytest.raises(InputError, match="its spec cannot be used here: model") as caught:
        eos_sweep.open_sweep(path)
    assert "\n" not in str(caught.value)
