"""Digests: what a fixture stores of a large tensor. The TypeScript twin is packages/core/test/support/digest.ts.

    [L2 norm, sum, dot with uniform("probe:" + name) in [-1, 1), up to 16 elements]

The elements are those at floor(size * u), where u are numbers 0..15 of the stream "sample:" + name; a tensor with at
most 16 elements stores all, in order. Elements are in logical row-major order (OIHW for a convolution, NCHW for
activations). A short digest has fewer elements with fewer digits, for networks with hundreds of tensors.
"""

import numpy as np

import prng

SAMPLES = 16


def sample_indices(name: str, size: int, samples: int = SAMPLES) -> np.ndarray:
    if size <= samples:
        return np.arange(size)
    return prng.integers("sample:" + name, (samples,), size)


def digest(name: str, tensor, samples: int = SAMPLES, digits=(13, 9)) -> list:
    x = np.ascontiguousarray(tensor, dtype=np.float64).reshape(-1)
    probe = prng.uniform("probe:" + name, (x.size,), -1.0, 1.0).astype(np.float64)
    head = [float(np.sqrt(np.sum(x * x))), float(np.sum(x)), float(np.sum(x * probe))]
    elements = [float(v) for v in x[sample_indices(name, x.size, samples)]]
    return [_round(v, digits[0]) for v in head] + [_round(v, digits[1]) for v in elements]


def short(name: str, tensor, samples: int) -> list:
    return digest(name, tensor, samples, (8, 7))


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
