"""TResNet-M, -L, -XL, stand-alone: the published module names over plain differentiable PyTorch."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from iabn import norm_act_of

STRUCTURES = {"m": ([3, 4, 11, 3], 1.0), "l": ([4, 5, 18, 3], 1.2), "xl": ([4, 5, 24, 3], 1.3)}


class Blur(nn.Module):
    def forward(self, x):
        taps = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
        kernel = (torch.outer(taps, taps) / 16).expand(x.shape[1], 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


class SpaceToDepth(nn.Module):
    def forward(self, x):
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 4, 4, w // 4, 4)
        return torch.einsum("nchiwj->nijchw", blocks).reshape(n, 16 * c, h // 4, w // 4)


class Excitation(nn.Module):
    def __init__(self, channels, reduced):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, reduced, 1)
        self.fc2 = nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(self.squeezed(x).clamp(min=0)))

    def squeezed(self, x):
        return self.fc1(x.mean((2, 3), keepdim=True))


class Block(nn.Module):
    """A basic block for `expansion` 1, a bottleneck for 4."""

    def __init__(self, in_channels, planes, expansion, stride, excited, norm_act):
        super().__init__()
        out = planes * expansion
        inner = lambda i, o, k: conv_abn(i, o, k, norm_act(o, param=1e-3))
        last = lambda i, o, k: conv_abn(i, o, k, norm_act(o, activation="identity"))
        reduce = lambda layers: layers if stride == 1 else nn.Sequential(layers, Blur())
        if expansion == 1:
            self.conv1 = reduce(inner(in_channels, planes, 3))
            self.conv2 = last(planes, planes, 3)
        else:
            self.conv1 = inner(in_channels, planes, 1)
            self.conv2 = reduce(inner(planes, planes, 3))
            self.conv3 = last(planes, out, 1)
        self.downsample = None
        if stride != 1 or in_channels != out:
            pool = [nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)] if stride == 2 else []
            self.downsample = nn.Sequential(*pool, last(in_channels, out, 1))
        self.se = None
        if excited:
            self.se = Excitation(planes, max(out // (4 if expansion == 1 else 8), 64))

    def last_norm(self):
        return (self.conv3 if hasattr(self, "conv3") else self.conv2)[1]

    def total(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        inner = self.conv2(self.conv1(x))
        excited = inner if self.se is None else self.se(inner)
        return (self.conv3(excited) if hasattr(self, "conv3") else excited) + shortcut

    def forward(self, x):
        return self.total(x).clamp(min=0)


def conv_abn(in_channels, channels, kernel, norm):
    return nn.Sequential(nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False), norm)


class TResNet(nn.Module):
    def __init__(self, size, classes=1000, width=1.0, **layer):
        super().__init__()
        counts, factor = STRUCTURES[size]
        norm_act = norm_act_of(**layer)
        planes = int(64 * factor * width)
        body = [("SpaceToDepth", SpaceToDepth()), ("conv1", conv_abn(48, planes, 3, norm_act(planes)))]
        channels = planes
        for index, count in enumerate(counts):
            wide, expansion, rows = planes * 2**index, 1 if index < 2 else 4, []
            for block in range(count):
                stride = 2 if block == 0 and index > 0 else 1
                rows.append(Block(channels, wide, expansion, stride, index < 3, norm_act))
                channels = wide * expansion
            body.append((f"layer{index + 1}", nn.Sequential(*rows)))
        self.body = nn.Sequential(OrderedDict(body))
        if classes:
            self.head = nn.Sequential(OrderedDict([("fc", nn.Linear(channels, classes))]))

    def forward(self, x):
        x = self.body(x)
        return self.head(x.mean((2, 3))) if hasattr(self, "head") else x
