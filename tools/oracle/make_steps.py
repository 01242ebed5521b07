"""packages/models/test/fixtures/CASE_step.json: one training step of a network of each family, in float64.

Parameters come from prng.parameter by name, except for those under "biases" (clearance.py says why). The step updates the
running statistics; the evaluation after it uses the same parameters and the updated statistics.
"""

import sys
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import clearance
import digest
import paths
import prng
from nets import NETS, load_prng_parameters
from step import float32_errors, step

BATCH, CLASSES = 4, 10

# The network of each case, at the published width or small enough for the tests: its options (besides the number of
# classes) and the side of its images.
CASES = {
    "resnet18": {},
    "resnet50": {},
    "resnext50": {"options": {"input_3x3": True}},
    "wider_resnet16": {"options": {"width": 0.125, "stem": "small"}, "size": 32},
    "wider_resnet16_a2": {"options": {"width": 0.125, "dilation": True, "dropout": [0.0, 0.0]}, "size": 32},
    "densenet121": {"options": {"width": 0.5}},
    "tresnet_m": {"options": {"width": 0.25}},
}

# Cases with digests of full length.
LONG = ("resnet18", "resnet50")


def images(salt: int, size: int) -> torch.Tensor:
    return torch.tensor(prng.normal(f"images:{salt}", (BATCH, 3, size, size)).astype(np.float64))


def labels() -> np.ndarray:
    return prng.integers("labels", (BATCH,), CLASSES)


def build(arch: str, options: dict) -> nn.Module:
    net = NETS[arch](classes=CLASSES, **options).double()
    load_prng_parameters(net)
    return net


def criterion(logits: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits, torch.tensor(labels()))


def main(case: str, spec: dict) -> None:
    options, size = spec.get("options", {}), spec.get("size", 64)
    make = partial(build, case, options)
    net, x, salt, moved = clearance.clear(make, partial(images, size=size))
    errors = float32_errors(make, net, x, criterion)
    result = step(net, x, criterion)
    digests = lambda tensors, few: {n: _digest(case, n, v.detach().numpy(), few) for n, v in tensors.items()}
    out = {
        "about": {
            "network": {
                "arch": case,
                "classes": CLASSES,
                "bn_mode": "inplace",
                "activation": "leaky_relu",
                "activation_param": 0.01,
                **options,
            },
            "images": {"normal": f"images:{salt}", "shape": list(x.shape)},
            "labels": labels().tolist(),
            "float32ErrorsOfPyTorch": errors,
        },
        "biases": {n: sorted(map(list, rows.items())) for n, rows in moved.items()},
        "loss": result["loss"],
        "logits": result["logits"].tolist(),
        "evaluated": result["evaluated"].tolist(),
        "outputs": digests(result["outputs"], 2),
        "runningStats": digests({n: v for n, v in net.state_dict().items() if "running_" in n}, 2),
        "gradients": digests({n: p.grad for n, p in net.named_parameters()}, 8),
    }
    print(f"{case}: loss {result['loss']:.6f}, images:{salt}, {sum(map(len, moved.values()))} biases moved, {errors}")
    paths.write_json(paths.fixture("models", f"{case}_step.json"), out)


def _digest(case: str, name: str, tensor: np.ndarray, few: int) -> list:
    return digest.digest(name, tensor) if case in LONG else digest.short(name, tensor, few)


if __name__ == "__main__":
    torch.manual_seed(0)
    for case in sys.argv[1:] or CASES:
        main(case, CASES[case])
