"""Trajectories step by step by the kernel's rules, in exact arithmetic and in NumPy."""
