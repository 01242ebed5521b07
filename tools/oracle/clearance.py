"""Networks whose values stay clear of every branch, so that float32 takes the branches of float64 and follows it closely.

Biases are moved a little until no value lies within MARGIN of an activation's kink, and images are chosen whose pooling
windows have clear maxima. Close to these values, the network is smooth.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from iabn import Abn
from resnet import Residual
from tresnet import Block, Excitation

MARGIN = 1e-4  # PyTorch's float32 moves a value before its activation by at most 6e-6 (L2, relative)
POOL_MARGIN = 3e-6  # likewise, between the two largest values of a pooling window; times their scale if that is above 1


class Unclear(Exception):
    """The two largest values of a pooling window are too close to each other."""


class Clearance:
    """Forward hooks that move biases until every value before an activation is at least MARGIN from zero."""

    def __init__(self, net: nn.Module, margin: float = MARGIN):
        self.moved = {}
        self.margin = margin
        names = {m: n for n, m in net.named_modules()}
        for module in net.modules():
            if isinstance(module, Abn) and module.activation != "identity":
                module.register_forward_pre_hook(self._layer_hook(names[module]))
            if isinstance(module, Residual):
                module.register_forward_pre_hook(self._block_hook(names[module]))
            if isinstance(module, Block):
                module.register_forward_pre_hook(self._excited_block_hook(names[module]))
            if isinstance(module, Excitation):
                module.register_forward_pre_hook(self._excitation_hook(names[module]))
            if isinstance(module, nn.MaxPool2d):
                module.register_forward_pre_hook(_pool_hook)

    def _layer_hook(self, name):
        def hook(layer, inputs):
            self._clear(name + ".bias", layer.bias, layer.pre_activation(inputs[0]))

        return hook

    def _block_hook(self, name):
        def hook(block, inputs):
            x = inputs[0]
            shortcut = block.proj_bn(block.proj_conv(x)) if block.projected else x
            last = list(block.convs._modules)[-1]
            bias = block.convs._modules[last].bias
            self._clear(f"{name}.convs.{last}.bias", bias, block.convs(x) + shortcut)

        return hook

    def _excitation_hook(self, name):
        def hook(module, inputs):
            self._clear(name + ".fc1.bias", module.fc1.bias, module.squeezed(inputs[0]))

        return hook

    def _excited_block_hook(self, name):
        def hook(block, inputs):
            bias = block.last_norm().bias
            last = "conv3" if hasattr(block, "conv3") else "conv2"
            self._search(f"{name}.{last}.1.bias", bias, lambda: block.total(inputs[0]))

        return hook

    def _search(self, name, bias, total):
        """Like _clear, for a sum that is not linear in the bias: tries values until the channel is clear."""
        with torch.no_grad():
            for channel in np.flatnonzero(self._least(total()) < self.margin):
                old = float(bias[channel])
                for k in range(1, 2000):
                    bias[channel] = float(np.float32(old + (k + 1) // 2 * MARGIN * (1 if k % 2 else -1)))
                    if self._least(total())[channel] >= MARGIN:
                        break
                else:
                    raise RuntimeError("no clear value found")
                self.moved.setdefault(name, {})[int(channel)] = float(bias[channel])

    @staticmethod
    def _least(y):
        return np.abs(y.detach().transpose(0, 1).flatten(1).numpy()).min(1)

    def _clear(self, name, bias, y):
        rows = y.detach().transpose(0, 1).flatten(1).numpy()
        for channel in np.flatnonzero(np.abs(rows).min(1) < self.margin):
            value = _clear_value(rows[channel], float(bias[channel]))
            with torch.no_grad():
                bias[channel] = value
            self.moved.setdefault(name, {})[int(channel)] = value


def _clear_value(row: np.ndarray, old: float) -> float:
    """The float32 value nearest to `old`, in steps of MARGIN, that keeps all elements of the row MARGIN away from zero."""
    for k in range(1, 2000):
        for step in (k * MARGIN, -k * MARGIN):
            value = float(np.float32(old + step))
            if np.abs(row + (value - old)).min() >= MARGIN:
                return value
    raise RuntimeError("no clear value found")


def _pool_hook(pool, inputs):
    x = F.pad(inputs[0], (pool.padding,) * 4, value=-np.inf)
    for axis in (2, 3):
        x = x.unfold(axis, pool.kernel_size, pool.stride)
    top = x.flatten(4).topk(2).values
    if float((top[..., 0] - top[..., 1]).min()) < POOL_MARGIN * max(1.0, float(inputs[0].std())):
        raise Unclear


def clear(make, images):
    """A network of `make` with clear biases, the first images whose pooling windows are clear, their salt, and the moved
    biases: {name: {channel: value}}. `images(salt)` draws a batch."""
    for salt in range(200):
        net, x = make(), images(salt)
        clearance = Clearance(net)
        try:
            with torch.no_grad():
                # Moving a bias for a block's sum changes no earlier value, so one pass in order clears all.
                net(x)
        except Unclear:
            continue
        check = Clearance(copy(net, make()), 0.99 * MARGIN)
        with torch.no_grad():
            copy(net, make())(x)
        assert not check.moved, check.moved
        return copy(net, make()), x, salt, clearance.moved
    raise RuntimeError("no images found with clear pooling maxima")


def copy(net: nn.Module, fresh: nn.Module) -> nn.Module:
    """`fresh` with the parameters of `net` and initial running statistics."""
    fresh.load_state_dict({**fresh.state_dict(), **dict(net.named_parameters())})
    return fresh
