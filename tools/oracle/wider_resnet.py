"""WiderResNet and its A2 variant, stand-alone: the project's module names over plain differentiable PyTorch."""

from collections import OrderedDict

from torch import nn

from iabn import norm_act_of
from preactivation import Chain, Identity, conv

STRUCTURES = {16: [1, 1, 1, 1, 1, 1], 20: [1, 1, 1, 3, 1, 1], 38: [3, 3, 6, 3, 1, 1]}
CHANNELS = [(128, 128), (256, 256), (512, 512), (512, 1024), (512, 1024, 2048), (1024, 2048, 4096)]


class WiderResNet(Chain):
    """Pools before mod2 to mod6; a2: before mod2 and mod3, then strides. Stem "small": no pooling before mod2 and mod3."""

    def __init__(
        self,
        depth,
        classes=1000,
        width=1.0,
        stem="imagenet",
        a2=False,
        dilation=False,
        dropout=(0.3, 0.5),
        **layer,
    ):
        norm_act = norm_act_of(**layer)
        in_channels = round(64 * width)
        modules = OrderedDict(mod1=nn.Sequential(OrderedDict(conv1=conv(3, in_channels, 3, padding=1))))
        for i, count in enumerate(STRUCTURES[depth]):
            if i < (2 if a2 else 5) and (stem == "imagenet" or i >= 2):
                modules[f"pool{i + 2}"] = nn.MaxPool2d(3, stride=2, padding=1)
            channels = [round(c * width) for c in CHANNELS[i]]
            strided = a2 and (i == 2 if dilation else i in (2, 3, 4))
            dilated = {3: 2, 4: 4, 5: 4}.get(i, 1) if dilation else 1
            dropped = {4: dropout[0], 5: dropout[1]}.get(i) if a2 else None
            rows = OrderedDict()
            for b in range(count):
                stride = 2 if strided and b == 0 else 1
                rows[f"block{b + 1}"] = Identity(
                    in_channels, channels, norm_act, stride, dilated, dropout=dropped
                )
                in_channels = channels[-1]
            modules[f"mod{i + 2}"] = nn.Sequential(rows)
        modules["bn_out"] = norm_act(in_channels)
        super().__init__(modules, in_channels, classes)
