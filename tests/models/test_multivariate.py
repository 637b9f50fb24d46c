"""The model `multivariate`: one input is `bivariate`, equal inputs act as one, the largest of unequal inputs wins."""

import gmpy2
import numpy as np
import pytest

from eos_sweep import models, observables
from eos_sweep.checks.exact import arithmetic
from eos_sweep.models import bivariate
from eos_sweep.spec.making import make
from eos_sweep.state import log10_abs, values
from helpers import formulas
from helpers.critical_lines import lines, ratio
from helpers.kernel_and_numpy import bisect, same_bits
from helpers.named_inputs import run, states
from helpers.random_points import random_points

multivariate = models.get("multivariate")
INNER = "beta1", "beta2", "beta3", "beta4"
COUNTED = ("steps_taken", "outcome", "crossings", "steps_above", "first_crossing", "sign_flips", "loss_rises")
HOVER = {"lambda1": 300.0, "lambda_r": 0.01, "alpha": 0.5, "beta1": 1e-3, "beta2": 1e-3, "beta_r": 0.5}


def points(count, seed):
    """Points of every kind for one input, with the names of this model and those of `bivariate`."""
    initial, parameters = random_points(count, seed)
    theirs = initial | parameters
    renamed = {"beta2": "beta_r", "lambda2": "lambda_r"}
    return {renamed.get(name, name): value for name, value in theirs.items()}, theirs


def several(count, seed):
    """Points of every kind, with two to four inputs of equal and unequal variances, some absent."""
    random = np.random.default_rng(seed)
    mine, _ = points(count, seed)
    for k in range(2, 5):
        share = np.choose(random.integers(4, size=count), [0.0, 1.0, random.uniform(0, 1.5, count), 0.99])
        mine[f"lambda{k}"] = mine["lambda1"] * share
        mine[f"beta{k}"] = mine["beta1"] * random.choice([-1, 1], count) * 10.0 ** random.uniform(-3, 1, count)
    return mine


# One input


def test_with_one_input_each_function_is_that_of_bivariate_bit_for_bit():
    """An input of variance zero is absent, whatever its weight."""
    mine, theirs = points(3000, 1)
    random = np.random.default_rng(0)
    mine |= {name: random.normal(0, 1, 3000) for name in INNER[1:]}
    with np.errstate(all="ignore"):
        (path, p), (path2, p2) = states(multivariate, 48, **mine), states(bivariate, 48, **theirs)
        for theta, other in zip(path, path2, strict=True):
            here = bivariate.loss(other, p2) < bivariate.LIMIT
            assert same_bits(multivariate.loss(theta, p)[here], bivariate.loss(other, p2)[here])
            for k, place in ((0, 0), (1, 1), (5, 2), (6, 3)):
                assert same_bits(theta[k][here], other[place][here])
            curvature, right = multivariate.curvature(theta, p), bivariate.curvature(other, p2)
            for one, its in zip((*curvature[:3], *curvature[6:8]), right, strict=True):
                assert same_bits(one[here], its[here])
            assert np.array_equal(multivariate.stable(curvature, 2.0)[here], bivariate.stable(right, 2.0)[here])
            alone = *theta[:2], 0.0, 0.0, 0.0, *theta[5:]
            assert np.array_equal(multivariate.clipped(alone, p)[here], bivariate.clipped(other, p2)[here])
    assert here.sum() > 1000


@pytest.mark.slow
def test_with_one_input_runs_are_those_of_bivariate_bit_for_bit_but_for_the_sharpness():
    mine, theirs = points(2000, 2)
    found, right = run(multivariate, 1500, tolerance=1e-12, **mine), run(bivariate, 1500, tolerance=1e-12, **theirs)
    right["beta_r_final"] = right.pop("beta2_final")
    for name in found.keys() & right.keys():  # only bivariate has claims
        value = right[name]
        if name.startswith(("sharpness", "flow_sharpness", "tail", "loss_growth")):  # the scale of the loss has it, too
            np.testing.assert_allclose(found[name], value, rtol=3e-15, err_msg=name)
        elif name not in ("lyapunov", "magnification"):  # an absent input counts as a direction there
            assert same_bits(found[name], value), name


# Symmetries


def split(b, angles, k):
    """Return b_1 ... b_k with sum of squares b^2."""
    parts = []
    for angle in angles[: k - 1]:
        parts.append(b * gmpy2.cos(angle))
        b = b * gmpy2.sin(angle)
    return [*parts, b]


