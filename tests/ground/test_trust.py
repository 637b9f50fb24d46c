"""Whether a label is settled: what more steps, another threshold and rounding would do to it."""

import shutil

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import observables, regimes, trust
from eos_sweep.engine import batch
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate
from eos_sweep.spec.sweeps import Sweep
from helpers.kernel_and_numpy import OFF, simulate
from helpers.regime_examples import CALM, CAUGHT, DIVERGED, FLIPPED, HOVERED, ORBIT, STAYS_ABOVE, SWINGS
from helpers.stores import changed, command

# Of a run that is over, far from all thresholds.
OVER = CALM | {"outcome": 1, "sharpness_final": 10.0, "sharpness_ratio_max": 0.5, "flow_sharpness_final": 10.0}
SPENT = {"outcome": 3}
HOVERS = HOVERED | {"sharpness_max": 11.5, "sharpness_ratio_max": 1.2, "crossings": 17, "flow_sharpness_final": 9.0}
SHAKEN = {"magnification": 40.0}
LEADS_UP = {"flow_sharpness_final": 25.0}  # gradient flow would end beyond 2/eta, which is 20
CHAOS = (HOVERED, {"lyapunov": 0.2})
# Two kernels for all tests.
NAMES = observables.expand(["default", "doubled", "magnification"], bivariate)
DEFAULT = observables.expand(["default"], bivariate)
READ = regimes.reads(regimes.thresholds())


def doubled(*changes):
    values = dict(OVER)
    for change in changes:
        values |= change
    return {f"{name}_doubled": values[name] for name in READ}


@pytest.mark.parametrize(("reason", "changes", "limits"), [
    ("not_computed", [{"outcome": 0}], {}),
    ("settled", [], {}),
    ("settled", [DIVERGED], {}),
    ("settled", [SPENT, {"loss_growth": 1e13}, doubled(DIVERGED)], {}),  # the bound came later
    ("rounding", [DIVERGED, SHAKEN], {}),
    ("settled", [HOVERS], {}),
    ("settled", [SPENT, doubled(SPENT)], {}),
    ("settled", [SPENT, HOVERS, doubled(SPENT, HOVERS, {"crossings": 30})], {}),
    ("slow", [SPENT, HOVERS, doubled(SPENT, HOVERS, {"crossings": 30, "sharpness_max": 11.6})], {}),  # swings wider
    ("slow", [SPENT, HOVERS, {"final_above": 2}, doubled(SPENT, HOVERS, {"final_above": 2})], {}),  # stays above
    ("slow", [SPENT, HOVERS, LEADS_UP, doubled(SPENT, HOVERS)], {}),  # below, and will come back
    ("settled", [SPENT, HOVERS, doubled(SPENT, HOVERS)], {}),  # below, and stays there
    ("slow", [SPENT, LEADS_UP, doubled(SPENT)], {}),
    ("slow", [SPENT, {"flow_sharpness_final": np.nan}, doubled(SPENT)], {}),  # not stored: it is not known
    ("slow", [SPENT, {"flow_sharpness_final": 10.6}, doubled(SPENT)], {}),  # stable so far, and grows
    ("settled", [SPENT, {"flow_sharpness_final": 10.6}, doubled(SPENT)], {"growth": 1.1}),
    ("settled", [SPENT, LEADS_UP, doubled({"outcome": 1})], {}),  # it converged, whatever gradient flow would do
    ("settled", [SPENT, LEADS_UP, {"period": 2}, doubled(SPENT, {"period": 2})], {}),
    ("slow", [SPENT, STAYS_ABOVE, doubled(SPENT, STAYS_ABOVE)], {}),  # unsettled is never settled
    ("slow", [SPENT, *CHAOS, doubled(SPENT, HOVERED) | {"lyapunov_doubled": 0.1}], {"chaos": 0.05}),  # chaos is over
    ("settled", [SPENT, *CHAOS, doubled(SPENT, HOVERED) | {"lyapunov_doubled": 0.19}], {"chaos": 0.05}),
    ("budget_spent", [SPENT], {}),
    ("budget_spent", [SPENT, HOVERS], {}),
    ("budget_short", [SPENT, doubled(SPENT, CAUGHT)], {}),
    ("budget_short", [SPENT, HOVERS, doubled(SPENT, HOVERED, FLIPPED)], {}),
    ("settled", [SPENT, HOVERS, doubled(SPENT, HOVERED, FLIPPED)], {"flips": 2}),
    ("near_threshold", [{"sharpness_ratio_max": 0.9995}], {}),
    ("near_threshold", [HOVERS, {"sharpness_ratio_max": 1.0002}], {}),
    ("settled", [{"sharpness_ratio_max": 0.9995}], {"margin": 1e-4}),
    ("near_threshold", [{"sharpness_max": 10.501}], {}),
    ("settled", [{"sharpness_max": 10.501}], {"growth": 1.1}),
    ("near_threshold", [CAUGHT, {"sharpness_max": 12.0, "sharpness_ratio_max": 1.2, "sharpness_final": 9.999}], {}),
    ("settled", [CAUGHT, {"sharpness_max": 12.0, "sharpness_ratio_max": 1.2, "sharpness_final": 9.9}], {}),
    ("near_threshold", [SWINGS, {"sharpness_ratio_max": 1.2, "sharpness_max": 12, "sharpness_final": 9.999}], {}),
    ("near_threshold", [{"loss_growth": 1.0005e12}], {}),
    ("near_threshold", [{"loss_growth": 0.9995e12}], {}),
    ("settled", [{"loss_growth": 0.99e12}], {}),
    ("near_threshold", [HOVERS, {"lyapunov": 0.09995}], {"chaos": 0.1}),
    ("settled", [HOVERS, {"lyapunov": 0.09995}], {}),
    ("settled", [SPENT, HOVERS, ORBIT], {}),  # what is on its orbit is over
    ("settled", [FLIPPED, {"sharpness_ratio_max": 0.9995}], {}),
    ("settled", [SHAKEN], {}),
    ("settled", [HOVERS, SHAKEN], {}),  # seventeen crossings are about as many after any rounding
    ("rounding", [HOVERS, SHAKEN, {"crossings": 3}], {}),
    ("settled", [HOVERS, SHAKEN, {"crossings": 3}], {"bits": 45}),
    ("rounding", [HOVERS, SHAKEN, FLIPPED, SPENT], {}),
])  # fmt: skip
def test_the_first_reason_that_holds_decides(reason, changes, limits):
    values = dict(OVER)
    for change in changes:
        values |= change
    dataset = xr.Dataset({name: ((), value) for name, value in values.items()})
    assert list(trust.CODES)[int(eos_sweep.settled(dataset, **limits))] == reason


