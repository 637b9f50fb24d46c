"""JAX in float64: the loop of one trajectory, mapped over trajectories and compiled."""

from eos_sweep.checks.bench.peers import not_installed, plain

NAME = "JAX jit(vmap)"
TRAJECTORIES = {"eigvalsh": 256, "our closed form": 2048}


def missing(variant):
    """Return why the variant cannot run here; empty if it can."""
    return not_installed("jax")


def prepare(variant):
    """Return ``run(points, steps)``."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    top = plain.eigvalsh(jnp) if variant == "eigvalsh" else plain.arrowhead(jnp, jnp.where)
    start, step = plain.experiment(jnp, jnp.where, top)

    def trajectory(alpha, beta1, beta2, p, steps):
        def once(i, record):
            return step(record, p, i, steps - steps // 10)

        return jax.lax.fori_loop(0, steps, once, start(alpha, beta1, beta2, p))

    compiled = jax.jit(jax.vmap(trajectory, in_axes=(0, 0, 0, 0, None)))
    return lambda points, steps: jax.block_until_ready(compiled(*points[:3], points[3:], steps))
