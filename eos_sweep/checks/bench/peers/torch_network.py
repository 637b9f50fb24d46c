"""Gradient descent of a tanh network in eager PyTorch; its sharpness is found by Hessian-vector products of autograd.

The vectors of Lanczos begin with the last eigenvector and a random direction (:func:`eos_sweep.eigen.lanczos.top`).
"""

import itertools

import numpy as np

from eos_sweep.checks.bench.peers import not_installed
from eos_sweep.eigen import lanczos


def missing():
    """Return why it cannot run here; empty if it can."""
    return not_installed("torch")


class Network:
    """The network at one step; ``weights`` are, layer by layer, rows of weights and a bias."""

    def __init__(self, inputs, targets, sizes, weights, eta):
        import torch

        torch.set_num_threads(1)
        self._torch, self._eta, self.products = torch, eta, 0
        self._inputs, self._targets = (torch.from_numpy(np.ascontiguousarray(one)) for one in (inputs, targets))
        self._layers, start = [], 0
        for count, units in itertools.pairwise(sizes):
            layer = torch.from_numpy(weights[start : start + units * (count + 1)].reshape(units, count + 1).copy())
            start += layer.numel()
            self._layers += [one.contiguous().requires_grad_() for one in (layer[:, :count], layer[:, count])]
        draw = np.random.default_rng(0)
        size = sum(layer.numel() for layer in self._layers)
        self._starts = np.stack([np.zeros(size), draw.standard_normal(size)])

    def _loss(self):
        active = self._inputs
        for k in range(0, len(self._layers), 2):
            active = self._torch.nn.functional.linear(active, *self._layers[k : k + 2])
            active = self._torch.tanh(active) if k + 2 < len(self._layers) else active
        return ((active - self._targets) ** 2).sum() / (2 * len(self._inputs))

    def advance(self, steps):
        """Take so many steps; return the loss before each of them."""
        losses = np.empty(steps)
        for k in range(steps):
            loss = self._loss()
            slopes = self._torch.autograd.grad(loss, self._layers)
            with self._torch.no_grad():
                for layer, slope in zip(self._layers, slopes, strict=True):
                    layer -= self._eta * slope
            losses[k] = loss.item()
        return losses

    def sharpness(self):
        """Return the largest eigenvalue of the Hessian."""
        torch = self._torch
        slopes = torch.autograd.grad(self._loss(), self._layers, create_graph=True)
        flat = torch.cat([slope.reshape(-1) for slope in slopes])

        def product(vector):
            self.products += 1
            found = torch.autograd.grad(flat, self._layers, torch.from_numpy(vector), retain_graph=True)
            return torch.cat([one.reshape(-1) for one in found]).numpy()

        value, self._starts[0] = lanczos.top(product, self._starts)
        return value