@pytest.mark.parametrize("k", [2, 3, 4])
def test_equal_inputs_are_one_in_exact_arithmetic(k):
    """Without bounds the loss depends on sum_j beta_j^2 only; in 300 bits this holds to 240."""
    m = arithmetic.translated(multivariate)
    with arithmetic.precise(300):
        for alpha, b, eta in (("0.5", "0.01", "0.05"), ("0.2", "0.001", "0.3"), ("0.66", "0.1", "0.02")):
            variances = [gmpy2.mpfr(100)] * k + [gmpy2.mpfr(0)] * (4 - k)
            off = [gmpy2.mpfr("inf")] * 2
            p = (*variances, gmpy2.mpfr("0.01"), gmpy2.mpfr(eta), *off)
            one = (gmpy2.mpfr(100), *[gmpy2.mpfr(0)] * 3, *p[4:])
            zeros, alpha, b = [gmpy2.mpfr(0)] * 4, gmpy2.mpfr(alpha), gmpy2.mpfr(b)
            inner = split(b, [gmpy2.mpfr(1), gmpy2.mpfr(2), gmpy2.mpfr("0.3")], k) + zeros[k:]
            theta = (alpha, *inner, alpha, *zeros)
            single = (alpha, b, *zeros[:3], alpha, *zeros)
            for _ in range(300):
                theta, single = m.step(theta, p), m.step(single, one)
                if not m.loss(single, one) < 1e30:
                    break
                norm = gmpy2.sqrt(sum(x * x for x in theta[1:5]))
                for found, right in ((theta[0], single[0]), (norm, abs(single[1])), (theta[5], single[5])):
                    assert abs(found - right) <= abs(right) * gmpy2.mpfr(2) ** -200


def test_equal_inputs_are_one_in_doubles():
    given = {"lambda1": 100.0, "lambda_r": 0.01, "eta": [0.02, 0.03, 0.05], "alpha": 0.57, "beta_r": 0.5}
    b = np.array([0.012, 0.004, -0.003, 0.0])
    alike = {f"lambda{k}": 100.0 for k in (2, 3, 4)}
    path, p = states(multivariate, 400, **given, **alike, **dict(zip(INNER, b, strict=True)))
    single, one = states(multivariate, 400, **given, beta1=np.sqrt((b * b).sum()))
    for theta, right in zip(path, single, strict=True):
        np.testing.assert_allclose(theta[0], right[0], rtol=1e-12)
        np.testing.assert_allclose(theta[5], right[5], rtol=1e-12)
        depth = log10_abs(right[1], right[6])
        for j in (1, 2, 3):
            found = log10_abs(theta[j], theta[5 + j]) - np.log10(abs(b[j - 1]) / np.sqrt((b * b).sum()))
            np.testing.assert_allclose(found, depth, atol=1e-11)
        with np.errstate(invalid="ignore"):  # of what a select discards
            sharpness = [multivariate.curvature(state, q) for state, q in ((theta, p), (right, one))]
        assert np.array_equal(multivariate.stable(sharpness[0], 2.0), multivariate.stable(sharpness[1], 2.0))


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1), (3, 1, 0, 2)])
def test_inputs_may_change_places(order):
    """Bit for bit if the pairs that are added stay the same, otherwise to rounding."""
    mine = several(400, 3)
    other = dict(mine)
    for place, k in enumerate(order):
        other[f"beta{place + 1}"], other[f"lambda{place + 1}"] = mine[INNER[k]], mine[f"lambda{k + 1}"]
    fine = (other["lambda1"] > 0) & (abs(mine["beta1"]) < 1e3)
    (path, p), (path2, p2) = (states(multivariate, 20, **{n: v[fine] for n, v in x.items()}) for x in (mine, other))
    for theta, there in zip(path[:20], path2, strict=False):
        with np.errstate(all="ignore"):
            good = multivariate.loss(theta, p) < 1e3
        for place, k in enumerate(order):
            if order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
                assert same_bits(theta[1 + k], there[1 + place])
            else:
                np.testing.assert_allclose(there[1 + place][good], theta[1 + k][good], rtol=1e-9, atol=1e-290)


def test_weights_may_change_their_signs():
    mine = several(300, 4)
    path, _ = states(multivariate, 30, **mine)
    mirrored, _ = states(multivariate, 30, **mine | {"beta2": -mine["beta2"], "beta4": -mine["beta4"]})
    for theta, other in zip(path, mirrored, strict=True):
        for k, sign in enumerate((1, 1, -1, 1, -1, 1)):
            assert same_bits(theta[k] * sign, other[k])


