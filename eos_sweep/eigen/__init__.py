"""Largest eigenvalues: of small matrices, in stages that a kernel vectorises, and of large ones, by Lanczos."""
