"""What the critical lines of `bivariate` and `multivariate` say; see helpers/line_claims.py."""

import numpy as np

from helpers.line_claims import ABOVE, BELOW, MARGIN, claim, flow, flow_end, run, stepped


def small_features(draw):
    lambda1 = draw.log(-1, 1)
    return {
        "lambda1": lambda1, "lambda2": lambda1 * draw.log(-1, 0),
        "alpha": draw.evenly(0.3, 1.5) * draw.sign(), "beta1": draw.evenly(-1, 1), "beta2": draw.evenly(-1, 1.5),
    }  # fmt: skip


flow("bivariate", "onset", small_features)


@claim("bivariate", "onset", ABOVE, MARGIN)
def sharpens_until_the_edge(draw):
    lambda2 = draw.log(-2, 0)
    lambda1, eta = lambda2 * draw.log(3, 5), draw.log(-2, -0.5) / lambda2
    edge = np.sqrt(2 / (eta * lambda1))
    values = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "alpha": edge * draw.evenly(0.2, 0.95)}
    values |= {"beta1": edge * draw.log(-6, -3), "beta2": draw.evenly(0.05, 0.9) / np.maximum(1, edge)}
    return values, run("bivariate", 20_000, **values)["steps_above"] == 0


def theorem(draw):
    """Points at which the theorem's words are compared with numbers."""
    return small_features(draw) | {"eta": draw.log(-2, 2)}


@claim("bivariate", "two_over_lambda1", BELOW)
def theorem_4_1_asks_for_a_larger_step(draw):
    values = theorem(draw)
    return values, values["eta"] >= 2 / values["lambda1"]


@claim("bivariate", "lambda_product", ABOVE)
def theorem_4_1_asks_for_smaller_variances(draw):
    values = theorem(draw)
    return values, values["lambda1"] * values["lambda2"] <= 1


def unbounded(draw, low, high):
    lambda1, angle, energy = draw.log(0, 3), draw.evenly(0.01, 1.56), draw.evenly(low, high)
    eta = draw.log(-1, 1) / lambda1
    weight = np.sqrt(energy / (eta * lambda1))
    values = {"lambda1": lambda1, "lambda2": 1e-12 * lambda1, "eta": eta, "beta2": draw.evenly(-1, 1)}
    return values | {"alpha": weight * np.cos(angle) * draw.sign(), "beta1": weight * np.sin(angle) * draw.sign()}


@claim("bivariate", "unclipped_divergence", ABOVE, 0.005)
def diverges(draw):
    values = unbounded(draw, 3, 40)
    return values, run("bivariate", 3000, **values)["outcome"] != 2


@claim("bivariate", "unclipped_catapult", ABOVE, 0.001)
def starts_above_the_edge(draw):
    values = unbounded(draw, 1, 6)
    return values, run("bivariate", 1, **values)["first_crossing"] != 0


@claim("bivariate", "unclipped_catapult", BELOW)
def never_raises_the_irrelevant_loss(draw):
    values = unbounded(draw, 0, 3)
    (before, after), _ = stepped("bivariate", **values)
    loss = [abs(state["alpha"] * state["beta1"]) for state in (before, after)]
    return values, loss[1] > loss[0]


def bounded(draw, clip=False):
    """Starts with |beta1| within the bound and alpha beta2 >= 0."""
    values = {"lambda1": draw.log(0, 3), "eta": draw.log(-3, 1)}
    one = 1 / np.sqrt(values["eta"] * values["lambda1"])
    radius = one * draw.evenly(0.05, 1.2)
    values |= {"clip": radius / values["eta"]} if clip else {"radius": radius}
    sign = draw.sign()
    most = 0.999 * one if clip else np.minimum(radius, 0.999 * one)
    values |= {"beta1": most * draw.evenly(-1, 1), "beta2": sign * draw.evenly(0, 2)}
    return values | {"alpha": sign * draw.evenly(0.05, 3) * one, "lambda2": 1e-9 / values["eta"]}


@claim("bivariate", "flips_excluded", BELOW)
def no_step_flips_alpha(draw):
    values = bounded(draw)
    return values, run("bivariate", 3000, **values)["sign_flips"] > 0


