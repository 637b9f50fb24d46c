"""The model `bivariate` once more, written from its formulas, in any precision and with no bound on exponents.

Nothing here comes from the package: sharpness is the largest root of the characteristic polynomial, found by Newton's
method from the right, which cannot pass it.
"""

import itertools

import gmpy2

LIMIT = gmpy2.mpfr("1e30")
INFINITY = float("inf")


def precise(bits):
    """A context of ``bits`` bits; its exponents reach 2**(+-1e9)."""
    return gmpy2.context(precision=bits, emin=gmpy2.get_emin_min(), emax=gmpy2.get_emax_max())


def trajectory(theta, p, steps, bits=200):
    """Return the states 0 ... as (alpha, beta1, beta2), up to ``steps`` or the last with a loss below 1e30."""
    with precise(bits):
        alpha, beta1, beta2 = map(gmpy2.mpfr, theta)
        lambda1, lambda2, eta, clip, radius = map(gmpy2.mpfr, p)
        states = [(alpha, beta1, beta2)]
        for _ in range(steps):
            pull = lambda1 * alpha**2 * beta1
            error = lambda2 * (alpha * beta2 - 1)
            alpha, beta1, beta2 = (
                alpha - eta * (lambda1 * alpha * beta1**2 + error * beta2),
                beta1 - eta * max(-clip, min(clip, pull)),
                beta2 - eta * error * alpha,
            )
            beta1 = max(-radius, min(radius, beta1))
            if not lambda1 * (alpha * beta1) ** 2 + lambda2 * (alpha * beta2 - 1) ** 2 < 2 * LIMIT:
                break
            states.append((alpha, beta1, beta2))
        return states


def hessian(theta, p, bits=200):
    """Return (d0, d1, d2, e1, e2): the second derivatives that are not zero."""
    with precise(bits):
        alpha, beta1, beta2 = map(gmpy2.mpfr, theta)
        lambda1, lambda2 = map(gmpy2.mpfr, p[:2])
        return (
            lambda1 * beta1**2 + lambda2 * beta2**2,
            lambda1 * alpha**2,
            lambda2 * alpha**2,
            2 * lambda1 * alpha * beta1,
            lambda2 * (2 * alpha * beta2 - 1),
        )


def top(d0, d1, d2, q1, q2, bits=400):
    """Return the largest eigenvalue of an arrowhead matrix whose arms have the squares q1 and q2.

    It is right to half of ``bits`` even where it is a double one.
    """
    with precise(bits):
        d0, d1, d2, q1, q2 = map(gmpy2.mpfr, (d0, d1, d2, q1, q2))
        e1, e2 = gmpy2.sqrt(q1), gmpy2.sqrt(q2)
        root = max(d0 + e1 + e2, d1 + e1, d2 + e2)  # Gershgorin
        for _ in range(2 * bits):
            x, y, z = root - d0, root - d1, root - d2
            slope = y * z + x * z + x * y - q1 - q2
            if slope <= 0:
                break
            step = (x * y * z - q1 * z - q2 * y) / slope
            if step <= abs(root) * gmpy2.mpfr(2) ** (8 - bits):
                break
            root -= step
        return root


def sharpness(theta, p, bits=400):
    d0, d1, d2, e1, e2 = hessian(theta, p, bits)
    with precise(bits):
        q1, q2 = e1**2, e2**2
    return top(d0, d1, d2, q1, q2, bits)


def above(theta, p, bits=200):
    """Whether the sharpness is above 2/eta: by Sylvester's criterion, tau I - H is not positive definite."""
    d0, d1, d2, e1, e2 = hessian(theta, p, bits)
    with precise(bits):
        tau = 2 / gmpy2.mpfr(p[2])
        x, y, z = tau - d0, tau - d1, tau - d2
        return not (y > 0 and z > 0 and x * y * z - e1**2 * z - e2**2 * y > 0)


def observe(theta, p, steps, bits=150):
    """Return the observables that a regime is decided by (but for the growth of sharpness), and the last state."""
    states = trajectory(theta, p, steps, bits)
    flags = [above(state, p, bits) for state in states]
    signs = [state[0] < 0 for state in states if state[0] != 0]  # on its way through zero alpha keeps its sign
    return {
        "steps_taken": len(states) - 1,
        "outcome": 3 if len(states) == steps + 1 else 2,
        "first_crossing": flags.index(True) if True in flags else -1,
        "crossings": sum(now and not before for before, now in itertools.pairwise(flags)),
        "steps_above": sum(flags),
        "final_above": 1 + flags[-1],
        "sign_flips": sum(now != before for before, now in itertools.pairwise(signs)),
        "sharpness_initial": float(sharpness(states[0], p)),
        "state": states[-1],
    }


def log10(value):
    """log10 of the absolute value of a number of any size."""
    with precise(100):
        return float(gmpy2.log10(abs(value)))