def test_codes_in_stores_never_change():
    assert list(trust.CODES)[:6] == "not_computed settled rounding budget_short near_threshold budget_spent".split()
    assert list(trust.CODES.values()) == list(range(len(trust.REASONS) + 2))


def test_what_is_not_checked_is_said():
    few = trust.attributes(regimes.thresholds(), trust.REQUIRED)
    assert few["not_checked"] == "rounding budget_short slow"
    everything = observables.variables(bivariate)
    assert not trust.attributes(regimes.thresholds(), everything)["not_checked"]
    assert all(reason.words in trust.attributes(regimes.thresholds(), everything)["rules"] for reason in trust.REASONS)
    half = [*everything, *(f"{name}_doubled" for name in READ)]
    assert trust.attributes(regimes.thresholds({"chaos": 0.1}), half)["not_checked"] == "budget_short slow"
    with pytest.raises(InputError, match="sharpness_final"):
        eos_sweep.settled(xr.Dataset({name: ((), 1) for name in regimes.REQUIRED}))
    with pytest.raises(InputError, match="lyapunov"):
        eos_sweep.settled(xr.Dataset({name: ((), 1) for name in trust.REQUIRED}), chaos=0.1)


@pytest.mark.slow
def test_doubled_is_what_a_run_of_twice_the_steps_has():
    random = np.random.default_rng(2)
    start = {"alpha": random.uniform(0.1, 1, 300), "beta1": random.uniform(0.01, 0.1, 300), "beta2": 0.5}
    p = {"lambda1": 10 ** random.uniform(0, 4, 300), "lambda2": 0.01, "eta": 10 ** random.uniform(-3, 0.5, 300)}
    p["radius"] = 0.5 / np.sqrt(p["lambda1"])
    for steps in (700, 1001):
        both = simulate(start, p, steps, NAMES, 1e-20)
        once = simulate(start, p, steps, DEFAULT, 1e-20)
        twice = simulate(start, p, 2 * steps, DEFAULT, 1e-20)
        assert all(np.array_equal(both[name], once[name], equal_nan=True) for name in once if name != "work")
        for name in READ:
            # The largest sharpness is certified to 1e-14 only, whatever the looks.
            np.testing.assert_allclose(both[f"{name}_doubled"], twice[name], rtol=1e-13, err_msg=name)
        np.testing.assert_array_equal(both["work"], twice["work"])
        assert (regimes.classify(once, regimes.thresholds()) != regimes.classify(twice, regimes.thresholds())).any()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("trust") / "s"
    eos_sweep.run(Sweep.from_dict(changed(steps=700, observables=["default", "doubled", "magnification"])), path)
    return path


