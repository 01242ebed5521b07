"""packages/recipes/test/fixtures/fusion.json: classes and probabilities of fused predictions, in float64.

"fused" starts from logits of several sizes, "predicted" from an 8-bit image that a one-convolution network sees at several
scales. Labels are rows of digits and probabilities are flat, both N x H x W. Streams are chosen so that every decision (a
pixel's best class, the winner of a fusion) has a margin of MARGIN and float32 decides the same way. Some votes tie exactly.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

import paths
import prng
from fusion import FUSIONS, predictions, probabilities, scaled_size

MARGIN, CLASSES, SPREAD = 1e-5, 5, 2.0

# Every second prediction is of a mirrored image.
LOGITS = {"size": [11, 14], "shapes": [[2, CLASSES, h, w] for h, w in [(4, 5), (4, 5), (11, 14), (7, 9), (1, 3)]]}
# Half of 17 and of 25 round to even, to 8 and 12; 0.7 of 25 is 17.5 and rounds up.
NETWORK = {"image": [17, 25, 3], "scales": [0.5, 0.7, 1, 1.2], "stride": 2}
MEAN, STD = [0.4, 0.45, 0.5], [0.25, 0.3, 0.2]
MODES = [(mode, flip) for mode in FUSIONS for flip in (False, True)]


def double(stream: str, shape, std: float = 1.0) -> torch.Tensor:
    return torch.tensor(prng.normal(stream, shape, 0.0, std)).double()


def from_logits(salt: int, flip: bool) -> list:
    rows = []
    for index, shape in enumerate(LOGITS["shapes"]):
        mirrored = index % 2 == 1
        if flip or not mirrored:
            logits = double(f"logits:{salt}:{index}", shape, SPREAD)
            rows.append(probabilities(logits, LOGITS["size"], mirrored))
    return rows


def from_image(salt: int, flip: bool) -> list:
    weight = torch.tensor(prng.parameter("conv.weight", (CLASSES, 3, 3, 3))).double()
    bias = torch.tensor(prng.parameter("conv.bias", (CLASSES,))).double()
    net = partial(F.conv2d, weight=weight, bias=bias, stride=NETWORK["stride"], padding=1)
    pixels = torch.tensor(prng.bytes8(f"image:{salt}", NETWORK["image"])).double() / 255
    image = ((pixels - torch.tensor(MEAN).double()) / torch.tensor(STD).double()).permute(2, 0, 1)
    return list(predictions(net, image[None], NETWORK["scales"], flip))


def clear(rows: list) -> bool:
    """Whether every decision has a margin of more than MARGIN."""
    stacked = torch.stack(rows)
    best = stacked.amax(2)
    first, second = best.topk(2, 0).values
    closest = [_margin(stacked, 2), _margin(stacked.mean(0), 1), (first - second).min()]
    return min(map(float, closest)) > MARGIN


def _margin(tensor: torch.Tensor, axis: int) -> torch.Tensor:
    first, second = tensor.topk(2, axis).values.unbind(axis)
    return (first - second).min()


def tied(rows: list) -> int:
    """Number of pixels at which two classes tie for most votes."""
    votes = nn.functional.one_hot(torch.stack(rows).argmax(2), CLASSES).sum(0)
    return int(((votes == votes.amax(-1, keepdim=True)).sum(-1) > 1).sum())


def chosen(make) -> int:
    """The first salt whose predictions are clear with and without mirror images."""
    return next(salt for salt in range(1000) if all(clear(make(salt, flip)) for flip in (False, True)))


def fused(rows: list, mode: str) -> dict:
    fusion = FUSIONS[mode]()
    for row in rows:
        fusion.update(row)
    labels, best = fusion.output()
    lines = ["".join(map(str, line)) for line in labels.flatten(0, 1).tolist()]
    return {"labels": lines, "probabilities": [float(f"{p:.7g}") for p in best.flatten().tolist()]}


def main() -> None:
    streams, salt = chosen(from_logits), chosen(from_image)
    for make, number in ((from_logits, streams), (from_image, salt)):
        assert all(tied(make(number, flip)) > 0 for flip in (False, True))
    logits = [
        {"normal": f"logits:{streams}:{index}", "std": SPREAD, "shape": shape, "mirrored": index % 2 == 1}
        for index, shape in enumerate(LOGITS["shapes"])
    ]
    sides = NETWORK["image"][:2]
    out = {
        "fused": {
            "classes": CLASSES,
            "size": LOGITS["size"],
            "logits": logits,
            "results": [{"mode": mode, "flip": flip, **fused(from_logits(streams, flip), mode)} for mode, flip in MODES],
        },
        "predicted": {
            "classes": CLASSES,
            "image": {"bytes": f"image:{salt}", "shape": NETWORK["image"], "mean": MEAN, "std": STD},
            "conv": {"stride": NETWORK["stride"], "padding": 1},
            "scales": NETWORK["scales"],
            "sizes": [scaled_size(sides, scale) for scale in NETWORK["scales"]],
            "results": [{"mode": mode, "flip": flip, **fused(from_image(salt, flip), mode)} for mode, flip in MODES],
        },
    }
    paths.write_json(paths.fixture("recipes", "fusion.json"), out)


if __name__ == "__main__":
    main()
