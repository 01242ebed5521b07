"""packages/models/test/fixtures/CASE_segmentation.json: a training step of a small segmentation network in float64, and
evaluations with several pooling sizes.

The network is `body`, `head`, `cls` (deeplab.py); parameters come from prng.parameter by name, except for those under
"biases" (clearance.py says why). The loss is the mean cross entropy, at the resolution of the labels, over pixels whose
label is not IGNORED. The evaluations use the same parameters, the statistics after the step, and another image, wide and
low.

There are four images because global_pooling_bn has one sample per image: normalizing only two by their own mean and
deviation leaves nothing but their order, so the gradients before it would be rounding noise. Labels are squares because
gradients of labels drawn pixel by pixel cancel.
"""

import sys
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

import clearance
import digest
import paths
import prng
from deeplab import segmentation_net
from nets import NETS, load_prng_parameters
from step import float32_errors, step

CLASSES, IGNORED, SQUARE = 7, 255, 8

# Images of the step and of the evaluations, and the pooling sizes of the evaluations: none, the published one (larger than
# these maps), then odd and even windows that are clipped to the map in neither axis, in height or in width.
CASES = {
    # Maps of 13 x 14 in the step (dilation 12 reaches the other edge, 24 and 36 see only padding), 6 x 12 in evaluation.
    "wider_resnet16_a2": {
        "options": {"width": 0.0625, "dilation": True, "dropout": [0.0, 0.0]},
        "head": {"hidden": 8, "out": 12, "dilations": [12, 24, 36]},
        "images": [4, 3, 97, 105],
        "evaluation": [1, 3, 41, 89],
        "pooling": [None, [84, 84], [5, 6], [8, 7], [4, 84]],
    },
    # Maps of 17 x 21 in the step, 9 x 12 in evaluation; every tap of the dilated convolutions covers some pixels.
    "resnet18": {
        "options": {"width": 0.125, "stem": "small", "dilation": [1, 1, 2, 4]},
        "head": {"hidden": 8, "out": 12, "dilations": [2, 5, 9]},
        "images": [4, 3, 33, 41],
        "evaluation": [1, 3, 18, 24],
        "pooling": [None, [84, 84], [6, 5], [10, 4], [3, 84]],
    },
}


def images(shape, salt: int) -> torch.Tensor:
    return torch.tensor(prng.normal(f"images:{salt}", shape)).double()


def label_squares(shape) -> list:
    """The shape of the drawn labels: N x ceil(H / SQUARE) x ceil(W / SQUARE)."""
    return [shape[0], *(-(-side // SQUARE) for side in shape[2:])]


def labels(shape) -> torch.Tensor:
    """N x H x W: the label at (y, x) was drawn at (y // SQUARE, x // SQUARE); CLASSES becomes IGNORED."""
    drawn = torch.tensor(prng.integers("labels", label_squares(shape), CLASSES + 1))
    drawn = drawn.where(drawn < CLASSES, torch.tensor(IGNORED))
    full = drawn.repeat_interleave(SQUARE, 1).repeat_interleave(SQUARE, 2)
    return full[:, : shape[2], : shape[3]]


def build(arch: str, options: dict, head: dict) -> nn.Module:
    net = segmentation_net(partial(NETS[arch], **options), CLASSES, **head).double()
    load_prng_parameters(net)
    return net


def criterion(expected: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    scores = F.interpolate(logits, size=expected.shape[1:], mode="bilinear", align_corners=False)
    return F.cross_entropy(scores, expected, ignore_index=IGNORED)


def evaluations(net: nn.Module, shape, pooling) -> list:
    """Evaluations of the network after the step, with full logits, N x C x h x w."""
    x = torch.tensor(prng.normal("evaluation", shape)).double()
    rows = []
    for size in pooling:
        net.head.pooling_size = size
        with torch.no_grad():
            logits = net.eval()(x)
        rows.append({"poolingSize": size, "shape": list(logits.shape), "logits": _rounded(logits)})
    # A pooling size that changes nothing would test nothing.
    assert len({tuple(row["logits"]) for row in rows[1:]}) == len(rows) - 1
    return rows


def main(case: str, spec: dict) -> None:
    make = partial(build, case, spec["options"], spec["head"])
    loss = partial(criterion, labels(spec["images"]))
    net, x, salt, moved = clearance.clear(make, partial(images, spec["images"]))
    errors = float32_errors(make, net, x, loss)
    result = step(net, x, loss)
    short = lambda tensors, few: {n: digest.short(n, v.detach().numpy(), few) for n, v in tensors.items()}
    out = {
        "about": {
            "network": {
                "arch": case,
                "classes": CLASSES,
                "bn_mode": "inplace",
                "activation": "leaky_relu",
                "activation_param": 0.01,
                **spec["options"],
            },
            "head": spec["head"],
            "images": {"normal": f"images:{salt}", "shape": spec["images"]},
            "labels": {
                "integers": "labels",
                "shape": label_squares(spec["images"]),
                "bound": CLASSES + 1,
                "square": SQUARE,
                "ignored": IGNORED,
            },
            "evaluation": {"normal": "evaluation", "shape": spec["evaluation"]},
            "float32ErrorsOfPyTorch": errors,
        },
        "biases": {n: sorted(map(list, rows.items())) for n, rows in moved.items()},
        "loss": result["loss"],
        "logits": digest.digest("logits", result["logits"].numpy()),
        "outputs": short(result["outputs"], 2),
        "runningStats": short({n: v for n, v in net.state_dict().items() if "running_" in n}, 2),
        "gradients": short({n: p.grad for n, p in net.named_parameters()}, 8),
        "evaluations": evaluations(net, spec["evaluation"], spec["pooling"]),
    }
    print(f"{case}: loss {result['loss']:.6f}, images:{salt}, {sum(map(len, moved.values()))} biases moved, {errors}")
    paths.write_json(paths.fixture("models", f"{case}_segmentation.json"), out)


def _rounded(tensor: torch.Tensor) -> list:
    return [float(f"{v:.8g}") for v in tensor.flatten().tolist()]


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        main(case, CASES[case])
