"""Parts of the pre-activation networks: the identity-mapping block, and the stem without a final layer."""

from collections import OrderedDict
from functools import partial

from torch import nn

conv = partial(nn.Conv2d, bias=False)


class Identity(nn.Module):
    """convs(bn1(x)) + shortcut; the shortcut is x, or a projection of bn1(x) if stride or channels change."""

    def __init__(self, in_channels, channels, norm_act, stride=1, dilation=1, groups=1, dropout=None):
        super().__init__()
        self.bn1 = norm_act(in_channels)
        wide = {"padding": dilation, "dilation": dilation}
        layers = OrderedDict()
        if len(channels) == 2:
            layers["conv1"] = conv(in_channels, channels[0], 3, stride=stride, **wide)
            layers["bn2"] = norm_act(channels[0])
        else:
            layers["conv1"] = conv(in_channels, channels[0], 1, stride=stride)
            layers["bn2"] = norm_act(channels[0])
            layers["conv2"] = conv(channels[0], channels[1], 3, groups=groups, **wide)
            layers["bn3"] = norm_act(channels[1])
        if dropout is not None:
            layers["dropout"] = nn.Dropout2d(dropout)
        if len(channels) == 2:
            layers["conv2"] = conv(channels[0], channels[1], 3, **wide)
        else:
            layers["conv3"] = conv(channels[1], channels[2], 1)
        self.convs = nn.Sequential(layers)
        if stride != 1 or in_channels != channels[-1]:
            self.proj_conv = conv(in_channels, channels[-1], 1, stride=stride)

    def forward(self, x):
        z = self.bn1(x)
        shortcut = self.proj_conv(z) if hasattr(self, "proj_conv") else x
        return self.convs(z) + shortcut


def stem(channels, norm_act, input_3x3=False, form="imagenet", normed=False):
    """form "imagenet" reduces by four; "small" has 3x3 convolutions, no stride and no pooling. normed: ends with a layer."""
    stride = 2 if form == "imagenet" else 1
    layers = OrderedDict()
    if input_3x3:
        layers["conv1"] = conv(3, channels, 3, stride=stride, padding=1)
        for i in (1, 2):
            layers[f"bn{i}"] = norm_act(channels)
            layers[f"conv{i + 1}"] = conv(channels, channels, 3, padding=1)
    elif form == "imagenet":
        layers["conv1"] = conv(3, channels, 7, stride=2, padding=3)
    else:
        layers["conv1"] = conv(3, channels, 3, padding=1)
    if normed:
        layers["bn3" if input_3x3 else "bn1"] = norm_act(channels)
    if form == "imagenet":
        layers["pool"] = nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(layers)


class Chain(nn.Module):
    """Named modules in sequence, then global average pooling and the linear layer classifier.fc."""

    def __init__(self, modules, channels, classes):
        super().__init__()
        self.names = list(modules)
        for name, module in modules.items():
            self.add_module(name, module)
        if classes:
            self.classifier = nn.Sequential(OrderedDict([("fc", nn.Linear(channels, classes))]))

    def forward(self, x):
        for name in self.names:
            x = getattr(self, name)(x)
        return self.classifier(x.mean((2, 3))) if hasattr(self, "classifier") else x
