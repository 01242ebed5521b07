"""packages/nn/test/fixtures/losses.json: losses and their gradients in float64, with PyTorch's functions if it has them."""

import numpy as np
import torch
from torch.nn import functional as F

import paths
import prng


def tensor(name, shape, scale=2.0):
    return torch.tensor(prng.normal(name, shape).astype(np.float64)) * scale


def binary(name, shape):
    return (tensor(name, shape) > 0).double()


def labels(name, shape, classes):
    return torch.tensor(prng.integers(name, shape, classes))


def smoothed(t, smoothing):
    """timm.loss.BinaryCrossEntropy: positive targets are 1 - s + s / K, negative ones s / K."""
    return t * (1 - smoothing) + smoothing / t.shape[1]


def focal(x, t, alpha, gamma):
    p = torch.sigmoid(x)
    right = p * t + (1 - p) * (1 - t)
    loss = F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - right) ** gamma
    return (loss if alpha is None else loss * (alpha * t + (1 - alpha) * (1 - t))).mean()


def dice(p, t, smooth):
    axes = [0, *range(2, p.dim())]
    return (1 - (2 * (p * t).sum(axes) + smooth) / (p.sum(axes) + t.sum(axes) + smooth)).mean()


def jaccard_steps(own):
    own = own.to(torch.float64)
    united = own.sum() + (1 - own).cumsum(0)
    jaccard = 1 - (own.sum() - own.cumsum(0)) / united
    return torch.diff(jaccard, prepend=torch.zeros(1, dtype=torch.float64))


def lovasz_of(p, t, every, ignored):
    """Berman et al., algorithm 1, for p [P,K] and t [P]."""
    p, t = p[t != ignored], t[t != ignored]
    if t.numel() == 0:
        return p.sum() * 0
    losses = []
    for k in range(p.shape[1]):
        own = t == k
        if not (every or own.any()):
            continue
        errors, order = (own.to(torch.float64) - p[:, k]).abs().sort(descending=True, stable=True)
        losses.append((errors * jaccard_steps(own[order])).sum())
    return torch.stack(losses).mean()


def lovasz(x, t, every=False, per_image=False, ignored=-100):
    p = x.softmax(1).flatten(2).movedim(1, 2) if x.dim() > 2 else x.softmax(1).unsqueeze(1)
    t = t.reshape(x.shape[0], -1)
    if not per_image:
        return lovasz_of(p.flatten(0, 1), t.flatten(), every, ignored)
    return torch.stack([lovasz_of(p[n], t[n], every, ignored) for n in range(len(p))]).mean()


def distillation(x, target, temperature, alpha):
    soft = F.kl_div(
        F.log_softmax(x / temperature, 1), F.softmax(target["teacher"] / temperature, 1), reduction="batchmean"
    )
    # batchmean divides by the number of samples, but here each pixel is a row.
    rows = target["labels"].numel() / x.shape[0]
    return alpha * temperature**2 * soft / rows + (1 - alpha) * F.cross_entropy(x, target["labels"])


FLAT, IMAGES = (5, 7), (2, 3, 4, 5)


