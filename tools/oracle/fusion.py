"""Inference at several scales, with or without mirroring, and Prediction fusion into a class and a probability per pixel."""

import torch
from torch.nn import functional as F


class Mean:
    """The mean of all probabilities; the class with the largest mean."""

    def __init__(self):
        self.sum, self.count = 0, 0

    def update(self, probabilities):
        self.sum, self.count = self.sum + probabilities, self.count + 1

    def output(self):
        mean = self.sum / self.count
        return mean.argmax(1), mean.amax(1)


class Voting:
    """Each prediction votes for its best class; the lowest class with most votes, and the mean probability of its votes."""

    def __init__(self):
        self.votes, self.sums = None, None

    def update(self, probabilities):
        if self.votes is None:
            self.votes, self.sums = torch.zeros_like(probabilities), torch.zeros_like(probabilities)
        vote = probabilities.argmax(1, keepdim=True)
        self.votes.scatter_add_(1, vote, torch.ones_like(vote, dtype=self.votes.dtype))
        self.sums.scatter_add_(1, vote, probabilities.gather(1, vote))

    def output(self):
        # argmax returns the first of equal ones.
        winner = self.votes.argmax(1, keepdim=True)
        means = self.sums.gather(1, winner) / self.votes.gather(1, winner)
        return winner.squeeze(1), means.squeeze(1)


class Max:
    """The most confident prediction; the earlier one of equal ones."""

    def __init__(self):
        self.labels, self.best = None, None

    def update(self, probabilities):
        labels, best = probabilities.argmax(1), probabilities.amax(1)
        if self.labels is None:
            self.labels, self.best = labels, best
            return
        better = best > self.best
        self.labels, self.best = labels.where(better, self.labels), best.where(better, self.best)

    def output(self):
        return self.labels, self.best


FUSIONS = {"mean": Mean, "voting": Voting, "max": Max}


def probabilities(logits, size, mirrored=False):
    """Softmax of N x C x h x w logits, resized to `size`; those of a mirrored image are flipped back."""
    resized = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    return torch.softmax(resized.flip(-1) if mirrored else resized, 1)


def scaled_size(size, scale):
    """Rounds halves to even, as Python does."""
    return [round(side * scale) for side in size]


def predictions(net, x, scales, flip):
    """Probabilities at the size of x, N x 3 x H x W, in fusion order: each scale, then its mirror image."""
    size = list(x.shape[2:])
    for scale in scales:
        for mirrored in (False, True) if flip else (False,):
            image = x.flip(-1) if mirrored else x
            scaled = F.interpolate(image, size=scaled_size(size, scale), mode="bilinear", align_corners=False)
            yield probabilities(net(scaled), size, mirrored)


def predict(net, x, scales, flip, mode):
    """Classes and probabilities, N x H x W each."""
    fusion = FUSIONS[mode]()
    for prediction in predictions(net, x, scales, flip):
        fusion.update(prediction)
    return fusion.output()
