"""DenseNet, stand-alone: the project's module names over plain differentiable PyTorch."""

from collections import OrderedDict

import torch
from torch import nn

from iabn import norm_act_of
from preactivation import Chain, conv, stem as stem_of

STRUCTURES = {
    "densenet121": [6, 12, 24, 16],
    "densenet169": [6, 12, 32, 32],
    "densenet201": [6, 12, 48, 32],
    "densenet264": [6, 12, 64, 48],
    "tv_densenet121": [6, 12, 24, 16],
    "tv_densenet161": [6, 12, 36, 24],
    "tv_densenet169": [6, 12, 32, 32],
    "tv_densenet201": [6, 12, 48, 32],
}


class Dense(nn.Module):
    """Layer i: bn, 1x1 convolution to 4 * growth (convs1.i), bn, 3x3 to growth (convs3.i); reads all earlier outputs."""

    def __init__(self, in_channels, growth, layers, norm_act, dilation):
        super().__init__()
        wide = 4 * growth
        self.convs1, self.convs3 = nn.ModuleList(), nn.ModuleList()
        for i in range(layers):
            c = in_channels + i * growth
            self.convs1.append(nn.Sequential(OrderedDict(bn=norm_act(c), conv=conv(c, wide, 1))))
            three = conv(wide, growth, 3, padding=dilation, dilation=dilation)
            self.convs3.append(nn.Sequential(OrderedDict(bn=norm_act(wide), conv=three)))
        self.out_channels = in_channels + layers * growth

    def forward(self, x):
        for one, three in zip(self.convs1, self.convs3):
            x = torch.cat([x, three(one(x))], 1)
        return x


class DenseNet(Chain):
    """width multiplies the growth; the transition before a dilated module does not pool; tv_: a layer before the first pool."""

    def __init__(
        self,
        arch,
        classes=1000,
        width=1.0,
        stem="imagenet",
        input_3x3=False,
        growth=None,
        theta=0.5,
        dilation=1,
        **layer,
    ):
        norm_act = norm_act_of(**layer)
        growth = round((growth or (48 if arch == "tv_densenet161" else 32)) * width)
        channels = 2 * growth
        dilations = [dilation] * 4 if isinstance(dilation, int) else dilation
        modules = OrderedDict(mod1=stem_of(channels, norm_act, input_3x3, stem, arch.startswith("tv_")))
        for i, (layers, d) in enumerate(zip(STRUCTURES[arch], dilations)):
            if i > 0:
                half = int(channels * theta)
                rows = OrderedDict(bn=norm_act(channels), conv=conv(channels, half, 1))
                if d == 1:
                    rows["pool"] = nn.AvgPool2d(2, 2)
                modules[f"tra{i + 1}"], channels = nn.Sequential(rows), half
            modules[f"mod{i + 2}"] = Dense(channels, growth, layers, norm_act, d)
            channels = modules[f"mod{i + 2}"].out_channels
        modules["bn_out"] = norm_act(channels)
        super().__init__(modules, channels, classes)
