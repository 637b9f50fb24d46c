"""What the critical lines of the other models say; see helpers/line_claims.py."""

import numpy as np

from eos_sweep import models
from eos_sweep.models import linear_net as gram
from helpers import named_inputs as named
from helpers.critical_lines import ratio
from helpers.line_claims import ABOVE, BELOW, claim, flow, run, stepped

# product


def weights(draw):
    return {
        "x": draw.evenly(-1, 1),
        "y": draw.evenly(1.2, 3) * draw.sign(),
        "ell": draw.random.choice([0, 0.5, 1, 2], draw.count),
    }


def far_out(draw):
    ell = draw.random.choice([0.0, 0.5, 1.0, 2.0], draw.count)
    size = np.where(ell == 0, 1, ell)
    values = {name: draw.log(1, 3) * draw.sign() * np.sqrt(size) for name in ("x", "y")}
    return values | {"ell": ell, "eta": draw.evenly(0.9, 4) * np.sqrt(2) / size}


flow("product", "onset", weights)


@claim("product", "divergence", ABOVE, 1e-3)
def a_step_far_out_raises_the_imbalance(draw):
    values = far_out(draw)
    before, after = (abs(state["y"] ** 2 - state["x"] ** 2) for state in stepped("product", **values)[0])
    return values, after <= before


@claim("product", "divergence", ABOVE, 0.02)
def starts_far_out_diverge(draw):
    values = far_out(draw)
    return values, run("product", 20_000, **values)["outcome"] != 2


# threshold, quadratic


@claim("threshold", "edge", ABOVE, 1e-6)
def a_small_weight_grows(draw):
    values = {"A": 1e-9 * draw.sign(), "b": draw.evenly(-2, 2), "d": draw.log(0.5, 2)}
    values["eta"] = draw.log(0, 2.5) / values["d"] ** 2
    before, after = (abs(state["A"]) for state in stepped("threshold", **values)[0])
    return values, after <= before


@claim("quadratic", "oscillation", ABOVE)
def the_steepest_coordinate_changes_its_sign(draw):
    values = {f"a{k}": draw.evenly(0, 3) for k in range(1, 9)} | {"eta": draw.log(-1, 1)}
    values |= {f"theta{k}": draw.evenly(-1, 1) for k in range(1, 9)}
    (before, after), _ = stepped("quadratic", **values)
    steepest = np.argmax([values[f"a{k}"] for k in range(1, 9)], axis=0)
    product = np.array([before[f"theta{k}"] * after[f"theta{k}"] for k in range(1, 9)])
    return values, np.take_along_axis(product, steepest[None], axis=0)[0] >= 0


# quartic and uv


def two_weights(draw):
    return {name: draw.evenly(0.3, 1.5) * draw.sign() for name in ("x", "y")}


flow("quartic", "onset", two_weights)


@claim("quartic", "two_cycle", ABOVE)
def every_minimum_is_unstable(draw):
    x = draw.log(-2, 2)
    minimum = {"x": x, "y": 1 / x}
    eta = draw.evenly(0.3, 3)
    return {**minimum, "eta": eta}, run("quartic", 1, **minimum, eta=eta)["first_crossing"] != 0


def balanced(draw, low, high):
    """Starts on x = +-y between two step sizes, from which runs stay bounded."""
    x = draw.evenly(0.3, 1.05)
    return {"x": x * draw.sign(), "y": x * draw.sign(), "eta": draw.evenly(low, high)}


def doubling(model, line, side, starts, period, low, high):
    """Enter the claim that runs between two values of the line's quantity end on an orbit of ``period`` steps."""

    @claim(model, line, side, 0.002)
    def ends_on_its_orbit(draw):
        values = starts(draw, low, high)
        return values, run(model, 20_000, **values)["period"] != period


for place, side, steps, least, most in (
    ("four_cycle", BELOW, 2, 0.505, 0.63),
    ("four_cycle", ABOVE, 4, 0.62, 0.65),
    ("eight_cycle", BELOW, 4, 0.6265, 0.655),
    ("eight_cycle", ABOVE, 8, 0.65, 0.6565),
):
    doubling("quartic", place, side, balanced, steps, least, most)


