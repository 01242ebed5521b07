"""ABN and InPlaceABN as plain differentiable formulas; autograd derives the gradients, not a hand-written backward."""

from functools import partial

import torch
from torch import nn

ACTIVATIONS = ("relu", "leaky_relu", "elu", "identity")


def activate(y: torch.Tensor, activation: str, param: float) -> torch.Tensor:
    if activation == "relu":
        return torch.where(y > 0, y, torch.zeros_like(y))
    if activation == "leaky_relu":
        return torch.where(y > 0, y, param * y)
    if activation == "elu":
        # The clamp keeps exp of a large positive y, which `where` discards, from making 0 * inf in the gradient.
        return torch.where(y > 0, y, param * torch.expm1(y.clamp(max=0)))
    if activation == "identity":
        return y
    raise ValueError(f"unknown activation {activation}")


class Abn(nn.Module):
    """Batch norm and activation. With `inplace` the scale is |gamma| + eps, as in the in-place layer.

    Without affine parameters the scale is 1 for both. momentum None: cumulative average of the statistics.
    track_running_stats False: batch statistics in both modes.
    """

    def __init__(
        self,
        channels,
        inplace=True,
        activation="leaky_relu",
        param=0.01,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
    ):
        super().__init__()
        if inplace and activation == "relu":
            raise ValueError("relu has no inverse")
        self.inplace, self.activation, self.param = inplace, activation, param
        self.eps, self.momentum, self.track = eps, momentum, track_running_stats
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        if track_running_stats:
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_var", torch.ones(channels))
            self.register_buffer("num_batches_tracked", torch.tensor(0))

    def pre_activation(self, x: torch.Tensor) -> torch.Tensor:
        axes = [0] + list(range(2, x.dim()))
        shape = [1, -1] + [1] * (x.dim() - 2)
        if self.training or not self.track:
            mean, var = x.mean(axes), x.var(axes, unbiased=False)
            if self.training and self.track:
                self._update(mean.detach(), x.detach().var(axes, unbiased=True))
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean.view(shape)) / torch.sqrt(var + self.eps).view(shape)
        if self.weight is None:
            return y
        scale = self.weight
        if self.inplace:  # abs() has gradient zero at zero, so a weight of zero could never move
            scale = torch.where(scale >= 0, scale, -scale) + self.eps
        return scale.view(shape) * y + self.bias.view(shape)

    def _update(self, mean, unbiased_var):
        self.num_batches_tracked += 1
        weight = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean += weight * (mean - self.running_mean)
        self.running_var += weight * (unbiased_var - self.running_var)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return activate(self.pre_activation(x), self.activation, self.param)


def norm_act_of(bn_mode="inplace", activation="leaky_relu", param=0.01):
    """The factory of a network's layers, called with the channels; before a sum, also with activation="identity"."""
    return partial(Abn, inplace=bn_mode == "inplace", activation=activation, param=param)
