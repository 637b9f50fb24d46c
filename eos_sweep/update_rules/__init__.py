"""Update rules: what is done with a gradient at each step, one file each.

A rule works on vectors, with an entry for each weight: NumPy arrays of a network, or terms that record what is done
with them, from which the step of a small model is derived.
"""