@claim("quartic", "chaos", BELOW, 0.001)
def no_balanced_run_is_chaotic(draw):
    values = balanced(draw, 0.4, 0.67)
    return values, run("quartic", 20_000, **values)["lyapunov"] > 0.005


@claim("quartic", "crisis", ABOVE, 0.05)
def almost_all_runs_diverge(draw):
    values = {"x": draw.evenly(-2, 2), "y": draw.evenly(-2, 2), "eta": draw.evenly(1.2, 3)}
    return values, run("quartic", 20_000, **values)["outcome"] != 2


@claim("quartic", "balanced_divergence", ABOVE, 1e-6)
def a_balanced_run_diverges(draw):
    x = draw.log(0, 0.5)
    values = {"x": x * draw.sign(), "y": x * draw.sign(), "eta": draw.evenly(0.1, 1.2)}
    return values, run("quartic", 3000, **values)["outcome"] != 2


def layers(draw):
    values = {"f": draw.evenly(-1, 2), "n": draw.log(0, 1.5), "y": draw.evenly(0.5, 1) * draw.sign()}
    return values | {"lam": 2 * abs(values["f"]) / np.sqrt(values["n"]) + draw.evenly(0.1, 2)}


flow("uv", "onset", layers)


@claim("uv", "lazy", BELOW, 0.01)
def a_wide_network_is_lazy(draw):
    values = {"f": draw.log(-3, 1) * draw.sign(), "eta": draw.log(-2, 1), "n": 1e12, "y": 0.0}
    values["lam"] = draw.evenly(0.01, 2.2) / values["eta"]
    found = run("uv", 3000, **values)
    moved = abs(found["sharpness_final"] / found["sharpness_initial"] - 1) > 1e-3
    return values, moved | (found["loss_rises"] > 0) | (found["steps_above"] > 0)


@claim("uv", "catapult_ends", ABOVE, 1e-3)
def a_run_without_target_diverges(draw):
    values = {"f": draw.log(-3, 1) * draw.sign(), "eta": draw.log(-2, 1), "n": draw.log(0, 3), "y": 0.0}
    least = 2 * abs(values["f"]) / np.sqrt(values["n"])
    values["lam"] = np.maximum(draw.evenly(3.8, 12) / values["eta"], least * draw.evenly(1, 2))
    return values, run("uv", 5000, **values)["outcome"] != 2


@claim("uv", "two_cycle", ABOVE)
def every_minimum_of_the_layers_is_unstable(draw):
    values = {"y": draw.log(-1, 1) * draw.sign(), "n": draw.log(0, 3), "eta": draw.log(-1, 3)}
    values |= {"f": values["y"], "lam": 2 * abs(values["y"]) / np.sqrt(values["n"]) * (1 + draw.log(-9, 1))}
    return values, run("uv", 1, **values)["first_crossing"] != 0


def scaled(draw, low, high):
    """Starts with u = +-v, f y > 0, between two values of eta |y|/sqrt(n)."""
    values = {"y": draw.log(-1, 1) * draw.sign(), "n": draw.log(0, 3)}
    values["eta"] = draw.evenly(low, high) * np.sqrt(values["n"]) / abs(values["y"])
    values["f"] = draw.evenly(0.2, 1.2) * np.sqrt(values["n"]) / values["eta"] * np.sign(values["y"])
    return values | {"lam": 2 * abs(values["f"]) / np.sqrt(values["n"])}


doubling("uv", "four_cycle", BELOW, scaled, 2, 1.01, 1.25)
doubling("uv", "four_cycle", ABOVE, scaled, 4, 1.22, 1.285)


@claim("uv", "chaos", BELOW, 0.001)
def no_balanced_network_is_chaotic(draw):
    values = scaled(draw, 0.8, 1.32)
    return values, run("uv", 20_000, **values)["lyapunov"] > 0.005


@claim("uv", "divergence", ABOVE, 0.01)
def almost_all_networks_diverge(draw):
    values = scaled(draw, 1.9, 6)
    values["lam"] *= 1 + draw.log(-6, 1)
    return values, run("uv", 5000, **values)["outcome"] != 2


