"""Results and gradients of single layers in PyTorch in float64, for packages/core/test/ops/layer-fixtures.test.ts.

    /usr/bin/python3 -B tools/oracle/make_layers.py

Inputs are the prng.py streams CASE:OPERAND, so only results are stored: `y`, and `d_OPERAND` for the cotangent
CASE:cotangent, all in logical row-major order.
"""

import torch
from torch.nn import functional as F

import paths
import prng


def network(o: dict) -> torch.Tensor:
    """A non-scalar value, reached along two paths."""
    h = F.leaky_relu(F.conv2d(o["x"], o["weight"], padding=1), 0.1)
    return h + F.avg_pool2d(h, 3, 1, 1)


def transposed(**attrs):
    return lambda o: F.conv_transpose2d(o["x"], o["weight"], o.get("bias"), **attrs), attrs


def normalized(groups: int):
    attrs = {"groups": groups, "eps": 1e-5}
    return lambda o: F.group_norm(o["x"], groups, o.get("weight"), o.get("bias"), 1e-5), attrs


def product(o: dict) -> torch.Tensor:
    return torch.matmul(o["a"], o["b"])


def cases() -> dict:
    pair = lambda x, w, b=None: {"x": x, "weight": w, **({"bias": b} if b else {})}
    return {
        "cotangent": (pair([2, 3, 4, 5], [4, 3, 3, 3]), network, {}),
        "conv_transpose2d": (pair([2, 4, 3, 5], [4, 3, 3, 3], [3]), *transposed()),
        "conv_transpose2d/stride": (
            pair([2, 4, 3, 5], [4, 6, 4, 4]), *transposed(stride=2, padding=1),
        ),
        "conv_transpose2d/output_padding": (
            pair([1, 4, 3, 4], [4, 3, 3, 2]), *transposed(stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
        ),
        "conv_transpose2d/groups": (
            pair([2, 4, 4, 3], [4, 3, 3, 3], [6]), *transposed(stride=2, padding=1, output_padding=1, groups=2),
        ),
        "conv_transpose2d/dilation": (
            pair([1, 2, 4, 3], [2, 3, 3, 2]), *transposed(stride=2, padding=2, output_padding=1, dilation=2),
        ),
        "group_norm": (pair([2, 6, 3, 4], [6], [6]), *normalized(3)),
        "group_norm/plain": ({"x": [2, 6, 5]}, *normalized(2)),
        "group_norm/instance": (pair([3, 4, 2, 2], [4], [4]), *normalized(4)),
        "group_norm/layer": (pair([3, 5], [5], [5]), *normalized(1)),
        "matmul": ({"a": [5, 4], "b": [4, 3]}, product, {}),
        "matmul/batched": ({"a": [2, 5, 4], "b": [2, 4, 3]}, product, {}),
        "matmul/shared": ({"a": [2, 5, 4], "b": [4, 3]}, product, {}),
    }


def run(name: str, shapes: dict, layer, attrs: dict) -> dict:
    operands = {
        key: torch.tensor(prng.normal(f"{name}:{key}", shape)).double().requires_grad_() for key, shape in shapes.items()
    }
    y = layer(operands)
    cotangent = torch.tensor(prng.normal(f"{name}:cotangent", tuple(y.shape))).double()
    diffs = torch.autograd.grad(y, list(operands.values()), cotangent)
    return {
        "shapes": shapes,
        "attrs": attrs,
        "shape": list(y.shape),
        "y": listed(y),
        **{f"d_{key}": listed(diff) for key, diff in zip(operands, diffs)},
    }


def listed(tensor: torch.Tensor) -> list:
    return [float(f"{value:.12g}") for value in tensor.detach().flatten().tolist()]


def main() -> None:
    made = {name: run(name, *case) for name, case in cases().items()}
    paths.write_json(paths.fixture("core", "layers.json"), made)


if __name__ == "__main__":
    main()
