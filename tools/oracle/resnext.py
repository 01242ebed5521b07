"""ResNeXt with identity-mapping blocks, stand-alone: the project's module names over plain differentiable PyTorch."""

from collections import OrderedDict

from torch import nn

from iabn import norm_act_of
from preactivation import Chain, Identity, stem as stem_of

STRUCTURES = {50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}


class ResNeXt(Chain):
    """width multiplies the groups and every channel count; dilation of the four modules, each a number or one per block."""

    def __init__(
        self,
        depth,
        classes=1000,
        width=1.0,
        stem="imagenet",
        input_3x3=False,
        groups=64,
        dilation=1,
        **layer,
    ):
        norm_act = norm_act_of(**layer)
        groups, in_channels = round(groups * width), round(64 * width)
        dilations = [dilation] * 4 if isinstance(dilation, int) else dilation
        modules = OrderedDict(mod1=stem_of(in_channels, norm_act, input_3x3, stem))
        for i, (count, d) in enumerate(zip(STRUCTURES[depth], dilations)):
            channels = [round(c * 2**i * width) for c in (128, 128, 256)]
            rows = OrderedDict()
            for b in range(count):
                stride = 2 if d == 1 and i > 0 and b == 0 else 1
                dilated = d if isinstance(d, int) else d[b]
                rows[f"block{b + 1}"] = Identity(in_channels, channels, norm_act, stride, dilated, groups)
                in_channels = channels[-1]
            modules[f"mod{i + 2}"] = nn.Sequential(rows)
        modules["bn_out"] = norm_act(in_channels)
        super().__init__(modules, in_channels, classes)
