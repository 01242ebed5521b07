"""All networks by their names in configurations."""

from functools import partial

import numpy as np
import torch
from torch import nn

import densenet
import prng
import resnet
import resnext
import tresnet
import wider_resnet

NETS = {
    **{arch: partial(resnet.ResNet, arch) for arch in resnet.STRUCTURES},
    **{f"resnext{d}": partial(resnext.ResNeXt, d) for d in resnext.STRUCTURES},
    **{f"wider_resnet{d}": partial(wider_resnet.WiderResNet, d) for d in wider_resnet.STRUCTURES},
    **{f"wider_resnet{d}_a2": partial(wider_resnet.WiderResNet, d, a2=True) for d in wider_resnet.STRUCTURES},
    **{f"tresnet_{d}": partial(tresnet.TResNet, d) for d in tresnet.STRUCTURES},
    **{arch: partial(densenet.DenseNet, arch) for arch in densenet.STRUCTURES},
}


def load_prng_parameters(net: nn.Module) -> None:
    """Initializes every parameter from the number stream of its name; running statistics stay at 0 and 1."""
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(torch.tensor(prng.parameter(name, list(p.shape)).astype(np.float64)))