@claim("bivariate", "flips_excluded", BELOW)
def a_step_flips_no_alpha_while_its_condition_holds(draw):
    values = bounded(draw)
    values["beta2"] *= draw.log(-2, 2)
    room = np.maximum(0, 1 - values["eta"] * values["lambda1"] * values["radius"] ** 2)
    values["lambda2"] = np.maximum(draw.evenly(0, 1) * room / (values["eta"] * values["beta2"] ** 2), 1e-30)
    (before, after), _ = stepped("bivariate", **values)
    return values, before["alpha"] * after["alpha"] < 0


@claim("bivariate", "flips_excluded_by_clip", BELOW)
def no_step_flips_alpha_under_a_clip(draw):
    values = bounded(draw, clip=True)
    return values, run("bivariate", 3000, **values)["sign_flips"] > 0


@claim("bivariate", "flip_at_the_start", ABOVE, 1e-6)
def the_first_step_flips_alpha(draw):
    values = bounded(draw)
    values["beta1"] = draw.evenly(0.5, 3) / np.sqrt(values["eta"] * values["lambda1"])
    (before, after), _ = stepped("bivariate", **values)
    return values, before["alpha"] * after["alpha"] >= 0


def at_the_edge(draw):
    """States at the edge at which the pull on alpha is strongest."""
    lambda1, eta = draw.log(0, 4), draw.log(-3, 1)
    alpha = np.sqrt(2 / (eta * lambda1))
    return {"lambda1": lambda1, "eta": eta, "alpha": alpha, "beta2": 0.5 / alpha, "lambda2": lambda1 * draw.log(-6, 0)}


@claim("bivariate", "room", BELOW)
def alpha_grows_at_the_edge(draw):
    values = at_the_edge(draw)
    values["radius"] = draw.evenly(0, 1.2) * np.sqrt(values["eta"] * values["lambda2"] / 8)
    values["beta1"] = values["radius"] * draw.evenly(-1, 1)
    (before, after), _ = stepped("bivariate", **values)
    return values, after["alpha"] <= before["alpha"]


@claim("bivariate", "room_under_clip", BELOW)
def alpha_grows_at_the_edge_under_a_clip(draw):
    values = at_the_edge(draw)
    values["clip"] = draw.evenly(0, 1.2) * np.sqrt(values["lambda2"] / (2 * values["eta"]))
    most = 0.5 * values["eta"] * values["clip"]
    values["beta1"] = most * draw.evenly(-2, 2)
    for _ in range(2):  # of beta1 alone, at the edge
        values["beta1"] = stepped("bivariate", **values)[0][1]["beta1"]
    (before, after), _ = stepped("bivariate", **values)
    return values, (after["alpha"] <= before["alpha"]) | (abs(values["beta1"]) > most * (1 + 1e-12))


def several(draw):
    values = {"lambda1": draw.log(-1, 1), "lambda_r": draw.log(-1, 0), "alpha": draw.evenly(0.3, 1.5) * draw.sign()}
    values |= {f"lambda{k}": values["lambda1"] * draw.evenly(0.1, 1.5) for k in (2, 3, 4)}
    return values | {f"beta{k}": draw.evenly(-0.5, 0.5) for k in (1, 2, 3, 4)} | {"beta_r": draw.evenly(-1, 1.5)}


flow("multivariate", "onset", several)


@claim("multivariate", "second_onset", ABOVE, MARGIN)
def two_inputs_are_unstable(draw):
    values = several(draw)
    ends, there = flow_end("multivariate", **values)
    values["eta"] = draw.evenly(0.5, 8) / ends["sharpness_final"]
    second = np.sort([values[f"lambda{k}"] for k in (1, 2, 3, 4)], axis=0)[-2]
    return values, there & (values["eta"] * second * ends["alpha_final"] ** 2 < 2)


@claim("multivariate", "flips_excluded", BELOW)
def irrelevant_inputs_never_flip_alpha(draw):
    values = several(draw) | {"lambda_r": 1e-60, "eta": draw.log(-1, 1)}
    total = sum(values[f"lambda{k}"] for k in (1, 2, 3, 4))
    values["radius"] = draw.evenly(0.1, 1.3) / np.sqrt(values["eta"] * total)
    values |= {f"beta{k}": values["radius"] * draw.evenly(-1, 1) for k in (1, 2, 3, 4)}
    return values, run("multivariate", 12, **values)["sign_flips"] > 0
