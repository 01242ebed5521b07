"""Networks as people train them in PyTorch, with ReLU and ordinary BN: torchvision's where it has them, else the oracle's."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# The oracle's modules import each other by name; a prepared folder has them next to the peers.
sys.path[:0] = [os.path.join(HERE, "..", "..", "tools", "oracle"), os.path.join(HERE, "oracle")]

TORCHVISION = {"resnet50": "resnet50", "resnext101": "resnext101_64x4d", "densenet121": "densenet121"}


def make_network(arch: str, classes: int):
    return of_torchvision(arch, classes) or of_oracle(arch, classes)


def of_torchvision(arch: str, classes: int):
    try:
        from torchvision import models
    except ImportError:
        return None
    make = getattr(models, TORCHVISION.get(arch, ""), None)
    return make and make(num_classes=classes)


def of_oracle(arch: str, classes: int):
    """The oracle's network with PyTorch's own batch norm and a ReLU in place."""
    import iabn
    from nets import NETS
    from torch.nn import functional as F

    def forward(self, x):
        stats = (self.running_mean, self.running_var)
        y = F.batch_norm(x, *stats, self.weight, self.bias, self.training, self.momentum, self.eps)
        return y if self.activation == "identity" else F.relu_(y)

    iabn.Abn.forward = forward
    return NETS[arch](classes=classes, bn_mode="standard", activation="relu")
