"""In-place networks in the form that PyTorch evaluates fastest: F.batch_norm with |gamma| + eps, then an in-place activation.

The formulas of iabn.py hold several full-size maps at once, these only one. They work only without gradients.
"""

import torch
from torch import nn
from torch.nn import functional as F

from iabn import Abn, activate


class DeployedAbn(nn.Module):
    """Computes `layer` in evaluation. Scale, shift and statistics keep its names, but are not parameters."""

    def __init__(self, layer: Abn):
        super().__init__()
        self.activation, self.param, self.eps = layer.activation, layer.param, layer.eps
        weight = layer.weight.detach()
        self.register_buffer("weight", weight.abs() + layer.eps if layer.inplace else weight.clone())
        for name in ("bias", "running_mean", "running_var"):
            self.register_buffer(name, getattr(layer, name).detach())

    def forward(self, x):
        statistics = (self.running_mean, self.running_var, self.weight, self.bias)
        y = F.batch_norm(x, *statistics, training=False, eps=self.eps)
        if self.activation == "leaky_relu":
            return F.leaky_relu(y, self.param, inplace=True)
        return activate(y, self.activation, self.param)


class DeployedBlock(nn.Module):
    """An identity block whose convolutions include the layer that follows them."""

    def __init__(self, block):
        super().__init__()
        self.bn1, self.proj_conv = block.bn1, getattr(block, "proj_conv", None)
        modules = list(block.convs.children())
        steps = []
        for module, behind in zip(modules, modules[1:] + [None]):
            if isinstance(module, nn.Conv2d) and isinstance(behind, DeployedAbn):
                steps.append(_folded(module, behind))
            elif isinstance(module, DeployedAbn):
                steps.append(nn.LeakyReLU(module.param, inplace=True))
            elif isinstance(module, nn.Conv2d):
                steps.append(module)
        self.convs = nn.Sequential(*steps)

    def forward(self, x):
        z = self.bn1(x)
        shortcut = x if self.proj_conv is None else self.proj_conv(z)
        return self.convs(z).add_(shortcut)


def deploy(net: nn.Module, fold: bool = False) -> nn.Module:
    """Replaces the layers of `net`, in evaluation mode; `fold` folds layers into the convolutions of identity blocks."""
    for name, child in net.named_children():
        if isinstance(child, Abn):
            setattr(net, name, DeployedAbn(child))
            continue
        deploy(child, fold)
        if fold and type(child).__name__ == "Identity":
            setattr(net, name, DeployedBlock(child))
    return net.eval()


@torch.no_grad()
def _folded(conv: nn.Conv2d, layer: DeployedAbn) -> nn.Conv2d:
    assert layer.activation == "leaky_relu" and conv.bias is None
    scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
    conv.weight.mul_(scale.view(-1, 1, 1, 1))
    conv.bias = nn.Parameter(layer.bias - scale * layer.running_mean)
    return conv
