"""Largest eigenvalues: of small matrices in stages that a kernel vectorises, and by Lanczos."""