def cases():
    for shape in (FLAT, IMAGES):
        x, classes = tensor("x", shape), shape[1]
        per_channel = [0.5 + k for k in range(classes)]
        weight = torch.tensor(per_channel, dtype=torch.float64)
        positive = weight.view(-1, *[1] * (len(shape) - 2))
        t, near = binary("t", shape), x.detach() + tensor("d", shape)
        probabilities = torch.softmax(tensor("p", shape), 1)
        one = labels("labels", (shape[0], *shape[2:]), classes)
        bce = F.binary_cross_entropy_with_logits
        yield "crossEntropy", {}, x, one, lambda x, t: F.cross_entropy(x, t)
        yield "crossEntropy", {"labelSmoothing": 0.1, "classWeights": per_channel}, x, one, (
            lambda x, t, w=weight: F.cross_entropy(x, t, weight=w, label_smoothing=0.1)
        )
        yield "softCrossEntropy", None, x, probabilities, lambda x, t: F.cross_entropy(x, t)
        yield "softCrossEntropy", {"labelSmoothing": 0.1, "classWeights": per_channel}, x, probabilities, (
            lambda x, t, w=weight: F.cross_entropy(x, t, weight=w, label_smoothing=0.1)
        )
        yield "bceWithLogits", {}, x, t, lambda x, t: bce(x, t)
        yield "bceWithLogits", {"positiveWeight": 3}, x, t, lambda x, t: bce(x, t, pos_weight=torch.tensor(3.0))
        yield "bceWithLogits", {"positiveWeight": per_channel}, x, t, (
            lambda x, t, p=positive: bce(x, t, pos_weight=p)
        )
        yield "bceWithLogits", {"classWeights": per_channel}, x, probabilities, (
            lambda x, t, w=positive: bce(x, t, weight=w.expand_as(x))
        )
        yield "bceWithLogits", {"labelSmoothing": 0.1}, x, t, lambda x, t: bce(x, smoothed(t, 0.1))
        yield "bceWithLogits", {"labelSmoothing": 0.1, "targetThreshold": 0.2}, x, probabilities, (
            lambda x, t: bce(x, smoothed(t, 0.1).gt(0.2).double())
        )
        yield "bceWithLogits", {}, torch.zeros_like(x), probabilities, lambda x, t: bce(x, t)
        yield "focal", {}, x, t, lambda x, t: focal(x, t, 0.25, 2)
        yield "focal", {}, x, probabilities, lambda x, t: focal(x, t, 0.25, 2)
        yield "focal", {"labelSmoothing": 0.2}, x, t, lambda x, t: focal(x, smoothed(t, 0.2), 0.25, 2)
        yield "focal", {"alpha": None, "gamma": 1.5}, x, t, lambda x, t: focal(x, t, None, 1.5)
        yield "dice", {}, x, t, lambda x, t: dice(torch.sigmoid(x), t, 1)
        yield "dice", {"probabilities": "softmax", "smooth": 0.5}, x, t, lambda x, t: dice(F.softmax(x, 1), t, 0.5)
        yield "lovaszSoftmax", {}, x, one, lambda x, t: lovasz(x, t)
        yield "lovaszSoftmax", {"classes": "all", "ignoreIndex": 1}, x, one, lambda x, t: lovasz(x, t, True, False, 1)
        yield "lovaszSoftmax", {"perImage": True}, x, one, lambda x, t: lovasz(x, t, False, True)
        first = one.clone()
        first[0] = 0
        yield "lovaszSoftmax", {"classes": "all", "perImage": True, "ignoreIndex": 0}, x, first, (
            lambda x, t: lovasz(x, t, True, True, 0)
        )
        yield "mse", None, x, near, lambda x, t: F.mse_loss(x, t)
        yield "l1", None, x, near, lambda x, t: F.l1_loss(x, t)
        yield "huber", {"delta": 0.7}, x, near, lambda x, t: F.huber_loss(x, t, delta=0.7)
        teacher = {"labels": one, "teacher": tensor("teacher", shape)}
        yield "distillation", {"temperature": 4, "alpha": 0.8}, x, teacher, lambda x, t: distillation(x, t, 4, 0.8)


def plain(target):
    if isinstance(target, dict):
        return {name: plain(value) for name, value in target.items()}
    return {"shape": list(target.shape), "data": target.flatten().tolist()}


def main():
    out = []
    for name, options, x, target, loss in cases():
        x = x.detach().float().double().requires_grad_()
        target = {k: rounded(v) for k, v in target.items()} if isinstance(target, dict) else rounded(target)
        value = loss(x, target)
        value.backward()
        out.append(
            {
                "loss": name,
                "options": options,
                "output": plain(x.detach()),
                "target": plain(target),
                "value": value.item(),
                "gradient": [float(f"{g:.9g}") for g in x.grad.flatten().tolist()],
            }
        )
    paths.write_json(paths.fixture("nn", "losses.json"), out)


def rounded(t):
    return t.float().double() if t.is_floating_point() else t


if __name__ == "__main__":
    main()
