"""Derives a model from its loss: the step, the Hessian, the sharpness, and what would vanish in a double."""