# Exponents


def truth(theta, variances, lambda_r, eta, radius, steps):
    """Yield the states (alpha, [beta_1, ...], beta_r) in 250 bits, from the formulas."""
    with formulas.precise(250):
        alpha, *inner, relevant = map(gmpy2.mpfr, theta)
        variances, lambda_r, eta, radius = [*map(gmpy2.mpfr, variances)], *map(gmpy2.mpfr, (lambda_r, eta, radius))
        yield alpha, inner, relevant
        for _ in range(steps):
            error = lambda_r * (alpha * relevant - 1)
            push = sum(v * b * b for v, b in zip(variances, inner, strict=True))
            moved = [b * (1 - eta * v * alpha * alpha) for v, b in zip(variances, inner, strict=True)]
            alpha, relevant = alpha - eta * (alpha * push + error * relevant), relevant - eta * error * alpha
            inner = [max(-radius, min(radius, b)) for b in moved]
            yield alpha, inner, relevant


@pytest.mark.slow
def test_each_weight_comes_back_from_below_every_double():
    """Both shrink below 1e-880 at different rates and grow again."""
    given = {"lambda1": 100.0, "lambda2": 80.0, "lambda_r": 0.01, "eta": 0.05, "radius": 0.0527}
    start = {"alpha": 0.2, "beta1": 0.05, "beta2": 0.05, "beta_r": 0.5}
    path = list(truth(start.values(), (100, 80), 0.01, 0.05, 0.0527, 4700))
    depths = np.array([[formulas.log10(b) for b in inner] for _, inner, _ in path])
    for steps in (2000, 4700):
        found = run(multivariate, steps, **given, **start)
        alpha, _, relevant = path[steps]
        assert found["alpha_final"][0] == pytest.approx(float(alpha), rel=1e-9)
        assert found["beta_r_final"][0] == pytest.approx(float(relevant), rel=1e-12)
        for name, depth in zip(("beta1", "beta2"), depths[: steps + 1].T, strict=True):
            assert found[f"log10_abs_{name}_final"][0] == pytest.approx(depth[-1], abs=1e-7)
            assert found[f"log10_abs_{name}_min"][0] == pytest.approx(depth.min(), abs=1e-7)
    assert (depths.min(0) < -850).all() and depths[-1, 0] > -10


# Several inputs


@pytest.mark.slow
def test_of_two_inputs_the_larger_one_wins():
    """At the edge a step multiplies the other weight by about 1 - 2 lambda2/lambda1, so the largest acts alone."""
    both = run(multivariate, 8000, **HOVER, eta=0.1, radius=0.527 / 300**0.5, lambda2=210.0)
    alone = run(multivariate, 8000, **HOVER, eta=0.1, radius=0.527 / 300**0.5)
    steps = both["steps_taken"][0] - both["first_crossing"][0]
    assert both["log10_abs_beta2_final"][0] / steps == pytest.approx(np.log10(abs(1 - 2 * 0.7)), rel=0.05)
    assert both["log10_abs_beta1_final"][0] > -10
    assert abs(both["crossings"] - alone["crossings"])[0] <= 2
    np.testing.assert_allclose(both["tail_max"], alone["tail_max"], rtol=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.9, 0.95, 0.97])
def test_where_one_has_not_the_room_the_second_holds_the_sharpness_at_its_own_edge(ratio):
    """A radius of 0.1/sqrt(lambda1) is too small for one input at eta = 0.05: two hold S eta/2 at lambda1/lambda2."""
    given = {**HOVER, "eta": 0.05, "radius": 0.1 / 300**0.5}
    both, alone = run(multivariate, 20_000, **given, lambda2=300 * ratio), run(multivariate, 20_000, **given)
    assert both["tail_mean"][0] == pytest.approx(1 / ratio, rel=2e-3)
    assert alone["tail_mean"][0] > 1.19
    assert both["final_above"][0] == alone["final_above"][0] == 2


@pytest.mark.slow
def test_inputs_alike_share_the_bound_and_act_as_one_with_a_larger_radius():
    alike = {f"lambda{k}": 300.0 for k in (2, 3, 4)} | {name: 5e-4 for name in INNER}
    eta = np.geomspace(0.02, 2.0, 64)
    found = run(multivariate, 3000, **{**HOVER, **alike}, eta=eta, radius=0.03)
    right = run(multivariate, 3000, **HOVER | {"beta1": 1e-3, "beta2": 0.0}, eta=eta, radius=0.06)
    calm = right["sign_flips"] == 0
    assert calm.sum() > 40
    assert (abs(found["crossings"] - right["crossings"]) <= 0.05 * right["crossings"])[calm].all()
    np.testing.assert_allclose(found["tail_max"][calm], right["tail_max"][calm], rtol=2e-2)


