"""Digests: what a fixture keeps of a large tensor. The TypeScript twin is packages/core/test/support/digest.ts.

    [L2 norm, sum, dot with uniform("probe:" + name) in [-1, 1), up to 16 elements]

The elements are those at floor(size * u), u = numbers 0..15 of the stream "sample:" + name; all elements, in order,
of a tensor of 16 or fewer. Elements are in logical row-major order (OIHW for a convolution, NCHW for activations).
"""

import numpy as np

import prng

SAMPLES = 16


def sample_indices(name: str, size: int) -> np.ndarray:
    if size <= SAMPLES:
        return np.arange(size)
    return prng.integers("sample:" + name, (SAMPLES,), size)


def digest(name: str, tensor) -> list:
    x = np.ascontiguousarray(tensor, dtype=np.float64).reshape(-1)
    probe = prng.uniform("probe:" + name, (x.size,), -1.0, 1.0).astype(np.float64)
    head = [float(np.sqrt(np.sum(x * x))), float(np.sum(x)), float(np.sum(x * probe))]
    return [_round(v, 13) for v in head] + [_round(float(v), 9) for v in x[sample_indices(name, x.size)]]


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