@pytest.mark.slow
def test_the_store_tells_plain_xarray(stored):
    with xr.open_zarr(stored) as dataset:
        assert dataset.settled.dtype == np.int8 and dataset.regime.attrs["ancillary_variables"] == "settled"
        assert dataset.settled.attrs["flag_meanings"].split() == list(trust.CODES)
        assert list(dataset.settled.attrs["flag_values"]) == list(trust.CODES.values())
        np.testing.assert_array_equal(dataset.settled, eos_sweep.settled(dataset))
        later = {name: dataset[f"{name}_doubled"].values for name in READ}
        moved = regimes.classify(later, regimes.thresholds()) != dataset.regime.values
        short = dataset.settled.values == trust.CODES["budget_short"]
        assert (moved[short]).all() and short.any()
        assert (dataset.settled.values[moved] != trust.CODES["settled"]).all()


@pytest.mark.slow
def test_relabelling_settles_anew(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "s")
    assert command("relabel", "s", "--threshold", "margin=0.2", cwd=tmp_path).returncode == 0
    with xr.open_zarr(stored) as before, xr.open_zarr(tmp_path / "s") as after:
        np.testing.assert_array_equal(before.regime, after.regime)
        np.testing.assert_array_equal(after.settled, eos_sweep.settled(before, margin=0.2))
        assert (after.settled != before.settled).any() and "margin=0.2" in after.settled.attrs["thresholds"]


# What specialists argue about, from real runs.


def labelled(start, p, steps):
    found = simulate(start, OFF | p, steps, NAMES, 1e-20)
    code = int(regimes.classify(found, regimes.thresholds())[0])
    return list(regimes.CODES)[code], {name: values[0] for name, values in found.items()}


@pytest.mark.slow
def test_a_fixed_point_that_a_projection_holds_above_the_edge_is_periodic():
    regime, found = labelled(
        {"alpha": 0.9, "beta1": 0.1, "beta2": 0.9}, {"lambda1": 100, "lambda2": 1, "eta": 0.1, "radius": 0.0}, 5000
    )
    assert regime == "periodic" and found["period"] == 1 and found["final_above"] == 2 and found["loss_final"] < 1e-20


@pytest.mark.slow
def test_a_two_cycle_above_the_edge_is_periodic():
    """A clip c lets beta1 jump to and fro by eta c for ever, far above the edge."""
    start = {"alpha": 1.4, "beta1": -0.019, "beta2": 0.228}
    p = {"lambda1": 16.7, "lambda2": 0.66, "eta": 1.11, "clip": 0.057}
    regime, found = labelled(start, p, 4000)
    assert regime == "periodic" and found["period"] == 2 and found["tail_min"] > 3


@pytest.mark.slow
def test_a_run_that_still_moves_above_the_edge_is_unsettled():
    start, p = (
        {"alpha": 0.25, "beta1": 0.01, "beta2": 0.27},
        {"lambda1": 2000, "lambda2": 1e-4, "eta": 0.1, "clip": 0.02},
    )
    regime, found = labelled(start, p, 2000)
    assert regime == "unsettled" and found["final_above"] == 2 and found["period"] == 0


