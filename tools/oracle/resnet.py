"""The residual networks, stand-alone: the project's module names over plain differentiable PyTorch.

Post-activation blocks: the last layer of a block has no activation, and the block returns phi(convs(x) + shortcut).
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from iabn import activate, norm_act_of

STRUCTURES = {
    "resnet18": ("basic", [2, 2, 2, 2]),
    "resnet34": ("basic", [3, 4, 6, 3]),
    "resnet50": ("bottleneck", [3, 4, 6, 3]),
    "resnet101": ("bottleneck", [3, 4, 23, 3]),
    "resnet152": ("bottleneck", [3, 8, 36, 3]),
    "resnext50_32x4d": ("bottleneck", [3, 4, 6, 3]),
    "resnext101_32x8d": ("bottleneck", [3, 4, 23, 3]),
    "resnext101_64x4d": ("bottleneck", [3, 4, 23, 3]),
    "wide_resnet50_2": ("bottleneck", [3, 4, 6, 3]),
    "wide_resnet101_2": ("bottleneck", [3, 4, 23, 3]),
}

# Groups of the 3x3 convolution, and the channels per group if the stem has 64 channels.
GROUPS = {
    "resnext50_32x4d": (32, 4),
    "resnext101_32x8d": (32, 8),
    "resnext101_64x4d": (64, 4),
    "wide_resnet50_2": (1, 128),
    "wide_resnet101_2": (1, 128),
}


class Residual(nn.Module):
    def __init__(self, in_channels, channels, norm_act, stride=1, dilation=1, groups=1):
        super().__init__()
        conv = partial(nn.Conv2d, bias=False)
        if len(channels) == 2:
            a, b = channels
            layers = [
                ("conv1", conv(in_channels, a, 3, stride=stride, padding=dilation, dilation=dilation)),
                ("bn1", norm_act(a)),
                ("conv2", conv(a, b, 3, padding=dilation, dilation=dilation)),
                ("bn2", norm_act(b, activation="identity")),
            ]
        else:
            a, b, c = channels
            layers = [
                ("conv1", conv(in_channels, a, 1)),
                ("bn1", norm_act(a)),
                ("conv2", conv(a, b, 3, stride=stride, padding=dilation, dilation=dilation, groups=groups)),
                ("bn2", norm_act(b)),
                ("conv3", conv(b, c, 1)),
                ("bn3", norm_act(c, activation="identity")),
            ]
        self.convs = nn.Sequential(OrderedDict(layers))
        self.projected = stride != 1 or in_channels != channels[-1]
        if self.projected:
            self.proj_conv = conv(in_channels, channels[-1], 1, stride=stride)
            self.proj_bn = norm_act(channels[-1], activation="identity")

    def forward(self, x):
        shortcut = self.proj_bn(self.proj_conv(x)) if self.projected else x
        phi = self.convs.bn1
        return activate(self.convs(x) + shortcut, phi.activation, phi.param)


class ResNet(nn.Module):
    """One of STRUCTURES; width multiplies every channel count; stem "imagenet" (7x7/2, max-pool) or "small" (3x3/1)."""

    def __init__(
        self,
        arch,
        classes=1000,
        width=1.0,
        stem="imagenet",
        dilation=1,
        **layer,
    ):
        super().__init__()
        kind, structure = STRUCTURES[arch]
        groups, group_channels = GROUPS.get(arch, (1, 64))
        dilations = [dilation] * 4 if isinstance(dilation, int) else dilation
        norm_act = norm_act_of(**layer)
        base = round(64 * width)
        self.mod1 = nn.Sequential(OrderedDict(_stem(stem, base, norm_act, dilations[0])))
        in_channels = base
        if groups > 1:
            groups = max(1, round(groups * width))
            inner = groups * group_channels
        else:
            inner = round(group_channels * width)
        channels = [base, base] if kind == "basic" else [inner, inner, 4 * base]
        for module, blocks in enumerate(structure):
            d = dilations[module]
            rows = []
            for block in range(blocks):
                stride = 2 if d == 1 and block == 0 and module > 0 else 1
                rows.append((f"block{block + 1}", Residual(in_channels, channels, norm_act, stride, d, groups)))
                in_channels = channels[-1]
            self.add_module(f"mod{module + 2}", nn.Sequential(OrderedDict(rows)))
            channels = [2 * c for c in channels]
        if classes:
            self.classifier = nn.Sequential(OrderedDict([("fc", nn.Linear(in_channels, classes))]))

    def forward(self, x):
        x = self.mod5(self.mod4(self.mod3(self.mod2(self.mod1(x)))))
        return self.classifier(x.mean((2, 3))) if hasattr(self, "classifier") else x


def _stem(stem, channels, norm_act, dilation):
    if stem == "small":
        return [("conv1", nn.Conv2d(3, channels, 3, padding=1, bias=False)), ("bn1", norm_act(channels))]
    layers = [
        ("conv1", nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)),
        ("bn1", norm_act(channels)),
    ]
    if dilation == 1:
        layers.append(("pool1", nn.MaxPool2d(3, stride=2, padding=1)))
    return layers
