"""Sums over a batch of pairs of gradients: of the quantized network and of the one in full precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specc.numerics.weights import FloatArray
from specc.precision.backward import FullGradient, Gradient, OuterGradient
from specc.precision.layers import Array


@dataclass
class Moments:
    """Sums over pairs, with d = quantized less full precision, which is formed before anything is squared."""

    difference: FloatArray  # sum of d: (weights,)
    full: FloatArray  # sum of the gradients in full precision: (weights,)
    difference_square: float  # sum of |d|^2
    cross: float  # sum of d times the gradient in full precision
    full_square: float  # sum of its square

    def add(self, other: Moments) -> None:
        """Take in the pairs of another batch."""
        self.difference += other.difference
        self.full += other.full
        self.difference_square += other.difference_square
        self.cross += other.cross
        self.full_square += other.full_square


def moments(quantized: Gradient, full: Gradient) -> Moments:
    """Sums over the pairs of a batch."""
    if isinstance(quantized, OuterGradient) and isinstance(full, OuterGradient):
        return _outer(quantized, full)
    f = _multiplied(full).astype(np.float64)
    d = _multiplied(quantized) - f
    return Moments(d.sum(axis=0), f.sum(axis=0), float(np.vdot(d, d)), float(np.vdot(d, f)), float(np.vdot(f, f)))


def _outer(quantized: OuterGradient, full: OuterGradient) -> Moments:
    """With q = a b and f = c e: d = (a - c) b + c (b - e), whose products need only products of the factors."""
    a, b = _double(quantized.left), _double(quantized.right)
    c, e = _double(full.left), _double(full.right)
    left, right = a - c, b - e
    cc = _dots(c, c)
    aligned = _dots(left, c)
    square = _dots(left, left) * _dots(b, b) + cc * _dots(right, right) + 2 * aligned * _dots(b, right)
    cross = aligned * _dots(b, e) + cc * _dots(right, e)
    return Moments(
        difference=(left.T @ b + c.T @ right).ravel(),
        full=(c.T @ e).ravel(),
        difference_square=float(square.sum()),
        cross=float(cross.sum()),
        full_square=float((cc * _dots(e, e)).sum()),
    )


def _multiplied(gradient: Gradient) -> Array:
    if isinstance(gradient, FullGradient):
        return gradient.values
    return np.asarray(np.einsum("nu,nf->nuf", gradient.left, gradient.right)).reshape(len(gradient.left), -1)


def _double(x: Array) -> FloatArray:
    return x.astype(np.float64, copy=False)


def _dots(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ni,ni->n", x, y))
