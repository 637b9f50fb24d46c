"""Largest eigenvalues: of small matrices, in stages that a kernel vectorises; of large ones, followed or by Lanczos."""