# Settled


@pytest.mark.slow
def test_a_settled_trajectory_stays_below_the_edge_however_weak_an_input_is():
    random = np.random.default_rng(8)
    mine = several(1500, 8)
    mine["lambda2"] = mine["lambda1"] * 10.0 ** random.uniform(-8, 0, 1500)
    mine["lambda_r"], mine["beta_r"] = 10.0 ** random.uniform(-2, 2, 1500), random.uniform(-3, 3, 1500)
    variables = observables.expand(COUNTED, multivariate)
    ended = run(multivariate, 3000, variables, 1.0, **mine)
    settled = ended["outcome"] == 1
    assert settled.sum() > 100
    on = run(multivariate, 30_000, variables, 0.0, **mine)
    for name in ("crossings", "steps_above", "sign_flips"):
        assert np.array_equal(on[name][settled], ended[name][settled]), name


# Bounds, presets, lines


def test_the_preset_is_for_the_largest_variance_and_an_absent_input_needs_no_start():
    sweep = make("multivariate", {"lambda2": [0.0, 50.0, 400.0]}, {"lambda1": 100, "lambda_r": 0.01, "eta": 0.05,
                 "radius": "liu2025"}, {"alpha": 0.5, "beta1": 0.05, "beta_r": 0.5}, steps=1)  # fmt: skip
    initial, parameters = sweep.inputs({"lambda2": np.array([0.0, 50.0, 400.0])})
    np.testing.assert_allclose(parameters["radius"], np.sqrt(10) / 6 / np.sqrt([100, 100, 400]))
    assert all(np.all(initial[name] == 0) for name in INNER[1:])


def test_balance_changes_by_squared_gradients_only():
    mine = several(2000, 9) | {"clip": np.inf, "radius": np.inf}
    mine["beta1"] = np.where(abs(mine["beta1"]) < 1e-90, 1e-3, mine["beta1"])
    (before, after), p = states(multivariate, 1, **mine)
    gone = values(multivariate, before), values(multivariate, after)
    change = multivariate.balance(after, p) - multivariate.balance(before, p)
    slopes = {name: (gone[1][name] - gone[0][name]) ** 2 for name in multivariate.STATE}
    right = slopes.pop("alpha") - sum(slopes.values())
    size = sum(x * x for state in gone for x in state.values())
    assert (abs(change - right) <= 3e-15 * size).all()


@pytest.mark.slow
def test_the_onset_is_where_sharpening_reaches_the_edge():
    given = {"lambda1": 100.0, "lambda2": 95.0, "lambda3": 40.0, "lambda_r": 0.01, "radius": 0.05}
    start = {"alpha": 0.57, "beta1": 0.001, "beta2": 0.002, "beta3": 0.001, "beta_r": 0.5}

    def crosses(eta):
        return run(multivariate, 200_000, ("steps_above",), **given, **start, eta=eta)["steps_above"] > 0

    found = bisect(crosses, 0.015, 0.025, rounds=2)
    for name, right in (("onset", 1.0), ("second_onset", 0.95)):
        assert ratio(multivariate, name, **given, **start, eta=found)[0] == pytest.approx(right, rel=2e-4)


@pytest.mark.slow
def test_below_the_line_of_flips_the_irrelevant_inputs_cause_none():
    """The relevant input could flip a tiny alpha; with a variance of 1e-60 it does not."""
    mine = several(4000, 10)
    total = sum(mine[f"lambda{k}"] for k in range(1, 5))
    mine |= {"lambda_r": np.full(4000, 1e-60), "clip": np.full(4000, np.inf)}
    for room, some in ((0.99, False), (1.5, True)):
        mine["radius"] = room / np.sqrt(mine["eta"] * total)
        mine |= {name: np.clip(mine[name], -mine["radius"], mine["radius"]) for name in INNER}
        np.testing.assert_allclose(lines(multivariate)["flips_excluded"].ratio(mine), room)
        flips = run(multivariate, 12, ("sign_flips",), **mine)["sign_flips"] > 0
        assert flips.sum() > 100 if some else not flips.any()