# scalar_net, stabilization, linear_net


def chain(draw):
    values = {f"w{k}": draw.log(-0.4, 0.3) * draw.sign() for k in range(1, 6)} | {"depth": np.floor(draw.evenly(2, 6))}
    inside = [np.where(values["depth"] >= k, values[f"w{k}"], 1) for k in range(1, 6)]
    product = np.prod(inside, axis=0)
    values["w1"] *= np.sign(product) * np.where(abs(product) > 1, draw.evenly(0.1, 1) / abs(product), 1)
    return values


flow("scalar_net", "flow_at_edge", chain)


@claim("scalar_net", "monotone", BELOW)
def phi_does_not_rise(draw):
    values = chain(draw)
    values["eta"] = draw.log(-2, 0.5)
    model = models.get("scalar_net")
    path, p = named.states(model, 1, **values)
    before, after = (model.flow_sharpness(theta, p) for theta in path)
    return values, after > before * (1 + 1e-12)


@claim("scalar_net", "no_stable_minimum", ABOVE)
def every_minimum_of_the_chain_is_unstable(draw):
    values = chain(draw) | {"eta": draw.evenly(0.1, 2)}
    inside = [np.where(values["depth"] >= k, values[f"w{k}"], 1) for k in range(2, 6)]
    values["w1"] = 1 / np.prod(inside, axis=0)
    return values, run("scalar_net", 1, **values)["first_crossing"] != 0


def stages(draw):
    return {"alpha": draw.log(-2, 2), "beta": draw.log(-2, 2), "eta": draw.log(-3, 0), "y": 0.0}


@claim("stabilization", "centre", BELOW)
def the_first_step_raises_the_sharpness(draw):
    values = stages(draw)
    values["x"] = np.sqrt(2 * values["alpha"] / values["beta"]) * draw.evenly(0.01, 1.2) * draw.sign()
    found = run("stabilization", 1, **values)
    return values, found["sharpness_final"] <= found["sharpness_initial"]


@claim("stabilization", "overshoot", ABOVE, 1e-3)
def overshoots_and_diverges(draw):
    values = stages(draw)
    values["alpha"] = 1e-9 / values["eta"] ** 2
    values["x"] = draw.evenly(0.8, 5) * np.sqrt(2) / (values["eta"] * np.sqrt(values["beta"])) * draw.sign()
    path, _ = stepped("stabilization", 2, **values)
    convex = 2 / values["eta"] + path[2]["y"] > 0
    return values, convex | (run("stabilization", 20_000, **values)["outcome"] != 2)


def one_feature(draw):
    values = {name: draw.evenly(0.1, 2) for name in ("a", "g11", "g22", "g33")} | {"b1": draw.log(-2, 0) * draw.sign()}
    values |= {f"lambda{k}": draw.log(-0.5, 0.5) for k in (1, 2, 3)} | {"width": draw.log(0, 4)}
    return values | {"d1": -values["b1"] * draw.evenly(0.2, 1), "d2": 0.0, "d3": 0.0, "b2": 0.0, "b3": 0.0}


flow("linear_net", "flow_at_edge", one_feature)


@claim("linear_net", "lazy_divergence", ABOVE, 0.02)
def a_wide_network_diverges(draw):
    values = one_feature(draw) | {f"d{k}": draw.log(-2, 0) * draw.sign() for k in (1, 2, 3)}
    values |= {name: draw.evenly(-0.01, 0.01) for name in ("g12", "g13", "g23")}
    values |= {
        "width": draw.log(4, 7),
        "b2": values["b1"] * draw.evenly(-1, 1),
        "b3": values["b1"] * draw.evenly(-1, 1),
    }
    values["eta"] = draw.evenly(0.9, 3) / ratio(gram, "lazy_divergence", **values, eta=1e-3) * 1e-3
    (theta,), p = named.states(gram, 0, **values)
    second = values["eta"] * np.linalg.eigvalsh(gram.hessian(theta, p))[:, 1]
    return values, (second < 2) & (run("linear_net", 5000, **values)["outcome"] != 2)
