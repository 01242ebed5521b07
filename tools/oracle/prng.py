"""Deterministic numbers, identical in Python and TypeScript, so that fixtures store no weights.

A counter-based generator: number `index` of the stream `name` is a hash of both, so any value can be computed without the
ones before it. The TypeScript twin is packages/core/test/support/prng.ts; packages/core/test/fixtures/prng.json checks
that both agree.

    key(name)       = FNV-1a (32 bit) of the UTF-8 bytes
    bits(name, i)   = mix(mix(i * 0x9E3779B9 + key) ^ mix(key ^ 0x5BD1E995))     mix: MurmurHash3's finalizer
    uniform         = (bits >> 8) / 2^24, in [0, 1)

All arithmetic below is in float64 in a fixed order, then rounded once to float32.
"""

import numpy as np

U32 = np.uint32


def key(name: str) -> int:
    h = 0x811C9DC5
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def _mix(h: np.ndarray) -> np.ndarray:
    h = h ^ (h >> U32(16))
    h = h * U32(0x85EBCA6B)
    h = h ^ (h >> U32(13))
    h = h * U32(0xC2B2AE35)
    return h ^ (h >> U32(16))


def bits(name: str, count: int, start: int = 0) -> np.ndarray:
    """`count` hashes as uint32, for the indices start, start+1, ..."""
    k = np.array([key(name)], dtype=U32)
    i = np.arange(start, start + count, dtype=np.uint64).astype(U32)
    return _mix(_mix(i * U32(0x9E3779B9) + k) ^ _mix(k ^ U32(0x5BD1E995)))


def _unit(name: str, count: int) -> np.ndarray:
    return (bits(name, count) >> U32(8)).astype(np.float64) / 2.0**24


def uniform(name: str, shape, lo: float = 0.0, hi: float = 1.0) -> np.ndarray:
    """float32 in [lo, hi], element i from number i of the stream (row-major)."""
    return (lo + (hi - lo) * _unit(name, _size(shape))).astype(np.float32).reshape(shape)


def normal(name: str, shape, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """float32, nearly normal: the sum of numbers 4i..4i+3 of the stream, centered, with the given mean and deviation."""
    u = _unit(name, 4 * _size(shape)).reshape(-1, 4)
    total = u[:, 0] + u[:, 1] + u[:, 2] + u[:, 3]
    return (mean + std * ((total - 2.0) * np.sqrt(3.0))).astype(np.float32).reshape(shape)


def integers(name: str, shape, bound: int) -> np.ndarray:
    """int64 in [0, bound)."""
    return np.floor(_unit(name, _size(shape)) * bound).astype(np.int64).reshape(shape)


def bytes8(name: str, shape) -> np.ndarray:
    """uint8: the top eight bits of each hash."""
    return (bits(name, _size(shape)) >> U32(24)).astype(np.uint8).reshape(shape)


def parameter(name: str, shape) -> np.ndarray:
    """The initial value of a network's parameter, a function of its name and shape (float32).

    rank 4, convolution: normal, deviation sqrt(2 / fan-in). rank 2, linear: uniform, 1 / sqrt(fan-in).
    rank 1, `.weight`, gamma: 1 +- 0.2, about one in eight negative; 0.3 of that for `.bn3.weight`, the last layer of a
    bottleneck (with 1, each of sixteen blocks would amplify rounding, and float32 would be 10 times less accurate).
    rank 1, `.bias`: uniform +- 0.1.
    """
    if len(shape) == 4:
        return normal(name, shape, 0.0, np.sqrt(2.0 / (shape[1] * shape[2] * shape[3])))
    if len(shape) == 2:
        bound = 1.0 / np.sqrt(float(shape[1]))
        return uniform(name, shape, -bound, bound)
    if len(shape) == 1 and name.endswith(".weight"):
        negative = _unit(name + ":sign", shape[0]) < 0.125
        magnitude = uniform(name, shape, *((0.24, 0.36) if name.endswith(".bn3.weight") else (0.8, 1.2)))
        return np.where(negative, -magnitude, magnitude).astype(np.float32)
    if len(shape) == 1 and name.endswith(".bias"):
        return uniform(name, shape, -0.1, 0.1)
    raise ValueError(f"no rule for the parameter {name} of shape {tuple(shape)}")


def _size(shape) -> int:
    n = 1
    for s in shape:
        n *= int(s)
    return n