@pytest.mark.slow
def test_a_start_above_the_edge_is_a_catapult_if_it_stays_below():
    start, p = {"alpha": 1.05, "beta1": 0.02, "beta2": 1.0}, {"lambda1": 10, "lambda2": 1, "eta": 0.2}
    regime, found = labelled(start, p, 5000)
    assert regime == "catapult" and found["crossings"] == 0 and found["final_above"] == 1 and found["outcome"] == 1


def test_a_late_flip_is_a_sign_flip_whatever_the_run_did_before():
    """Without a projection alpha flips in the fourth excursion beyond the edge, and the run ends on the plateau."""
    start, p = {"alpha": 0.6, "beta1": 0.02, "beta2": 0.5}, {"lambda1": 100, "lambda2": 0.01, "eta": 0.06}
    regime, found = labelled(start, p, 20_000)
    assert regime == "sign_flip" and found["first_sign_flip"] == 5834 and found["crossings"] >= 4
    assert found["loss_final"] == pytest.approx(0.01 / 2, rel=0.01)


def test_a_run_that_hovers_has_no_period():
    p = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": 10**0.5 / 60}
    found = simulate({"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}, p, 5000, NAMES)
    assert found["period"] == 0 and found["crossings"] > 5


def test_an_error_that_grows_is_seen():
    """Two runs whose starts differ by 1e-12 part by as much as the magnification says, to some octaves."""
    start = {"alpha": 0.57, "beta1": 0.01, "beta2": np.array([0.5, 0.5 * (1 + 1e-12)])}
    p = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": 10**0.5 / 60}
    for steps in (100, 348, 600):
        found = batch.run(
            batch.Job(bivariate, NAMES, steps, 0.0),
            *({name: np.broadcast_to(np.float64(v), 2).copy() for name, v in t.items()} for t in (start, OFF | p)),
        )
        logs = np.log(10) * found["log10_abs_beta1_final"]
        parted = max(abs(np.diff(x)[0]) for x in (found["alpha_final"], found["beta2_final"], logs)) / 0.5e-12
        assert np.log2(parted) < found["magnification"][0] + 16, steps


def test_a_threshold_that_the_doubled_run_cannot_answer_leaves_the_budget_unknown(caplog):
    dataset = xr.Dataset({name: ((), value) for name, value in (OVER | SPENT | doubled(SPENT, CAUGHT)).items()})
    dataset["lyapunov"] = ((), 0.2)
    found = eos_sweep.settled(dataset, chaos=0.1)  # the rules then read lyapunov, too, which is not stored doubled
    assert list(trust.CODES)[int(found)] == "budget_spent"
    assert found.attrs["not_checked"] == "rounding budget_short slow" and "lyapunov_doubled" in caplog.text


@pytest.mark.parametrize("name", READ)
def test_a_store_that_lacks_what_a_regime_rule_reads_doubled_says_so(name, caplog):
    """Such as one that was made before the regime rule read it."""
    dataset = xr.Dataset({name: ((), value) for name, value in (OVER | SPENT | doubled(SPENT)).items()})
    assert eos_sweep.settled(dataset) == trust.SETTLED and not caplog.text
    found = eos_sweep.settled(dataset.drop_vars(f"{name}_doubled"))
    assert found == trust.CODES["budget_spent"] and "budget_short" in found.attrs["not_checked"]
    assert f"budget_short and slow are not checked, since the regime rules read {name}_doubled," in caplog.text
    caplog.clear()
    assert eos_sweep.settled(dataset[list(trust.REQUIRED)]) == trust.CODES["budget_spent"] and not caplog.text


@pytest.mark.slow
def test_regime_names_settled_only_where_it_is_stored(stored, tmp_path):
    few = changed(steps=50, observables=list(regimes.REQUIRED))
    eos_sweep.run(Sweep.from_dict(few), tmp_path / "few")
    with xr.open_zarr(tmp_path / "few") as dataset:
        assert "regime" in dataset and "settled" not in dataset
        assert "ancillary_variables" not in dataset.regime.attrs
    with xr.open_zarr(stored) as dataset:
        assert dataset.regime.attrs["ancillary_variables"] == "settled"
