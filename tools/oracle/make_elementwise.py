"""packages/core/test/fixtures/elementwise.json: elementwise ops, sums and reshapes with the gradients of their operands.

PyTorch aligns axes from the last one; here they are aligned from the first, and a vector runs along the channels. So each
operand gets trailing axes of size 1 before PyTorch broadcasts it."""

import torch

import paths
import prng

X = (2, 3, 2, 3)
BESIDE = [(), (3,), (2, 3), (2, 3, 1, 1), (2, 1, 2, 3), X]
F = torch.nn.functional

UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "silu": F.silu,
}
BINARY = {"sub": torch.sub, "mul": torch.mul, "div": torch.div}
REDUCE = {"sum": torch.sum, "mean": torch.mean}
AXES = [[0, 1, 2, 3], [2, 3], [0, 2, 3], [1], [0], [1, 2, 3]]
SHAPES = [[2, 18], [36], [6, 6], [3, 4, 3], [4, 3, 1, 3]]


def draw(name, shape, positive):
    values = torch.tensor(prng.normal(name, shape), dtype=torch.float64).reshape(shape)
    return (0.5 + values.abs()) if positive else values


def aligned(value, rank):
    """The operand with its axes aligned from the first."""
    if value.dim() == 1:
        return value.reshape((1, -1) + (1,) * (rank - 2))
    return value.reshape(tuple(value.shape) + (1,) * (rank - value.dim()))


def case(op, shapes, positive, body, **options):
    operands = [draw(f"{op}:{i}", shape, positive).requires_grad_() for i, shape in enumerate(shapes)]
    y = body(*operands)
    cotangent = draw(f"{op}:cotangent", tuple(y.shape), False)
    y.backward(cotangent)
    return {
        "op": op, "shapes": [list(s) for s in shapes], "positive": positive, **options,
        "shape": list(y.shape), "y": y.detach().flatten().tolist(),
        "gradients": [o.grad.flatten().tolist() for o in operands],
    }


def main():
    cases = [case(op, [X], op in ("log", "sqrt"), f) for op, f in UNARY.items()]
    for op, f in BINARY.items():
        for shape in BESIDE:
            cases.append(case(op, [X, shape], op == "div", lambda a, b: f(a, aligned(b, 4))))
    for op, f in REDUCE.items():
        for axes in AXES:
            cases.append(case(op, [X], False, lambda x: f(x, dim=axes), axes=axes))
    for shape in SHAPES:
        cases.append(case("reshape", [X], False, lambda x: x.reshape(shape), to=shape))
    cases.append(case("flatten", [X], False, lambda x: torch.flatten(x, 1)))
    paths.write_json(paths.fixture("core", "elementwise.json"), cases)


if __name__ == "__main__":
    main()
