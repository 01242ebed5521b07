"""packages/recipes/test/fixtures/segmentation_losses.json: segmentation losses for several configurations, in float64.

Logits have half the size of the labels and are resized, like those of a network. The Lovász-softmax loss is that of
make_losses.py.
"""

import numpy as np
import torch
from torch.nn import functional as F

import paths
import prng
from make_losses import lovasz

CLASSES, IGNORED = 4, 255
SHAPE, SIZE = (2, CLASSES, 3, 5), (6, 10)
WEIGHTS = [0.5, 2.0, 0.0, 1.25]


def labels():
    """N x H x W; a fifth is ignored, and class 3 occurs only in the first image."""
    drawn = torch.tensor(prng.integers("labels", (SHAPE[0], *SIZE), CLASSES + 1))
    drawn = drawn.where(drawn < CLASSES, torch.tensor(IGNORED))
    drawn[1] = drawn[1].where(drawn[1] != 3, torch.tensor(0))
    return drawn


def counted(scores, t):
    """Scores and one-hot targets [P,K] of the pixels that are not ignored."""
    rows = scores.movedim(1, 3).reshape(-1, CLASSES)
    kept = t.flatten() != IGNORED
    return rows[kept], F.one_hot(t.flatten()[kept], CLASSES).double()


def base(scores, t, loss):
    kind = loss.get("type", "cross_entropy")
    smoothing = loss.get("label_smoothing", 0)
    weights = loss.get("class_weights")
    weights = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    if kind == "cross_entropy":
        return F.cross_entropy(scores, t, weight=weights, ignore_index=IGNORED, label_smoothing=smoothing)
    x, target = counted(scores, t)
    target = target * (1 - smoothing) + smoothing / CLASSES
    if "bce_threshold" in loss:
        target = (target > loss["bce_threshold"]).double()
    terms = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    if kind == "focal":
        alpha, gamma = loss.get("focal_alpha", 0.25), loss.get("focal_gamma", 2)
        p = torch.sigmoid(x)
        terms = terms * (1 - (p * target + (1 - p) * (1 - target))) ** gamma
        if alpha >= 0:
            terms = terms * (alpha * target + (1 - alpha) * (1 - target))
    return (terms if weights is None else terms * weights).mean()


def dice(scores, t):
    x, target = counted(scores, t)
    p = x.softmax(1)
    return (1 - (2 * (p * target).sum(0) + 1) / (p.sum(0) + target.sum(0) + 1)).mean()


def loss_of(logits, t, loss):
    scores = F.interpolate(logits, size=SIZE, mode="bilinear", align_corners=False)
    value = base(scores, t, loss)
    if "dice" in loss:
        value = value + loss["dice"] * dice(scores, t)
    if "lovasz" in loss:
        every, per_image = loss.get("lovasz_classes") == "all", loss.get("lovasz_per_image", False)
        value = value + loss["lovasz"] * lovasz(scores, t, every, per_image, IGNORED)
    return value


CASES = [
    {},
    {"class_weights": WEIGHTS},
    {"class_weights": WEIGHTS, "label_smoothing": 0.1, "dice": 0.5},
    {"type": "bce", "label_smoothing": 0.1},
    {"type": "bce", "label_smoothing": 0.1, "bce_threshold": 0.2, "class_weights": WEIGHTS},
    {"type": "focal"},
    {"type": "focal", "focal_alpha": -1, "focal_gamma": 1.5, "class_weights": WEIGHTS},
    {"type": "focal", "label_smoothing": 0.1, "dice": 1, "lovasz": 0.5},
    {"lovasz": 1},
    {"lovasz": 2, "lovasz_classes": "all", "class_weights": WEIGHTS},
    {"lovasz": 1, "lovasz_per_image": True},
    {"lovasz": 1, "lovasz_per_image": True, "lovasz_classes": "all"},
]


def main():
    t = labels()
    cases = []
    for loss in CASES:
        logits = torch.tensor(prng.normal("logits", SHAPE).astype(np.float32)).double().requires_grad_()
        value = loss_of(logits, t, loss)
        value.backward()
        gradient = [float(f"{g:.9g}") for g in logits.grad.flatten().tolist()]
        cases.append({"loss": loss, "value": value.item(), "gradient": gradient})
    fixture = {"shape": list(SHAPE), "size": list(SIZE), "labels": t.flatten().tolist(), "cases": cases}
    paths.write_json(paths.fixture("recipes", "segmentation_losses.json"), fixture)


if __name__ == "__main__":
    main()
